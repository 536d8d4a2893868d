//! The socket by which the commands of `hot-hook` ask a running app, or its runner: only its user may connect.
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
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use serde_json::{Value, json};

use crate::engine::Topic;
use client::{Client, State};
use folder::Folder;
pub use place::{App, Files};

/// So many are heard at once; others wait.
const CLIENTS: usize = 48;
/// So many of them may follow: the others' requests are to be heard, too.
const FOLLOWERS: usize = CLIENTS / 3;
/// So many may wait for their response.
const WAITERS: usize = CLIENTS / 3;
/// How long no connection is accepted after one could not be.
const PAUSE: Duration = Duration::from_secs(1);

/// What to say to a request.
pub enum Response {
    /// This, and no more.
    Once(String),
    /// This, and then all lines of [`Socket::send`] of the topic.
    Follow(Topic, String),
    /// What [`Socket::answer`] says to who has asked this.
    Later(u64),
}

/// A socket that is open.
pub struct Socket {
    listener: UnixListener,
    files: Arc<Files>,
    clients: Vec<Client>,
    paused: Option<Instant>,
}

impl Socket {
    /// Opens the socket of this process. `None` where that cannot be: nothing is printed, because the client that asks is told.
    pub fn open(app: &App) -> Option<Self> {
        place::private_folders().find_map(|folder| Self::open_in(folder, app))
    }

    /// As [`Socket::open`], in a folder that no other user may enter; not if its path is too long.
    fn open_in(folder: Folder, app: &App) -> Option<Self> {
        let (listener, files) = place::open(folder, app)?;
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
        self.count(|state| matches!(state, State::Follows(_))) > 0
    }

    fn count(&self, is: impl Fn(State) -> bool) -> usize {
        self.clients.iter().filter(|client| is(client.state)).count()
    }

    /// Whether who has asked this still waits for the response.
    pub fn awaits_answer(&self, request: u64) -> bool {
        self.count(|state| state == State::Waits(request)) > 0
    }

    /// A line of the response to what has got [`Response::Later`], if there is one; `is_last`: there is no other.
    pub fn answer(&mut self, request: u64, line: Option<&str>, is_last: bool, now: Instant) {
        let waiting = self.clients.iter_mut().filter(|it| it.state == State::Waits(request));
        for client in waiting {
            client.answer(line, is_last, now);
        }
        self.clients.retain(|client| client.state != State::Gone);
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
        let mut followers = self.count(|state| matches!(state, State::Follows(_)));
        let mut waiters = self.count(|state| matches!(state, State::Waits(_)));
        for (client, &ready) in self.clients.iter_mut().zip(clients) {
            client.serve(ready, now, |request| match respond(request) {
                Response::Follow(..) if followers >= FOLLOWERS => {
                    failure(&format!("{FOLLOWERS} follow this app already, which is all that can"))
                }
                Response::Later(_) if waiters >= WAITERS => {
                    failure(&format!("{WAITERS} wait for this app already, which is all that can"))
                }
                response => {
                    followers += usize::from(matches!(response, Response::Follow(..)));
                    waiters += usize::from(matches!(response, Response::Later(_)));
                    response
                }
            });
        }
        self.paused = self.paused.filter(|&until| until > now);
        if listener == [true] {
            self.let_in(now);
        }
        self.clients.retain(|client| client.state != State::Gone);
    }

    /// Sends a line to all clients that follow a topic.
    pub fn send(&mut self, topic: Topic, line: &str) {
        for client in self.clients.iter_mut().filter(|it| it.state == State::Follows(topic)) {
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
    use std::path::Path;

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
            let socket = Socket::open_in(run, &App::new(folder, "main.mjs")).unwrap();
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
        let mut line = Line::new(folder.path(), |_| Response::Follow(Topic::Graph, "0".to_owned()));
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
            line.socket.send(Topic::Graph, &"x".repeat(1000));
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
            if request == "follow" {
                Response::Follow(Topic::Graph, text)
            } else {
                Response::Once(text)
            }
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
        assert!(Socket::open_in(run, &App::new(&long, "main.mjs")).is_none());
        assert_eq!(std::fs::read_dir(&long).unwrap().count(), 0);
    }
}
