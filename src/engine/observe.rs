//! Observes evaluations: a thread is to tell how they end, where that matters to `accept` and `dispose`.

use std::sync::Arc;
use std::time::Instant;

use crate::graph::instance::{Body, InstanceId};
use crate::graph::life::Evaluation;
use crate::graph::{ModuleId, ThreadId};

use super::Engine;
use super::hooks::Import;

/// How an evaluation has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The turn in which a body ran that runs in one go is over: it came to its end or threw.
    TurnOver,
    /// The body came to its end.
    Completed,
    /// The body threw.
    Threw,
}

/// By what a thread learns that an evaluation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// By the end of the turn: the body runs in one go.
    Turn,
    /// By the promise of an `import()` of the instance, which tells how.
    Promise,
    /// By both. Whoever imports the instance goes on before that promise settles, and may save.
    Both,
}

/// An instance the end of whose evaluation a thread is to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The instance.
    pub id: InstanceId,
    /// What Node knows it by.
    pub url: Arc<str>,
    /// How.
    pub by: Observation,
}

impl Engine {
    /// The evaluation of an instance has ended.
    pub fn ended(&mut self, id: InstanceId, ending: Ending, now: Instant) {
        let Some(instance) = self.instances.get(id) else { return self.settled(id, ending, now) };
        if ending != Ending::TurnOver {
            return self.settled(id, ending, now);
        }
        if matches!(instance.life.evaluation(), Evaluation::Evaluated | Evaluation::Failed) {
            return;
        }
        if instance.observed {
            // What it has registered is settled when it is known how.
            self.complete(id);
            self.end_evaluation(id, false);
        } else {
            self.settled(id, Ending::Completed, now);
        }
    }

    fn settled(&mut self, id: InstanceId, ending: Ending, now: Instant) {
        let threw = ending == Ending::Threw;
        self.settle_slot(id, threw, now);
        for thread in self.threads.values_mut() {
            thread.endings.remove(&id);
        }
        self.end_evaluation(id, threw);
    }

    /// The instance registers something for the first time: the thread is to tell how its evaluation ends, also if that is over.
    pub(super) fn observe_registering(&mut self, id: InstanceId) {
        self.expect_end(id);
        let Some(instance) = self.instances.get(id) else { return };
        let by = if instance.awaits() { Observation::Promise } else { Observation::Both };
        if let Some(state) = self.threads.get_mut(&instance.thread) {
            state.to_observe.push((id, by));
        }
    }

    /// The end of an instance's evaluation will be told, if it is not over.
    fn expect_end(&mut self, id: InstanceId) {
        if let Some(instance) = self.instances.get_mut(id)
            && matches!(instance.life.evaluation(), Evaluation::Linking | Evaluation::Evaluating)
            && let Some(state) = self.threads.get_mut(&instance.thread)
        {
            instance.observed = true;
            state.endings.insert(id);
        }
    }

    /// Whether it matters when the instance's evaluation ends: it follows one that has registered something, or it
    /// imports what accepts itself.
    pub(super) fn must_observe(&self, thread: ThreadId, url: &str, module: ModuleId) -> bool {
        if self.slots.is_empty() {
            return false;
        }
        let own = &self.graph.accepted().own;
        let slot = self.instances.find(thread, url).and_then(|instance| self.slot_of(instance));
        slot.is_some_and(|slot| self.slots.has(&slot))
            || (!own.is_empty()
                && self.graph.imports(module).iter().any(|(id, _)| own.contains(&(thread, *id))))
    }

    /// The modules that import what accepts itself: whether they have evaluated decides where propagation stops.
    pub(super) fn observe_importers(&mut self, thread: ThreadId, module: ModuleId) {
        let importers = self.graph.importers(module);
        let importers = importers.iter().filter(|(_, edge)| edge.thread == thread);
        let instances = importers.flat_map(|(id, _)| self.instances.of_module(*id));
        let ids: Vec<_> = instances.filter(|i| i.thread == thread).map(|i| i.id).collect();
        for id in ids {
            self.observe(id);
        }
    }

    /// What accepts itself is imported by a module that runs already, or that will not tell when it does.
    pub(super) fn observe_importer(&mut self, import: &Import) {
        let Some(url) = import.parent else { return };
        let Some(instance) = self.instances.find(import.thread, url) else { return };
        if instance.life.evaluation() == Evaluation::Evaluating || instance.is_without_prelude() {
            self.observe(instance.id);
        }
    }

    /// The thread is to tell when the evaluation of an instance ends, if that is not known.
    pub(super) fn observe(&mut self, id: InstanceId) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let is_known = instance.tracked || instance.observed || !instance.life.is_current();
        let is_open =
            matches!(instance.life.evaluation(), Evaluation::Linking | Evaluation::Evaluating);
        if is_known || !is_open || instance.body == Body::CommonJs {
            return;
        }
        let thread = instance.thread;
        self.expect_end(id);
        if let Some(state) = self.threads.get_mut(&thread) {
            state.to_observe.push((id, Observation::Promise));
            state.wake();
        }
    }

    /// The instances of which the thread is to tell how their evaluation ends. Those of cold modules that have registered
    /// nothing need not be told of: nothing ever propagates to them. `only`: this one.
    pub fn take_observed(&mut self, thread: ThreadId, only: Option<InstanceId>) -> Vec<Observed> {
        let Some(state) = self.threads.get_mut(&thread) else { return Vec::new() };
        let is_wanted = |(id, _): &mut (InstanceId, _)| only.is_none_or(|only| *id == only);
        let to_observe: Vec<_> = state.to_observe.extract_if(.., is_wanted).collect();
        let mut found = Vec::with_capacity(to_observe.len());
        for (id, by) in to_observe {
            let Some(instance) = self.instances.get(id) else { continue };
            let has_registered =
                || self.slot_of(instance).is_some_and(|slot| self.slots.has(&slot));
            if instance.tracked || has_registered() || !self.graph.is_cold(instance.module) {
                found.push(Observed { id, url: instance.url.clone(), by });
            } else if let Some(instance) = self.instances.get_mut(id) {
                instance.observed = false;
                if let Some(state) = self.threads.get_mut(&thread) {
                    state.endings.remove(&id);
                }
            }
        }
        found
    }
}
