//! Observes evaluations: a thread is to tell when they end, where that matters to `accept`.

use std::sync::Arc;

use crate::graph::instance::{Body, InstanceId};
use crate::graph::life::Evaluation;
use crate::graph::{ModuleId, ThreadId};

use super::Engine;
use super::hooks::Import;

impl Engine {
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
            state.to_observe.push(id);
            state.wake();
        }
    }

    /// The instances of which the thread is to tell when their evaluation ends, and their URLs. Those of cold modules
    /// need not: nothing ever propagates to them.
    pub fn take_observed(&mut self, thread: ThreadId) -> Vec<(InstanceId, Arc<str>)> {
        let Some(state) = self.threads.get_mut(&thread) else { return Vec::new() };
        let to_observe = std::mem::take(&mut state.to_observe);
        let mut found = Vec::with_capacity(to_observe.len());
        for id in to_observe {
            let Some(instance) = self.instances.get(id) else { continue };
            let counts = self.slot_of(instance).is_some_and(|slot| self.slots.has(&slot));
            if counts || !self.graph.is_cold(instance.module) {
                found.push((id, instance.url.clone()));
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
