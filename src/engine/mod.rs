//! One per process: all that the hooks of all threads share, behind one lock that the binding holds.
//!
//! Four owners, whose fields are private to their folders, and this coordinator, which alone calls two of them:
//!
//! - [`modules`]: what is known of modules: graph, URLs, contents.
//! - [`lifecycle`]: instances, and what is to be done about those that are superseded.
//! - [`registrations`]: what instances have registered.
//! - [`changes`]: what happens to files.
//!
//! The coordinator, by what it is asked for:
//!
//! - [`options`]: options are given, and change.
//! - [`hooks`]: an import is resolved, loaded and evaluated.
//! - [`register`], [`observe`]: an instance registers something; its evaluation ends.
//! - [`update`]: changes are decided on, and each thread is handed its work.
//! - [`threads`]: threads take part, and are asked to report.
//! - [`inspect`]: the graph is looked at.

mod changes;
mod hooks;
mod inspect;
pub mod lifecycle;
mod modules;
mod observe;
mod options;
mod register;
mod registrations;
mod threads;
mod update;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Map, Value};

use crate::fingerprint::Fingerprint;
use crate::graph::{ModuleId, ThreadId};
use crate::watch::{Poller, Waker, parent};

use changes::Changes;
pub use changes::MissingPackage;
pub use hooks::{Format, Import, Load, Need, Required, Source, Supply, When};
pub use inspect::{
    Became, DumpNode, Explanation, Failure, Outcome, Phase, SaveOutcome, Status, Topic, Wait,
};
use inspect::{Broadcasts, Evidence, Outcomes};
use lifecycle::Lifecycle;
pub use lifecycle::{Observation, Observed};
use modules::{Bumped, Modules};
pub use observe::Ending;
use options::Options;
pub use options::{Search, Searched};
use registrations::Registrations;
use threads::Thread;
pub use update::{
    Callback, Caller, Check, HotEvent, How, Linked, Message, Next, Reimport, Reload, Told, Update,
};

/// The engine: the only place that calls two of its owners.
pub struct Engine {
    options: Options,
    modules: Modules,
    lifecycle: Lifecycle,
    registrations: Registrations,
    changes: Changes,
    threads: BTreeMap<ThreadId, Thread>,
    /// When nobody waits any more for what threads are to report.
    patience_ends: Option<Instant>,
    broadcasts: Broadcasts,
    outcomes: Outcomes,
    evidence: Evidence,
    /// What JavaScript knows of the process.
    process: Map<String, Value>,
    /// How many wait until what was saved is live.
    waits: usize,
    started: SystemTime,
    waker: Waker,
}

impl Engine {
    /// An engine that knows nothing yet. `waker` ends the sleep of the thread that calls [`Engine::drain`] while
    /// nobody imports.
    pub fn new(waker: Waker) -> Self {
        Self {
            options: Options::default(),
            modules: Modules::default(),
            lifecycle: Lifecycle::default(),
            registrations: Registrations::default(),
            changes: Changes::new(waker.clone()),
            threads: BTreeMap::new(),
            patience_ends: None,
            started: SystemTime::now(),
            broadcasts: Broadcasts::default(),
            outcomes: Outcomes::default(),
            evidence: Evidence::default(),
            process: Map::new(),
            waits: 0,
            waker,
        }
    }

    /// Changes whenever an answer of [`Engine::resolve`] may have become another.
    pub fn generation(&self) -> u32 {
        self.modules.generation()
    }

    /// How many modules walks have come to so far: for tests of what an import costs.
    pub fn walked(&self) -> u64 {
        self.modules.walked()
    }

    /// Lets `poller` wake at file events.
    pub fn wake_on_events(&self, poller: &mut Poller) {
        self.changes.wake_on_events(poller);
    }

    /// The directories that are watched, and how often each is held.
    pub fn watched_directories(&self) -> impl Iterator<Item = (&str, u32)> {
        self.changes.watched_directories()
    }

    /// The process is about to end.
    pub fn stop_watching(&mut self) {
        self.changes.stop();
    }

    /// How long the thread that drains may sleep; `None` if nothing is due.
    pub fn sleep_time(&self, now: Instant) -> Option<Duration> {
        let all = [
            self.changes.deadline(),
            self.patience_ends,
            self.options_deadline(),
            self.outcomes.deadline(),
            self.check_deadline(),
        ];
        let at = all.into_iter().flatten().min()?;
        Some(at.saturating_duration_since(now))
    }

    /// Keeps notes from now on.
    pub fn keep_notes(&mut self) {
        self.changes.keep_notes();
    }

    /// The notes since the last call, a line each.
    pub fn notes(&mut self) -> Vec<String> {
        self.changes.take_notes()
    }

    /// The module that `path` stands for, made if it is new. Its directory is watched from then on.
    fn module_at(&mut self, path: &str) -> ModuleId {
        if let Some(id) = self.modules.known_as(path) {
            return self.revived(id);
        }
        let real = self.real_path(path);
        let real = real.as_deref().unwrap_or(path);
        let id = self.module_of(path, real);
        if real != path {
            self.add_alias(path, id);
        }
        id
    }

    /// As [`Engine::module_at`], for a path that no symlink is on.
    fn module_at_real(&mut self, path: &str) -> ModuleId {
        match self.modules.find(path) {
            Some(id) => self.revived(id),
            None => self.module_of(path, path),
        }
    }

    /// The module at the path `real`, which was asked for as `path`.
    fn module_of(&mut self, path: &str, real: &str) -> ModuleId {
        let id = self.modules.add(path, real);
        self.changes.retain_module(self.modules.get(id));
        self.changes.note_scope(real);
        id
    }

    /// The real path of a file; `None` if there is none. Directories are asked for once, as Node does, until a symlink
    /// changes.
    fn real_path(&mut self, path: &str) -> Option<String> {
        if std::fs::symlink_metadata(path).ok()?.is_symlink() {
            return std::fs::canonicalize(path).ok()?.to_str().map(str::to_owned);
        }
        let directory = parent(path);
        let name = std::path::Path::new(path).file_name()?.to_str()?;
        if let Some(real) = self.modules.real_directory(directory) {
            return Some(crate::watch::join(real, name));
        }
        let real: Arc<str> = std::fs::canonicalize(directory).ok()?.to_str()?.into();
        self.modules.record_real_directory(directory, &real);
        Some(crate::watch::join(&real, name))
    }

    /// A module that was pruned is watched again when it comes back.
    fn revived(&mut self, id: ModuleId) -> ModuleId {
        if self.modules.revive(id) {
            self.changes.retain_module(self.modules.get(id));
        }
        id
    }

    /// The next version of a module: what it was is superseded in all threads.
    fn bump(&mut self, id: ModuleId) {
        let bumped = self.modules.bump(id);
        self.bumped(id, bumped);
    }

    fn bumped(&mut self, id: ModuleId, Bumped { version, plain }: Bumped) {
        if let Some(path) = plain {
            self.make_plain_stale(&path);
        }
        self.lifecycle.supersede(id, version);
    }

    /// What a module's file holds now, of which all that happens from now on is seen, under whatever name.
    fn look_at(&mut self, id: ModuleId) -> Fingerprint {
        self.changes.look_at(&self.modules, id)
    }

    /// What a module's file holds now.
    fn fingerprint(&self, id: ModuleId) -> Fingerprint {
        self.changes.fingerprint(&self.modules, id)
    }
}
