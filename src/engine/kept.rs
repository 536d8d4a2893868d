//! What is below what is accepted is kept until its replacement has linked.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::instance::{Instance, InstanceId};
use crate::graph::{ModuleId, ThreadId};

use super::Engine;

/// Superseded instances that are kept until their replacements have linked.
#[derive(Default)]
pub(super) struct Kept {
    by_module: FxHashMap<ModuleId, Vec<(u64, InstanceId)>>,
    /// Those of them whose disposal may take its time.
    asynchronous: FxHashSet<InstanceId>,
    /// What [`Graph::losses`] said when it was last looked whether all of them are still to stay.
    ///
    /// [`Graph::losses`]: crate::graph::Graph::losses
    checked: (u64, u64),
}

impl Kept {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_module.is_empty()
    }

    fn keep(&mut self, instance: &Instance) {
        let of_module = self.by_module.entry(instance.module).or_default();
        of_module.push((instance.order, instance.id));
        if instance.disposes_async {
            self.asynchronous.insert(instance.id);
        }
    }

    /// An instance has registered a handler that will take its time.
    pub fn disposes_async(&mut self, instance: &Instance) {
        let kept = self.by_module.get(&instance.module);
        if kept.is_some_and(|kept| kept.iter().any(|&(_, id)| id == instance.id)) {
            self.asynchronous.insert(instance.id);
        }
    }

    /// Takes those of a module out.
    fn take_of(&mut self, module: ModuleId) -> Vec<(u64, InstanceId)> {
        let gone = self.by_module.remove(&module).unwrap_or_default();
        for (_, id) in &gone {
            self.asynchronous.remove(id);
        }
        gone
    }

    /// Takes those out that `which` says yes to.
    fn take_if(&mut self, which: impl Fn(ModuleId, InstanceId) -> bool) -> Vec<(u64, InstanceId)> {
        let mut gone = Vec::new();
        self.by_module.retain(|&module, kept| {
            gone.extend(kept.extract_if(.., |&mut (_, id)| which(module, id)));
            !kept.is_empty()
        });
        for (_, id) in &gone {
            self.asynchronous.remove(id);
        }
        gone
    }
}

impl Engine {
    /// Superseded instances that are below what is accepted are kept until their replacements have linked; those are
    /// kept no longer that nothing accepts any more. `begins`: an update is handed out that imports something again.
    ///
    /// It is called once for each module that loads: only where something may have changed is the graph walked.
    pub(super) fn keep_until_replaced(&mut self, thread: ThreadId, begins: bool) {
        let losses = self.graph.losses();
        let Some(state) = self.threads.get_mut(&thread) else { return };
        let waits = !state.reimporting.under_way.is_empty();
        let kept = &mut state.reimporting.kept;
        // Edges go with each module that evaluates: while an update is under way those of all are looked at together.
        let may_be_lost =
            kept.checked.1 != losses.1 || ((begins || !waits) && kept.checked != losses);
        let is_due = !kept.is_empty() && may_be_lost;
        if is_due {
            kept.checked = losses;
        }
        let disposals = if waits { std::mem::take(&mut state.disposals) } else { Vec::new() };
        let (over, candidates): (Vec<_>, Vec<_>) =
            disposals.into_iter().partition(|&(_, id)| self.is_replaced(id));
        let mut disposals = over;
        if is_due || !candidates.is_empty() {
            let below = self.graph.below(thread, &self.accepted_modules(thread));
            let Some(state) = self.threads.get_mut(&thread) else { return };
            let mut kept = std::mem::take(&mut state.reimporting.kept);
            if is_due {
                let is_over = |module, id| !below.contains(&module) || self.is_replaced(id);
                disposals.extend(kept.take_if(is_over));
            }
            if kept.is_empty() {
                kept.checked = losses;
            }
            for (order, id) in candidates {
                match self.instances.get(id) {
                    Some(it) if below.contains(&it.module) => kept.keep(it),
                    _ => disposals.push((order, id)),
                }
            }
            let Some(state) = self.threads.get_mut(&thread) else { return };
            state.reimporting.kept = kept;
        }
        if let Some(state) = self.threads.get_mut(&thread) {
            state.disposals.extend(disposals);
        }
    }

    /// Whether an instance is gone, or a newer one of its module has begun to evaluate in its thread.
    fn is_replaced(&self, id: InstanceId) -> bool {
        self.instances.get(id).is_none_or(|old| {
            let newer = |i: &Instance| i.version > old.version && i.order > 0;
            self.instances.of_module(old.module).any(|i| i.thread == old.thread && newer(i))
        })
    }

    /// Whether something is kept whose disposal may take its time.
    pub(super) fn keeps_asynchronous(&self, thread: ThreadId) -> bool {
        let state = self.threads.get(&thread);
        state.is_some_and(|state| !state.reimporting.kept.asynchronous.is_empty())
    }

    /// The modules that are accepted in a thread by registrations that count.
    fn accepted_modules(&self, thread: ThreadId) -> Vec<ModuleId> {
        let mut modules = Vec::new();
        for (slot, entry) in self.slots.current(thread) {
            modules.extend(entry.own.then_some(slot.module));
            modules.extend(self.accepted_by(entry).iter().map(|&(id, _)| id));
        }
        modules
    }

    /// Takes such instances out of those that are kept.
    pub(super) fn release_kept(
        &mut self,
        thread: ThreadId,
        which: impl Fn(ModuleId, InstanceId) -> bool,
    ) -> Vec<(u64, InstanceId)> {
        let state = self.threads.get_mut(&thread);
        state.map(|state| state.reimporting.kept.take_if(which)).unwrap_or_default()
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

    /// A new instance of `module` is about to evaluate: those before it are kept no longer.
    pub(super) fn flush_kept_of(&mut self, thread: ThreadId, module: ModuleId) {
        if let Some(state) = self.threads.get_mut(&thread) {
            state.disposals.extend(state.reimporting.kept.take_of(module));
        }
    }
}
