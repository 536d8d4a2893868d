//! The one import that keeps a module cold.

use petgraph::visit::EdgeRef;

use super::{Graph, ModuleId, Step};

/// How many steps of a chain are tried: each costs a walk over the graph.
const TRIED: usize = 16;

impl Graph {
    /// The step of `chain` that alone, if it were hot, would make the last one's module hot: one that should have been
    /// hot before any other, then the one nearest to it. `None` if no single one would. `past`: see [`Graph::chain`].
    ///
    /// ```text
    ///   root ─▶ app ─▶ routes ─▶ model        root ─▶ app ─▶ routes ─▶ model
    ///                         └ opens it              └─▶ jobs ────────┘ only app would
    /// ```
    pub fn opening(&self, chain: &[Step], past: bool) -> Option<usize> {
        let target = self.find(&chain.last()?.path)?;
        let mut steps: Vec<_> = (1..chain.len()).rev().collect();
        steps.sort_by_key(|&at| !chain[at].wrongly_imported);
        steps.into_iter().take(TRIED).find(|&at| {
            let (from, to) = (self.find(&chain[at - 1].path), self.find(&chain[at].path));
            from.zip(to).is_some_and(|without| !self.stays(target, past.then_some(target), without))
        })
    }

    /// Whether `target` is cold even if all imports of the one module by the other were hot.
    fn stays(
        &self,
        target: ModuleId,
        past: Option<ModuleId>,
        without: (ModuleId, ModuleId),
    ) -> bool {
        let mut seen = vec![false; self.store.node_count()];
        let mut stack: Vec<_> =
            self.starts(true, past).chain(self.pinned.iter().copied()).collect();
        while let Some(id) = stack.pop() {
            if id == target {
                return true;
            }
            if !std::mem::replace(&mut seen[id.index()], true) {
                let next = self.edges_from(id).filter(|edge| (id, edge.target()) != without);
                let next =
                    next.filter(|edge| !self.is_barred(id, edge.weight(), edge.target(), past));
                stack.extend(next.map(|edge| edge.target()));
            }
        }
        false
    }
}
