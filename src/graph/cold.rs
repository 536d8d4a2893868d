//! The cold set: what has run and stays until a restart.
//!
//! ```text
//!   root ──static──▶ app ──dynamic, hot──▶ controller ──static──▶ service
//!     │               │                                              ▲
//!     └──static──▶ provider ──static──▶ model ◀──static──────────────┘
//!
//!   cold: root, app, provider, model          hot: controller, service
//! ```
//!
//! One walk from the roots over the edges that are neither hot nor accepted, O(V+E); never an enumeration of paths.

use std::cell::Ref;

use petgraph::visit::EdgeRef;

use super::{Edge, Graph, ModuleId};

/// For each module, by index: is it cold?
pub(super) type ColdSet = Vec<bool>;

impl Graph {
    /// Whether a module stays until a restart: reachable from a root without crossing a hot or accepted edge, in any
    /// thread. A root that accepts itself is none.
    pub fn is_cold(&self, id: ModuleId) -> bool {
        self.cold().get(id.index()).copied().unwrap_or(false)
    }

    /// For each module, by index, but for the newest: is it cold?
    pub(super) fn cold(&self) -> Ref<'_, [bool]> {
        self.cold.borrow_mut().get_or_insert_with(|| self.walk(true));
        Ref::map(self.cold.borrow(), |cold| cold.as_deref().unwrap_or_default())
    }

    /// For each module, by index: does a root reach it at all?
    pub(super) fn reachable(&self) -> Vec<bool> {
        self.walk(false)
    }

    /// Which modules the roots and the pinned modules reach, over all edges or those alone that make `cold`.
    fn walk(&self, cold: bool) -> Vec<bool> {
        let mut seen = vec![false; self.store.node_count()];
        let mut stack: Vec<_> =
            self.starts(cold, None).chain(self.pinned.iter().copied()).collect();
        while let Some(id) = stack.pop() {
            if std::mem::replace(&mut seen[id.index()], true) {
                continue;
            }
            for edge in self.edges_from(id) {
                let next = edge.target();
                let ends = cold && self.is_barred(id, edge.weight(), next, None);
                if !ends && !seen[next.index()] {
                    stack.push(next);
                }
            }
        }
        seen
    }

    /// The entry points; `cold`: without those that accept themselves, but for `past`.
    pub(super) fn starts(
        &self,
        cold: bool,
        past: Option<ModuleId>,
    ) -> impl Iterator<Item = ModuleId> {
        let counts = move |&&(thread, id): &&_| !cold || !self.accepts_itself(thread, id, past);
        self.roots.iter().filter(counts).map(|&(_, id)| id)
    }

    /// Whether an edge is hot or accepted: what is cold ends there.
    pub(super) fn is_barred(
        &self,
        importer: ModuleId,
        edge: &Edge,
        target: ModuleId,
        past: Option<ModuleId>,
    ) -> bool {
        edge.hot || self.is_accepted(importer, edge, target, past)
    }
}
