//! The socket by which `hot-hook explain`, `graph` and `view` ask a running app: only its user may connect.
//!
//! ```text
//!   node_modules/.cache/hot-hook/PID.json ──▶ RUNTIME/PID.sock     a request is a line of JSON, and so is the response
//! ```
//!
//! Socket paths may have about 100 bytes: so it lies in the user's runtime folder, and a pointer in the project, if nobody else
//! can write there, or else beside it.
//!
//! It is served by the thread that watches files, and nothing here waits: a slow client is left until it is ready, and
//! one that takes too long, or asks for too much, is disconnected.

mod client;
mod folder;
mod place;

use std::io::ErrorKind;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use serde_json::{Value, json};

use client::{Client, State};
use folder::Folder;
pub use place::Files;

/// So many are heard at once; others wait.
const CLIENTS: usize = 32;
/// So many of them may follow: the others' requests are to be heard, too.
const FOLLOWERS: usize = CLIENTS / 2;
/// How long no connection is accepted after one could not be.
const PAUSE: Duration = Duration::from_secs(1);

/// What to say to a request.
pub enum Response {
    /// This, and no more.
    Once(String),
    /// This, and then all lines of [`Socket::send`].
    Follow(String),
}

/// A socket that is open.
pub struct Socket {
    listener: UnixListener,
    files: Arc<Files>,
    clients: Vec<Client>,
    paused: Option<Instant>,
}

impl Socket {
    /// Opens the socket of this process, for the app that `root` is the folder of. `None` where that cannot be:
    /// nothing is printed, because the client that asks gets the error.
    pub fn open(root: &Path, entry: &str) -> Option<Self> {
        place::private_folders().find_map(|folder| Self::open_in(folder, root, entry))
    }

    /// As [`Socket::open`], in a folder that no other user may enter; not if its path is too long.
    fn open_in(folder: Folder, root: &Path, entry: &str) -> Option<Self> {
        let (listener, files) = place::open(folder, root, entry)?;
        Some(Self { listener, files: Arc::new(files), clients: Vec::new(), paused: None })
    }

    /// What is to be taken away at the end.
    pub fn files(&self) -> Arc<Files> {
        Arc::clone(&self.files)
    }

    /// What is to be waited for: when something of it is ready, or [`Socket::deadline`] is there, [`Socket::serve`] follows.
    pub fn awaits(&self) -> Vec<PollFd<'_>> {
        let listener = self.listens().then(|| PollFd::new(&self.listener, PollFlags::IN));
        let clients = self.clients.iter().map(|client| client.awaits());
        clients.chain(listener).collect()
    }

    /// When the time of a client is up.
    pub fn deadline(&self) -> Option<Instant> {
        let clients = self.clients.iter().filter_map(Client::deadline);
        clients.chain(self.paused).min()
    }

    /// Whether any client gets the lines of [`Socket::send`].
    pub fn is_followed(&self) -> bool {
        self.followers() > 0
    }

    fn followers(&self) -> usize {
        self.clients.iter().filter(|client| client.state == State::Follows).count()
    }

    /// Hears and tells as far as that can be without waiting. `ready` is of those that [`Socket::awaits`] named, in that
    /// order.
    pub fn serve(
        &mut self,
        ready: &[bool],
        now: Instant,
        mut respond: impl FnMut(&Value) -> Response,
    ) {
        let (clients, listener) = ready.split_at(self.clients.len().min(ready.len()));
        let mut followers = self.followers();
        for (client, &ready) in self.clients.iter_mut().zip(clients) {
            client.serve(ready, now, |request| match respond(request) {
                Response::Follow(_) if followers >= FOLLOWERS => {
                    failure(&format!("{FOLLOWERS} follow this app already, which is all that can"))
                }
                Response::Follow(text) => {
                    followers += 1;
                    Response::Follow(text)
                }
                once @ Response::Once(_) => once,
            });
        }
        self.paused = self.paused.filter(|&until| until > now);
        if listener == [true] {
            self.let_in(now);
        }
        self.clients.retain(|client| client.state != State::Gone);
    }

    /// Sends a line to all clients that follow.
    pub fn send(&mut self, line: &str) {
        for client in self.clients.iter_mut().filter(|it| it.state == State::Follows) {
            client.send(line);
        }
        self.clients.retain(|client| client.state != State::Gone);
    }

    fn listens(&self) -> bool {
        self.clients.len() < CLIENTS && self.paused.is_none()
    }

    fn let_in(&mut self, now: Instant) {
        while self.listens() {
            match self.listener.accept() {
                Ok((stream, _)) if stream.set_nonblocking(true).is_ok() => {
                    self.clients.push(Client::new(stream, now));
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // No more descriptors, most likely.
                Err(_) => self.paused = Some(now + PAUSE),
            }
        }
    }
}

/// A response that says what is wrong.
pub fn failure(text: &str) -> Response {
    Response::Once(json!({ "error": text }).to_string())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    use std::os::unix::net::UnixStream;

    use super::client::{LONGEST, REQUEST, RESPONSE};
    use super::*;

    /// A socket, and one that talks to it.
    struct Line {
        socket: Socket,
        now: Instant,
        asked: Vec<Value>,
        respond: fn(&Value) -> Response,
    }

    impl Line {
        fn new(folder: &Path, respond: fn(&Value) -> Response) -> Self {
            let permissions = std::fs::Permissions::from_mode(0o700);
            std::fs::set_permissions(folder, permissions).unwrap();
            let run = Folder::open(folder).unwrap();
            let socket = Socket::open_in(run, folder, "main.mjs").unwrap();
            Self { socket, now: Instant::now(), asked: Vec::new(), respond }
        }

        fn call(&self) -> UnixStream {
            UnixStream::connect(&self.socket.files.socket).unwrap()
        }

        /// Serves until no client is ready.
        fn serve(&mut self) {
            loop {
                let mut awaited = self.socket.awaits();
                let at_once = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
                rustix::event::poll(&mut awaited, Some(&at_once)).unwrap();
                let ready: Vec<_> = awaited.iter().map(|fd| !fd.revents().is_empty()).collect();
                self.socket.serve(&ready, self.now, |request| {
                    self.asked.push(request.clone());
                    (self.respond)(request)
                });
                if ready.iter().all(|ready| !ready) {
                    return;
                }
            }
        }
    }

    fn heard(stream: &UnixStream) -> String {
        let mut text = String::new();
        BufReader::new(stream).read_line(&mut text).unwrap();
        text
    }

    #[test]
    fn a_question_in_pieces_is_answered_once_and_whoever_waits_in_between_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let mut line = Line::new(folder.path(), |_| Response::Once("1".to_owned()));
        let (mut slow, silent, mut quick) = (line.call(), line.call(), line.call());
        slow.write_all(b"{\"ask\":").unwrap();
        line.serve();
        quick.write_all(b"{\"ask\":\"b\"}\n").unwrap();
        line.serve();
        assert_eq!(heard(&quick), "1\n");
        slow.write_all(b"\"a\"}\n").unwrap();
        line.serve();
        assert_eq!(heard(&slow), "1\n");
        assert_eq!(line.asked, [json!({ "ask": "b" }), json!({ "ask": "a" })]);
        assert_eq!(line.socket.clients.len(), 1, "who has said nothing is still there");
        line.now += REQUEST;
        line.serve();
        assert_eq!(heard(&silent), "");
        assert_eq!(line.socket.deadline(), None);
    }

    #[test]
    fn what_is_no_question_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut line = Line::new(folder.path(), |_| Response::Once("1".to_owned()));
        let garbage = line.call();
        (&garbage).write_all(b"\xff\0garbage\n").unwrap();
        let deep = line.call();
        (&deep).write_all(&[b'['].repeat(LONGEST - 1)).unwrap();
        (&deep).write_all(b"\n").unwrap();
        let half = line.call();
        (&half).write_all(b"{\"ask\"").unwrap();
        drop(half);
        let long = line.call();
        long.set_nonblocking(true).unwrap();
        for _ in 0..10_000 {
            // At the end no client is subscribed any more.
            let _ = (&long).write(&[b'x'; 1024]);
            line.serve();
        }
        assert!(heard(&garbage).starts_with(r#"{"error":"the request is not JSON: "#));
        assert!(heard(&deep).starts_with(r#"{"error":"the request is not JSON: recursion"#));
        assert_eq!(heard(&long), "{\"error\":\"the request is longer than 65536 bytes\"}\n");
        assert!(line.asked.is_empty());
        assert!(line.socket.clients.is_empty());
    }

    #[test]
    fn a_long_answer_goes_out_as_it_is_read_and_is_not_kept_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let mut line = Line::new(folder.path(), |_| Response::Once("x".repeat(4_000_000)));
        let (mut reads, mut never) = (line.call(), line.call());
        reads.write_all(b"{}\n").unwrap();
        never.write_all(b"{}\n").unwrap();
        line.serve();
        reads.set_nonblocking(true).unwrap();
        let (mut buffer, mut count) = (vec![0; 100_000], 0);
        loop {
            match reads.read(&mut buffer) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(_) => line.serve(),
            }
        }
        assert_eq!(count, 4_000_001);
        assert_eq!(line.socket.clients.len(), 1);
        line.now += RESPONSE;
        line.serve();
        assert!(line.socket.clients.is_empty());
    }

    #[test]
    fn who_follows_and_does_not_read_is_let_go_and_so_is_who_goes() {
        let folder = tempfile::tempdir().unwrap();
        let mut line = Line::new(folder.path(), |_| Response::Follow("0".to_owned()));
        let (mut reads, mut never, mut goes) = (line.call(), line.call(), line.call());
        for stream in [&mut reads, &mut never, &mut goes] {
            stream.write_all(b"{}\n").unwrap();
        }
        line.serve();
        drop(goes);
        line.serve();
        assert_eq!(line.socket.clients.len(), 2);
        let mut reader = BufReader::new(&reads);
        let mut text = String::new();
        for round in 0..2000 {
            line.socket.send(&"x".repeat(1000));
            line.serve();
            text.clear();
            reader.read_line(&mut text).unwrap();
            assert_eq!(text.trim_end().len(), if round == 0 { 1 } else { 1000 });
        }
        assert_eq!(line.socket.clients.len(), 1, "who does not read is gone");
        assert!(line.socket.is_followed());
        line.now += RESPONSE;
        line.serve();
        assert!(line.socket.is_followed(), "who follows may stay");
    }

    #[test]
    fn who_follows_leaves_room_for_questions() {
        fn respond(request: &Value) -> Response {
            let text = request.to_string();
            if request == "follow" { Response::Follow(text) } else { Response::Once(text) }
        }
        let folder = tempfile::tempdir().unwrap();
        let mut line = Line::new(folder.path(), respond);
        let follow = |line: &mut Line| {
            let stream = line.call();
            (&stream).write_all(b"\"follow\"\n").unwrap();
            line.serve();
            stream
        };
        let mut all: Vec<_> = (0..CLIENTS + 8).map(|_| follow(&mut line)).collect();
        let said: Vec<_> = all.iter().map(heard).collect();
        let (first, others) = said.split_at(FOLLOWERS);
        assert!(first.iter().all(|it| it == "\"follow\"\n"), "{first:?}");
        assert!(others.iter().all(|it| it.starts_with("{\"error\":\"16 follow")), "{others:?}");
        let asks = line.call();
        (&asks).write_all(b"1\n").unwrap();
        line.serve();
        assert_eq!(heard(&asks), "1\n");
        all.remove(3);
        line.serve();
        assert_eq!(heard(&follow(&mut line)), "\"follow\"\n");
    }

    #[test]
    fn more_than_can_be_heard_wait_until_others_have_gone() {
        let folder = tempfile::tempdir().unwrap();
        let mut line = Line::new(folder.path(), |_| Response::Once("1".to_owned()));
        let mut streams: Vec<_> = (0..CLIENTS + 5).map(|_| line.call()).collect();
        line.serve();
        assert_eq!(line.socket.clients.len(), CLIENTS);
        streams.drain(..5);
        line.serve();
        assert_eq!(line.socket.clients.len(), CLIENTS);
        let last = streams.pop().unwrap();
        (&last).write_all(b"{}\n").unwrap();
        line.serve();
        assert_eq!(heard(&last), "1\n");
    }

    #[test]
    fn a_path_that_is_too_long_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("x".repeat(100));
        std::fs::DirBuilder::new().mode(0o700).create(&long).unwrap();
        let run = Folder::open(&long).unwrap();
        assert!(Socket::open_in(run, &long, "main.mjs").is_none());
        assert_eq!(std::fs::read_dir(&long).unwrap().count(), 0);
    }
}
