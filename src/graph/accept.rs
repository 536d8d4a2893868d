//! Accepted edges: imports whose importer, or whose target, has said that it copes with a new instance.
//!
//! ```text
//!   root ──▶ app ──accepted──▶ page ──▶ text        app accepts page, or page accepts itself
//!   cold     cold              └──── hot ────┘      a change of text propagates to page, and stops
//! ```

use rustc_hash::FxHashSet;

use super::{Edge, EdgeKind, Graph, ModuleId, ThreadId, Visited};

/// What the instances of all threads have accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Modules that accept themselves: all edges into them are accepted, and their being a root.
    pub own: FxHashSet<(ThreadId, ModuleId)>,
    /// Thread, importer, and the module that it accepts.
    pub dependencies: FxHashSet<(ThreadId, ModuleId, ModuleId)>,
}

/// How propagation meets accepted edges.
pub struct Propagation<'a> {
    /// Whether a module's current instances in a thread have evaluated: one that has not may yet take what is old.
    pub evaluated: &'a dyn Fn(ThreadId, ModuleId) -> bool,
    /// The changed module has said that accepting itself does not help.
    pub ignoring_own_accept: bool,
}

impl Graph {
    /// What is accepted now.
    pub fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// A module accepts itself in a thread. Returns whether that is new.
    pub fn accept_own(&mut self, thread: ThreadId, id: ModuleId) -> bool {
        let is_new = self.accepted.own.insert((thread, id));
        if is_new {
            self.edges_changed();
        }
        is_new
    }

    /// An importer accepts a module in a thread.
    pub fn accept_dependency(&mut self, thread: ThreadId, importer: ModuleId, id: ModuleId) {
        if self.accepted.dependencies.insert((thread, importer, id)) {
            self.edges_changed();
        }
    }

    /// Replaces what is accepted.
    pub fn set_accepted(&mut self, accepted: Accepted) {
        if self.accepted != accepted {
            self.accepted = accepted;
            self.losses.1 += 1;
            self.edges_changed();
        }
    }

    /// A registration of what is accepted may count no longer.
    pub fn accepts_less(&mut self) {
        self.losses.1 += 1;
    }

    /// Whether the thread's imports of a module, or its being an entry point, are accepted by the module itself.
    /// `ignoring_own_accept`: a module for which that does not count.
    pub(super) fn accepts_itself(
        &self,
        thread: ThreadId,
        id: ModuleId,
        ignoring_own_accept: Option<ModuleId>,
    ) -> bool {
        ignoring_own_accept != Some(id) && self.accepted.own.contains(&(thread, id))
    }

    /// Whether an edge is accepted.
    pub(super) fn is_accepted(
        &self,
        importer: ModuleId,
        edge: &Edge,
        target: ModuleId,
        ignoring_own_accept: Option<ModuleId>,
    ) -> bool {
        let Accepted { own, dependencies } = &self.accepted;
        if own.is_empty() && dependencies.is_empty() {
            return false;
        }
        dependencies.contains(&(edge.thread, importer, target))
            || self.accepts_itself(edge.thread, target, ignoring_own_accept)
    }

    /// The modules that static edges lead to from `from`, and this.
    pub(super) fn statically_below(&self, from: ModuleId) -> Visited {
        self.reached(vec![from], |edge| edge.weight().kind == EdgeKind::Static)
    }

    /// The modules that a thread's imports lead to from `starts`, and these.
    pub fn below(&self, thread: ThreadId, starts: &[ModuleId]) -> Visited {
        self.reached(starts.to_vec(), |edge| edge.weight().thread == thread)
    }
}
