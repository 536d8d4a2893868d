//! A client that has connected: it sends a request, reads the response and is disconnected, or follows what happens.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use serde_json::Value;

use super::{Response, failure};
use crate::engine::Topic;

/// How long a request may take to arrive.
pub const REQUEST: Duration = Duration::from_secs(2);
/// How long a response may take to be read.
pub const RESPONSE: Duration = Duration::from_secs(10);
/// The longest request, in bytes: a path and little else.
pub const LONGEST: usize = 64 * 1024;
/// How much, in bytes, may wait for a client that follows and does not read.
const BACKLOG: usize = 1024 * 1024;

/// How far it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its request is to come until then.
    Asks(Instant),
    /// It is to have read its response until then.
    Reads(Instant),
    /// It hears what happens.
    Follows(Topic),
    /// Its response is still to come: to that request.
    Waits(u64),
    /// It is disconnected.
    Gone,
}

/// See the head of this file.
pub struct Client {
    stream: UnixStream,
    /// How far it is.
    pub state: State,
    request: Vec<u8>,
    /// What it is to be sent, from `sent` on.
    response: Vec<u8>,
    sent: usize,
}

impl Client {
    /// Has just connected.
    pub fn new(stream: UnixStream, now: Instant) -> Self {
        let state = State::Asks(now + REQUEST);
        Self { stream, state, request: Vec::new(), response: Vec::new(), sent: 0 }
    }

    /// What is to be waited for.
    pub fn awaits(&self) -> PollFd<'_> {
        let writes =
            if self.sent < self.response.len() { PollFlags::OUT } else { PollFlags::empty() };
        let flags = match self.state {
            // Having asked, it may well say no more.
            State::Reads(_) => writes,
            _ => writes | PollFlags::IN,
        };
        PollFd::new(&self.stream, flags)
    }

    /// When its time is up.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Asks(until) | State::Reads(until) => Some(until),
            State::Follows(_) | State::Waits(_) | State::Gone => None,
        }
    }

    /// It follows, and is sent a line.
    pub fn send(&mut self, line: &str) {
        self.say(line);
        if self.response.len() - self.sent > BACKLOG {
            self.state = State::Gone;
        }
    }

    /// It is told a line of its response, or that there is nothing more.
    pub fn answer(&mut self, line: Option<&str>, is_last: bool, now: Instant) {
        if is_last {
            self.state = State::Reads(now + RESPONSE);
        }
        match line {
            // Of a response that ends now all is kept until it is read.
            Some(line) if is_last => self.say(line),
            Some(line) => self.send(line),
            None => self.write(),
        }
    }

    /// See [`super::Socket::serve`].
    pub fn serve(&mut self, ready: bool, now: Instant, respond: impl FnMut(&Value) -> Response) {
        match self.state {
            State::Asks(_) if ready => self.hear(now, respond),
            State::Follows(_) | State::Waits(_) if ready => self.watch(),
            State::Asks(until) | State::Reads(until) if until <= now => self.state = State::Gone,
            _ => {}
        }
        if ready {
            self.write();
        }
    }

    fn hear(&mut self, now: Instant, mut respond: impl FnMut(&Value) -> Response) {
        let mut buffer = [0; 4096];
        let line = loop {
            match (&self.stream).read(&mut buffer) {
                Ok(0) => return self.state = State::Gone,
                Ok(count) => self.request.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.state = State::Gone,
            }
            if let Some(end) = self.request.iter().position(|&byte| byte == b'\n') {
                break &self.request[..end];
            }
            if self.request.len() > LONGEST {
                break &self.request;
            }
        };
        let response = match serde_json::from_slice(line) {
            _ if line.len() > LONGEST => {
                failure(&format!("the request is longer than {LONGEST} bytes"))
            }
            Ok(request) => respond(&request),
            Err(error) => failure(&format!("the request is not JSON: {error}")),
        };
        self.request = Vec::new();
        let (state, text) = match response {
            Response::Once(text) => (State::Reads(now + RESPONSE), text),
            Response::Follow(topic, text) => (State::Follows(topic), text),
            Response::Later(request) => return self.state = State::Waits(request),
        };
        self.state = state;
        self.say(&text);
    }

    /// Who follows or waits sends nothing more: if it does, or goes, that is the end.
    fn watch(&mut self) {
        match (&self.stream).read(&mut [0]) {
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            _ => self.state = State::Gone,
        }
    }

    fn say(&mut self, line: &str) {
        self.response.drain(..std::mem::take(&mut self.sent));
        self.response.extend_from_slice(line.as_bytes());
        self.response.push(b'\n');
        self.write();
    }

    fn write(&mut self) {
        while let rest @ [_, ..] = &self.response[self.sent..] {
            match (&self.stream).write(rest) {
                Ok(count) if count > 0 => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return self.state = State::Gone,
            }
        }
        (self.response, self.sent) = (Vec::new(), 0);
        if matches!(self.state, State::Reads(_)) {
            self.state = State::Gone;
        }
    }
}
