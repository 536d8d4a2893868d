//! The one import that keeps a module cold.

use petgraph::visit::{EdgeRef, NodeIndexable};

use super::dominators::Dominators;
use super::{Graph, ModuleId, Step};

/// For each cold module the import that alone, if it were hot, would make it hot.
///
/// ```text
///   root ─▶ app ─▶ routes ─▶ model        root ─▶ app ─▶ routes ─▶ model
///                         └ opens it              └─▶ jobs ────────┘ only app would
/// ```
pub struct Openings {
    dominators: Dominators,
    /// By number, the number of the module that the import leads to.
    best: Vec<Option<usize>>,
    /// By number; none for where all begins.
    modules: Vec<Option<ModuleId>>,
}

impl Openings {
    /// The import that alone, if it were hot, would make `target` hot, as importer and imported module: one that should
    /// have been hot before any other, then the one nearest to it. `None` if no single one would.
    pub fn of(&self, target: ModuleId) -> Option<(ModuleId, ModuleId)> {
        let number = self.dominators.numbers.get(target.index() + 1).copied().flatten()?;
        let to = self.best[number]?;
        self.modules[self.dominators.immediate[to]].zip(self.modules[to])
    }
}

impl Graph {
    /// See [`Openings`]. `is_wrong`: whether the import that makes a module cold should have been hot. `ignoring_own_accept`: that module's
    /// accepting itself does not count.
    pub fn openings(
        &self,
        ignoring_own_accept: Option<ModuleId>,
        is_wrong: impl Fn(ModuleId) -> bool,
    ) -> Openings {
        let mut next = vec![Vec::new(); self.store.node_bound() + 1];
        next[0] = self
            .starts(true, ignoring_own_accept)
            .chain(self.pinned.iter().copied())
            .map(|id| id.index() + 1)
            .collect();
        for id in self.ids() {
            let cold = self.edges_from(id).filter(|edge| {
                !self.stops_propagation(id, edge.weight(), edge.target(), ignoring_own_accept)
            });
            next[id.index() + 1].extend(cold.map(|edge| edge.target().index() + 1));
        }
        let dominators = Dominators::new(&next);
        let mut modules = vec![None; dominators.immediate.len()];
        for id in self.ids() {
            if let Some(number) = dominators.numbers[id.index() + 1] {
                modules[number] = Some(id);
            }
        }
        // The nearest that should be hot, and the nearest.
        let mut found: Vec<(Option<usize>, Option<usize>)> = vec![(None, None); modules.len()];
        for number in 1..modules.len() {
            let above = dominators.immediate[number];
            let (mut wrong, mut near) = found[above];
            // All other imports of it are made by what is below it.
            let others = |&from: &usize| from == above || dominators.dominates(number, from);
            if above != 0 && dominators.from[number].iter().all(others) {
                near = Some(number);
                wrong = modules[number].filter(|&id| is_wrong(id)).map_or(wrong, |_| near);
            }
            found[number] = (wrong, near);
        }
        let best = found.into_iter().map(|(wrong, near)| wrong.or(near)).collect();
        Openings { dominators, best, modules }
    }

    /// The step of `chain` that alone, if it were hot, would make the last one's module hot: see [`Openings`]. `ignoring_own_accept`: see
    /// [`Graph::chain`].
    pub fn opening(&self, chain: &[Step], ignoring_own_accept: bool) -> Option<usize> {
        let target = self.find(&chain.last()?.path)?;
        let wrong: Vec<_> = chain.iter().filter(|step| step.static_boundary_import).collect();
        let is_wrong = |id| wrong.iter().any(|step| step.path == self.get(id).path);
        let (_, to) = self.openings(ignoring_own_accept.then_some(target), is_wrong).of(target)?;
        chain.iter().position(|step| step.path == self.get(to).path)
    }
}
