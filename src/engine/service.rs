//! What is below what is accepted stays in service until that which replaces it has linked.

use rustc_hash::FxHashSet;

use crate::graph::instance::{Instance, InstanceId};
use crate::graph::{ModuleId, ThreadId};

use super::Engine;

impl Engine {
    /// Superseded instances that are below what is accepted stay in service until what replaces them has linked; those do
    /// no longer that nobody accepts any more.
    pub(super) fn keep_in_service(&mut self, thread: ThreadId) {
        let Some(state) = self.threads.get_mut(&thread) else { return };
        let waits = !state.renewing.under_way.is_empty();
        if !waits && state.renewing.held.is_empty() {
            return;
        }
        let below = self.graph.below(thread, &self.in_service(thread));
        let instances = &self.instances;
        let is_replaced = |old: &Instance| {
            let newer = |i: &Instance| i.version > old.version && i.order > 0;
            instances.of_module(old.module).any(|i| i.thread == thread && newer(i))
        };
        let stays = |(_, id): &(u64, InstanceId)| {
            instances.get(*id).is_some_and(|i| below.contains(&i.module) && !is_replaced(i))
        };
        let Some(state) = self.threads.get_mut(&thread) else { return };
        let held = &mut state.renewing.held;
        state.disposals.extend(held.extract_if(.., |it| !stays(it)));
        if waits {
            held.extend(state.disposals.extract_if(.., |it| stays(it)));
        }
    }

    /// Whether something stays in service whose disposal may take its time.
    pub(super) fn holds_asynchronous(&self, thread: ThreadId) -> bool {
        let Some(state) = self.threads.get(&thread) else { return false };
        let held = state.renewing.held.iter();
        held.filter_map(|(_, id)| self.instances.get(*id)).any(|instance| instance.disposes_async)
    }

    /// The modules that are accepted in a thread by somebody who still counts.
    fn in_service(&self, thread: ThreadId) -> Vec<ModuleId> {
        let mut modules = Vec::new();
        for (place, entry) in self.places.current(thread) {
            modules.extend(entry.own.then_some(place.module));
            modules.extend(self.accepted_by(entry).iter().map(|&(id, _)| id));
        }
        modules
    }

    /// Takes the instances of such modules out of those that stay in service.
    pub(super) fn let_go_of_held(
        &mut self,
        thread: ThreadId,
        which: impl Fn(ModuleId) -> bool,
    ) -> Vec<(u64, InstanceId)> {
        let Some(state) = self.threads.get_mut(&thread) else { return Vec::new() };
        let instances = &self.instances;
        let is_it = |&mut (_, id): &mut (u64, InstanceId)| {
            instances.get(id).is_some_and(|instance| which(instance.module))
        };
        state.renewing.held.extract_if(.., is_it).collect()
    }

    /// If something of `below` waits for the end of its evaluation, what waits does so no longer: an update is disposed
    /// of in one go. Returns what of it is in `below`.
    pub(super) fn take_deferred_below(
        &mut self,
        thread: ThreadId,
        below: &FxHashSet<ModuleId>,
    ) -> Vec<(u64, InstanceId)> {
        let Some(state) = self.threads.get_mut(&thread) else { return Vec::new() };
        let instances = &self.instances;
        let is_below = |id: &InstanceId| {
            instances.get(*id).is_some_and(|instance| below.contains(&instance.module))
        };
        if !state.deferred.iter().any(is_below) {
            return Vec::new();
        }
        let deferred = std::mem::take(&mut state.deferred).into_iter();
        let deferred = deferred.filter_map(|id| Some((instances.get(id)?.order, id)));
        let (gone, others): (Vec<_>, Vec<_>) = deferred.partition(|(_, id)| is_below(id));
        state.disposals.extend(others);
        gone
    }

    /// A new instance of `module` is about to evaluate: those before it are in service no longer.
    pub(super) fn flush_held_of(&mut self, thread: ThreadId, module: ModuleId) {
        self.flush_held(thread, |held| held == module);
    }

    pub(super) fn flush_held(&mut self, thread: ThreadId, which: impl Fn(ModuleId) -> bool) {
        let gone = self.let_go_of_held(thread, which);
        if let Some(state) = self.threads.get_mut(&thread) {
            state.disposals.extend(gone);
        }
    }
}
