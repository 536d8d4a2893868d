//! Each thread's pending work: what the engine decided and JavaScript carries out.

use std::sync::Arc;
use std::time::SystemTime;

use crate::decision::FullReload;
use crate::graph::instance::{InstanceId, State};
use crate::graph::{ModuleId, ThreadId};

use super::Engine;

/// What is told to the parent process and to the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// These files run again when they are next imported; the changed ones first.
    Invalidated {
        /// Absolute paths.
        paths: Vec<Arc<str>>,
    },
    /// A restart is needed.
    FullReload {
        /// The change and its reason.
        reload: FullReload,
        /// Both in one line, for people.
        text: String,
    },
}

/// Work for one thread, in the order of its fields.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Instances whose `dispose` handlers are to run, latest evaluation first.
    pub disposals: Vec<InstanceId>,
    /// Files whose CommonJS modules are stale: they leave `require.cache`.
    pub stale: Vec<Arc<str>>,
    /// URLs of importers whose resolutions Node must not remember.
    pub forgotten: Vec<Arc<str>>,
    /// What the parent and the app are to be told.
    pub messages: Vec<Message>,
    /// Problems that the user should know, a line each.
    pub notices: Vec<String>,
    /// URLs of superseded instances, which may leave the load cache.
    pub released: Vec<Arc<str>>,
}

impl Update {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What the engine knows of a thread.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, all combinations of which occur"
)]
pub(super) struct Thread {
    /// Makes the thread call [`Engine::take`] when it is next free.
    wake: Option<Box<dyn Fn() + Send>>,
    pending: Update,
    /// Superseded instances that still evaluate: disposed of when that ends, or before the next one of their module.
    deferred: Vec<InstanceId>,
    /// Hooks are installed for it.
    hooked: bool,
    /// Asynchronous `dispose` handlers are pending.
    disposing: bool,
    /// It has CommonJS modules that may be reloaded: their `require`s are to be reported before a decision.
    pub has_commonjs: bool,
    /// Its `require`s pass our hooks.
    pub requires_hooked: bool,
    /// CommonJS modules that were loaded again since the last report, with their versions.
    pub reloaded: Vec<(ModuleId, u32)>,
    /// When it last reported them.
    pub reported: SystemTime,
}

impl Default for Thread {
    fn default() -> Self {
        Self {
            wake: None,
            pending: Update::default(),
            deferred: Vec::new(),
            hooked: false,
            disposing: false,
            has_commonjs: false,
            requires_hooked: true,
            reloaded: Vec::new(),
            reported: SystemTime::now(),
        }
    }
}

impl Engine {
    /// A thread takes part from now on. `wake` is called, from any thread, when there is work for it.
    /// `hooked`: its `require`s pass our hooks; otherwise it must report them.
    pub fn attach(&mut self, thread: ThreadId, hooked: bool, wake: Box<dyn Fn() + Send>) {
        let thread = self.threads.entry(thread).or_default();
        thread.wake = Some(wake);
        thread.has_commonjs |= !hooked;
        thread.requires_hooked = hooked;
    }

    /// Whether this is the first set of hooks for that thread: a second one lets everything through.
    pub fn claim_hooks(&mut self, thread: ThreadId) -> bool {
        !std::mem::replace(&mut self.threads.entry(thread).or_default().hooked, true)
    }

    /// Asynchronous `dispose` handlers are pending in the thread, or no longer.
    pub fn set_disposing(&mut self, thread: ThreadId, disposing: bool) {
        self.threads.entry(thread).or_default().disposing = disposing;
    }

    pub(super) fn is_disposing(&self, thread: ThreadId) -> bool {
        self.threads.get(&thread).is_some_and(|thread| thread.disposing)
    }

    /// The instance that the thread knows by `url`.
    pub fn find(&self, thread: ThreadId, url: &str) -> Option<InstanceId> {
        self.instances.find(thread, url).map(|instance| instance.id)
    }

    /// A thread has ended: what it imported goes with it.
    pub fn detach(&mut self, thread: ThreadId) {
        self.threads.remove(&thread);
        self.instances.remove_thread(thread);
        self.graph.drop_thread(thread);
        self.prune();
        self.wake_threads();
    }

    /// Whether [`Engine::take`] has something for the thread.
    pub fn has_pending(&self, thread: ThreadId) -> bool {
        self.threads.get(&thread).is_some_and(|thread| !thread.pending.is_empty())
    }

    /// Hands the thread's pending work out, once.
    pub fn take(&mut self, thread: ThreadId) -> Option<Update> {
        let pending = &mut self.threads.get_mut(&thread)?.pending;
        if pending.is_empty() {
            return None;
        }
        let mut update = std::mem::take(pending);
        let order = |id: &InstanceId| self.instances.get(*id).map_or(0, |instance| instance.order);
        update.disposals.sort_by_key(|id| std::cmp::Reverse(order(id)));
        for &id in &update.disposals {
            self.instances.remove(id);
        }
        Some(update)
    }

    /// The instances of the module's older versions are superseded, in all threads.
    pub(super) fn supersede(&mut self, module: ModuleId) {
        let current = self.graph.get(module).version;
        let old: Vec<_> = self
            .instances
            .of_module(module)
            .filter(|i| i.version < current)
            .map(|i| i.id)
            .collect();
        for id in old {
            self.retire(id, current);
        }
    }

    fn retire(&mut self, id: InstanceId, current: u32) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let Some(thread) = self.threads.get_mut(&instance.thread) else { return };
        if instance.superseded {
            // It never came to evaluate, and two versions later nothing links to it any more.
            if instance.order == 0 && instance.version + 1 < current {
                thread.pending.released.push(instance.url.clone());
                self.instances.remove(id);
            }
            return;
        }
        instance.superseded = true;
        match instance.state {
            State::Evaluating if instance.tracked => thread.deferred.push(id),
            _ if instance.order == 0 && !instance.commonjs => {}
            _ => thread.dispose(id, &instance.url),
        }
    }

    /// The instance registered a handler: how its evaluation ends will be told by [`Engine::ended`]. Returns whether
    /// it is superseded already.
    pub fn track(&mut self, id: InstanceId) -> bool {
        let Some(instance) = self.instances.get_mut(id) else { return true };
        instance.tracked = true;
        instance.superseded
    }

    /// The evaluation of a tracked instance has ended.
    pub fn ended(&mut self, id: InstanceId, threw: bool) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.state = if threw { State::Failed } else { State::Evaluated };
        let Some(thread) = self.threads.get_mut(&instance.thread) else { return };
        if let Some(at) = thread.deferred.iter().position(|&other| other == id) {
            thread.deferred.remove(at);
            thread.dispose(id, &instance.url);
            self.wake_threads();
        }
    }

    /// A new instance of `module` is about to evaluate: those before it wait no longer.
    pub(super) fn flush_deferred(&mut self, thread: ThreadId, module: ModuleId) {
        let Some(thread) = self.threads.get_mut(&thread) else { return };
        if thread.deferred.is_empty() {
            return;
        }
        for id in std::mem::take(&mut thread.deferred) {
            match self.instances.get(id) {
                Some(instance) if instance.module == module => thread.dispose(id, &instance.url),
                _ => thread.deferred.push(id),
            }
        }
    }

    /// The instance declines: a change that would supersede it asks for a restart.
    pub fn decline(&mut self, id: InstanceId) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.declined = true;
        }
    }

    /// Files whose CommonJS modules are stale, in every thread.
    pub(super) fn make_stale(&mut self, paths: &[Arc<str>]) {
        for thread in self.threads.values_mut() {
            thread.pending.stale.extend_from_slice(paths);
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
        reporting.filter_map(|thread| thread.wake.as_ref()).for_each(|wake| wake());
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

    /// Tells the user.
    pub(super) fn notice(&mut self, line: String) {
        if let Some(thread) = self.threads.values_mut().next() {
            thread.pending.notices.push(line);
        }
    }

    /// Wakes the threads that have pending work.
    pub(super) fn wake_threads(&self) {
        for thread in self.threads.values().filter(|thread| !thread.pending.is_empty()) {
            if let Some(wake) = &thread.wake {
                wake();
            }
        }
    }
}

impl Thread {
    fn dispose(&mut self, id: InstanceId, url: &Arc<str>) {
        self.pending.disposals.push(id);
        self.pending.released.push(url.clone());
    }
}
