//! What `require` did behind the hooks' back: repeated `require`s of one path from one folder reach no hook, and on
//! Node 20 none does. So a thread reports what `require.cache` says, before anything is decided.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustc_hash::FxHashMap;

use crate::decision::Reporter;
use crate::fingerprint;
use crate::graph::instance::Instance;
use crate::graph::{EdgeKind, ModuleId, NewEdge, ThreadId, Visited};
use crate::source::may_use_hot;
use crate::watch::parent;

use super::hooks::expected_path;
use super::{Engine, MissingPackage};

/// How much earlier than it was made a change may be dated: kernels look at the clock only now and then.
const GRAIN: Duration = Duration::from_millis(10);

/// A point in time, to be compared with file events and with the dates of files.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// Counted.
    turn: u64,
    date: SystemTime,
}

/// When something last happened to files that no hook has seen being read, and that may be in use all the same.
#[derive(Default)]
pub(super) struct Unreported {
    turn: u64,
    events: FxHashMap<Arc<str>, u64>,
}

impl Unreported {
    pub(super) fn now(&mut self) -> Moment {
        self.turn += 1;
        Moment { turn: self.turn, date: SystemTime::now() }
    }

    pub(super) fn note(&mut self, path: Arc<str>) {
        self.events.insert(path, self.turn);
    }

    fn forget_before(&mut self, moment: Moment) {
        self.events.retain(|_, turn| *turn >= moment.turn);
    }

    fn changed_since(&self, path: &str, moment: Moment) -> bool {
        self.events.get(path).is_some_and(|&turn| turn >= moment.turn)
    }
}

/// What a thread found in its `require.cache` since its last report. All are absolute paths.
pub struct Required<'a> {
    /// Modules that are new in the cache.
    pub new: Vec<&'a str>,
    /// Of them, the ES modules, and what those import past all hooks.
    pub es_modules: Vec<&'a str>,
    /// Of them, those of which it cannot be known what they have required or imported.
    pub opaque: Vec<&'a str>,
    /// Which module required which.
    pub edges: Vec<(&'a str, &'a str, When)>,
    /// What has thrown while it was required.
    pub failed: Vec<&'a str>,
    /// Which module found nothing by what it wrote.
    pub missed: Vec<(&'a str, &'a str, When)>,
    /// Whether `require` passes the hooks of this thread.
    pub hooked: bool,
}

/// When something was required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// While the module that required it ran.
    AtStart,
    /// Nobody knows: by what `createRequire` made.
    Unknown,
    /// After the module that required it had run to its end.
    Late,
}

impl Engine {
    /// Takes a thread's report in, and decides on what waited for it.
    pub fn report(&mut self, thread: ThreadId, required: &Required) {
        self.collect(Instant::now());
        for &(importer, target, when) in &required.edges {
            self.require(thread, (importer, target), when, required.hooked);
        }
        for path in &required.new {
            self.loaded_by_require(thread, path, required.hooked);
        }
        for path in required.es_modules.iter().filter(|_| !required.hooked) {
            self.keep_plain_url(thread, path);
        }
        for path in &required.failed {
            self.failed_by_require(thread, path);
        }
        for path in &required.opaque {
            self.unseen.get_or_insert_default();
            let id = self.required_module(thread, path, required.hooked);
            self.add_root(thread, id);
            // Before this report it ran past the hooks: what it imported statically looks as if it had run already.
            if !required.hooked {
                self.graph.doubt_hot_imports(thread, id);
            }
        }
        for &(importer, specifier, when) in &required.missed {
            self.missed_by_require(thread, (importer, specifier), when);
        }
        let now = self.unreported.now();
        let Some(reporting) = self.threads.get_mut(&thread) else { return };
        reporting.unreported_since = Some(now);
        reporting.requires = false;
        reporting.answered();
        for (id, version) in std::mem::take(&mut reporting.reloaded) {
            self.settle_edges(thread, id, version);
        }
        let oldest = self.threads.values().filter_map(|thread| thread.unreported_since);
        if let Some(oldest) = oldest.min_by_key(|moment| moment.turn) {
            self.unreported.forget_before(oldest);
        }
        if !self.leaves_decision(thread, Instant::now()) {
            self.decide_undecided();
        }
    }

    /// The thread begins to require, for the first time since its last report: what it reports next is read after this.
    pub fn requires(&mut self, thread: ThreadId) {
        self.collect(Instant::now());
        let now = self.unreported.now();
        if let Some(thread) = self.threads.get_mut(&thread) {
            thread.unreported_since = Some(now);
            thread.requires = true;
        }
    }

    /// Something happened to a file.
    pub(super) fn note_unreported(&mut self, path: &Arc<str>, known: Option<ModuleId>) {
        if !self.threads.values().any(|thread| thread.requires_unhooked) {
            return;
        }
        match known.map(|id| self.graph.get(id)) {
            Some(module) if module.load_started => {}
            Some(module) => self.unreported.note(module.path.clone()),
            None => self.unreported.note(path.clone()),
        }
    }

    fn require(
        &mut self,
        thread: ThreadId,
        (importer, target): (&str, &str),
        when: When,
        hooked: bool,
    ) {
        let importer = self.required_module(thread, importer, hooked);
        let target = self.required_module(thread, target, hooked);
        let specifier = self.graph.get(target).path.clone();
        self.connect_required(thread, (importer, target), &specifier, when);
        self.graph.remove_unknown_importer(thread, target);
    }

    /// What comes to be there later, perhaps by now, is a change of the importer.
    fn missed_by_require(
        &mut self,
        thread: ThreadId,
        (importer, specifier): (&str, &str),
        when: When,
    ) {
        let Some(path) = expected_path(importer, specifier) else {
            let (importer, specifier) = (importer.into(), specifier.into());
            return self
                .await_missing(MissingPackage { importer, specifier, required: true }, None);
        };
        let importer = self.required_module(thread, importer, false);
        let target = self.miss(&path);
        self.graph.get_mut(target).by_require = true;
        self.connect_required(thread, (importer, target), specifier, when);
        self.undecided.push((path.as_str().into(), Reporter::Watcher));
    }

    fn connect_required(
        &mut self,
        thread: ThreadId,
        (importer, target): (ModuleId, ModuleId),
        specifier: &str,
        when: When,
    ) {
        let module = self.graph.get(target);
        let meant_hot = module.boundary.includes(thread) && !module.is_non_reloadable();
        let late = when == When::Late;
        let edge = NewEdge {
            thread,
            version: self.graph.get(importer).version,
            kind: EdgeKind::Require,
            lazy: when != When::AtStart,
            late,
            hot: meant_hot && late,
            meant_hot,
            by_attribute: false,
            specifier,
        };
        self.graph.add_edge(importer, target, &edge);
        self.note_package(importer, specifier, target);
        self.note_listing(importer, target);
    }

    fn loaded_by_require(&mut self, thread: ThreadId, path: &str, hooked: bool) {
        let id = self.required_module(thread, path, hooked);
        self.expect_reports(thread, id);
        if !hooked {
            self.reloaded(thread, id);
        }
        if self.graph.importers(id).is_empty() {
            self.graph.add_unknown_importer(thread, id);
            self.app_begins();
        }
    }

    /// An ES module was loaded past our hooks, under its plain URL: it keeps that, so that there is one instance. It has no
    /// `import.meta.hot`: if it seems to ask for that, it stays until a restart. So it does if a hook has given it another URL.
    fn keep_plain_url(&mut self, thread: ThreadId, path: &str) {
        let id = self.required_module(thread, path, false);
        let module = self.graph.get(id);
        if module.is_non_reloadable() {
            return;
        }
        let (keeps, version) = (module.keeps_url, module.version);
        let is_versioned = |i: &Instance| i.thread == thread && i.version == version && version > 0;
        if !keeps && self.instances.of_module(id).any(is_versioned) {
            self.ask_for_restart(id);
            self.add_root(thread, id);
            return;
        }
        if asks_for_hot(path) {
            self.add_root(thread, id);
        }
        self.graph.get_mut(id).keeps_url = true;
        if !keeps {
            self.generation += 1;
        }
    }

    /// It has thrown, or could not be linked, perhaps because of an ES module below it that no hook has seen: the next change of
    /// any of these is one of what was loaded.
    fn failed_by_require(&mut self, thread: ThreadId, path: &str) {
        let mut visited = Visited::default();
        let mut queue = vec![self.required_module(thread, path, false)];
        while let Some(id) = queue.pop() {
            let below = self.graph.imports(id).into_iter().map(|(below, _)| below);
            let unhooked = below.filter(|&id| self.graph.get(id).keeps_url && visited.insert(id));
            queue.extend(unhooked);
            let path = self.graph.get(id).path.clone();
            self.required_module(thread, &path, false);
        }
    }

    /// Whether somebody may have required the current version, which has thrown: then `require.cache` has it no more, and whoever
    /// imported it holds the failure. It passed no hook, because a handler of `require.extensions` has read it by itself.
    pub(super) fn may_have_failed_unseen(&self, id: ModuleId) -> bool {
        let module = self.graph.get(id);
        module.resolved_by_require && !module.load_started && !module.is_non_reloadable()
    }

    /// A CommonJS module was loaded again: what it requires now is in the next report.
    pub(super) fn reloaded(&mut self, thread: ThreadId, id: ModuleId) {
        let version = self.graph.get(id).version;
        if version > 0 {
            self.threads.entry(thread).or_default().reloaded.push((id, version));
        }
    }

    /// The module at `path`. If no hook saw it being read, what it held then is known only if it was not written since.
    fn required_module(&mut self, thread: ThreadId, path: &str, hooked: bool) -> ModuleId {
        let was_watched = self.watch.as_ref().is_some_and(|watch| watch.sees_at_once(parent(path)));
        let id = self.module_at(path);
        let module = self.graph.get_mut(id);
        module.by_require = true;
        if module.load_started || module.is_non_reloadable() {
            return id;
        }
        let found = self.look_at(id);
        let module = self.graph.get_mut(id);
        module.load_started = true;
        module.read = Some(found);
        module.last_hash = Some(found);
        let since = self.threads.get(&thread).and_then(|thread| thread.unreported_since);
        // Where `require` is hooked, it is a handler of somebody's own (`require.extensions`) that has read the file, past the
        // hooks, and no notes were kept.
        let may_have_changed = |since: Moment| {
            if was_watched && !hooked {
                self.unreported.changed_since(path, since)
            } else {
                changed_since(path, since.date - GRAIN)
            }
        };
        if since.is_some_and(may_have_changed) {
            self.undecided.push((path.into(), Reporter::WatcherWhileReading));
        }
        id
    }

    /// Node shares JSON between `import` and `require` under its plain URL only: what was just required until now keeps
    /// that when it is first imported.
    pub(super) fn share_json(&mut self, id: ModuleId) {
        let module = self.graph.get(id);
        let is_first = module.version > 0 && !module.is_json && !module.keeps_url;
        if is_first && module.path.ends_with(".json") && self.graph.is_required(id) {
            self.graph.get_mut(id).keeps_url = true;
        }
    }

    /// A required ES module could not be evicted: only a restart can apply the change.
    pub fn eviction_failed(&mut self, path: &str) {
        if let Some(id) = self.graph.find(path) {
            self.ask_for_restart(id);
        }
    }
}

/// Whether the ES module at `path` may use `import.meta.hot`.
fn asks_for_hot(path: &str) -> bool {
    fingerprint::open(Path::new(path))
        .and_then(|(file, _)| std::io::read_to_string(file))
        .is_ok_and(|text| may_use_hot(&text))
}

/// Whether a file was changed after `since`.
pub(super) fn changed_since(path: &str, since: SystemTime) -> bool {
    #[cfg(unix)]
    let changed = {
        use std::os::unix::fs::MetadataExt;
        let seconds = |meta: std::fs::Metadata| u64::try_from(meta.ctime()).unwrap_or(0);
        let nanos = |meta: &std::fs::Metadata| u32::try_from(meta.ctime_nsec()).unwrap_or(0);
        std::fs::metadata(path).ok().map(|meta| (nanos(&meta), seconds(meta))).map(
            |(nanos, seconds)| SystemTime::UNIX_EPOCH + std::time::Duration::new(seconds, nanos),
        )
    };
    #[cfg(not(unix))]
    let changed = Path::new(path).metadata().and_then(|meta| meta.modified()).ok();
    changed.is_none_or(|changed| changed >= since) && Path::new(path).exists()
}
