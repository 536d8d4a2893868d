//! What an update imports again at once, because it is accepted.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::engine::lifecycle::instance::InstanceId;
use crate::graph::{ModuleId, ThreadId};

use crate::engine::Engine;
use crate::engine::observe::Ending;
use crate::engine::registrations::{Call, CallId};

/// A module that is to be imported again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reimport {
    /// Its URL without our version.
    pub url: Arc<str>,
    /// It must be imported as JSON.
    pub json: bool,
    /// It has changed in a way that its accepting itself is for.
    pub own: bool,
}

/// A callback that is to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The instance that has registered it.
    pub instance: InstanceId,
    /// By which call of `accept`.
    pub call: CallId,
    /// The instance accepts itself by it.
    pub own: bool,
    /// What it accepts by it, in the order of the call: what is imported again, by its URL without our version.
    pub urls: Vec<Option<Arc<str>>>,
}

/// What is to be done with the reimports that have linked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Linked {
    /// Those to go on with: the others were changed once more meanwhile, and belong to the next update.
    pub urls: Vec<Arc<str>>,
    /// What is to be imported before them: the ways into the cycles that they are part of.
    pub first: Vec<Arc<str>>,
    /// What is to be called when they have evaluated, in this order.
    pub callbacks: Vec<Callback>,
    /// Instances whose `dispose` handlers are to run before anything evaluates, latest evaluation first.
    pub disposals: Vec<InstanceId>,
}

/// What a thread has to import again, and what waits for that.
#[derive(Default)]
pub(in crate::engine) struct Reimporting {
    /// Changed modules that accept themselves.
    own: FxHashSet<ModuleId>,
    /// Changed modules that somebody else accepts.
    dependencies: FxHashSet<ModuleId>,
    /// What the updates import again that were handed out, in this order, and did not come to [`Engine::linked`] yet.
    pub under_way: VecDeque<Vec<Reimport>>,
    /// The versions that are being imported, by URL without version.
    pinned_versions: FxHashMap<Arc<str>, u32>,
}

impl Reimporting {
    /// Whether there is anything to import again.
    pub fn is_due(&self) -> bool {
        !self.own.is_empty() || !self.dependencies.is_empty()
    }

    /// Whether an update that waits for its turn does the same as this reimport, or more.
    fn will_do(&self, reimport: &Reimport) -> bool {
        let covers = |it: &Reimport| it.url == reimport.url && it.own >= reimport.own;
        self.under_way.iter().flatten().any(covers)
    }
}

impl Engine {
    /// These modules are superseded by one decision: what accepts them is to import them again. `ignoring_own_accept`: it has changed in
    /// a way that accepting itself does not help.
    pub(in crate::engine) fn reimport_for(
        &mut self,
        bumped: &[ModuleId],
        ignoring_own_accept: Option<ModuleId>,
    ) {
        if self.registrations.is_empty() {
            return;
        }
        let bumped: FxHashSet<_> = bumped.iter().copied().collect();
        for (&thread, state) in &mut self.threads {
            for (slot, entry) in self.registrations.current(thread) {
                if entry.own
                    && bumped.contains(&slot.module)
                    && ignoring_own_accept != Some(slot.module)
                {
                    state.reimporting.own.insert(slot.module);
                }
                let changed = entry.dependencies.iter().filter(|(id, _)| bumped.contains(id));
                state.reimporting.dependencies.extend(changed.map(|&(id, _)| id));
            }
        }
    }

    /// What a thread is to import again. What somebody accepts who is superseded himself is none of it.
    pub(in crate::engine) fn take_reimports(&mut self, thread: ThreadId) -> Vec<Reimport> {
        let Some(state) = self.threads.get_mut(&thread) else { return Vec::new() };
        let own = std::mem::take(&mut state.reimporting.own);
        let dependencies = std::mem::take(&mut state.reimporting.dependencies);
        let mut found: Vec<Reimport> = Vec::new();
        let mut known: FxHashMap<Arc<str>, usize> = FxHashMap::default();
        let mut add = |id: ModuleId, url: &Arc<str>, own: bool| {
            let at = *known.entry(url.clone()).or_insert(found.len());
            if let Some(known) = found.get_mut(at) {
                known.own |= own;
            } else {
                let json = self.modules.get(id).is_json;
                found.push(Reimport { url: url.clone(), json, own });
            }
        };
        for (slot, entry) in self.registrations.by_evaluation(thread) {
            if entry.own && own.contains(&slot.module) {
                add(slot.module, &slot.url, true);
            }
            for (id, url) in self.accepted_by(entry) {
                if dependencies.contains(id) {
                    add(*id, url, false);
                }
            }
        }
        found
    }

    /// The URL under which a module is imported again, which Node resolved to `url`. `first`: it is to be today's; if
    /// not, the one that was given then.
    pub fn resolve_for_update(
        &mut self,
        thread: ThreadId,
        url: &str,
        first: bool,
    ) -> Option<String> {
        if first {
            self.retry_unlinked();
        }
        // A module that was pruned meanwhile stays so: this is no import of it.
        let meaning = self.modules.meaning(url).or_else(|| self.meaning_of(url))?;
        let mut version = self.modules.get(meaning.module).version;
        let pinned_versions =
            &mut self.threads.entry(thread).or_default().reimporting.pinned_versions;
        if first {
            pinned_versions.insert(meaning.clean.clone(), version);
        } else {
            version = pinned_versions.get(&meaning.clean).copied().unwrap_or(version);
        }
        Some(self.modules.url_at(&meaning, version))
    }

    /// Whether what has linked for an update is still to evaluate: while `dispose` handlers were waited for, another update may
    /// have taken the last import of it away.
    pub fn is_reached(&self, url: &str) -> bool {
        self.modules.meaning(url).is_none_or(|meaning| !self.modules.get(meaning.module).pruned)
    }

    /// The evaluation has ended of what an update has imported by `url`, without our version: of the instance under the URL that
    /// [`Engine::resolve_for_update`] gave.
    pub fn reimport_ended(&mut self, thread: ThreadId, url: &str, ending: Ending, now: Instant) {
        let url = self.resolve_for_update(thread, url, false);
        if let Some(id) = url.and_then(|url| self.find(thread, &url)) {
            self.ended(id, ending, now);
        }
    }

    /// Node does not find what is to be imported again: when it comes back, that is a change.
    pub fn unresolved_for_update(&mut self, url: &str) {
        let Some(meaning) = self.meaning_of(url) else { return };
        let found = self.fingerprint(meaning.module);
        self.modules.content_mut(meaning.module).begin(found);
    }

    /// By what the cycles are to be entered that these modules are part of, if not by them. It stays with today's version.
    fn ways_into_cycles(&mut self, thread: ThreadId, modules: &[ModuleId]) -> Vec<Arc<str>> {
        let mut urls = Vec::new();
        for (id, way) in self.modules.ways_into_cycles(thread, modules) {
            if way == id {
                continue;
            }
            let version = self.modules.get(way).version;
            let mut instances = self.lifecycle.of_module(way);
            let linked = instances.find(|it| it.thread == thread && it.version == version);
            let Some(meaning) = linked.and_then(|it| self.modules.meaning(&it.url)) else {
                continue;
            };
            if !urls.contains(&meaning.clean) {
                let pinned_versions =
                    &mut self.threads.entry(thread).or_default().reimporting.pinned_versions;
                pinned_versions.insert(meaning.clean.clone(), version);
                urls.push(meaning.clean);
            }
        }
        urls
    }

    /// What is superseded below what is accepted is kept until its replacement has linked. `begins`: an update is handed out that
    /// imports something again.
    pub(in crate::engine) fn keep_until_replaced(&mut self, thread: ThreadId, begins: bool) {
        let Some(state) = self.threads.get(&thread) else { return };
        let waits = !state.reimporting.under_way.is_empty();
        let losses = self.modules.losses();
        let Some(found) = self.lifecycle.take_candidates(thread, losses, waits, begins) else {
            return;
        };
        let below = self.modules.below(thread, &self.accepted_modules(thread));
        self.lifecycle.keep_below(thread, found, &below);
    }

    /// What a thread imports again has linked, as far as it could: it is about to evaluate. To be called once for each update
    /// that has reimports, in the order in which they were handed out.
    pub fn linked(&mut self, thread: ThreadId, reimports: &[Reimport]) -> Linked {
        let mut linked = Linked::default();
        if let Some(state) = self.threads.get_mut(&thread) {
            state.reimporting.under_way.pop_front();
        }
        let (mut modules, mut going) = (Vec::new(), FxHashMap::default());
        for reimport in reimports {
            let Some(meaning) = self.modules.meaning(&reimport.url) else { continue };
            let reimporting = self.threads.get(&thread).map(|state| &state.reimporting);
            let pinned = reimporting.and_then(|it| it.pinned_versions.get(&meaning.clean));
            if pinned == Some(&self.modules.get(meaning.module).version) {
                modules.push(meaning.module);
                linked.urls.push(meaning.clean);
                going.insert(&reimport.url, reimport.own);
            } else if reimporting.is_none_or(|it| !it.will_do(reimport)) {
                self.reimport_for(&[meaning.module], (!reimport.own).then_some(meaning.module));
            }
        }
        for (slot, entry) in self.registrations.by_evaluation(thread) {
            let is_own = going.get(&slot.url) == Some(&true);
            let is_current = self.is_current(entry);
            for (call, accepts) in (0..).zip(&entry.calls) {
                let urls: Vec<_> = match accepts {
                    Call::Own => vec![is_own.then(|| slot.url.clone())],
                    Call::Dependencies(urls) => {
                        let is_going = |url: &&Arc<str>| is_current && going.contains_key(*url);
                        urls.iter().map(|url| Some(url).filter(is_going).cloned()).collect()
                    }
                };
                if urls.iter().any(Option::is_some) {
                    let own = matches!(accepts, Call::Own);
                    linked.callbacks.push(Callback { instance: entry.instance, call, own, urls });
                }
            }
        }
        linked.first = self.ways_into_cycles(thread, &modules);
        let below = self.modules.below(thread, &modules);
        linked.disposals = self.lifecycle.take_replaced(thread, &below);
        linked
    }
}
