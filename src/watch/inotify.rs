//! Linux: an inotify descriptor of our own, read without blocking.
//!
//! The kernel queues an event before `close` or `rename` returns, so that a read at the start of an import sees every
//! save that has returned. A watcher thread in between would lose that.
//!
//! The watch of a directory tells what is done through the names in it. A file that has further names (hard links, or what
//! is mounted at its place) has a watch of its own besides, which is one of the inode.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use rustix::event::PollFlags;
use rustix::fs::inotify::{
    CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init, remove_watch,
};
use rustix::io::{Errno, ioctl_fionread};

use super::mounts::Mounts;
use super::ready::Ready;
use super::settle::FileEvent;
use super::{Event, Waker, join, parent};

/// Room for some hundred events a read.
const BUFFER: usize = 64 * 1024;

/// What the kernel puts in front of an event's name, and pads that to.
const HEADER: usize = 16;

/// The descriptor and what it watches.
pub struct Native {
    ready: Ready,
    /// Shared with the thread that waits on it.
    inotify: Arc<OwnedFd>,
    /// `None` where there is no `/proc`.
    mounts: Option<Mounts>,
    /// For the thread that waits, which is to hear of each mount too.
    mounted: Option<Arc<OwnedFd>>,
    directories: Names,
    files: Names,
    buffer: Vec<MaybeUninit<u8>>,
}

/// Paths by their watches: one inode may have several names (links, mounts), which share a watch.
#[derive(Default)]
struct Names {
    of: FxHashMap<i32, Vec<Arc<str>>>,
    watches: FxHashMap<Arc<str>, i32>,
}

impl Names {
    fn insert(&mut self, name: &Arc<str>, watch: i32) {
        let names = self.of.entry(watch).or_default();
        if !names.contains(name) {
            names.push(name.clone());
        }
        self.watches.insert(name.clone(), watch);
    }

    /// Returns the watch that has no name any more.
    fn remove(&mut self, name: &str) -> Option<i32> {
        let watch = self.watches.remove(name)?;
        if let Some(names) = self.of.get_mut(&watch) {
            names.retain(|known| **known != *name);
            if !names.is_empty() {
                return None;
            }
        }
        self.of.remove(&watch);
        Some(watch)
    }

    /// The names of a watch that is dead.
    fn take(&mut self, watch: i32) -> Vec<Arc<str>> {
        let names = self.of.remove(&watch).unwrap_or_default();
        for name in &names {
            self.watches.remove(name);
        }
        names
    }
}

impl Native {
    /// No waker is needed: the waiting thread polls [`Native::handles`].
    ///
    /// # Errors
    /// Those of `inotify_init1`: usually the limit of instances (`fs.inotify.max_user_instances`).
    pub fn new(_waker: Waker) -> io::Result<Self> {
        let inotify = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        let mounts = Mounts::open().ok();
        Ok(Self {
            ready: Ready::new(&inotify, mounts.as_ref())?,
            inotify: Arc::new(inotify),
            mounted: mounts.as_ref().and_then(|_| Mounts::another().ok()).map(Arc::new),
            mounts,
            directories: Names::default(),
            files: Names::default(),
            buffer: vec![MaybeUninit::uninit(); BUFFER],
        })
    }

    /// The descriptors for a thread that waits on them, and for what.
    pub fn handles(&self) -> Vec<(Arc<OwnedFd>, PollFlags)> {
        let mounted = self.mounted.iter().map(|fd| (fd.clone(), PollFlags::PRI));
        std::iter::once((self.inotify.clone(), PollFlags::IN)).chain(mounted).collect()
    }

    /// Whether something is mounted at this path itself.
    pub fn is_mounted(&self, path: &str) -> bool {
        self.mounts.as_ref().is_some_and(|mounts| mounts.are_at(path))
    }

    /// Watches the files of a directory, not those below its subdirectories.
    ///
    /// # Errors
    /// Those of `inotify_add_watch`: `ENOENT`, `EACCES`, `ENOSPC` for `fs.inotify.max_user_watches`.
    pub fn watch(&mut self, directory: &Arc<str>) -> io::Result<()> {
        let mask = WatchFlags::CLOSE_WRITE
            | WatchFlags::MODIFY
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        let watch = add_watch(&*self.inotify, directory.as_ref(), mask)?;
        // It may have taken the place of a file that is watched by itself.
        self.files.take(watch);
        self.directories.insert(directory, watch);
        Ok(())
    }

    /// Stops watching a directory; does nothing if it is not watched.
    pub fn unwatch(&mut self, directory: &str) {
        if let Some(watch) = self.directories.remove(directory) {
            // Fails only if the kernel was faster: the directory is gone.
            let _ = remove_watch(&*self.inotify, watch);
        }
    }

    /// Watches what lies at `path` now, under whatever name it is written.
    ///
    /// # Errors
    /// Those of [`Native::watch`].
    pub fn watch_file(&mut self, path: &Arc<str>) -> io::Result<()> {
        // A directory that has taken its place may be watched as such, and is to stay so.
        let mask = WatchFlags::CLOSE_WRITE | WatchFlags::MODIFY | WatchFlags::MASK_ADD;
        let watch = add_watch(&*self.inotify, path.as_ref(), mask)?;
        if self.directories.of.contains_key(&watch) {
            return Err(Errno::ISDIR.into());
        }
        if self.files.watches.get(path) != Some(&watch) {
            self.unwatch_file(path);
            self.files.insert(path, watch);
        }
        Ok(())
    }

    /// Stops watching a file by itself; does nothing if it is not watched so.
    pub fn unwatch_file(&mut self, path: &str) {
        if let Some(watch) = self.files.remove(path) {
            let _ = remove_watch(&*self.inotify, watch);
        }
    }

    /// Stops watching everything, for good. A process whose watches end a millisecond before it does ends at once; with
    /// them, the kernel makes it wait until no CPU can be in the middle of reporting an event: 10 to 20 ms.
    pub fn unwatch_all(&mut self) {
        for names in [&mut self.directories, &mut self.files] {
            for watch in std::mem::take(names).of.into_keys() {
                let _ = remove_watch(&*self.inotify, watch);
            }
        }
    }

    /// Reads what has happened since the last call into `events`, without blocking. What comes meanwhile is left for the
    /// next call: a program that logs into a watched directory must not keep us here.
    pub fn drain(&mut self, events: &mut Vec<Event>) {
        self.drain_while(events, || {});
    }

    /// `meanwhile` happens between two reads.
    fn drain_while(&mut self, events: &mut Vec<Event>, mut meanwhile: impl FnMut()) {
        let ready = self.ready.look();
        if ready.events {
            self.read(events, &mut meanwhile);
        }
        if ready.mounts {
            self.note_mounts(events);
        }
    }

    fn read(&mut self, events: &mut Vec<Event>, mut meanwhile: impl FnMut()) {
        let inotify = self.inotify.clone();
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut reader = Reader::new(&*inotify, &mut buffer);
        let mut gone = Vec::new();
        let mut created = Created::default();
        // How many bytes are left of what was there after the first read.
        let mut left = None;
        while let Ok(event) = reader.next() {
            let name = event.file_name();
            let size =
                HEADER + name.map_or(0, |name| name.count_bytes() + 1).next_multiple_of(HEADER);
            left = left.map(|left: u64| left.saturating_sub(size as u64));
            self.translate(event.wd(), event.events(), name, &mut gone, &mut created, events);
            if reader.is_buffer_empty() {
                meanwhile();
                let left = *left.get_or_insert_with(|| ioctl_fionread(&*inotify).unwrap_or(0));
                if left == 0 {
                    break;
                }
            }
        }
        self.buffer = buffer;
        created.judge(events);
        for watch in gone {
            self.forget(watch, events);
        }
    }

    fn translate(
        &self,
        watch: i32,
        what: ReadFlags,
        name: Option<&CStr>,
        gone: &mut Vec<i32>,
        created: &mut Created,
        events: &mut Vec<Event>,
    ) {
        if what.contains(ReadFlags::QUEUE_OVERFLOW) {
            events.push(Event::Overflow);
            return;
        }
        if let Some(names) = self.files.of.get(&watch) {
            for file in names {
                translate(what, file, created, events);
            }
            if what.contains(ReadFlags::IGNORED) {
                gone.push(watch);
            }
            return;
        }
        let Some(names) = self.directories.of.get(&watch) else { return };
        match name.map(CStr::to_str) {
            Some(Ok(name)) => {
                for directory in names {
                    translate(what, &join(directory, name), created, events);
                }
            }
            None if what.intersects(GONE) => gone.push(watch),
            // A name that is not UTF-8 is no module of ours.
            None | Some(Err(_)) => {}
        }
    }

    /// A file is gone, or the directory itself was deleted or renamed: its watch is dead, or follows it to another name.
    fn forget(&mut self, watch: i32, events: &mut Vec<Event>) {
        self.files.take(watch);
        let names = self.directories.take(watch);
        if names.is_empty() {
            return;
        }
        let _ = remove_watch(&*self.inotify, watch);
        for name in names {
            events.push(Event::Directory { path: name.to_string(), appeared: false });
        }
    }

    /// What lies at a mount point, and below it, is something else now; the watches are still those of what lay there before.
    fn note_mounts(&mut self, events: &mut Vec<Event>) {
        let Some(mounts) = &mut self.mounts else { return };
        for path in mounts.changed() {
            let watched = &self.directories.watches;
            if watched.keys().any(|directory| Path::new(&**directory).starts_with(&path)) {
                events.push(Event::Directory { path: path.clone(), appeared: false });
                events.push(Event::Directory { path: path.clone(), appeared: true });
            }
            if watched.contains_key(parent(&path)) {
                events.push(Event::File { path, event: FileEvent::Written, new: true });
            }
        }
    }
}

const GONE: ReadFlags = ReadFlags::DELETE_SELF
    .union(ReadFlags::MOVE_SELF)
    .union(ReadFlags::IGNORED)
    .union(ReadFlags::UNMOUNT);

fn translate(what: ReadFlags, path: &str, created: &mut Created, events: &mut Vec<Event>) {
    let path = path.to_owned();
    let appeared = what.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO);
    if what.contains(ReadFlags::ISDIR) {
        if appeared || what.intersects(ReadFlags::DELETE | ReadFlags::MOVED_FROM) {
            events.push(Event::Directory { path, appeared });
        }
        return;
    }
    let event = if what.intersects(ReadFlags::CLOSE_WRITE | ReadFlags::MOVED_TO) {
        FileEvent::Written
    } else if what.contains(ReadFlags::CREATE) {
        created.0.insert(path.clone(), events.len());
        FileEvent::Modified
    } else if what.contains(ReadFlags::MODIFY) {
        created.0.remove(&path);
        FileEvent::Modified
    } else if what.intersects(ReadFlags::DELETE | ReadFlags::MOVED_FROM) {
        FileEvent::Removed
    } else {
        return;
    };
    events.push(Event::File { path, event, new: appeared });
}

/// The files that came in one drain and were not written to since, and where that stands among the events.
#[derive(Default)]
struct Created(FxHashMap<String, usize>);

impl Created {
    /// A link is complete at once, even if its other name is gone by now; a new file is still to be written and closed.
    fn judge(self, events: &mut [Event]) {
        for (path, at) in self.0 {
            if let Event::File { event, .. } = &mut events[at]
                && is_complete(Path::new(&path))
            {
                *event = FileEvent::Written;
            }
        }
    }
}

fn is_complete(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::symlink_metadata(path)
        .is_ok_and(|meta| meta.is_symlink() || meta.nlink() > 1 || meta.len() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drain_ends_although_somebody_goes_on_writing() {
        let folder = tempfile::tempdir().unwrap();
        let mut native = Native::new(super::super::sleep::pair().unwrap().0).unwrap();
        native.watch(&folder.path().to_str().unwrap().into()).unwrap();
        let mut saves = 0;
        let mut save = || {
            saves += 1;
            assert!(saves < 1000, "it reads for ever");
            std::fs::write(folder.path().join(format!("{}", saves % 2)), "log").unwrap();
        };
        save();
        let mut events = Vec::new();
        native.drain_while(&mut events, &mut save);
        assert!(!events.is_empty());
        events.clear();
        native.drain(&mut events);
        assert!(!events.is_empty(), "what came meanwhile is left for the next one");
    }
}
