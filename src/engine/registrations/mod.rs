//! What instances have registered: what they accept, that they watch files, that JavaScript keeps handlers of theirs.
//!
//! It is kept by slot: a thread, a module and a URL of the user's. The instances that follow one another at a slot hand on what they
//! have registered.
//!
//! ```text
//!   x.mjs  ──▶  x.mjs?v=1  ──▶  x.mjs?v=2        one slot: x.mjs
//!   x.mjs?raw  ──▶  x.mjs?raw&v=1                another
//! ```
//!
//! What counts is what the last instance has registered that evaluated completely: one that fails has replaced nothing.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::accept::Accepted;
use crate::graph::{ModuleId, ThreadId};

use super::lifecycle::instance::InstanceId;

/// Where instances follow one another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    pub thread: ThreadId,
    pub module: ModuleId,
    /// The URL without our version.
    pub url: Arc<str>,
}

/// What an instance has registered.
#[derive(Debug)]
pub struct Entry {
    pub instance: InstanceId,
    /// When it began to evaluate.
    order: u64,
    /// It has evaluated completely, as far as is known.
    complete: bool,
    /// It accepts itself.
    pub own: bool,
    /// Which modules it accepts, and the URLs that it knows them by, without our version.
    pub dependencies: Vec<(ModuleId, Arc<str>)>,
    /// Its calls of `accept`. JavaScript keeps the callback of each under its place in this list.
    pub calls: Vec<Call>,
}

/// What a call of `accept` is about.
#[derive(Debug)]
pub enum Call {
    /// The module itself.
    Own,
    /// What it knows by these URLs, without our version.
    Dependencies(Vec<Arc<str>>),
}

/// Names a call of `accept` among those of its instance.
pub type CallId = u32;

/// How the evaluation of an instance has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It has run to its end.
    Completed,
    /// It has thrown.
    Threw,
    /// It has thrown after it was superseded, and may have been taken for complete.
    ThrewLate,
}

/// What has become of a slot.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// What these instances have registered counts no longer.
    pub dropped: Vec<InstanceId>,
    /// Something else is accepted than before.
    pub accepts_otherwise: bool,
}

/// What was registered, by slot.
#[derive(Default)]
pub struct Registrations {
    entries: FxHashMap<Slot, Vec<Entry>>,
    by_instance: FxHashMap<InstanceId, Slot>,
    declined: FxHashSet<InstanceId>,
}

impl Registrations {
    /// An instance registers something for the first time. Returns those whose evaluation never ended: of them only the last counts, and it follows.
    pub fn begin(&mut self, slot: Slot, instance: InstanceId, order: u64) -> Vec<InstanceId> {
        let last = self.entries.get(&slot).and_then(|entries| Some(entries.last()?.instance));
        let dropped = self.forget(&slot, |entry| !entry.complete && Some(entry.instance) != last);
        self.by_instance.insert(instance, slot.clone());
        let entries = self.entries.entry(slot).or_default();
        entries.push(Entry {
            instance,
            order,
            complete: false,
            own: false,
            dependencies: Vec::new(),
            calls: Vec::new(),
        });
        entries.sort_unstable_by_key(|entry| entry.instance);
        dropped
    }

    /// An instance that has begun accepts itself. Returns the name of the call.
    pub fn accept_own(&mut self, id: InstanceId) -> Option<CallId> {
        let entry = self.entry_mut(id)?;
        entry.own = true;
        entry.add_call(Call::Own)
    }

    /// An instance that has begun accepts what it knows by these URLs; of these, `dependencies` are modules. Returns the name of the call.
    pub fn accept(
        &mut self,
        id: InstanceId,
        dependencies: &[(ModuleId, Arc<str>)],
        urls: Vec<Arc<str>>,
    ) -> Option<CallId> {
        let entry = self.entry_mut(id)?;
        for dependency in dependencies {
            if !entry.dependencies.contains(dependency) {
                entry.dependencies.push(dependency.clone());
            }
        }
        entry.add_call(Call::Dependencies(urls))
    }

    /// An instance declines. Those are forgotten of which `exists` says no.
    pub fn decline(&mut self, id: InstanceId, exists: impl Fn(InstanceId) -> bool) {
        self.declined.retain(|&id| exists(id));
        self.declined.insert(id);
    }

    /// The instances that have declined. A superseded one declines no longer.
    pub fn declined(&self) -> &FxHashSet<InstanceId> {
        &self.declined
    }

    fn entry_mut(&mut self, id: InstanceId) -> Option<&mut Entry> {
        let entries = self.entries.get_mut(self.by_instance.get(&id)?)?;
        entries.iter_mut().find(|entry| entry.instance == id)
    }

    /// Whether an instance has registered anything.
    pub fn knows(&self, id: InstanceId) -> bool {
        self.by_instance.contains_key(&id)
    }

    /// Where an instance has registered something.
    pub fn slot(&self, id: InstanceId) -> Option<&Slot> {
        self.by_instance.get(&id)
    }

    /// Whether anything was registered there.
    pub fn has(&self, slot: &Slot) -> bool {
        self.entries.contains_key(slot)
    }

    /// Whether nothing is registered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What counts at each slot of a thread.
    pub fn current(&self, thread: ThreadId) -> impl Iterator<Item = (&Slot, &Entry)> {
        let of_thread = self.entries.iter().filter(move |(slot, _)| slot.thread == thread);
        of_thread.filter_map(|(slot, entries)| {
            let entries = counting(entries);
            let first = entries.first().filter(|entry| entry.complete);
            Some((slot, first.or(entries.last())?))
        })
    }

    /// What counts in a thread, in the order of evaluation.
    pub fn by_evaluation(&self, thread: ThreadId) -> Vec<(&Slot, &Entry)> {
        let mut current: Vec<_> = self.current(thread).collect();
        current.sort_unstable_by_key(|(_, entry)| entry.order);
        current
    }

    /// Where an instance has registered what counts, or may come to count.
    pub fn slot_if_counting(&self, id: InstanceId) -> Option<&Slot> {
        let slot = self.by_instance.get(&id)?;
        let mut entries = counting(self.entries.get(slot)?).iter();
        entries.any(|entry| entry.instance == id).then_some(slot)
    }

    /// What is accepted by all that counts, or may come to count when what evaluates has.
    pub fn accepted(&self) -> Accepted {
        let mut accepted = Accepted::default();
        for (slot, entries) in &self.entries {
            for entry in counting(entries) {
                if entry.own {
                    accepted.own.insert((slot.thread, slot.module));
                }
                let dependencies = entry.dependencies.iter();
                let dependencies = dependencies.map(|&(id, _)| (slot.thread, slot.module, id));
                accepted.dependencies.extend(dependencies);
            }
        }
        accepted
    }

    /// What the registrations at a slot say is accepted.
    fn accepted_at(&self, slot: &Slot) -> (bool, FxHashSet<ModuleId>) {
        let entries = counting(self.entries.get(slot).map_or(&[], Vec::as_slice));
        let dependencies = entries.iter().flat_map(|entry| &entry.dependencies);
        let dependencies = dependencies.map(|&(id, _)| id).collect();
        (entries.iter().any(|entry| entry.own), dependencies)
    }

    /// An instance has run to its end, as far as is known: [`Registrations::end`] follows. Returns whether something else is accepted
    /// than before.
    pub fn complete(&mut self, id: InstanceId) -> bool {
        let Some(slot) = self.by_instance.get(&id).cloned() else { return false };
        let before = self.accepted_at(&slot);
        self.set_complete(id, true);
        self.accepted_at(&slot) != before
    }

    /// The evaluation of an instance has ended. If it has run to its end, what those before it have registered counts no longer.
    pub fn end(&mut self, slot: &Slot, id: InstanceId, end: End) -> Settled {
        let before = self.accepted_at(slot);
        let dropped = match end {
            End::Completed => {
                self.set_complete(id, true);
                self.forget(slot, |entry| entry.instance < id)
            }
            End::Threw => self.forget(slot, |entry| entry.instance == id),
            End::ThrewLate => {
                self.set_complete(id, false);
                Vec::new()
            }
        };
        Settled { dropped, accepts_otherwise: self.accepted_at(slot) != before }
    }

    fn set_complete(&mut self, id: InstanceId, complete: bool) {
        if let Some(entry) = self.entry_mut(id) {
            entry.complete = complete;
        }
    }

    /// Forgets what was registered at a slot that `which` says yes to. Returns the instances that had registered it.
    fn forget(&mut self, slot: &Slot, which: impl Fn(&Entry) -> bool) -> Vec<InstanceId> {
        let Some(entries) = self.entries.get_mut(slot) else { return Vec::new() };
        let gone: Vec<_> =
            entries.extract_if(.., |entry| which(entry)).map(|entry| entry.instance).collect();
        if entries.is_empty() {
            self.entries.remove(slot);
        }
        for id in &gone {
            self.by_instance.remove(id);
        }
        gone
    }

    /// Forgets what was registered at the slots that `keep` says no to. Returns the instances that had registered it, with their threads.
    pub fn retain(&mut self, keep: impl Fn(&Slot) -> bool) -> Vec<(ThreadId, InstanceId)> {
        let slots: Vec<_> = self.entries.keys().filter(|slot| !keep(slot)).cloned().collect();
        let mut gone = Vec::new();
        for slot in &slots {
            let dropped = self.forget(slot, |_| true).into_iter();
            gone.extend(dropped.map(|id| (slot.thread, id)));
        }
        gone
    }
}

impl Entry {
    fn add_call(&mut self, call: Call) -> Option<CallId> {
        self.calls.push(call);
        CallId::try_from(self.calls.len() - 1).ok()
    }
}

/// Of the entries of a slot, the last one whose instance has run to its end, as far as is known, or the first of all; and those
/// that follow.
fn counting(entries: &[Entry]) -> &[Entry] {
    &entries[entries.iter().rposition(|entry| entry.complete).unwrap_or(0)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: ThreadId = ThreadId(0);

    fn slot() -> Slot {
        Slot { thread: MAIN, module: ModuleId::new(0), url: "file:///x.mjs".into() }
    }

    /// Instances 1, 2, 3 … each accept themselves and the module of their number, one after the other.
    fn registered(count: u32) -> (Registrations, Vec<InstanceId>) {
        let mut registrations = Registrations::default();
        let mut dropped = Vec::new();
        for n in 1..=count {
            let id = InstanceId(n);
            dropped.extend(registrations.begin(slot(), id, u64::from(n)));
            let dependency = (ModuleId::new(n as usize), "file:///y.mjs".into());
            assert_eq!(registrations.accept_own(id), Some(0));
            assert_eq!(registrations.accept(id, &[dependency], Vec::new()), Some(1));
        }
        (registrations, dropped)
    }

    /// The instances that count, and the modules that all accept that may come to count.
    fn state(registrations: &Registrations) -> (Vec<u32>, Vec<usize>) {
        let current = registrations.current(MAIN).map(|(_, entry)| entry.instance.0).collect();
        let accepted = registrations.accepted().dependencies;
        let mut accepted: Vec<_> = accepted.iter().map(|&(_, _, id)| id.index()).collect();
        accepted.sort_unstable();
        (current, accepted)
    }

    #[test]
    fn what_counts_after_evaluations() {
        enum Step {
            Ran(u32),
            End(u32, End),
        }
        use End::{Completed, Threw, ThrewLate};
        use Step::{End as Ends, Ran};
        for (count, steps, current, accepted) in [
            (1, vec![], vec![1], vec![1]),
            (1, vec![Ran(1)], vec![1], vec![1]),
            (1, vec![Ends(1, Threw)], vec![], vec![]),
            (2, vec![], vec![2], vec![1, 2]),
            (2, vec![Ends(1, Completed)], vec![1], vec![1, 2]),
            (2, vec![Ends(1, Completed), Ran(2)], vec![2], vec![2]),
            (2, vec![Ends(1, Completed), Ran(2), Ends(2, Completed)], vec![2], vec![2]),
            (2, vec![Ends(1, Completed), Ran(2), Ends(2, Threw)], vec![1], vec![1]),
            (2, vec![Ends(1, Completed), Ran(2), Ends(2, ThrewLate)], vec![1], vec![1, 2]),
            // Of those that never ended only the last counts.
            (3, vec![], vec![3], vec![2, 3]),
        ] {
            let (mut registrations, _) = registered(count);
            for step in steps {
                match step {
                    Ran(n) => drop(registrations.complete(InstanceId(n))),
                    Ends(n, end) => drop(registrations.end(&slot(), InstanceId(n), end)),
                }
            }
            assert_eq!(state(&registrations), (current, accepted));
        }
    }

    #[test]
    fn who_is_dropped() {
        assert_eq!(registered(3).1, [InstanceId(1)]);
        let (mut registrations, _) = registered(2);
        let settled = registrations.end(&slot(), InstanceId(2), End::Completed);
        assert_eq!(settled, Settled { dropped: vec![InstanceId(1)], accepts_otherwise: true });
        let settled = registrations.end(&slot(), InstanceId(2), End::Completed);
        assert_eq!(settled, Settled::default());
        assert!(!registrations.knows(InstanceId(1)) && registrations.has(&slot()));
        assert_eq!(registrations.retain(|_| false), [(MAIN, InstanceId(2))]);
        assert!(registrations.is_empty());
    }
}
