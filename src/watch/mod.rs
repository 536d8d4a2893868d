//! Directories → file events.
//!
//! Directories are watched, not files: a watch on a file dies at the first atomic save. They are counted, so that one
//! with many modules costs one watch. One that is missing is waited for in its nearest existing ancestor.
//!
//! A file that may be written under another name is watched by itself, too ([`linked`]).

#[cfg(target_os = "linux")]
mod inotify;
pub mod linked;
#[cfg(target_os = "linux")]
pub mod mounts;
mod poll;
#[cfg(target_os = "linux")]
mod ready;
mod remote;
pub mod settle;
pub mod sleep;
#[cfg(not(target_os = "linux"))]
mod system;

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use crate::stamp::Stamp;

#[cfg(target_os = "linux")]
use inotify::Native;
use poll::Poll;
#[cfg(unix)]
pub(crate) use remote::file_system;
use settle::FileEvent;
pub use sleep::{Poller, Waker};
#[cfg(not(target_os = "linux"))]
use system::Native;

/// How often files are looked at where there are no events.
pub const POLL_INTERVAL: Duration = Duration::from_millis(300);

/// What a watched directory reports.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Something happened to a file.
    File {
        /// Its absolute path, through the directory's watched name.
        path: String,
        /// What.
        event: FileEvent,
        /// Whether it was not there before.
        new: bool,
    },
    /// A directory came or went, and with it all that is inside.
    Directory {
        /// Its absolute path.
        path: String,
        /// Whether it came.
        appeared: bool,
    },
    /// Any file in this directory may have changed: it cannot be listed.
    Unlisted {
        /// Its absolute path.
        path: String,
    },
    /// Events were lost: anything may have changed.
    Overflow,
}

/// `directory/name`.
pub fn join(directory: &str, name: &str) -> String {
    Path::new(directory).join(name).to_string_lossy().into_owned()
}

/// The directory part of an absolute path; the root's is itself.
pub fn parent(path: &str) -> &str {
    Path::new(path).parent().and_then(Path::to_str).unwrap_or("/")
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Means {
    Native,
    Polled,
    /// Events come for what is done on this machine only.
    Both,
    /// So they do here, and there is no fallback.
    Shared,
    /// It is not looked at: events do not come, and there is no fallback.
    Unwatched,
    /// It cannot be listed: the owner of its files looks at them at the interval.
    Unlisted,
    /// It does not exist; this ancestor of it does, and is retained in its place.
    Missing(Arc<str>),
}

impl Means {
    /// Whether there are events, of some changes at least.
    fn are_native(&self) -> bool {
        matches!(self, Self::Native | Self::Both | Self::Shared)
    }
}

struct Directory {
    holders: u32,
    means: Means,
}

/// The directories that are watched, and by which means.
pub struct Watch {
    native: Option<Native>,
    polled: Option<Poll>,
    poll_interval: Duration,
    /// Whether what gives no events is polled, and said.
    fallback: bool,
    /// When the directories that cannot be listed are to be looked at next, if there are any.
    next_look: Option<Instant>,
    /// Which file system holds a directory, if others change that too.
    remote: fn(&str) -> Option<&'static str>,
    /// In order, so that those below one stand together.
    directories: BTreeMap<Arc<str>, Directory>,
    /// The files that are watched by themselves, with their reference counts.
    files: FxHashMap<Arc<str>, u32>,
    problems: Vec<String>,
    events: Vec<Event>,
    waker: Waker,
}

impl Watch {
    /// Watches nothing yet. `poll` asks for polling at that interval, even where there are events.
    pub fn new(poll: Option<Duration>, waker: Waker) -> Self {
        Self::with(poll, waker, remote::file_system)
    }

    /// The same, with `remote` to say which file system holds a directory, if others change that too.
    pub fn with(
        poll: Option<Duration>,
        waker: Waker,
        remote: fn(&str) -> Option<&'static str>,
    ) -> Self {
        let mut watch = Self {
            native: None,
            polled: None,
            poll_interval: poll.unwrap_or(POLL_INTERVAL),
            fallback: true,
            next_look: None,
            remote,
            directories: BTreeMap::new(),
            files: FxHashMap::default(),
            problems: Vec::new(),
            events: Vec::new(),
            waker,
        };
        if poll.is_none() {
            match Native::new(watch.waker.clone()) {
                Ok(native) => watch.native = Some(native),
                Err(error) => {
                    watch.problems.push(format!("no file events ({error}): polling instead"));
                }
            }
        }
        watch
    }

    /// The same, where the parent process reports changes too: what gives no events is not looked at, and nothing is said.
    #[must_use]
    pub fn without_fallback(mut self) -> Self {
        self.fallback = false;
        self.problems.clear();
        self
    }

    /// Whether what gives no events is polled.
    pub fn has_fallback(&self) -> bool {
        self.fallback
    }

    /// Whether anything is polled.
    pub fn polls(&self) -> bool {
        self.polled.is_some() || self.next_look.is_some()
    }

    /// Lets `poller` wake at file events.
    pub fn wake_on_events(&self, poller: &mut Poller) {
        #[cfg(target_os = "linux")]
        if let Some(native) = &self.native {
            poller.also_on(native.handles());
        }
        #[cfg(not(target_os = "linux"))]
        let _ = poller;
    }

    /// Ends all watches before the process does: see [`Native::unwatch_all`].
    pub fn end(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(native) = &mut self.native {
            native.unwatch_all();
        }
    }

    /// Watches `directory`. Reference-counted. Returns whether that is new.
    pub fn retain(&mut self, directory: &str) -> bool {
        if let Some(known) = self.directories.get_mut(directory) {
            known.holders += 1;
            return false;
        }
        let directory: Arc<str> = directory.into();
        let means = self.attach(&directory);
        self.directories.insert(directory, Directory { holders: 1, means });
        true
    }

    /// See [`Watch::retain`].
    pub fn release(&mut self, directory: &str) {
        let Some(known) = self.directories.get_mut(directory) else { return };
        known.holders -= 1;
        if known.holders == 0 {
            let means = known.means.clone();
            self.directories.remove(directory);
            self.detach(directory, &means);
        }
    }

    /// Whether the file at `path`, which bears `stamp`, may be written under another name: it has further hard links, or
    /// is mounted there by itself.
    fn is_linked(&self, path: &str, stamp: &Stamp) -> bool {
        stamp.links > 1 || self.native.as_ref().is_some_and(|native| native.is_mounted(path))
    }

    /// A file is about to be read: see [`Poll::note_read`].
    fn note_read(&mut self, path: &str) {
        if let (Some(polled), Some(name)) = (&mut self.polled, Path::new(path).file_name()) {
            polled.note_read(parent(path), &name.to_string_lossy());
        }
    }

    /// Watches a file by itself, besides its directory, which is retained longer.
    fn retain_file(&mut self, path: &Arc<str>) {
        let holders = self.files.entry(path.clone()).or_default();
        *holders += 1;
        if *holders == 1 {
            self.attach_file(path);
        }
    }

    /// See [`Watch::retain_file`].
    fn release_file(&mut self, path: &str) {
        let Some(holders) = self.files.get_mut(path) else { return };
        *holders -= 1;
        if *holders == 0 {
            self.files.remove(path);
            if let Some(native) = &mut self.native {
                native.unwatch_file(path);
            }
        }
    }

    /// Whether a save in `directory` is known as soon as it has returned.
    pub fn sees_at_once(&self, directory: &str) -> bool {
        let means = self.directories.get(directory).map(|directory| &directory.means);
        cfg!(target_os = "linux") && means == Some(&Means::Native)
    }

    /// The directories that are retained, with their reference counts.
    pub fn directories(&self) -> impl Iterator<Item = (&str, u32)> {
        self.directories.iter().map(|(path, known)| (&**path, known.holders))
    }

    /// How many directories are retained.
    pub fn len(&self) -> usize {
        self.directories.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.directories.is_empty()
    }

    /// What has happened since the last call. Never blocks.
    pub fn drain(&mut self) -> Vec<Event> {
        if let Some(native) = &mut self.native {
            native.drain(&mut self.events);
        }
        self.take_polled();
        self.look_at_unlisted();
        let mut drained = Vec::new();
        // What is found while watches are put right is returned with the rest.
        while !self.events.is_empty() {
            let events = std::mem::take(&mut self.events);
            for event in &events {
                match event {
                    Event::Directory { path, appeared: true } => self.retry_below(path),
                    Event::Directory { path, appeared: false } => self.lose_below(path),
                    // Directories may have come and gone unseen.
                    Event::Overflow => self.reattach(std::path::MAIN_SEPARATOR_STR, |_| true),
                    // It is another file, which may be written under other names.
                    Event::File { path, new: true, .. } => self.reattach_file(path),
                    Event::File { .. } | Event::Unlisted { .. } => {}
                }
            }
            drained.extend(events);
        }
        drained
    }

    /// Whether [`Watch::drain`] has something.
    pub fn has_events(&mut self) -> bool {
        if let Some(native) = &mut self.native {
            native.drain(&mut self.events);
        }
        self.take_polled();
        !self.events.is_empty() || !self.problems.is_empty()
    }

    fn take_polled(&mut self) {
        let Some(polled) = &mut self.polled else { return };
        if !polled.drain(&mut self.events) {
            self.polled = None;
            // As any failure of ours: it is said, and a restart is asked for.
            panic!("the thread that polls has failed");
        }
    }

    /// Whether events come for what happens in a directory, so that watching it costs nothing while nothing does.
    pub fn has_events_for(&self, directory: &str) -> bool {
        self.native.is_some() && (self.remote)(directory).is_none()
    }

    /// What could not be watched and has not been said yet, a line each.
    pub fn take_problems(&mut self) -> Vec<String> {
        std::mem::take(&mut self.problems)
    }

    fn attach(&mut self, directory: &Arc<str>) -> Means {
        let Some(native) = &mut self.native else { return self.without_events(directory) };
        match native.watch(directory) {
            Ok(()) => self.also_poll(directory),
            // It may be there by now: the error, not another look, says that it was not.
            Err(error) if is_missing(&error) => self.wait_for(directory),
            Err(_) if !Path::new(directory.as_ref()).is_dir() => self.wait_for(directory),
            Err(_) if !self.fallback => Means::Unwatched,
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                self.unlisted(directory, &error)
            }
            Err(error) => {
                if self.polled.is_none() {
                    self.problems
                        .push(format!("cannot watch {directory} ({error}): polling it instead"));
                }
                self.poll(directory)
            }
        }
    }

    /// Where its directory gives events. Polling looks at the files themselves.
    fn attach_file(&mut self, path: &Arc<str>) {
        let directory = parent(path);
        let Some((directory, known)) = self.directories.get_key_value(directory) else { return };
        let (Some(native), true) = (&mut self.native, known.means.are_native()) else { return };
        let problem = match native.watch_file(path) {
            Ok(()) if native.is_mounted(path) => (self.remote)(path).map(|kind| {
                format!("{path} is on {kind}, which does not tell what others change: polling its folder too")
            }),
            Err(error) if !is_missing(&error) && Path::new(path.as_ref()).is_file() => {
                Some(format!("cannot watch {path} ({error}): polling its folder instead"))
            }
            Ok(()) | Err(_) => None,
        };
        if let Some(problem) = problem {
            let directory = directory.clone();
            self.no_longer_alone(&directory, problem);
        }
    }

    /// Events do not come for all that happens to a file in this directory.
    fn no_longer_alone(&mut self, directory: &Arc<str>, problem: String) {
        let Some(known) = self.directories.get_mut(directory) else { return };
        if known.means != Means::Native {
            return;
        }
        known.means = Means::Shared;
        if !self.fallback {
            return;
        }
        if self.polled.is_none() {
            self.problems.push(problem);
        }
        if self.poll_listed(directory).is_ok()
            && let Some(known) = self.directories.get_mut(directory)
        {
            known.means = Means::Both;
        }
    }

    fn reattach_file(&mut self, path: &str) {
        if let Some((path, _)) = self.files.get_key_value(path) {
            let path = path.clone();
            self.attach_file(&path);
        }
    }

    fn without_events(&mut self, directory: &Arc<str>) -> Means {
        if self.fallback { self.poll(directory) } else { Means::Unwatched }
    }

    fn also_poll(&mut self, directory: &Arc<str>) -> Means {
        let Some(kind) = (self.remote)(directory) else { return Means::Native };
        if !self.fallback {
            return Means::Shared;
        }
        if self.polled.is_none() {
            self.problems.push(format!(
                "{directory} is on {kind}, which does not tell what others change: polling it too"
            ));
        }
        match self.poll(directory) {
            Means::Polled => Means::Both,
            _ => Means::Native,
        }
    }

    fn poll(&mut self, directory: &Arc<str>) -> Means {
        if !Path::new(directory.as_ref()).is_dir() {
            return self.wait_for(directory);
        }
        match self.poll_listed(directory) {
            Ok(()) => Means::Polled,
            Err(error) if is_missing(&error) => self.wait_for(directory),
            Err(error) => self.unlisted(directory, &error),
        }
    }

    fn poll_listed(&mut self, directory: &Arc<str>) -> io::Result<()> {
        let polled = match self.polled.take() {
            Some(polled) => polled,
            None => Poll::start(self.poll_interval, self.waker.clone())?,
        };
        self.polled.insert(polled).watch(directory)
    }

    fn unlisted(&mut self, directory: &str, error: &io::Error) -> Means {
        let interval = self.poll_interval.as_millis();
        self.problems.push(format!(
            "cannot watch {directory} ({error}): looking at its modules every {interval} ms instead"
        ));
        self.next_look.get_or_insert_with(|| Instant::now() + self.poll_interval);
        self.waker.wake();
        Means::Unlisted
    }

    fn look_at_unlisted(&mut self) {
        let Some(at) = self.next_look else { return };
        let now = Instant::now();
        if now < at {
            return;
        }
        let unlisted = self.directories.iter().filter(|(_, known)| known.means == Means::Unlisted);
        let events = unlisted.map(|(path, _)| Event::Unlisted { path: path.to_string() });
        let before = self.events.len();
        self.events.extend(events);
        let any = self.events.len() > before;
        self.next_look = any.then(|| now + self.poll_interval);
    }

    /// When [`Watch::drain`] is to be called at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.next_look
    }

    /// Holds the nearest ancestor that exists, so as to see `directory` come.
    fn wait_for(&mut self, directory: &str) -> Means {
        let mut ancestor = parent(directory);
        let mut missing = directory;
        while !Path::new(ancestor).is_dir() && parent(ancestor) != ancestor {
            (missing, ancestor) = (ancestor, parent(ancestor));
        }
        self.retain(ancestor);
        // What came before the watch gives no event.
        if Path::new(missing).is_dir() {
            self.events.push(Event::Directory { path: missing.to_owned(), appeared: true });
        }
        Means::Missing(ancestor.into())
    }

    fn detach(&mut self, directory: &str, means: &Means) {
        match means {
            Means::Native | Means::Shared => {
                if let Some(native) = &mut self.native {
                    native.unwatch(directory);
                }
            }
            Means::Polled => {
                if let Some(polled) = &mut self.polled {
                    polled.unwatch(directory);
                }
            }
            Means::Both => {
                self.detach(directory, &Means::Native);
                self.detach(directory, &Means::Polled);
            }
            Means::Missing(ancestor) => self.release(ancestor),
            Means::Unlisted | Means::Unwatched => {}
        }
    }

    /// A directory came: those below it that were waited for may be there now.
    fn retry_below(&mut self, path: &str) {
        self.reattach(path, |means| matches!(means, Means::Missing(_)));
    }

    /// A directory went: its watches are dead, or follow it to another name.
    fn lose_below(&mut self, path: &str) {
        self.reattach(path, |means| !matches!(means, Means::Missing(_)));
        // It may be back already, with other files.
        if self.directories.get(path).is_some_and(|known| !matches!(known.means, Means::Missing(_)))
        {
            self.events.push(Event::Directory { path: path.to_owned(), appeared: true });
        }
    }

    fn reattach(&mut self, path: &str, which: impl Fn(&Means) -> bool) {
        let slash = std::path::MAIN_SEPARATOR_STR;
        let prefix = if path == slash { String::new() } else { format!("{path}{slash}") };
        let below = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let below = self.directories.range::<str, _>(below);
        let below = below.take_while(|(directory, _)| directory.starts_with(&prefix));
        let concerned: Vec<_> = self
            .directories
            .get_key_value(path)
            .into_iter()
            .chain(below)
            .filter(|(_, known)| which(&known.means))
            .map(|(directory, _)| directory.clone())
            .collect();
        for directory in concerned {
            // One of them may have been retained for another only, and be changed or gone by now.
            let Some(means) = self.directories.get(&directory).map(|known| known.means.clone())
            else {
                continue;
            };
            if !which(&means) {
                continue;
            }
            self.detach(&directory, &means);
            let means = self.attach(&directory);
            if let Some(known) = self.directories.get_mut(&directory) {
                known.means = means;
            }
            let files = self.files.keys().filter(|file| parent(file) == &*directory);
            for file in files.cloned().collect::<Vec<_>>() {
                self.attach_file(&file);
            }
        }
    }
}
