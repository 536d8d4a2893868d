//! Evaluations: which of them a thread is to observe, and what follows when they end.

use std::time::Instant;

use crate::engine::lifecycle::instance::{Instance, InstanceId};
use crate::engine::lifecycle::life::Evaluation;
use crate::graph::{ModuleId, ThreadId};

use super::Engine;
use super::hooks::Import;
use super::lifecycle::Observed;
use super::register::slot_of;

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

impl Engine {
    /// Whether it matters when the instance's evaluation ends: it follows one that has registered something, or it
    /// imports what accepts itself.
    pub(super) fn must_observe(&self, thread: ThreadId, url: &str, module: ModuleId) -> bool {
        if self.registrations.is_empty() {
            return false;
        }
        let own = &self.modules.accepted().own;
        let slot =
            self.lifecycle.find(thread, url).and_then(|instance| slot_of(&self.modules, instance));
        slot.is_some_and(|slot| self.registrations.has(&slot))
            || (!own.is_empty()
                && self.modules.imports(module).iter().any(|(id, _)| own.contains(&(thread, *id))))
    }

    /// The modules that import what accepts itself: whether they have evaluated decides where propagation stops.
    pub(super) fn observe_importers(&mut self, thread: ThreadId, module: ModuleId) {
        let importers = self.modules.importers(module);
        let importers = importers.iter().filter(|(_, edge)| edge.thread == thread);
        let instances = importers.flat_map(|(id, _)| self.lifecycle.of_module(*id));
        let ids: Vec<_> = instances.filter(|i| i.thread == thread).map(|i| i.id).collect();
        for id in ids {
            self.observe(id);
        }
    }

    /// Threads are to tell how the evaluation of the module's current instances has ended.
    pub(super) fn ask_how_it_ended(&mut self, id: ModuleId) {
        let runs =
            self.lifecycle.of_module(id).filter(|i| i.life.evaluation() == Evaluation::Evaluating);
        let ids: Vec<_> = runs.map(|i| i.id).collect();
        for id in ids {
            self.observe(id);
        }
    }

    /// What accepts itself is imported by a module that runs already, or that will not tell when it does.
    pub(super) fn observe_importer(&mut self, import: &Import) {
        let Some(url) = import.parent else { return };
        let Some(instance) = self.lifecycle.find(import.thread, url) else { return };
        if instance.life.evaluation() == Evaluation::Evaluating || instance.is_without_prelude() {
            self.observe(instance.id);
        }
    }

    /// The thread is to tell when the evaluation of an instance ends, if that is not known.
    pub(super) fn observe(&mut self, id: InstanceId) {
        if let Some(thread) = self.lifecycle.observe(id)
            && let Some(thread) = self.threads.get(&thread)
        {
            thread.wake();
        }
    }

    /// The instances of which the thread is to tell how their evaluation ends. Those of cold modules that have registered
    /// nothing need not be told of: nothing ever propagates to them. `only`: this one.
    pub fn take_observed(&mut self, thread: ThreadId, only: Option<InstanceId>) -> Vec<Observed> {
        let (modules, registrations) = (&self.modules, &self.registrations);
        self.lifecycle.take_observed(thread, only, |instance| {
            slot_of(modules, instance).is_some_and(|slot| registrations.has(&slot))
                || !modules.is_cold(instance.module)
        })
    }

    /// The instance has registered a `dispose` handler: the thread is to tell when its evaluation ends ([`Engine::ended`]).
    /// Returns whether that counts: it does not if the instance was disposed of already.
    pub fn track(&mut self, id: InstanceId) -> bool {
        self.lifecycle.track(id)
    }

    /// The evaluation of an instance has ended.
    pub fn ended(&mut self, id: InstanceId, ending: Ending, now: Instant) {
        let Some(instance) = self.lifecycle.get(id) else { return self.settled(id, ending, now) };
        let Instance { thread, module, life, .. } = *instance;
        if ending == Ending::Completed && life.is_current() {
            self.outcomes.linked(thread, module);
            self.outcomes.evaluated(thread, module);
            self.report_outcomes();
        }
        if ending != Ending::TurnOver {
            return self.settled(id, ending, now);
        }
        let Some(instance) = self.lifecycle.get(id) else { return };
        if !instance.is_open() {
            return;
        }
        if !instance.observed {
            return self.settled(id, Ending::Completed, now);
        }
        // What it has registered is settled when it is known how.
        if self.registrations.complete(id) {
            self.accepted_changed();
        }
        self.lifecycle.ended(id, false);
        self.wake_threads();
    }

    fn settled(&mut self, id: InstanceId, ending: Ending, now: Instant) {
        let threw = ending == Ending::Threw;
        self.settle_slot(id, threw, now);
        self.lifecycle.told_end(id);
        self.lifecycle.ended(id, threw);
        self.wake_threads();
    }

    /// The app ends: all instances of the thread are disposed of. Returns those of which JavaScript keeps a record, latest evaluation
    /// first.
    pub fn dispose_all(&mut self, thread: ThreadId) -> Vec<InstanceId> {
        self.lifecycle.dispose_all(thread)
    }

    /// See [`Lifecycle::follow_body`](super::lifecycle::Lifecycle::follow_body).
    pub fn follow_body(&mut self, id: InstanceId) -> Option<bool> {
        self.lifecycle.follow_body(id)
    }

    /// The body of an instance that is followed is over. `at_once`: that is told as soon as it has ended; otherwise what it has
    /// imported may have been imported later. A hooks thread sees imports later than they are made: one that came after the body
    /// may seem to have come before its end. But a body that waits for an import does not end before that is loaded.
    pub fn body_ended(&mut self, id: InstanceId, at_once: bool) {
        let Some((thread, module)) = self.lifecycle.body_ended(id) else { return };
        let sees_at_once = !self.changes.is_unhooked(thread);
        let lifecycle = &self.lifecycle;
        self.modules.body_ended(thread, module, |target, last| {
            at_once && (sees_at_once || lifecycle.has_newer_than(thread, target, InstanceId(last)))
        });
        // What it has taken may have changed meanwhile.
        self.tell_taken();
    }

    /// A `dispose` handler of the instance is asynchronous.
    pub fn disposes_async(&mut self, id: InstanceId) {
        self.lifecycle.disposes_async(id);
    }

    /// Asynchronous `dispose` handlers are pending in the thread, or no longer.
    pub fn set_disposing(&mut self, thread: ThreadId, disposing: bool) {
        self.threads.entry(thread).or_default().disposing = disposing;
        if disposing {
            self.drop_linked_after(thread);
        }
    }

    /// Whether modules that load now must wait before they run.
    pub(super) fn is_disposing(&self, thread: ThreadId) -> bool {
        self.threads.get(&thread).is_some_and(|thread| thread.disposing)
            || self.lifecycle.keeps_asynchronous(thread)
    }

    /// Whether a module that was loaded must wait before it runs. What is required cannot: so it does only if it must now.
    pub(super) fn must_wait(&self, thread: ThreadId, url: &str) -> bool {
        let is_required = || {
            let instance = self.lifecycle.find(thread, url);
            instance.is_some_and(|instance| self.modules.is_required(instance.module))
        };
        self.threads.get(&thread).is_some_and(|thread| thread.disposing)
            || (self.lifecycle.keeps_asynchronous(thread) && !is_required())
    }
}
