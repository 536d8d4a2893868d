//! Polls directories at an interval, where there are no events, in a thread of its own, so that no other thread waits for it.
//!
//! What is compared is what the file system says of a file, not its bytes: a directory may hold many and huge ones. But
//! stamps are coarse: a file that was changed a moment ago may change again and bear the same. So of such files the bytes
//! are compared too, until they are old enough.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::{Duration, SystemTime};

use parking_lot::{Condvar, Mutex};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::fingerprint::Fingerprint;
use crate::stamp::Stamp;

use super::settle::FileEvent;
use super::{Event, Waker, join};

/// Bytes are compared of files up to this size: a log that grows all the time is none of ours.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The directories that are looked at.
pub struct Poll {
    shared: Arc<Shared>,
    events: Receiver<Event>,
}

struct Shared {
    state: Mutex<State>,
    ends: Condvar,
}

#[derive(Default)]
struct State {
    directories: FxHashMap<Arc<str>, Arc<Listing>>,
    /// By directory, the names of files that were read since its last look.
    read: FxHashMap<Arc<str>, FxHashSet<String>>,
    has_ended: bool,
}

type Listing = FxHashMap<String, Entry>;

struct Entry {
    stamp: Stamp,
    is_directory: bool,
    /// If it was changed a moment ago.
    held: Option<Fingerprint>,
}

impl Poll {
    /// Looks every `interval`. `waker` is called when something has changed.
    ///
    /// # Errors
    /// No more threads.
    pub fn start(interval: Duration, waker: Waker) -> io::Result<Self> {
        let (sender, events) = channel();
        let shared = Arc::new(Shared { state: Mutex::default(), ends: Condvar::new() });
        let theirs = shared.clone();
        std::thread::Builder::new()
            .name("hot-hook-poll".to_owned())
            .spawn(move || theirs.run(interval, &sender, &waker))?;
        Ok(Self { shared, events })
    }

    /// Looks at a directory and the files in it, not at those below its subdirectories.
    ///
    /// # Errors
    /// It cannot be listed.
    pub fn watch(&mut self, directory: &Arc<str>) -> io::Result<()> {
        let listing = list(directory, &Listing::default())?;
        self.shared.state.lock().directories.insert(directory.clone(), Arc::new(listing));
        Ok(())
    }

    /// See [`Poll::watch`].
    pub fn unwatch(&mut self, directory: &str) {
        let mut state = self.shared.state.lock();
        state.directories.remove(directory);
        state.read.remove(directory);
    }

    /// The file `name` of a directory is about to be read. If it is in neither the last listing nor the next one, its removal is
    /// reported: without that, what came and went between two looks would have been read unnoticed.
    pub fn note_read(&mut self, directory: &str, name: &str) {
        let mut state = self.shared.state.lock();
        let Some((directory, listing)) = state.directories.get_key_value(directory) else { return };
        if !listing.contains_key(name) {
            let directory = directory.clone();
            state.read.entry(directory).or_default().insert(name.to_owned());
        }
    }

    /// Moves what was found since the last call into `out`. Returns whether more may come: not after the thread has failed.
    pub fn drain(&mut self, out: &mut Vec<Event>) -> bool {
        loop {
            match self.events.try_recv() {
                Ok(event) => out.push(event),
                Err(error) => return error == TryRecvError::Empty,
            }
        }
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        self.shared.state.lock().has_ended = true;
        self.shared.ends.notify_one();
    }
}

impl Shared {
    fn run(&self, interval: Duration, events: &Sender<Event>, waker: &Waker) {
        loop {
            let mut state = self.state.lock();
            self.ends.wait_while_for(&mut state, |state| !state.has_ended, interval);
            if state.has_ended {
                return;
            }
            let names: Vec<_> = state.directories.keys().cloned().collect();
            drop(state);
            let mut any = false;
            for name in names {
                for event in self.look(&name) {
                    any |= events.send(event).is_ok();
                }
            }
            if any {
                waker.wake();
            }
        }
    }

    /// What has changed in a directory since the last look.
    fn look(&self, directory: &Arc<str>) -> Vec<Event> {
        // No thread waits for the lock while files are read.
        let mut state = self.state.lock();
        let Some(before) = state.directories.get(directory).cloned() else {
            return Vec::new();
        };
        let read = state.read.remove(directory).unwrap_or_default();
        drop(state);
        let now = list(directory, &before);
        let directories = &mut self.state.lock().directories;
        // It may have been released meanwhile, and retained again.
        if !directories.get(directory).is_some_and(|known| Arc::ptr_eq(known, &before)) {
            return Vec::new();
        }
        let Ok(now) = now else {
            directories.remove(directory);
            return vec![Event::Directory { path: directory.to_string(), appeared: false }];
        };
        let mut events = compare(directory, &before, &now);
        let gone =
            read.iter().filter(|&name| !before.contains_key(name) && !now.contains_key(name));
        events.extend(gone.map(|name| Event::File {
            path: join(directory, name),
            event: FileEvent::Removed,
            new: false,
        }));
        directories.insert(directory.clone(), Arc::new(now));
        events
    }
}

fn list(directory: &str, before: &Listing) -> io::Result<Listing> {
    let clock = SystemTime::now();
    let mut listing = Listing::default();
    for entry in std::fs::read_dir(directory)?.flatten() {
        // A name that is not UTF-8 is no module of ours; what is gone by now is not there.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let Ok(metadata) = entry.metadata() else { continue };
        let stamp = Stamp::new(&metadata);
        let was_recent = before.get(&name).is_some_and(|before| before.held.is_some());
        let is_compared =
            metadata.is_file() && stamp.length <= LARGEST && (was_recent || stamp.is_recent(clock));
        let held = is_compared.then(|| Fingerprint::of_file(&entry.path()));
        listing.insert(name, Entry { stamp, is_directory: metadata.is_dir(), held });
    }
    Ok(listing)
}

impl Entry {
    fn is_other_than(&self, before: &Self) -> bool {
        if self.is_directory {
            // It bears a new stamp whenever something in it comes or goes.
            return !self.stamp.is_same_file(&before.stamp);
        }
        self.stamp != before.stamp || (before.held.is_some() && self.held != before.held)
    }
}

fn compare(directory: &str, before: &Listing, now: &Listing) -> Vec<Event> {
    let mut events = Vec::new();
    let mut emit = |name: &str, is_directory: bool, event: FileEvent, new: bool| {
        let path = join(directory, name);
        events.push(if is_directory {
            Event::Directory { path, appeared: event == FileEvent::Written }
        } else {
            Event::File { path, event, new }
        });
    };
    for (name, entry) in before {
        if now.get(name).is_none_or(|now| now.is_directory != entry.is_directory) {
            emit(name, entry.is_directory, FileEvent::Removed, false);
        }
    }
    for (name, entry) in now {
        match before.get(name) {
            Some(before) if before.is_directory == entry.is_directory => {
                if entry.is_other_than(before) {
                    emit(name, entry.is_directory, FileEvent::Written, false);
                }
            }
            _ => emit(name, entry.is_directory, FileEvent::Written, true),
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_has_failed_is_noticed() {
        let shared = Arc::new(Shared { state: Mutex::default(), ends: Condvar::new() });
        let (sender, events) = channel();
        let mut poll = Poll { shared, events };
        assert!(poll.drain(&mut Vec::new()));
        drop(sender);
        assert!(!poll.drain(&mut Vec::new()));
    }

    #[test]
    fn bytes_count_while_a_file_is_young() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stamp = Stamp::of_file(file.path()).unwrap();
        let entry = |held| Entry { stamp, is_directory: false, held };
        let [one, two] = [1, 2].map(|hash| Some(Fingerprint::Content(hash)));
        assert!(entry(two).is_other_than(&entry(one)));
        assert!(!entry(one).is_other_than(&entry(one)));
        assert!(!entry(one).is_other_than(&entry(None)), "it was old");
    }
}
