//! Waits for the next file event, deadline or call while no thread imports.

use std::time::Duration;

#[cfg(unix)]
mod imp {
    use std::io::{PipeReader, PipeWriter, Read, Write};
    use std::sync::Arc;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    #[derive(Clone)]
    pub struct Waker(Arc<PipeWriter>);

    pub struct Poller {
        pipe: PipeReader,
        #[cfg(target_os = "linux")]
        events: Vec<(Arc<std::os::fd::OwnedFd>, PollFlags)>,
    }

    pub fn pair() -> std::io::Result<(Waker, Poller)> {
        let (read, write) = std::io::pipe()?;
        rustix::io::ioctl_fionbio(&read, true)?;
        rustix::io::ioctl_fionbio(&write, true)?;
        let poller = Poller {
            pipe: read,
            #[cfg(target_os = "linux")]
            events: Vec::new(),
        };
        Ok((Waker(Arc::new(write)), poller))
    }

    impl Waker {
        pub fn wake(&self) {
            // A full pipe is as good: the poller will wake.
            let _ = (&*self.0).write(&[0]);
        }
    }

    impl Poller {
        #[cfg(target_os = "linux")]
        pub fn also_on(&mut self, events: Vec<(Arc<std::os::fd::OwnedFd>, PollFlags)>) {
            self.events = events;
        }

        pub fn sleep<'a>(&'a self, timeout: Option<Duration>, also: &mut [PollFd<'a>]) {
            let timeout = timeout.and_then(|t| Timespec::try_from(t).ok());
            let mut fds = also.to_vec();
            fds.push(PollFd::new(&self.pipe, PollFlags::IN));
            #[cfg(target_os = "linux")]
            fds.extend(self.events.iter().map(|(fd, flags)| PollFd::new(&**fd, *flags)));
            let _ = poll(&mut fds, timeout.as_ref());
            also.clone_from_slice(&fds[..also.len()]);
            let mut buffer = [0; 64];
            while (&self.pipe).read(&mut buffer).is_ok_and(|n| n == buffer.len()) {}
        }
    }
}

#[cfg(not(unix))]
mod imp {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
    use std::time::Duration;

    #[derive(Clone)]
    pub struct Waker(SyncSender<()>);

    pub struct Poller(Receiver<()>);

    pub fn pair() -> std::io::Result<(Waker, Poller)> {
        let (sender, receiver) = sync_channel(1);
        Ok((Waker(sender), Poller(receiver)))
    }

    impl Waker {
        pub fn wake(&self) {
            let _ = self.0.try_send(());
        }
    }

    impl Poller {
        pub fn sleep(&self, timeout: Option<Duration>) {
            match timeout {
                Some(timeout) => drop(self.0.recv_timeout(timeout)),
                None => drop(self.0.recv()),
            }
        }
    }
}

/// Ends a [`Poller`]'s sleep from any thread.
#[derive(Clone)]
pub struct Waker(imp::Waker);

/// What the engine's one thread waits on.
pub struct Poller(imp::Poller);

/// A poller and what wakes it.
///
/// # Errors
/// No more file descriptors.
pub fn pair() -> std::io::Result<(Waker, Poller)> {
    imp::pair().map(|(waker, poller)| (Waker(waker), Poller(poller)))
}

impl Waker {
    /// Ends the current sleep, or the next one if there is none now.
    pub fn wake(&self) {
        self.0.wake();
    }
}

impl Poller {
    /// Also wakes when one of `events` is ready for what stands beside it; not for what was given before.
    #[cfg(target_os = "linux")]
    pub fn also_on(
        &mut self,
        events: Vec<(std::sync::Arc<std::os::fd::OwnedFd>, rustix::event::PollFlags)>,
    ) {
        self.0.also_on(events);
    }

    /// Sleeps until woken, or for `timeout`.
    pub fn sleep(&self, timeout: Option<Duration>) {
        #[cfg(unix)]
        self.0.sleep(timeout, &mut []);
        #[cfg(not(unix))]
        self.0.sleep(timeout);
    }

    /// [`Poller::sleep`], but no longer than until something of `also` is ready; it is noted there what.
    #[cfg(unix)]
    pub fn sleep_also_on<'a>(
        &'a self,
        timeout: Option<Duration>,
        also: &mut [rustix::event::PollFd<'a>],
    ) {
        self.0.sleep(timeout, also);
    }
}
