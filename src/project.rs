//! Watching on behalf of a supervisor, whose app does not run and so cannot watch itself: the files of a project as a
//! tree, or a few files by name.

use std::fs::Metadata;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Instant, SystemTime};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::config::Config;
use crate::fingerprint::Fingerprint;
use crate::glob::{Matcher, forward_slashes};
use crate::skipped::{is_scratch, is_skipped_folder};
use crate::stamp::Stamp;
use crate::watch::linked::LinkedFiles;
use crate::watch::settle::{FileEvent, Settle};
use crate::watch::{Event, Poller, Waker, Watch, join, parent, sleep};

/// Stands for any file of a folder, when patterns are asked whether they match all of them.
const ANY_FILE: &str = "\u{1}";

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Files that were saved or deleted, absolute.
    pub paths: Vec<String>,
    /// They were saved before the watch began.
    pub early: bool,
    /// What could not be watched, a line each.
    pub problems: Vec<String>,
    /// All is told that was asked for by so many calls of [`Watcher::sync`].
    pub synced: u32,
}

/// What is watched.
pub enum Scope {
    /// All files of a project except those that no person saves; any save counts.
    Tree(Box<Tree>),
    /// These files, whether they exist or not; only other bytes count.
    Files(FxHashMap<Arc<str>, Fingerprint>),
}

/// A project's files.
pub struct Tree {
    root: String,
    ignore: Matcher,
    restart: Matcher,
    /// Folders that are not entered, besides those that `ignore` covers.
    skip: Vec<String>,
    /// Files that are younger count as saved.
    since: SystemTime,
    /// Files that are there, or were: one that comes and goes in a moment was never saved.
    known: FxHashSet<String>,
    /// Files that were seen once, and may be gone soon.
    new: FxHashSet<String>,
}

impl Tree {
    /// The files that `config` leaves to be watched, except those in the folders `skip`.
    pub fn new(config: &Config, skip: Vec<String>, since: SystemTime) -> Self {
        let (root, ignore) = (config.root_directory.clone(), config.ignore.clone());
        Self {
            root,
            ignore,
            restart: config.restart.clone(),
            skip,
            since,
            known: FxHashSet::default(),
            new: FxHashSet::default(),
        }
    }

    fn enters(&self, directory: &str) -> bool {
        let name = Path::new(directory).file_name().and_then(|name| name.to_str()).unwrap_or("");
        !is_skipped_folder(name)
            && !self.skip.iter().any(|skipped| skipped == directory)
            && !self.ignore.is_match(&forward_slashes(&join(directory, ANY_FILE)))
    }

    /// Whether a save of the file counts. What files are called says nothing of folders: `core` may hold modules.
    fn counts(&self, path: &str) -> bool {
        let path = &*forward_slashes(path);
        if self.restart.is_match(path) {
            return true;
        }
        self.is_inside(path)
            && !is_scratch(path)
            && !self.ignore.is_match(path)
            && !self.skip.iter().any(|skipped| Path::new(path).starts_with(skipped))
    }

    /// Whether the file is seen for the first time. One that is written again counts: frequent saves must not put it off for ever.
    fn is_new(&mut self, path: &str) -> bool {
        !self.known.contains(path) && self.counts(path) && self.new.insert(path.to_owned())
    }

    fn is_inside(&self, path: &str) -> bool {
        Path::new(path).starts_with(&self.root)
    }
}

/// Files by name, with what they hold now. They are to be watched before they are read again.
pub fn files(paths: Vec<String>) -> Scope {
    Scope::Files(paths.into_iter().map(|path| (path.into(), Fingerprint::Absent)).collect())
}

/// A watch that runs in its own thread until it is dropped.
pub struct Watcher {
    waker: Waker,
    stopped: Arc<AtomicBool>,
    syncs: Arc<AtomicU32>,
}

impl Watcher {
    /// Watches, and calls `report` in the watch's own thread.
    ///
    /// # Errors
    /// No more file descriptors or threads.
    pub fn start(
        scope: Scope,
        poll: Option<std::time::Duration>,
        report: impl Fn(Found) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (waker, mut poller) = sleep::pair()?;
        let watch = Watch::new(poll, waker.clone());
        watch.wake_on_events(&mut poller);
        let stopped = Arc::new(AtomicBool::new(false));
        let (linked, settle) = (LinkedFiles::default(), Settle::default());
        let syncs = Arc::new(AtomicU32::new(0));
        let mut run = Run { scope, watch, linked, settle, syncs: syncs.clone(), synced: 0 };
        let until = stopped.clone();
        std::thread::Builder::new()
            .name("hot-hook-project".to_owned())
            .spawn(move || run.run(&poller, &until, report))?;
        Ok(Self { waker, stopped, syncs })
    }

    /// Takes in what was saved by now: when that is told, and nothing settles, [`Found::synced`] is what is returned, or more.
    pub fn sync(&self) -> u32 {
        let number = self.syncs.fetch_add(1, Ordering::AcqRel) + 1;
        self.waker.wake();
        number
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.waker.wake();
    }
}

struct Run {
    scope: Scope,
    watch: Watch,
    linked: LinkedFiles,
    settle: Settle,
    /// How often it was asked to take in what was saved.
    syncs: Arc<AtomicU32>,
    synced: u32,
}

impl Run {
    fn run(&mut self, poller: &Poller, stopped: &AtomicBool, report: impl Fn(Found)) {
        let say = |found: Found| {
            if found != Found::default() {
                report(found);
            }
        };
        let paths = self.begin();
        let problems = self.watch.take_problems();
        say(Found { early: !paths.is_empty(), paths, problems, synced: 0 });
        while !stopped.load(Ordering::Relaxed) {
            // What is asked for from here on is taken in by the next round.
            let asked = self.syncs.load(Ordering::Acquire);
            let paths = self.drain(Instant::now());
            let is_synced = asked != self.synced && self.settle.is_empty();
            let synced = if is_synced { asked } else { 0 };
            if is_synced {
                self.synced = asked;
            }
            say(Found { paths, early: false, problems: self.watch.take_problems(), synced });
            let now = Instant::now();
            let at = self.settle.deadline().into_iter().chain(self.watch.deadline()).min();
            poller.sleep(at.map(|at| at.saturating_duration_since(now)));
        }
    }

    /// Watches. Returns the files that have been saved meanwhile.
    fn begin(&mut self) -> Vec<String> {
        match &mut self.scope {
            Scope::Files(files) => {
                for (path, held) in files {
                    self.watch.retain(parent(path));
                    *held = self.linked.fingerprint(path, Some(&mut self.watch));
                }
                Vec::new()
            }
            Scope::Tree(tree) => {
                let (root, since) = (tree.root.clone(), tree.since);
                let bases = tree.restart.bases();
                let mut found = self.enter(&root, Some(since));
                for base in bases {
                    self.watch.retain(&base.directory);
                }
                found.sort_unstable();
                found
            }
        }
    }

    /// Watches a folder and those below it. Returns the files in them that count and are younger than `since`.
    fn enter(&mut self, directory: &str, since: Option<SystemTime>) -> Vec<String> {
        let mut found = Vec::new();
        let mut stack = vec![directory.to_owned()];
        while let Some(directory) = stack.pop() {
            // A directory that comes back is retained already.
            self.watch.retain(&directory);
            let Scope::Tree(tree) = &mut self.scope else { break };
            let Ok(entries) = std::fs::read_dir(&directory) else { continue };
            for entry in entries.flatten() {
                let Some(path) = entry.path().to_str().map(str::to_owned) else { continue };
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    if tree.enters(&path) {
                        stack.push(path);
                    }
                } else if tree.counts(&path) {
                    tree.known.insert(path.clone());
                    let data = entry.metadata().ok();
                    note(&mut self.linked, &path, data.as_ref(), &mut self.watch);
                    if data.is_some_and(|data| is_younger(&data, since)) {
                        found.push(path);
                    }
                }
            }
        }
        found
    }

    fn drain(&mut self, now: Instant) -> Vec<String> {
        let mut suspects = Vec::new();
        for event in self.watch.drain() {
            match event {
                Event::File { path, event, .. } => {
                    let event = self.as_of_file(&path, event);
                    if self.counts(&path) && self.settle.push(&path, event, now) {
                        suspects.push(path);
                    }
                }
                Event::Directory { path, appeared: true } => {
                    if matches!(&self.scope, Scope::Tree(tree) if tree.is_inside(&path) && tree.enters(&path))
                    {
                        suspects.extend(self.enter(&path, None));
                    }
                    suspects.extend(self.named_below(&path));
                }
                Event::Directory { path, appeared: false } | Event::Unlisted { path } => {
                    suspects.extend(self.named_below(&path));
                }
                Event::Overflow => suspects.extend(self.anything()),
            }
        }
        suspects.extend(self.settle.due(now).iter().map(ToString::to_string));
        suspects.retain(|path| self.is_change(path));
        suspects.sort_unstable();
        suspects.dedup();
        suspects
    }

    /// What an event amounts to: a file of a tree that is seen for the first time may be one that an editor, or `sed -i`, is about
    /// to rename into place.
    fn as_of_file(&mut self, path: &str, event: FileEvent) -> FileEvent {
        match &mut self.scope {
            Scope::Tree(tree) if event == FileEvent::Written => {
                if tree.is_new(path) {
                    FileEvent::Modified
                } else {
                    event
                }
            }
            _ => event,
        }
    }

    fn counts(&self, path: &str) -> bool {
        match &self.scope {
            Scope::Tree(tree) => tree.counts(path),
            Scope::Files(files) => files.contains_key(path),
        }
    }

    fn named_below(&self, directory: &str) -> Vec<String> {
        match &self.scope {
            Scope::Files(files) => files
                .keys()
                .filter(|path| Path::new(path.as_ref()).starts_with(directory))
                .map(ToString::to_string)
                .collect(),
            Scope::Tree(_) => Vec::new(),
        }
    }

    /// Events were lost.
    fn anything(&self) -> Vec<String> {
        match &self.scope {
            Scope::Tree(tree) => vec![tree.root.clone()],
            Scope::Files(_) => self.named_below(std::path::MAIN_SEPARATOR_STR),
        }
    }

    fn is_change(&mut self, path: &str) -> bool {
        let watch = &mut self.watch;
        match &mut self.scope {
            Scope::Tree(tree) => {
                tree.new.remove(path);
                match Path::new(path).symlink_metadata() {
                    Ok(data) => {
                        note(&mut self.linked, path, Some(&data), watch);
                        tree.known.insert(path.to_owned());
                        true
                    }
                    Err(_) => tree.known.remove(path),
                }
            }
            Scope::Files(files) => files.get_mut(path).is_some_and(|held| {
                let now = self.linked.fingerprint(&path.into(), Some(watch));
                std::mem::replace(held, now) != now
            }),
        }
    }
}

/// A file with this metadata is watched under its other names, too.
fn note(linked: &mut LinkedFiles, path: &str, data: Option<&Metadata>, watch: &mut Watch) {
    if let Some(data) = data.filter(|data| data.is_file()) {
        linked.note(&path.into(), &Stamp::new(data), watch);
    }
}

fn is_younger(data: &Metadata, since: Option<SystemTime>) -> bool {
    let Some(since) = since else { return true };
    // One of tomorrow was not saved just now.
    let now = SystemTime::now();
    data.modified().is_ok_and(|at| at > since && at <= now)
}
