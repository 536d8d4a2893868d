//! Files that count, imported or not, existing or not: those whose change asks for a restart, and those that a module
//! watches.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::fingerprint::Fingerprint;
use crate::glob::{Base, Matcher};
use crate::skipped::is_skipped_folder;
use crate::stamp::Stamp;
use crate::watch::linked::LinkedFiles;
use crate::watch::{Watch, join};

use super::hashing::{HUGE, Hashed, Hashing, LARGE};

/// What is known of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    /// `None` if there is no file.
    stamp: Option<Stamp>,
    /// `None` as long as it was not hashed.
    content: Option<Fingerprint>,
}

impl Known {
    /// Of the file at `path`, with its content if that is read at once: `look` is called before, and says so.
    fn of(path: &str, look: impl FnOnce(&Stamp) -> bool) -> Self {
        let path = Path::new(path);
        let stamp = Stamp::of_file(path);
        let content = match &stamp {
            None => Some(Fingerprint::Absent),
            Some(stamp) => look(stamp).then(|| Fingerprint::of_file(path)),
        };
        Self { stamp, content }
    }

    fn length(&self) -> Option<u64> {
        self.stamp.map(|stamp| stamp.length)
    }
}

/// What patterns match, and what it held.
#[derive(Debug, Default)]
pub struct Files {
    matcher: Matcher,
    bases: Vec<Base>,
    held: FxHashSet<Arc<str>>,
    linked: LinkedFiles,
    known: FxHashMap<Arc<str>, Known>,
    /// Large files that hold something else, as hashing has found.
    changed: FxHashSet<Arc<str>>,
}

impl Files {
    /// Watches where `matcher` can match, then notes what the files hold. What was known of a file stays: it may have been
    /// changed since, and that is not decided on yet.
    pub fn set(&mut self, matcher: &Matcher, mut watch: Option<&mut Watch>, hashing: &mut Hashing) {
        let before = std::mem::take(&mut self.held);
        self.matcher = matcher.clone();
        self.bases = matcher.bases();
        self.known.retain(|path, _| matcher.is_match(path));
        self.linked.retain(watch.as_deref_mut(), |path| matcher.is_match(path));
        let mut left = LARGE;
        for base in self.bases.clone() {
            for file in self.enter(&base.directory, base.recursive, &mut watch) {
                if let Some(Known { stamp, .. }) = self.known.get(&file) {
                    if let (Some(stamp), Some(watch)) = (stamp, &mut watch) {
                        self.linked.note(&file, stamp, watch);
                    }
                    continue;
                }
                let known = Known::of(&file, |stamp| {
                    if let Some(watch) = &mut watch {
                        self.linked.note(&file, stamp, watch);
                    }
                    stamp.length <= left
                });
                if known.content.is_some() {
                    left -= known.length().unwrap_or(0);
                } else {
                    request(&file, &known, hashing);
                }
                self.known.insert(file, known);
            }
        }
        // Only now: what was retained and is retained again is watched all the time.
        if let Some(watch) = watch {
            for directory in &before {
                watch.release(directory);
            }
        }
    }

    /// The watch that retained its directories is gone.
    pub fn forget_held(&mut self) {
        self.held.clear();
        self.linked.forget();
    }

    /// They count no longer.
    pub fn release(&mut self, mut watch: Option<&mut Watch>) {
        self.linked.retain(watch.as_deref_mut(), |_| false);
        let held = std::mem::take(&mut self.held);
        if let Some(watch) = watch {
            for directory in held {
                watch.release(&directory);
            }
        }
    }

    /// Watches them again, by a watch that holds none of their directories.
    pub fn watch_again(&mut self, watch: &mut Watch, hashing: &mut Hashing) {
        self.forget_held();
        let matcher = self.matcher.clone();
        self.set(&matcher, Some(watch), hashing);
    }

    /// Whether a path is one of them.
    pub fn have(&self, path: &str) -> bool {
        self.matcher.is_match(path)
    }

    /// The pattern that a path matches.
    pub fn matching(&self, path: &str) -> Option<&str> {
        self.matcher.matching(path)
    }

    /// A directory came: where a pattern reaches into it, it is watched too. Returns the files that came with it.
    pub fn directory_appeared(&mut self, directory: &str, watch: &mut Watch) -> Vec<Arc<str>> {
        let mut came = Vec::new();
        for base in self.bases.clone() {
            let inside = Path::new(&base.directory).starts_with(directory);
            if inside {
                came.extend(self.enter(&base.directory, base.recursive, &mut Some(watch)));
            } else if base.recursive && Path::new(directory).starts_with(&base.directory) {
                came.extend(self.enter(directory, true, &mut Some(watch)));
            }
        }
        came
    }

    /// Whether the file holds something else than when it was last asked about. If only reading a large file can tell, it
    /// holds the same until [`Files::record_hash`] says otherwise.
    pub fn is_change(
        &mut self,
        path: &str,
        watch: Option<&mut Watch>,
        hashing: &mut Hashing,
    ) -> bool {
        let path: Arc<str> = path.into();
        let now = Known::of(&path, |stamp| {
            if let Some(watch) = watch {
                self.linked.note(&path, stamp, watch);
            }
            stamp.length <= LARGE
        });
        let before = self.known.get(&path).copied();
        let before = before.unwrap_or(Known { stamp: None, content: Some(Fingerprint::Absent) });
        let is_found = self.changed.remove(&path);
        let is_change = match (before.content, now.content) {
            _ if is_found => true,
            (Some(before), Some(now)) => before != now,
            _ if before.stamp == now.stamp => false,
            // The bytes might be the same, and reading tells: what was known is kept until then.
            (Some(_), None) if before.length() == now.length() && request(&path, &now, hashing) => {
                return false;
            }
            _ => true,
        };
        let now = match now.content {
            None if before.stamp == now.stamp => before,
            None if is_change && before.length() == now.length() => {
                request(&path, &now, hashing);
                now
            }
            _ => now,
        };
        self.known.insert(path, now);
        is_change
    }

    /// Takes in what a large file holds. Returns whether that is a change, of which [`Files::is_change`] tells next.
    pub fn record_hash(&mut self, hashed: &Hashed) -> bool {
        let Some(known) = self.known.get_mut(&hashed.path) else { return false };
        let Some(stamp) = hashed.stamp else { return false };
        if known.stamp == Some(stamp) {
            known.content = Some(hashed.content);
            return false;
        }
        // A file that was changed once more is judged by the event of that.
        let is_current = Stamp::of_file(Path::new(hashed.path.as_ref())) == Some(stamp);
        let Some(before) = known.content.filter(|_| is_current) else { return false };
        *known = Known { stamp: Some(stamp), content: Some(hashed.content) };
        let is_change = before != hashed.content;
        if is_change {
            self.changed.insert(hashed.path.clone());
        }
        is_change
    }

    /// The files that matched so far.
    pub fn files(&self) -> impl Iterator<Item = &Arc<str>> {
        self.known.keys()
    }

    /// Watches a directory, and returns the files in it that match.
    fn enter(
        &mut self,
        directory: &str,
        recursive: bool,
        watch: &mut Option<&mut Watch>,
    ) -> Vec<Arc<str>> {
        if let Some(watch) = watch
            && self.held.insert(directory.into())
        {
            watch.retain(directory);
        }
        let mut found = Vec::new();
        let Ok(entries) = std::fs::read_dir(directory) else { return found };
        for entry in entries.flatten() {
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let path = join(directory, &name);
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_directory && recursive && !is_skipped_folder(&name) {
                found.extend(self.enter(&path, true, watch));
            } else if !is_directory && self.matcher.is_match(&path) {
                found.push(path.into());
            }
        }
        found
    }
}

/// Asks for the content of a file, unless that takes too long. Returns whether it will be known.
fn request(path: &Arc<str>, known: &Known, hashing: &mut Hashing) -> bool {
    let is_readable = known.length().is_some_and(|length| length <= HUGE);
    if is_readable {
        hashing.request(path);
    }
    is_readable
}
