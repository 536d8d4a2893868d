//! What counts as a change of a module besides its file: a file that it watches, and its own word.

use std::path::Path;
use std::sync::Arc;

use crate::decision::Cause;
use crate::glob::{Matcher, PatternError};
use crate::graph::instance::InstanceId;
use crate::graph::{ModuleId, ThreadId};
use crate::watch::parent;

use super::Engine;
use super::changes::Batch;
use super::files::Files;
use super::hashing::Hashed;
use super::outbox::HotEvent;

impl Engine {
    /// From now on, a change of a file that one of `patterns` matches counts as a change of the instance's module.
    /// Relative ones are meant from the module's folder. Returns whether that counts: it does not once the instance has
    /// been disposed of.
    ///
    /// # Errors
    /// A pattern that cannot be used; nothing is watched then.
    pub fn watch_files(&mut self, id: InstanceId, patterns: &[&str]) -> Result<bool, PatternError> {
        let Some(instance) = self.instances.get(id) else { return Ok(false) };
        let path = self.graph.get(instance.module).path.clone();
        let patterns: Vec<_> = patterns.iter().map(|pattern| from_folder(pattern)).collect();
        let matcher = Matcher::new(Path::new(parent(&path)), &patterns)?;
        let mut files = Files::default();
        files.set(&matcher, self.watch.as_mut(), &mut self.hashing);
        match self.entry_of(id) {
            Some((_, entry)) => entry.watches.push(files),
            None => files.release(self.watch.as_mut()),
        }
        Ok(self.slots.knows(id))
    }

    /// Whether a module watches `path`.
    pub(super) fn is_watched(&self, path: &str) -> bool {
        let watches = self.slots.all().flat_map(|(_, entry)| &entry.watches);
        watches.into_iter().any(|files| files.have(path))
    }

    /// The files that modules watch.
    pub(super) fn watched_files(&self) -> impl Iterator<Item = &Arc<str>> {
        self.slots.all().flat_map(|(_, entry)| &entry.watches).flat_map(Files::files)
    }

    /// A directory came. Returns the watched files that came with it.
    pub(super) fn watched_appeared(&mut self, directory: &str) -> Vec<Arc<str>> {
        let Some(watch) = &mut self.watch else { return Vec::new() };
        let watches = self.slots.all_mut().flat_map(|(_, entry)| &mut entry.watches);
        watches.flat_map(|files| files.directory_appeared(directory, watch)).collect()
    }

    /// Files are watched again, after none was.
    pub(super) fn watch_again(&mut self) {
        self.watch_manifests();
        let Some(watch) = &mut self.watch else { return };
        for (_, entry) in self.slots.all_mut() {
            for files in &mut entry.watches {
                files.watch_again(watch, &mut self.hashing);
            }
        }
    }

    /// A file has changed that modules may watch.
    pub(super) fn consider_watched(&mut self, path: &str, batch: &mut Batch) {
        let mut modules = Vec::new();
        for (slot, entry) in self.slots.all_mut() {
            for files in &mut entry.watches {
                if files.have(path) && files.is_change(path, self.watch.as_mut(), &mut self.hashing)
                {
                    modules.push(slot.module);
                }
            }
        }
        modules.sort_unstable();
        modules.dedup();
        for id in modules {
            // Nobody began to load this version: whoever does will read what the file holds now.
            if self.graph.get(id).load_started {
                let by = self.graph.get(id).path.clone();
                self.decide_because(id, Cause::Watched { by }, path, batch);
            }
        }
    }

    /// What a large file holds. Returns whether modules watch it for which that is a change.
    pub(super) fn learn_watched(&mut self, hashed: &Hashed) -> bool {
        let mut is_change = false;
        for (_, entry) in self.slots.all_mut() {
            for files in &mut entry.watches {
                is_change |= files.record_hash(hashed);
            }
        }
        is_change
    }

    /// The modules that watch a file, or whose source map it is.
    pub(super) fn watchers(&self, path: &str) -> Vec<ModuleId> {
        let watch =
            self.slots.all().filter(|(_, entry)| entry.watches.iter().any(|it| it.have(path)));
        let mut modules: Vec<_> =
            watch.map(|(slot, _)| slot.module).chain(self.mapped_by(path)).collect();
        modules.sort_unstable();
        modules.dedup();
        modules
    }

    /// The module that a thread knows by `url` is to be treated as if it had changed, and its accepting itself does not
    /// help. Decided with the next [`Engine::drain`].
    pub fn invalidate(&mut self, thread: ThreadId, url: &str, message: Option<&str>) {
        let Some(meaning) = self.urls.meaning(url) else { return };
        self.invalidated.push((meaning.module, message.map(Arc::from)));
        if let Some(thread) = self.threads.get(&thread) {
            thread.wake();
        }
    }

    pub(super) fn consider_invalidated(&mut self, batch: &mut Batch) {
        for (id, message) in std::mem::take(&mut self.invalidated) {
            let path = self.graph.get(id).path.clone();
            self.emit(|_| HotEvent::Invalidate { path: path.clone(), message: message.clone() });
            self.decide_because(id, Cause::Invalidated { message }, &path, batch);
        }
    }
}

/// `**` alone would match anywhere.
fn from_folder(pattern: &str) -> String {
    match pattern.strip_prefix('!') {
        Some(excluded) => format!("!{}", from_folder(excluded)),
        None if pattern.starts_with("**") => format!("./{pattern}"),
        None => pattern.to_owned(),
    }
}

impl Batch {
    /// A file that is no module has changed.
    pub(super) fn note_file(&mut self, path: &str) {
        if !self.files.iter().any(|known| **known == *path) {
            self.files.push(path.into());
        }
    }
}
