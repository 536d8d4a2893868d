//! The threads that take part, and what the engine knows of each.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::graph::instance::InstanceId;
use crate::graph::{ModuleId, ThreadId};

use super::Engine;
use super::commonjs::Moment;
use super::outbox::Update;
use super::renewal::Renewing;

/// What a thread wants to be told, besides what it must.
#[derive(Default)]
pub(super) struct Interest {
    /// Somebody listens to what happens.
    pub happenings: bool,
    /// Its modules keep something from instance to instance.
    pub losses: bool,
}

/// What the engine knows of a thread.
#[derive(Default)]
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
    pub abandoned: Vec<InstanceId>,
    pub releasable: Vec<InstanceId>,
    /// How many sets of hooks there are for it.
    layers: u32,
    /// Asynchronous `dispose` handlers are pending.
    pub disposing: bool,
    /// It has CommonJS modules that may be reloaded: their `require`s are to be reported before a decision.
    pub has_commonjs: bool,
    /// Its `require`s do not pass our hooks.
    pub requires_unhooked: bool,
    /// CommonJS modules that were loaded again since the last report, with their versions.
    pub reloaded: Vec<(ModuleId, u32)>,
    /// What it reports next was read after this.
    pub unreported_since: Option<Moment>,
}

impl Engine {
    /// A thread takes part from now on. `wake` is called, from any thread, when there is work for it.
    /// `hooked`: its `require`s pass our hooks; otherwise it must report them.
    pub fn attach(&mut self, thread: ThreadId, hooked: bool, wake: Box<dyn Fn() + Send>) {
        let now = self.unreported.now();
        let thread = self.threads.entry(thread).or_default();
        thread.wake = Some(wake);
        thread.has_commonjs |= !hooked;
        thread.requires_unhooked = !hooked;
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

    /// The thread has listeners.
    pub fn listen(&mut self, thread: ThreadId) {
        self.threads.entry(thread).or_default().interest.happenings = true;
    }

    /// Wakes the threads that have pending work.
    pub(super) fn wake_threads(&self) {
        for thread in self.threads.values().filter(|thread| thread.has_pending()) {
            thread.wake();
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
}

impl Thread {
    /// Whether [`Engine::take`] has something for it.
    pub fn has_pending(&self) -> bool {
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
}
