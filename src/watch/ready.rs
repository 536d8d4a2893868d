//! Whether inotify has something to read: what every import asks.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};

use super::Waker;
use super::ring::Ring;

/// So many looks in [`SOON`] are too many for a system call each.
const MANY: u32 = 10_000;
const SOON: Duration = Duration::from_millis(200);

/// How long a ring is kept after the last [`MANY`] looks.
const REST: Duration = Duration::from_secs(1);

/// Tells whether the descriptor can be read. What the kernel queues there it marks here in the same breath; to look here
/// when there is nothing costs no more than any system call, half of what a `read` costs.
///
/// While imports follow each other in microseconds, a [`Ring`] tells it without one. It is given back soon after: a
/// process that holds one takes 35 ms longer to end.
pub struct Ready {
    epoll: OwnedFd,
    ring: Option<Ring>,
    /// No ring is to be had here.
    ringless: bool,
    looks: u32,
    since: Instant,
    /// Wakes who calls [`Ready::rest`].
    waker: Waker,
}

impl Ready {
    /// # Errors
    /// Those of `epoll_create1`.
    pub fn new(inotify: &OwnedFd, waker: Waker) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, inotify, epoll::EventData::new_u64(0), epoll::EventFlags::IN)?;
        Ok(Self { epoll, ring: None, ringless: false, looks: 0, since: Instant::now(), waker })
    }

    /// Whether nothing can be read. When something could, and has been read, [`Ready::rearm`] follows.
    pub fn is_nothing_there(&mut self, inotify: &OwnedFd) -> bool {
        self.looks += 1;
        if self.looks == MANY {
            self.count(inotify, Instant::now());
        }
        match &mut self.ring {
            Some(ring) => ring.is_silent() && (!ring.is_doubtful() || is_empty(&self.epoll)),
            None => is_empty(&self.epoll),
        }
    }

    /// Something was read.
    pub fn rearm(&mut self) {
        let Some(ring) = &mut self.ring else { return };
        if ring.arm(|| is_empty(&self.epoll)).is_err() {
            self.ring = None;
            self.ringless = true;
        }
    }

    /// When [`Ready::rest`] is to be called, if at all.
    pub fn deadline(&self) -> Option<Instant> {
        self.ring.is_some().then(|| self.since + REST)
    }

    /// Hands out a ring that is not worth its price any more. To drop it takes a while.
    pub fn rest(&mut self, now: Instant) -> Option<Ring> {
        if now < self.deadline()? {
            return None;
        }
        self.restart(now);
        self.ring.take()
    }

    fn count(&mut self, inotify: &OwnedFd, now: Instant) {
        let soon = now.saturating_duration_since(self.since) < SOON;
        self.restart(now);
        if !soon || self.ringless || self.ring.is_some() {
            return;
        }
        match Ring::new(&self.epoll, inotify) {
            Ok(ring) => {
                self.ring = Some(ring);
                self.waker.wake();
            }
            Err(error) => self.ringless = error.kind() != io::ErrorKind::WouldBlock,
        }
    }

    fn restart(&mut self, now: Instant) {
        self.looks = 0;
        self.since = now;
    }
}

fn is_empty(epoll: &OwnedFd) -> bool {
    let mut event = [MaybeUninit::uninit()];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    matches!(epoll::wait(epoll, &mut event, Some(&at_once)), Ok((&mut [], _)))
}

#[cfg(test)]
mod tests {
    use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};

    use super::*;

    #[test]
    fn a_ring_comes_with_many_looks_and_goes_with_few() {
        let inotify = init(CreateFlags::NONBLOCK).unwrap();
        let folder = tempfile::tempdir().unwrap();
        add_watch(&inotify, folder.path(), WatchFlags::CLOSE_WRITE).unwrap();
        let mut ready = Ready::new(&inotify, super::super::sleep::pair().unwrap().0).unwrap();
        let read = |ready: &mut Ready| {
            while rustix::io::read(&inotify, &mut [0; 4096]).is_ok() {}
            ready.rearm();
        };
        let save = || std::fs::write(folder.path().join("a.js"), "").unwrap();

        ready.since = Instant::now();
        while ready.ring.is_none()
            && !ready.ringless
            && ready.since.elapsed() < Duration::from_secs(10)
        {
            if !ready.is_nothing_there(&inotify) {
                read(&mut ready);
            }
        }
        if ready.ringless {
            return;
        }
        read(&mut ready);
        for _ in 0..3 {
            assert!(ready.is_nothing_there(&inotify));
            save();
            assert!(!ready.is_nothing_there(&inotify));
            read(&mut ready);
        }

        let at = ready.deadline().expect("there is a ring to be given back");
        assert!(ready.rest(at.checked_sub(Duration::from_millis(1)).unwrap()).is_none());
        assert!(ready.rest(at).is_some());
        save();
        assert!(!ready.is_nothing_there(&inotify), "it looks as before");
        assert_eq!(ready.deadline(), None);
    }
}
