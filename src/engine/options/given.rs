//! Which thread has given which options. Those of the main thread hold for the process, whichever thread repeats them; what a worker gives besides
//! is its own, and ends with it.
//!
//! ```text
//!   package.json ─▶ hot.init() of the main thread ─▶ in force
//!                          workers ──── add ────▶ boundaries of their own imports, and `restart`
//! ```

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::{Config, Options, Origin, file_of};
use crate::error::ConfigError;
use crate::glob::Matcher;
use crate::graph::ThreadId;

const MAIN: ThreadId = ThreadId(0);

/// The options of one giver.
struct Layer {
    name: String,
    base: String,
    /// As they were given last.
    value: Value,
    options: Options,
    /// The warnings about them, a line each.
    warnings: Vec<String>,
}

impl Layer {
    /// The package.json that they were read from.
    fn file(&self) -> Option<&str> {
        file_of(&self.name)
    }
}

/// A list of patterns for `boundaries`, and what gave it.
pub(in crate::engine) struct Boundaries<'a> {
    /// As in errors.
    pub giver: &'a str,
    pub matcher: &'a Matcher,
}

/// What a call of [`Given::take`] has brought.
#[derive(Default)]
pub(in crate::engine) struct Taken {
    /// Warnings for the user, a line each.
    pub warnings: Vec<String>,
    /// The `root` that was given.
    pub root: Option<String>,
}

/// All options, by what gave them.
#[derive(Default)]
pub(in crate::engine) struct Given {
    /// In the order in which they came.
    shared: Vec<Layer>,
    own: BTreeMap<ThreadId, Layer>,
    /// From where the first ones were meant, and the environment then.
    first: Option<(String, Option<String>)>,
}

impl Given {
    /// Takes options in. `None` if they were given before by the same.
    ///
    /// # Errors
    /// The first option that cannot be used; nothing is changed then.
    pub fn take(
        &mut self,
        thread: ThreadId,
        value: &Value,
        origin: &Origin,
    ) -> Result<Option<Taken>, ConfigError> {
        let shared = self.shared.iter().find(|layer| layer.name == origin.name);
        // A worker whose package.json is another one speaks for itself.
        let is_own = origin.is_own() || (thread != MAIN && shared.is_none());
        let known = if is_own { self.own.get(&thread) } else { shared };
        if known.is_some_and(|layer| layer.value == *value && layer.base == origin.base) {
            return Ok(None);
        }
        let mut options = Options::parse(value, origin)?;
        let all_warnings = std::mem::take(&mut options.warnings);
        let is_new = |line: &&String| known.is_none_or(|layer| !layer.warnings.contains(line));
        let warnings = all_warnings.iter().filter(is_new).cloned().collect();
        let root = options.root().map(str::to_owned);
        let layer = Layer {
            name: origin.name.to_owned(),
            base: origin.base.to_owned(),
            value: value.clone(),
            options,
            warnings: all_warnings,
        };
        self.first
            .get_or_insert_with(|| (origin.base.to_owned(), origin.env_watch.map(str::to_owned)));
        if is_own {
            self.add_own(thread, layer);
        } else {
            self.add_shared(layer);
        }
        Ok(Some(Taken { warnings, root }))
    }

    /// A file holds what it holds now; what it said before counts no longer.
    fn add_shared(&mut self, layer: Layer) {
        match self.shared.iter_mut().find(|known| known.name == layer.name) {
            Some(known) => *known = layer,
            None => self.shared.push(layer),
        }
    }

    /// A later call of `hot.init()` replaces what it names; a file that is read again, all that it said.
    fn add_own(&mut self, thread: ThreadId, mut layer: Layer) {
        let is_same_file = |before: &Layer| layer.file().is_some() && before.name == layer.name;
        if let Some(before) = self.own.remove(&thread).filter(|before| !is_same_file(before)) {
            layer.options = before.options.merge(layer.options);
        }
        self.own.insert(thread, layer);
    }

    /// For which threads options were read from the package.json at `path`, by what name and from which folder.
    pub fn readers(&self, path: &str) -> Vec<(ThreadId, String, String)> {
        let readers = self.layers().filter(|(_, layer)| layer.file() == Some(path));
        readers.map(|(thread, it)| (thread, it.name.clone(), it.base.clone())).collect()
    }

    fn layers(&self) -> impl Iterator<Item = (ThreadId, &Layer)> {
        let own = self.own.iter().map(|(thread, layer)| (*thread, layer));
        self.shared.iter().map(|layer| (MAIN, layer)).chain(own)
    }

    /// The patterns for `boundaries` that are in force.
    pub fn boundaries(&self) -> impl Iterator<Item = Boundaries<'_>> {
        let mut main = self.shared.iter().chain(self.own.get(&MAIN));
        let main = main.rfind(|layer| layer.options.boundaries().is_some());
        let workers = self.own.range(ThreadId(1)..).map(|(_, layer)| layer);
        main.into_iter().chain(workers).filter_map(|layer| {
            let matcher = layer.options.boundaries()?;
            Some(Boundaries { giver: &layer.name, matcher })
        })
    }

    /// A thread has ended. Returns whether it had given options.
    pub fn forget(&mut self, thread: ThreadId) -> bool {
        self.own.remove(&thread).is_some()
    }

    /// What is in force.
    ///
    /// # Errors
    /// A default pattern that cannot be used below this root directory: never in practice.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let (base, env_watch) = self.first.clone().unwrap_or_default();
        let origin = Origin { name: "the options", base: &base, env_watch: env_watch.as_deref() };
        let main = self.own.get(&MAIN);
        let process = self.shared.iter().chain(main).map(|layer| layer.options.clone());
        let workers = || self.own.range(ThreadId(1)..);
        // A main thread without hooks leaves the rest to the first worker.
        let first = || workers().next().map(|(_, layer)| layer.options.clone().shared());
        let options = process.reduce(Options::merge).or_else(first).unwrap_or_default();
        let mut config = options.complete(&origin)?;
        for (thread, layer) in workers() {
            config.add_own(*thread, &layer.options);
        }
        Ok(config)
    }
}
