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
//! One walk from the roots over the edges that are not hot, O(V+E); never an enumeration of paths.

use petgraph::visit::EdgeRef;

use super::{Graph, ModuleId};

/// For each module, by index: is it cold?
pub(super) type ColdSet = Vec<bool>;

impl Graph {
    /// Whether a module stays until a restart: reachable from a root without crossing a hot edge, in any thread.
    pub fn is_cold(&self, id: ModuleId) -> bool {
        self.cold
            .borrow_mut()
            .get_or_insert_with(|| self.walk(|hot| !hot))
            .get(id.index())
            .copied()
            .unwrap_or(false)
    }

    /// For each module, by index: does a root reach it at all?
    pub(super) fn reachable(&self) -> Vec<bool> {
        self.walk(|_| true)
    }

    /// Which modules the roots and the pinned modules reach over the edges that `follow` lets through.
    fn walk(&self, follow: impl Fn(bool) -> bool) -> Vec<bool> {
        let mut seen = vec![false; self.store.node_count()];
        let pinned = self.store.node_indices().filter(|&id| self.store[id].is_pinned());
        let mut stack: Vec<_> = self.roots.iter().map(|&(_, id)| id).chain(pinned).collect();
        while let Some(id) = stack.pop() {
            if std::mem::replace(&mut seen[id.index()], true) {
                continue;
            }
            let next = self
                .edges_from(id)
                .filter(|edge| follow(edge.weight().hot) && !seen[edge.target().index()]);
            stack.extend(next.map(|edge| edge.target()));
        }
        seen
    }
}
