//! Whether inotify has something to read: what every import asks.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::event::{Timespec, epoll};

/// Tells whether the descriptor can be read. What the kernel queues there it marks here in the same breath; to look here
/// when there is nothing costs no more than any system call, half of what a `read` costs.
pub struct Ready(OwnedFd);

impl Ready {
    /// # Errors
    /// Those of `epoll_create1`.
    pub fn new(inotify: &OwnedFd) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, inotify, epoll::EventData::new_u64(0), epoll::EventFlags::IN)?;
        Ok(Self(epoll))
    }

    /// Whether nothing can be read.
    pub fn is_nothing_there(&self) -> bool {
        let mut event = [MaybeUninit::uninit()];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        matches!(epoll::wait(&self.0, &mut event, Some(&at_once)), Ok((&mut [], _)))
    }
}
