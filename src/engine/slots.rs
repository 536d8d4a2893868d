//! Slots: a thread, a module and a URL of the user's. The instances that follow one another at a slot hand on what
//! they have registered with the engine.
//!
//! ```text
//!   x.mjs  ──▶  x.mjs?v=1  ──▶  x.mjs?v=2        one slot: x.mjs
//!   x.mjs?raw  ──▶  x.mjs?raw&v=1                another
//! ```
//!
//! What counts is what the last instance has registered that evaluated completely: one that fails has replaced nothing.

use std::sync::Arc;
use std::time::Instant;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::accept::Accepted;
use crate::graph::instance::{Instance, InstanceId};
use crate::graph::{ModuleId, ThreadId};

use super::Engine;
use super::files::Files;

/// Where instances follow one another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Slot {
    pub thread: ThreadId,
    pub module: ModuleId,
    /// The URL without our version.
    pub url: Arc<str>,
}

/// What an instance has registered.
#[derive(Debug)]
pub(super) struct Entry {
    pub instance: InstanceId,
    /// When it began to evaluate.
    pub order: u64,
    /// It has evaluated completely, unless one is told otherwise.
    complete: bool,
    /// It accepts itself.
    pub own: bool,
    /// Which modules it accepts, and the URLs that it knows them by, without our version.
    pub dependencies: Vec<(ModuleId, Arc<str>)>,
    /// Files whose change counts as a change of the module.
    pub watches: Vec<Files>,
}

/// What was registered, by slot.
#[derive(Default)]
pub(super) struct Slots {
    entries: FxHashMap<Slot, Vec<Entry>>,
    by_instance: FxHashMap<InstanceId, Slot>,
}

impl Slots {
    /// What an instance has registered so far; it begins with nothing.
    pub fn entry(&mut self, slot: Slot, instance: InstanceId, order: u64) -> &mut Entry {
        self.by_instance.insert(instance, slot.clone());
        let entries = self.entries.entry(slot).or_default();
        if let Some(at) = entries.iter().position(|entry| entry.instance == instance) {
            return &mut entries[at];
        }
        entries.push(Entry {
            instance,
            order,
            complete: false,
            own: false,
            dependencies: Vec::new(),
            watches: Vec::new(),
        });
        entries.sort_unstable_by_key(|entry| entry.instance);
        let at = entries.iter().position(|entry| entry.instance == instance).unwrap_or(0);
        &mut entries[at]
    }

    /// Of instances whose evaluation never ended only the last counts. Forgets the others, and returns them.
    fn trim(&mut self, slot: &Slot) -> Vec<Entry> {
        let last = self.entries.get(slot).and_then(|entries| Some(entries.last()?.instance));
        self.forget(slot, |entry| !entry.complete && Some(entry.instance) != last)
    }

    /// Whether an instance has registered anything.
    pub fn knows(&self, id: InstanceId) -> bool {
        self.by_instance.contains_key(&id)
    }

    /// Whether anything was registered there.
    pub fn has(&self, slot: &Slot) -> bool {
        self.entries.contains_key(slot)
    }

    /// What counts at each slot of a thread.
    pub fn current(&self, thread: ThreadId) -> impl Iterator<Item = (&Slot, &Entry)> {
        let of_thread = self.entries.iter().filter(move |(slot, _)| slot.thread == thread);
        of_thread.filter_map(|(slot, entries)| {
            let entries = &entries[first_counting(entries)..];
            let first = entries.first().filter(|entry| entry.complete);
            Some((slot, first.or(entries.last())?))
        })
    }

    /// All that counts, or may come to count when what evaluates has.
    pub fn all(&self) -> impl Iterator<Item = (&Slot, &Entry)> {
        self.entries.iter().flat_map(|(slot, entries)| {
            entries[first_counting(entries)..].iter().map(move |entry| (slot, entry))
        })
    }

    /// [`Slots::all`], to be changed.
    pub fn all_mut(&mut self) -> impl Iterator<Item = (&Slot, &mut Entry)> {
        self.entries.iter_mut().flat_map(|(slot, entries)| {
            let first = first_counting(entries);
            entries[first..].iter_mut().map(move |entry| (slot, entry))
        })
    }

    /// What the registrations at a slot say is accepted.
    fn accepted_at(&self, slot: &Slot) -> (bool, FxHashSet<ModuleId>) {
        let entries = self.entries.get(slot).map_or(&[][..], Vec::as_slice);
        let entries = &entries[first_counting(entries)..];
        let dependencies = entries.iter().flat_map(|entry| &entry.dependencies);
        let dependencies = dependencies.map(|&(id, _)| id).collect();
        (entries.iter().any(|entry| entry.own), dependencies)
    }

    /// Whether nothing was ever registered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// An instance has run to its end: what those before it have registered counts no longer. Returns that.
    fn completed(&mut self, slot: &Slot, id: InstanceId) -> Vec<Entry> {
        for entry in self.entries.get_mut(slot).into_iter().flatten() {
            entry.complete |= entry.instance == id;
        }
        self.forget(slot, |entry| entry.instance < id)
    }

    /// An instance has thrown, which may have been taken for complete.
    fn failed(&mut self, slot: &Slot, id: InstanceId) {
        for entry in self.entries.get_mut(slot).into_iter().flatten() {
            entry.complete &= entry.instance != id;
        }
    }

    /// Forgets what was registered at a slot that `which` says yes to, and returns it.
    fn forget(&mut self, slot: &Slot, which: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let Some(entries) = self.entries.get_mut(slot) else { return Vec::new() };
        let gone: Vec<_> = entries.extract_if(.., |entry| which(entry)).collect();
        if entries.is_empty() {
            self.entries.remove(slot);
        }
        for entry in &gone {
            self.by_instance.remove(&entry.instance);
        }
        gone
    }
}

/// Of the entries of a slot, the last one whose instance has run to its end, as far as is known, or the first of all.
fn first_counting(entries: &[Entry]) -> usize {
    entries.iter().rposition(|entry| entry.complete).unwrap_or(0)
}

impl Engine {
    /// What an instance has registered so far. `None` if it has been disposed of: it is too late for it.
    pub(super) fn entry_of(&mut self, id: InstanceId) -> Option<(Slot, &mut Entry)> {
        let instance = self.instances.get(id).filter(|instance| !instance.life.is_disposed())?;
        let order = instance.order;
        let slot = self.slot_of(instance)?;
        if !self.slots.knows(id) {
            let outdated = self.slots.trim(&slot);
            self.outdate(&slot, outdated);
            self.observe_registering(id);
        }
        Some((slot.clone(), self.slots.entry(slot, id, order)))
    }

    /// The instance has run to its end, as far as is known.
    pub(super) fn complete(&mut self, id: InstanceId) {
        let Some(slot) = self.slots.by_instance.get(&id).cloned() else { return };
        let before = self.slots.accepted_at(&slot);
        for entry in self.slots.entries.get_mut(&slot).into_iter().flatten() {
            entry.complete |= entry.instance == id;
        }
        self.accepted_changed_at(&slot, &before);
    }

    /// Where an instance lives, for what is kept there: the module, and the URL without our version. From now on there is a
    /// record of it.
    pub fn data_key(&mut self, id: InstanceId) -> Option<(ModuleId, Arc<str>)> {
        self.instances.get_mut(id)?.recorded = true;
        let slot = self.slot_of(self.instances.get(id)?)?;
        self.threads.get_mut(&slot.thread)?.interest.losses = true;
        Some((slot.module, slot.url))
    }

    /// An instance has registered something that may come to count after it was disposed of. Returns whether that counts:
    /// it does not once it has been.
    pub fn keeps_handlers(&mut self, id: InstanceId) -> bool {
        self.entry_of(id).is_some()
    }

    /// Where an instance lives.
    pub(super) fn slot_of(&self, instance: &Instance) -> Option<Slot> {
        let meaning = self.urls.meaning(&instance.url)?;
        Some(Slot { thread: instance.thread, module: instance.module, url: meaning.clean })
    }

    /// The evaluation of an instance has ended: other registrations may count at its slot now.
    pub(super) fn settle_slot(&mut self, id: InstanceId, threw: bool, now: Instant) {
        let instance = self.instances.get(id);
        let accepted_modules = instance.is_none_or(|instance| !instance.life.is_current());
        let slot = instance.and_then(|instance| self.slot_of(instance));
        let Some(slot) = slot.or_else(|| self.slots.by_instance.get(&id).cloned()) else {
            return;
        };
        if !self.slots.has(&slot) {
            return;
        }
        let before = self.slots.accepted_at(&slot);
        let outdated = match (threw, accepted_modules) {
            // What it has not registered says nothing: it may be half a file.
            (false, _)
                if !self.slots.knows(id) && self.is_outdated(&slot, accepted_modules, now) =>
            {
                return;
            }
            (false, _) => self.slots.completed(&slot, id),
            (true, false) => self.slots.forget(&slot, |entry| entry.instance == id),
            (true, true) => {
                self.slots.failed(&slot, id);
                Vec::new()
            }
        };
        self.outdate(&slot, outdated);
        self.accepted_changed_at(&slot, &before);
    }

    /// What was registered at a slot counts no longer.
    fn outdate(&mut self, slot: &Slot, entries: Vec<Entry>) {
        for mut entry in entries {
            for files in &mut entry.watches {
                files.release(self.watch.as_mut());
            }
            if let Some(state) = self.threads.get_mut(&slot.thread) {
                state.pending.dropped_registrations.push(entry.instance);
            }
        }
    }

    /// Whether a slot has a newer version, or is about to: what its file holds is not what was read, or it is being
    /// written. It is looked at before the events are. A writer begins with an empty file, however long it takes.
    fn is_outdated(&mut self, slot: &Slot, superseded: bool, now: Instant) -> bool {
        let found = self.fingerprint(slot.module);
        self.collect(now);
        let module = self.graph.get(slot.module);
        let is_undecided = self.undecided.iter().any(|(path, _)| *path == module.path);
        let is_unsettled = is_undecided || self.settle.is_waiting(&module.path);
        superseded || is_unsettled || found.is_empty() || module.read != Some(found)
    }

    /// Forgets what was registered at the slots that `keep` says no to.
    pub(super) fn retain_slots(&mut self, keep: impl Fn(&Slot) -> bool) {
        let gone: Vec<_> = self.slots.entries.keys().filter(|slot| !keep(slot)).cloned().collect();
        for slot in &gone {
            let outdated = self.slots.forget(slot, |_| true);
            self.outdate(slot, outdated);
        }
        if !gone.is_empty() {
            self.accepted_changed();
        }
    }

    /// Tells the graph what is accepted now, if that is not what was said at the slot `before`: mostly, an instance registers
    /// what the one before it has registered.
    fn accepted_changed_at(&mut self, slot: &Slot, before: &(bool, FxHashSet<ModuleId>)) {
        if self.slots.accepted_at(slot) != *before {
            self.accepted_changed();
        }
    }

    /// Tells the graph what is accepted now.
    fn accepted_changed(&mut self) {
        let mut accepted = Accepted::default();
        for (slot, entry) in self.slots.all() {
            if entry.own {
                accepted.own.insert((slot.thread, slot.module));
            }
            let dependencies = entry.dependencies.iter();
            let dependencies = dependencies.map(|&(id, _)| (slot.thread, slot.module, id));
            accepted.dependencies.extend(dependencies);
        }
        self.graph.set_accepted(accepted);
    }
}
