//! Linux: an inotify descriptor of our own, read without blocking.
//!
//! The kernel queues an event before `close` or `rename` returns, so that a read at the start of an import sees every
//! save that has returned. A watcher thread in between would lose that.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use inotify::{EventMask, Inotify, WatchDescriptor, WatchMask};
use rustc_hash::FxHashMap;
use rustix::event::{Timespec, epoll};

use super::settle::FileEvent;
use super::{Event, join};

/// Room for some hundred events a read.
const BUFFER: usize = 64 * 1024;

/// The longest event; so much of a full buffer may stay empty.
const LONGEST: u64 = 16 + 256;

/// Tells whether the descriptor can be read. What the kernel queues it marks here in the same breath; to look here when there
/// is nothing costs no more than any system call, half of what a `read` costs.
struct Ready(OwnedFd);

impl Ready {
    fn new(inotify: &Inotify) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, inotify.as_fd(), epoll::EventData::new_u64(0), epoll::EventFlags::IN)?;
        Ok(Self(epoll))
    }

    fn is_nothing_there(&self) -> bool {
        let mut event = [MaybeUninit::uninit()];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        matches!(epoll::wait(&self.0, &mut event, Some(&at_once)), Ok((&mut [], _)))
    }
}

/// The descriptor and what it watches.
pub struct Native {
    inotify: Inotify,
    ready: Ready,
    /// A directory may have several names (symlinks, bind mounts), which share a descriptor.
    directories: FxHashMap<WatchDescriptor, Vec<Arc<str>>>,
    descriptors: FxHashMap<Arc<str>, WatchDescriptor>,
    buffer: Vec<u8>,
}

impl Native {
    /// # Errors
    /// Those of `inotify_init1`: usually the limit of instances (`fs.inotify.max_user_instances`).
    pub fn new() -> io::Result<Self> {
        let inotify = Inotify::init()?;
        Ok(Self {
            ready: Ready::new(&inotify)?,
            inotify,
            directories: FxHashMap::default(),
            descriptors: FxHashMap::default(),
            buffer: vec![0; BUFFER],
        })
    }

    /// A second handle of the descriptor, for a thread that waits on it.
    ///
    /// # Errors
    /// Those of `dup`.
    pub fn handle(&self) -> io::Result<OwnedFd> {
        self.inotify.as_fd().try_clone_to_owned()
    }

    /// Watches the files of a directory, not those below its subdirectories.
    ///
    /// # Errors
    /// Those of `inotify_add_watch`: `ENOENT`, `EACCES`, `ENOSPC` for `fs.inotify.max_user_watches`.
    pub fn watch(&mut self, directory: &Arc<str>) -> io::Result<()> {
        let mask = WatchMask::CLOSE_WRITE
            | WatchMask::MODIFY
            | WatchMask::CREATE
            | WatchMask::DELETE
            | WatchMask::MOVE
            | WatchMask::DELETE_SELF
            | WatchMask::MOVE_SELF
            | WatchMask::ONLYDIR;
        let descriptor = self.inotify.watches().add(directory.as_ref(), mask)?;
        let names = self.directories.entry(descriptor.clone()).or_default();
        if !names.contains(directory) {
            names.push(directory.clone());
        }
        self.descriptors.insert(directory.clone(), descriptor);
        Ok(())
    }

    /// Stops watching a directory; does nothing if it is not watched.
    pub fn unwatch(&mut self, directory: &str) {
        if let Some(descriptor) = self.descriptors.remove(directory) {
            if let Some(names) = self.directories.get_mut(&descriptor) {
                names.retain(|name| **name != *directory);
                if !names.is_empty() {
                    return;
                }
            }
            self.directories.remove(&descriptor);
            // Fails only if the kernel was faster: the directory is gone.
            let _ = self.inotify.watches().remove(descriptor);
        }
    }

    /// Reads what has happened since the last call into `events`, without blocking. What comes meanwhile is left for the
    /// next call: somebody who logs into a watched directory must not keep us here.
    pub fn drain(&mut self, events: &mut Vec<Event>) {
        if self.ready.is_nothing_there() {
            return;
        }
        let mut left = None;
        loop {
            let Ok(batch) = self.inotify.read_events(&mut self.buffer) else { return };
            let mut gone = Vec::new();
            let mut any = false;
            for event in batch {
                any = true;
                if event.mask.contains(EventMask::Q_OVERFLOW) {
                    events.push(Event::Overflow);
                    continue;
                }
                let Some(names) = self.directories.get(&event.wd) else { continue };
                match event.name.map(|name| name.to_str()) {
                    Some(Some(name)) => {
                        for directory in names {
                            translate(event.mask, &join(directory, name), events);
                        }
                    }
                    None if event.mask.intersects(GONE) => {
                        gone.push(event.wd.clone());
                    }
                    // A name that is not UTF-8 is no module of ours.
                    None | Some(None) => {}
                }
            }
            for descriptor in gone {
                self.forget(&descriptor, events);
            }
            let unread = rustix::io::ioctl_fionread(self.inotify.as_fd()).unwrap_or(0);
            let to_read = *left.get_or_insert(unread);
            if !any || to_read == 0 {
                return;
            }
            left = Some(to_read.saturating_sub(BUFFER as u64 - LONGEST));
        }
    }

    /// The directory itself was deleted or renamed: its watch is dead, or follows it to another name.
    fn forget(&mut self, descriptor: &WatchDescriptor, events: &mut Vec<Event>) {
        let Some(names) = self.directories.remove(descriptor) else { return };
        let _ = self.inotify.watches().remove(descriptor.clone());
        for name in names {
            self.descriptors.remove(&name);
            events.push(Event::Directory { path: name.to_string(), appeared: false });
        }
    }
}

const GONE: EventMask = EventMask::DELETE_SELF
    .union(EventMask::MOVE_SELF)
    .union(EventMask::IGNORED)
    .union(EventMask::UNMOUNT);

fn translate(mask: EventMask, path: &str, events: &mut Vec<Event>) {
    let path = path.to_owned();
    let appeared = mask.intersects(EventMask::CREATE | EventMask::MOVED_TO);
    if mask.contains(EventMask::ISDIR) {
        if appeared || mask.intersects(EventMask::DELETE | EventMask::MOVED_FROM) {
            events.push(Event::Directory { path, appeared });
        }
        return;
    }
    let event = if mask.intersects(EventMask::CLOSE_WRITE | EventMask::MOVED_TO) {
        FileEvent::Written
    } else if mask.contains(EventMask::CREATE) {
        // A link is complete at once; a new file is still to be written and closed.
        if is_link(Path::new(&path)) { FileEvent::Written } else { FileEvent::Modified }
    } else if mask.contains(EventMask::MODIFY) {
        FileEvent::Modified
    } else if mask.intersects(EventMask::DELETE | EventMask::MOVED_FROM) {
        FileEvent::Removed
    } else {
        return;
    };
    events.push(Event::File { path, event, new: appeared });
}

fn is_link(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink() || meta.nlink() > 1)
}
