//! The import graph: modules, edges, roots. Pure: no I/O, no clock, no URLs.
//!
//! An edge belongs to one thread and to the version of the importer that made it. The decision looks at the union over
//! all threads. Edges are in [`edge`], walks in [`cold`] and [`walk`]; accepted edges are in [`accept`].

pub mod accept;
mod cold;
mod content;
mod cut;
mod cycle;
mod dominators;
mod edge;
mod taken;
mod walk;

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use petgraph::stable_graph::{EdgeIndex, NodeIndex, StableDiGraph};
use petgraph::visit::EdgeRef;
use rustc_hash::{FxHashMap, FxHashSet};

use accept::Accepted;
pub use content::{Content, Reporter};
pub use cut::{Cuts, Import, Judge};
use edge::EdgeKey;
pub use edge::{Edge, EdgeKind, NewEdge};
use taken::Takes;
pub use taken::{Missed, Taken};
pub use walk::{Arrivals, Crossing, Step, Visited};

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

/// In which threads something holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// In none.
    #[default]
    Nowhere,
    /// In these.
    Threads(Vec<ThreadId>),
    /// In all, also those to come.
    Everywhere,
}

impl Scope {
    /// Whether it holds in the thread.
    pub fn includes(&self, thread: ThreadId) -> bool {
        match self {
            Self::Nowhere => false,
            Self::Threads(threads) => threads.contains(&thread),
            Self::Everywhere => true,
        }
    }
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
    /// In which threads a `boundaries` pattern matches it.
    pub boundary: Scope,
    /// How often it was invalidated.
    pub version: u32,
    /// What its file holds, and held.
    pub content: Content,
    /// It was loaded as an ES module.
    pub is_es: bool,
    /// It was imported as JSON.
    pub is_json: bool,
    /// It was required, or imported as something else than an ES module: a `require.cache` may hold it.
    pub by_require: bool,
    /// `require()` has loaded it as an ES module: it knows no queries, so every instance has the plain URL.
    pub keeps_url: bool,
    /// Nothing reaches it any more; it keeps its version for when it comes back.
    pub pruned: bool,
}

impl Module {
    /// Whether it keeps its instance until a restart, whatever imports it.
    pub fn is_non_reloadable(&self) -> bool {
        self.kind != ModuleKind::File
    }

    /// Whether it is a native addon that was there when it was asked for: a process keeps the one that it has loaded.
    pub fn is_addon(&self) -> bool {
        self.path.ends_with(".node") && !self.content.is_absent()
    }

    /// Whether a `require.cache` may hold it.
    pub fn may_be_required(&self) -> bool {
        self.by_require || !self.is_es
    }
}

/// The modules of a process and their imports, over all its threads.
#[derive(Default)]
pub struct Graph {
    store: StableDiGraph<Module, Edge>,
    by_path: FxHashMap<Arc<str>, ModuleId>,
    by_key: FxHashMap<EdgeKey, EdgeIndex>,
    /// In the order in which they came.
    pinned: Vec<ModuleId>,
    roots: Vec<(ThreadId, ModuleId)>,
    unknown_importers: FxHashSet<(ThreadId, ModuleId)>,
    accepted: Accepted,
    takes: Takes,
    /// How many edges of the store are gone.
    gone: usize,
    /// The cold set, until an edge or root changes.
    cold: OnceCell<Visited>,
    /// How often edges went, or what is accepted changed.
    losses: (u64, u64),
    /// How many modules the walks have come to that calls for single imports and modules may ask for.
    walked: Cell<u64>,
}

impl Graph {
    /// The module at `path`, made by `new` if it is not there yet.
    pub fn module_or_insert(
        &mut self,
        path: &str,
        new: impl FnOnce() -> (ModuleKind, Scope),
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
            content: Content::default(),
            is_es: false,
            is_json: false,
            by_require: false,
            keeps_url: false,
            pruned: false,
        });
        self.by_path.insert(path, id);
        // A non-reloadable module is cold from the start.
        if kind != ModuleKind::File {
            self.pinned.push(id);
            self.edges_changed();
        }
        id
    }

    /// Applies `judge` to each module that has a path, since patterns have changed: what is it now, and do `boundaries`
    /// match it? Returns those that are ignored no longer.
    pub fn rejudge_modules(
        &mut self,
        judge: impl Fn(ModuleId, &str) -> (ModuleKind, Scope),
    ) -> Vec<ModuleId> {
        let mut freed = Vec::new();
        for id in self.ids().collect::<Vec<_>>() {
            let module = &mut self.store[id];
            if module.kind == ModuleKind::Virtual {
                continue;
            }
            let (kind, boundary) = judge(id, &module.path);
            if std::mem::replace(&mut module.kind, kind) != kind && kind == ModuleKind::File {
                freed.push(id);
            }
            module.boundary = boundary;
        }
        self.pinned = self.ids().filter(|&id| self.store[id].is_non_reloadable()).collect();
        self.edges_changed();
        freed
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

    /// A module, to be changed. Its edges are not in it; see [`Graph::rejudge_modules`] for what patterns say of it.
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

    /// Makes a module a root because its importer is not known, until one is found.
    pub fn add_unknown_importer(&mut self, thread: ThreadId, module: ModuleId) {
        if !self.roots.contains(&(thread, module)) {
            self.add_root(thread, module);
            self.unknown_importers.insert((thread, module));
        }
    }

    /// An importer of a module was found: it is a root no longer, if it was one for want of that.
    pub fn remove_unknown_importer(&mut self, thread: ThreadId, module: ModuleId) {
        if self.unknown_importers.remove(&(thread, module)) {
            self.roots.retain(|root| *root != (thread, module));
            self.edges_changed();
        }
    }

    /// The entry points, in the order in which they came.
    pub fn roots(&self) -> &[(ThreadId, ModuleId)] {
        &self.roots
    }

    /// Drops what a thread that has ended imported, and its roots.
    pub fn drop_thread(&mut self, thread: ThreadId) {
        self.roots.retain(|&(owner, _)| owner != thread);
        self.unknown_importers.retain(|&(owner, _)| owner != thread);
        self.takes.drop_thread(thread);
        let gone: Vec<_> = self
            .store
            .edge_indices()
            .filter(|&e| self.store[e].thread == thread && !self.store[e].gone)
            .collect();
        self.remove_edges(gone);
        self.edges_changed();
    }

    /// Takes the modules out that no root reaches any more, and returns them. Non-reloadable ones stay: Node keeps them.
    pub fn prune(&mut self) -> Vec<ModuleId> {
        let reached = self.reachable();
        let lost: Vec<_> = self
            .store
            .node_indices()
            .filter(|id| !self.store[*id].pruned && !reached.contains(*id))
            .collect();
        let edges = lost.iter().flat_map(|&id| self.edges_from(id)).map(|edge| edge.id());
        self.remove_edges(edges.collect());
        for &id in &lost {
            self.store[id].pruned = true;
        }
        self.takes.prune(&lost);
        lost
    }

    /// Differs when edges have gone since, or when what is accepted has changed since: the one, and the other.
    pub fn losses(&self) -> (u64, u64) {
        self.losses
    }

    /// How many modules walks have come to so far: for tests of what an import costs.
    pub fn walked(&self) -> u64 {
        self.walked.get()
    }

    fn count_walk(&self, modules: usize) {
        self.walked.set(self.walked.get() + modules as u64);
    }

    /// To be called when anything that the cold set depends on has changed.
    fn edges_changed(&mut self) {
        self.cold.take();
    }
}
