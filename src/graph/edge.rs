//! Edges: imports of one module by another, as a thread's instance of the importer made them.
//!
//! petgraph keeps the edges of a module in lists, newest first; an edge's index tells which of two came first.

use std::sync::Arc;

use petgraph::Direction;
use petgraph::stable_graph::{EdgeIndex, EdgeReference};
use petgraph::visit::{EdgeRef, IntoEdgeReferences};
use rustc_hash::FxHashSet;

use super::{Graph, Module, ModuleId, ThreadId};

/// How a module was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EdgeKind {
    /// An `import` or `export … from` declaration.
    Static,
    /// `import()`.
    Dynamic,
    /// `require()`.
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
    /// It was made by a CommonJS module that had run to its end: then a `require()` counts as dynamic.
    pub late: bool,
    /// Crossing it means to import again: the importer repeats its `import()`, or its late `require()`.
    pub hot: bool,
    /// A boundary was meant (by attribute or pattern), whether or not the import can be one.
    pub meant_hot: bool,
    /// The importer wrote the attribute.
    pub by_attribute: bool,
    /// It is an `import()` that has come only while the importer's body ran.
    pub in_body: bool,
    /// What the importer wrote.
    pub specifier: Arc<str>,
    /// It is no more; see [`Graph::compact`].
    pub(super) gone: bool,
}

impl Edge {
    /// Whether it is hot if its target is a boundary: the importer can repeat it.
    pub fn may_be_hot(&self) -> bool {
        self.kind == EdgeKind::Dynamic || self.late
    }
}

/// What makes two imports the same edge.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct EdgeKey {
    thread: ThreadId,
    importer: ModuleId,
    target: ModuleId,
    kind: EdgeKind,
    late: bool,
    hot: bool,
    by_attribute: bool,
    version: u32,
}

impl EdgeKey {
    fn of(edge: &Edge, importer: ModuleId, target: ModuleId) -> Self {
        // Lazy edges outlive their instance: the next one's are the same.
        let version = if edge.lazy { 0 } else { edge.version };
        let &Edge { thread, kind, late, hot, by_attribute, .. } = edge;
        Self { thread, importer, target, kind, late, hot, by_attribute, version }
    }
}

/// So many removed edges are not worth building the store anew.
const FEW: usize = 1024;

/// An import to be recorded.
#[expect(clippy::struct_excessive_bools, reason = "those of an edge")]
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
    pub late: bool,
    /// See [`Edge`].
    pub hot: bool,
    /// See [`Edge`].
    pub meant_hot: bool,
    /// See [`Edge`].
    pub by_attribute: bool,
    /// See [`Edge`].
    pub in_body: bool,
    /// See [`Edge`].
    pub specifier: &'a str,
}

impl Graph {
    /// Records an import.
    pub fn add_edge(&mut self, importer: ModuleId, target: ModuleId, new: &NewEdge) {
        let edge = Edge {
            thread: new.thread,
            version: new.version,
            kind: new.kind,
            lazy: new.lazy,
            late: new.late,
            hot: new.hot,
            meant_hot: new.meant_hot,
            by_attribute: new.by_attribute,
            in_body: new.in_body,
            specifier: new.specifier.into(),
            gone: false,
        };
        let key = EdgeKey::of(&edge, importer, target);
        if let Some(&known) = self.by_key.get(&key) {
            self.store[known].in_body &= new.in_body;
            return;
        }
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

    /// What `importer` has imported until now, hot by its edge, may be imported statically as well: that cannot be known.
    pub fn doubt_hot_imports(&mut self, thread: ThreadId, importer: ModuleId) {
        let is_doubted = |edge: &Edge| edge.thread == thread && edge.hot && !edge.late;
        let hot = self.edges_from(importer).filter(|edge| is_doubted(edge.weight()));
        for (target, edge) in hot.map(|e| (e.target(), e.weight().clone())).collect::<Vec<_>>() {
            let like = NewEdge::like(&edge);
            let new = NewEdge { kind: EdgeKind::Static, lazy: false, hot: false, ..like };
            self.add_edge(importer, target, &new);
        }
    }

    /// The edges out of a module in the order in which they came, with their targets.
    pub fn imports(&self, id: ModuleId) -> Vec<(ModuleId, &Edge)> {
        oldest_first(self.edges_from(id).map(|edge| (edge.target(), edge.weight())))
    }

    /// The edges into a module in the order in which they came, with their importers.
    pub fn importers(&self, id: ModuleId) -> Vec<(ModuleId, &Edge)> {
        oldest_first(self.edges_into(id).map(|edge| (edge.source(), edge.weight())))
    }

    /// Whether anything requires it.
    pub fn is_required(&self, id: ModuleId) -> bool {
        self.edges_into(id).any(|edge| edge.weight().kind == EdgeKind::Require)
    }

    /// Applies `judge` to each edge, since patterns have changed: is its target meant as a boundary now?
    pub fn rejudge_edges(&mut self, judge: impl Fn(&Module, &Edge) -> bool) {
        let live = self.store.edge_references().filter(|edge| !edge.weight().gone);
        let changed: Vec<_> = live
            .map(|edge| (edge.id(), judge(&self.store[edge.target()], edge.weight())))
            .filter(|&(id, meant)| self.store[id].meant_hot != meant)
            .collect();
        for (id, meant_hot) in changed {
            let Some((importer, target)) = self.store.edge_endpoints(id) else { continue };
            let edge = self.store[id].clone();
            self.mark_gone(id);
            let hot = meant_hot && edge.may_be_hot();
            self.add_edge(importer, target, &NewEdge { hot, meant_hot, ..NewEdge::like(&edge) });
        }
    }

    /// petgraph looks for an edge in the list of its target, which may be long: so edges are only marked, and now and
    /// then the store is built anew without them. Never before all are marked: it gives edges new indices.
    pub(super) fn remove_edges(&mut self, edges: Vec<EdgeIndex>) {
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
        self.losses.0 += 1;
        self.edges_changed();
    }

    fn compact(&mut self) {
        let live = self.store.edge_references().filter(|edge| !edge.weight().gone);
        let live: Vec<_> =
            live.map(|edge| (edge.source(), edge.target(), edge.weight().clone())).collect();
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
    pub(super) fn edges_from(&self, id: ModuleId) -> impl Iterator<Item = EdgeReference<'_, Edge>> {
        self.store.edges(id).filter(|edge| !edge.weight().gone)
    }

    /// The edges into a module, newest first.
    pub(super) fn edges_into(&self, id: ModuleId) -> impl Iterator<Item = EdgeReference<'_, Edge>> {
        self.store.edges_directed(id, Direction::Incoming).filter(|edge| !edge.weight().gone)
    }
}

fn oldest_first<T>(edges: impl Iterator<Item = T>) -> Vec<T> {
    let mut edges: Vec<_> = edges.collect();
    edges.reverse();
    edges
}

impl<'a> NewEdge<'a> {
    fn like(edge: &'a Edge) -> Self {
        Self {
            thread: edge.thread,
            version: edge.version,
            kind: edge.kind,
            lazy: edge.lazy,
            late: edge.late,
            hot: edge.hot,
            meant_hot: edge.meant_hot,
            by_attribute: edge.by_attribute,
            in_body: edge.in_body,
            specifier: &edge.specifier,
        }
    }
}
