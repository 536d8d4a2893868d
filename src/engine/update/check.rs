//! Checks: after an update each thread links, without evaluating, what it has imported of that; the last imported first.
//! JavaScript asks for one at a time, and tells what came of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::engine::Engine;
use crate::engine::hooks::Import;
use crate::engine::inspect::{Failure, Phase, SaveOutcome, Unlinked};
use crate::engine::lifecycle::instance::{Body, Instance, InstanceId};
use crate::engine::lifecycle::life::Evaluation;
use crate::fingerprint::Fingerprint;
use crate::graph::accept::Propagation;
use crate::graph::{ModuleId, ThreadId};
use crate::url::url_of;

/// How much of a thread's time the links for one update may take.
const BUDGET: Duration = Duration::from_secs(1);

/// A link that takes longer than that is put off after the next save.
const LONG: Duration = Duration::from_millis(100);

/// How long a check is put off that has met half a save.
const RETRY: Duration = Duration::from_millis(60);

/// How a module is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// An ES module, or what is imported as one: it is linked.
    Link,
    /// The same, of JSON.
    LinkJson,
    /// CommonJS: its text is compiled.
    Compile,
    /// JSON that was required: its text is parsed.
    Parse,
}

/// A module that is to be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it is.
    pub module: ModuleId,
    /// Its URL without our version.
    pub url: Arc<str>,
    /// Who has imported it last, by its URL without our version.
    pub importer: Option<Arc<str>>,
    /// How it is checked.
    pub how: How,
    /// Whether the app has just tried to import it itself.
    pub is_tried: bool,
}

/// When a module may be linked.
enum Linkable {
    /// Ahead of its import.
    Ahead,
    /// With its import.
    AtImport,
    /// The text of something that it imports is broken.
    Never(Box<Failure>),
}

/// A boundary that a thread has imported, or tried to.
struct Imported {
    /// Counted over the thread's imports of boundaries.
    order: u64,
    /// The URL by which it was imported last, without our version.
    url: Arc<str>,
    /// Who has imported it last.
    importer: Option<Arc<str>>,
    /// The version at which the app has imported it last.
    version: u32,
    /// How an import of this version ends is told.
    followed: Option<u32>,
}

/// What a thread has imported, and what it is to check.
#[derive(Default)]
pub struct Checks {
    /// How often the thread has imported a boundary.
    imports: u64,
    imported: FxHashMap<ModuleId, Imported>,
    /// The next one is the last.
    queue: Vec<Check>,
    /// The update that they are for: its number, and those of earlier ones that were not done.
    update: u64,
    /// How long those took that were done for it.
    spent: Duration,
    /// How long the last one took that took long.
    cost: Duration,
    /// They wait until then: more may be saved.
    not_before: Option<Instant>,
    /// Texts that are broken, how that was found, and why: nothing of them is loaded by which it could be told.
    broken: FxHashMap<ModuleId, (How, Failure)>,
    /// What is under way, for which update, and since when.
    current: Option<(Check, u64, Instant)>,
}

impl Checks {
    /// Whether there is anything to do for it.
    pub fn is_due(&self) -> bool {
        !self.queue.is_empty() || self.current.is_some()
    }

    /// An update follows: what is left is checked with what that brings.
    fn begin(&mut self, update: u64, checks: Vec<Check>, now: Instant) {
        let fresh: FxHashSet<_> = checks.iter().map(|check| check.module).collect();
        self.queue.retain(|check| !fresh.contains(&check.module));
        self.queue.extend(checks);
        self.update = update;
        self.spent = Duration::ZERO;
        // Thousands of files may be saved one after the other: the thread has half of its time for the app.
        self.not_before = (self.cost > LONG).then(|| now + self.cost);
    }

    /// These modules are gone.
    pub fn forget(&mut self, modules: &[ModuleId]) {
        for id in modules {
            self.imported.remove(id);
            self.broken.remove(id);
        }
        self.queue.retain(|check| !modules.contains(&check.module));
    }
}

impl Engine {
    /// The app imports a boundary, or requires it late: it will be linked after each update of it.
    pub(in crate::engine) fn note_boundary_import(
        &mut self,
        import: &Import,
        module: ModuleId,
        url: &str,
    ) {
        let thread = import.thread;
        let version = self.modules.get(module).version;
        let clean = |url: &str| self.modules.meaning(url).map(|meaning| meaning.clean);
        let Some(url) = clean(url) else { return };
        let importer = import.parent.and_then(clean);
        let checks = &mut self.threads.entry(thread).or_default().checks;
        checks.imports += 1;
        let order = checks.imports;
        let followed = checks.imported.get(&module).and_then(|it| it.followed);
        checks.imported.insert(module, Imported { order, url, importer, version, followed });
    }

    /// The app imports a boundary that may be loaded: how its evaluation ends is told.
    pub(in crate::engine) fn observe_loaded(&mut self, thread: ThreadId, module: ModuleId) {
        let version = self.modules.get(module).version;
        let is_it = |it: &&Instance| {
            it.thread == thread && it.version == version && it.body != Body::Unknown
        };
        let found = self.lifecycle.of_module(module).find(is_it).map(|instance| instance.id);
        if let Some(id) = found {
            self.observe_import(thread, module, id);
        }
    }

    /// A module has been loaded: if the app imports it as a boundary, the end of its evaluation is told.
    pub(in crate::engine) fn observe_boundary(&mut self, thread: ThreadId, url: &str) {
        let Some(instance) = self.lifecycle.find(thread, url) else { return };
        let checks = self.threads.get(&thread).map(|state| &state.checks);
        let imported = checks.and_then(|checks| checks.imported.get(&instance.module));
        if imported.is_some_and(|it| it.version == instance.version) {
            let (module, id) = (instance.module, instance.id);
            self.observe_import(thread, module, id);
        }
    }

    /// What each thread is to check for an update of these modules. Returns the threads that have something to do.
    pub(in crate::engine) fn plan_checks(&mut self, modules: &[ModuleId]) -> FxHashSet<ThreadId> {
        let checks_ahead = self.config().is_some_and(|config| config.check);
        let threads: Vec<_> = self.threads.keys().copied().collect();
        let now = Instant::now();
        let mut due = FxHashSet::default();
        for thread in threads {
            let checks = if checks_ahead { self.checks_of(thread, modules) } else { Vec::new() };
            let Some(state) = self.threads.get_mut(&thread).filter(|it| it.is_attached()) else {
                continue;
            };
            if !checks.is_empty() || state.checks.is_due() || state.reimporting.is_due() {
                let update = self.outcomes.next_number();
                state.checks.begin(update, checks, now);
                state.pending.number = update;
                due.insert(thread);
            }
        }
        if !due.is_empty() {
            // The thread that watches sees to what is put off, or takes too long.
            self.waker.wake();
        }
        due
    }

    /// Where a boundary is to be linked.
    pub(in crate::engine) fn unlinked(&self, module: ModuleId, path: &Arc<str>) -> Vec<Unlinked> {
        let imports =
            self.threads.iter().filter(|(_, it)| it.checks.imported.contains_key(&module));
        let threads: Vec<_> = imports.map(|(thread, _)| Some(*thread)).collect();
        let threads = if threads.is_empty() { vec![None] } else { threads };
        let unlinked = |thread| Unlinked { thread, module, path: path.clone() };
        threads.into_iter().map(unlinked).collect()
    }

    fn checks_of(&self, thread: ThreadId, modules: &[ModuleId]) -> Vec<Check> {
        let Some(state) = self.threads.get(&thread) else { return Vec::new() };
        let mut found = Vec::new();
        for &module in modules {
            if let Some(imported) = state.checks.imported.get(&module) {
                let how = if self.modules.get(module).is_json { How::LinkJson } else { How::Link };
                let (url, importer) = (imported.url.clone(), imported.importer.clone());
                let check = Check { module, url, importer, how, is_tried: false };
                found.push((imported.order, check));
            }
        }
        found.sort_unstable_by_key(|(order, _)| *order);
        let mut checks: Vec<_> = found.into_iter().map(|(_, check)| check).collect();
        // They come first.
        checks.extend(modules.iter().filter_map(|&id| self.check_by_text(thread, id)));
        checks
    }

    /// A link does not look into CommonJS, nor into JSON that is required.
    fn check_by_text(&self, thread: ThreadId, module: ModuleId) -> Option<Check> {
        let how = self.text_of(thread, module)?;
        let url = url_of(&self.modules.get(module).path).into();
        Some(Check { module, url, importer: None, how, is_tried: false })
    }

    /// How the text of what is no ES module is checked. Not all of that was seen by a hook when it was loaded.
    fn text_of(&self, thread: ThreadId, module: ModuleId) -> Option<How> {
        let found = self.modules.get(module);
        let instance = self.lifecycle.of_module(module).filter(|it| it.thread == thread).last();
        let broken = self.threads.get(&thread).and_then(|state| state.checks.broken.get(&module));
        match instance.map(|instance| instance.body) {
            _ if broken.is_some() => broken.map(|&(how, _)| how),
            Some(Body::Es { .. }) => None,
            Some(Body::CommonJs) => Some(How::Compile),
            _ if !found.by_require => None,
            _ if found.is_json || found.path.ends_with(".json") => Some(How::Parse),
            _ if found.is_es => None,
            _ => Some(How::Compile),
        }
    }

    /// Whether a module may be linked ahead of its import. Not with CommonJS that was not loaded yet: that would be loaded with it,
    /// and nobody tells when it runs. Not where `require` passes no hook and may meet the link.
    fn linkable(&self, thread: ThreadId, module: ModuleId) -> Linkable {
        let Some(state) = self.threads.get(&thread) else { return Linkable::AtImport };
        let is_unhooked = self.changes.is_unhooked(thread);
        let is_apart = |id: ModuleId| {
            let found = self.modules.get(id);
            (is_unhooked && (self.modules.is_required(id) || found.by_require))
                || (!found.content.is_begun() && self.text_of(thread, id) == Some(How::Compile))
        };
        let below = self.modules.below(thread, &[module]);
        match below.iter().find_map(|id| state.checks.broken.get(&id)) {
            Some((_, failure)) => Linkable::Never(Box::new(failure.clone())),
            None if below.iter().any(is_apart) => Linkable::AtImport,
            None => Linkable::Ahead,
        }
    }

    /// When a thread is to go on with checks that were put off.
    pub(in crate::engine) fn check_deadline(&self) -> Option<Instant> {
        self.threads.values().filter_map(|state| state.checks.not_before).min()
    }

    /// Threads whose checks were put off go on.
    pub(in crate::engine) fn wake_for_checks(&mut self, now: Instant) {
        for state in self.threads.values_mut() {
            if state.checks.not_before.is_some_and(|at| at <= now) {
                state.checks.not_before = None;
                state.wake();
            }
        }
    }

    /// The thread is called soon.
    pub fn wake(&self, thread: ThreadId) {
        if let Some(state) = self.threads.get(&thread) {
            state.wake();
        }
    }

    /// What the thread is to check next, for updates up to the number `update`, whose other work it has done; `None`: it has
    /// done all.
    pub fn next_check(&mut self, thread: ThreadId, update: u64, now: Instant) -> Option<Check> {
        loop {
            let checks = &mut self.threads.get_mut(&thread)?.checks;
            if checks.update > update || checks.not_before.is_some_and(|at| at > now) {
                return None;
            }
            checks.not_before = None;
            if checks.spent >= BUDGET {
                checks.queue.clear();
            }
            let Some(check) = checks.queue.pop() else { break };
            if self.is_to_be_checked(thread, &check) {
                let checks = &mut self.threads.get_mut(&thread)?.checks;
                checks.current = Some((check.clone(), checks.update, now));
                return Some(check);
            }
        }
        self.outcomes.done(thread, update, now);
        self.report_outcomes();
        None
    }

    /// Not what was pruned meanwhile, or what somebody has imported before us, or what is known to fail.
    fn is_to_be_checked(&mut self, thread: ThreadId, check: &Check) -> bool {
        let module = self.modules.get(check.module);
        let has_begun = |it: &Instance| {
            it.thread == thread
                && it.version == module.version
                && it.life.evaluation() != Evaluation::Linking
        };
        let links = matches!(check.how, How::Link | How::LinkJson);
        // Of what is gone, perhaps nobody imports it any more.
        let is_gone = module.content.last() == Some(Fingerprint::Absent);
        if module.pruned
            || is_gone
            || (links && self.lifecycle.of_module(check.module).any(has_begun))
        {
            return false;
        }
        if !links {
            return true;
        }
        match self.linkable(thread, check.module) {
            Linkable::Ahead => true,
            Linkable::AtImport => check.is_tried,
            Linkable::Never(failure) => {
                self.fails(thread, check.module, *failure);
                false
            }
        }
    }

    /// The URL by which a module is linked ahead, which Node resolved to `url`: that of its next import.
    pub fn resolve_for_check(&mut self, url: &str) -> Option<String> {
        self.retry_unlinked();
        let meaning = self.meaning_of(url)?;
        Some(self.modules.url_to_load(&meaning))
    }

    /// What came of a check of [`Engine::next_check`]. Returns whether listeners are to hear of the failure.
    pub fn checked(&mut self, thread: ThreadId, failure: Option<Failure>, now: Instant) -> bool {
        self.collect(now);
        // It may have met half a save.
        let is_early = self.changes.has_half_saves();
        let Some(state) = self.threads.get_mut(&thread) else { return false };
        let Some((check, update, since)) = state.checks.current.take() else { return false };
        let took = now - since;
        state.checks.spent += took;
        // Or what the next update has changed.
        let is_over = state.checks.update != update;
        if is_early || is_over {
            if !state.checks.queue.iter().any(|it| it.module == check.module) {
                state.checks.queue.push(check);
            }
            state.checks.not_before = Some(now + RETRY);
            self.waker.wake();
            return false;
        }
        state.checks.cost = if took > LONG { took } else { state.checks.cost / 2 };
        let is_text = matches!(check.how, How::Compile | How::Parse);
        let was_broken = state.checks.broken.remove(&check.module).is_some();
        if let Some(failure) = failure {
            if is_text {
                state.checks.broken.insert(check.module, (check.how, failure.clone()));
            }
            return self.fails(thread, check.module, failure);
        }
        if was_broken {
            self.outcomes.text_is_mended(thread, check.module);
        }
        self.note_linked(thread, check.module);
        self.outcomes.linked(thread, check.module);
        false
    }

    /// The check under way is not waited for any longer: a loader may never answer.
    pub fn check_takes_long(&mut self, thread: ThreadId, now: Instant) {
        let Some(state) = self.threads.get_mut(&thread) else { return };
        let Some((check, _, since)) = state.checks.current.take() else { return };
        state.checks.spent += now - since;
        state.checks.cost = now - since;
        // What it was before says nothing any more: it is told by the next import.
        if matches!(check.how, How::Compile | How::Parse)
            && state.checks.broken.remove(&check.module).is_some()
        {
            self.outcomes.text_is_unknown(thread, check.module);
        }
    }

    /// The module is linked, with all that it imports.
    fn note_linked(&mut self, thread: ThreadId, module: ModuleId) {
        let below = self.modules.below(thread, &[module]);
        self.lifecycle.linked_ahead(thread, below.iter());
    }

    /// `dispose` handlers of what the thread disposes of take their time: what was linked in its place without a wait for that
    /// is dropped, with what imports it.
    pub(in crate::engine) fn drop_linked_after(&mut self, thread: ThreadId) {
        let is_linked = |id: &ModuleId| self.lifecycle.is_linked_ahead(thread, *id);
        let evaluated = |thread, id| self.lifecycle.have_evaluated(thread, id);
        let propagation = Propagation { evaluated: &evaluated, ignoring_own_accept: false };
        let linked = self.lifecycle.disposed_of(thread).into_iter().filter(is_linked);
        let affected = linked.flat_map(|id| self.modules.propagate_statically(id, &propagation));
        let affected: FxHashSet<_> = affected.filter(is_linked).collect();
        for id in affected {
            let bumped = self.modules.bump_silently(id);
            self.bumped(id, bumped);
        }
    }

    /// Something of a module that the thread knows by `url` has failed. Returns whether an update has brought it about.
    pub fn failed_at(&mut self, thread: ThreadId, url: &str, failure: Failure) -> bool {
        let Some(meaning) = self.modules.meaning(url) else { return false };
        let is_known = self.failed(thread, meaning.module, failure);
        self.report_outcomes();
        is_known
    }

    /// An import of the module fails. Returns whether that was not known.
    fn fails(&mut self, thread: ThreadId, module: ModuleId, failure: Failure) -> bool {
        let is_known = self.outcomes.is_known(thread, module, &failure);
        self.failed(thread, module, failure);
        !is_known
    }

    fn failed(&mut self, thread: ThreadId, module: ModuleId, failure: Failure) -> bool {
        let own = failure.file.as_deref().and_then(|file| self.modules.find(file));
        self.outcomes.failed(thread, module, own, failure)
    }

    /// Whether one of the last updates has reached the module that `url` names.
    pub fn is_of_save(&self, url: &str) -> bool {
        self.modules.meaning(url).is_some_and(|meaning| self.outcomes.has_reached(meaning.module))
    }

    /// What became of the last saves, oldest first.
    pub fn outcomes(&self) -> impl Iterator<Item = &SaveOutcome> {
        self.outcomes.known()
    }

    /// Hands out what has become known of outcomes.
    pub(in crate::engine) fn report_outcomes(&mut self) {
        for report in self.outcomes.reports() {
            self.tell_outcome(&report);
        }
        self.wake_waits();
    }
}

impl Engine {
    /// How the evaluation of an import ends is to be told.
    fn observe_import(&mut self, thread: ThreadId, module: ModuleId, id: InstanceId) {
        let Some(state) = self.threads.get_mut(&thread) else { return };
        let Some(imported) = state.checks.imported.get_mut(&module) else { return };
        if imported.followed.replace(imported.version) != Some(imported.version) {
            self.lifecycle.follow(thread, id);
            state.wake();
        }
    }

    /// The URLs of the instances of which it is to be told how their evaluation ends.
    pub fn take_followed(&mut self, thread: ThreadId) -> Vec<Arc<str>> {
        self.lifecycle.take_followed(thread)
    }

    /// An import of the instance could not be linked, or what it met may be half a save: it is linked once more, as after an update.
    /// Returns whether it will be.
    pub fn recheck(&mut self, thread: ThreadId, url: &str) -> bool {
        let Some(meaning) = self.modules.meaning(url) else { return false };
        let module = meaning.module;
        if self.url_of_today(url).is_some() {
            // Nobody imports it any more.
            return true;
        }
        if !self.config().is_some_and(|config| config.check) {
            return false;
        }
        let how = if self.modules.get(module).is_json { How::LinkJson } else { How::Link };
        let Some(state) = self.threads.get_mut(&thread) else { return false };
        let checks = &mut state.checks;
        let Some(known) = checks.imported.get(&module) else { return false };
        if !checks.queue.iter().any(|check| check.module == module) {
            let Imported { url, importer, .. } = known;
            let (url, importer) = (url.clone(), importer.clone());
            checks.queue.push(Check { module, url, importer, how, is_tried: true });
        }
        state.wake();
        true
    }

    /// An import of the instance has evaluated to the end, or failed. Returns whether listeners are to hear of a failure.
    pub fn import_ended(&mut self, thread: ThreadId, url: &str, failure: Option<Failure>) -> bool {
        let Some(meaning) = self.modules.meaning(url) else { return false };
        if self.url_of_today(url).is_some() {
            return false;
        }
        // What has run has run; the rest may have met half a save.
        let has_thrown = failure.as_ref().is_some_and(|failure| failure.phase != Phase::Link);
        if !has_thrown && self.changes.has_half_saves() {
            self.recheck(thread, url);
            return false;
        }
        let is_news = match failure {
            None => {
                self.outcomes.linked(thread, meaning.module);
                self.outcomes.evaluated(thread, meaning.module);
                false
            }
            Some(failure) => self.fails(thread, meaning.module, failure),
        };
        self.report_outcomes();
        is_news
    }
}
