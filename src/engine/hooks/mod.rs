//! An import is resolved: which edge it is, and which URL it leads to.
//!
//! Static or dynamic? Node resolves all static imports of an instance before that instance evaluates, and an
//! `import()` can only run after. So no source is ever parsed.

mod commonjs;
mod fast_path;
mod links;
mod load;
mod lookups;
mod prelink;

use std::sync::Arc;

use crate::decision::Reporter;
use crate::engine::lifecycle::instance::{Body, Instance};
use crate::engine::lifecycle::life::Evaluation;
use crate::error::NotDynamicError;
use crate::fingerprint::Fingerprint;
use crate::graph::accept::Propagation;
use crate::graph::{EdgeKind, ModuleId, ModuleKind, NewEdge, ThreadId};
use crate::package::installed_root;
use crate::path::expected;
use crate::url::{Meaning, path_of, url_of};

use crate::engine::{Engine, MissingPackage};

pub use commonjs::{Required, When};
pub use load::{Format, Load, Need, Source};

/// An import as Node's resolve hook sees it.
pub struct Import<'a> {
    /// The thread that imports.
    pub thread: ThreadId,
    /// The importer's URL; `None` for an entry point.
    pub parent: Option<&'a str>,
    /// What the importer wrote.
    pub specifier: &'a str,
    /// The value of the import attribute `hot`.
    pub attribute: Option<&'a str>,
    /// Whether it is a `require()`.
    pub require: bool,
    /// Whether it is a `require()` that the importer may not repeat when it runs again.
    pub lazy: bool,
    /// Whether the importer is CommonJS that had run to its end: such a `require()` counts as dynamic.
    pub late: bool,
}

/// What is to be done so that a `require()` finds today's instance of an ES module under its plain URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supply {
    /// There is none yet: what is there must leave the load cache.
    Evict,
    /// It is known by this URL, too: the one that `import` has loaded.
    Alias(Arc<str>),
}

/// Who imports.
struct Importer {
    module: ModuleId,
    version: u32,
    kind: EdgeKind,
}

impl Engine {
    /// `url`, which Node resolved, without our version; `None` if it carries none.
    pub fn clean(&self, url: &str) -> Option<Arc<str>> {
        self.modules.meaning(url).filter(|meaning| meaning.version > 0).map(|meaning| meaning.clean)
    }

    /// Whether an import of `url` by `parent` is an `import()`, which adds nothing when it is repeated in this generation.
    pub fn is_repeatable(&self, thread: ThreadId, parent: &str, url: &str) -> bool {
        self.lifecycle.find(thread, parent).is_some_and(|instance| {
            let is_dynamic =
                instance.body == Body::CommonJs || !instance.life.evaluation().is_ahead();
            let target = self.modules.meaning(url).map(|meaning| meaning.module);
            let counts = |target| self.modules.counts_repeating(thread, instance.module, target);
            is_dynamic && !target.is_some_and(counts)
        })
    }

    /// Records that `import`, which is no `require()`, leads to `url`. Returns the URL to load instead, if it is another.
    ///
    /// # Errors
    /// A boundary is imported statically, and `throwWhenBoundariesAreNotDynamicallyImported` is set.
    pub fn resolve(
        &mut self,
        import: &Import,
        url: &str,
    ) -> Result<Option<String>, NotDynamicError> {
        let Some(target) = self.record(import, url)? else { return Ok(None) };
        self.modules.share_json(target.module);
        let to_load = self.modules.url_to_load(&target);
        Ok((to_load != url).then_some(to_load))
    }

    /// Records that `import`, a `require()`, leads to `url`. It knows no queries: returns what is to be done before it finds an
    /// ES module by its plain URL.
    ///
    /// # Errors
    /// As [`Engine::resolve`].
    pub fn resolve_required(
        &mut self,
        import: &Import,
        url: &str,
    ) -> Result<Option<Supply>, NotDynamicError> {
        let target = self.record(import, url)?;
        Ok(target.and_then(|target| self.supply(import.thread, &target, url)))
    }

    /// Records that `import` leads to `url`. Returns what that is, if it is a file.
    fn record(&mut self, import: &Import, url: &str) -> Result<Option<Meaning>, NotDynamicError> {
        let retargeted = self.retargeted(import, url);
        let target = self.meaning_of(retargeted.as_deref().unwrap_or(url));
        let is_file =
            |target: &Meaning| self.modules.get(target.module).kind != ModuleKind::Virtual;
        let Some(target) = target.filter(is_file) else { return Ok(None) };
        let is_wrapped = self.is_wrapped(import, target.module);
        let importer = if is_wrapped { None } else { self.importer(import) };
        if importer.as_ref().is_none_or(|importer| importer.kind != EdgeKind::Static) {
            self.retry_unlinked();
        }
        match importer {
            None if is_wrapped => {}
            None => self.add_root(import.thread, target.module),
            Some(importer) => {
                if self.connect(import, &importer, target.module)? {
                    self.note_boundary_import(import, target.module, &target.clean);
                    self.observe_loaded(import.thread, target.module);
                }
            }
        }
        Ok(Some(target))
    }

    /// Whether the importer is but a wrapper that a loader outside of ours has put around the target, under the target's path
    /// and a query of its own. It never passes our `load`. The importer of the wrapper has its edge to the target already.
    fn is_wrapped(&self, import: &Import, target: ModuleId) -> bool {
        import.parent.is_some_and(|url| {
            self.lifecycle.find(import.thread, url).is_none()
                && self.modules.meaning(url).is_none()
                && path_of(url).is_some_and(|path| *path == *self.modules.get(target).path)
                && !self.modules.importers(target).is_empty()
        })
    }

    /// What a `require()` that Node has resolved to `url` must find there.
    fn supply(&mut self, thread: ThreadId, target: &Meaning, url: &str) -> Option<Supply> {
        let module = self.modules.get(target.module);
        let version = module.version;
        if version == 0 || !module.is_es || module.is_non_reloadable() {
            return None;
        }
        let is_there = |i: &Instance| i.order > 0 || i.life.evaluation() == Evaluation::Linked;
        let is_current = |i: &&Instance| i.thread == thread && i.version == version && is_there(i);
        let Some(current) = self.lifecycle.of_module(target.module).find(is_current) else {
            let is_plain = *target.clean == *url;
            return Some(if is_plain {
                Supply::Evict
            } else {
                Supply::Alias(target.clean.clone())
            });
        };
        if current.body == Body::CommonJs || module.keeps_url {
            return None;
        }
        let current = current.url.clone();
        self.modules.keep_url(target.module);
        Some(Supply::Alias(current))
    }

    /// Returns whether the edge is hot.
    fn connect(
        &mut self,
        import: &Import,
        importer: &Importer,
        target: ModuleId,
    ) -> Result<bool, NotDynamicError> {
        let module = self.modules.get(target);
        let by_attribute = import.attribute == Some("true");
        let meant_hot = !module.is_non_reloadable()
            && (by_attribute || module.boundary.includes(import.thread));
        let throws = self.config().is_some_and(|config| config.throw_when_static);
        if throws
            && meant_hot
            && importer.kind == EdgeKind::Static
            && !self.modules.reaches_statically(target, importer.module)
        {
            return Err(NotDynamicError {
                specifier: import.specifier.to_owned(),
                importer: self.show(&self.modules.get(importer.module).path),
                target: self.show(&module.path),
            });
        }
        let edge = NewEdge {
            thread: import.thread,
            version: importer.version,
            kind: importer.kind,
            lazy: importer.kind == EdgeKind::Dynamic || import.lazy,
            late: import.late,
            hot: meant_hot && (importer.kind == EdgeKind::Dynamic || import.late),
            meant_hot,
            by_attribute,
            in_body: importer.kind == EdgeKind::Dynamic && self.body_runs(import),
            specifier: import.specifier,
        };
        self.modules.add_edge(importer.module, target, &edge);
        if edge.hot && importer.kind == EdgeKind::Dynamic {
            let from = (importer.module, importer.version);
            let in_body = self.body_runs(import).then(|| self.lifecycle.last().0);
            self.modules.note_taking(import.thread, from, target, in_body);
        }
        self.note_found(importer.module, import.specifier, target);
        if importer.kind != EdgeKind::Static {
            self.changes.note_listing(&self.modules, importer.module, target);
        }
        if self.modules.accepted().own.contains(&(import.thread, target)) {
            self.observe_importer(import);
        }
        if import.require {
            self.modules.require(target);
            self.expect_reports(import.thread, target);
            self.read_addon(target);
        }
        Ok(edge.hot)
    }

    /// Whether the importer's body is known to run.
    fn body_runs(&self, import: &Import) -> bool {
        let instance = import.parent.and_then(|url| self.lifecycle.find(import.thread, url));
        instance.is_some_and(|instance| instance.body_runs)
    }

    /// `importer` has found `target` under that name.
    pub(in crate::engine) fn note_found(
        &mut self,
        importer: ModuleId,
        specifier: &str,
        target: ModuleId,
    ) {
        let (by, path) = (&self.modules.get(importer).path, &self.modules.get(target).path);
        self.changes.note_package(by, specifier, path);
    }

    /// Node found nothing at `path`, where a module was asked for.
    pub(in crate::engine) fn miss(&mut self, path: &str) -> ModuleId {
        let id = self.module_at(path);
        self.modules.content_mut(id).begin(Fingerprint::Absent);
        // The importers of what was there are to hear of it, too; and it may have come since Node looked: that is decided on before the
        // next import begins, not by the load in the middle of it.
        self.changes.add_undecided([(path.into(), Reporter::Import)]);
        self.changes.expect(path, id);
        id
    }

    /// A required addon passes no `load` hook: what it holds is read before Node loads it.
    fn read_addon(&mut self, target: ModuleId) {
        let module = self.modules.get(target);
        if module.is_addon() && !module.content.is_begun() && !module.is_non_reloadable() {
            let found = self.look_at(target);
            self.modules.content_mut(target).read_as(found);
        }
    }

    /// Node found nothing for `import`; `url`: where it looked at last, if it says that. What was expected is waited for, and
    /// after a failed link the importers that are not cold go up silently: Node remembers the failure by their URLs.
    pub fn unresolved(&mut self, import: &Import, url: Option<&str>) {
        let Some(importer) = self.importer(import) else { return };
        let by = self.modules.get(importer.module).path.clone();
        let path = expected(&by, import.specifier).or_else(|| path_of(url?));
        let path = path.filter(|path| installed_root(path).is_none());
        if path.is_none() {
            let (specifier, required) = (import.specifier.into(), import.require);
            self.changes.await_missing(MissingPackage { importer: by, specifier, required }, None);
        }
        if let Some(path) = path {
            let target = self.miss(&path);
            // Never an error here: the user has one already.
            if self.connect(import, &importer, target).is_ok_and(|is_hot| is_hot) {
                let url = url_of(&path);
                self.modules.record(&url, target);
                self.note_boundary_import(import, target, &url);
            }
        }
        if importer.kind == EdgeKind::Static {
            self.modules.fail_link(importer.module);
        }
    }

    /// Node could not load `url`. Where it was loaded before, that says nothing: to explain a failed link, Node 20 asks for
    /// the source once more, without saying what it needs.
    pub fn unloaded(&mut self, thread: ThreadId, url: &str) {
        let Some(meaning) = self.modules.meaning(url) else { return };
        if let Some(instance) = self.lifecycle.find(thread, url) {
            if !instance.is_read() {
                return;
            }
            let id = instance.id;
            self.lifecycle.forget(id);
        }
        self.modules.fail_link(meaning.module);
    }

    /// An import begins a link of its own: what could not be linked before is tried again, with what imports it statically. In the
    /// link that has failed, a cycle would come back for their new versions for ever.
    pub(in crate::engine) fn retry_unlinked(&mut self) {
        let unlinked = self.modules.take_unlinked();
        let has_any = !unlinked.is_empty();
        for module in unlinked {
            if !self.modules.is_cold(module) {
                let evaluated = |thread, id| self.lifecycle.have_evaluated(thread, id);
                let propagation = Propagation { evaluated: &evaluated, ignoring_own_accept: false };
                for id in self.modules.propagate_statically(module, &propagation) {
                    let bumped = self.modules.bump_silently(id);
                    self.bumped(id, bumped);
                }
            }
        }
        // With hooks in a thread of their own, that one waits until the app's thread has disposed of what is replaced.
        if has_any {
            self.wake_threads();
        }
    }

    /// What `url` stands for, recorded if it is new; `None` if it is no file.
    pub(in crate::engine) fn meaning_of(&mut self, url: &str) -> Option<Meaning> {
        if let Some(meaning) = self.modules.meaning(url) {
            self.revived(meaning.module);
            return Some(meaning);
        }
        let module = self.module_at(&path_of(url)?);
        Some(self.modules.record(url, module))
    }

    /// Who imports, and how; `None` if it is an entry point.
    fn importer(&mut self, import: &Import) -> Option<Importer> {
        let url = import.parent?;
        let kind = |linking| match (import.require, linking) {
            (true, _) => EdgeKind::Require,
            (false, true) => EdgeKind::Static,
            (false, false) => EdgeKind::Dynamic,
        };
        if let Some(instance) = self.lifecycle.find(import.thread, url) {
            let linking = instance.life.evaluation().is_ahead() && instance.body != Body::CommonJs;
            return Some(Importer {
                module: instance.module,
                version: instance.version,
                kind: kind(linking),
            });
        }
        if let Some(known) = self.modules.meaning(url) {
            // A superseded instance may have been released.
            let version = self.modules.version_of(&known);
            return Some(Importer { module: known.module, version, kind: kind(false) });
        }
        let Some(path) = path_of(url) else { return Some(self.unknown_importer(import, url)) };
        if path.ends_with(std::path::is_separator) {
            // The folder of `--import` and `--eval`.
            return None;
        }
        // Loaded before us: it stays, and whatever it imports from now on is an `import()`.
        let module = self.module_at(&path);
        self.modules.record(url, module);
        self.modules.add_unknown_importer(import.thread, module);
        Some(Importer { module, version: 0, kind: kind(false) })
    }

    /// What `url`, which is loaded and no file, stands for; `None` for what is Node's own.
    pub(in crate::engine) fn virtual_meaning(&mut self, url: &str) -> Option<Meaning> {
        if url.starts_with("node:") {
            return None;
        }
        let module = self.modules.add_virtual(url);
        Some(self.modules.record(url, module))
    }

    /// An importer that is no file, and was not loaded by our hooks.
    fn unknown_importer(&mut self, import: &Import, url: &str) -> Importer {
        let module = self.modules.add_virtual(url);
        let kind = if import.require { EdgeKind::Require } else { EdgeKind::Dynamic };
        Importer { module, version: 0, kind }
    }
}
