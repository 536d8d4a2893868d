//! Directories that came or went, and with them all that is below: taken in once for all that one drain brings. Each by
//! itself would look through all modules.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustc_hash::FxHashMap;

use crate::decision::Reporter;
use crate::watch::settle::FileEvent;

use super::{Changes, View};

/// Those of one drain.
#[derive(Default)]
pub struct Directories {
    /// What happened to each last, and when among the others.
    last: FxHashMap<String, (usize, bool)>,
    count: usize,
    came: Vec<String>,
}

impl Directories {
    /// A directory has `appeared`, or gone.
    pub fn push(&mut self, path: String, appeared: bool) {
        if appeared && self.last.get(&path).is_none_or(|&(_, came)| !came) {
            self.came.push(path.clone());
        }
        self.count += 1;
        self.last.insert(path, (self.count, appeared));
    }

    /// What happened last to a path, or to a directory above it.
    fn event_above(&self, path: &str) -> Option<FileEvent> {
        let above = Path::new(path).ancestors().filter_map(|at| self.last.get(at.to_str()?));
        let (_, appeared) = above.max_by_key(|(order, _)| order)?;
        Some(if *appeared { FileEvent::Written } else { FileEvent::Removed })
    }

    /// Whether a path, or a directory above it, came.
    fn came_above(&self, path: &str) -> bool {
        let mut above = Path::new(path).ancestors().filter_map(|at| self.last.get(at.to_str()?));
        !self.came.is_empty() && above.any(|(_, appeared)| *appeared)
    }
}

impl Changes {
    /// Whatever is below these directories may have changed. Returns whether there are any.
    pub(super) fn sort_directories(
        &mut self,
        directories: &Directories,
        now: Instant,
        view: View,
    ) -> bool {
        if directories.last.is_empty() {
            return false;
        }
        self.came(&directories.came, now, view, |directory| directories.came_above(directory));
        for (path, event) in self.concerned(view, |path| directories.event_above(path)) {
            self.push(&path, event, now, view);
        }
        true
    }

    /// Anything may have changed.
    pub fn suspect_all(&mut self, view: View) {
        self.is_recheck = true;
        self.came(&[std::path::MAIN_SEPARATOR_STR.to_owned()], Instant::now(), view, |_| true);
        for (path, ()) in self.concerned(view, |_| Some(())) {
            self.suspect(path, Reporter::Watcher, view);
        }
    }

    /// What directories bring that could not be watched before. `covers` says which are below them.
    fn came(
        &mut self,
        directories: &[String],
        now: Instant,
        view: View,
        covers: impl Fn(&str) -> bool,
    ) {
        let everything = self.watches_everything();
        for directory in directories {
            let came = match &mut self.watch {
                Some(watch) if everything => self.restart.directory_appeared(directory, watch),
                _ => Vec::new(),
            };
            for file in came.into_iter().chain(self.watched_appeared(directory)) {
                // One that is empty may have been made a moment ago, to be written next.
                let is_empty = std::fs::metadata(&*file).is_ok_and(|found| found.len() == 0);
                let event = if is_empty { FileEvent::Modified } else { FileEvent::Written };
                self.push(&file, event, now, view);
            }
            self.folder_appeared(directory, now);
            if self.missing.may_be(directory) {
                self.missing.arrived(directory);
                self.suspect(directory.as_str().into(), Reporter::Watcher, view);
            }
        }
        for file in self.missing.found(covers) {
            self.missing.arrived(&file);
            self.suspect(file.into(), Reporter::Watcher, view);
        }
    }

    /// All paths whose change could mean something and of which `which` has something to say, with that.
    fn concerned<T>(&self, view: View, which: impl Fn(&str) -> Option<T>) -> Vec<(Arc<str>, T)> {
        let all = view.modules.watched_paths().chain(view.modules.aliases());
        let all = all.chain(self.restart.files()).chain(self.watched.files());
        let all = all.chain(&self.options).cloned().chain(self.manifests.paths());
        let mut paths: Vec<_> =
            all.filter_map(|path| which(&path).map(|what| (path, what))).collect();
        paths.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        paths.dedup_by(|(a, _), (b, _)| a == b);
        paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_last_counts() {
        let mut directories = Directories::default();
        for (path, appeared) in [("/a", false), ("/b", true), ("/a", true), ("/a/c", false)] {
            directories.push(path.to_owned(), appeared);
        }
        for (path, expected) in [
            ("/a/x", Some(FileEvent::Written)),
            ("/a/c/x", Some(FileEvent::Removed)),
            ("/a/c", Some(FileEvent::Removed)),
            ("/b/c/x", Some(FileEvent::Written)),
            ("/c", None),
            ("/ab", None),
        ] {
            assert_eq!(directories.event_above(path), expected, "{path}");
        }
        directories.push("/a".to_owned(), false);
        assert_eq!(directories.event_above("/a/x"), Some(FileEvent::Removed));
        directories.push("/a".to_owned(), true);
        assert_eq!(directories.event_above("/a/c/x"), Some(FileEvent::Written));
        assert!(directories.came_above("/a/c/x"));
        assert!(!directories.came_above("/c"));
    }
}
