//! `accept`: who accepts what.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::fingerprint::Fingerprint;
use crate::graph::instance::InstanceId;
use crate::graph::{ModuleId, ThreadId};

use super::Engine;
use super::slots::{Entry, Slot};

impl Engine {
    /// An instance accepts itself. Returns whether that counts: it does not once the instance has been disposed of.
    pub fn accept_own(&mut self, id: InstanceId) -> bool {
        let Some((slot, entry)) = self.entry_of(id) else { return false };
        entry.own = true;
        if self.graph.accept_own(slot.thread, slot.module) {
            self.observe_importers(slot.thread, slot.module);
        }
        true
    }

    /// An instance accepts what it knows by these URLs, with our version or without. Returns them without; `None` if the
    /// instance has been disposed of, so that it does not count.
    ///
    /// # Errors
    /// The index of the first that is the URL of a file that is not there; nothing is accepted then.
    pub fn accept_dependencies(
        &mut self,
        id: InstanceId,
        urls: &[&str],
    ) -> Result<Option<Vec<Arc<str>>>, usize> {
        let mut clean = Vec::new();
        let mut dependencies = Vec::new();
        for (index, &url) in urls.iter().enumerate() {
            // What is no file never changes.
            let Some(meaning) = self.meaning_of(url) else {
                clean.push(url.into());
                continue;
            };
            if self.fingerprint(meaning.module) == Fingerprint::Absent {
                return Err(index);
            }
            dependencies.push((meaning.module, meaning.clean.clone()));
            clean.push(meaning.clean);
        }
        let Some((slot, entry)) = self.entry_of(id) else { return Ok(None) };
        for dependency in &dependencies {
            if !entry.dependencies.contains(dependency) {
                entry.dependencies.push(dependency.clone());
            }
        }
        for (dependency, _) in dependencies {
            self.graph.accept_dependency(slot.thread, slot.module, dependency);
        }
        Ok(Some(clean))
    }

    /// What counts in a thread, in the order of evaluation.
    pub(super) fn accepting(&self, thread: ThreadId) -> Vec<(&Slot, &Entry)> {
        let mut current: Vec<_> = self.slots.current(thread).collect();
        current.sort_unstable_by_key(|(_, entry)| entry.order);
        current
    }

    /// What an instance accepts but itself, if it is not superseded.
    pub(super) fn accepted_by<'a>(&self, entry: &'a Entry) -> &'a [(ModuleId, Arc<str>)] {
        let instance = self.instances.get(entry.instance);
        if instance.is_some_and(|instance| instance.life.is_current()) {
            &entry.dependencies
        } else {
            &[]
        }
    }

    /// These modules were pruned: nothing that was registered for them counts.
    pub(super) fn forget_registrations(&mut self, lost: &[ModuleId]) {
        let lost: FxHashSet<_> = lost.iter().copied().collect();
        for (&thread, state) in &mut self.threads {
            let current = self.slots.current(thread);
            let current = current.filter(|(slot, _)| lost.contains(&slot.module));
            state.pending.pruned.extend(current.map(|(_, entry)| entry.instance));
        }
        self.retain_slots(|slot| !lost.contains(&slot.module));
        for thread in self.threads.keys().copied().collect::<Vec<_>>() {
            for &module in &lost {
                self.flush_kept_of(thread, module);
            }
        }
    }
}
