//! Outcomes: what became of each save. One record for each update, and the failures that are not mended yet.
//!
//! ```text
//!   update ── restart needed ──────────────────────────────▶ restart-needed
//!          ── nothing that runs depends on it ─────────────▶ unchanged
//!          ── each thread has linked what it imports ──────▶ applied, or failed
//!                            applied ── an import throws ──▶ failed
//! ```

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::graph::{ModuleId, Step, ThreadId};

use crate::engine::update::Reload;

use super::failure::{Failure, Phase};

/// How many records are kept.
const KEPT: usize = 200;

/// How long an outcome waits for a thread that does not tell what it has linked.
const PATIENCE: Duration = Duration::from_secs(2);

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Became {
    /// Nothing that runs depends on it.
    Unchanged,
    /// It runs at the next import, or runs already.
    Applied,
    /// An import of it fails.
    Failed,
    /// Only a restart can apply it.
    RestartNeeded,
}

/// A boundary that its importer took once, when it ran, and keeps as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stale {
    /// The boundary.
    pub path: Arc<str>,
    /// Who has taken it.
    pub by: Arc<str>,
}

/// What became of one update. Serialized with the field names of `hot.outcomes()`; all paths are absolute.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Of no other update, in whatever process.
    pub id: String,
    /// When it was decided, in milliseconds since 1970.
    pub time: u64,
    /// The files that were saved, whether their bytes are others or not; after lost events, those that are others.
    pub files: Vec<Arc<str>>,
    /// What became of it.
    #[serde(rename = "outcome")]
    pub became: Became,
    /// The modules that run again when they are next imported.
    pub modules: Vec<Arc<str>>,
    /// Those of them that are boundaries.
    pub boundaries: Vec<Arc<str>>,
    /// The boundaries that are linked only at their import.
    pub pending: Vec<Arc<str>>,
    /// Files whose failures are over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mended: Vec<Arc<str>>,
    /// What stays as it was, because it was taken once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<Stale>,
    /// How long it took until that was known, in milliseconds.
    pub ms: f64,
    /// Why a restart is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What would have made it unnecessary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The imports that make the file cold, root first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<Step>,
    /// What has failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Failure>,
}

/// An outcome that is known, or has become another.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The outcome.
    pub outcome: Outcome,
    /// Errors that nobody was told of before.
    pub errors: Vec<Failure>,
    /// Files that are mended, and how many modules that import each could not be imported besides.
    pub mended: Vec<(Arc<str>, usize)>,
}

/// A record, and what is left to be known.
struct Record {
    number: u64,
    outcome: Outcome,
    begun: Instant,
    /// Its modules.
    modules: FxHashSet<ModuleId>,
    /// Its boundaries that are not linked.
    unlinked: Vec<Unlinked>,
    /// The threads that still link.
    threads: FxHashSet<ThreadId>,
    is_known: bool,
    /// What is to be told of it.
    untold: Option<Untold>,
    /// Who waited for it was told of it.
    is_shown: bool,
}

#[derive(Default)]
struct Untold {
    errors: Vec<Failure>,
    mended: Vec<(Arc<str>, usize)>,
}

/// A boundary that is not linked.
pub struct Unlinked {
    /// Where it is to be linked; none if no thread is known to have imported it.
    pub thread: Option<ThreadId>,
    /// What it is.
    pub module: ModuleId,
    /// Its path, as people know it.
    pub path: Arc<str>,
}

impl Unlinked {
    fn is_of(&self, thread: ThreadId, module: ModuleId) -> bool {
        self.module == module && self.thread.is_none_or(|of| of == thread)
    }
}

/// An import of a module in a thread.
pub type Import = (ThreadId, ModuleId);

/// An error by which imports fail, until they do no longer.
struct Unmended {
    failure: Failure,
    /// The imports that fail.
    imports: Vec<Import>,
    /// Those that have failed and do no longer, each with the number of the last update then.
    mended: Vec<(u64, ModuleId)>,
    /// The module of the file that it is in.
    own: Option<ModuleId>,
}

/// What is broken, and what that is about.
pub struct Broken {
    pub failure: Failure,
    /// The files whose saves have brought it about, and what they invalidated.
    pub files: Vec<Arc<str>>,
    /// The imports that fail because of it.
    pub imports: Vec<Import>,
}

/// An update, for [`Outcomes::begin`].
pub struct Begun<'a> {
    pub files: Vec<Arc<str>>,
    pub modules: Vec<(ModuleId, Arc<str>)>,
    pub boundaries: Vec<Arc<str>>,
    /// Those that are not linked yet.
    pub unlinked: Vec<Unlinked>,
    /// What stays as it was.
    pub stale: Vec<Stale>,
    pub reload: Option<&'a Reload>,
    /// The threads that are to link something.
    pub threads: FxHashSet<ThreadId>,
}

/// What became of the last updates.
pub struct Outcomes {
    records: VecDeque<Record>,
    unmended: Vec<Unmended>,
    last: u64,
    prefix: String,
    /// The last one that only a restart can apply.
    restart: Option<Outcome>,
}

impl Default for Outcomes {
    fn default() -> Self {
        let prefix = format!("{:x}-{:x}", millis(SystemTime::now()), std::process::id());
        Self { records: VecDeque::new(), unmended: Vec::new(), last: 0, prefix, restart: None }
    }
}

impl Unmended {
    /// How many modules, but that of the file itself, can be imported again because of that update.
    fn others_mended_by(&self, number: u64) -> usize {
        let of_update =
            self.mended.iter().filter(|(of, id)| *of == number && Some(*id) != self.own);
        of_update.map(|(_, id)| id).collect::<FxHashSet<_>>().len()
    }
}

impl Outcomes {
    /// The number of the next update.
    pub fn next_number(&self) -> u64 {
        self.last + 1
    }

    /// An update was decided. Its number is that of [`Outcomes::next_number`].
    pub fn begin(&mut self, begun: Begun<'_>, now: Instant) {
        self.last += 1;
        let Begun { files, modules, boundaries, unlinked, stale, reload, threads } = begun;
        let became = match (reload, modules.is_empty()) {
            (Some(_), _) => Became::RestartNeeded,
            (None, true) => Became::Unchanged,
            (None, false) => Became::Applied,
        };
        let outcome = Outcome {
            id: format!("{}-{}", self.prefix, self.last),
            time: millis(SystemTime::now()),
            files,
            became,
            modules: modules.iter().map(|(_, path)| path.clone()).collect(),
            boundaries,
            pending: Vec::new(),
            mended: Vec::new(),
            stale,
            ms: 0.0,
            reason: reload.map(|reload| reload.text.clone()),
            hint: reload.and_then(|reload| reload.hint.clone()),
            chain: reload.map_or_else(Vec::new, |reload| reload.reload.chain().to_vec()),
            errors: Vec::new(),
        };
        let mut record = Record {
            number: self.last,
            outcome,
            begun: now,
            modules: modules.iter().map(|&(id, _)| id).collect(),
            unlinked,
            threads,
            is_known: false,
            untold: None,
            is_shown: false,
        };
        if reload.is_some() {
            self.restart = Some(record.outcome.clone());
        }
        // What is to be restarted need not wait for links.
        if record.threads.is_empty() || reload.is_some() {
            record.know(now);
        }
        self.records.push_back(record);
        if self.records.len() > KEPT {
            self.records.pop_front();
        }
    }

    /// A thread has linked one of the boundaries, ahead or because somebody imports it.
    pub fn linked(&mut self, thread: ThreadId, module: ModuleId) {
        for record in &mut self.records {
            record.unlinked.retain(|it| !it.is_of(thread, module));
        }
        self.succeeded(thread, module, Phase::Link);
    }

    /// An import of the module evaluates to the end.
    pub fn evaluated(&mut self, thread: ThreadId, module: ModuleId) {
        self.succeeded(thread, module, Phase::Evaluate);
    }

    /// An import of the module fails, or a handler of it. `own`: the module of the file that the error is in. Returns
    /// whether an update has brought it about.
    pub fn failed(
        &mut self,
        thread: ThreadId,
        module: ModuleId,
        own: Option<ModuleId>,
        failure: Failure,
    ) -> bool {
        let is_told = self.unmended.iter().any(|it| it.failure.is_same(&failure));
        let record = self.records.iter_mut().rev().find(|record| record.modules.contains(&module));
        let Some(record) = record else { return false };
        record.unlinked.retain(|it| !it.is_of(thread, module));
        if !record.outcome.errors.iter().any(|it| it.is_same(&failure)) {
            record.outcome.errors.push(failure.clone());
            if record.outcome.became != Became::RestartNeeded {
                record.outcome.became = Became::Failed;
            }
            let untold = record.untold.get_or_insert_default();
            untold.errors.extend((!is_told).then(|| failure.clone()));
        }
        if matches!(failure.phase, Phase::Link | Phase::Evaluate) {
            self.fails_by(thread, module, own, failure);
        }
        true
    }

    /// Whether one of the updates has reached the module.
    pub fn has_reached(&self, module: ModuleId) -> bool {
        self.records.iter().any(|record| record.modules.contains(&module))
    }

    /// Whether it is known that the import fails by this error.
    pub fn is_known(&self, thread: ThreadId, module: ModuleId, failure: &Failure) -> bool {
        let imports = self.unmended.iter().filter(|it| it.failure.is_same(failure));
        imports.flat_map(|it| &it.imports).any(|import| *import == (thread, module))
    }

    /// The import fails by this error, and by no other any more.
    fn fails_by(
        &mut self,
        thread: ThreadId,
        module: ModuleId,
        own: Option<ModuleId>,
        failure: Failure,
    ) {
        for other in self.unmended.iter_mut().filter(|it| !it.failure.is_same(&failure)) {
            other.imports.retain(|import| *import != (thread, module));
        }
        match self.unmended.iter_mut().find(|it| it.failure.is_same(&failure)) {
            Some(same) => {
                if !same.imports.contains(&(thread, module)) {
                    same.imports.push((thread, module));
                }
            }
            None => self.unmended.push(Unmended {
                failure,
                imports: vec![(thread, module)],
                mended: Vec::new(),
                own,
            }),
        }
        self.unmended.retain(|it| !it.imports.is_empty());
    }

    /// The text of a module can be read again: no import fails because of it.
    pub fn text_is_mended(&mut self, thread: ThreadId, module: ModuleId) {
        let is_mended = |at: &Unmended, (of, _): Import| of == thread && at.own == Some(module);
        self.mend(module, is_mended);
    }

    /// The text of a module may be read in another way by now: it is unknown whether imports fail because of it.
    pub fn text_is_unknown(&mut self, thread: ThreadId, module: ModuleId) {
        for at in self.unmended.iter_mut().filter(|at| at.own == Some(module)) {
            at.imports.retain(|(of, _)| *of != thread);
        }
        self.unmended.retain(|it| !it.imports.is_empty());
    }

    /// An import that failed in that phase, or in an earlier one, does so no longer.
    fn succeeded(&mut self, thread: ThreadId, module: ModuleId, phase: Phase) {
        let is_mended = |at: &Unmended, import: Import| {
            import == (thread, module)
                && (at.failure.phase == Phase::Link || phase == Phase::Evaluate)
        };
        self.mend(module, is_mended);
    }

    /// Imports do not fail any longer, because the module was saved.
    fn mend(&mut self, module: ModuleId, is_mended: impl Fn(&Unmended, Import) -> bool) {
        let mut mended = Vec::new();
        for at in &mut self.unmended {
            let imports = std::mem::take(&mut at.imports);
            let (over, left): (Vec<_>, Vec<_>) =
                imports.into_iter().partition(|&import| is_mended(at, import));
            at.imports = left;
            at.mended.extend(over.iter().map(|&(_, id)| (self.last, id)));
            if !over.is_empty()
                && at.imports.is_empty()
                && let Some(file) = &at.failure.file
            {
                mended.push((Arc::<str>::from(file.as_str()), at.others_mended_by(self.last)));
            }
        }
        self.unmended.retain(|it| !it.imports.is_empty());
        // The file may have another error by now.
        mended.retain(|(file, _)| {
            self.unmended.iter().all(|it| it.failure.file.as_deref() != Some(&**file))
        });
        if mended.is_empty() {
            return;
        }
        let record = self.records.iter_mut().rev().find(|record| record.modules.contains(&module));
        if let Some(record) = record {
            record.outcome.mended.extend(mended.iter().map(|(file, _)| file.clone()));
            record.untold.get_or_insert_default().mended.extend(mended);
        }
    }

    /// The thread has done all that it does for updates up to this one.
    pub fn done(&mut self, thread: ThreadId, number: u64, now: Instant) {
        for record in self.records.iter_mut().filter(|it| it.number <= number) {
            if record.threads.remove(&thread) && record.threads.is_empty() && !record.is_known {
                record.know(now);
            }
        }
    }

    /// A thread has ended: nothing of it fails any more.
    pub fn detach(&mut self, thread: ThreadId, now: Instant) {
        for record in &mut self.records {
            record.unlinked.retain(|it| it.thread != Some(thread));
        }
        self.done(thread, u64::MAX, now);
        for at in &mut self.unmended {
            at.imports.retain(|(of, _)| *of != thread);
        }
        self.unmended.retain(|it| !it.imports.is_empty());
    }

    /// These modules are no longer imported: nothing of them fails.
    pub fn pruned(&mut self, modules: &[ModuleId]) {
        for at in &mut self.unmended {
            at.imports.retain(|(_, id)| !modules.contains(id));
        }
        self.unmended.retain(|it| !it.imports.is_empty());
    }

    /// Nobody waits any longer for threads that say nothing.
    pub fn expire(&mut self, now: Instant) {
        for record in self.records.iter_mut().filter(|it| !it.is_known) {
            if record.begun + PATIENCE <= now {
                record.know(now);
            }
        }
    }

    /// When [`Outcomes::expire`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.records.iter().filter(|it| !it.is_known).map(|it| it.begun + PATIENCE).min()
    }

    /// What is known since the last call, oldest first.
    pub fn reports(&mut self) -> Vec<Report> {
        let known = self.records.iter_mut().filter(|it| it.is_known);
        known
            .filter_map(|record| {
                let Untold { errors, mended } = record.untold.take()?;
                Some(Report { outcome: record.outcome.clone(), errors, mended })
            })
            .collect()
    }

    /// What was saved until now is of the past: the app begins with that.
    pub fn forget(&mut self) {
        self.records.clear();
        self.unmended.clear();
        self.restart = None;
    }

    /// The number of the last update.
    pub fn last_number(&self) -> u64 {
        self.last
    }

    /// The last one that only a restart can apply.
    pub fn restart_needed(&self) -> Option<&Outcome> {
        self.restart.as_ref()
    }

    /// When those up to that number were decided that are not known yet, and the threads that still link for them.
    pub fn open(&self, up_to: u64) -> impl Iterator<Item = (Instant, &FxHashSet<ThreadId>)> {
        let open = self.records.iter().filter(move |it| it.number <= up_to && !it.is_known);
        open.map(|it| (it.begun, &it.threads))
    }

    /// When those were decided for which threads still link, and the threads.
    pub fn linking(&self) -> impl Iterator<Item = (Instant, &FxHashSet<ThreadId>)> {
        self.records.iter().map(|it| (it.begun, &it.threads))
    }

    /// Those up to that number, as far as they are known, that `concern`s, and that were not handed out here before.
    pub fn show(&mut self, up_to: u64, concerns: impl Fn(&Outcome) -> bool) -> Vec<Outcome> {
        let untold = self.records.iter_mut().filter(|it| it.number <= up_to && !it.is_shown);
        let shown = untold.filter(|it| concerns(&it.outcome));
        shown
            .map(|record| {
                // What it may still become is to be shown, too.
                record.is_shown = record.is_known;
                record.as_known()
            })
            .collect()
    }

    /// The last one, as far as it is known.
    pub fn last(&self) -> Option<Outcome> {
        self.records.back().map(Record::as_known)
    }

    /// What fails, or has failed in a handler of a module that was not applied again since; each with the files that it
    /// concerns, and the modules that cannot be imported.
    /// `may_mend`: whether a save of the file may mend a link that fails in a module, in a thread.
    pub fn broken(&self, may_mend: impl Fn(ThreadId, &str, ModuleId) -> bool) -> Vec<Broken> {
        let found = self.unmended.iter().map(|it| self.broken_by(it, &may_mend));
        let mut found: Vec<_> = found.filter(|it| !it.imports.is_empty()).collect();
        let mut since = FxHashSet::default();
        for record in self.records.iter().rev() {
            if record.modules.is_disjoint(&since) {
                let errors = record.outcome.errors.iter();
                let of_handlers = errors.filter(|it| it.phase.is_of_handler());
                found.extend(of_handlers.map(|failure| Broken {
                    failure: failure.clone(),
                    files: record.files().cloned().collect(),
                    imports: Vec::new(),
                }));
            }
            since.extend(record.modules.iter().copied());
        }
        found
    }

    fn broken_by(
        &self,
        unmended: &Unmended,
        may_mend: impl Fn(ThreadId, &str, ModuleId) -> bool,
    ) -> Broken {
        let has_it =
            |record: &&Record| record.outcome.errors.iter().any(|it| it.is_same(&unmended.failure));
        let own = unmended.own.filter(|_| unmended.failure.phase == Phase::Link);
        // What was saved since may work, if it has to do with the error: that is known when it is imported.
        let still_fails = |&(thread, module): &Import| {
            let reached = self.records.iter().rev().filter(|it| it.modules.contains(&module));
            let mut since = reached.take_while(|record| !has_it(record));
            !since.any(|record| {
                let mut files = record.outcome.files.iter();
                own.is_none_or(|own| files.any(|path| may_mend(thread, path, own)))
            })
        };
        let records = self.records.iter().filter(has_it);
        Broken {
            failure: unmended.failure.clone(),
            files: records.flat_map(Record::files).cloned().collect(),
            imports: unmended.imports.iter().copied().filter(still_fails).collect(),
        }
    }

    /// Those that are known, oldest first.
    pub fn known(&self) -> impl Iterator<Item = &Outcome> {
        self.records.iter().filter(|it| it.is_known).map(|it| &it.outcome)
    }
}

impl Record {
    /// As it is told if nothing more becomes known.
    fn as_known(&self) -> Outcome {
        let mut outcome = self.outcome.clone();
        if !self.is_known {
            outcome.pending = self.pending();
        }
        outcome
    }

    fn pending(&self) -> Vec<Arc<str>> {
        let mut seen = FxHashSet::default();
        let unlinked = self.unlinked.iter().filter(|it| seen.insert(it.module));
        unlinked.map(|it| it.path.clone()).collect()
    }

    /// The files that it is about.
    fn files(&self) -> impl Iterator<Item = &Arc<str>> {
        self.outcome.files.iter().chain(&self.outcome.modules)
    }

    fn know(&mut self, now: Instant) {
        self.is_known = true;
        self.outcome.pending = self.pending();
        self.outcome.ms = (now - self.begun).as_secs_f64() * 1000.0;
        self.untold.get_or_insert_default();
    }
}

impl Report {
    /// What people are told of it, with paths as `show` writes them; `None` if that is nothing.
    pub fn text(&self, show: impl Fn(&str) -> String) -> Option<String> {
        let mut lines = Vec::new();
        for failure in &self.errors {
            if matches!(failure.phase, Phase::Link | Phase::Evaluate) {
                lines.push(failure.text(&show));
            }
        }
        for (file, others) in &self.mended {
            let importers = match others {
                0 => String::new(),
                1 => " (and 1 module that imports it)".to_owned(),
                count => format!(" (and {count} modules that import it)"),
            };
            lines.push(format!("✓ {} is mended{importers}", show(file)));
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// In milliseconds since 1970.
pub fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
