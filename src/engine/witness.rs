//! The instances of which a thread is to tell when their evaluation ends: where it matters to `accept`.

use std::sync::Arc;

use crate::graph::instance::{InstanceId, State};
use crate::graph::{ModuleId, ThreadId};

use super::Engine;
use super::hooks::Import;

impl Engine {
    /// Whether it matters when the instance's evaluation ends: it follows one that has registered something, or it
    /// imports what accepts itself.
    pub(super) fn must_witness(&self, thread: ThreadId, url: &str, module: ModuleId) -> bool {
        if self.places.is_empty() {
            return false;
        }
        let own = &self.graph.accepted().own;
        let place = self.instances.find(thread, url).and_then(|instance| self.place_of(instance));
        place.is_some_and(|place| self.places.has(&place))
            || (!own.is_empty()
                && self.graph.imports(module).iter().any(|(id, _)| own.contains(&(thread, *id))))
    }

    /// The modules that import what accepts itself: whether they have evaluated decides where a climb stops.
    pub(super) fn witness_importers(&mut self, thread: ThreadId, module: ModuleId) {
        let importers = self.graph.importers(module);
        let importers = importers.iter().filter(|(_, edge)| edge.thread == thread);
        let instances = importers.flat_map(|(id, _)| self.instances.of_module(*id));
        let ids: Vec<_> = instances.filter(|i| i.thread == thread).map(|i| i.id).collect();
        for id in ids {
            self.witness(id);
        }
    }

    /// What accepts itself is imported by somebody who runs already, or will not tell when he does.
    pub(super) fn witness_importer(&mut self, import: &Import) {
        let Some(url) = import.parent else { return };
        let Some(instance) = self.instances.find(import.thread, url) else { return };
        if instance.state == State::Evaluating || instance.bare {
            self.witness(instance.id);
        }
    }

    /// The thread is to tell when the evaluation of an instance ends, if that is not known.
    pub(super) fn witness(&mut self, id: InstanceId) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let is_known = instance.tracked || instance.witnessed || instance.superseded;
        let is_open = matches!(instance.state, State::Linking | State::Evaluating);
        if is_known || !is_open || instance.commonjs {
            return;
        }
        let thread = instance.thread;
        self.expect_end(id);
        if let Some(state) = self.threads.get_mut(&thread) {
            state.witnesses.push(id);
            state.wake();
        }
    }

    /// The instances of which the thread is to tell when their evaluation ends, and their URLs. Those of cold modules
    /// need not: no climb ever comes to them.
    pub fn take_witnesses(&mut self, thread: ThreadId) -> Vec<(InstanceId, Arc<str>)> {
        let Some(state) = self.threads.get_mut(&thread) else { return Vec::new() };
        let witnesses = std::mem::take(&mut state.witnesses);
        let mut found = Vec::with_capacity(witnesses.len());
        for id in witnesses {
            let Some(instance) = self.instances.get(id) else { continue };
            let counts = self.place_of(instance).is_some_and(|place| self.places.has(&place));
            if counts || !self.graph.is_cold(instance.module) {
                found.push((id, instance.url.clone()));
            } else if let Some(instance) = self.instances.get_mut(id) {
                instance.witnessed = false;
                if let Some(state) = self.threads.get_mut(&thread) {
                    state.endings.remove(&id);
                }
            }
        }
        found
    }
}
