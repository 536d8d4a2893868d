//! Instances: a module at one version in one thread, known by (thread, URL).

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::life::{Evaluation, Life};
use crate::fingerprint::Fingerprint;
use crate::graph::{ModuleId, ThreadId};
use crate::stamp::Stamp;

/// Names an instance for the life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId(pub u32);

/// What was loaded as an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing yet, or nothing that runs: JSON, Wasm, an addon.
    Unknown,
    /// An ES module.
    Es {
        /// It may wait: its evaluation is not over when the first turn is.
        awaits: bool,
        /// Its prelude tells that it begins to evaluate.
        has_prelude: bool,
        /// It may import by `import()`.
        imports: bool,
    },
    /// CommonJS: it has no prelude, and whatever it imports is dynamic or required.
    CommonJs,
}

/// What JavaScript keeps of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// Nothing.
    Nothing,
    /// What it has registered, if only that it accepts itself.
    Kept,
    /// Handlers, too, so that the end of its evaluation will be told.
    Handlers,
    /// No handlers any more: they have run, because the app ends.
    Ended,
}

/// Whether Node is reading the file of an instance: what is between our read of it and the end of Node's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It is not, or no longer.
    Over,
    /// It is: an event for the file counts without comparing.
    Watched,
    /// It is, and no event would tell of a save meanwhile: the file as it was before.
    Unwatched(Option<Stamp>, Fingerprint),
}

/// A module at one version in one thread.
#[derive(Debug)]
pub struct Instance {
    /// Its name.
    pub id: InstanceId,
    /// Where it lives.
    pub thread: ThreadId,
    /// What it is an instance of.
    pub module: ModuleId,
    /// The module's version when it was loaded.
    pub version: u32,
    /// What Node knows it by.
    pub url: Arc<str>,
    /// How far it has come, and whether it is on its way out.
    pub life: Life,
    /// Whether Node is reading its file.
    pub reading: Reading,
    /// What was loaded.
    pub body: Body,
    /// What JavaScript keeps of it until it is disposed of.
    pub record: Record,
    /// The end of its evaluation will be told, although it registered nothing.
    pub observed: bool,
    /// Its body runs, and the end of that will be told: what it imports meanwhile it may keep.
    pub body_runs: bool,
    /// It registered a handler that will take its time.
    pub disposes_async: bool,
    /// When it began to evaluate, counted over all threads; 0 before.
    pub order: u64,
}

impl Instance {
    /// Whether its body may wait.
    pub fn awaits(&self) -> bool {
        matches!(self.body, Body::Es { awaits: true, .. })
    }

    /// Whether it is worth knowing when its body ends: a later version is never cold, and runs again with what it has taken.
    pub fn may_take(&self) -> bool {
        self.version == 0 && matches!(self.body, Body::Es { imports: true, has_prelude: true, .. })
    }

    /// Whether it is an ES module that does not tell that it begins to evaluate.
    pub fn is_without_prelude(&self) -> bool {
        matches!(self.body, Body::Es { has_prelude: false, .. })
    }

    /// Whether it has registered handlers.
    pub fn has_handlers(&self) -> bool {
        self.record == Record::Handlers
    }

    /// Whether its handlers have run, or are about to: what it registers is too late.
    pub fn is_disposed(&self) -> bool {
        self.life.is_disposed() || self.record == Record::Ended
    }

    /// Whether Node is reading its file.
    pub fn is_read(&self) -> bool {
        self.reading != Reading::Over
    }

    /// Whether its evaluation has not ended, as far as is known.
    pub fn is_open(&self) -> bool {
        let evaluation = self.life.evaluation();
        evaluation.is_ahead() || evaluation == Evaluation::Evaluating
    }

    /// Whether its body runs, and it has handlers that must not run before that is over.
    pub fn is_under_way(&self) -> bool {
        self.has_handlers() && self.life.evaluation() == Evaluation::Evaluating
    }
}

/// Where an instance stands in its store, until it is removed.
type Place = u32;

/// An instance in the store.
struct Entry {
    instance: Instance,
    /// That of its thread and URL.
    hash: u64,
    /// The instances of a module form a ring, oldest first.
    next: Place,
    previous: Place,
}

/// All instances that are in use, or were and are not yet released. An update may supersede all of them: so each is found
/// without asking for memory, and those of many modules without hashing.
#[derive(Default)]
pub struct Instances {
    entries: Vec<Option<Entry>>,
    free: Vec<Place>,
    by_id: FxHashMap<InstanceId, Place>,
    by_url: HashTable<Place>,
    /// The oldest instance of each module, by the module's index.
    oldest: Vec<Option<Place>>,
    last: u32,
}

fn hash(thread: ThreadId, url: &str) -> u64 {
    FxBuildHasher.hash_one((thread, url))
}

impl Instances {
    fn entry(&self, place: Place) -> Option<&Entry> {
        self.entries.get(place as usize)?.as_ref()
    }

    fn entry_mut(&mut self, place: Place) -> Option<&mut Entry> {
        self.entries.get_mut(place as usize)?.as_mut()
    }

    fn place_of(&self, thread: ThreadId, url: &str) -> Option<Place> {
        let is_it = |&place: &Place| {
            self.get_at(place).is_some_and(|it| it.thread == thread && *it.url == *url)
        };
        self.by_url.find(hash(thread, url), is_it).copied()
    }

    fn get_at(&self, place: Place) -> Option<&Instance> {
        self.entry(place).map(|entry| &entry.instance)
    }

    /// The instance that `thread` knows by `url`.
    pub fn find(&self, thread: ThreadId, url: &str) -> Option<&Instance> {
        self.get_at(self.place_of(thread, url)?)
    }

    /// The instance that `thread` knows by `url`, to be changed.
    pub fn find_mut(&mut self, thread: ThreadId, url: &str) -> Option<&mut Instance> {
        let place = self.place_of(thread, url)?;
        self.entry_mut(place).map(|entry| &mut entry.instance)
    }

    /// The name of the newest instance.
    pub fn last(&self) -> InstanceId {
        InstanceId(self.last)
    }

    /// `thread` loads `url`. Returns whether an instance comes of it: Node also asks for the source of what it has.
    pub fn begin(&mut self, thread: ThreadId, url: &str, module: ModuleId, version: u32) -> bool {
        if let Some(known) = self.find(thread, url)
            && known.version == version
            && known.life.is_current()
        {
            return known.order == 0;
        }
        self.last += 1;
        self.insert(Instance {
            id: InstanceId(self.last),
            thread,
            module,
            version,
            url: url.into(),
            life: Life::Current(Evaluation::Linking),
            reading: Reading::Over,
            body: Body::Unknown,
            record: Record::Nothing,
            observed: false,
            body_runs: false,
            disposes_async: false,
            order: 0,
        });
        true
    }

    fn insert(&mut self, instance: Instance) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            Place::try_from(self.entries.len() - 1).unwrap_or(Place::MAX)
        });
        let hash = hash(instance.thread, &instance.url);
        self.by_id.insert(instance.id, place);
        self.name(hash, place, &instance);
        let (next, previous) = self.join_ring(instance.module, place);
        self.entries[place as usize] = Some(Entry { instance, hash, next, previous });
    }

    /// The URL is from now on that of the instance at `place`.
    fn name(&mut self, hash: u64, place: Place, instance: &Instance) {
        let Self { entries, by_url, .. } = self;
        let at = |place: &Place| entries.get(*place as usize).and_then(Option::as_ref);
        let is_same = |other: &Place| {
            at(other).is_some_and(|Entry { instance: other, .. }| {
                other.thread == instance.thread && other.url == instance.url
            })
        };
        let rehash = |other: &Place| at(other).map_or(0, |entry| entry.hash);
        *by_url.entry(hash, is_same, rehash).or_insert(place).get_mut() = place;
    }

    /// Makes room for the youngest instance of a module. Returns its neighbours.
    fn join_ring(&mut self, module: ModuleId, place: Place) -> (Place, Place) {
        if self.oldest.len() <= module.index() {
            self.oldest.resize(module.index() + 1, None);
        }
        let oldest = *self.oldest[module.index()].get_or_insert(place);
        let Some(entry) = self.entry_mut(oldest) else { return (place, place) };
        let youngest = std::mem::replace(&mut entry.previous, place);
        if let Some(entry) = self.entry_mut(youngest) {
            entry.next = place;
        }
        (oldest, youngest)
    }

    /// An instance, if it was not released.
    pub fn get(&self, id: InstanceId) -> Option<&Instance> {
        self.get_at(*self.by_id.get(&id)?)
    }

    /// An instance, if it was not released.
    pub fn get_mut(&mut self, id: InstanceId) -> Option<&mut Instance> {
        let place = *self.by_id.get(&id)?;
        self.entry_mut(place).map(|entry| &mut entry.instance)
    }

    fn oldest_of(&self, module: ModuleId) -> Option<Place> {
        *self.oldest.get(module.index())?
    }

    /// The next younger instance of a module.
    fn after(&self, place: Place) -> Option<Place> {
        let entry = self.entry(place)?;
        Some(entry.next).filter(|&next| Some(next) != self.oldest_of(entry.instance.module))
    }

    /// The instances of a module in all threads.
    pub fn of_module(&self, module: ModuleId) -> impl Iterator<Item = &Instance> {
        std::iter::successors(self.oldest_of(module), |&place| self.after(place))
            .filter_map(|place| self.get_at(place))
    }

    /// Whether the module's current instances in the thread have evaluated, as far as one can be asked: CommonJS cannot,
    /// nor can what never passed a hook.
    pub fn have_evaluated(&self, thread: ThreadId, module: ModuleId) -> bool {
        self.of_module(module)
            .filter(|i| i.thread == thread && i.life.is_current() && i.body != Body::CommonJs)
            .all(|i| i.life.evaluation() == Evaluation::Evaluated)
    }

    /// Calls `change` with each instance of a module, in all threads.
    pub fn change(&mut self, module: ModuleId, mut change: impl FnMut(&mut Instance)) {
        let mut next = self.oldest_of(module);
        while let Some(place) = next {
            next = self.after(place);
            if let Some(entry) = self.entry_mut(place) {
                change(&mut entry.instance);
            }
        }
    }

    /// Calls `change` with each instance.
    pub fn change_all(&mut self, change: impl FnMut(&mut Instance)) {
        self.entries.iter_mut().flatten().map(|entry| &mut entry.instance).for_each(change);
    }

    /// Forgets an instance that can have no more to do, and returns what it was.
    pub fn remove(&mut self, id: InstanceId) -> Option<Instance> {
        self.remove_at(*self.by_id.get(&id)?)
    }

    fn remove_at(&mut self, place: Place) -> Option<Instance> {
        let Entry { instance, hash, next, previous } = self.entries[place as usize].take()?;
        self.free.push(place);
        self.by_id.remove(&instance.id);
        // A required ES module keeps its URL: the name may be its successor's by now.
        if let Ok(named) = self.by_url.find_entry(hash, |&named| named == place) {
            named.remove();
        }
        let is_last = next == place;
        if let Some(oldest) = self.oldest.get_mut(instance.module.index())
            && *oldest == Some(place)
        {
            *oldest = Some(next).filter(|_| !is_last);
        }
        if let Some(entry) = self.entry_mut(next) {
            entry.previous = previous;
        }
        if let Some(entry) = self.entry_mut(previous) {
            entry.next = next;
        }
        Some(instance)
    }

    /// Forgets all instances of a thread that has ended.
    pub fn remove_thread(&mut self, thread: ThreadId) {
        let entries = self.entries.iter().flatten();
        let gone: Vec<_> = entries
            .filter(|entry| entry.instance.thread == thread)
            .map(|entry| entry.instance.id)
            .collect();
        for id in gone {
            self.remove(id);
        }
    }
}
