//! Cycles of static imports: by which of its modules a cycle is entered.
//!
//! ```text
//!   h ──▶ links ⇄ page      entered by `links`: `page` evaluates first, with `links` still to come.
//!                           An import of `page` itself would evaluate `links` first, which needs `page`.
//! ```

use std::collections::VecDeque;

use petgraph::visit::EdgeRef;

use super::{Edge, EdgeKind, Graph, ModuleId, ThreadId, Visited};

impl Graph {
    /// The module of a cycle through `id` that the thread's imports came to first; `None` if its current static imports lead
    /// nowhere back to it.
    pub fn way_into_cycle(&self, thread: ThreadId, id: ModuleId) -> Option<ModuleId> {
        let is_current = |importer: ModuleId, edge: &Edge| {
            edge.thread == thread
                && edge.kind == EdgeKind::Static
                && edge.version == self.get(importer).version
        };
        let (mut below, mut stack, mut is_cycle) = (Visited::default(), vec![id], false);
        while let Some(at) = stack.pop() {
            if below.insert(at) {
                let edges = self.edges_from(at).filter(|edge| is_current(at, edge.weight()));
                stack.extend(edges.map(|edge| edge.target()));
            } else {
                is_cycle |= at == id;
            }
        }
        if !is_cycle {
            return None;
        }
        let mut cycle = Visited::default();
        stack.push(id);
        while let Some(at) = stack.pop() {
            if below.contains(at) && cycle.insert(at) {
                let edges = self.edges_into(at);
                let edges = edges.filter(|edge| is_current(edge.source(), edge.weight()));
                stack.extend(edges.map(|edge| edge.source()));
            }
        }
        self.first_reached(thread, &cycle)
    }

    /// Which of `targets` a thread evaluates last: it is come to first, depth first, along imports in the order in which they
    /// came; what is imported dynamically comes after.
    fn first_reached(&self, thread: ThreadId, targets: &Visited) -> Option<ModuleId> {
        let of_thread = self.roots.iter().filter(|&&(of, _)| of == thread);
        let mut starts: VecDeque<_> = of_thread.map(|&(_, id)| id).collect();
        let mut visited = Visited::default();
        while let Some(start) = starts.pop_front() {
            let mut stack = vec![start];
            while let Some(at) = stack.pop() {
                if targets.contains(at) {
                    return Some(at);
                }
                if !visited.insert(at) {
                    continue;
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
        None
    }
}
