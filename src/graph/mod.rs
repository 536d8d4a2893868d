//! The import graph: modules, edges, roots. Pure: no I/O, no clock, no URLs.
//!
//! An edge belongs to one thread and to the version of the importer that made it. The decision looks at the union over
//! all threads. Walks are in [`cold`] and [`walk`]; accepted edges are in [`accept`], loaded instances in [`instance`].

pub mod accept;
mod cold;
pub mod instance;
mod opening;
mod walk;

use std::cell::RefCell;
use std::sync::Arc;

use petgraph::Direction;
use petgraph::stable_graph::{EdgeIndex, EdgeReference, NodeIndex, StableDiGraph};
use petgraph::visit::{EdgeRef, IntoEdgeReferences};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::fingerprint::Fingerprint;
use accept::Accepted;
pub use walk::Step;

/// Names a module for the life of the process.
pub type ModuleId = NodeIndex<u32>;

/// A thread that runs user code, by Node's own `threadId` (0 is the main thread).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadId(pub u32);

/// What a node of the graph stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleKind {
    /// A file, which may be reloaded.
    File,
    /// A file that `ignore` matches: it keeps its one instance until a restart.
    Ignored,
    /// An importer that is no file (`data:`, vm, REPL): it cannot be reloaded either.
    Virtual,
}

/// A file, or something that imports one.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, all combinations of which occur"
)]
pub struct Module {
    /// The real path; a label for [`ModuleKind::Virtual`].
    pub path: Arc<str>,
    /// What it is.
    pub kind: ModuleKind,
    /// Whether a `boundaries` pattern matches it.
    pub boundary: bool,
    /// How often it was invalidated.
    pub version: u32,
    /// Whether anybody began to load the current version.
    pub begun: bool,
    /// What the first read of the current version found.
    pub read: Option<Fingerprint>,
    /// What was last read or decided on: a file event that finds it again says nothing.
    pub seen: Option<Fingerprint>,
    /// What was last decided on.
    pub decided: Option<Fingerprint>,
    /// It was loaded as an ES module.
    pub is_es: bool,
    /// It was imported as JSON.
    pub is_json: bool,
    /// `require()` has loaded it as an ES module: it knows no queries, so every instance has the plain URL.
    pub keeps_url: bool,
    /// Nothing reaches it any more; it keeps its version for when it comes back.
    pub pruned: bool,
}

impl Module {
    /// Whether it keeps its instance until a restart, whoever imports it.
    pub fn is_pinned(&self) -> bool {
        self.kind != ModuleKind::File
    }
}

/// How a module was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EdgeKind {
    /// An `import` or `export … from` declaration.
    Static,
    /// `import()`.
    Dynamic,
    /// `require()` while the importer was being evaluated.
    Require,
}

impl EdgeKind {
    /// The word for it in messages and dumps.
    pub fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Dynamic => "dynamic",
            Self::Require => "require",
        }
    }
}

/// One import of a module by another.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, all combinations of which occur"
)]
pub struct Edge {
    /// The thread in which it was imported.
    pub thread: ThreadId,
    /// The importer's version that made it.
    pub version: u32,
    /// How.
    pub kind: EdgeKind,
    /// It may not be seen again although the code still has it: it stays until the importer is pruned.
    pub lazy: bool,
    /// Crossing it means to import again: the importer repeats its `import()`.
    pub hot: bool,
    /// A boundary was meant (by attribute or pattern), whether or not the import can be one.
    pub meant_hot: bool,
    /// What the importer wrote.
    pub specifier: Arc<str>,
    /// Edges are looked at in the order in which they came.
    order: u64,
    /// It is no more; see [`Graph::compact`].
    gone: bool,
}

/// What makes two imports the same edge.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct EdgeKey {
    thread: ThreadId,
    importer: ModuleId,
    target: ModuleId,
    kind: EdgeKind,
    hot: bool,
    version: u32,
}

impl EdgeKey {
    fn of(edge: &Edge, importer: ModuleId, target: ModuleId) -> Self {
        // Lazy edges outlive their instance: the next one's are the same.
        let version = if edge.lazy { 0 } else { edge.version };
        Self { thread: edge.thread, importer, target, kind: edge.kind, hot: edge.hot, version }
    }
}

/// So many removed edges are not worth building the store anew.
const FEW: usize = 1024;

/// An import to be recorded.
pub struct NewEdge<'a> {
    /// See [`Edge`].
    pub thread: ThreadId,
    /// See [`Edge`].
    pub version: u32,
    /// See [`Edge`].
    pub kind: EdgeKind,
    /// See [`Edge`].
    pub lazy: bool,
    /// See [`Edge`].
    pub hot: bool,
    /// See [`Edge`].
    pub meant_hot: bool,
    /// See [`Edge`].
    pub specifier: &'a str,
}

/// The modules of a process and their imports, over all its threads.
#[derive(Default)]
pub struct Graph {
    store: StableDiGraph<Module, Edge>,
    by_path: FxHashMap<Arc<str>, ModuleId>,
    by_key: FxHashMap<EdgeKey, EdgeIndex>,
    roots: Vec<(ThreadId, ModuleId)>,
    strangers: FxHashSet<(ThreadId, ModuleId)>,
    accepted: Accepted,
    next_order: u64,
    /// How many edges of the store are gone.
    gone: usize,
    /// The cold set, until an edge or root changes.
    cold: RefCell<Option<cold::ColdSet>>,
}

impl Graph {
    /// The module at `path`, made by `new` if it is not there yet.
    pub fn module_or_insert(
        &mut self,
        path: &str,
        new: impl FnOnce() -> (ModuleKind, bool),
    ) -> ModuleId {
        if let Some(&id) = self.by_path.get(path) {
            return id;
        }
        let (kind, boundary) = new();
        let path: Arc<str> = path.into();
        let id = self.store.add_node(Module {
            path: path.clone(),
            kind,
            boundary,
            version: 0,
            begun: false,
            read: None,
            seen: None,
            decided: None,
            is_es: false,
            is_json: false,
            keeps_url: false,
            pruned: false,
        });
        self.by_path.insert(path, id);
        // A pinned module is cold from the start.
        if kind != ModuleKind::File {
            self.edges_changed();
        }
        id
    }

    /// The module at `path`, if it was ever imported.
    pub fn find(&self, path: &str) -> Option<ModuleId> {
        self.by_path.get(path).copied()
    }

    /// All modules, in the order in which they came; pruned ones too.
    pub fn ids(&self) -> impl Iterator<Item = ModuleId> + '_ {
        self.store.node_indices()
    }

    /// How many modules there ever were.
    pub fn len(&self) -> usize {
        self.store.node_count()
    }

    /// Whether nothing was ever imported.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A module.
    pub fn get(&self, id: ModuleId) -> &Module {
        &self.store[id]
    }

    /// A module, to be changed. Its edges are not in it; see [`Graph::edges_changed`] for `kind`.
    pub fn get_mut(&mut self, id: ModuleId) -> &mut Module {
        &mut self.store[id]
    }

    /// Makes a module an entry point of a thread.
    pub fn add_root(&mut self, thread: ThreadId, module: ModuleId) {
        if !self.roots.contains(&(thread, module)) {
            self.roots.push((thread, module));
            self.store[module].pruned = false;
            self.edges_changed();
        }
    }

    /// Makes a module a root because nobody knows who imports it: until somebody does.
    pub fn add_stranger(&mut self, thread: ThreadId, module: ModuleId) {
        if !self.roots.contains(&(thread, module)) {
            self.add_root(thread, module);
            self.strangers.insert((thread, module));
        }
    }

    /// An importer of a module was found: it is a root no longer, if it was one for want of that.
    pub fn remove_stranger(&mut self, thread: ThreadId, module: ModuleId) {
        if self.strangers.remove(&(thread, module)) {
            self.roots.retain(|root| *root != (thread, module));
            self.edges_changed();
        }
    }

    /// The entry points, in the order in which they came.
    pub fn roots(&self) -> &[(ThreadId, ModuleId)] {
        &self.roots
    }

    /// Records an import.
    pub fn add_edge(&mut self, importer: ModuleId, target: ModuleId, new: &NewEdge) {
        let edge = Edge {
            thread: new.thread,
            version: new.version,
            kind: new.kind,
            lazy: new.lazy,
            hot: new.hot,
            meant_hot: new.meant_hot,
            specifier: new.specifier.into(),
            order: self.next_order,
            gone: false,
        };
        let key = EdgeKey::of(&edge, importer, target);
        if self.by_key.contains_key(&key) {
            return;
        }
        self.next_order += 1;
        let index = self.store.add_edge(importer, target, edge);
        self.by_key.insert(key, index);
        self.store[target].pruned = false;
        self.edges_changed();
    }

    /// Drops the edges that versions of `importer` before `version` made in `thread`, but for the lazy ones: they are
    /// seen only when they run, so not seeing one again proves nothing. Returns whether a module may have lost its last
    /// importer.
    pub fn drop_older_edges(&mut self, thread: ThreadId, importer: ModuleId, version: u32) -> bool {
        let (mut stale, mut kept) = (Vec::new(), FxHashSet::default());
        for edge in self.edges_from(importer) {
            let weight = edge.weight();
            if weight.thread == thread && !weight.lazy && weight.version < version {
                stale.push((edge.id(), edge.target()));
            } else {
                kept.insert(edge.target());
            }
        }
        let lost = stale.iter().any(|(_, target)| !kept.contains(target));
        self.remove_edges(stale.into_iter().map(|(edge, _)| edge).collect());
        lost
    }

    /// Drops what a thread that has ended imported, and its roots.
    pub fn drop_thread(&mut self, thread: ThreadId) {
        self.roots.retain(|&(owner, _)| owner != thread);
        self.strangers.retain(|&(owner, _)| owner != thread);
        let gone: Vec<_> = self
            .store
            .edge_indices()
            .filter(|&e| self.store[e].thread == thread && !self.store[e].gone)
            .collect();
        self.remove_edges(gone);
        self.edges_changed();
    }

    /// Takes the modules out that no root reaches any more, and returns them. Pinned ones stay: Node keeps them.
    pub fn prune(&mut self) -> Vec<ModuleId> {
        let reached = self.reachable();
        let lost: Vec<_> = self
            .store
            .node_indices()
            .filter(|id| !self.store[*id].pruned && !reached[id.index()])
            .collect();
        let edges = lost.iter().flat_map(|&id| self.edges_from(id)).map(|edge| edge.id());
        self.remove_edges(edges.collect());
        for &id in &lost {
            self.store[id].pruned = true;
        }
        lost
    }

    /// The edges out of a module in the order in which they came, with their targets.
    pub fn imports(&self, id: ModuleId) -> Vec<(ModuleId, &Edge)> {
        in_order(self.edges_from(id).map(|edge| (edge.target(), edge.weight())).collect())
    }

    /// The edges into a module in the order in which they came, with their importers.
    pub fn importers(&self, id: ModuleId) -> Vec<(ModuleId, &Edge)> {
        in_order(self.edges_into(id).map(|edge| (edge.source(), edge.weight())).collect())
    }

    /// Whether anything requires it.
    pub fn is_required(&self, id: ModuleId) -> bool {
        self.edges_into(id).any(|edge| edge.weight().kind == EdgeKind::Require)
    }

    /// Applies `judge` to each dynamic edge whose target's patterns may have changed: is it hot now?
    pub fn rejudge_edges(&mut self, judge: impl Fn(&Module, &Edge) -> bool) {
        let changed: Vec<_> = self
            .store
            .edge_references()
            .filter(|edge| edge.weight().kind == EdgeKind::Dynamic && !edge.weight().gone)
            .map(|edge| (edge.id(), judge(&self.store[edge.target()], edge.weight())))
            .filter(|&(id, hot)| self.store[id].hot != hot)
            .collect();
        for (id, hot) in changed {
            let Some((importer, target)) = self.store.edge_endpoints(id) else { continue };
            let edge = self.store[id].clone();
            self.mark_gone(id);
            let new =
                NewEdge { hot, meant_hot: hot, specifier: &edge.specifier, ..NewEdge::like(&edge) };
            self.add_edge(importer, target, &new);
        }
    }

    /// petgraph looks for an edge in the list of its target, which may be long: so edges are only marked, and now and
    /// then the store is built anew without them. Never before all are marked: it gives edges new indices.
    fn remove_edges(&mut self, edges: Vec<EdgeIndex>) {
        for edge in edges {
            self.mark_gone(edge);
        }
        if self.gone > self.by_key.len() + FEW {
            self.compact();
        }
    }

    fn mark_gone(&mut self, index: EdgeIndex) {
        let Some((importer, target)) = self.store.edge_endpoints(index) else { return };
        let edge = &mut self.store[index];
        if std::mem::replace(&mut edge.gone, true) {
            return;
        }
        let key = EdgeKey::of(edge, importer, target);
        self.by_key.remove(&key);
        self.gone += 1;
        self.edges_changed();
    }

    fn compact(&mut self) {
        let live = self.store.edge_references().filter(|edge| !edge.weight().gone);
        let mut live: Vec<_> =
            live.map(|edge| (edge.source(), edge.target(), edge.weight().clone())).collect();
        live.sort_unstable_by_key(|(_, _, edge)| edge.order);
        self.store.clear_edges();
        self.by_key.clear();
        self.gone = 0;
        for (importer, target, edge) in live {
            let key = EdgeKey::of(&edge, importer, target);
            let index = self.store.add_edge(importer, target, edge);
            self.by_key.insert(key, index);
        }
    }

    /// The edges out of a module, newest first.
    fn edges_from(&self, id: ModuleId) -> impl Iterator<Item = EdgeReference<'_, Edge>> {
        self.store.edges(id).filter(|edge| !edge.weight().gone)
    }

    /// The edges into a module, newest first.
    fn edges_into(&self, id: ModuleId) -> impl Iterator<Item = EdgeReference<'_, Edge>> {
        self.store.edges_directed(id, Direction::Incoming).filter(|edge| !edge.weight().gone)
    }

    /// To be called when anything that the cold set depends on has changed.
    pub fn edges_changed(&mut self) {
        *self.cold.get_mut() = None;
    }
}

fn in_order(mut edges: Vec<(ModuleId, &Edge)>) -> Vec<(ModuleId, &Edge)> {
    edges.sort_unstable_by_key(|(_, edge)| edge.order);
    edges
}

impl<'a> NewEdge<'a> {
    fn like(edge: &'a Edge) -> Self {
        Self {
            thread: edge.thread,
            version: edge.version,
            kind: edge.kind,
            lazy: edge.lazy,
            hot: edge.hot,
            meant_hot: edge.meant_hot,
            specifier: &edge.specifier,
        }
    }
}
