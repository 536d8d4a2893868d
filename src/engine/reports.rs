//! What the parent process reports: files that have changed. It may report one before it is written to its end, twice, or
//! late. So each is looked at when it is reported, and once more when it has settled: only then is a restart asked for.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustc_hash::FxHashMap;

use crate::config::Watching;
use crate::decision::{Reporter, Verdict, decide};
use crate::fingerprint::Fingerprint;
use crate::graph::instance::Body;
use crate::graph::life::Evaluation;
use crate::graph::{ModuleId, ThreadId};
use crate::stamp::Stamp;
use crate::watch::settle::{FileEvent, QUIET};
use crate::watch::{join, parent};

use super::Engine;

/// Files that were reported.
#[derive(Default)]
pub(super) struct Reports {
    /// Those that may not have settled.
    waiting: FxHashMap<Arc<str>, Report>,
    /// Those that have, and were not decided on yet.
    settled: FxHashMap<Arc<str>, Option<Stamp>>,
}

/// The last report of a file.
struct Report {
    /// When it is looked at next.
    due: Instant,
    /// How it was when it was looked at last.
    found: Option<Stamp>,
    /// The module and its version at the time of the report.
    of: Option<(ModuleId, u32)>,
}

impl Reports {
    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// A report has been decided on.
    pub fn forget(&mut self, path: &str) {
        self.settled.remove(path);
    }

    /// When the next file is to be looked at.
    pub fn deadline(&self) -> Option<Instant> {
        self.waiting.values().map(|report| report.due).min()
    }
}

impl Engine {
    /// There is a parent process with an IPC channel: it may report changes.
    pub fn has_parent(&mut self) {
        if !std::mem::replace(&mut self.has_parent, true) {
            self.watch_as_configured();
        }
    }

    /// Whether changes are to be taken from the parent process; `None` before [`Engine::configure`].
    pub fn takes_reports(&self) -> Option<bool> {
        self.config.as_ref().map(|config| config.watch != Watching::Everything)
    }

    /// Whether nothing is left to the parent process.
    pub(super) fn watches_everything(&self) -> bool {
        self.takes_reports() == Some(false)
    }

    /// The parent process says that a file has changed.
    pub fn reported(&mut self, path: &str, removed: bool, now: Instant) {
        // What our own watch knows comes first.
        self.collect(now);
        let id = self.reported_module(path);
        if id.is_none() && !self.concerns(path) && !self.concerns(&in_real_directory(path)) {
            return;
        }
        if !removed {
            self.arrived(path);
        }
        let sees = self.sees_saves(path);
        let event = if removed { FileEvent::Removed } else { FileEvent::Written };
        // Where our own watch sees saves, it says more: there only the last look counts.
        if !sees && self.settle.push(path, event, now) {
            self.suspect(path.into(), Reporter::Parent);
        }
        if let Some(id) = id.filter(|_| !sees) {
            self.ask_how_it_ended(id);
        }
        let of = id.map(|id| (id, self.graph.get(id).version));
        let found = Stamp::of_file(Path::new(path));
        self.reports.waiting.insert(path.into(), Report { due: now + QUIET, found, of });
        self.waker.wake();
    }

    /// Whether a reported file would ask for a restart that is asked for when it has settled: once, not for half a file and
    /// then for the whole.
    pub(super) fn is_premature(&self, path: &str, id: ModuleId) -> bool {
        self.reports.waiting.contains_key(path)
            && matches!(decide(&self.graph, &self.instances, id), Verdict::FullReload(_))
    }

    /// Whether the parent process is taken at its word, whatever the file holds: where nothing at all is watched, and a module that
    /// stays until a restart is reported for the first time. So did hot-hook 1.0.
    pub(super) fn takes_word(&self, id: ModuleId, reporter: Reporter) -> bool {
        let module = self.graph.get(id);
        reporter == Reporter::Parent
            && self.config.as_ref().is_some_and(|config| config.watch == Watching::Nothing)
            && module.load_started
            && module.last_decided.is_none()
            && matches!(decide(&self.graph, &self.instances, id), Verdict::FullReload(_))
    }

    /// Whether a reported file that our own watch sees saved has settled, and is now being saved again: our watch tells when
    /// that is over. A file may be seen empty long before the event for it comes.
    pub(super) fn is_saved_again(&mut self, path: &str) -> bool {
        let settled = self.reports.settled.remove(path);
        let is_other = |settled| settled != Stamp::of_file(Path::new(path));
        settled.is_some_and(is_other) || (settled.is_some() && self.is_unsettled(path))
    }

    /// Looks at the reported files whose time has come, until they are the same twice.
    pub(super) fn look_at_reported(&mut self, now: Instant) {
        let due: Vec<_> = self.reports.waiting.extract_if(|_, report| report.due <= now).collect();
        for (path, mut report) in due {
            let id = report.of.map(|(id, _)| id);
            let before = std::mem::replace(&mut report.found, Stamp::of_file(Path::new(&*path)));
            let sees = self.sees_saves(&path);
            let is_settled = before == report.found
                && !self.is_unsettled(&path)
                && (sees || !id.is_some_and(|id| self.is_read(id)));
            let reporter = match report.of {
                Some((id, version)) if is_settled && self.has_failed(id, version) => {
                    Reporter::ParentAfterFailure
                }
                _ => Reporter::Parent,
            };
            if is_settled || !sees {
                self.suspect(path.clone(), reporter);
            }
            if !is_settled {
                report.due = now + QUIET;
                self.reports.waiting.insert(path, report);
            } else if sees {
                self.reports.settled.insert(path, report.found);
            }
        }
    }

    /// Whether a change of the `restart` file at `path` counts, if that is who reports it.
    pub(super) fn may_restart(&mut self, path: &str, reporter: Reporter) -> bool {
        let has_settled = !self.reports.waiting.contains_key(path) && !self.is_saved_again(path);
        self.watches_everything() || (reporter == Reporter::Parent && has_settled)
    }

    /// The file of a module as it is before Node reads it, if no event would tell of a save meanwhile.
    pub(super) fn stamp(&mut self, id: ModuleId) -> Option<(Option<Stamp>, Fingerprint)> {
        let path = self.graph.get(id).path.clone();
        let is_needed = !self.watches_everything() && !self.sees_saves(&path);
        is_needed.then(|| (Stamp::of_file(Path::new(path.as_ref())), self.look_at(id)))
    }

    /// Node has read a module: if its file is not as it was before, nobody knows what Node has read.
    pub(super) fn compare_stamp(&mut self, thread: ThreadId, url: &str) {
        let Some(instance) = self.instances.find_mut(thread, url) else { return };
        let Some(before) = instance.stamp.take() else { return };
        let (id, version) = (instance.module, instance.version);
        if self.graph.get(id).version == version && self.stamp(id).is_some_and(|it| it != before) {
            self.graph.get_mut(id).doubtful = true;
        }
    }

    fn reported_module(&self, path: &str) -> Option<ModuleId> {
        let find = |path: &str| self.graph.find(path).or_else(|| self.aliases.get(path).copied());
        find(path).or_else(|| find(&in_real_directory(path)))
    }

    /// The path by which our own watch knows a reported file.
    fn watched_path<'a>(&'a self, path: &'a str) -> &'a str {
        self.reported_module(path).map_or(path, |id| &self.graph.get(id).path)
    }

    /// Whether our own watch knows of each save of a file as soon as it has returned.
    pub(super) fn sees_saves(&self, path: &str) -> bool {
        let directory = parent(self.watched_path(path));
        self.watch.as_ref().is_some_and(|watch| watch.sees_at_once(directory))
    }

    /// Whether a file is being written, or was just deleted, as far as we know.
    fn is_unsettled(&self, path: &str) -> bool {
        self.settle.is_waiting(path) || self.settle.is_waiting(self.watched_path(path))
    }

    /// Threads are to tell how the evaluation of the module's current instances has ended.
    fn ask_how_it_ended(&mut self, id: ModuleId) {
        let runs =
            self.instances.of_module(id).filter(|i| i.life.evaluation() == Evaluation::Evaluating);
        let ids: Vec<_> = runs.map(|i| i.id).collect();
        for id in ids {
            self.observe(id);
        }
    }

    /// Whether a report has changed nothing, and the current version has failed: it may have been read while the file was
    /// written, or for a reason that is gone.
    fn has_failed(&self, id: ModuleId, version: u32) -> bool {
        let module = self.graph.get(id);
        if module.version != version
            || self.linking_since.is_some()
            || self.sees_saves(&module.path)
        {
            return false;
        }
        self.instances.of_module(id).filter(|i| i.life.is_current() && i.version == version).any(
            |i| {
                let has_linked = i.life.evaluation() != Evaluation::Linking
                    || i.reading
                    || i.is_without_prelude()
                    || i.body == Body::CommonJs;
                i.life.evaluation() == Evaluation::Failed || (module.is_es && !has_linked)
            },
        )
    }
}

/// The file in the real directory: it may be gone, and the parent process may know the folder through a symlink.
pub(super) fn in_real_directory(path: &str) -> String {
    let real = std::fs::canonicalize(parent(path)).ok();
    let name = Path::new(path).file_name().and_then(OsStr::to_str);
    match (real.as_deref().and_then(Path::to_str), name) {
        (Some(real), Some(name)) => join(real, name),
        _ => path.to_owned(),
    }
}
