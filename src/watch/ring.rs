//! A completion ring of Linux AIO (`io_setup(2)`): a bell that can be heard without a system call.
//!
//! A poll request on an epoll descriptor is completed by whoever makes that readable: the process that saves a file,
//! before its `close` or `rename` returns. The completion is a number in memory that the kernel shares with us; libaio
//! reads it in the same way. That holds for epoll descriptors; polled itself, inotify would ring from a kernel thread,
//! later. So a new ring is tried out first.
#![expect(
    unsafe_code,
    reason = "system calls without a safe wrapper, and memory that the kernel writes"
)]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::inotify::{WatchFlags, add_watch, remove_watch};

const MAGIC: u32 = 0xa10a_10a1;
const IOCB_CMD_POLL: u16 = 5;
/// What no watch of ours is for: those are for directories.
const NO_DIRECTORY: &str = "/dev/null";

/// `struct aio_ring`, at the address that names the context.
#[repr(C)]
struct Header {
    id: u32,
    size: u32,
    /// The next completion to be taken in: ours to write.
    head: AtomicU32,
    /// Where the kernel writes the next one.
    tail: AtomicU32,
    magic: u32,
    compatible_features: u32,
    incompatible_features: u32,
    length: u32,
}

/// `struct iocb`.
#[repr(C)]
#[derive(Default)]
struct Request {
    data: u64,
    key_and_flags: [u32; 2],
    opcode: u16,
    priority: i16,
    descriptor: u32,
    events: u64,
    size: u64,
    offset: i64,
    reserved: u64,
    flags: u32,
    eventfd: u32,
}

/// A ring that hears when something can be read from an epoll descriptor.
pub struct Ring {
    header: NonNull<Header>,
    descriptor: u32,
    is_armed: bool,
    is_doubtful: bool,
}

// SAFETY: the memory belongs to the process, not to a thread; of `&Ring` only atomic loads are made.
unsafe impl Send for Ring {}

impl Ring {
    /// An armed ring for `epoll`, which waits for `inotify`. What shows that it rings in time is left to be read.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if something was there before it could be tried out. All others are for good:
    /// those of `io_setup` and `io_submit`, and [`io::ErrorKind::Unsupported`].
    pub fn new(epoll: &OwnedFd, inotify: &OwnedFd) -> io::Result<Self> {
        let descriptor = epoll.as_raw_fd().cast_unsigned();
        let mut ring = Self { header: set_up()?, descriptor, is_armed: false, is_doubtful: false };
        let header = ring.header();
        if header.magic != MAGIC || header.incompatible_features != 0 {
            return Err(io::ErrorKind::Unsupported.into());
        }
        ring.submit()?;
        if !ring.is_silent() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        remove_watch(inotify, add_watch(inotify, NO_DIRECTORY, WatchFlags::DELETE_SELF)?)?;
        if ring.is_silent() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        ring.is_armed = true;
        Ok(ring)
    }

    /// Whether it has not rung since it was armed.
    pub fn is_silent(&self) -> bool {
        let header = self.header();
        header.tail.load(Ordering::Acquire) == header.head.load(Ordering::Relaxed)
    }

    /// Whether its silence says nothing: what comes while it is being armed rings late, from a kernel thread, and so does
    /// all that follows until it has rung.
    pub fn is_doubtful(&self) -> bool {
        self.is_doubtful
    }

    /// Lets it ring at what comes from now on, or at once if something is there. `is_empty` asks the descriptor itself.
    ///
    /// # Errors
    /// Those of `io_submit`.
    pub fn arm(&mut self, is_empty: impl Fn() -> bool) -> io::Result<()> {
        if !self.is_silent() {
            let header = self.header();
            header.head.store(header.tail.load(Ordering::Acquire), Ordering::Release);
            self.is_armed = false;
        }
        if !self.is_armed {
            self.submit()?;
            self.is_armed = true;
            self.is_doubtful = false;
        }
        self.is_doubtful = self.is_silent() && (self.is_doubtful || !is_empty());
        Ok(())
    }

    fn header(&self) -> &Header {
        // SAFETY: the kernel maps it from `io_setup` to `io_destroy`, which only `drop` calls.
        unsafe { self.header.as_ref() }
    }

    fn submit(&self) -> io::Result<()> {
        let mut request = Request {
            opcode: IOCB_CMD_POLL,
            descriptor: self.descriptor,
            events: libc::POLLIN.cast_unsigned().into(),
            ..Request::default()
        };
        let mut requests = [&raw mut request];
        // SAFETY: the context is alive; the kernel copies the request before it returns.
        let result = unsafe {
            libc::syscall(libc::SYS_io_submit, self.header.as_ptr(), 1, requests.as_mut_ptr())
        };
        if result == 1 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

impl Drop for Ring {
    /// Waits for the kernel, some 35 ms.
    fn drop(&mut self) {
        // SAFETY: it is used no more.
        unsafe { libc::syscall(libc::SYS_io_destroy, self.header.as_ptr()) };
    }
}

fn set_up() -> io::Result<NonNull<Header>> {
    let mut context = std::ptr::null_mut::<Header>();
    // SAFETY: it writes the new context's address, and nothing else.
    let result = unsafe { libc::syscall(libc::SYS_io_setup, 1, &raw mut context) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(context).ok_or_else(|| io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, AtomicUsize};
    use std::thread;

    use rustix::event::epoll;
    use rustix::fs::inotify::{CreateFlags, init};

    use super::*;

    struct Bench {
        inotify: OwnedFd,
        epoll: OwnedFd,
        folder: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Self {
            let inotify = init(CreateFlags::NONBLOCK).unwrap();
            let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
            epoll::add(&epoll, &inotify, epoll::EventData::new_u64(0), epoll::EventFlags::IN)
                .unwrap();
            let folder = tempfile::tempdir().unwrap();
            let what = WatchFlags::CLOSE_WRITE | WatchFlags::MODIFY | WatchFlags::CREATE;
            add_watch(&inotify, folder.path(), what).unwrap();
            Self { inotify, epoll, folder }
        }

        fn is_empty(&self) -> bool {
            let mut fds = [rustix::event::PollFd::new(&self.epoll, rustix::event::PollFlags::IN)];
            rustix::event::poll(&mut fds, Some(&rustix::event::Timespec::default())).unwrap() == 0
        }

        fn read(&self) {
            let mut buffer = [0; 4096];
            while rustix::io::read(&self.inotify, &mut buffer).is_ok() {}
        }

        /// `None` where there are no such rings.
        fn ring(&self) -> Option<Ring> {
            let mut ring = Ring::new(&self.epoll, &self.inotify)
                .inspect_err(|error| eprintln!("{error}"))
                .ok()?;
            self.read();
            ring.arm(|| self.is_empty()).unwrap();
            Some(ring)
        }
    }

    fn save(folder: &Path) {
        std::fs::write(folder.join("a.js"), "export default 1").unwrap();
    }

    #[test]
    fn it_rings_before_a_save_has_returned() {
        let bench = Bench::new();
        let Some(mut ring) = bench.ring() else { return };
        for round in 0..1000 {
            assert!(ring.is_silent(), "round {round}");
            save(bench.folder.path());
            assert!(!ring.is_silent(), "round {round}");
            bench.read();
            ring.arm(|| bench.is_empty()).unwrap();
        }
    }

    #[test]
    fn it_rings_again_if_something_is_left() {
        let bench = Bench::new();
        let Some(mut ring) = bench.ring() else { return };
        save(bench.folder.path());
        ring.arm(|| bench.is_empty()).unwrap();
        assert!(!ring.is_silent());
    }

    /// Somebody saves all the time, also while the ring is being armed: what is there has rung, or the ring says that
    /// its silence is no proof.
    #[test]
    fn it_misses_no_save_of_another_thread() {
        let bench = Bench::new();
        let Some(mut ring) = bench.ring() else { return };
        let (begun, returned) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let done = AtomicBool::new(false);
        let missed = thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    begun.fetch_add(1, Ordering::SeqCst);
                    save(bench.folder.path());
                    returned.fetch_add(1, Ordering::SeqCst);
                }
            });
            let missed = (0..10_000).find(|_| {
                bench.read();
                ring.arm(|| bench.is_empty()).unwrap();
                let is_late = !bench.is_empty() && ring.is_silent() && !ring.is_doubtful();
                let before = begun.load(Ordering::SeqCst);
                while returned.load(Ordering::SeqCst) <= before {
                    thread::yield_now();
                }
                is_late || (ring.is_silent() && !ring.is_doubtful())
            });
            done.store(true, Ordering::SeqCst);
            missed
        });
        assert_eq!(missed, None, "the round that was silent");
    }
}
