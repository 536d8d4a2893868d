//! What `require` did behind the hooks' back: repeated `require`s of one path from one folder reach no hook, and on
//! Node 20 none does. So a thread reports what `require.cache` says, before anything is decided.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::decision::Reporter;
use crate::engine::lifecycle::instance::Instance;
use crate::fingerprint;
use crate::graph::{EdgeKind, ModuleId, NewEdge, ThreadId, Visited};
use crate::path::expected;
use crate::source::may_use_hot;
use crate::watch::parent;

use crate::engine::{Engine, MissingPackage};

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
    /// Unknown: by what `createRequire` made.
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
            self.changes.expect_unseen();
            let id = self.required_module(thread, path, required.hooked);
            self.add_root(thread, id);
            // Before this report it ran past the hooks: what it imported statically looks as if it had run already.
            if !required.hooked {
                self.modules.doubt_hot_imports(thread, id);
            }
        }
        for &(importer, specifier, when) in &required.missed {
            self.missed_by_require(thread, (importer, specifier), when);
        }
        self.changes.begin_report(thread);
        let Some(reporting) = self.threads.get_mut(&thread) else { return };
        reporting.requires = false;
        reporting.answered();
        for (id, version) in std::mem::take(&mut reporting.reloaded) {
            self.settle_edges(thread, id, version);
        }
        self.changes.forget_reported();
        if !self.leaves_decision(thread, Instant::now()) {
            self.decide_undecided();
        }
    }

    /// The URLs of CommonJS that the thread has imported, and of which it is to tell whether it has thrown.
    pub fn open_commonjs(&mut self, thread: ThreadId) -> Vec<Arc<str>> {
        self.lifecycle.open_commonjs(thread)
    }

    /// CommonJS that was imported has run, or has thrown. V8 ends the process when another module imports what has thrown, so that
    /// it is loaded anew for those that are loaded from now on.
    pub fn end_commonjs(&mut self, thread: ThreadId, url: &str, threw: bool) {
        let Some((id, version)) = self.lifecycle.end_commonjs(thread, url) else { return };
        let module = self.modules.get(id);
        let is_current = module.version == version && !module.is_non_reloadable();
        if threw && is_current && !self.modules.is_cold(id) {
            let bumped = self.modules.bump_silently(id);
            self.bumped(id, bumped);
        }
    }

    /// The thread begins to require, for the first time since its last report: what it reports next is read after this.
    pub fn requires(&mut self, thread: ThreadId) {
        self.collect(Instant::now());
        self.changes.begin_report(thread);
        if let Some(thread) = self.threads.get_mut(&thread) {
            thread.requires = true;
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
        let specifier = self.modules.get(target).path.clone();
        self.connect_required(thread, (importer, target), &specifier, when);
        self.modules.remove_unknown_importer(thread, target);
    }

    /// What comes to be there later, perhaps by now, is a change of the importer.
    fn missed_by_require(
        &mut self,
        thread: ThreadId,
        (importer, specifier): (&str, &str),
        when: When,
    ) {
        let Some(path) = expected(importer, specifier) else {
            let (importer, specifier) = (importer.into(), specifier.into());
            let missing = MissingPackage { importer, specifier, required: true };
            return self.changes.await_missing(missing, None);
        };
        let importer = self.required_module(thread, importer, false);
        let target = self.miss(&path);
        self.modules.note_require(target);
        self.connect_required(thread, (importer, target), specifier, when);
        self.changes.add_undecided([(path.as_str().into(), Reporter::Watcher)]);
    }

    fn connect_required(
        &mut self,
        thread: ThreadId,
        (importer, target): (ModuleId, ModuleId),
        specifier: &str,
        when: When,
    ) {
        let module = self.modules.get(target);
        let meant_hot = module.boundary.includes(thread) && !module.is_non_reloadable();
        let late = when == When::Late;
        let edge = NewEdge {
            thread,
            version: self.modules.get(importer).version,
            kind: EdgeKind::Require,
            lazy: when != When::AtStart,
            late,
            hot: meant_hot && late,
            meant_hot,
            by_attribute: false,
            in_body: false,
            specifier,
        };
        self.modules.add_edge(importer, target, &edge);
        self.note_found(importer, specifier, target);
        self.changes.note_listing(&self.modules, importer, target);
    }

    fn loaded_by_require(&mut self, thread: ThreadId, path: &str, hooked: bool) {
        let id = self.required_module(thread, path, hooked);
        self.expect_reports(thread, id);
        if !hooked {
            self.reloaded(thread, id);
        }
        if self.modules.importers(id).is_empty() {
            self.modules.add_unknown_importer(thread, id);
            self.app_begins();
        }
    }

    /// An ES module was loaded past our hooks, under its plain URL: it keeps that, so that there is one instance. It has no
    /// `import.meta.hot`: if it seems to ask for that, it stays until a restart. So it does if a hook has given it another URL.
    fn keep_plain_url(&mut self, thread: ThreadId, path: &str) {
        let id = self.required_module(thread, path, false);
        let module = self.modules.get(id);
        if module.is_non_reloadable() {
            return;
        }
        let (keeps, version) = (module.keeps_url, module.version);
        let is_versioned = |i: &Instance| i.thread == thread && i.version == version && version > 0;
        // What was imported before may be what Node has given, and cannot be loaded anew.
        let is_kept =
            version > 0 && self.threads.get(&thread).is_some_and(|it| it.keeps_superseded);
        if !keeps && (is_kept || self.lifecycle.of_module(id).any(is_versioned)) {
            self.ask_for_restart(id);
            self.add_root(thread, id);
            return;
        }
        if asks_for_hot(path) {
            self.add_root(thread, id);
        }
        // Node still had what was imported before, and gave that: it is to be loaded anew.
        let is_superseded = |i: &Instance| {
            i.thread == thread
                && i.version < version
                && !i.life.is_current()
                && !i.url.contains('?')
        };
        if !keeps && self.lifecycle.of_module(id).any(is_superseded) {
            self.changes.add_undecided([(path.into(), Reporter::WatcherWhileReading)]);
        }
        self.modules.keep_url(id);
    }

    /// It has thrown, or could not be linked, perhaps because of an ES module below it that no hook has seen: the next change of
    /// any of these is one of what was loaded.
    fn failed_by_require(&mut self, thread: ThreadId, path: &str) {
        let mut visited = Visited::default();
        let mut queue = vec![self.required_module(thread, path, false)];
        while let Some(id) = queue.pop() {
            let below = self.modules.imports(id).into_iter().map(|(below, _)| below);
            let unhooked = below.filter(|&id| self.modules.get(id).keeps_url && visited.insert(id));
            queue.extend(unhooked);
            let path = self.modules.get(id).path.clone();
            self.required_module(thread, &path, false);
        }
    }

    /// A CommonJS module was loaded again: what it requires now is in the next report.
    pub(in crate::engine) fn reloaded(&mut self, thread: ThreadId, id: ModuleId) {
        let version = self.modules.get(id).version;
        if version > 0 {
            self.threads.entry(thread).or_default().reloaded.push((id, version));
        }
    }

    /// The module at `path`. If no hook saw it being read, what it held then is known only if it was not written since.
    fn required_module(&mut self, thread: ThreadId, path: &str, hooked: bool) -> ModuleId {
        let was_watched = self.changes.sees_at_once(parent(path));
        let id = self.module_at(path);
        self.modules.note_require(id);
        let module = self.modules.get(id);
        if module.content.is_begun() || module.is_non_reloadable() {
            return id;
        }
        let found = self.look_at(id);
        self.modules.content_mut(id).begin(found);
        // Where `require` is hooked, it is a handler of somebody's own (`require.extensions`) that has read the file, past the
        // hooks, and no notes were kept.
        if self.changes.changed_since_report(thread, path, was_watched && !hooked) {
            self.changes.add_undecided([(path.into(), Reporter::WatcherWhileReading)]);
        }
        id
    }

    /// A required ES module could not be evicted: only a restart can apply the change.
    pub fn eviction_failed(&mut self, path: &str) {
        if let Some(id) = self.modules.find(path) {
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
