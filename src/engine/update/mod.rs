//! File events become updates: each file is decided alone, and what is found in one drain is told as one.

mod check;
mod outbox;
mod reimport;
mod taken;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::config::Watching;
use crate::decision::{Cause, Decisions, FullReload, Reason, Reporter, Verdict, decide};
use crate::fingerprint::Fingerprint;
use crate::graph::accept::Propagation;
use crate::graph::{Graph, ModuleId, ThreadId, Visited};

use crate::engine::Engine;
use crate::engine::changes::{Collected, View, describe_unlisted, in_real_directory};
use crate::engine::inspect::{Begun, Stale};
use crate::engine::lifecycle::instance::InstanceId;

pub(in crate::engine) use check::Checks;
pub use check::{Check, How};
pub use outbox::{HotEvent, Message, Reload, Told, Update};
pub(in crate::engine) use reimport::Reimporting;
pub use reimport::{Callback, Linked, Reimport};

/// What the changes of one drain lead to together.
#[derive(Default)]
pub(in crate::engine) struct Batch {
    decisions: Decisions,
    /// The changed files, then what else was invalidated, each in the order of the decisions.
    changed: Vec<ModuleId>,
    invalidated: Vec<ModuleId>,
    /// Missing modules that have come under another name, and which.
    arrivals: FxHashMap<ModuleId, Arc<str>>,
    /// Changed files that are no modules, but watched by some.
    pub files: Vec<Arc<str>>,
    full_reload: Option<FullReload>,
    /// Files that were saved, whatever that leads to.
    saved: Vec<Arc<str>>,
    /// Modules that have changed in a version that nobody has begun to load.
    covered: Vec<ModuleId>,
}

/// How many files an outcome names that were saved and led to nothing.
const MOST_SAVED: usize = 100;

/// What an outcome names.
struct Names {
    files: Vec<Arc<str>>,
    modules: Vec<(ModuleId, Arc<str>)>,
    boundaries: Vec<(ModuleId, Arc<str>)>,
    stale: Vec<Stale>,
}

/// On whose behalf file events are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A thread's own hook or prelude: it can report what its CommonJS modules required.
    Thread(ThreadId),
    /// A hooks thread: it cannot, and must not wait for one that can.
    Hooks,
    /// Nobody imports.
    Watcher,
}

/// What a caller of [`Engine::drain`] is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing. What [`Engine::resolve`] answered since the engine's generation last changed still holds.
    Nothing,
    /// [`Engine::take`] has work for it.
    Take,
    /// Changes wait for [`Engine::report`]: repeated `require`s never reach a hook.
    Report,
}

impl Engine {
    /// Takes in what has happened to files since the last call, and decides on it. Never blocks; costs one empty read
    /// when nothing has happened.
    pub fn drain(&mut self, caller: Caller, now: Instant) -> Next {
        self.collect(now);
        let is_watcher = caller == Caller::Watcher;
        if self.outcomes.deadline().is_some_and(|at| at <= now) {
            self.outcomes.expire(now);
            self.report_outcomes();
        }
        if is_watcher {
            self.wake_for_checks(now);
        }
        let unhashed =
            if is_watcher { self.changes.take_unhashed(&self.modules) } else { Vec::new() };
        if self.changes.is_to_decide() {
            match caller {
                Caller::Thread(thread) if self.must_report(thread) => return Next::Report,
                Caller::Thread(thread) if self.leaves_decision(thread, now) => {}
                Caller::Watcher if self.await_threads(now) => {}
                _ => self.decide_undecided(),
            }
        }
        self.changes.add_undecided(unhashed);
        if is_watcher {
            self.tell_unlisted(now);
        }
        match caller {
            Caller::Thread(thread) if self.has_pending(thread) => Next::Take,
            _ => Next::Nothing,
        }
    }

    /// Whether nothing has happened to files and the thread has nothing to do. It costs one empty read, and does not even
    /// ask what time it is.
    pub fn has_no_work(&mut self, thread: ThreadId) -> bool {
        self.changes.is_quiet() && !self.has_pending(thread)
    }

    /// Takes file events in; what they mean is decided by the [`Engine::drain`] that follows every hook.
    pub(in crate::engine) fn collect(&mut self, now: Instant) {
        let view = View { modules: &self.modules, lifecycle: &self.lifecycle };
        let Collected { packages, directories, problems } = self.changes.collect(now, view);
        if directories {
            self.modules.forget_directories();
        } else if packages {
            self.modules.forget_formats();
        }
        for problem in problems {
            self.notice(problem);
            self.wake_threads();
        }
    }

    /// Anything may have changed.
    pub(in crate::engine) fn suspect_all(&mut self) {
        self.modules.forget_directories();
        self.changes.suspect_all(View { modules: &self.modules, lifecycle: &self.lifecycle });
    }

    /// Says which new files nothing has imported, if it is time to.
    fn tell_unlisted(&mut self, now: Instant) {
        let view = View { modules: &self.modules, lifecycle: &self.lifecycle };
        let files = self.changes.take_unlisted(now, view);
        if !files.is_empty() {
            let names = files.iter().map(|path| self.show(path)).collect();
            self.notice(describe_unlisted(names));
            self.wake_threads();
        }
    }

    /// After a failure: nothing is known but that something has changed.
    pub fn drain_degraded(&mut self) {
        if let Some(path) = self.changes.take_saved() {
            self.reported_degraded(&path);
        }
    }

    /// As [`Engine::reported`], after a failure.
    pub fn reported_degraded(&mut self, path: &str) {
        let reload = FullReload::new(path.into(), Reason::Degraded);
        let text = reload.describe(str::to_owned);
        let reload = Reload { reload, text, hint: None };
        self.broadcast(&HotEvent::FullReload(reload.clone()));
        self.say(Message::FullReload(reload));
        self.wake_threads();
    }

    /// The parent process says that a file has changed.
    pub fn reported(&mut self, path: &str, removed: bool, now: Instant) {
        // What our own watch knows comes first.
        self.collect(now);
        let view = View { modules: &self.modules, lifecycle: &self.lifecycle };
        if let Some(id) = self.changes.reported(path, removed, now, view) {
            self.ask_how_it_ended(id);
        }
    }

    /// Decides on the files that may have changed, and hands out what follows.
    pub(in crate::engine) fn decide_undecided(&mut self) {
        self.end_patience();
        let mut batch = Batch::default();
        let (files, invalidated) = self.changes.take_undecided();
        for (path, reporter) in files {
            self.consider(&path, reporter, &mut batch);
            self.changes.forget_report(&path);
            if reporter != Reporter::Import {
                batch.saved.push(path);
            }
        }
        for (id, message) in invalidated {
            let path = self.modules.get(id).path.clone();
            self.emit(|_| HotEvent::Invalidate { path: path.clone(), message: message.clone() });
            self.decide_because(id, Cause::Invalidated { message }, &path, &mut batch);
        }
        self.publish(batch);
    }

    fn consider(&mut self, path: &str, reporter: Reporter, batch: &mut Batch) {
        let real =
            std::fs::canonicalize(path).ok().and_then(|real| real.to_str().map(str::to_owned));
        let real = real.unwrap_or_else(|| in_real_directory(path));
        let real = real.as_str();
        if let Some(pattern) = self.changes.restart_pattern(path, real) {
            if self.changes.may_restart(&self.modules, path, reporter)
                && self.changes.is_restart_change(path)
            {
                batch.ask(FullReload::new(real.into(), Reason::RestartFile { pattern }));
            }
            return;
        }
        if let Some(id) = self.modules.known_as(path).or_else(|| self.modules.find(real)) {
            let now = self.look_at(id);
            if now == Fingerprint::Absent {
                self.forget_resolutions(id);
            }
            if reporter != Reporter::Parent || !self.is_premature(path, id) {
                self.consider_module(id, now, reporter, batch);
            }
        } else if self.changes.is_unseen_change(&self.modules, real) {
            batch.ask(FullReload::new(real.into(), Reason::Unseen));
        } else if let Some(thread) = self.silent_user(path, None)
            && Path::new(path).exists()
        {
            batch.ask(FullReload::new(real.into(), Reason::Silent { thread: thread.0 }));
        }
        self.consider_link(path, batch);
        self.consider_missing(path, batch);
        for reload in self.changes.manifest_changes(path, &self.modules) {
            batch.ask(reload);
        }
        self.consider_options(path, batch);
        self.consider_watched(path, batch);
    }

    /// Something came to be where a module was missed.
    fn consider_missing(&mut self, path: &str, batch: &mut Batch) {
        for (id, path) in self.changes.take_arrived(path) {
            let module = self.modules.get(id);
            if module.content.is_absent() && !module.pruned {
                let real = std::fs::canonicalize(&path).ok();
                let real = real.as_deref().and_then(Path::to_str).unwrap_or(&path);
                self.modules.judge_as(id, &path, real);
                batch.arrivals.insert(id, path.as_str().into());
                self.decide_because(id, Cause::Changed, &path, batch);
            }
        }
    }

    /// A file has changed that modules may watch, or that may be a source map.
    fn consider_watched(&mut self, path: &str, batch: &mut Batch) {
        let mut modules = Vec::new();
        for (id, module) in self.watchers(path) {
            if self.changes.is_watched_change(id, path) {
                modules.push(module);
            }
        }
        modules.sort_unstable();
        modules.dedup();
        modules.extend(self.changes.take_map_change(path));
        for id in modules {
            // If no load of this version has begun, the first will read what the file holds now.
            if self.modules.get(id).content.is_begun() {
                let by = self.modules.get(id).path.clone();
                self.decide_because(id, Cause::Watched { by }, path, batch);
            }
        }
    }

    /// The instances that watch a file by registrations that count, or may come to count, and their modules.
    pub(in crate::engine) fn watchers(&self, path: &str) -> Vec<(InstanceId, ModuleId)> {
        let watchers = self.changes.watchers(path);
        watchers
            .filter_map(|id| Some((id, self.registrations.slot_if_counting(id)?.module)))
            .collect()
    }

    /// Whether a reported file is not to be decided on yet: it would ask for a restart that is asked for when it has settled,
    /// once, not for half a file and then for the whole; or it is being saved again.
    fn is_premature(&mut self, path: &str, id: ModuleId) -> bool {
        (self.changes.is_reported(path) && self.would_restart(id))
            || self.changes.is_saved_again(&self.modules, path)
    }

    /// Whether the parent process is taken at its word, whatever the file holds: where nothing at all is watched, and a module that
    /// stays until a restart is reported for the first time. So did hot-hook 1.0.
    fn takes_word(&self, id: ModuleId, reporter: Reporter) -> bool {
        let module = self.modules.get(id);
        reporter == Reporter::Parent
            && self.changes.watching() == Some(Watching::Nothing)
            && module.content.is_begun()
            && module.content.decided().is_none()
            && self.would_restart(id)
    }

    fn would_restart(&self, id: ModuleId) -> bool {
        matches!(decide(&self.modules, self.running(), id), Verdict::FullReload(_))
    }

    fn consider_module(
        &mut self,
        id: ModuleId,
        now: Fingerprint,
        reporter: Reporter,
        batch: &mut Batch,
    ) {
        if !self.modules.get(id).is_non_reloadable() {
            // It was required past the hooks, and may have thrown: then `require.cache` has it no more, and its importers hold
            // the failure.
            self.modules.content_mut(id).throw_unseen();
        }
        let is_taken = self.takes_word(id, reporter);
        let before = self.modules.get(id).content.decided();
        let is_change = self.modules.is_change(id, now, reporter) || is_taken;
        let path = self.modules.get(id).path.clone();
        // Also where a version that was not loaded yet covers this save: a thread may have required the one before.
        let is_other = is_change || self.modules.get(id).content.decided() != before;
        if !is_change && is_other && !self.modules.get(id).pruned {
            batch.covered.push(id);
        }
        let silent =
            self.silent_user(&path, Some(id)).filter(|_| is_other && !self.modules.is_cold(id));
        // An import of it gets today's code in any case.
        if is_change {
            self.modules.content_mut(id).decide(now);
            self.decide_on(id, batch);
        }
        if let Some(thread) = silent {
            batch.ask(FullReload::new(path, Reason::Silent { thread: thread.0 }));
        }
    }

    pub(in crate::engine) fn decide_on(&mut self, id: ModuleId, batch: &mut Batch) {
        let path = self.modules.get(id).path.clone();
        self.decide_because(id, Cause::Changed, &path, batch);
    }

    /// `path` is what has changed for that cause: a file.
    pub(in crate::engine) fn decide_because(
        &mut self,
        id: ModuleId,
        cause: Cause,
        path: &str,
        batch: &mut Batch,
    ) {
        let ignoring_own_accept = matches!(cause, Cause::Invalidated { .. });
        let verdict =
            batch.decisions.decide(&self.modules, self.running(), id, ignoring_own_accept);
        self.changes.note(|| match &verdict {
            Verdict::Nothing => format!("changed {path}: nothing to do"),
            Verdict::FullReload(_) | Verdict::FullReloadToo => {
                format!("changed {path}: full reload")
            }
            Verdict::Invalidate(modules) => {
                format!("changed {path}: invalidates {}", modules.len())
            }
        });
        match verdict {
            Verdict::Nothing | Verdict::FullReloadToo => {}
            Verdict::FullReload(reload) => {
                batch.ask(FullReload { path: path.into(), cause, reason: reload.reason });
            }
            Verdict::Invalidate(modules) => {
                if matches!(cause, Cause::Watched { .. }) {
                    batch.note_file(path);
                }
                batch.changed.push(id);
                self.reimport_for(&modules, ignoring_own_accept.then_some(id));
                for &id in &modules {
                    self.bump(id);
                }
                batch.invalidated.extend(modules);
            }
        }
    }

    /// A change that was to be hot cannot be applied after all.
    pub(in crate::engine) fn ask_for_restart(&mut self, id: ModuleId) {
        let path = self.modules.get(id).path.clone();
        let mut batch = Batch::default();
        batch.ask(FullReload::new(path, Reason::Required));
        self.publish(batch);
    }

    /// A module is being read that holds other bytes than the version's first reader found.
    pub(in crate::engine) fn changed_under_version(&mut self, id: ModuleId, found: Fingerprint) {
        let mut batch = Batch::default();
        self.consider_module(id, found, Reporter::Watcher, &mut batch);
        self.publish(batch);
    }

    pub(in crate::engine) fn publish(&mut self, batch: Batch) {
        let mut names = self.names_of(&batch);
        if !batch.changed.is_empty() {
            self.lifecycle.wait_together();
            self.make_stale(&batch.invalidated);
            self.tell_update(&batch);
            names.stale = self.miss_taken(&batch.invalidated, &names.files);
            let mut told = Visited::default();
            let modules = batch.changed.iter().chain(&batch.invalidated).copied();
            let modules = modules.filter(|&id| told.insert(id));
            let modules = modules.map(|id| batch.path_of(&self.modules, id));
            let paths: Vec<_> = modules.collect();
            let paths = batch.files.into_iter().chain(paths).collect();
            self.say(Message::Invalidated { paths });
        }
        if let Some(reload) = batch.full_reload {
            let text = reload.describe(|path| self.show(path));
            let hint = self.hint(&reload);
            let reload = Reload { reload, text, hint };
            self.emit(|_| HotEvent::FullReload(reload.clone()));
            self.begin_outcome(names, Some(&reload));
            self.say(Message::FullReload(reload));
        } else {
            self.begin_outcome(names, None);
        }
        self.report_outcomes();
        self.wake_threads();
    }

    /// What an outcome says of a batch.
    fn names_of(&mut self, batch: &Batch) -> Names {
        let is_recheck = self.changes.take_recheck();
        let name = |&id: &ModuleId| (id, batch.path_of(&self.modules, id));
        let changed = batch.changed.iter().map(|id| batch.path_of(&self.modules, *id));
        let reload = batch.full_reload.iter().map(|reload| reload.path.clone());
        let files = batch.files.iter().cloned().chain(changed).chain(reload);
        let mut files: Vec<_> = files.collect();
        let affected = self.affected(batch);
        let modules = affected.iter().map(name).collect();
        // Where events were lost, everything was looked at: what of it was saved is unknown.
        if !is_recheck {
            let others = batch.saved.iter().filter(|path| !files.contains(path));
            let others: Vec<_> = others.take(MOST_SAVED).cloned().collect();
            files.extend(others);
        }
        let entered = affected.iter().filter(|id| self.modules.is_entered(**id));
        let boundaries = entered.map(name).collect();
        Names { files, modules, boundaries, stale: Vec::new() }
    }

    /// What runs again because of a batch: what was invalidated, and what is covered by a version that is not loaded yet, with
    /// what imports it and has not run either.
    fn affected(&self, batch: &Batch) -> Vec<ModuleId> {
        let evaluated = |thread, id| self.lifecycle.have_evaluated(thread, id);
        let propagation = Propagation { evaluated: &evaluated, ignoring_own_accept: false };
        let mut affected = batch.invalidated.clone();
        for &covered in &batch.covered {
            let above = self.modules.propagate(covered, &propagation);
            let is_waiting =
                |id: &ModuleId| !self.lifecycle.has_run(*id, self.modules.get(*id).version);
            affected.extend(above.into_iter().filter(is_waiting));
        }
        let mut seen = FxHashSet::default();
        affected.retain(|id| seen.insert(*id));
        affected
    }

    /// An update was decided, or a save that leads to none.
    fn begin_outcome(&mut self, names: Names, reload: Option<&Reload>) {
        let Names { files, modules, boundaries, stale } = names;
        if files.is_empty() {
            return;
        }
        let affected: Vec<_> = modules.iter().map(|&(id, _)| id).collect();
        let threads = self.plan_checks(&affected);
        let unlinked = boundaries.iter().flat_map(|(id, path)| self.unlinked(*id, path)).collect();
        let boundaries = boundaries.into_iter().map(|(_, path)| path).collect();
        let begun = Begun { files, modules, boundaries, unlinked, stale, reload, threads };
        self.outcomes.begin(begun, Instant::now());
    }

    /// Those who import again, and those who listen, hear of an update.
    fn tell_update(&mut self, batch: &Batch) {
        let changed = batch.changed.iter().map(|&id| batch.path_of(&self.modules, id));
        let files: Vec<_> = batch.files.iter().cloned().chain(changed).collect();
        for thread in self.threads.values_mut() {
            thread.tell_changed(&files);
        }
        self.emit(|engine| {
            let version = |id: &ModuleId| {
                let module = engine.modules.get(*id);
                (batch.path_of(&engine.modules, *id), module.version)
            };
            HotEvent::Update { files, versions: batch.invalidated.iter().map(version).collect() }
        });
    }
}

impl Batch {
    /// A file that is no module has changed.
    fn note_file(&mut self, path: &str) {
        if !self.files.iter().any(|known| **known == *path) {
            self.files.push(path.into());
        }
    }

    /// The file that people know a module by.
    fn path_of(&self, graph: &Graph, id: ModuleId) -> Arc<str> {
        self.arrivals.get(&id).unwrap_or(&graph.get(id).path).clone()
    }

    /// Whether a restart is asked for.
    pub(in crate::engine) fn asks(&self) -> bool {
        self.full_reload.is_some()
    }

    /// One message of a kind is enough.
    pub(in crate::engine) fn ask(&mut self, reload: FullReload) {
        self.full_reload.get_or_insert(reload);
    }
}
