//! Cycles of static imports: by which of its modules a cycle is entered.
//!
//! ```text
//!   h ──▶ links ⇄ page      entered by `links`: `page` evaluates first, with `links` still to come.
//!                           An import of `page` itself would evaluate `links` first, which needs `page`.
//! ```

use std::collections::VecDeque;

use petgraph::algo::kosaraju_scc;
use petgraph::stable_graph::EdgeReference;
use petgraph::visit::{EdgeFiltered, EdgeRef, NodeFiltered};
use rustc_hash::FxHashMap;

use super::{Edge, EdgeKind, Graph, ModuleId, ThreadId, Visited};

impl Graph {
    /// Those of these modules that are part of a cycle of the thread's current static imports, each with the module of that
    /// cycle that the thread's imports come to first. All of them together take a walk or two.
    pub fn ways_into_cycles(
        &self,
        thread: ThreadId,
        ids: &[ModuleId],
    ) -> Vec<(ModuleId, ModuleId)> {
        let is_current = |edge: EdgeReference<Edge>| {
            let it = edge.weight();
            !it.gone
                && it.thread == thread
                && it.kind == EdgeKind::Static
                && it.version == self.get(edge.source()).version
        };
        let below = self.reached(ids.to_vec(), is_current);
        let current = EdgeFiltered::from_fn(&self.store, is_current);
        let below = NodeFiltered::from_fn(&current, |id| below.contains(id));
        let cycles: Vec<_> =
            kosaraju_scc(&below).into_iter().filter(|cycle| cycle.len() > 1).collect();
        let cycle_of = cycles.iter().enumerate();
        let cycle_of = cycle_of.flat_map(|(at, cycle)| cycle.iter().map(move |&id| (id, at)));
        let cycle_of: FxHashMap<_, _> = cycle_of.collect();
        let first = self.first_reached(thread, &cycle_of, cycles.len());
        ids.iter().filter_map(|id| Some((*id, first[*cycle_of.get(id)?]?))).collect()
    }

    /// Which module of each cycle a thread evaluates last: it is come to first, depth first, along imports in the order in
    /// which they came; what is imported dynamically comes after.
    fn first_reached(
        &self,
        thread: ThreadId,
        cycle_of: &FxHashMap<ModuleId, usize>,
        count: usize,
    ) -> Vec<Option<ModuleId>> {
        let mut first = vec![None; count];
        let of_thread = self.roots.iter().filter(|&&(of, _)| of == thread);
        let mut starts: VecDeque<_> = of_thread.map(|&(_, id)| id).collect();
        let (mut visited, mut missing) = (Visited::default(), count);
        while let Some(start) = starts.pop_front() {
            let mut stack = vec![start];
            while let Some(at) = stack.pop().filter(|_| missing > 0) {
                if !visited.insert(at) {
                    continue;
                }
                self.count_walk(1);
                if let Some(way) = cycle_of.get(&at).map(|&cycle| &mut first[cycle])
                    && way.is_none()
                {
                    *way = Some(at);
                    missing -= 1;
                }
                let imports = self.imports(at);
                let own = imports.iter().filter(|(_, edge)| edge.thread == thread);
                for &(target, edge) in own.clone().rev() {
                    if edge.kind != EdgeKind::Dynamic {
                        stack.push(target);
                    }
                }
                let dynamic = own.filter(|(_, edge)| edge.kind == EdgeKind::Dynamic);
                starts.extend(dynamic.map(|&(target, _)| target));
            }
        }
        first
    }
}
