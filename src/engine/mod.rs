//! One per process: all that the hooks of all threads share, behind one lock that the binding holds.
//!
//! - [`hooks`], [`loading`]: an import is resolved, loaded, evaluated.
//! - [`commonjs`]: what `require` did behind the hooks' back.
//! - [`shortcuts`]: imports about which Node need not be asked.
//! - [`lookups`]: what is only resolved.
//! - [`links`]: paths that lead to a module through a symlink.
//! - [`missing`]: modules that were asked for and not there.
//! - [`maps`]: source maps in files of their own.
//! - [`manifests`]: what Node remembers of packages.
//! - [`changes`], [`directories`]: file events become updates.
//! - [`reports`]: what the parent process says has changed.
//! - [`outbox`]: each thread's pending work, handed out atomically.
//! - [`places`], [`accept`]: what instances register, and what is imported again for them.
//! - [`ahead`]: what was linked before it may run.
//! - [`dump`], [`picture`], [`explain`]: the graph, to be looked at; what a change would do.
//! - [`news`]: what happens, for other processes.

mod accept;
mod ahead;
mod changes;
mod commonjs;
mod directories;
mod disposal;
mod dump;
mod explain;
mod files;
mod hashing;
mod hooks;
mod links;
mod loading;
mod lookups;
mod manifests;
mod maps;
mod missing;
mod news;
mod outbox;
mod picture;
mod places;
mod renewal;
mod reports;
mod service;
mod shortcuts;
mod thread;
mod watched;
mod witness;

use std::collections::BTreeMap;
use std::path::is_separator;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::config::{Config, Options, Origin, Watching};
use crate::decision::Reporter;
use crate::error::ConfigError;
use crate::fingerprint::Fingerprint;
use crate::graph::instance::Instances;
use crate::graph::{Edge, Graph, Module, ModuleId, ModuleKind, ThreadId};
use crate::stamp::Stamp;
use crate::url::Urls;
use crate::watch::settle::Settle;
use crate::watch::{Sleeper, Waker, Watch, parent};

pub use changes::{Caller, Next};
use commonjs::Unreported;
pub use commonjs::{Required, When};
pub use disposal::Tracking;
pub use dump::DumpNode;
pub use explain::{Explanation, Outcome};
use files::Files;
use hashing::Hashing;
pub use hooks::Import;
pub use loading::{Format, Need, Source};
use lookups::Lookup;
use manifests::Manifests;
pub use manifests::Missing as MissingPackage;
use maps::Maps;
use missing::Missing;
pub use outbox::{Happening, Message, Reload, Update};
use places::Places;
pub use renewal::{Accepting, Linked, Renewal};
use reports::Reports;
use shortcuts::Shortcuts;
use thread::Thread;

/// The engine.
pub struct Engine {
    /// What was given last, so that a worker that gives it again changes nothing.
    given: Option<Value>,
    options: Options,
    config: Option<Config>,
    graph: Graph,
    instances: Instances,
    places: Places,
    lookups: Vec<Lookup>,
    urls: Urls,
    /// Paths that lead to a module's real path through a symlink.
    aliases: FxHashMap<Arc<str>, ModuleId>,
    /// Directories' real paths.
    real_directories: FxHashMap<Arc<str>, Arc<str>>,
    shortcuts: Shortcuts,
    /// Symlinks, and the aliases that go through them.
    links: FxHashMap<Arc<str>, Vec<Arc<str>>>,
    /// Modules whose link has failed.
    unlinked: Vec<ModuleId>,
    /// Files that may have changed, and who says so.
    undecided: Vec<(Arc<str>, Reporter)>,
    unreported: Unreported,
    /// Something was required of which it cannot be known what it imports, so that files which nobody knows may be in use: what
    /// was last found in those that were saved.
    unseen: Option<FxHashMap<Arc<str>, Fingerprint>>,
    missing: Missing,
    maps: Maps,
    manifests: Manifests,
    restart: Files,
    /// Modules that have called `invalidate`, with their reasons, and were not decided on yet.
    invalidated: Vec<(ModuleId, Option<Arc<str>>)>,
    watch: Option<Watch>,
    settle: Settle,
    hashing: Hashing,
    /// What large modules held when they were last hashed, until something happens to them.
    large: FxHashMap<ModuleId, (Stamp, Fingerprint)>,
    /// There is a parent process that may report changes.
    has_parent: bool,
    reports: Reports,
    threads: BTreeMap<ThreadId, Thread>,
    evaluations: u64,
    generation: u32,
    /// Since when a thread links what it is to run later.
    linking_since: Option<SystemTime>,
    waker: Waker,
    /// Somebody wants to know when the app runs.
    is_awaited: bool,
    /// What who follows is still to be told, a line of JSON each, if anybody does.
    news: Option<Vec<String>>,
    /// For `NODE_DEBUG=hot-hook`.
    notes: Option<Vec<String>>,
}

impl Engine {
    /// An engine that knows nothing yet. `waker` ends the sleep of the thread that calls [`Engine::drain`] while
    /// nobody imports.
    pub fn new(waker: Waker) -> Self {
        Self {
            given: None,
            options: Options::default(),
            config: None,
            graph: Graph::default(),
            instances: Instances::default(),
            places: Places::default(),
            lookups: Vec::new(),
            urls: Urls::default(),
            aliases: FxHashMap::default(),
            real_directories: FxHashMap::default(),
            shortcuts: Shortcuts::default(),
            links: FxHashMap::default(),
            unlinked: Vec::new(),
            undecided: Vec::new(),
            unreported: Unreported::default(),
            unseen: None,
            missing: Missing::default(),
            maps: Maps::default(),
            manifests: Manifests::default(),
            restart: Files::default(),
            invalidated: Vec::new(),
            watch: None,
            settle: Settle::default(),
            hashing: Hashing::new(waker.clone()),
            large: FxHashMap::default(),
            has_parent: false,
            reports: Reports::default(),
            threads: BTreeMap::new(),
            evaluations: 0,
            generation: 0,
            linking_since: None,
            waker,
            is_awaited: false,
            news: None,
            notes: None,
        }
    }

    /// Takes options in, over those of earlier calls. Returns what the user should be told, a line each.
    ///
    /// # Errors
    /// The first option that cannot be used; nothing is changed then.
    pub fn configure(
        &mut self,
        thread: ThreadId,
        given: &Value,
        origin: &Origin,
    ) -> Result<Vec<String>, ConfigError> {
        if self.given.as_ref() == Some(given) {
            return Ok(Vec::new());
        }
        let mut options = Options::parse(given, origin)?;
        let warnings = std::mem::take(&mut options.warnings);
        let merged = std::mem::take(&mut self.options).merge(options);
        let config = merged.complete(origin);
        self.options = merged;
        self.apply(config?);
        self.given = Some(given.clone());
        if let Some(root) = self.config.as_ref().and_then(|config| config.root.clone()) {
            self.root_file(thread, &root);
        }
        Ok(warnings)
    }

    /// The file that called `hot.init`: it runs already, and never passed a hook.
    fn root_file(&mut self, thread: ThreadId, path: &str) {
        let id = self.module_at(path);
        let found = self.fingerprint(id);
        let module = self.graph.get_mut(id);
        module.begun = true;
        module.read.get_or_insert(found);
        module.seen.get_or_insert(found);
        self.add_root(thread, id);
    }

    fn apply(&mut self, config: Config) {
        self.shortcuts.clear();
        self.graph.rejudge_modules(|path| {
            let ignored = config.ignore.is_match(path);
            let kind = if ignored { ModuleKind::Ignored } else { ModuleKind::File };
            (kind, config.boundaries.is_match(path))
        });
        self.graph.rejudge_edges(is_meant_hot);
        self.generation += 1;
        self.config = Some(config);
        self.watch_as_configured();
        let Some(config) = &self.config else { return };
        let watch = self.watch.as_mut().filter(|_| config.watch == Watching::Everything);
        self.restart.set(&config.restart, watch, &mut self.hashing);
    }

    /// Begins to watch, or ends it, if that is what the configuration says and what it says it for is there.
    fn watch_as_configured(&mut self) {
        let Some(config) = &self.config else { return };
        let everything = config.watch == Watching::Everything;
        let watches = everything || (config.watch == Watching::Modules && self.has_parent);
        let fallback = everything || config.poll.is_some();
        let is_new = watches && self.watch.as_ref().is_none_or(|it| it.has_fallback() != fallback);
        if is_new {
            // What the old watch has seen is not lost with it.
            self.collect(Instant::now());
            let Some(config) = &self.config else { return };
            let watch = Watch::new(config.poll, self.waker.clone());
            self.watch = Some(if fallback { watch } else { watch.without_fallback() });
            // Whoever sleeps is to sleep on it from now on.
            self.waker.wake();
        } else if !watches {
            self.watch = None;
        }
        if is_new {
            for id in self.graph.ids().collect::<Vec<_>>() {
                self.hold(id);
            }
            self.watch_again();
            self.watch_maps();
            if !self.graph.is_empty() {
                // What was changed while nobody watched is a change now.
                self.suspect_all();
            }
        }
    }

    /// The configuration, once there is one.
    pub fn config(&self) -> Option<&Config> {
        self.config.as_ref()
    }

    /// Changes whenever an answer of [`Engine::resolve`] may have become another.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Lets `sleeper` wake at file events.
    pub fn wake_on_events(&self, sleeper: &mut Sleeper) {
        if let Some(watch) = &self.watch {
            watch.wake_on_events(sleeper);
        }
    }

    /// The process is about to end.
    pub fn stop_watching(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.end();
        }
    }

    /// How long the thread that drains may sleep; `None` if nothing is due.
    pub fn sleep_time(&self, now: Instant) -> Option<Duration> {
        let look = self.watch.as_ref().and_then(Watch::deadline);
        let at = self.deadline().into_iter().chain(look).min()?;
        Some(at.saturating_duration_since(now))
    }

    /// When a file is to be looked at that may not have settled.
    fn deadline(&self) -> Option<Instant> {
        self.settle.deadline().into_iter().chain(self.reports.deadline()).min()
    }

    /// Keeps notes from now on.
    pub fn keep_notes(&mut self) {
        self.notes.get_or_insert_default();
    }

    /// The notes since the last call, a line each.
    pub fn notes(&mut self) -> Vec<String> {
        self.notes.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(notes) = &mut self.notes {
            notes.push(line());
        }
    }

    /// The module that `path` stands for, made if it is new. Its directory is watched from then on.
    fn module_at(&mut self, path: &str) -> ModuleId {
        if let Some(id) = self.graph.find(path) {
            return self.revived(id);
        }
        if let Some(&id) = self.aliases.get(path) {
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
        match self.graph.find(path) {
            Some(id) => self.revived(id),
            None => self.module_of(path, path),
        }
    }

    /// The module at the path `real`, which was asked for as `path`.
    fn module_of(&mut self, path: &str, real: &str) -> ModuleId {
        let id = self.graph.find(real).unwrap_or_else(|| {
            let new = self.judge(path, real);
            self.graph.module_or_insert(real, || new)
        });
        self.hold(id);
        self.note_scope(real);
        id
    }

    /// What the options say of the file at the path `real`, which was asked for as `path`: what it is, and whether it is a
    /// boundary.
    fn judge(&self, path: &str, real: &str) -> (ModuleKind, bool) {
        let Some(config) = &self.config else { return (ModuleKind::File, false) };
        // By the real path alone: a workspace package that is linked into node_modules is user code.
        let ignored = config.ignore.is_match(real);
        let boundary =
            config.boundaries.is_match(real) || (real != path && config.boundaries.is_match(path));
        (if ignored { ModuleKind::Ignored } else { ModuleKind::File }, boundary)
    }

    /// The real path of a file; `None` if there is none. Directories are asked for once: Node keeps real paths, too, and
    /// [`links`] sees to those that change.
    fn real_path(&mut self, path: &str) -> Option<String> {
        if std::fs::symlink_metadata(path).ok()?.is_symlink() {
            return std::fs::canonicalize(path).ok()?.to_str().map(str::to_owned);
        }
        let directory = parent(path);
        if !self.real_directories.contains_key(directory) {
            let real = std::fs::canonicalize(directory).ok()?.to_str()?.into();
            self.real_directories.insert(directory.into(), real);
        }
        let name = std::path::Path::new(path).file_name()?.to_str()?;
        Some(crate::watch::join(&self.real_directories[directory], name))
    }

    /// A module that was pruned is watched again when it comes back.
    fn revived(&mut self, id: ModuleId) -> ModuleId {
        if self.graph.get(id).pruned {
            self.graph.get_mut(id).pruned = false;
            self.hold(id);
        }
        id
    }

    fn hold(&mut self, id: ModuleId) {
        let module = self.graph.get(id);
        if module.kind == ModuleKind::File && !module.pruned {
            let path = module.path.clone();
            self.hold_directories(&path);
        }
    }

    fn hold_directories(&mut self, path: &str) {
        let Some(watch) = &mut self.watch else { return };
        let root = self.config.as_ref().map_or("", |config| config.root_directory.as_str());
        for directory in directories(path, root) {
            if watch.hold(directory)
                && let Some(notes) = &mut self.notes
            {
                notes.push(format!("watch {directory}"));
            }
        }
    }

    fn let_go(&mut self, id: ModuleId) {
        self.forget_map(id);
        let path = self.graph.get(id).path.clone();
        self.shortcuts.clear();
        let Some(watch) = &mut self.watch else { return };
        let root = self.config.as_ref().map_or("", |config| config.root_directory.as_str());
        for directory in directories(&path, root) {
            watch.let_go(directory);
        }
    }

    /// The next version of a module: what it was is superseded in all threads.
    fn bump(&mut self, id: ModuleId) {
        let module = self.graph.get(id);
        let mut version = module.version + 1;
        // A user may have written `?v=2` himself: that URL is another instance.
        while self.urls.is_taken(id, version) {
            version += 1;
        }
        // Node shares JSON between `import` and `require` under its plain URL only.
        let shares = self.graph.get(id).is_json && self.graph.is_required(id);
        let module = self.graph.get_mut(id);
        module.keeps_url |= shares;
        module.version = version;
        module.begun = false;
        module.asked_for = false;
        module.read = None;
        module.doubtful = false;
        if module.keeps_url {
            let path = module.path.clone();
            self.make_plain_stale(&path);
        }
        self.generation += 1;
        self.supersede(id);
    }

    /// The next version of a module that could not be linked. Somebody began to load it and may hold the failure, so
    /// that a change of it still counts.
    fn bump_silently(&mut self, id: ModuleId) {
        let module = self.graph.get(id);
        let (begun, read) = (module.begun, module.read);
        self.bump(id);
        let module = self.graph.get_mut(id);
        module.begun = begun;
        module.read = read;
    }

    /// What a module's file holds now.
    fn fingerprint(&self, id: ModuleId) -> Fingerprint {
        let known = |stamp: &Stamp| self.large.get(&id).filter(|(of, _)| of == stamp);
        let path = std::path::Path::new(self.graph.get(id).path.as_ref());
        Fingerprint::of_file_unless(path, |stamp| known(stamp).map(|(_, content)| *content)).0
    }

    /// A path as people want to read it: relative to the root directory.
    pub fn show(&self, path: &str) -> String {
        let root = self.config.as_ref().map_or("", |config| config.root_directory.as_str());
        crate::path::relative(root, path)
    }
}

/// Whether an edge, if it may be hot at all, is.
fn is_meant_hot(target: &Module, edge: &Edge) -> bool {
    edge.meant_hot || (target.boundary && !target.is_pinned())
}

/// The directory of `path`, and those above it up to `root`: any of them may be moved away and back.
fn directories<'a>(path: &'a str, root: &'a str) -> impl Iterator<Item = &'a str> {
    let below = move |directory: &str| {
        !root.is_empty()
            && directory
                .strip_prefix(root)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(is_separator))
    };
    let first = parent(path);
    std::iter::successors(Some(first), move |at| {
        Some(parent(at)).filter(|up| up != at && below(up))
    })
}
