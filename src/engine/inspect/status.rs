//! Whether what was saved is live: what `hot-hook wait` and `status` ask.
//!
//! ```text
//!   asked ── descriptor drained ──▶ files that settle ──▶ decided ──▶ each thread has linked ──▶ final
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashSet;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::engine::Engine;
use crate::engine::update::Caller;
use crate::graph::{ModuleId, ThreadId};

use super::explain::{Explanation, Outcome as Verdict};
use super::failure::Failure;
use super::outcomes::{Broken, Import, Outcome, Stale, millis};

/// How long a thread is waited for that does not take its work.
const SILENCE: Duration = Duration::from_secs(1);

/// Whether the app runs what was saved; with [`State::code`], the exit code of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It does, from the next import on at the latest.
    Live,
    /// An import fails, or a handler has failed.
    Broken,
    /// It needs a restart.
    RestartNeeded,
    /// Something in it keeps what it got before the save.
    Stale,
    /// That is not known yet.
    Busy,
}

impl State {
    fn code(self) -> u8 {
        match self {
            Self::Live => 0,
            Self::Broken => 1,
            Self::RestartNeeded | Self::Stale => 3,
            Self::Busy => 4,
        }
    }
}

/// A file that was asked about.
#[derive(Debug, PartialEq, Serialize)]
pub struct File {
    /// Its path, absolute.
    path: Arc<str>,
    /// Whether a change of it would mean anything.
    loaded: bool,
}

/// See cli/schema.json for its fields. All paths are absolute.
#[derive(Debug, PartialEq, Serialize)]
pub struct Status {
    state: State,
    code: u8,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
    since: u64,
    /// What JavaScript knows of the process.
    #[serde(flatten)]
    process: Map<String, Value>,
    /// For `wait`: those that it was asked for; for `status`: the last one.
    outcomes: Vec<Outcome>,
    unmended: Vec<Failure>,
    #[serde(rename = "restart", skip_serializing_if = "Option::is_none")]
    restart_needed: Option<Outcome>,
    /// What keeps what it got before a save.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stale: Vec<Stale>,
    /// Files whose saves are not decided on yet.
    undecided: Vec<Arc<str>>,
    /// Threads that do not answer: what they import again is pending.
    threads: Vec<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<File>,
}

impl Status {
    /// As a line. `urls` says where the process listens, but for that port.
    pub fn to_json(mut self, urls: impl FnOnce(Option<u64>) -> Vec<String>) -> String {
        let port = self.process.remove("debugPort");
        let urls = urls(port.as_ref().and_then(Value::as_u64));
        self.process.insert("urls".to_owned(), urls.into());
        serde_json::to_string(&self).unwrap_or_default()
    }
}

/// Somebody waits until all that was saved before is final.
pub struct Wait {
    begun: Instant,
    until: Instant,
    files: Vec<Arc<str>>,
    /// Those that were open then.
    open: FxHashSet<Arc<str>>,
    /// The last update that is waited for, once none of them is.
    up_to: Option<u64>,
}

impl Wait {
    /// When [`Engine::waited`] has something at the latest.
    pub fn deadline(&self, now: Instant) -> Instant {
        let silence = self.begun + SILENCE;
        if silence > now { self.until.min(silence) } else { self.until.min(now + SILENCE) }
    }
}

impl Engine {
    /// What the process is, as an object, that nobody but JavaScript knows: it is told with each [`Status`].
    pub fn describe_process(&mut self, process: Map<String, Value>) {
        self.process = process;
        self.waker.wake();
    }

    /// The pid of the supervisor that has started this process, if it is ours.
    pub fn runner(&self) -> Option<u64> {
        self.process.get("runner").and_then(Value::as_u64)
    }

    /// So many wait from now on.
    pub fn set_waits(&mut self, count: usize) {
        self.waits = count;
    }

    /// Something may be final by now.
    pub(in crate::engine) fn wake_waits(&self) {
        if self.waits > 0 {
            self.waker.wake();
        }
    }

    /// Takes in every save that has returned by now. [`Engine::waited`] says when what follows from them is final. `files`: the
    /// ones that are asked about, absolute; all if there are none.
    pub fn wait(&mut self, files: Vec<Arc<str>>, timeout: Duration, now: Instant) -> Wait {
        self.drain(Caller::Watcher, now);
        let until = now.checked_add(timeout).unwrap_or(now + Duration::from_secs(86_400));
        Wait { begun: now, until, files, open: self.changes.open(), up_to: None }
    }

    /// What is to be told to who waits, once it is final or the time is up.
    pub fn waited(&mut self, wait: &mut Wait, now: Instant) -> Option<Status> {
        if wait.up_to.is_none() {
            let open = self.changes.open();
            wait.open.retain(|path| open.contains(path));
            let is_over = wait.open.is_empty() || self.is_left_to_imports(wait, now);
            wait.up_to = is_over.then(|| self.outcomes.last_number());
        }
        let up_to = wait.up_to.filter(|&up_to| self.is_final(up_to, wait.begun, now));
        if up_to.is_none() && wait.until > now {
            return None;
        }
        let files = wait.files.clone();
        let shown = wait.up_to.map_or_else(Vec::new, |up_to| {
            let ids: Vec<_> = files.iter().map(|path| self.real_of(path)).collect();
            self.outcomes.show(up_to, |outcome| {
                let about = |path: &Arc<str>| {
                    outcome.files.contains(path) || outcome.modules.contains(path)
                };
                ids.is_empty() || ids.iter().any(about)
            })
        });
        Some(self.status_with(&files, shown, up_to.is_some(), now))
    }

    /// How it stands now. What was saved before is taken in.
    pub fn status(&mut self, files: &[Arc<str>], now: Instant) -> Status {
        self.drain(Caller::Watcher, now);
        let last = self.outcomes.last_number();
        let is_final = self.changes.open().is_empty() && self.is_final(last, now, now);
        let outcomes = self.outcomes.last().into_iter().collect();
        self.status_with(files, outcomes, is_final, now)
    }

    /// Whether all that is open waits for a thread that does not answer, and would be applied by its next import: that decides
    /// on it before.
    fn is_left_to_imports(&self, wait: &Wait, now: Instant) -> bool {
        let would_restart = |path: &Arc<str>| {
            matches!(self.explain(path).outcome, Verdict::Restart | Verdict::Declined)
        };
        wait.begun + SILENCE <= now
            && self.awaited_threads().next().is_some()
            && wait.open.iter().all(|path| self.changes.is_only_undecided(path))
            && !wait.open.iter().any(would_restart)
    }

    /// Whether all outcomes up to that number are; threads are not waited for any more that have left their work for a while.
    fn is_final(&self, up_to: u64, begun: Instant, now: Instant) -> bool {
        self.outcomes.open(up_to).all(|(since, threads)| {
            let is_late = since.max(begun) + SILENCE <= now;
            is_late && threads.iter().all(|thread| self.has_pending(*thread))
        })
    }

    fn status_with(
        &self,
        files: &[Arc<str>],
        outcomes: Vec<Outcome>,
        is_final: bool,
        now: Instant,
    ) -> Status {
        let described: Vec<_> = files.iter().map(|path| (path, self.explain(path))).collect();
        let is_loaded =
            |it: &Explanation| !matches!(it.outcome, Verdict::Unknown | Verdict::Ignored);
        let is_concerned = |it: &Broken| {
            described.is_empty()
                || described.iter().any(|(_, found)| self.is_about(it, &found.path))
        };
        let broken = self.outcomes.broken(|thread, path, own| self.may_mend(thread, path, own));
        let broken: Vec<_> = broken.into_iter().filter(is_concerned).collect();
        let is_asked_for = |(it, files): &(Stale, Vec<Arc<str>>)| {
            described.is_empty()
                || described.iter().any(|(_, at)| it.path == at.path || files.contains(&at.path))
        };
        let missed: Vec<_> =
            self.stale().into_iter().filter(is_asked_for).map(|(it, _)| it).collect();
        let restart_needed = self.outcomes.restart_needed().cloned();
        let undecided = self.changes.open();
        let restarting = restart_needed.iter().flat_map(|it| &it.files).collect::<FxHashSet<_>>();
        // What nobody has loaded may need a restart all the same, or may come to.
        let is_known = |path: &Arc<str>| {
            let real = self.real_of(path);
            [path, &real].into_iter().any(|it| restarting.contains(it) || undecided.contains(it))
        };
        let is_asked = described.is_empty()
            || described.iter().any(|(path, it)| is_loaded(it) || is_known(path));
        let state = match () {
            () if !is_asked => State::Live,
            () if !is_final => State::Busy,
            () if restart_needed.is_some() => State::RestartNeeded,
            () if !broken.is_empty() => State::Broken,
            () if !missed.is_empty() => State::Stale,
            () => State::Live,
        };
        Status {
            state,
            code: state.code(),
            pid: std::process::id(),
            root: self.config().map(|config| config.root_directory.clone()),
            entry: self.entry(),
            since: millis(self.started),
            process: self.process.clone(),
            outcomes,
            unmended: broken.into_iter().map(|it| it.failure).collect(),
            restart_needed,
            stale: missed,
            undecided: undecided.iter().cloned().collect(),
            threads: self.silent_threads(now),
            files: described
                .iter()
                .map(|(path, it)| File { path: Arc::clone(path), loaded: is_loaded(it) })
                .collect(),
        }
    }

    /// The threads that have not answered for a while.
    fn silent_threads(&self, now: Instant) -> Vec<u32> {
        let late = self.outcomes.linking().filter(|(since, _)| *since + SILENCE <= now);
        let linking = late.flat_map(|(_, threads)| threads).copied();
        let linking = linking.filter(|thread| self.has_pending(*thread));
        let reporting = self.awaited_threads().filter(|_| self.changes.is_to_decide());
        let mut threads: Vec<_> = linking.chain(reporting).map(|id| id.0).collect();
        threads.sort_unstable();
        threads.dedup();
        threads
    }

    /// Whether a save of the file may mend a link that fails in the module: it has to be the module, below it or above.
    pub(super) fn may_mend(&self, thread: ThreadId, path: &str, own: ModuleId) -> bool {
        let below = |above, id| self.modules.below(thread, &[above]).contains(id);
        self.modules.find(path).is_none_or(|id| id == own || below(id, own) || below(own, id))
    }

    fn is_about(&self, broken: &Broken, path: &Arc<str>) -> bool {
        let failure = broken.failure.file.as_deref() == Some(&**path);
        let Some(id) = self.modules.find(path) else {
            return failure || broken.files.contains(path);
        };
        // What an import that fails reaches.
        let is_reached = |&(thread, import): &Import| {
            import == id || self.modules.below(thread, &[import]).contains(id)
        };
        let is_handlers = broken.imports.is_empty();
        failure
            || broken.imports.iter().any(|&(_, import)| import == id)
            || (broken.files.contains(path)
                && (is_handlers || broken.imports.iter().any(is_reached)))
    }

    /// The path by which a file is known.
    fn real_of(&self, path: &Arc<str>) -> Arc<str> {
        let real = std::fs::canonicalize(&**path).ok();
        let real = real.and_then(|real| real.to_str().map(Arc::from));
        let real: Arc<str> = real.unwrap_or_else(|| path.clone());
        let known = self.modules.known_as(path).or_else(|| self.modules.find(&real));
        known.map_or(real, |id| self.modules.get(id).path.clone())
    }
}
