//! Instances, how far each has come, and what is to be done about those that are superseded.
//!
//! - [`life`]: the transitions of one instance.
//! - [`instance`]: all of them, by name, by URL and by module.
//! - [`disposal`]: when they are disposed of, and in which order.
//! - [`kept`]: those that stay until their replacements have linked.

mod disposal;
pub mod instance;
mod kept;
pub mod life;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::SystemTime;

use rustc_hash::FxHashSet;

use crate::fingerprint::Fingerprint;
use crate::graph::{ModuleId, ThreadId};
use crate::stamp::Stamp;
use instance::{Body, Instance, InstanceId, Instances, Reading, Record};
use kept::Kept;
use life::{Evaluation, Life};

/// By what a thread learns that an evaluation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// By the end of the turn: the body runs in one go.
    Turn,
    /// By the promise of an `import()` of the instance, which tells how.
    Promise,
    /// By both. A module that imports the instance goes on before that promise settles, and may save.
    Both,
}

/// An instance the end of whose evaluation a thread is to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The instance.
    pub id: InstanceId,
    /// What Node knows it by.
    pub url: Arc<str>,
    /// How.
    pub by: Observation,
}

/// What is to be done about instances of one thread.
#[derive(Default)]
struct Queues {
    /// Superseded instances that have evaluated, with when they began to.
    disposals: Vec<(u64, InstanceId)>,
    /// Superseded instances that still evaluate: disposed of when that ends, or before the next one of their module.
    deferred: FxHashSet<InstanceId>,
    kept: Kept,
    /// Superseded instances that never came to evaluate, and those that [`Lifecycle::release`] is to forget.
    abandoned: Vec<InstanceId>,
    releasable: Vec<InstanceId>,
    /// Instances the end of whose evaluation the thread is to tell, and by what it learns that.
    to_observe: Vec<(InstanceId, Observation)>,
    /// Instances of which it will tell when their evaluation ends.
    endings: FxHashSet<InstanceId>,
    /// Instances that the app imports as boundaries: the thread is to tell how that ends.
    to_follow: Vec<InstanceId>,
    /// Instances of CommonJS that were imported, and of which it is not known whether they have thrown.
    open_commonjs: Vec<InstanceId>,
}

/// An instance that begins to evaluate.
pub(super) struct Begun {
    /// Its name.
    pub id: InstanceId,
    /// What it is an instance of.
    pub module: ModuleId,
    /// The module's version when it was loaded.
    pub version: u32,
}

/// The instances of the process. Who looks at them may search them; changes go through the operations.
#[derive(Default)]
pub(super) struct Lifecycle {
    instances: Instances,
    queues: BTreeMap<ThreadId, Queues>,
    /// How many instances have begun to evaluate, over all threads.
    evaluations: u64,
    /// Since when a thread links what it is to run later.
    linking_since: Option<SystemTime>,
}

impl Deref for Lifecycle {
    type Target = Instances;

    fn deref(&self) -> &Instances {
        &self.instances
    }
}

impl Lifecycle {
    /// Whether a thread links what it is to run later.
    pub fn is_prelinking(&self) -> bool {
        self.linking_since.is_some()
    }

    /// A thread links from now on, and runs nothing.
    pub fn begin_prelink(&mut self) {
        self.linking_since.get_or_insert_with(SystemTime::now);
    }

    /// What was linked is about to run. Returns since when it was linked.
    pub fn end_prelink(&mut self) -> Option<SystemTime> {
        self.linking_since.take()
    }

    /// A thread has ended, and all that it has loaded with it.
    pub fn remove_thread(&mut self, thread: ThreadId) {
        self.instances.remove_thread(thread);
        self.queues.remove(&thread);
    }

    /// See [`Instances::begin`].
    pub fn begin(&mut self, thread: ThreadId, url: &str, module: ModuleId, version: u32) -> bool {
        self.instances.begin(thread, url, module, version)
    }

    /// Forgets an instance that could not be loaded, or that was linked and is not to run.
    pub fn forget(&mut self, id: InstanceId) {
        self.instances.remove(id);
    }

    /// Node reads what `thread` knows by `url`.
    pub fn reads(&mut self, thread: ThreadId, url: &str, reading: Reading) {
        if let Some(instance) = self.instances.find_mut(thread, url) {
            instance.reading = reading;
        }
    }

    /// Whether a module is being read.
    pub fn is_read(&self, id: ModuleId) -> bool {
        self.of_module(id).any(|instance| instance.is_read() && instance.life.is_current())
    }

    /// The file as it was before Node read it, where no event tells of a save meanwhile; and the module and its version then.
    pub fn take_stamp(
        &mut self,
        thread: ThreadId,
        url: &str,
    ) -> Option<(ModuleId, u32, (Option<Stamp>, Fingerprint))> {
        let instance = self.instances.find_mut(thread, url)?;
        let Reading::Unwatched(stamp, content) = instance.reading else { return None };
        instance.reading = Reading::Watched;
        Some((instance.module, instance.version, (stamp, content)))
    }

    /// Node has read what `thread` knows by `url`. Returns its module; `None` if nothing comes of it: Node asks for the source of
    /// what it has already, and throws the answer away.
    pub fn loaded(&mut self, thread: ThreadId, url: &str, body: Body) -> Option<ModuleId> {
        let instance = self.instances.find_mut(thread, url).filter(|it| it.order == 0)?;
        instance.body = body;
        // What Node read lies between two drains: from here on, comparing tells.
        instance.reading = Reading::Over;
        let (id, module) = (instance.id, instance.module);
        if body == Body::CommonJs {
            // It evaluates at once if it was required.
            self.evaluations += 1;
            instance.order = self.evaluations;
            self.queues.entry(thread).or_default().open_commonjs.push(id);
            self.forget_superseded_commonjs(thread);
        }
        Some(module)
    }

    /// They may never be asked for: now and then those go that are not current any more.
    fn forget_superseded_commonjs(&mut self, thread: ThreadId) {
        let Some(queues) = self.queues.get_mut(&thread) else { return };
        if queues.open_commonjs.len().is_power_of_two() {
            let is_current =
                |id: &InstanceId| self.instances.get(*id).is_some_and(|it| it.life.is_current());
            queues.open_commonjs.retain(is_current);
        }
    }

    /// The body of what `thread` knows by `url` is about to run: older instances of its module wait no longer, and are kept no
    /// longer. `None` if it was never loaded.
    pub fn evaluate(&mut self, thread: ThreadId, url: &str) -> Option<Begun> {
        self.evaluations += 1;
        let instance = self.instances.find_mut(thread, url)?;
        instance.life = instance.life.evaluates(Evaluation::Evaluating);
        instance.reading = Reading::Over;
        instance.order = self.evaluations;
        let Instance { id, module, version, .. } = *instance;
        self.flush_deferred_of(thread, module);
        self.flush_kept_of(thread, module);
        Some(Begun { id, module, version })
    }

    /// The instance's body runs; that it ends will be told. Returns whether it may wait; `None` if nobody needs to know.
    pub fn follow_body(&mut self, id: InstanceId) -> Option<bool> {
        let instance = self.instances.get_mut(id).filter(|it| it.may_take())?;
        instance.body_runs = true;
        Some(instance.awaits())
    }

    /// Whether the thread has an instance of the module that is newer than `last`, which was the newest of all.
    pub fn has_newer_than(&self, thread: ThreadId, id: ModuleId, last: InstanceId) -> bool {
        self.of_module(id).any(|it| it.thread == thread && it.id > last && !it.is_read())
    }

    /// The instance's body has come to its end, or has thrown. Returns whose that is.
    pub fn body_ended(&mut self, id: InstanceId) -> Option<(ThreadId, ModuleId)> {
        let instance = self.instances.get_mut(id)?;
        instance.body_runs = false;
        Some((instance.thread, instance.module))
    }

    /// Whether a newer instance of the module than that of `version` has begun to evaluate in the thread.
    pub fn has_newer(&self, thread: ThreadId, module: ModuleId, version: u32) -> bool {
        let newer = |i: &Instance| i.thread == thread && i.version > version && i.order > 0;
        self.of_module(module).any(newer)
    }

    /// Whether an instance of the module at that version is known to run, or to have run.
    pub fn has_run(&self, id: ModuleId, version: u32) -> bool {
        self.current(id, version).any(|it| !it.life.evaluation().is_ahead())
    }

    /// Whether a current instance of the module at that version has thrown.
    pub fn has_failed(&self, id: ModuleId, version: u32) -> bool {
        self.current(id, version).any(|it| it.life.evaluation() == Evaluation::Failed)
    }

    /// Whether a current instance of the ES module at that version has been read, and has not begun.
    pub fn is_linking(&self, id: ModuleId, version: u32) -> bool {
        let begins =
            |it: &Instance| !it.is_read() && !it.is_without_prelude() && it.body != Body::CommonJs;
        self.current(id, version)
            .any(|it| it.life.evaluation() == Evaluation::Linking && begins(it))
    }

    /// The instances of the module at that version that run, or begin to.
    fn current(&self, id: ModuleId, version: u32) -> impl Iterator<Item = &Instance> {
        self.of_module(id).filter(move |i| i.life.is_current() && i.version == version)
    }

    /// JavaScript keeps a record of the instance until it is disposed of. `None` if it is gone.
    pub fn record(&mut self, id: InstanceId) -> Option<&Instance> {
        let instance = self.instances.get_mut(id)?;
        if instance.record == Record::Nothing {
            instance.record = Record::Kept;
        }
        Some(instance)
    }

    /// The instance registers something for the first time: the thread is to tell how its evaluation ends, also if that is over.
    pub fn observe_registering(&mut self, id: InstanceId) {
        self.expect_end(id);
        let Some(instance) = self.instances.get(id) else { return };
        let by = if instance.awaits() { Observation::Promise } else { Observation::Both };
        self.queues.entry(instance.thread).or_default().to_observe.push((id, by));
    }

    /// The end of an instance's evaluation will be told, if it is still to come.
    fn expect_end(&mut self, id: InstanceId) {
        if let Some(instance) = self.instances.get_mut(id)
            && instance.is_open()
        {
            instance.observed = true;
            self.queues.entry(instance.thread).or_default().endings.insert(id);
        }
    }

    /// The thread is to tell when the evaluation of an instance ends, if that is not known: it is returned then.
    pub fn observe(&mut self, id: InstanceId) -> Option<ThreadId> {
        let instance = self.instances.get(id)?;
        let is_known = instance.has_handlers() || instance.observed || !instance.life.is_current();
        if is_known || !instance.is_open() || instance.body == Body::CommonJs {
            return None;
        }
        let thread = instance.thread;
        self.expect_end(id);
        self.queues.entry(thread).or_default().to_observe.push((id, Observation::Promise));
        Some(thread)
    }

    /// The instances of which the thread is to tell how their evaluation ends: those that have handlers, or that `matters` says yes
    /// to. `only`: this one.
    pub fn take_observed(
        &mut self,
        thread: ThreadId,
        only: Option<InstanceId>,
        matters: impl Fn(&Instance) -> bool,
    ) -> Vec<Observed> {
        let Some(queues) = self.queues.get_mut(&thread) else { return Vec::new() };
        let is_wanted = |(id, _): &mut (InstanceId, _)| only.is_none_or(|only| *id == only);
        let to_observe: Vec<_> = queues.to_observe.extract_if(.., is_wanted).collect();
        let mut found = Vec::with_capacity(to_observe.len());
        for (id, by) in to_observe {
            let Some(instance) = self.instances.get_mut(id) else { continue };
            if instance.has_handlers() || matters(instance) {
                found.push(Observed { id, url: instance.url.clone(), by });
            } else {
                instance.observed = false;
                queues.endings.remove(&id);
            }
        }
        found
    }

    /// The thread is to tell how an import of the instance ends.
    pub fn follow(&mut self, thread: ThreadId, id: InstanceId) {
        self.queues.entry(thread).or_default().to_follow.push(id);
    }

    /// The URLs of the instances of which the thread is to tell how an import of them ends.
    pub fn take_followed(&mut self, thread: ThreadId) -> Vec<Arc<str>> {
        let Some(queues) = self.queues.get_mut(&thread) else { return Vec::new() };
        let ids = std::mem::take(&mut queues.to_follow).into_iter();
        // Node may have let go of others: an import would run them once more.
        let current = ids.filter_map(|id| self.instances.get(id)).filter(|it| it.life.is_current());
        current.map(|instance| instance.url.clone()).collect()
    }

    /// The URLs of CommonJS that was imported, and may have thrown since.
    pub fn open_commonjs(&mut self, thread: ThreadId) -> Vec<Arc<str>> {
        let Some(queues) = self.queues.get_mut(&thread) else { return Vec::new() };
        let found = |id: &InstanceId| self.instances.get(*id).filter(|it| it.life.is_current());
        queues.open_commonjs.retain(|id| found(id).is_some());
        queues.open_commonjs.iter().filter_map(found).map(|it| it.url.clone()).collect()
    }

    /// It is known how the evaluation of the CommonJS module that the thread knows by `url` has ended. Returns the module and its
    /// version.
    pub fn end_commonjs(&mut self, thread: ThreadId, url: &str) -> Option<(ModuleId, u32)> {
        let instance = self.instances.find(thread, url)?;
        if let Some(queues) = self.queues.get_mut(&thread) {
            queues.open_commonjs.retain(|id| *id != instance.id);
        }
        Some((instance.module, instance.version))
    }

    /// These modules were linked in the thread, ahead of an import.
    pub fn linked_ahead(&mut self, thread: ThreadId, modules: impl IntoIterator<Item = ModuleId>) {
        for id in modules {
            self.instances.change(id, |instance| {
                let is_ahead = instance.thread == thread
                    && instance.life == Life::Current(Evaluation::Linking)
                    && matches!(instance.body, Body::Es { .. });
                if is_ahead {
                    instance.life = instance.life.evaluates(Evaluation::Linked);
                }
            });
        }
    }

    /// Whether a current instance of the module was linked in the thread, and did not begin to evaluate.
    pub fn is_linked_ahead(&self, thread: ThreadId, module: ModuleId) -> bool {
        let linked = Life::Current(Evaluation::Linked);
        self.of_module(module).any(|it| it.thread == thread && it.life == linked)
    }

    /// The modules of which instances are being disposed of in the thread.
    pub fn disposed_of(&self, thread: ThreadId) -> FxHashSet<ModuleId> {
        let ids = self.queues.get(&thread).into_iter().flat_map(|queues| &queues.releasable);
        ids.filter_map(|id| Some(self.instances.get(*id)?.module)).collect()
    }

    /// Whether the thread is to tell of evaluations that have not ended.
    pub fn awaits_endings(&self, thread: ThreadId) -> bool {
        self.queues.get(&thread).is_some_and(|queues| !queues.endings.is_empty())
    }

    /// Whether something is to be disposed of in the thread, or to leave Node's caches.
    pub fn has_pending(&self, thread: ThreadId) -> bool {
        let queues = self.queues.get(&thread);
        queues.is_some_and(|it| !it.disposals.is_empty() || !it.abandoned.is_empty())
    }
}
