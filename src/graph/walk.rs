//! Walks that answer a question about one module: who must run again, and what makes it cold.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::accept::Climb;
use super::{Edge, EdgeKind, Graph, ModuleId};

/// One step of a chain of imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The module that this step arrives at.
    pub path: Arc<str>,
    /// How it was imported; `None` for the root, where the chain begins.
    pub kind: Option<EdgeKind>,
    /// What the importer wrote; empty for the root.
    pub specifier: Arc<str>,
    /// A boundary entered by something else than `import()`.
    pub wrongly_imported: bool,
}

impl Graph {
    /// `changed` and all its importers that are not cold, upwards, also through hot edges; nearest first.
    ///
    /// ```text
    ///   root ──▶ app ──hot──▶ controller ──▶ service ──▶ changed
    ///   cold     cold    │    ◀──────────────────────── climbs
    ///                    └ stops here: a cold importer repeats its import
    /// ```
    ///
    /// Accepted edges stop it, if the importer has evaluated and is not itself below the target: a cycle is climbed.
    pub fn climb(&self, changed: ModuleId, climb: &Climb) -> Vec<ModuleId> {
        self.climb_over(changed, climb, |_| true)
    }

    /// `failed` and the importers that cannot be linked without it: along static edges, as far as they are not cold.
    pub fn climb_statically(&self, failed: ModuleId, climb: &Climb) -> Vec<ModuleId> {
        self.climb_over(failed, climb, |edge| edge.kind == EdgeKind::Static)
    }

    fn climb_over(
        &self,
        start: ModuleId,
        climb: &Climb,
        follow: impl Fn(&Edge) -> bool,
    ) -> Vec<ModuleId> {
        let past = climb.past.then_some(start);
        let mut seen = vec![false; self.store.node_count()];
        seen[start.index()] = true;
        let mut order = vec![start];
        let mut next = 0;
        while let Some(&id) = order.get(next) {
            next += 1;
            let below = OnceCell::new();
            for (importer, edge) in self.importers(id) {
                if !follow(edge) || seen[importer.index()] || self.is_cold(importer) {
                    continue;
                }
                let stops = self.is_accepted(importer, edge, id, past)
                    && (climb.evaluated)(edge.thread, importer)
                    && !below.get_or_init(|| self.statically_below(id))[importer.index()];
                if !stops {
                    seen[importer.index()] = true;
                    order.push(importer);
                }
            }
        }
        order
    }

    /// The shortest chain of edges from a root to `target` that crosses no hot or accepted edge; empty if `target` is not
    /// cold. Entry points are tried before other pinned modules, because they explain more. `past`: its accepting itself
    /// does not count.
    pub fn chain(&self, target: ModuleId, past: bool) -> Vec<Step> {
        let past = past.then_some(target);
        let roots: Vec<_> = self.starts(true, past).collect();
        let chain = self.chain_from(&roots, target, past);
        if !chain.is_empty() {
            return chain;
        }
        let pinned: Vec<_> =
            self.store.node_indices().filter(|&id| self.store[id].is_pinned()).collect();
        self.chain_from(&pinned, target, past)
    }

    /// Breadth first, edges in the order in which they came.
    fn chain_from(
        &self,
        roots: &[ModuleId],
        target: ModuleId,
        past: Option<ModuleId>,
    ) -> Vec<Step> {
        let mut came_by: FxHashMap<ModuleId, Option<(ModuleId, &Edge)>> = FxHashMap::default();
        let mut queue = VecDeque::new();
        for &root in roots {
            if came_by.insert(root, None).is_none() {
                queue.push_back(root);
            }
        }
        while let Some(id) = queue.pop_front() {
            if id == target {
                return self.trace(&came_by, target);
            }
            for (next, edge) in self.imports(id) {
                if !came_by.contains_key(&next) && !self.is_barred(id, edge, next, past) {
                    came_by.insert(next, Some((id, edge)));
                    queue.push_back(next);
                }
            }
        }
        Vec::new()
    }

    fn trace(
        &self,
        came_by: &FxHashMap<ModuleId, Option<(ModuleId, &Edge)>>,
        target: ModuleId,
    ) -> Vec<Step> {
        let mut chain = Vec::new();
        let mut at = Some(target);
        while let Some(id) = at {
            let arrival = came_by.get(&id).copied().flatten();
            chain.push(Step {
                path: self.store[id].path.clone(),
                kind: arrival.map(|(_, edge)| edge.kind),
                specifier: arrival.map_or_else(|| "".into(), |(_, edge)| edge.specifier.clone()),
                wrongly_imported: arrival
                    .is_some_and(|(_, edge)| edge.meant_hot && edge.kind == EdgeKind::Static),
            });
            at = arrival.map(|(importer, _)| importer);
        }
        chain.reverse();
        chain
    }

    /// Whether static edges lead from `from` to `to`: importing `from` in `to` then closes a cycle.
    pub fn reaches_statically(&self, from: ModuleId, to: ModuleId) -> bool {
        self.statically_below(from)[to.index()]
    }
}
