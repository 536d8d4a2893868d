//! Walks that answer a question about one module: who must run again, and what makes it cold.

use std::collections::VecDeque;
use std::sync::Arc;

use petgraph::visit::EdgeRef;
use rustc_hash::FxHashMap;

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
    pub fn climb(&self, changed: ModuleId) -> Vec<ModuleId> {
        self.climb_over(changed, |_| true)
    }

    /// `failed` and the importers that cannot be linked without it: along static edges, as far as they are not cold.
    pub fn climb_statically(&self, failed: ModuleId) -> Vec<ModuleId> {
        self.climb_over(failed, |edge| edge.kind == EdgeKind::Static)
    }

    fn climb_over(&self, start: ModuleId, follow: impl Fn(&Edge) -> bool) -> Vec<ModuleId> {
        let mut seen = vec![false; self.store.node_count()];
        seen[start.index()] = true;
        let mut order = vec![start];
        let mut next = 0;
        while let Some(&id) = order.get(next) {
            next += 1;
            for (importer, edge) in self.importers(id) {
                if follow(edge) && !seen[importer.index()] && !self.is_cold(importer) {
                    seen[importer.index()] = true;
                    order.push(importer);
                }
            }
        }
        order
    }

    /// The shortest chain of edges from a root to `target` that crosses no hot edge; empty if `target` is not cold.
    /// Entry points are tried before other pinned modules, because they explain more.
    pub fn chain(&self, target: ModuleId) -> Vec<Step> {
        let roots: Vec<_> = self.roots.iter().map(|&(_, id)| id).collect();
        let chain = self.chain_from(&roots, target);
        if !chain.is_empty() {
            return chain;
        }
        let pinned: Vec<_> =
            self.store.node_indices().filter(|&id| self.store[id].is_pinned()).collect();
        self.chain_from(&pinned, target)
    }

    /// Breadth first, edges in the order in which they came.
    fn chain_from(&self, roots: &[ModuleId], target: ModuleId) -> Vec<Step> {
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
                if !edge.hot && !came_by.contains_key(&next) {
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
        let mut seen = vec![false; self.store.node_count()];
        let mut stack = vec![from];
        while let Some(id) = stack.pop() {
            if id == to {
                return true;
            }
            if std::mem::replace(&mut seen[id.index()], true) {
                continue;
            }
            let next = self.edges_from(id).filter(|edge| edge.weight().kind == EdgeKind::Static);
            stack.extend(next.map(|edge| edge.target()));
        }
        false
    }
}
