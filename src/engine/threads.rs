//! The threads that take part, and what the engine knows of each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::lifecycle::instance::Instance;
use crate::graph::{ModuleId, ThreadId};

use super::Engine;
use super::changes::is_source;
use super::update::{Checks, Reimporting, Update};

/// What a thread wants to be told, besides what it must.
#[derive(Default)]
pub(super) struct Interest {
    /// Somebody listens to what happens.
    pub events: bool,
    /// Somebody is told of each outcome.
    pub outcomes: bool,
    /// Its modules keep something from instance to instance.
    pub losses: bool,
}

/// What the engine knows of a thread.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, all combinations of which occur"
)]
pub(super) struct Thread {
    /// Makes the thread call [`Engine::take`] when it is next free.
    wake: Option<Box<dyn Fn() + Send>>,
    pub pending: Update,
    pub reimporting: Reimporting,
    pub checks: Checks,
    pub interest: Interest,
    /// How many sets of hooks there are for it.
    layers: u32,
    /// Asynchronous `dispose` handlers are pending.
    pub disposing: bool,
    /// It has CommonJS modules that may be reloaded: their `require`s are to be reported before a decision.
    pub has_commonjs: bool,
    /// CommonJS modules that were loaded again since the last report, with their versions.
    pub reloaded: Vec<(ModuleId, u32)>,
    /// It has required something since its last report.
    pub requires: bool,
    /// Superseded instances stay in Node's cache there.
    pub keeps_superseded: bool,
    pub answer: Answer,
    /// It has been woken, and imports nothing: what it reports is not urgent.
    pub is_idle: bool,
}

/// Whether a thread answers who asks it to report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was not asked.
    #[default]
    None,
    /// It was, and [`PATIENCE`] is not over.
    Awaited,
    /// It has reported.
    Given,
    /// It waits for something, or computes, and nobody waits for it.
    Overdue,
}

/// How long a decision waits for what threads report.
const PATIENCE: Duration = Duration::from_millis(100);

impl Engine {
    /// A thread takes part from now on. `wake` is called, from any thread, when there is work for it.
    /// `hooked`: its `require`s pass our hooks; otherwise it must report them.
    pub fn attach(&mut self, thread: ThreadId, hooked: bool, wake: Box<dyn Fn() + Send>) {
        self.changes.add_thread(thread, hooked);
        let thread = self.threads.entry(thread).or_default();
        thread.wake = Some(wake);
        thread.has_commonjs |= !hooked;
    }

    /// Another set of hooks for that thread; of several, the outermost works. Returns its number.
    pub fn add_layer(&mut self, thread: ThreadId) -> u32 {
        let layers = &mut self.threads.entry(thread).or_default().layers;
        *layers += 1;
        *layers
    }

    /// The first set of hooks for that thread. Returns its number; `None` if there is one already.
    pub fn add_first_layer(&mut self, thread: ThreadId) -> Option<u32> {
        let has_layers = self.threads.get(&thread).is_some_and(|thread| thread.layers > 0);
        (!has_layers).then(|| self.add_layer(thread))
    }

    /// Whether the set of hooks is the one that works.
    pub fn is_outermost(&self, thread: ThreadId, layer: u32) -> bool {
        self.threads.get(&thread).is_some_and(|thread| thread.layers == layer)
    }

    /// A thread has ended: what it imported goes with it.
    pub fn detach(&mut self, thread: ThreadId) {
        self.threads.remove(&thread);
        self.changes.remove_thread(thread);
        self.lifecycle.remove_thread(thread);
        self.evidence.remove_thread(thread);
        self.retain_registrations(|slot| slot.thread != thread);
        self.modules.remove_thread(thread);
        self.outcomes.detach(thread, Instant::now());
        self.report_outcomes();
        self.prune();
        self.forget_options(thread);
        self.wake_threads();
        self.waker.wake();
    }

    /// Superseded instances of the thread do not leave Node's cache: `require` may find them.
    pub fn keep_superseded(&mut self, thread: ThreadId) {
        self.threads.entry(thread).or_default().keeps_superseded = true;
    }

    /// The thread has listeners.
    pub fn listen(&mut self, thread: ThreadId) {
        self.threads.entry(thread).or_default().interest.events = true;
    }

    /// The thread is told of each outcome.
    pub fn follow_outcomes(&mut self, thread: ThreadId) {
        self.threads.entry(thread).or_default().interest.outcomes = true;
    }

    /// Wakes the threads that have pending work.
    pub(super) fn wake_threads(&self) {
        for (&id, thread) in &self.threads {
            if thread.has_pending() || self.lifecycle.has_pending(id) {
                thread.wake();
            }
        }
    }

    /// Whether changes wait until the thread has reported what its CommonJS modules required.
    pub(super) fn must_report(&self, thread: ThreadId) -> bool {
        self.threads.get(&thread).is_some_and(|thread| thread.has_commonjs && thread.wake.is_some())
    }

    /// Asks the threads that must report, or are about to tell how evaluations have ended: the last of them decides. Returns
    /// whether that is to be waited for. Those who have not answered in time are overdue until they do; but for the one that
    /// tells the parent: as long as it is busy nobody could be told anything.
    pub(super) fn await_threads(&mut self, now: Instant) -> bool {
        let (teller, is_over) = (self.teller(), self.patience_ends.is_some_and(|at| at <= now));
        let lifecycle = &self.lifecycle;
        let has_to_tell = |id: ThreadId, thread: &Thread| {
            thread.wake.is_some() && (thread.has_commonjs || lifecycle.awaits_endings(id))
        };
        for (id, thread) in self.threads.iter_mut().filter(|(id, it)| has_to_tell(**id, it)) {
            if is_over && thread.answer == Answer::Awaited && Some(*id) != teller {
                thread.answer = Answer::Overdue;
            }
            if thread.answer == Answer::None {
                thread.answer = Answer::Awaited;
            }
            if thread.answer != Answer::Given {
                thread.wake();
            }
        }
        self.patience_ends = self.patience_ends.filter(|_| !is_over);
        let awaits = |id: &ThreadId| self.threads[id].answer == Answer::Awaited;
        if self.threads.keys().any(|id| Some(*id) != teller && awaits(id)) {
            self.patience_ends.get_or_insert(now + PATIENCE);
            return true;
        }
        teller.is_some_and(|id| awaits(&id))
    }

    /// The threads that were asked to report, and have not.
    pub(super) fn awaited_threads(&self) -> impl Iterator<Item = ThreadId> {
        let is_awaited = |it: &Thread| matches!(it.answer, Answer::Awaited | Answer::Overdue);
        self.threads.iter().filter(move |(_, it)| is_awaited(it)).map(|(id, _)| *id)
    }

    /// The thread by which messages are sent.
    fn teller(&self) -> Option<ThreadId> {
        self.threads.keys().next().copied()
    }

    /// Whether an idle thread leaves the decision to those who are still to report.
    pub(super) fn leaves_decision(&self, thread: ThreadId, now: Instant) -> bool {
        let (teller, is_over) = (self.teller(), self.patience_ends.is_none_or(|at| at <= now));
        let is_awaited = |(id, it): (&ThreadId, &Thread)| {
            *id != thread && it.answer == Answer::Awaited && (Some(*id) == teller || !is_over)
        };
        self.threads.get(&thread).is_some_and(|thread| thread.is_idle)
            && self.threads.iter().any(is_awaited)
    }

    /// A decision is taken: what comes next is asked for again.
    pub(super) fn end_patience(&mut self) {
        self.patience_ends = None;
        for thread in self.threads.values_mut().filter(|it| it.answer != Answer::Overdue) {
            thread.answer = Answer::None;
        }
    }

    /// The thread was woken, and is busy with that; or no longer.
    pub fn set_idle(&mut self, thread: ThreadId, idle: bool) {
        let Some(thread) = self.threads.get_mut(&thread) else { return };
        thread.is_idle = idle;
        if idle && !thread.has_commonjs {
            thread.answered();
        } else if idle && thread.answer == Answer::Overdue {
            thread.answer = Answer::None;
        }
    }

    /// A thread that is overdue and may hold the file without anybody's knowing who has required it there: the file is as
    /// good as cold.
    pub(super) fn silent_user(&self, path: &str, module: Option<ModuleId>) -> Option<ThreadId> {
        let may_use = |id: ThreadId| {
            let holds = |module| {
                let of_thread = |it: &Instance| it.thread == id && it.life.is_current();
                self.modules.get(module).may_be_required()
                    && self.lifecycle.of_module(module).any(of_thread)
            };
            match module {
                _ if self.changes.is_unhooked(id) => is_source(path),
                Some(module) => holds(module),
                None => false,
            }
        };
        let overdue = self.threads.iter().filter(|(_, thread)| {
            thread.answer == Answer::Overdue && thread.has_commonjs && thread.requires
        });
        overdue.map(|(id, _)| *id).find(|id| may_use(*id))
    }

    /// The thread has a CommonJS module that may be reloaded.
    pub(super) fn expect_reports(&mut self, thread: ThreadId, module: ModuleId) {
        if !self.modules.get(module).is_non_reloadable() {
            self.threads.entry(thread).or_default().has_commonjs = true;
        }
    }
}

impl Thread {
    /// Whether it takes part.
    pub fn is_attached(&self) -> bool {
        self.wake.is_some()
    }

    /// It has reported, or answers at least.
    pub fn answered(&mut self) {
        self.answer = if self.answer == Answer::Awaited { Answer::Given } else { Answer::None };
    }

    /// Whether [`Engine::take`] has something for it, besides what is to be disposed of.
    pub fn has_pending(&self) -> bool {
        self.reimporting.is_due() || !self.pending.is_empty()
    }

    /// What has changed, if it is to import something again because of that.
    pub fn tell_changed(&mut self, files: &[Arc<str>]) {
        if self.reimporting.is_due() {
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
