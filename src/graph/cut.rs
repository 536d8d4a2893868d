//! Cuts: single imports that keep a module cold.
//!
//! ```text
//!   root ─▶ app ─▶ routes ─▶ model        root ─▶ app ─▶ routes ─▶ model
//!        1      2         3                    1  └─▶ jobs ────────┘
//!   each of 1, 2 and 3 is a cut of model       only 1 is
//! ```

use petgraph::visit::{EdgeRef, NodeIndexable};
use rustc_hash::FxHashMap;

use super::dominators::Dominators;
use super::{Edge, Graph, ModuleId, Visited};

/// The cuts of all cold modules.
pub struct Cuts {
    dominators: Dominators,
    /// By number; none for where all begins.
    modules: Vec<Option<ModuleId>>,
}

/// An import: who imports, and what.
pub type Import = (ModuleId, ModuleId);

/// What makes a cut a good one.
pub trait Judge {
    /// Whether the import should have been hot: it is the first to be mended.
    fn is_meant(&self, import: Import) -> bool;
    /// Whether it may become hot.
    fn is_good(&self, import: Import) -> bool;
}

/// The best cuts on the way to a module, as the numbers of what they lead to.
#[derive(Clone, Copy, Debug, Default)]
struct Best {
    /// The nearest one that should have been hot.
    meant: Option<usize>,
    /// The good one nearest to where all begins.
    highest: Option<usize>,
}

impl Cuts {
    /// The best cut of `target`: the nearest one that should have been hot, else the good one nearest to where all begins.
    pub fn of(&self, target: ModuleId, judge: &impl Judge) -> Option<Import> {
        let mut number = self.dominators.numbers.get(target.index() + 1).copied().flatten()?;
        let mut way = Vec::new();
        while number != 0 {
            way.push(number);
            number = self.dominators.immediate[number];
        }
        let from_above = way.into_iter().rev();
        self.import_of(from_above.fold(Best::default(), |best, to| self.better(best, to, judge)))
    }

    /// The best cut of each module that has one, as [`Cuts::of`] finds it.
    pub fn all(&self, judge: &impl Judge) -> FxHashMap<ModuleId, Import> {
        let mut found = vec![Best::default(); self.modules.len()];
        for to in 1..found.len() {
            found[to] = self.better(found[self.dominators.immediate[to]], to, judge);
        }
        let found = self.modules.iter().zip(found);
        found.filter_map(|(module, best)| Some(((*module)?, self.import_of(best)?))).collect()
    }

    /// What is best at a module, given what is best at the last one that all ways to it pass.
    fn better(&self, mut best: Best, to: usize, judge: &impl Judge) -> Best {
        if let Some(import) = self.cut_at(to) {
            if judge.is_meant(import) {
                best.meant = Some(to);
            } else if best.highest.is_none() && judge.is_good(import) {
                best.highest = Some(to);
            }
        }
        best
    }

    /// The cut that leads to a module, if one does: all other imports of it are made by what is below it.
    fn cut_at(&self, to: usize) -> Option<Import> {
        let above = self.dominators.immediate[to];
        let others = |&from: &usize| from == above || self.dominators.dominates(to, from);
        let is_cut = self.dominators.from[to].iter().all(others);
        self.modules[above].zip(self.modules[to]).filter(|_| is_cut)
    }

    fn import_of(&self, Best { meant, highest }: Best) -> Option<Import> {
        self.cut_at(meant.or(highest)?)
    }
}

impl Graph {
    /// See [`Cuts`]. `ignoring_own_accept`: that module's accepting itself does not count.
    pub fn cuts(&self, ignoring_own_accept: Option<ModuleId>) -> Cuts {
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
        Cuts { dominators, modules }
    }

    /// `modules`, and all that lead to one of them by imports, hot ones too.
    pub fn leading_to(&self, modules: impl Iterator<Item = ModuleId>) -> Visited {
        let mut visited = Visited::default();
        let mut stack: Vec<_> = modules.collect();
        while let Some(id) = stack.pop() {
            if visited.insert(id) {
                stack.extend(self.edges_into(id).map(|edge| edge.source()));
            }
        }
        visited
    }

    /// The single imports, in one module, of another that make that cold, in the order in which they came.
    pub fn cold_imports(&self, (importer, target): Import) -> impl Iterator<Item = &Edge> {
        let is_cold = move |edge: &Edge| !self.stops_propagation(importer, edge, target, None);
        let edges = self.importers(target).into_iter();
        edges.filter(move |&(from, edge)| from == importer && is_cold(edge)).map(|(_, edge)| edge)
    }
}
