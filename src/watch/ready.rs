//! Whether there is something to read: what every import asks.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::event::{Timespec, epoll};

use super::mounts::Mounts;

const EVENTS: u64 = 0;
const MOUNTS: u64 = 1;

/// Tells whether the descriptors have something new. What the kernel queues there it marks here in the same breath; to look
/// here when there is nothing costs no more than any system call, half of what a `read` costs.
pub struct Ready(OwnedFd);

/// Where something is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Inotify can be read.
    pub events: bool,
    /// Something was mounted, or is no longer.
    pub mounts: bool,
}

impl Ready {
    /// # Errors
    /// Those of `epoll_create1` and `epoll_ctl`.
    pub fn new(inotify: &OwnedFd, mounts: Option<&Mounts>) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let data = epoll::EventData::new_u64;
        epoll::add(&epoll, inotify, data(EVENTS), epoll::EventFlags::IN)?;
        if let Some(mounts) = mounts {
            epoll::add(&epoll, mounts, data(MOUNTS), epoll::EventFlags::PRI)?;
        }
        Ok(Self(epoll))
    }

    /// What is new. For mounts it is returned once.
    pub fn look(&self) -> Readiness {
        let mut room = [MaybeUninit::uninit(); 2];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        match epoll::wait(&self.0, &mut room, Some(&at_once)) {
            Ok((found, _)) => {
                let has = |what| found.iter().any(|event| event.data.u64() == what);
                Readiness { events: has(EVENTS), mounts: has(MOUNTS) }
            }
            // Whatever it is, reading tells.
            Err(_) => Readiness { events: true, mounts: false },
        }
    }
}
