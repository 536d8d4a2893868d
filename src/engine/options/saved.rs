//! The package.json that options were read from is read again when it is saved: what it says holds at once.

use crate::config::{Origin, options_in};
use crate::error::ConfigError;

use crate::engine::Engine;
use crate::engine::update::Batch;

/// What a package.json that was read again has brought.
#[derive(Default)]
struct Reread {
    /// The options that are others than before, by name.
    changed: Vec<&'static str>,
    /// Warnings for the user, a line each.
    warnings: Vec<String>,
}

impl Engine {
    /// Options were read from the package.json at `path`: its saves count from now on, and so does one that came since.
    pub(in crate::engine) fn follow_options(&mut self, path: &str) {
        self.changes.follow_options(path);
        self.read_options_again(path, true);
    }

    /// The package.json at `path` was saved.
    pub(in crate::engine) fn consider_options(&mut self, path: &str, batch: &Batch) {
        self.read_options_again(path, !batch.asks());
    }

    /// `tells`: whether the user hears what is in force now. A restart that is asked for says enough.
    fn read_options_again(&mut self, path: &str, tells: bool) {
        let readers = self.options.given.readers(path);
        if readers.is_empty() {
            return;
        }
        // What is gone or empty is about to be written.
        let Ok(text) = std::fs::read_to_string(path) else { return };
        if text.trim().is_empty() {
            return;
        }
        let mut all = Reread::default();
        for (thread, name, base) in readers {
            let origin = Origin { name: &name, base: &base, env_watch: None };
            match self.read_again(thread, path, &text, &origin) {
                Ok(read) => {
                    all.warnings.extend(read.warnings);
                    all.changed.extend(read.changed);
                }
                Err(error) => return self.refuse_options(&error),
            }
        }
        self.options.refused = None;
        if all.changed.is_empty() && all.warnings.is_empty() {
            return;
        }
        if let Some(thread) = self.threads.values_mut().next() {
            thread.pending.reconfigured = true;
        }
        if tells && !all.changed.is_empty() && !self.lifecycle.is_prelinking() {
            self.notice(format!("{path} was saved: its {} now", applied(&all.changed)));
        }
        for line in all.warnings {
            self.notice(line);
        }
        self.wake_threads();
    }

    fn read_again(
        &mut self,
        thread: crate::graph::ThreadId,
        path: &str,
        text: &str,
        origin: &Origin,
    ) -> Result<Reread, ConfigError> {
        let value = options_in(path, text)?;
        let Some(taken) = self.options.given.take(thread, &value, origin)? else {
            return Ok(Reread::default());
        };
        let changed = self.apply_given()?;
        if let Some(root) = taken.root {
            self.root_file(thread, &root);
        }
        Ok(Reread { changed, warnings: taken.warnings })
    }

    /// Said once, however often it is looked at; whoever waits to run the app says nothing.
    fn refuse_options(&mut self, error: &ConfigError) {
        let line = format!("{error}; the options stay as they were");
        if !self.lifecycle.is_prelinking() && self.options.refused.as_ref() != Some(&line) {
            self.notice(line.clone());
            self.wake_threads();
            self.options.refused = Some(line);
        }
    }
}

fn applied(options: &[&str]) -> String {
    let names = options.join(", ");
    if options.len() == 1 {
        format!("option {names} applies")
    } else {
        format!("options {names} apply")
    }
}
