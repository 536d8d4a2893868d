//! File events become updates: each file is decided alone, and what is found in one drain is told as one.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustc_hash::FxHashMap;

use crate::decision::{Cause, Decisions, FullReload, Reason, Reporter, Verdict, is_change};
use crate::fingerprint::Fingerprint;
use crate::graph::instance::Instance;
use crate::graph::{Graph, ModuleId, ModuleKind, ThreadId, Visited};
use crate::stamp::Stamp;
use crate::watch::settle::FileEvent;
use crate::watch::{Event, parent};

use super::Engine;
use super::directories::Directories;
use super::hashing::LARGE;
use super::outbox::{HotEvent, Message, Reload};
use super::reports::in_real_directory;
use super::thread::is_source;

/// What the changes of one drain lead to together.
#[derive(Default)]
pub(super) struct Batch {
    decisions: Decisions,
    /// The changed files, then what else was invalidated, each in the order of the decisions.
    changed: Vec<ModuleId>,
    invalidated: Vec<ModuleId>,
    /// Missing modules that have come under another name, and which.
    arrivals: FxHashMap<ModuleId, Arc<str>>,
    /// Changed files that are no modules, but watched by some.
    pub files: Vec<Arc<str>>,
    full_reload: Option<FullReload>,
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
        let unhashed = if caller == Caller::Watcher { self.take_unhashed() } else { Vec::new() };
        if !self.undecided.is_empty() || !self.invalidated.is_empty() {
            match caller {
                Caller::Thread(thread) if self.must_report(thread) => return Next::Report,
                Caller::Thread(thread) if self.leaves_decision(thread, now) => {}
                Caller::Watcher if self.await_threads(now) => {}
                _ => self.decide_undecided(),
            }
        }
        self.undecided.extend(unhashed);
        if caller == Caller::Watcher {
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
        let has_events = self.watch.as_mut().is_some_and(crate::watch::Watch::has_events);
        !has_events
            && self.settle.is_empty()
            && self.reports.is_empty()
            && self.undecided.is_empty()
            && self.invalidated.is_empty()
            && !self.has_pending(thread)
    }

    /// Takes file events in; what they mean is decided by the [`Engine::drain`] that follows every hook.
    pub(super) fn collect(&mut self, now: Instant) {
        self.take_hashed();
        let events = self.watch.as_mut().map(crate::watch::Watch::drain).unwrap_or_default();
        if events.is_empty() && self.settle.is_empty() && self.reports.is_empty() {
            return;
        }
        let deadline = self.deadline();
        let mut directories = Directories::default();
        for event in events {
            self.sort(event, &mut directories, now);
        }
        self.sort_directories(&directories, now);
        for path in self.settle.due(now) {
            self.suspect(path, Reporter::Watcher);
        }
        self.look_at_reported(now);
        if self.deadline() != deadline {
            self.waker.wake();
        }
        self.report_problems();
    }

    /// What large files hold, which took long to find out.
    fn take_hashed(&mut self) {
        for hashed in self.hashing.results() {
            let restarts = self.restart.record_hash(&hashed);
            // Whoever reports them, somebody has.
            let reporter = if restarts { Reporter::Parent } else { Reporter::Watcher };
            if let (Some(id), Some(stamp)) = (self.graph.find(&hashed.path), hashed.stamp) {
                self.large.insert(id, (stamp, hashed.content));
            }
            if self.learn_watched(&hashed) || restarts {
                self.undecided.push((hashed.path, reporter));
            }
        }
    }

    /// The large modules among the files that may have changed: while nobody imports they are decided on once they are hashed,
    /// so that no import waits for that. One that comes before reads them itself, as Node does.
    fn take_unhashed(&mut self) -> Vec<(Arc<str>, Reporter)> {
        let is_large = |path: &Path| Stamp::of_file(path).is_some_and(|it| it.length > LARGE);
        let (graph, large) = (&self.graph, &self.large);
        let is_unhashed = |path: &str| {
            let unknown = graph.find(path).filter(|id| !large.contains_key(id));
            unknown.is_some_and(|id| graph.get(id).load_started) && is_large(Path::new(path))
        };
        let unhashed: Vec<_> =
            self.undecided.extract_if(.., |(path, _)| is_unhashed(path)).collect();
        for (path, _) in &unhashed {
            self.hashing.request(path);
        }
        unhashed
    }

    /// `path` may have changed. Whether a module is being read counts now, not when the decision is made.
    pub(super) fn suspect(&mut self, path: Arc<str>, reporter: Reporter) {
        let known = self.graph.find(&path);
        if let Some(id) = known {
            self.large.remove(&id);
        }
        self.note_unreported(&path, known);
        let is_read = reporter == Reporter::Watcher && known.is_some_and(|id| self.is_read(id));
        self.undecided.push((path, if is_read { Reporter::WatcherWhileReading } else { reporter }));
    }

    /// Whether a module is being read.
    pub(super) fn is_read(&self, id: ModuleId) -> bool {
        self.instances.of_module(id).any(|i: &Instance| i.reading && i.life.is_current())
    }

    /// After a failure: nothing is known but that something has changed.
    pub fn drain_degraded(&mut self) {
        let events = self.watch.as_mut().map(crate::watch::Watch::drain).unwrap_or_default();
        let path = events.into_iter().find_map(|event| match event {
            Event::File { path, event: FileEvent::Written, .. } => Some(path),
            _ => None,
        });
        if let Some(path) = path {
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

    fn sort(&mut self, event: Event, directories: &mut Directories, now: Instant) {
        match event {
            Event::File { path, event, new } => {
                if path.ends_with("package.json") {
                    self.fast_path.clear();
                }
                if new {
                    self.arrived(&path);
                    self.file_appeared(&path, now);
                }
                self.push(&path, event, now);
            }
            Event::Unlisted { path } => self.look_into(&path),
            Event::Overflow => self.suspect_all(),
            Event::Directory { path, appeared } => directories.push(path, appeared),
        }
    }

    /// The modules in a directory that nobody can list.
    fn look_into(&mut self, directory: &str) {
        let modules = self.graph.ids().filter(|&id| {
            let module = self.graph.get(id);
            let is_inside = module.kind == ModuleKind::File && parent(&module.path) == directory;
            is_inside && !module.pruned && module.last_hash != Some(self.fingerprint(id))
        });
        let paths: Vec<_> = modules.map(|id| self.graph.get(id).path.clone()).collect();
        for path in paths {
            self.suspect(path, Reporter::Watcher);
        }
    }

    /// A file has come; not one that was there, or that a save has taken away and put back.
    pub(super) fn arrived(&mut self, path: &str) {
        let known = self.graph.find(path).or_else(|| self.aliases.get(path).copied());
        let was_there =
            known.is_some_and(|id| self.graph.get(id).last_hash != Some(Fingerprint::Absent));
        if !was_there && !self.settle.is_waiting(path) {
            self.missing.arrived(path);
        }
    }

    pub(super) fn push(&mut self, path: &str, event: FileEvent, now: Instant) {
        if self.concerns(path) && self.settle.push(path, event, now) {
            self.suspect(path.into(), Reporter::Watcher);
        }
    }

    /// Whether a change of `path` could mean something.
    pub(super) fn concerns(&self, path: &str) -> bool {
        let known = self.graph.find(path).or_else(|| self.aliases.get(path).copied());
        known.is_some_and(|id| !self.graph.get(id).pruned)
            || self.missing.may_be(path)
            || self.manifests.concern(path)
            || self.given.files().any(|file| file == path)
            || self.links.contains_key(path)
            || self.may_be_required(path)
            || self.settle.is_waiting(path)
            || self.is_watched(path)
            || self.mapped_by(path).is_some()
            || self.config.as_ref().is_some_and(|config| config.restart.is_match(path))
    }

    /// Where `require` passes no hook, a file that nobody has reported yet may be in use.
    fn may_be_required(&self, path: &str) -> bool {
        is_source(path) && self.threads.values().any(|thread| thread.requires_unhooked)
    }

    /// Decides on the files that may have changed, and hands out what follows.
    pub(super) fn decide_undecided(&mut self) {
        self.end_patience();
        let mut batch = Batch::default();
        for (path, reporter) in std::mem::take(&mut self.undecided) {
            self.consider(&path, reporter, &mut batch);
            self.reports.forget(&path);
        }
        self.consider_invalidated(&mut batch);
        self.publish(batch);
    }

    fn consider(&mut self, path: &str, reporter: Reporter, batch: &mut Batch) {
        let real =
            std::fs::canonicalize(path).ok().and_then(|real| real.to_str().map(str::to_owned));
        let real = real.unwrap_or_else(|| in_real_directory(path));
        let real = real.as_str();
        if let Some(pattern) = self.restart_pattern(path, real) {
            if self.may_restart(path, reporter)
                && self.restart.is_change(path, self.watch.as_mut(), &mut self.hashing)
            {
                batch.ask(FullReload::new(real.into(), Reason::RestartFile { pattern }));
            }
            return;
        }
        let found = self.graph.find(path).or_else(|| self.aliases.get(path).copied());
        if let Some(id) = found.or_else(|| self.graph.find(real)) {
            let now = self.look_at(id);
            if now == Fingerprint::Absent {
                self.forget_resolutions(id);
            }
            let is_reported = reporter == Reporter::Parent;
            if !is_reported || !(self.is_premature(path, id) || self.is_saved_again(path)) {
                self.consider_module(id, now, reporter, batch);
            }
        } else if self.is_unseen_change(real) {
            batch.ask(FullReload::new(real.into(), Reason::Unseen));
        } else if let Some(thread) = self.silent_user(path, None)
            && Path::new(path).exists()
        {
            batch.ask(FullReload::new(real.into(), Reason::Silent { thread: thread.0 }));
        }
        self.consider_link(path, batch);
        self.consider_missing(path, batch);
        self.consider_manifests(path, batch);
        self.consider_options(path, batch);
        self.consider_watched(path, batch);
        self.consider_map(path, batch);
    }

    /// Whether a file that is no module of the graph may be one that runs, and holds something else than when it was last saved.
    /// Not data: an app writes some itself.
    fn is_unseen_change(&mut self, path: &str) -> bool {
        let is_ignored = self.judge(path, path).0 == ModuleKind::Ignored;
        let is_source =
            self.may_be_required(path) && Path::new(path).extension().is_none_or(|it| it != "json");
        let Some(unseen) = self.unseen.as_mut().filter(|_| is_source && !is_ignored) else {
            return false;
        };
        let now = Fingerprint::of_file(Path::new(path));
        unseen.insert(path.into(), now) != Some(now)
    }

    pub(super) fn restart_pattern(&self, path: &str, real: &str) -> Option<String> {
        let restart = &self.config.as_ref()?.restart;
        restart.matching(path).or_else(|| restart.matching(real)).map(str::to_owned)
    }

    fn consider_module(
        &mut self,
        id: ModuleId,
        now: Fingerprint,
        reporter: Reporter,
        batch: &mut Batch,
    ) {
        if self.may_have_failed_unseen(id) {
            self.graph.get_mut(id).load_started = true;
        }
        let is_taken = self.takes_word(id, reporter);
        let before = self.graph.get(id).last_decided;
        let is_change = is_change(&mut self.graph, id, now, reporter) || is_taken;
        let path = self.graph.get(id).path.clone();
        // Also where a version that nobody has begun to load covers this save: a thread may have required the one before.
        let is_other = is_change || self.graph.get(id).last_decided != before;
        let silent =
            self.silent_user(&path, Some(id)).filter(|_| is_other && !self.graph.is_cold(id));
        // Whoever imports it gets today's code in any case.
        if is_change {
            self.graph.get_mut(id).last_decided = Some(now);
            self.decide_on(id, batch);
        }
        if let Some(thread) = silent {
            batch.ask(FullReload::new(path, Reason::Silent { thread: thread.0 }));
        }
    }

    pub(super) fn decide_on(&mut self, id: ModuleId, batch: &mut Batch) {
        let path = self.graph.get(id).path.clone();
        self.decide_because(id, Cause::Changed, &path, batch);
    }

    /// `path` is what has changed for that cause: a file.
    pub(super) fn decide_because(
        &mut self,
        id: ModuleId,
        cause: Cause,
        path: &str,
        batch: &mut Batch,
    ) {
        let ignoring_own_accept = matches!(cause, Cause::Invalidated { .. });
        let verdict = batch.decisions.decide(&self.graph, &self.instances, id, ignoring_own_accept);
        self.note(|| match &verdict {
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
    pub(super) fn ask_for_restart(&mut self, id: ModuleId) {
        let path = self.graph.get(id).path.clone();
        let mut batch = Batch::default();
        batch.ask(FullReload::new(path, Reason::Required));
        self.publish(batch);
    }

    /// A module is being read that holds other bytes than the version's first reader found.
    pub(super) fn changed_under_version(&mut self, id: ModuleId, found: Fingerprint) {
        let mut batch = Batch::default();
        self.consider_module(id, found, Reporter::Watcher, &mut batch);
        self.publish(batch);
    }

    pub(super) fn publish(&mut self, batch: Batch) {
        if !batch.changed.is_empty() {
            self.wait_together();
            self.make_stale(&batch.invalidated);
            self.tell_update(&batch);
            let mut told = Visited::default();
            let modules = batch.changed.iter().chain(&batch.invalidated).copied();
            let modules = modules.filter(|&id| told.insert(id));
            let modules = modules.map(|id| batch.path_of(&self.graph, id));
            let paths: Vec<_> = modules.collect();
            let paths = batch.files.into_iter().chain(paths).collect();
            self.say(Message::Invalidated { paths });
        }
        if let Some(reload) = batch.full_reload {
            let text = reload.describe(|path| self.show(path));
            let hint = reload.hint(|path| self.show(path));
            let reload = Reload { reload, text, hint };
            self.emit(|_| HotEvent::FullReload(reload.clone()));
            self.say(Message::FullReload(reload));
        }
        self.wake_threads();
    }

    /// Those who import again, and those who listen, hear of an update.
    fn tell_update(&mut self, batch: &Batch) {
        let changed = batch.changed.iter().map(|&id| batch.path_of(&self.graph, id));
        let files: Vec<_> = batch.files.iter().cloned().chain(changed).collect();
        for thread in self.threads.values_mut() {
            thread.tell_changed(&files);
        }
        self.emit(|engine| {
            let version = |id: &ModuleId| {
                let module = engine.graph.get(*id);
                (batch.path_of(&engine.graph, *id), module.version)
            };
            HotEvent::Update { files, versions: batch.invalidated.iter().map(version).collect() }
        });
    }

    fn report_problems(&mut self) {
        for problem in
            self.watch.as_mut().map(crate::watch::Watch::take_problems).unwrap_or_default()
        {
            self.notice(problem);
            self.wake_threads();
        }
    }
}

impl Batch {
    /// The missing module has come as `path`.
    pub(super) fn note_arrival(&mut self, id: ModuleId, path: &str) {
        self.arrivals.insert(id, path.into());
    }

    /// The file that people know a module by.
    fn path_of(&self, graph: &Graph, id: ModuleId) -> Arc<str> {
        self.arrivals.get(&id).unwrap_or(&graph.get(id).path).clone()
    }

    /// Whether a restart is asked for.
    pub(super) fn asks(&self) -> bool {
        self.full_reload.is_some()
    }

    /// One message of a kind is enough.
    pub(super) fn ask(&mut self, reload: FullReload) {
        self.full_reload.get_or_insert(reload);
    }
}
