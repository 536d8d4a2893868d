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

use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::accept::Accepted;
use crate::graph::instance::{Instance, InstanceId, State};
use crate::graph::{ModuleId, ThreadId};

use super::Engine;
use super::files::Files;

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
    /// It has evaluated completely, unless one is told otherwise.
    complete: bool,
    /// It accepts itself.
    pub own: bool,
    /// Which modules it accepts, and the URLs that it knows them by, without our version.
    pub dependencies: Vec<(ModuleId, Arc<str>)>,
    /// Files whose change counts as a change of the module.
    pub watches: Vec<Files>,
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
            watches: Vec::new(),
        });
        entries.sort_unstable_by_key(|entry| entry.instance);
        let at = entries.iter().position(|entry| entry.instance == instance).unwrap_or(0);
        &mut entries[at]
    }

    /// Of instances that never came to an end, only the last was in service. Returns the others, which it forgets.
    fn trim(&mut self, place: &Place) -> Vec<Entry> {
        let last = self.entries.get(place).and_then(|entries| Some(entries.last()?.instance));
        self.forget(place, |entry| !entry.complete && Some(entry.instance) != last)
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
            let entries = &entries[first_counting(entries)..];
            let first = entries.first().filter(|entry| entry.complete);
            Some((place, first.or(entries.last())?))
        })
    }

    /// All that counts, or may come to count when what evaluates has.
    pub fn all(&self) -> impl Iterator<Item = (&Place, &Entry)> {
        self.entries.iter().flat_map(|(place, entries)| {
            entries[first_counting(entries)..].iter().map(move |entry| (place, entry))
        })
    }

    /// [`Places::all`], to be changed.
    pub fn all_mut(&mut self) -> impl Iterator<Item = (&Place, &mut Entry)> {
        self.entries.iter_mut().flat_map(|(place, entries)| {
            let first = first_counting(entries);
            entries[first..].iter_mut().map(move |entry| (place, entry))
        })
    }

    /// What the registrations at a place say is accepted.
    fn accepted_at(&self, place: &Place) -> (bool, FxHashSet<ModuleId>) {
        let entries = self.entries.get(place).map_or(&[][..], Vec::as_slice);
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
    fn completed(&mut self, place: &Place, id: InstanceId) -> Vec<Entry> {
        for entry in self.entries.get_mut(place).into_iter().flatten() {
            entry.complete |= entry.instance == id;
        }
        self.forget(place, |entry| entry.instance < id)
    }

    /// An instance has thrown, which may have been taken for complete.
    fn failed(&mut self, place: &Place, id: InstanceId) {
        for entry in self.entries.get_mut(place).into_iter().flatten() {
            entry.complete &= entry.instance != id;
        }
    }

    /// Forgets what was registered at a place that `which` says yes to, and returns it.
    fn forget(&mut self, place: &Place, which: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let Some(entries) = self.entries.get_mut(place) else { return Vec::new() };
        let gone: Vec<_> = entries.extract_if(.., |entry| which(entry)).collect();
        if entries.is_empty() {
            self.entries.remove(place);
        }
        for entry in &gone {
            self.by_instance.remove(&entry.instance);
        }
        gone
    }
}

/// Of the entries of a place, the last one whose instance has run to its end, as far as is known, or the first of all.
fn first_counting(entries: &[Entry]) -> usize {
    entries.iter().rposition(|entry| entry.complete).unwrap_or(0)
}

impl Engine {
    /// What an instance has registered so far. `None` if it has been disposed of: it is too late for it.
    pub(super) fn entry_of(&mut self, id: InstanceId) -> Option<(Place, &mut Entry)> {
        let instance = self.instances.get(id).filter(|instance| !instance.disposed)?;
        let order = instance.order;
        let place = self.place_of(instance)?;
        if !self.places.knows(id) {
            let outdated = self.places.trim(&place);
            self.outdate(&place, outdated);
        }
        self.expect_end(id);
        Some((place.clone(), self.places.entry(place, id, order)))
    }

    /// The end of an instance's evaluation will be told.
    pub(super) fn expect_end(&mut self, id: InstanceId) {
        if let Some(instance) = self.instances.get_mut(id)
            && matches!(instance.state, State::Linking | State::Evaluating)
            && let Some(state) = self.threads.get_mut(&instance.thread)
        {
            instance.witnessed = true;
            state.endings.insert(id);
        }
    }

    /// The instance's body has run, to its end or not: [`Engine::ended`] will tell.
    pub fn ran(&mut self, id: InstanceId) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        if instance.state != State::Evaluating {
            return;
        }
        instance.state = State::Evaluated;
        let Some(place) = self.places.by_instance.get(&id).cloned() else { return };
        let before = self.places.accepted_at(&place);
        for entry in self.places.entries.get_mut(&place).into_iter().flatten() {
            entry.complete |= entry.instance == id;
        }
        self.accepted_changed_at(&place, &before);
    }

    /// Where an instance lives, for what is kept there: the module, and the URL without our version. From now on there is a
    /// record of it.
    pub fn keeps_at(&mut self, id: InstanceId) -> Option<(ModuleId, Arc<str>)> {
        self.instances.get_mut(id)?.recorded = true;
        let place = self.place_of(self.instances.get(id)?)?;
        self.threads.get_mut(&place.thread)?.interest.losses = true;
        Some((place.module, place.url))
    }

    /// An instance has registered something that may come to count after it was disposed of. Returns whether that counts:
    /// it does not once it has been.
    pub fn keeps_handlers(&mut self, id: InstanceId) -> bool {
        self.entry_of(id).is_some()
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
        let before = self.places.accepted_at(&place);
        let outdated = match (threw, in_service) {
            // What it has not registered says nothing: it may be half a file.
            (false, _) if !self.places.knows(id) && self.is_outdated(&place, in_service, now) => {
                return;
            }
            (false, _) => self.places.completed(&place, id),
            (true, false) => self.places.forget(&place, |entry| entry.instance == id),
            (true, true) => {
                self.places.failed(&place, id);
                Vec::new()
            }
        };
        self.outdate(&place, outdated);
        self.accepted_changed_at(&place, &before);
    }

    /// What was registered at a place counts no longer.
    fn outdate(&mut self, place: &Place, entries: Vec<Entry>) {
        for mut entry in entries {
            for files in &mut entry.watches {
                files.let_go(self.watch.as_mut());
            }
            if let Some(state) = self.threads.get_mut(&place.thread) {
                state.pending.outdated.push(entry.instance);
            }
        }
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
        let gone: Vec<_> =
            self.places.entries.keys().filter(|place| !keep(place)).cloned().collect();
        for place in &gone {
            let outdated = self.places.forget(place, |_| true);
            self.outdate(place, outdated);
        }
        if !gone.is_empty() {
            self.accepted_changed();
        }
    }

    /// Tells the graph what is accepted now, if that is not what was said at the place `before`: mostly, an instance registers
    /// what the one before it has registered.
    fn accepted_changed_at(&mut self, place: &Place, before: &(bool, FxHashSet<ModuleId>)) {
        if self.places.accepted_at(place) != *before {
            self.accepted_changed();
        }
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
