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

use petgraph::visit::EdgeRef;

use super::{Edge, Graph, ModuleId, Visited};

impl Graph {
    /// Whether a module stays until a restart: reachable from a root without crossing a hot or accepted edge, in any
    /// thread. A root that accepts itself is none.
    pub fn is_cold(&self, id: ModuleId) -> bool {
        self.cold().contains(id)
    }

    /// Whether a hot or accepted edge leads to it.
    pub fn is_entered(&self, id: ModuleId) -> bool {
        self.edges_into(id)
            .any(|edge| self.stops_propagation(edge.source(), edge.weight(), id, None))
    }

    /// All modules that are cold.
    pub(super) fn cold(&self) -> &Visited {
        self.cold.get_or_init(|| self.walk(true))
    }

    /// All modules that a root reaches at all.
    pub(super) fn reachable(&self) -> Visited {
        self.walk(false)
    }

    /// The modules that the roots and the non-reloadable modules reach, over all edges or those alone that make `cold`.
    fn walk(&self, cold: bool) -> Visited {
        let starts = self.starts(cold, None).chain(self.pinned.iter().copied()).collect();
        self.reached(starts, |edge| {
            !cold || !self.stops_propagation(edge.source(), edge.weight(), edge.target(), None)
        })
    }

    /// The entry points; `cold`: without those that accept themselves, but for `ignoring_own_accept`.
    pub(super) fn starts(
        &self,
        cold: bool,
        ignoring_own_accept: Option<ModuleId>,
    ) -> impl Iterator<Item = ModuleId> {
        let counts = move |&&(thread, id): &&_| {
            !cold || !self.accepts_itself(thread, id, ignoring_own_accept)
        };
        self.roots.iter().filter(counts).map(|&(_, id)| id)
    }

    /// Whether an edge is hot or accepted: what is cold ends there.
    pub(super) fn stops_propagation(
        &self,
        importer: ModuleId,
        edge: &Edge,
        target: ModuleId,
        ignoring_own_accept: Option<ModuleId>,
    ) -> bool {
        edge.hot || self.is_accepted(importer, edge, target, ignoring_own_accept)
    }
}
