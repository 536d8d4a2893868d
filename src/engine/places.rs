//! Places: a thread, a module and a URL of the user's. The instances that follow one another at a place hand on what
//! they have registered with the engine.
//!
//! ```text
//!   x.mjs  ──▶  x.mjs?v=1  ──▶  x.mjs?v=2        one place: x.mjs
//!   x.mjs?raw  ──▶  x.mjs?raw&v=1                another
//! ```
//!
//! What counts is what the last instance has registered that evaluated completely: one that fails has replaced nothing.

use std::sync::Arc;
use std::time::Instant;

use rustc_hash::FxHashMap;

use crate::graph::accept::Accepted;
use crate::graph::instance::{Instance, InstanceId};
use crate::graph::{ModuleId, ThreadId};

use super::Engine;

/// Where instances follow one another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
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
    /// It has evaluated completely, or was in service while it still did.
    complete: bool,
    /// It accepts itself.
    pub own: bool,
    /// Which modules it accepts, and the URLs that it knows them by, without our version.
    pub dependencies: Vec<(ModuleId, Arc<str>)>,
}

/// What was registered, by place.
#[derive(Default)]
pub(super) struct Places {
    entries: FxHashMap<Place, Vec<Entry>>,
    by_instance: FxHashMap<InstanceId, Place>,
}

impl Places {
    /// What an instance has registered so far; it begins with nothing.
    pub fn entry(&mut self, place: Place, instance: InstanceId, order: u64) -> &mut Entry {
        self.by_instance.insert(instance, place.clone());
        let entries = self.entries.entry(place).or_default();
        if let Some(at) = entries.iter().position(|entry| entry.instance == instance) {
            return &mut entries[at];
        }
        entries.push(Entry {
            instance,
            order,
            complete: false,
            own: false,
            dependencies: Vec::new(),
        });
        entries.sort_unstable_by_key(|entry| entry.instance);
        let at = entries.iter().position(|entry| entry.instance == instance).unwrap_or(0);
        &mut entries[at]
    }

    /// Of instances that never came to an end, only the last was in service. Returns the others, which it forgets.
    fn trim(&mut self, place: &Place) -> Vec<InstanceId> {
        self.change(place, |entries| {
            let last = entries.last().map(|entry| entry.instance);
            entries.retain(|entry| entry.complete || Some(entry.instance) == last);
        })
    }

    /// Whether an instance has registered anything.
    pub fn knows(&self, id: InstanceId) -> bool {
        self.by_instance.contains_key(&id)
    }

    /// Whether anything was registered there.
    pub fn has(&self, place: &Place) -> bool {
        self.entries.contains_key(place)
    }

    /// What counts at each place of a thread.
    pub fn current(&self, thread: ThreadId) -> impl Iterator<Item = (&Place, &Entry)> {
        let of_thread = self.entries.iter().filter(move |(place, _)| place.thread == thread);
        of_thread.filter_map(|(place, entries)| {
            let first = entries.first().filter(|entry| entry.complete);
            Some((place, first.or(entries.last())?))
        })
    }

    /// All that was registered, whether it counts or may come to count.
    pub fn all(&self) -> impl Iterator<Item = (&Place, &Entry)> {
        self.entries.iter().flat_map(|(place, entries)| entries.iter().map(move |e| (place, e)))
    }

    /// Whether nothing was ever registered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// An instance has run to its end: what those before it have registered counts no longer. Returns these.
    pub fn completed(&mut self, place: &Place, id: InstanceId) -> Vec<InstanceId> {
        self.change(place, |entries| {
            entries.retain(|entry| entry.instance >= id);
            if let Some(entry) = entries.iter_mut().find(|entry| entry.instance == id) {
                entry.complete = true;
            }
        })
    }

    /// An instance has thrown: what it has registered never counts. Returns it, if it had.
    pub fn failed(&mut self, place: &Place, id: InstanceId) -> Vec<InstanceId> {
        self.change(place, |entries| entries.retain(|entry| entry.instance != id))
    }

    /// Forgets the places that `keep` says no to. Returns who had registered anything there, and in which thread.
    pub fn retain(&mut self, keep: impl Fn(&Place) -> bool) -> Vec<(ThreadId, InstanceId)> {
        let mut gone = Vec::new();
        self.entries.retain(|place, entries| {
            let kept = keep(place);
            if !kept {
                gone.extend(entries.iter().map(|entry| (place.thread, entry.instance)));
            }
            kept
        });
        for (_, id) in &gone {
            self.by_instance.remove(id);
        }
        gone
    }

    fn change(&mut self, place: &Place, change: impl FnOnce(&mut Vec<Entry>)) -> Vec<InstanceId> {
        let Some(entries) = self.entries.get_mut(place) else { return Vec::new() };
        let mut gone: Vec<_> = entries.iter().map(|entry| entry.instance).collect();
        change(entries);
        gone.retain(|id| entries.iter().all(|entry| entry.instance != *id));
        if entries.is_empty() {
            self.entries.remove(place);
        }
        for id in &gone {
            self.by_instance.remove(id);
        }
        gone
    }
}

impl Engine {
    /// What an instance has registered so far. `None` if it has been disposed of: it is too late for it.
    pub(super) fn entry_of(&mut self, id: InstanceId) -> Option<(Place, &mut Entry)> {
        let instance = self.instances.get(id).filter(|instance| !instance.disposed)?;
        let order = instance.order;
        let place = self.place_of(instance)?;
        if !self.places.knows(id) {
            let outdated = self.places.trim(&place);
            self.threads.get_mut(&place.thread)?.pending.outdated.extend(outdated);
        }
        Some((place.clone(), self.places.entry(place, id, order)))
    }

    /// Where an instance lives.
    pub(super) fn place_of(&self, instance: &Instance) -> Option<Place> {
        let meaning = self.urls.meaning(&instance.url)?;
        Some(Place { thread: instance.thread, module: instance.module, url: meaning.clean })
    }

    /// The evaluation of an instance has ended: whose registrations count at its place may be another question now.
    pub(super) fn settle_place(&mut self, id: InstanceId, threw: bool, now: Instant) {
        let instance = self.instances.get(id);
        let in_service = instance.is_none_or(|instance| instance.superseded);
        let place = instance.and_then(|instance| self.place_of(instance));
        let Some(place) = place.or_else(|| self.places.by_instance.get(&id).cloned()) else {
            return;
        };
        if !self.places.has(&place) {
            return;
        }
        let outdated = match (threw, in_service) {
            // What it has not registered says nothing: it may be half a file.
            (false, _) if !self.places.knows(id) && self.is_outdated(&place, in_service, now) => {
                return;
            }
            (false, _) => self.places.completed(&place, id),
            (true, false) => self.places.failed(&place, id),
            (true, true) => return,
        };
        if let Some(state) = self.threads.get_mut(&place.thread) {
            state.pending.outdated.extend(outdated);
        }
        self.accepted_changed();
    }

    /// Whether a place has a newer version, or is about to: what its file holds is not what was read, or it is being
    /// written. It is looked at before the events are. A writer begins with an empty file, however long he takes.
    fn is_outdated(&mut self, place: &Place, superseded: bool, now: Instant) -> bool {
        let found = self.fingerprint(place.module);
        self.collect(now);
        let module = self.graph.get(place.module);
        let is_undecided = self.undecided.iter().any(|(path, _)| *path == module.path);
        let is_unsettled = is_undecided || self.settle.is_waiting(&module.path);
        superseded || is_unsettled || found.is_empty() || module.read != Some(found)
    }

    /// Forgets what was registered at the places that `keep` says no to.
    pub(super) fn retain_places(&mut self, keep: impl Fn(&Place) -> bool) {
        if self.places.is_empty() {
            return;
        }
        for (thread, id) in self.places.retain(keep) {
            if let Some(state) = self.threads.get_mut(&thread) {
                state.pending.outdated.push(id);
            }
        }
        self.accepted_changed();
    }

    /// Tells the graph what is accepted now.
    fn accepted_changed(&mut self) {
        let mut accepted = Accepted::default();
        for (place, entry) in self.places.all() {
            if entry.own {
                accepted.own.insert((place.thread, place.module));
            }
            let dependencies = entry.dependencies.iter();
            let dependencies = dependencies.map(|&(id, _)| (place.thread, place.module, id));
            accepted.dependencies.extend(dependencies);
        }
        self.graph.set_accepted(accepted);
    }
}
