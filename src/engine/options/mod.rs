//! Options: which were given where, what is in force, and what it means for all that is known.

mod given;
mod saved;
mod unmatched;

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use crate::config::{Config, Origin, Watching};
use crate::decision::Reporter;
use crate::engine::Engine;
use crate::engine::changes::changed_since;
use crate::error::ConfigError;
use crate::graph::{ModuleId, ThreadId};

use given::Given;
use unmatched::Unmatched;
pub use unmatched::{Search, Searched};

/// All options.
#[derive(Default)]
pub struct Options {
    given: Given,
    /// What is in force, once there is something.
    config: Option<Arc<Config>>,
    /// What was last said of a package.json that cannot be used.
    refused: Option<String>,
    unmatched: Unmatched,
}

impl Engine {
    /// Takes options in, over those of earlier calls. Returns warnings for the user, a line each.
    ///
    /// # Errors
    /// The first option that cannot be used; nothing is changed then.
    pub fn configure(
        &mut self,
        thread: ThreadId,
        given: &Value,
        origin: &Origin,
    ) -> Result<Vec<String>, ConfigError> {
        let Some(taken) = self.options.given.take(thread, given, origin)? else {
            return Ok(Vec::new());
        };
        self.apply_given()?;
        if let Some(root) = taken.root {
            self.root_file(thread, &root);
        }
        if let Some(file) = origin.file() {
            self.follow_options(file);
        }
        Ok(taken.warnings)
    }

    /// What was given holds from now on. Returns the options that are others than before, by name.
    pub(in crate::engine) fn apply_given(&mut self) -> Result<Vec<&'static str>, ConfigError> {
        let config = self.options.given.config()?;
        let changed = match &self.options.config {
            Some(before) => before.differences(&config),
            None => vec!["boundaries"],
        };
        if !changed.is_empty() {
            self.apply(config);
        }
        if changed.iter().any(|option| ["boundaries", "rootDirectory"].contains(option)) {
            self.await_matches(Instant::now());
        }
        Ok(changed)
    }

    /// The file that called `hot.init`: it runs already, and never passed a hook.
    pub(in crate::engine) fn root_file(&mut self, thread: ThreadId, path: &str) {
        let id = self.module_at(path);
        let found = self.fingerprint(id);
        self.modules.content_mut(id).assume(found);
        self.add_root(thread, id);
    }

    /// These options hold from now on.
    pub(in crate::engine) fn apply(&mut self, config: Config) {
        let before: Vec<_> = self.modules.watched_paths().cloned().collect();
        let config = Arc::new(config);
        let freed = self.modules.configure(config.clone());
        self.options.config = Some(config);
        self.watch_as_configured(&before);
        for id in freed {
            self.freed(id);
        }
    }

    /// Begins to watch, or ends it, if that is what the configuration says and what it says it for is there. `before`: the paths
    /// whose directories are watched until now.
    fn watch_as_configured(&mut self, before: &[Arc<str>]) {
        let Some(config) = self.options.config.clone() else { return };
        if self.changes.is_other_watch(&config) {
            // What the old watch has seen is not lost with it.
            self.collect(Instant::now());
        }
        let paths: Vec<_> = self.modules.watched_paths().cloned().collect();
        let is_new = self.changes.configure(&config, before, &paths);
        // What was changed while nothing was watched is a change now.
        if is_new && !self.modules.is_empty() {
            self.suspect_all();
        }
    }

    /// There is a parent process with an IPC channel: it may report changes.
    pub fn has_parent(&mut self) {
        if self.changes.note_parent() {
            let before: Vec<_> = self.modules.watched_paths().cloned().collect();
            self.watch_as_configured(&before);
        }
    }

    /// Whether changes are to be taken from the parent process; `None` before [`Engine::configure`].
    pub fn takes_reports(&self) -> Option<bool> {
        self.changes.watching().map(|watching| watching != Watching::Everything)
    }

    /// A module is ignored no longer. What it held when it was loaded is unknown, only whether it was changed since.
    pub(in crate::engine) fn freed(&mut self, id: ModuleId) {
        if self.lifecycle.of_module(id).next().is_none() {
            return;
        }
        let found = self.look_at(id);
        let path = self.modules.get(id).path.clone();
        self.modules.content_mut(id).assume(found);
        if changed_since(&path, self.started) {
            self.changes.add_undecided([(path, Reporter::WatcherWhileReading)]);
        }
    }

    fn root_directory(&self) -> &str {
        self.options.config.as_ref().map_or("", |config| config.root_directory.as_str())
    }

    /// The configuration, once there is one.
    pub fn config(&self) -> Option<&Config> {
        self.options.config.as_deref()
    }

    /// A path as people want to read it: relative to the root directory.
    pub fn show(&self, path: &str) -> String {
        crate::path::relative(self.root_directory(), path)
    }

    /// When patterns are to be looked at.
    pub(in crate::engine) fn options_deadline(&self) -> Option<Instant> {
        self.options.unmatched.deadline()
    }

    /// A thread has ended, and what it has given counts no longer.
    pub(in crate::engine) fn forget_options(&mut self, thread: ThreadId) {
        if self.options.given.forget(thread) {
            // What is left was in force before.
            let _ = self.apply_given();
        }
    }
}
