//! Files that modules watch: a change of one counts as a change of the module. They are kept by the instance that has asked for
//! them, as long as what that has registered may count.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::lifecycle::instance::InstanceId;
use crate::glob::Matcher;

use super::Changes;
use super::files::Files;
use super::hashing::Hashed;

/// By instance, what matches each of its patterns' sets.
#[derive(Default)]
pub struct Watched(BTreeMap<InstanceId, Vec<Files>>);

impl Watched {
    fn all(&self) -> impl Iterator<Item = &Files> {
        self.0.values().flatten()
    }

    /// Whether any is at `path`.
    pub fn have(&self, path: &str) -> bool {
        self.all().any(|files| files.have(path))
    }

    /// All that matched so far.
    pub fn files(&self) -> impl Iterator<Item = &Arc<str>> {
        self.all().flat_map(Files::files)
    }

    /// Takes in what a large file holds. Returns whether that is a change for an instance that watches it.
    pub fn record_hash(&mut self, hashed: &Hashed) -> bool {
        let mut is_change = false;
        for files in self.0.values_mut().flatten() {
            is_change |= files.record_hash(hashed);
        }
        is_change
    }
}

impl Changes {
    /// The instance watches what `matcher` matches from now on.
    pub fn watch_files(&mut self, id: InstanceId, matcher: &Matcher) {
        let mut files = Files::default();
        files.set(matcher, self.watch.as_mut(), &mut self.hashing);
        self.watched.0.entry(id).or_default().push(files);
    }

    /// What the instance watches counts no longer.
    pub fn unwatch_files(&mut self, id: InstanceId) {
        for mut files in self.watched.0.remove(&id).into_iter().flatten() {
            files.release(self.watch.as_mut());
        }
    }

    /// The instances that watch `path`.
    pub fn watchers<'a>(&'a self, path: &'a str) -> impl Iterator<Item = InstanceId> + 'a {
        let watch = |files: &Vec<Files>| files.iter().any(|files| files.have(path));
        self.watched.0.iter().filter(move |(_, files)| watch(files)).map(|(&id, _)| id)
    }

    /// Whether the file holds something else than when it was last asked about, for an instance that watches it.
    pub fn is_watched_change(&mut self, id: InstanceId, path: &str) -> bool {
        let mut is_change = false;
        let files = self.watched.0.get_mut(&id).into_iter().flatten();
        for files in files.filter(|files| files.have(path)) {
            is_change |= files.is_change(path, self.watch.as_mut(), &mut self.hashing);
        }
        is_change
    }

    /// A directory came. Returns the watched files that came with it.
    pub(super) fn watched_appeared(&mut self, directory: &str) -> Vec<Arc<str>> {
        let Some(watch) = &mut self.watch else { return Vec::new() };
        let all = self.watched.0.values_mut().flatten();
        all.flat_map(|files| files.directory_appeared(directory, watch)).collect()
    }

    /// They are watched again, after none was.
    pub(super) fn watch_files_again(&mut self) {
        let Some(watch) = &mut self.watch else { return };
        for files in self.watched.0.values_mut().flatten() {
            files.watch_again(watch, &mut self.hashing);
        }
    }
}
