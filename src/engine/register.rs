//! What instances ask for: what they accept, files that they watch, `invalidate()`.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustc_hash::FxHashSet;

use crate::decision::Running;
use crate::engine::lifecycle::instance::{Instance, InstanceId};
use crate::fingerprint::Fingerprint;
use crate::glob::{Matcher, PatternError};
use crate::graph::{ModuleId, ThreadId};
use crate::watch::parent;

use super::Engine;
use super::modules::Modules;
use super::registrations::{CallId, End, Entry, Settled, Slot};

impl Engine {
    /// An instance accepts itself. Returns the name of the call; `None` if the instance has been disposed of, so that it does not
    /// count.
    pub fn accept_own(&mut self, id: InstanceId) -> Option<CallId> {
        let slot = self.begin_registering(id)?;
        let call = self.registrations.accept_own(id);
        if self.modules.accept_own(slot.thread, slot.module) {
            self.observe_importers(slot.thread, slot.module);
        }
        call
    }

    /// An instance accepts what it knows by these URLs, with our version or without. Returns the name of the call; `None` if the
    /// instance has been disposed of, so that it does not count.
    ///
    /// # Errors
    /// The index of the first that is the URL of a file that is not there; nothing is accepted then.
    pub fn accept_dependencies(
        &mut self,
        id: InstanceId,
        urls: &[&str],
    ) -> Result<Option<CallId>, usize> {
        if self.is_disposed(id) {
            return Ok(None);
        }
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
        let Some(slot) = self.begin_registering(id) else { return Ok(None) };
        let call = self.registrations.accept(id, &dependencies, clean);
        for (dependency, _) in dependencies {
            self.modules.accept_dependency(slot.thread, slot.module, dependency);
        }
        Ok(call)
    }

    /// From now on, a change of a file that one of `patterns` matches counts as a change of the instance's module.
    /// Relative ones are meant from the module's folder. Returns whether that counts: it does not once the instance has
    /// been disposed of.
    ///
    /// # Errors
    /// A pattern that cannot be used; nothing is watched then.
    pub fn watch_files(&mut self, id: InstanceId, patterns: &[&str]) -> Result<bool, PatternError> {
        let instance = self.lifecycle.get(id).filter(|instance| !instance.is_disposed());
        let Some(instance) = instance else { return Ok(false) };
        let path = self.modules.get(instance.module).path.clone();
        let patterns: Vec<_> = patterns.iter().map(|pattern| from_folder(pattern)).collect();
        let matcher = Matcher::new(Path::new(parent(&path)), &patterns)?;
        if self.begin_registering(id).is_some() {
            self.changes.watch_files(id, &matcher);
        }
        Ok(self.registrations.knows(id))
    }

    /// An instance declines: a change that would supersede it asks for a restart.
    pub fn decline(&mut self, id: InstanceId) {
        self.registrations.decline(id, |id| self.lifecycle.get(id).is_some());
    }

    /// What a decision must know of instances.
    pub(super) fn running(&self) -> Running<'_> {
        Running { instances: &self.lifecycle, declined: self.registrations.declined() }
    }

    /// The module that a thread knows by `url` is to be treated as if it had changed, and its accepting itself does not
    /// help. Decided with the next [`Engine::drain`].
    pub fn invalidate(&mut self, thread: ThreadId, url: &str, message: Option<&str>) {
        let Some(meaning) = self.modules.meaning(url) else { return };
        self.changes.invalidate(meaning.module, message);
        if let Some(thread) = self.threads.get(&thread) {
            thread.wake();
        }
    }

    /// What an instance accepts but itself, if it is not superseded.
    pub(super) fn accepted_by<'a>(&self, entry: &'a Entry) -> &'a [(ModuleId, Arc<str>)] {
        if self.is_current(entry) { &entry.dependencies } else { &[] }
    }

    /// Whether the instance of a registration is not superseded.
    pub(super) fn is_current(&self, entry: &Entry) -> bool {
        self.lifecycle.get(entry.instance).is_some_and(|instance| instance.life.is_current())
    }

    /// The modules that are accepted in a thread by registrations that count.
    pub(super) fn accepted_modules(&self, thread: ThreadId) -> Vec<ModuleId> {
        let mut modules = Vec::new();
        for (slot, entry) in self.registrations.current(thread) {
            modules.extend(entry.own.then_some(slot.module));
            modules.extend(self.accepted_by(entry).iter().map(|&(id, _)| id));
        }
        modules
    }

    /// These modules were pruned: nothing that was registered for them counts.
    pub(super) fn forget_registrations(&mut self, lost: &[ModuleId]) {
        let lost: FxHashSet<_> = lost.iter().copied().collect();
        for (&thread, state) in &mut self.threads {
            let current = self.registrations.current(thread);
            let current = current.filter(|(slot, _)| lost.contains(&slot.module));
            state.pending.pruned.extend(current.map(|(_, entry)| entry.instance));
        }
        self.retain_registrations(|slot| !lost.contains(&slot.module));
        for thread in self.threads.keys().copied().collect::<Vec<_>>() {
            for &module in &lost {
                self.lifecycle.flush_kept_of(thread, module);
            }
        }
    }

    /// An instance registers something. Returns where; `None` if it has been disposed of: it is too late for it.
    fn begin_registering(&mut self, id: InstanceId) -> Option<Slot> {
        let instance = self.lifecycle.get(id).filter(|instance| !instance.is_disposed())?;
        let (slot, order) = (slot_of(&self.modules, instance)?, instance.order);
        if !self.registrations.knows(id) {
            let dropped = self.registrations.begin(slot.clone(), id, order);
            self.drop_registrations(slot.thread, dropped);
            self.lifecycle.observe_registering(id);
        }
        Some(slot)
    }

    /// Where an instance lives, for what is kept there: the module, and the URL without our version. From now on there is a
    /// record of it.
    pub fn data_key(&mut self, id: InstanceId) -> Option<(ModuleId, Arc<str>)> {
        let slot = slot_of(&self.modules, self.lifecycle.record(id)?)?;
        self.threads.get_mut(&slot.thread)?.interest.losses = true;
        Some((slot.module, slot.url))
    }

    /// Whether an instance has been disposed of, or is not known: what it registers is too late.
    pub fn is_disposed(&self, id: InstanceId) -> bool {
        self.lifecycle.get(id).is_none_or(Instance::is_disposed)
    }

    /// Whether a callback is to be called, now that what is new has evaluated. `own`: the URL of what accepts itself, which may have
    /// been pruned meanwhile. Others must not have been disposed of.
    pub fn is_to_call(&self, id: InstanceId, own: Option<&str>) -> bool {
        own.map_or_else(|| !self.is_disposed(id), |url| self.is_reached(url))
    }

    /// An instance has registered something that may come to count after it was disposed of. Returns whether that counts:
    /// it does not once it has been.
    pub fn keeps_handlers(&mut self, id: InstanceId) -> bool {
        self.begin_registering(id).is_some()
    }

    /// The evaluation of an instance has ended: other registrations may count at its slot now.
    pub(super) fn settle_slot(&mut self, id: InstanceId, threw: bool, now: Instant) {
        let instance = self.lifecycle.get(id);
        let is_superseded = instance.is_none_or(|instance| !instance.life.is_current());
        let slot = instance.and_then(|instance| slot_of(&self.modules, instance));
        let Some(slot) = slot.or_else(|| self.registrations.slot(id).cloned()) else { return };
        if !self.registrations.has(&slot) {
            return;
        }
        let end = match (threw, is_superseded) {
            (false, _) => End::Completed,
            (true, false) => End::Threw,
            (true, true) => End::ThrewLate,
        };
        // What it has not registered says nothing: it may be half a file.
        if end == End::Completed
            && !self.registrations.knows(id)
            && self.is_outdated(&slot, is_superseded, now)
        {
            return;
        }
        let Settled { dropped, accepts_otherwise } = self.registrations.end(&slot, id, end);
        self.drop_registrations(slot.thread, dropped);
        if accepts_otherwise {
            self.accepted_changed();
        }
    }

    /// What these instances have registered counts no longer.
    fn drop_registrations(&mut self, thread: ThreadId, dropped: Vec<InstanceId>) {
        for &id in &dropped {
            self.changes.unwatch_files(id);
        }
        if let Some(state) = self.threads.get_mut(&thread) {
            state.pending.dropped_registrations.extend(dropped);
        }
    }

    /// Whether a slot has a newer version, or is about to: what its file holds is not what was read, or it is being
    /// written. It is looked at before the events are. A writer begins with an empty file, however long it takes.
    fn is_outdated(&mut self, slot: &Slot, superseded: bool, now: Instant) -> bool {
        let found = self.fingerprint(slot.module);
        self.collect(now);
        let module = self.modules.get(slot.module);
        superseded
            || self.changes.is_undecided(&module.path)
            || found.is_empty()
            || module.content.read() != Some(found)
    }

    /// Forgets what was registered at the slots that `keep` says no to.
    pub(super) fn retain_registrations(&mut self, keep: impl Fn(&Slot) -> bool) {
        let gone = self.registrations.retain(keep);
        let has_changed = !gone.is_empty();
        for (thread, id) in gone {
            self.drop_registrations(thread, vec![id]);
        }
        if has_changed {
            self.accepted_changed();
        }
    }

    /// Tells the graph what is accepted now.
    pub(super) fn accepted_changed(&mut self) {
        self.modules.set_accepted(self.registrations.accepted());
    }
}

/// Where an instance lives.
pub(super) fn slot_of(modules: &Modules, instance: &Instance) -> Option<Slot> {
    let meaning = modules.meaning(&instance.url)?;
    Some(Slot { thread: instance.thread, module: instance.module, url: meaning.clean })
}

/// `**` alone would match anywhere.
fn from_folder(pattern: &str) -> String {
    match pattern.strip_prefix('!') {
        Some(excluded) => format!("!{}", from_folder(excluded)),
        None if pattern.starts_with("**") => format!("./{pattern}"),
        None => pattern.to_owned(),
    }
}
