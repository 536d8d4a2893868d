//! Files that count, imported or not, existing or not: those whose change asks for a restart, and those that a module
//! watches.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::decision::Reporter;
use crate::fingerprint::Fingerprint;
use crate::glob::{Base, Matcher};
use crate::watch::{Watch, join};

/// Folders in which nobody keeps such files, and which may be huge.
const SKIPPED: [&str; 2] = ["node_modules", ".git"];

/// What patterns match, and what it held.
#[derive(Debug, Default)]
pub struct Files {
    matcher: Matcher,
    bases: Vec<Base>,
    held: FxHashSet<Arc<str>>,
    known: FxHashMap<Arc<str>, Fingerprint>,
    /// What was last decided on.
    told: FxHashMap<Arc<str>, Fingerprint>,
}

impl Files {
    /// Watches where `matcher` can match, then notes what the files hold.
    pub fn set(&mut self, matcher: &Matcher, mut watch: Option<&mut Watch>) {
        self.let_go(watch.as_deref_mut());
        self.matcher = matcher.clone();
        self.bases = matcher.bases();
        for base in self.bases.clone() {
            for file in self.enter(&base.directory, base.recursive, &mut watch) {
                let held = Fingerprint::of_file(Path::new(file.as_ref()));
                self.known.insert(file, held);
            }
        }
    }

    /// They count no longer.
    pub fn let_go(&mut self, watch: Option<&mut Watch>) {
        let held = std::mem::take(&mut self.held);
        if let Some(watch) = watch {
            for directory in held {
                watch.let_go(&directory);
            }
        }
    }

    /// Watches them again, after nobody did.
    pub fn watch_again(&mut self, watch: &mut Watch) {
        let matcher = self.matcher.clone();
        self.set(&matcher, Some(watch));
    }

    /// Whether a path is one of them.
    pub fn have(&self, path: &str) -> bool {
        self.matcher.is_match(path)
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

    /// Whether the file holds something else than when it was last asked about.
    pub fn is_change(&mut self, path: &str, reporter: Reporter) -> bool {
        let now = Fingerprint::of_file(Path::new(path));
        let before = self.known.insert(path.into(), now).unwrap_or(Fingerprint::Absent);
        let told_before = self.told.insert(path.into(), now) == Some(now);
        before != now || (reporter == Reporter::Parent && !told_before)
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
            watch.hold(directory);
        }
        let mut found = Vec::new();
        let Ok(entries) = std::fs::read_dir(directory) else { return found };
        for entry in entries.flatten() {
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let path = join(directory, &name);
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_directory && recursive && !SKIPPED.contains(&name.as_str()) {
                found.extend(self.enter(&path, true, watch));
            } else if !is_directory && self.matcher.is_match(&path) {
                found.push(path.into());
            }
        }
        found
    }
}
