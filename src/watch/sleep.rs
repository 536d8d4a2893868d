//! Waiting, while nobody imports, for the next file event, deadline or call.

use std::time::Duration;

#[cfg(target_os = "linux")]
mod imp {
    use std::os::fd::OwnedFd;
    use std::sync::Arc;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::pipe::{PipeFlags, pipe_with};

    #[derive(Clone)]
    pub struct Waker(Arc<OwnedFd>);

    pub struct Sleeper {
        pipe: OwnedFd,
        events: Option<Arc<OwnedFd>>,
    }

    pub fn pair() -> std::io::Result<(Waker, Sleeper)> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok((Waker(Arc::new(write)), Sleeper { pipe: read, events: None }))
    }

    impl Waker {
        pub fn wake(&self) {
            // A full pipe is as good: the sleeper will wake.
            let _ = rustix::io::write(&*self.0, &[0]);
        }
    }

    impl Sleeper {
        pub fn also_on(&mut self, events: Arc<OwnedFd>) {
            self.events = Some(events);
        }

        pub fn sleep(&self, timeout: Option<Duration>) {
            let timeout = timeout.and_then(|t| Timespec::try_from(t).ok());
            let mut fds = vec![PollFd::new(&self.pipe, PollFlags::IN)];
            fds.extend(self.events.iter().map(|fd| PollFd::new(&**fd, PollFlags::IN)));
            let _ = poll(&mut fds, timeout.as_ref());
            let mut buffer = [0; 64];
            while rustix::io::read(&self.pipe, &mut buffer).is_ok_and(|n| n == buffer.len()) {}
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
    use std::time::Duration;

    #[derive(Clone)]
    pub struct Waker(SyncSender<()>);

    pub struct Sleeper(Receiver<()>);

    pub fn pair() -> std::io::Result<(Waker, Sleeper)> {
        let (sender, receiver) = sync_channel(1);
        Ok((Waker(sender), Sleeper(receiver)))
    }

    impl Waker {
        pub fn wake(&self) {
            let _ = self.0.try_send(());
        }
    }

    impl Sleeper {
        pub fn sleep(&self, timeout: Option<Duration>) {
            match timeout {
                Some(timeout) => drop(self.0.recv_timeout(timeout)),
                None => drop(self.0.recv()),
            }
        }
    }
}

/// Ends a [`Sleeper`]'s sleep from any thread.
#[derive(Clone)]
pub struct Waker(imp::Waker);

/// What the engine's one thread waits on.
pub struct Sleeper(imp::Sleeper);

/// A sleeper and what wakes it.
///
/// # Errors
/// Those of `pipe2`: no more file descriptors.
pub fn pair() -> std::io::Result<(Waker, Sleeper)> {
    imp::pair().map(|(waker, sleeper)| (Waker(waker), Sleeper(sleeper)))
}

impl Waker {
    /// Ends the current sleep, or the next one if nobody sleeps.
    pub fn wake(&self) {
        self.0.wake();
    }
}

impl Sleeper {
    /// Also wakes when `events` can be read.
    #[cfg(target_os = "linux")]
    pub fn also_on(&mut self, events: std::sync::Arc<std::os::fd::OwnedFd>) {
        self.0.also_on(events);
    }

    /// Sleeps until woken, or for `timeout`.
    pub fn sleep(&self, timeout: Option<Duration>) {
        self.0.sleep(timeout);
    }
}
