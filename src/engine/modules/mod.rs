//! What is known of modules: their graph, the URLs and paths that lead to them, and what Node has said of their folders. Pure.
//!
//! - [`fast_path`]: what Node has said of directories.
//! - [`lookups`]: what threads look up.
//! - [`names`]: URLs, symlinks and real directories.
//! - [`versions`]: what a module is loaded as, and its next version.

mod fast_path;
mod lookups;
mod names;
mod versions;

use std::ops::Deref;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::config::Config;
use crate::glob::Matcher;
use crate::graph::accept::Accepted;
use crate::graph::{Edge, Graph, Module, ModuleId, ModuleKind, NewEdge, Scope, ThreadId};
use crate::url::Urls;

use fast_path::FastPath;
use lookups::Lookup;
pub use versions::{Bumped, Loaded};

/// The modules of the process. Code that reads them may walk their graph; changes go through the operations.
#[derive(Default)]
pub struct Modules {
    graph: Graph,
    urls: Urls,
    /// Paths that lead to a module's real path through a symlink.
    aliases: FxHashMap<Arc<str>, ModuleId>,
    /// Symlinks, and the aliases that go through them.
    links: FxHashMap<Arc<str>, Vec<Arc<str>>>,
    /// Directories' real paths.
    real_directories: FxHashMap<Arc<str>, Arc<str>>,
    fast_path: FastPath,
    lookups: Vec<Lookup>,
    /// Modules whose link has failed.
    unlinked: Vec<ModuleId>,
    generation: u32,
    /// What the options say of files.
    config: Option<Arc<Config>>,
}

impl Deref for Modules {
    type Target = Graph;

    fn deref(&self) -> &Graph {
        &self.graph
    }
}

impl Modules {
    /// These options hold from now on. Returns the modules that are ignored no longer.
    pub fn configure(&mut self, config: Arc<Config>) -> Vec<ModuleId> {
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
        freed
    }

    /// What the options say of the file at the path `real`, which was asked for by `aliases` as well: what it is, and whether it is
    /// a boundary.
    pub fn judge(&self, real: &str, aliases: &[&str]) -> (ModuleKind, Scope) {
        let config = self.config.as_ref();
        config.map_or((ModuleKind::File, Scope::Nowhere), |config| judge(config, real, aliases))
    }

    /// The missing module turns out to be `path`, really `real`: what patterns say of that counts.
    pub fn judge_as(&mut self, id: ModuleId, path: &str, real: &str) {
        let (kind, boundary) = self.judge(real, &[path]);
        if boundary != Scope::Nowhere
            && kind == ModuleKind::File
            && self.graph.get(id).boundary != boundary
        {
            self.graph.get_mut(id).boundary = boundary;
            self.graph.rejudge_edges(is_meant_hot);
        }
    }

    /// Changes whenever what an import means may have become something else.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// From now on an import may mean something else.
    pub fn next_generation(&mut self) {
        self.generation += 1;
    }

    /// The module at the path `real`, which was asked for as `path`, made if it is new.
    pub fn add(&mut self, path: &str, real: &str) -> ModuleId {
        self.graph.find(real).unwrap_or_else(|| {
            let new = self.judge(real, &[path]);
            self.graph.module_or_insert(real, || new)
        })
    }

    /// The module that stands for what is no file: `data:`, vm, the REPL.
    pub fn add_virtual(&mut self, url: &str) -> ModuleId {
        let label = if url.starts_with("data:") { "data:" } else { url };
        self.graph.module_or_insert(label, || (ModuleKind::Virtual, Scope::Nowhere))
    }

    /// A module is asked for. Returns whether it had been pruned, and comes back.
    pub fn revive(&mut self, id: ModuleId) -> bool {
        self.graph.get(id).pruned && std::mem::take(&mut self.graph.get_mut(id).pruned)
    }

    /// See [`Graph::add_root`].
    pub fn add_root(&mut self, thread: ThreadId, id: ModuleId) {
        self.graph.add_root(thread, id);
    }

    /// See [`Graph::add_unknown_importer`].
    pub fn add_unknown_importer(&mut self, thread: ThreadId, id: ModuleId) {
        self.graph.add_unknown_importer(thread, id);
    }

    /// See [`Graph::remove_unknown_importer`].
    pub fn remove_unknown_importer(&mut self, thread: ThreadId, id: ModuleId) {
        self.graph.remove_unknown_importer(thread, id);
    }

    /// See [`Graph::add_edge`].
    pub fn add_edge(&mut self, importer: ModuleId, target: ModuleId, edge: &NewEdge) {
        self.graph.add_edge(importer, target, edge);
    }

    /// See [`Graph::note_taking`].
    pub fn note_taking(
        &mut self,
        thread: ThreadId,
        importer: (ModuleId, u32),
        target: ModuleId,
        in_body: Option<u32>,
    ) {
        self.graph.note_taking(thread, importer, target, in_body);
    }

    /// See [`Graph::body_ended`].
    pub fn body_ended(
        &mut self,
        thread: ThreadId,
        importer: ModuleId,
        was_in_body: impl Fn(ModuleId, u32) -> bool,
    ) {
        self.graph.body_ended(thread, importer, was_in_body);
    }

    /// The files were saved, and these modules invalidated: see [`Graph::miss`].
    pub fn miss(&mut self, invalidated: &[ModuleId], files: &[Arc<str>]) {
        let modules = invalidated.iter().copied().collect();
        let taken: FxHashSet<_> = self.graph.taken_in_body(&modules).collect();
        let saved = taken
            .into_iter()
            .map(|(thread, target)| ((thread, target), self.reached(thread, target, files)))
            .collect();
        self.graph.miss(&saved);
    }

    /// Those of the files that a module reaches in a thread; what else has changed it counts as itself.
    fn reached(&self, thread: ThreadId, target: ModuleId, files: &[Arc<str>]) -> Vec<Arc<str>> {
        let below = self.below(thread, &[target]);
        let is_below =
            |path: &&Arc<str>| self.find(path).is_some_and(|id| id == target || below.contains(id));
        let found: Vec<_> = files.iter().filter(is_below).cloned().collect();
        if found.is_empty() { vec![self.get(target).path.clone()] } else { found }
    }

    /// See [`Graph::tell_taken`].
    pub fn tell_taken(&mut self, importer: ModuleId, target: ModuleId) {
        self.graph.tell_taken(importer, target);
    }

    /// See [`Graph::drop_older_edges`].
    pub fn drop_older_edges(&mut self, thread: ThreadId, importer: ModuleId, version: u32) -> bool {
        self.graph.drop_older_edges(thread, importer, version)
    }

    /// See [`Graph::doubt_hot_imports`].
    pub fn doubt_hot_imports(&mut self, thread: ThreadId, importer: ModuleId) {
        self.graph.doubt_hot_imports(thread, importer);
    }

    /// See [`Graph::accept_own`].
    pub fn accept_own(&mut self, thread: ThreadId, id: ModuleId) -> bool {
        self.graph.accept_own(thread, id)
    }

    /// See [`Graph::accept_dependency`].
    pub fn accept_dependency(&mut self, thread: ThreadId, importer: ModuleId, id: ModuleId) {
        self.graph.accept_dependency(thread, importer, id);
    }

    /// See [`Graph::set_accepted`].
    pub fn set_accepted(&mut self, accepted: Accepted) {
        self.graph.set_accepted(accepted);
    }

    /// A thread has ended: what Node has said in it, and what it has imported, goes with it.
    pub fn remove_thread(&mut self, thread: ThreadId) {
        self.fast_path.forget(thread);
        self.graph.drop_thread(thread);
    }

    /// See [`Graph::prune`].
    pub fn prune(&mut self) -> Vec<ModuleId> {
        let lost = self.graph.prune();
        if !lost.is_empty() {
            self.fast_path.clear();
        }
        lost
    }

    /// A module cannot be linked, and neither can what imports it statically.
    pub fn fail_link(&mut self, id: ModuleId) {
        self.unlinked.push(id);
        self.generation += 1;
    }

    /// Takes the modules out that could not be linked.
    pub fn take_unlinked(&mut self) -> Vec<ModuleId> {
        std::mem::take(&mut self.unlinked)
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
