//! `accept`: what an update imports again at once, for whom, and what stays in service until that has linked.

use std::sync::Arc;
use std::time::Instant;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::fingerprint::Fingerprint;
use crate::graph::instance::{Instance, InstanceId, State};
use crate::graph::{ModuleId, ThreadId};

use super::Engine;
use super::hooks::Import;
use super::places::{Entry, Place};

/// A module that is to be imported again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// Its URL without our version.
    pub url: Arc<str>,
    /// It must be imported as JSON.
    pub json: bool,
    /// It has changed in a way that its accepting itself is for.
    pub own: bool,
}

/// An instance whose callbacks are to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepting {
    /// The instance that has registered them.
    pub instance: InstanceId,
    /// Itself is imported again.
    pub own: bool,
    /// Which of the others that it accepts are imported again, by URLs without our version.
    pub urls: Vec<Arc<str>>,
}

/// What is to be done with the renewals that have linked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Linked {
    /// Those to go on with: the others were changed once more meanwhile, and belong to the next update.
    pub urls: Vec<Arc<str>>,
    /// Who is to be told, in this order.
    pub accepting: Vec<Accepting>,
    /// Instances whose `dispose` handlers are to run before anything evaluates, latest evaluation first.
    pub disposals: Vec<InstanceId>,
}

/// What a thread has to import again, and what waits for that.
#[derive(Default)]
pub(super) struct Renewing {
    /// Changed modules that accept themselves.
    own: FxHashSet<ModuleId>,
    /// Changed modules that somebody else accepts.
    dependencies: FxHashSet<ModuleId>,
    /// Superseded instances that stay in service until what replaces them has linked.
    held: Vec<(u64, InstanceId)>,
    /// How many updates were handed out that did not come to [`Engine::linked`] yet.
    under_way: u32,
    /// The versions that are being imported, by URL without version.
    pins: FxHashMap<Arc<str>, u32>,
}

impl Renewing {
    /// Whether there is anything to import again.
    pub fn is_due(&self) -> bool {
        !self.own.is_empty() || !self.dependencies.is_empty()
    }
}

impl Engine {
    /// From now on, until [`Engine::end_peek`], `specifier` is resolved from `parent` only to know what it means: that is no
    /// import.
    pub fn peek(&mut self, thread: ThreadId, parent: &str, specifier: &str) {
        self.peeks.push((thread, parent.to_owned(), specifier.to_owned()));
    }

    /// See [`Engine::peek`].
    pub fn end_peek(&mut self, thread: ThreadId) {
        self.peeks.retain(|(peeking, ..)| *peeking != thread);
    }

    /// Whether an import is none; see [`Engine::peek`].
    pub(super) fn is_peek(&self, import: &Import) -> bool {
        self.peeks.iter().any(|(thread, parent, specifier)| {
            *thread == import.thread
                && import.parent == Some(parent)
                && import.specifier == specifier
        })
    }

    /// An instance accepts itself. Returns whether that counts: it does not once the instance has been disposed of.
    pub fn accept_own(&mut self, id: InstanceId) -> bool {
        let Some((place, entry)) = self.entry_of(id) else { return false };
        entry.own = true;
        if self.graph.accept_own(place.thread, place.module) {
            self.witness_importers(place.thread, place.module);
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
        let Some((place, entry)) = self.entry_of(id) else { return Ok(None) };
        for dependency in &dependencies {
            if !entry.dependencies.contains(dependency) {
                entry.dependencies.push(dependency.clone());
            }
        }
        for (dependency, _) in dependencies {
            self.graph.accept_dependency(place.thread, place.module, dependency);
        }
        Ok(Some(clean))
    }

    /// These modules are superseded by one decision: what accepts them is to import them again. `past`: it has changed in
    /// a way that accepting itself does not help.
    pub(super) fn renew(&mut self, bumped: &[ModuleId], past: Option<ModuleId>) {
        if self.places.is_empty() {
            return;
        }
        let bumped: FxHashSet<_> = bumped.iter().copied().collect();
        for (&thread, state) in &mut self.threads {
            for (place, entry) in self.places.current(thread) {
                if entry.own && bumped.contains(&place.module) && past != Some(place.module) {
                    state.renewing.own.insert(place.module);
                }
                let changed = entry.dependencies.iter().filter(|(id, _)| bumped.contains(id));
                state.renewing.dependencies.extend(changed.map(|&(id, _)| id));
            }
        }
    }

    /// What a thread is to import again. What somebody accepts who is superseded himself is none of it.
    pub(super) fn take_renewals(&mut self, thread: ThreadId) -> Vec<Renewal> {
        let Some(state) = self.threads.get_mut(&thread) else { return Vec::new() };
        let own = std::mem::take(&mut state.renewing.own);
        let dependencies = std::mem::take(&mut state.renewing.dependencies);
        let mut found: Vec<(ModuleId, Renewal)> = Vec::new();
        let mut add = |id: ModuleId, url: &Arc<str>, own: bool| {
            if let Some((_, known)) = found.iter_mut().find(|(_, known)| known.url == *url) {
                known.own |= own;
            } else {
                let json = self.graph.get(id).is_json;
                found.push((id, Renewal { url: url.clone(), json, own }));
            }
        };
        for (place, entry) in self.accepting(thread) {
            if entry.own && own.contains(&place.module) {
                add(place.module, &place.url, true);
            }
            for (id, url) in self.accepted_by(entry) {
                if dependencies.contains(id) {
                    add(*id, url, false);
                }
            }
        }
        found.into_iter().map(|(_, renewal)| renewal).collect()
    }

    /// What counts in a thread, in the order of evaluation.
    fn accepting(&self, thread: ThreadId) -> Vec<(&Place, &Entry)> {
        let mut current: Vec<_> = self.places.current(thread).collect();
        current.sort_unstable_by_key(|(_, entry)| entry.order);
        current
    }

    /// What an instance accepts but itself, if it is not superseded.
    fn accepted_by<'a>(&self, entry: &'a Entry) -> &'a [(ModuleId, Arc<str>)] {
        let instance = self.instances.get(entry.instance);
        if instance.is_some_and(|instance| !instance.superseded) {
            &entry.dependencies
        } else {
            &[]
        }
    }

    /// Superseded instances that are below what is accepted stay in service until what replaces them has linked; those do
    /// no longer that nobody accepts any more. `renews`: the thread is about to import something again.
    pub(super) fn keep_in_service(&mut self, thread: ThreadId, renews: bool) {
        let Some(state) = self.threads.get_mut(&thread) else { return };
        state.renewing.under_way += u32::from(renews);
        let waits = state.renewing.under_way > 0;
        if !waits && state.renewing.held.is_empty() {
            return;
        }
        let below = self.graph.below(thread, &self.in_service(thread));
        let instances = &self.instances;
        let is_replaced = |old: &Instance| {
            let newer = |i: &Instance| i.version > old.version && i.order > 0;
            instances.of_module(old.module).any(|i| i.thread == thread && newer(i))
        };
        let stays = |(_, id): &(u64, InstanceId)| {
            instances.get(*id).is_some_and(|i| below.contains(&i.module) && !is_replaced(i))
        };
        let Some(state) = self.threads.get_mut(&thread) else { return };
        let held = &mut state.renewing.held;
        state.disposals.extend(held.extract_if(.., |it| !stays(it)));
        if waits {
            held.extend(state.disposals.extract_if(.., |it| stays(it)));
        }
    }

    /// Whether something stays in service whose disposal may take its time.
    pub(super) fn holds_asynchronous(&self, thread: ThreadId) -> bool {
        let Some(state) = self.threads.get(&thread) else { return false };
        let held = state.renewing.held.iter();
        held.filter_map(|(_, id)| self.instances.get(*id)).any(|instance| instance.disposes_async)
    }

    /// The modules that are accepted in a thread by somebody who still counts.
    fn in_service(&self, thread: ThreadId) -> Vec<ModuleId> {
        let mut modules = Vec::new();
        for (place, entry) in self.places.current(thread) {
            modules.extend(entry.own.then_some(place.module));
            modules.extend(self.accepted_by(entry).iter().map(|&(id, _)| id));
        }
        modules
    }

    /// The URL under which a module is imported again, which Node resolved to `url`. `first`: it is to be today's; if
    /// not, the one that was given then.
    pub fn renewed(&mut self, thread: ThreadId, url: &str, first: bool) -> Option<String> {
        if first {
            self.retry_unlinked();
        }
        let meaning = self.meaning_of(url)?;
        let module = self.graph.get(meaning.module);
        let plain = module.is_pinned() || module.keeps_url;
        let mut version = module.version;
        let pins = &mut self.threads.entry(thread).or_default().renewing.pins;
        if first {
            pins.insert(meaning.clean.clone(), version);
        } else {
            version = pins.get(&meaning.clean).copied().unwrap_or(version);
        }
        Some(match version {
            0 => meaning.clean.to_string(),
            _ if plain => meaning.clean.to_string(),
            version => self.urls.issue(&meaning.clean, version),
        })
    }

    /// What was imported again under the URL that [`Engine::renewed`] gave has evaluated, or thrown.
    pub fn renewal_ended(&mut self, thread: ThreadId, url: &str, threw: bool, now: Instant) {
        let Some(url) = self.renewed(thread, url, false) else { return };
        if let Some(id) = self.find(thread, &url) {
            self.ended(id, threw, now);
        }
    }

    /// Node does not find what is to be imported again: when it comes back, that is a change.
    pub fn unrenewed(&mut self, url: &str) {
        let Some(meaning) = self.meaning_of(url) else { return };
        let found = self.fingerprint(meaning.module);
        let module = self.graph.get_mut(meaning.module);
        if !module.begun {
            module.begun = true;
            module.read = Some(found);
            module.seen = Some(found);
        }
    }

    /// What a thread imports again has linked: it is about to evaluate.
    pub fn linked(&mut self, thread: ThreadId, renewals: &[Renewal]) -> Linked {
        let mut linked = Linked::default();
        if let Some(state) = self.threads.get_mut(&thread) {
            state.renewing.under_way = state.renewing.under_way.saturating_sub(1);
        }
        let (mut modules, mut going) = (Vec::new(), Vec::new());
        for renewal in renewals {
            let Some(meaning) = self.urls.meaning(&renewal.url) else { continue };
            let pins = self.threads.get(&thread).map(|state| &state.renewing.pins);
            let pinned = pins.and_then(|pins| pins.get(&meaning.clean));
            if pinned == Some(&self.graph.get(meaning.module).version) {
                modules.push(meaning.module);
                linked.urls.push(meaning.clean);
                going.push(renewal);
            } else {
                self.renew(&[meaning.module], (!renewal.own).then_some(meaning.module));
            }
        }
        for (place, entry) in self.accepting(thread) {
            let has = |url: &Arc<str>| going.iter().any(|renewal| renewal.url == *url);
            let is_own = |renewal: &&Renewal| renewal.own && renewal.url == place.url;
            let own = entry.own && going.iter().any(is_own);
            let urls = self.accepted_by(entry).iter().map(|(_, url)| url).filter(|url| has(url));
            let urls: Vec<_> = urls.cloned().collect();
            if own || !urls.is_empty() {
                linked.accepting.push(Accepting { instance: entry.instance, own, urls });
            }
        }
        let below = self.graph.below(thread, &modules);
        let mut gone = self.let_go_of_held(thread, |module| below.contains(&module));
        gone.extend(self.take_deferred_below(thread, &below));
        linked.disposals = self.begin_disposals(thread, gone);
        linked
    }

    /// Takes the instances of such modules out of those that stay in service.
    fn let_go_of_held(
        &mut self,
        thread: ThreadId,
        which: impl Fn(ModuleId) -> bool,
    ) -> Vec<(u64, InstanceId)> {
        let Some(state) = self.threads.get_mut(&thread) else { return Vec::new() };
        let instances = &self.instances;
        let is_it = |&mut (_, id): &mut (u64, InstanceId)| {
            instances.get(id).is_some_and(|instance| which(instance.module))
        };
        state.renewing.held.extract_if(.., is_it).collect()
    }

    /// If something of `below` waits for the end of its evaluation, what waits does so no longer: an update is disposed
    /// of in one go. Returns what of it is in `below`.
    fn take_deferred_below(
        &mut self,
        thread: ThreadId,
        below: &FxHashSet<ModuleId>,
    ) -> Vec<(u64, InstanceId)> {
        let Some(state) = self.threads.get_mut(&thread) else { return Vec::new() };
        let instances = &self.instances;
        let is_below = |id: &InstanceId| {
            instances.get(*id).is_some_and(|instance| below.contains(&instance.module))
        };
        if !state.deferred.iter().any(is_below) {
            return Vec::new();
        }
        let deferred = std::mem::take(&mut state.deferred).into_iter();
        let deferred = deferred.filter_map(|id| Some((instances.get(id)?.order, id)));
        let (gone, others): (Vec<_>, Vec<_>) = deferred.partition(|(_, id)| is_below(id));
        state.disposals.extend(others);
        gone
    }

    /// A new instance of `module` is about to evaluate: those before it are in service no longer.
    pub(super) fn flush_held_of(&mut self, thread: ThreadId, module: ModuleId) {
        self.flush_held(thread, |held| held == module);
    }

    fn flush_held(&mut self, thread: ThreadId, which: impl Fn(ModuleId) -> bool) {
        let gone = self.let_go_of_held(thread, which);
        if let Some(state) = self.threads.get_mut(&thread) {
            state.disposals.extend(gone);
        }
    }

    /// These modules were pruned: nothing that was registered for them counts.
    pub(super) fn forget_registrations(&mut self, lost: &[ModuleId]) {
        let lost: FxHashSet<_> = lost.iter().copied().collect();
        for (&thread, state) in &mut self.threads {
            let current = self.places.current(thread);
            let current = current.filter(|(place, _)| lost.contains(&place.module));
            state.pending.pruned.extend(current.map(|(_, entry)| entry.instance));
        }
        self.retain_places(|place| !lost.contains(&place.module));
        for thread in self.threads.keys().copied().collect::<Vec<_>>() {
            self.flush_held(thread, |held| lost.contains(&held));
        }
    }

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
    fn witness_importers(&mut self, thread: ThreadId, module: ModuleId) {
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
