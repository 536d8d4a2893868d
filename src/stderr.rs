//! Writes to standard error without waiting for its reader: what cannot be written is dropped in silence.

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is written, or there is no reader.
    All,
    /// The reader is behind: only so many bytes are out.
    Partly(usize),
}

/// Whether it may be read.
#[cfg(unix)]
pub fn has_reader() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stderr = std::io::stderr();
    let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let gone = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
    poll(&mut fds, Some(&at_once)).is_err() || !fds[0].revents().intersects(gone)
}

/// Whether it may be read: that cannot be found out here.
#[cfg(not(unix))]
pub fn has_reader() -> bool {
    true
}

/// Writes a text, as far as that is possible without waiting where others do not wait either.
pub fn write(text: &str) -> Written {
    use std::io::{ErrorKind, Write};
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match std::io::stderr().write(rest) {
            Ok(0) => break,
            Ok(count) => rest = &rest[count.min(rest.len())..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Written::Partly(text.len() - rest.len());
            }
            Err(_) => break,
        }
    }
    Written::All
}
