//! When superseded instances are disposed of, and in which order.

use crate::graph::instance::{Instance, InstanceId};
use crate::graph::life::{Evaluation, Next, Superseded};
use crate::graph::{ModuleId, ThreadId};

use super::Engine;
use super::observe::Observation;
use super::thread::Thread;

impl Engine {
    /// These are disposed of now. Returns those of them of which JavaScript keeps a record, latest evaluation first.
    pub(super) fn begin_disposals(
        &mut self,
        thread: ThreadId,
        mut disposals: Vec<(u64, InstanceId)>,
    ) -> Vec<InstanceId> {
        if let Some(state) = self.threads.get_mut(&thread) {
            state.releasable.extend(disposals.iter().map(|&(_, id)| id));
        }
        disposals.retain(|&(_, id)| {
            self.instances.get_mut(id).is_some_and(|instance| {
                instance.life = instance.life.dispose();
                instance.tracked || instance.recorded
            })
        });
        disposals.sort_by_key(|&(order, _)| std::cmp::Reverse(order));
        disposals.into_iter().map(|(_, id)| id).collect()
    }

    /// Instances by their evaluation, latest first.
    pub fn by_evaluation(&self, mut ids: Vec<InstanceId>) -> Vec<InstanceId> {
        let order = |id: &InstanceId| self.instances.get(*id).map_or(0, |instance| instance.order);
        ids.sort_by_key(|id| std::cmp::Reverse(order(id)));
        ids
    }

    /// The instances of the module's older versions are superseded, in all threads.
    pub(super) fn supersede(&mut self, module: ModuleId) {
        let current = self.graph.get(module).version;
        // What a superseded instance accepts but itself counts no longer.
        self.graph.accepts_less();
        self.instances.change(module, |instance| {
            if instance.version >= current {
                return;
            }
            let (life, next) = instance.life.supersede(Superseded {
                has_begun: instance.order > 0,
                has_handlers: instance.tracked,
                is_unreachable: instance.version + 1 < current,
            });
            if let Some(thread) = self.threads.get_mut(&instance.thread) {
                instance.life = life;
                thread.retire(instance, next);
            }
        });
    }

    /// The instance has registered a `dispose` handler: the thread is to tell when its evaluation ends ([`Engine::ended`]).
    /// Returns whether that counts: it does not if the instance was disposed of already.
    pub fn track(&mut self, id: InstanceId) -> bool {
        let Some(instance) = self.instances.get_mut(id) else { return false };
        let (life, next) = instance.life.register();
        instance.life = life;
        let observation = if instance.awaits() { Observation::Promise } else { Observation::Turn };
        let is_first = !std::mem::replace(&mut instance.tracked, true);
        let is_asked = observation == Observation::Promise && instance.observed;
        if let Some(thread) = self.threads.get_mut(&instance.thread) {
            thread.retire(instance, next);
            if is_first && !is_asked {
                thread.to_observe.push((id, observation));
            }
        }
        !life.is_disposed()
    }

    /// An instance evaluates no longer: whoever waits for that is disposed of.
    pub(super) fn end_evaluation(&mut self, id: InstanceId, threw: bool) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let evaluation = if threw { Evaluation::Failed } else { Evaluation::Evaluated };
        instance.life = instance.life.evaluates(evaluation);
        let thread = instance.thread;
        let Some(deferred) = self.threads.get(&thread).map(|thread| &thread.deferred) else {
            return;
        };
        if deferred
            .iter()
            .filter_map(|&id| self.instances.get(id))
            .all(|waiting| !waiting.is_under_way())
        {
            self.flush_deferred(thread);
            self.wake_threads();
        }
    }

    /// A new instance of `module` is about to evaluate: those before it wait no longer.
    pub(super) fn flush_deferred_of(&mut self, thread: ThreadId, module: ModuleId) {
        let Some(deferred) = self.threads.get(&thread).map(|thread| &thread.deferred) else {
            return;
        };
        if self.instances.of_module(module).any(|waiting| deferred.contains(&waiting.id)) {
            self.flush_deferred(thread);
        }
    }

    fn flush_deferred(&mut self, thread: ThreadId) {
        let Some(thread) = self.threads.get_mut(&thread) else { return };
        for id in std::mem::take(&mut thread.deferred) {
            if let Some(instance) = self.instances.get(id) {
                thread.disposals.push((instance.order, id));
            }
        }
    }

    /// What one update supersedes is disposed of in one go, so that the order holds: if one of it waits, all do.
    pub(super) fn wait_together(&mut self) {
        for thread in self.threads.values_mut().filter(|thread| !thread.deferred.is_empty()) {
            thread.deferred.extend(thread.disposals.drain(..).map(|(_, id)| id));
        }
    }

    /// A `dispose` handler of the instance is asynchronous.
    pub fn disposes_async(&mut self, id: InstanceId) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.disposes_async = true;
            if let Some(state) = self.threads.get_mut(&instance.thread) {
                state.reimporting.kept.disposes_async(instance);
            }
        }
    }

    /// Asynchronous `dispose` handlers are pending in the thread, or no longer.
    pub fn set_disposing(&mut self, thread: ThreadId, disposing: bool) {
        self.threads.entry(thread).or_default().disposing = disposing;
    }

    /// Whether modules that load now must wait before they run.
    pub(super) fn is_disposing(&self, thread: ThreadId) -> bool {
        self.threads.get(&thread).is_some_and(|thread| thread.disposing)
            || self.keeps_asynchronous(thread)
    }

    /// Whether a module that was loaded must wait before it runs. What is required cannot: so it does only if it must now.
    pub(super) fn must_wait(&self, thread: ThreadId, url: &str) -> bool {
        let is_required = || {
            let instance = self.instances.find(thread, url);
            instance.is_some_and(|instance| self.graph.is_required(instance.module))
        };
        self.threads.get(&thread).is_some_and(|thread| thread.disposing)
            || (self.keeps_asynchronous(thread) && !is_required())
    }
}

impl Thread {
    /// What is to be done about an instance after a transition.
    fn retire(&mut self, instance: &Instance, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Defer => drop(self.deferred.insert(instance.id)),
            Next::Dispose => self.disposals.push((instance.order, instance.id)),
            Next::Evict => self.abandoned.push(instance.id),
        }
    }
}
