//! Each thread's pending work: what the engine decided and JavaScript carries out.

use std::sync::Arc;
use std::time::Instant;

use rustc_hash::FxHashSet;

use crate::decision::FullReload;
use crate::graph::instance::{Instance, InstanceId, State};
use crate::graph::{ModuleId, ThreadId};

use super::Engine;
use super::accept::{Renewal, Renewing};
use super::commonjs::Moment;

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
    /// See [`FullReload::hint`].
    pub hint: Option<String>,
}

/// What a thread's listeners hear of. All paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
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
    /// A module has called `invalidate`.
    Invalidate {
        /// Its file.
        path: Arc<str>,
        /// What it gave as its reason.
        message: Option<Arc<str>>,
    },
}

/// Work for one thread, in the order of its fields.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Instances that have registered handlers, which are to run, latest evaluation first.
    pub disposals: Vec<InstanceId>,
    /// Files whose CommonJS modules are stale: they leave `require.cache`.
    pub stale: Vec<Arc<str>>,
    /// Files whose ES modules or JSON are stale under their plain URLs, which they keep.
    pub plain: Vec<Arc<str>>,
    /// URLs of importers whose resolutions Node must not remember.
    pub forgotten: Vec<Arc<str>>,
    /// What is to be imported again at once.
    pub renewals: Vec<Renewal>,
    /// The files that have changed, if something is to be imported again.
    pub changed: Vec<Arc<str>>,
    /// Pruned modules' instances: their `prune` handlers are to run.
    pub pruned: Vec<InstanceId>,
    /// Instances whose `accept` and `prune` handlers count no longer.
    pub outdated: Vec<InstanceId>,
    /// Pruned modules, of which nothing is to be kept.
    pub lost: Vec<ModuleId>,
    /// What its listeners are to hear of.
    pub happenings: Vec<Happening>,
    /// What the parent and the app are to be told.
    pub messages: Vec<Message>,
    /// Problems that the user should know, a line each.
    pub notices: Vec<String>,
}

impl Update {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What an instance that registers a handler is to expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    /// It was disposed of already.
    Disposed,
    /// Its evaluation is over with the current turn.
    RunsInOneGo,
    /// Its evaluation may take longer.
    MayWait,
}

/// What a thread wants to be told, besides what it must.
#[derive(Default)]
pub(super) struct Interest {
    /// Somebody listens to what happens.
    happenings: bool,
    /// Its modules keep something from instance to instance.
    pub losses: bool,
}

/// What the engine knows of a thread.
pub(super) struct Thread {
    /// Makes the thread call [`Engine::take`] when it is next free.
    wake: Option<Box<dyn Fn() + Send>>,
    pub pending: Update,
    /// Superseded instances that have evaluated, with when they began to.
    pub disposals: Vec<(u64, InstanceId)>,
    pub renewing: Renewing,
    pub interest: Interest,
    /// Instances of which it is to be told when their evaluation ends.
    pub witnesses: Vec<InstanceId>,
    /// Instances of which it will tell when their evaluation ends.
    pub endings: FxHashSet<InstanceId>,
    /// Superseded instances that still evaluate: disposed of when that ends, or before the next one of their module.
    pub deferred: FxHashSet<InstanceId>,
    /// Superseded instances that never came to evaluate, and those that [`Engine::release`] is to forget.
    abandoned: Vec<InstanceId>,
    releasable: Vec<InstanceId>,
    /// How many sets of hooks there are for it.
    layers: u32,
    /// Asynchronous `dispose` handlers are pending.
    disposing: bool,
    /// It has CommonJS modules that may be reloaded: their `require`s are to be reported before a decision.
    pub has_commonjs: bool,
    /// Its `require`s pass our hooks.
    pub requires_hooked: bool,
    /// CommonJS modules that were loaded again since the last report, with their versions.
    pub reloaded: Vec<(ModuleId, u32)>,
    /// What it reports next was read after this.
    pub unreported_since: Option<Moment>,
}

impl Default for Thread {
    fn default() -> Self {
        Self {
            wake: None,
            pending: Update::default(),
            disposals: Vec::new(),
            renewing: Renewing::default(),
            interest: Interest::default(),
            witnesses: Vec::new(),
            endings: FxHashSet::default(),
            deferred: FxHashSet::default(),
            abandoned: Vec::new(),
            releasable: Vec::new(),
            layers: 0,
            disposing: false,
            has_commonjs: false,
            requires_hooked: true,
            reloaded: Vec::new(),
            unreported_since: None,
        }
    }
}

impl Engine {
    /// A thread takes part from now on. `wake` is called, from any thread, when there is work for it.
    /// `hooked`: its `require`s pass our hooks; otherwise it must report them.
    pub fn attach(&mut self, thread: ThreadId, hooked: bool, wake: Box<dyn Fn() + Send>) {
        let now = self.unreported.now();
        let thread = self.threads.entry(thread).or_default();
        thread.wake = Some(wake);
        thread.has_commonjs |= !hooked;
        thread.requires_hooked = hooked;
        thread.unreported_since = Some(now);
    }

    /// Another set of hooks for that thread; of several, the outermost works. `first`: only if there is none. Returns its
    /// number, 0 if there was one.
    pub fn add_layer(&mut self, thread: ThreadId, first: bool) -> u32 {
        let layers = &mut self.threads.entry(thread).or_default().layers;
        if first && *layers > 0 {
            return 0;
        }
        *layers += 1;
        *layers
    }

    /// Whether the set of hooks is the one that works.
    pub fn is_outermost(&self, thread: ThreadId, layer: u32) -> bool {
        layer > 0 && self.threads.get(&thread).is_some_and(|thread| thread.layers == layer)
    }

    /// Asynchronous `dispose` handlers are pending in the thread, or no longer.
    pub fn set_disposing(&mut self, thread: ThreadId, disposing: bool) {
        self.threads.entry(thread).or_default().disposing = disposing;
    }

    /// Whether modules that load now must wait before they run.
    pub(super) fn is_disposing(&self, thread: ThreadId) -> bool {
        self.threads.get(&thread).is_some_and(|thread| thread.disposing)
            || self.holds_asynchronous(thread)
    }

    /// Whether a module that was loaded must wait before it runs. What is required cannot: so it does only if it must now.
    pub(super) fn must_wait(&self, thread: ThreadId, url: &str) -> bool {
        let is_required = || {
            let instance = self.instances.find(thread, url);
            instance.is_some_and(|instance| self.graph.is_required(instance.module))
        };
        self.threads.get(&thread).is_some_and(|thread| thread.disposing)
            || (self.holds_asynchronous(thread) && !is_required())
    }

    /// The instance that the thread knows by `url`.
    pub fn find(&self, thread: ThreadId, url: &str) -> Option<InstanceId> {
        self.instances.find(thread, url).map(|instance| instance.id)
    }

    /// A thread has ended: what it imported goes with it.
    pub fn detach(&mut self, thread: ThreadId) {
        self.threads.remove(&thread);
        self.instances.remove_thread(thread);
        self.shortcuts.forget(thread);
        self.retain_places(|place| place.thread != thread);
        self.graph.drop_thread(thread);
        self.prune();
        self.wake_threads();
        self.waker.wake();
    }

    /// Whether [`Engine::take`] has something for the thread.
    pub fn has_pending(&self, thread: ThreadId) -> bool {
        self.threads.get(&thread).is_some_and(Thread::has_pending)
    }

    /// Hands the thread's pending work out, once. When it is done, [`Engine::release`] follows.
    pub fn take(&mut self, thread: ThreadId) -> Option<Update> {
        let state = self.threads.get_mut(&thread).filter(|thread| thread.has_pending())?;
        state.releasable.append(&mut state.abandoned);
        let mut update = std::mem::take(&mut state.pending);
        update.renewals = self.take_renewals(thread);
        self.keep_in_service(thread, !update.renewals.is_empty());
        let disposals = std::mem::take(&mut self.threads.get_mut(&thread)?.disposals);
        update.disposals = self.begin_disposals(thread, disposals);
        Some(update)
    }

    /// Instances by their evaluation, latest first.
    pub fn by_evaluation(&self, mut ids: Vec<InstanceId>) -> Vec<InstanceId> {
        let order = |id: &InstanceId| self.instances.get(*id).map_or(0, |instance| instance.order);
        ids.sort_by_key(|id| std::cmp::Reverse(order(id)));
        ids
    }

    /// These are disposed of now. Returns those of them that have registered handlers, latest evaluation first.
    pub(super) fn begin_disposals(
        &mut self,
        thread: ThreadId,
        mut disposals: Vec<(u64, InstanceId)>,
    ) -> Vec<InstanceId> {
        if let Some(state) = self.threads.get_mut(&thread) {
            state.releasable.extend(disposals.iter().map(|&(_, id)| id));
        }
        disposals.retain(|&(_, id)| {
            self.instances.get_mut(id).is_some_and(|instance| {
                instance.disposed = true;
                instance.tracked
            })
        });
        disposals.sort_by_key(|&(order, _)| std::cmp::Reverse(order));
        disposals.into_iter().map(|(_, id)| id).collect()
    }

    /// Forgets the superseded instances that [`Engine::take`] was about. Returns their URLs, which may leave the load
    /// cache.
    pub fn release(&mut self, thread: ThreadId) -> Vec<Arc<str>> {
        let Some(state) = self.threads.get_mut(&thread) else { return Vec::new() };
        let over = std::mem::take(&mut state.releasable).into_iter();
        over.filter_map(|id| self.instances.remove(id)).map(|instance| instance.url).collect()
    }

    /// The instances of the module's older versions are superseded, in all threads.
    pub(super) fn supersede(&mut self, module: ModuleId) {
        let current = self.graph.get(module).version;
        self.instances.change(module, |instance| {
            if instance.version < current
                && let Some(thread) = self.threads.get_mut(&instance.thread)
            {
                thread.retire(instance, current);
            }
        });
    }

    /// The instance registered a handler: that its evaluation has ended will be told by [`Engine::ended`].
    pub fn track(&mut self, id: InstanceId) -> Tracking {
        let Some(instance) = self.instances.get_mut(id) else { return Tracking::Disposed };
        instance.tracked = true;
        // It was superseded between its link and its evaluation.
        if instance.superseded
            && !instance.disposed
            && !std::mem::replace(&mut instance.leaves, true)
            && let Some(thread) = self.threads.get_mut(&instance.thread)
        {
            thread.deferred.insert(id);
        }
        match instance {
            Instance { disposed: true, .. } => Tracking::Disposed,
            Instance { awaits: true, .. } => Tracking::MayWait,
            _ => Tracking::RunsInOneGo,
        }
    }

    /// Whether the instance's body runs in one go.
    pub fn runs_in_one_go(&self, id: InstanceId) -> bool {
        self.instances.get(id).is_some_and(|instance| !instance.awaits)
    }

    /// The evaluation of a tracked or witnessed instance has ended.
    pub fn ended(&mut self, id: InstanceId, threw: bool, now: Instant) {
        self.settle_place(id, threw, now);
        for thread in self.threads.values_mut() {
            thread.endings.remove(&id);
        }
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.state = if threw { State::Failed } else { State::Evaluated };
        let thread = instance.thread;
        let Some(deferred) = self.threads.get(&thread).map(|thread| &thread.deferred) else {
            return;
        };
        if deferred
            .iter()
            .filter_map(|&id| self.instances.get(id))
            .all(|waiting| !waiting.is_under_way())
        {
            self.flush_deferred(thread);
            self.wake_threads();
        }
    }

    /// A new instance of `module` is about to evaluate: those before it wait no longer.
    pub(super) fn flush_deferred_of(&mut self, thread: ThreadId, module: ModuleId) {
        let Some(deferred) = self.threads.get(&thread).map(|thread| &thread.deferred) else {
            return;
        };
        if self.instances.of_module(module).any(|waiting| deferred.contains(&waiting.id)) {
            self.flush_deferred(thread);
        }
    }

    fn flush_deferred(&mut self, thread: ThreadId) {
        let Some(thread) = self.threads.get_mut(&thread) else { return };
        for id in std::mem::take(&mut thread.deferred) {
            if let Some(instance) = self.instances.get(id) {
                thread.disposals.push((instance.order, id));
            }
        }
    }

    /// What one update supersedes is disposed of in one go, so that the order holds: if one of it waits, all do.
    pub(super) fn wait_together(&mut self) {
        for thread in self.threads.values_mut().filter(|thread| !thread.deferred.is_empty()) {
            thread.deferred.extend(thread.disposals.drain(..).map(|(_, id)| id));
        }
    }

    /// A `dispose` handler of the instance is asynchronous.
    pub fn disposes_async(&mut self, id: InstanceId) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.disposes_async = true;
        }
    }

    /// The instance declines: a change that would supersede it asks for a restart.
    pub fn decline(&mut self, id: InstanceId) {
        self.instances.decline(id);
    }

    /// The module under the file's plain URL is stale, in every thread.
    pub(super) fn make_plain_stale(&mut self, path: &Arc<str>) {
        for thread in self.threads.values_mut() {
            thread.pending.plain.push(path.clone());
        }
    }

    /// The modules are stale, in every thread: those that may be in a `require.cache` must leave it.
    pub(super) fn make_stale(&mut self, modules: &[ModuleId]) {
        let modules = modules.iter().map(|&id| self.graph.get(id));
        let paths: Vec<_> =
            modules.filter(|it| it.may_be_required()).map(|it| it.path.clone()).collect();
        for thread in self.threads.values_mut() {
            thread.pending.stale.extend_from_slice(&paths);
        }
    }

    /// A file is gone: its importers' imports are to be resolved anew.
    pub(super) fn forget_resolutions(&mut self, module: ModuleId) {
        let importers = self.graph.importers(module);
        let urls: Vec<_> =
            importers.iter().flat_map(|(id, _)| self.urls.of_module(*id)).cloned().collect();
        for thread in self.threads.values_mut() {
            thread.pending.forgotten.extend_from_slice(&urls);
        }
    }

    /// Whether changes wait until the thread has reported what its CommonJS modules required.
    pub(super) fn must_report(&self, thread: ThreadId) -> bool {
        self.threads.get(&thread).is_some_and(|thread| thread.has_commonjs && thread.wake.is_some())
    }

    /// Asks the threads that must report to do so. Returns whether there is one.
    pub(super) fn ask_for_reports(&self) -> bool {
        let mut reporting = self.threads.values().filter(|thread| thread.has_commonjs).peekable();
        let any = reporting.peek().is_some();
        reporting.for_each(Thread::wake);
        any
    }

    /// Wakes the threads that are about to tell how evaluations have ended: they decide. Returns whether there is one.
    pub(super) fn ask_for_endings(&self) -> bool {
        let mut telling = self.threads.values().filter(|it| !it.endings.is_empty()).peekable();
        let any = telling.peek().is_some();
        telling.for_each(Thread::wake);
        any
    }

    /// The thread has a CommonJS module that may be reloaded.
    pub(super) fn expect_reports(&mut self, thread: ThreadId, module: ModuleId) {
        if !self.graph.get(module).is_pinned() {
            self.threads.entry(thread).or_default().has_commonjs = true;
        }
    }

    /// Tells the parent and the app, through the main thread, or the first one if that takes no part.
    pub(super) fn say(&mut self, message: Message) {
        if let Some(thread) = self.threads.values_mut().next() {
            thread.pending.messages.push(message);
        }
    }

    /// The thread has listeners.
    pub fn listen(&mut self, thread: ThreadId) {
        self.threads.entry(thread).or_default().interest.happenings = true;
    }

    /// Tells the threads that listen, if there is one, `what` has happened.
    pub(super) fn happened(&mut self, what: impl FnOnce(&Self) -> Happening) {
        if !self.threads.values().any(|thread| thread.interest.happenings) {
            return;
        }
        let what = what(self);
        for thread in self.threads.values_mut().filter(|thread| thread.interest.happenings) {
            thread.pending.happenings.push(what.clone());
        }
    }

    /// Tells the user.
    pub(super) fn notice(&mut self, line: String) {
        if let Some(thread) = self.threads.values_mut().next() {
            thread.pending.notices.push(line);
        }
    }

    /// Wakes the threads that have pending work.
    pub(super) fn wake_threads(&self) {
        for thread in self.threads.values().filter(|thread| thread.has_pending()) {
            thread.wake();
        }
    }
}

impl Thread {
    fn has_pending(&self) -> bool {
        !self.disposals.is_empty()
            || !self.abandoned.is_empty()
            || self.renewing.is_due()
            || !self.pending.is_empty()
    }

    /// What has changed, if it is to import something again because of that.
    pub fn tell_changed(&mut self, files: &[Arc<str>]) {
        if self.renewing.is_due() {
            self.pending.changed.extend_from_slice(files);
        }
    }

    /// Makes it call [`Engine::take`] soon.
    pub fn wake(&self) {
        if let Some(wake) = &self.wake {
            wake();
        }
    }

    /// An instance is superseded by version `current`.
    fn retire(&mut self, instance: &mut Instance, current: u32) {
        let was_superseded = std::mem::replace(&mut instance.superseded, true);
        if std::mem::replace(&mut instance.leaves, true) {
            return;
        }
        match instance.state {
            _ if instance.is_under_way() => {
                self.deferred.insert(instance.id);
            }
            _ if instance.order > 0 => self.disposals.push((instance.order, instance.id)),
            // It never came to evaluate, and two versions later nothing links to it any more.
            _ if was_superseded && instance.version + 1 < current => {
                self.abandoned.push(instance.id);
            }
            _ => instance.leaves = false,
        }
    }
}
