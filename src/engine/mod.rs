//! One per process: all that the hooks of all threads share, behind one lock that the binding holds.
//!
//! - [`hooks`], [`loading`]: an import is resolved, loaded, evaluated.
//! - [`commonjs`]: what `require` did behind the hooks' back.
//! - [`fast_path`]: imports about which Node need not be asked.
//! - [`lookups`]: what is only resolved.
//! - [`links`]: paths that lead to a module through a symlink.
//! - [`listings`]: folders that packages list, and new files in them.
//! - [`missing`]: modules that were asked for and not there.
//! - [`maps`]: source maps in files of their own.
//! - [`manifests`]: what Node remembers of packages.
//! - [`saved_options`], [`unmatched`]: the package.json that options come from is saved; patterns that match nothing.
//! - [`changes`], [`directories`]: file events become updates.
//! - [`reports`]: what the parent process says has changed.
//! - [`outbox`]: each thread's pending work, handed out atomically.
//! - [`slots`], [`accept`]: what instances register, and what is imported again for them.
//! - [`prelink`]: what was linked before it may run.
//! - [`dump`], [`snapshot`], [`explain`]: the graph, to be looked at; what a change would do.
//! - [`broadcast`]: what happens, for other processes.

mod accept;
mod broadcast;
mod changes;
mod commonjs;
mod directories;
mod disposal;
mod dump;
mod explain;
mod fast_path;
mod files;
mod given;
mod hashing;
mod hooks;
mod kept;
mod links;
mod listings;
mod loading;
mod lookups;
mod manifests;
mod maps;
mod missing;
mod observe;
mod outbox;
mod prelink;
mod reimport;
mod reports;
mod saved_options;
mod slots;
mod snapshot;
mod thread;
mod unmatched;
mod watched;

use std::collections::BTreeMap;
use std::path::is_separator;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::config::{Config, Origin, Watching};
use crate::decision::Reporter;
use crate::error::ConfigError;
use crate::fingerprint::Fingerprint;
use crate::glob::Matcher;
use crate::graph::instance::Instances;
use crate::graph::{Edge, Graph, Module, ModuleId, ModuleKind, Scope, ThreadId};
use crate::stamp::Stamp;
use crate::url::Urls;
use crate::watch::linked::LinkedFiles;
use crate::watch::settle::Settle;
use crate::watch::{Poller, Waker, Watch, parent};

pub use changes::{Caller, Next};
use commonjs::Unreported;
pub use commonjs::{Required, When};
pub use dump::DumpNode;
pub use explain::{Explanation, Outcome};
use fast_path::FastPath;
use files::Files;
use given::Given;
use hashing::Hashing;
pub use hooks::{Import, Supply};
use listings::Listings;
pub use loading::{Format, Load, Need, Source};
use lookups::Lookup;
use manifests::Manifests;
pub use manifests::Missing as MissingPackage;
use maps::Maps;
use missing::Missing;
pub use observe::{Ending, Observation, Observed};
pub use outbox::{HotEvent, Message, Reload, Update};
pub use reimport::{Accepting, Linked, Reimport};
use reports::Reports;
use slots::Slots;
use thread::Thread;
use unmatched::Unmatched;
pub use unmatched::{Search, Searched};

/// The engine.
pub struct Engine {
    given: Given,
    /// What was last said of a package.json that cannot be used.
    refused: Option<String>,
    unmatched: Unmatched,
    config: Option<Config>,
    graph: Graph,
    instances: Instances,
    slots: Slots,
    lookups: Vec<Lookup>,
    urls: Urls,
    /// Paths that lead to a module's real path through a symlink.
    aliases: FxHashMap<Arc<str>, ModuleId>,
    /// Directories' real paths.
    real_directories: FxHashMap<Arc<str>, Arc<str>>,
    fast_path: FastPath,
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
    listings: Listings,
    maps: Maps,
    manifests: Manifests,
    restart: Files,
    /// The modules' files that are watched by themselves.
    linked: LinkedFiles,
    /// Modules that have called `invalidate`, with their reasons, and were not decided on yet.
    invalidated: Vec<(ModuleId, Option<Arc<str>>)>,
    watch: Option<Watch>,
    /// What that watches, and how often it polls if it is to.
    means: Option<(Watching, Option<Duration>)>,
    settle: Settle,
    hashing: Hashing,
    /// What large modules held when they were last hashed, until something happens to them.
    large: FxHashMap<ModuleId, (Stamp, Fingerprint)>,
    /// There is a parent process that may report changes.
    has_parent: bool,
    reports: Reports,
    threads: BTreeMap<ThreadId, Thread>,
    /// When nobody waits any more for what threads are to report.
    patience_ends: Option<Instant>,
    evaluations: u64,
    started: SystemTime,
    generation: u32,
    /// Since when a thread links what it is to run later.
    linking_since: Option<SystemTime>,
    waker: Waker,
    /// Somebody wants to know when the app runs.
    is_awaited: bool,
    /// What who follows is still to be told, a line of JSON each, if anybody does.
    broadcasts: Option<Vec<String>>,
    /// For `NODE_DEBUG=hot-hook`.
    notes: Option<Vec<String>>,
}

impl Engine {
    /// An engine that knows nothing yet. `waker` ends the sleep of the thread that calls [`Engine::drain`] while
    /// nobody imports.
    pub fn new(waker: Waker) -> Self {
        Self {
            given: Given::default(),
            refused: None,
            unmatched: Unmatched::default(),
            config: None,
            graph: Graph::default(),
            instances: Instances::default(),
            slots: Slots::default(),
            lookups: Vec::new(),
            urls: Urls::default(),
            aliases: FxHashMap::default(),
            real_directories: FxHashMap::default(),
            fast_path: FastPath::default(),
            links: FxHashMap::default(),
            unlinked: Vec::new(),
            undecided: Vec::new(),
            unreported: Unreported::default(),
            unseen: None,
            missing: Missing::default(),
            listings: Listings::default(),
            maps: Maps::default(),
            manifests: Manifests::default(),
            restart: Files::default(),
            linked: LinkedFiles::default(),
            invalidated: Vec::new(),
            watch: None,
            means: None,
            settle: Settle::default(),
            hashing: Hashing::new(waker.clone()),
            large: FxHashMap::default(),
            has_parent: false,
            reports: Reports::default(),
            threads: BTreeMap::new(),
            patience_ends: None,
            evaluations: 0,
            started: SystemTime::now(),
            generation: 0,
            linking_since: None,
            waker,
            is_awaited: false,
            broadcasts: None,
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
        let Some(taken) = self.given.take(thread, given, origin)? else { return Ok(Vec::new()) };
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
    fn apply_given(&mut self) -> Result<Vec<&'static str>, ConfigError> {
        let config = self.given.config()?;
        let changed = match &self.config {
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
    fn root_file(&mut self, thread: ThreadId, path: &str) {
        let id = self.module_at(path);
        let found = self.fingerprint(id);
        let module = self.graph.get_mut(id);
        module.load_started = true;
        module.read.get_or_insert(found);
        module.last_hash.get_or_insert(found);
        self.add_root(thread, id);
    }

    /// These options hold from now on. Nothing that is watched before and after is lost sight of in between.
    fn apply(&mut self, config: Config) {
        let held = (self.held_paths(), self.root_directory().to_owned());
        self.fast_path.clear();
        let mut aliases = FxHashMap::<ModuleId, Vec<&str>>::default();
        for (path, id) in &self.aliases {
            aliases.entry(*id).or_default().push(path);
        }
        let freed = self.graph.rejudge_modules(|id, path| {
            judge(&config, path, aliases.get(&id).map_or(&[], Vec::as_slice))
        });
        self.graph.rejudge_edges(is_meant_hot);
        self.generation += 1;
        self.config = Some(config);
        let is_new = self.start_or_end_watch();
        self.retain_again(is_new, held);
        for id in freed {
            self.freed(id);
        }
    }

    /// Begins to watch, or ends it, if that is what the configuration says and what it says it for is there.
    fn watch_as_configured(&mut self) {
        let held = (self.held_paths(), self.root_directory().to_owned());
        let is_new = self.start_or_end_watch();
        self.retain_again(is_new, held);
    }

    /// Returns whether nothing of what is to be watched is so yet.
    fn start_or_end_watch(&mut self) -> bool {
        let Some(Config { watch, poll, .. }) = self.config else { return false };
        let everything = watch == Watching::Everything;
        let watches = everything || (watch == Watching::Modules && self.has_parent);
        let fallback = everything || poll.is_some();
        let means = watches.then_some((watch, poll));
        let is_new = self.means != means;
        if is_new {
            // What the old watch has seen is not lost with it.
            self.collect(Instant::now());
            let watch = means.map(|_| Watch::new(poll, self.waker.clone()));
            self.watch = watch.map(|it| if fallback { it } else { it.without_fallback() });
            self.means = means;
            // The watch before retained them.
            self.restart.forget_held();
            self.linked.forget();
            // Whoever sleeps is to sleep on it from now on.
            self.waker.wake();
        }
        if let Some(config) = &self.config {
            let watch = self.watch.as_mut().filter(|_| everything);
            self.restart.set(&config.restart, watch, &mut self.hashing);
        }
        is_new
    }

    /// `before`: what was retained until now, by which root directory.
    fn retain_again(&mut self, is_new: bool, before: (Vec<Arc<str>>, String)) {
        let now = (self.held_paths(), self.root_directory().to_owned());
        if !is_new && now == before {
            return;
        }
        for path in &now.0 {
            self.retain_directories(path);
        }
        if !is_new {
            let (paths, root) = before;
            let Some(watch) = &mut self.watch else { return };
            for directory in paths.iter().flat_map(|path| directories(path, &root)) {
                watch.release(directory);
            }
            return;
        }
        self.watch_again();
        self.watch_maps();
        // What was changed while nobody watched is a change now.
        if self.watch.is_some() && !self.graph.is_empty() {
            self.suspect_all();
        }
    }

    /// The paths whose directories are retained.
    fn held_paths(&self) -> Vec<Arc<str>> {
        let modules = self.graph.ids().map(|id| self.graph.get(id));
        let modules = modules.filter(|module| module.kind == ModuleKind::File && !module.pruned);
        modules.map(|module| &module.path).chain(self.links.keys()).cloned().collect()
    }

    /// A module is ignored no longer. What it held when it was loaded is unknown, only whether it was changed since.
    fn freed(&mut self, id: ModuleId) {
        if self.instances.of_module(id).next().is_none() {
            return;
        }
        let (found, path) = (self.look_at(id), self.graph.get(id).path.clone());
        let module = self.graph.get_mut(id);
        module.load_started = true;
        module.read.get_or_insert(found);
        module.last_hash.get_or_insert(found);
        if commonjs::changed_since(&path, self.started) {
            self.undecided.push((path, Reporter::WatcherWhileReading));
        }
    }

    fn root_directory(&self) -> &str {
        self.config.as_ref().map_or("", |config| config.root_directory.as_str())
    }

    /// The configuration, once there is one.
    pub fn config(&self) -> Option<&Config> {
        self.config.as_ref()
    }

    /// Changes whenever an answer of [`Engine::resolve`] may have become another.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// See [`Graph::walked`].
    pub fn walked(&self) -> u64 {
        self.graph.walked()
    }

    /// Lets `poller` wake at file events.
    pub fn wake_on_events(&self, poller: &mut Poller) {
        if let Some(watch) = &self.watch {
            watch.wake_on_events(poller);
        }
    }

    /// The directories that are watched, and how often each is held.
    pub fn watched_directories(&self) -> impl Iterator<Item = (&str, u32)> {
        self.watch.iter().flat_map(Watch::directories)
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
        let others = [self.patience_ends, self.unmatched.deadline(), self.listings.deadline()];
        let at = self.deadline().into_iter().chain(look).chain(others.into_iter().flatten());
        let at = at.min()?;
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
        self.retain_module(id);
        self.note_scope(real);
        id
    }

    /// What the options say of the file at the path `real`, which was asked for as `path`: what it is, and whether it is a
    /// boundary.
    fn judge(&self, path: &str, real: &str) -> (ModuleKind, Scope) {
        let Some(config) = &self.config else { return (ModuleKind::File, Scope::Nowhere) };
        judge(config, real, &[path])
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
            self.retain_module(id);
        }
        id
    }

    fn retain_module(&mut self, id: ModuleId) {
        let module = self.graph.get(id);
        if module.kind == ModuleKind::File && !module.pruned {
            let path = module.path.clone();
            self.retain_directories(&path);
        }
    }

    fn retain_directories(&mut self, path: &str) {
        let Some(watch) = &mut self.watch else { return };
        let root = self.config.as_ref().map_or("", |config| config.root_directory.as_str());
        for directory in directories(path, root) {
            if watch.retain(directory)
                && let Some(notes) = &mut self.notes
            {
                notes.push(format!("watch {directory}"));
            }
        }
    }

    fn release_module(&mut self, id: ModuleId) {
        self.forget_map(id);
        let path = self.graph.get(id).path.clone();
        self.fast_path.clear();
        let Some(watch) = &mut self.watch else { return };
        let root = self.config.as_ref().map_or("", |config| config.root_directory.as_str());
        self.linked.release(&path, Some(watch));
        for directory in directories(&path, root) {
            watch.release(directory);
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
        module.load_started = false;
        module.resolved_by_require = false;
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
        let (begun, read) = (module.load_started, module.read);
        self.bump(id);
        let module = self.graph.get_mut(id);
        module.load_started = begun;
        module.read = read;
    }

    /// What a module's file holds now, of which all that happens from now on is seen, under whatever name.
    fn look_at(&mut self, id: ModuleId) -> Fingerprint {
        let (module, known) = (self.graph.get(id), self.large.get(&id));
        let is_watched = module.kind == ModuleKind::File && !module.pruned;
        let mut watch = self.watch.as_mut().filter(|_| is_watched);
        let look = |stamp: &Stamp| {
            if let Some(watch) = &mut watch {
                self.linked.note(&module.path, stamp, watch);
            }
            known.filter(|(of, _)| of == stamp).map(|(_, content)| *content)
        };
        Fingerprint::of_file_unless(std::path::Path::new(module.path.as_ref()), look).0
    }

    /// What a module's file holds now.
    fn fingerprint(&self, id: ModuleId) -> Fingerprint {
        let known = |stamp: &Stamp| self.large.get(&id).filter(|(of, _)| of == stamp);
        let path = std::path::Path::new(self.graph.get(id).path.as_ref());
        Fingerprint::of_file_unless(path, |stamp| known(stamp).map(|(_, content)| *content)).0
    }

    /// A path as people want to read it: relative to the root directory.
    pub fn show(&self, path: &str) -> String {
        crate::path::relative(self.root_directory(), path)
    }
}

/// What options say of the file at the path `real`, which was asked for by `aliases` as well.
fn judge(config: &Config, real: &str, aliases: &[&str]) -> (ModuleKind, Scope) {
    // By the real path alone: a workspace package that is linked into node_modules is user code.
    let ignored = config.ignore.is_match(real);
    let kind = if ignored { ModuleKind::Ignored } else { ModuleKind::File };
    let matches = |matcher: &Matcher| {
        matcher.is_match(real) || aliases.iter().any(|alias| matcher.is_match(alias))
    };
    if matches(&config.boundaries) {
        return (kind, Scope::Everywhere);
    }
    let own = config.own_boundaries.iter().filter(|(_, matcher)| matches(matcher));
    let threads: Vec<_> = own.map(|(thread, _)| *thread).collect();
    (kind, if threads.is_empty() { Scope::Nowhere } else { Scope::Threads(threads) })
}

/// Whether a boundary is meant by an edge.
fn is_meant_hot(target: &Module, edge: &Edge) -> bool {
    !target.is_non_reloadable() && (edge.by_attribute || target.boundary.includes(edge.thread))
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
