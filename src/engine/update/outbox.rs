//! Each thread's pending work: what the engine decided and JavaScript carries out.

use std::sync::Arc;

use crate::decision::FullReload;
use crate::engine::lifecycle::instance::InstanceId;
use crate::graph::{ModuleId, ThreadId};

use crate::engine::Engine;
use crate::engine::inspect::Report;
use crate::engine::update::Reimport;

/// What is told to the parent process and to the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// These files run again when they are next imported; the changed ones first.
    Invalidated {
        /// Absolute paths.
        paths: Vec<Arc<str>>,
    },
    /// A restart is needed.
    FullReload(Reload),
}

/// A restart that is asked for, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reload {
    /// The change and its reason.
    pub reload: FullReload,
    /// Both in one line, for people.
    pub text: String,
    /// See [`crate::hint`].
    pub hint: Option<String>,
}

/// What a thread's listeners hear of. All paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HotEvent {
    /// Something was invalidated.
    Update {
        /// What has changed.
        files: Vec<Arc<str>>,
        /// What was invalidated, and the version that comes next.
        versions: Vec<(Arc<str>, u32)>,
    },
    /// A restart is needed.
    FullReload(Reload),
    /// Nothing reaches these modules any more.
    Prune {
        /// Their files.
        paths: Vec<Arc<str>>,
    },
    /// What became of an update is known, or has become something else.
    Outcome {
        /// JSON: see [`crate::engine::inspect::SaveOutcome`].
        json: String,
    },
    /// A module has called `invalidate`.
    Invalidate {
        /// Its file.
        path: Arc<str>,
        /// What it gave as its reason.
        message: Option<Arc<str>>,
    },
}

/// What people are told of an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// See [`HotEvent::Outcome`].
    pub json: String,
    /// Lines for people; `None` if there is nothing that they must know.
    pub text: Option<String>,
}

/// Work for one thread, in the order of its fields.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Instances that have registered something: their `dispose` handlers are to run, latest evaluation first.
    pub disposals: Vec<InstanceId>,
    /// Files whose CommonJS modules are stale: they leave `require.cache`.
    pub commonjs_evictions: Vec<Arc<str>>,
    /// Files whose ES modules or JSON are stale under their plain URLs, which they keep.
    pub es_evictions: Vec<Arc<str>>,
    /// URLs of importers whose resolutions Node must not remember.
    pub resolution_evictions: Vec<Arc<str>>,
    /// What is to be imported again at once.
    pub reimports: Vec<Reimport>,
    /// The files that have changed, if something is to be imported again.
    pub changed: Vec<Arc<str>>,
    /// Pruned modules' instances: their `prune` handlers are to run.
    pub pruned: Vec<InstanceId>,
    /// Instances whose `accept` and `prune` handlers count no longer.
    pub dropped_registrations: Vec<InstanceId>,
    /// Pruned modules, of which nothing is to be kept.
    pub pruned_modules: Vec<ModuleId>,
    /// What its listeners are to hear of.
    pub events: Vec<HotEvent>,
    /// What the parent and the app are to be told.
    pub messages: Vec<Message>,
    /// What people are to be told of outcomes.
    pub outcomes: Vec<Told>,
    /// The number of the last update that the thread has something to do for, besides; 0 if there is none.
    pub number: u64,
    /// The options are others, not by a call.
    pub reconfigured: bool,
    /// Problems that the user should know, a line each.
    pub notices: Vec<String>,
}

impl Update {
    pub(in crate::engine) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Engine {
    /// Whether [`Engine::take`] has something for the thread.
    pub fn has_pending(&self, thread: ThreadId) -> bool {
        self.threads
            .get(&thread)
            .is_some_and(|it| it.has_pending() || self.lifecycle.has_pending(thread))
    }

    /// Hands the thread's pending work out, once. When it is done, [`Engine::release`] follows.
    pub fn take(&mut self, thread: ThreadId) -> Option<Update> {
        if !self.has_pending(thread) {
            return None;
        }
        let state = self.threads.get_mut(&thread)?;
        let mut update = std::mem::take(&mut state.pending);
        update.reimports = self.take_reimports(thread);
        let begins = !update.reimports.is_empty();
        if begins {
            let reimporting = &mut self.threads.get_mut(&thread)?.reimporting;
            reimporting.under_way.push_back(update.reimports.clone());
        }
        self.keep_until_replaced(thread, begins);
        update.disposals = self.lifecycle.take_disposals(thread);
        Some(update)
    }

    /// Forgets the superseded instances that [`Engine::take`] was about. Returns their URLs, which may leave the load
    /// cache.
    pub fn release(&mut self, thread: ThreadId) -> Vec<Arc<str>> {
        self.lifecycle.release(thread)
    }

    /// The module under the file's plain URL is stale, in every thread.
    pub(in crate::engine) fn make_plain_stale(&mut self, path: &Arc<str>) {
        for thread in self.threads.values_mut() {
            thread.pending.es_evictions.push(path.clone());
        }
    }

    /// The modules are stale, in every thread: those that may be in a `require.cache` must leave it.
    pub(in crate::engine) fn make_stale(&mut self, modules: &[ModuleId]) {
        let modules = modules.iter().map(|&id| self.modules.get(id));
        let paths: Vec<_> =
            modules.filter(|it| it.may_be_required()).map(|it| it.path.clone()).collect();
        for thread in self.threads.values_mut() {
            thread.pending.commonjs_evictions.extend_from_slice(&paths);
        }
    }

    /// A file is gone: its importers' imports are to be resolved anew.
    pub(in crate::engine) fn forget_resolutions(&mut self, module: ModuleId) {
        let importers = self.modules.importers(module);
        let urls: Vec<_> =
            importers.iter().flat_map(|(id, _)| self.modules.urls_of(*id)).cloned().collect();
        for thread in self.threads.values_mut() {
            thread.pending.resolution_evictions.extend_from_slice(&urls);
        }
    }

    /// Tells the parent and the app, through the main thread, or the first one if that takes no part.
    pub(in crate::engine) fn say(&mut self, message: Message) {
        if let Some(thread) = self.threads.values_mut().next() {
            thread.pending.messages.push(message);
        }
    }

    /// Tells the threads that listen, and who follows, if there is one, `what` has happened.
    pub(in crate::engine) fn emit(&mut self, what: impl FnOnce(&Self) -> HotEvent) {
        if !self.is_followed() && !self.threads.values().any(|it| it.interest.events) {
            return;
        }
        let what = what(self);
        self.broadcast(&what);
        for thread in self.threads.values_mut().filter(|thread| thread.interest.events) {
            thread.pending.events.push(what.clone());
        }
    }

    /// Tells of an outcome: people, if there is something that they must know, and those who listen.
    pub(in crate::engine) fn tell_outcome(&mut self, report: &Report) {
        let text = report.text(|path| self.show(path));
        let Ok(json) = serde_json::to_string(&report.outcome) else { return };
        let told = Told { json: json.clone(), text };
        if let Some(thread) = self.threads.values_mut().next()
            && (told.text.is_some() || thread.interest.outcomes)
        {
            thread.pending.outcomes.push(told);
        }
        self.emit(|_| HotEvent::Outcome { json });
        self.wake_threads();
    }

    /// Tells the user.
    pub(in crate::engine) fn notice(&mut self, line: String) {
        if let Some(thread) = self.threads.values_mut().next() {
            thread.pending.notices.push(line);
        }
    }
}
