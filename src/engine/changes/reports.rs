//! What the parent process reports: files that have changed. It may report one before it is written to its end, twice, or
//! late. So each is looked at when it is reported, and once more when it has settled: only then is a restart asked for.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use crate::decision::Reporter;
use crate::fingerprint::Fingerprint;
use crate::graph::ModuleId;
use crate::stamp::Stamp;
use crate::watch::settle::{FileEvent, QUIET};
use crate::watch::{join, parent};

use super::{Changes, View};
use crate::engine::modules::Modules;

/// How long an instance whose file has been read may take to begin: then it counts as one that Node could not link, which
/// nobody tells us. With hooks in a thread of their own, messages lie in between, and the main thread may be busy.
const LINKED_WITHIN: Duration = Duration::from_secs(1);

/// Files that were reported.
#[derive(Default)]
pub struct Reports {
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
    /// Since when it has been waited for the instance of that version to begin.
    begins: Option<Instant>,
}

impl Reports {
    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The files that wait.
    pub fn paths(&self) -> impl Iterator<Item = Arc<str>> {
        self.waiting.keys().cloned()
    }

    /// When the next file is to be looked at.
    pub fn deadline(&self) -> Option<Instant> {
        self.waiting.values().map(|report| report.due).min()
    }
}

impl Changes {
    /// There is a parent process with an IPC channel: it may report changes. Returns whether that is new.
    pub fn note_parent(&mut self) -> bool {
        !std::mem::replace(&mut self.has_parent, true)
    }

    /// The parent process says that a file has changed. Returns the module that it is, if how its evaluation ends may matter.
    pub fn reported(
        &mut self,
        path: &str,
        removed: bool,
        now: Instant,
        view: View,
    ) -> Option<ModuleId> {
        let id = reported_module(view.modules, path);
        if id.is_none()
            && !self.concern(path, view)
            && !self.concern(&in_real_directory(path), view)
        {
            return None;
        }
        if !removed {
            self.arrived(path, view);
        }
        let sees = self.sees_saves(view.modules, path);
        let event = if removed { FileEvent::Removed } else { FileEvent::Written };
        // Where our own watch sees saves, it says more: there only the last look counts.
        if !sees && self.settle.push(path, event, now) {
            self.suspect(path.into(), Reporter::Parent, view);
        }
        let of = id.map(|id| (id, view.modules.get(id).version));
        let found = Stamp::of_file(Path::new(path));
        self.reports
            .waiting
            .insert(path.into(), Report { due: now + QUIET, found, of, begins: None });
        self.waker.wake();
        id.filter(|_| !sees)
    }

    /// Whether a report of the file waits until that has settled.
    pub fn is_reported(&self, path: &str) -> bool {
        self.reports.waiting.contains_key(path)
    }

    /// A report has been decided on.
    pub fn forget_report(&mut self, path: &str) {
        self.reports.settled.remove(path);
    }

    /// Whether a reported file that our own watch sees saved has settled, and is now being saved again: our watch tells when
    /// that is over. A file may be seen empty long before the event for it comes.
    pub fn is_saved_again(&mut self, modules: &Modules, path: &str) -> bool {
        let settled = self.reports.settled.remove(path);
        let is_other = |settled| settled != Stamp::of_file(Path::new(path));
        settled.is_some_and(is_other) || (settled.is_some() && self.is_unsettled(modules, path))
    }

    /// Looks at the reported files whose time has come, until they are the same twice.
    pub(super) fn look_at_reported(&mut self, now: Instant, view: View) {
        let due: Vec<_> = self.reports.waiting.extract_if(|_, report| report.due <= now).collect();
        for (path, mut report) in due {
            let id = report.of.map(|(id, _)| id);
            let before = std::mem::replace(&mut report.found, Stamp::of_file(Path::new(&*path)));
            let sees = self.sees_saves(view.modules, &path);
            let is_settled = before == report.found
                && !self.is_unsettled(view.modules, &path)
                && (sees || !id.is_some_and(|id| view.lifecycle.is_read(id)));
            let failed = match report.of.filter(|_| is_settled && !sees) {
                Some((id, version)) => has_failed(id, version, view),
                None => Some(false),
            };
            let may_begin =
                failed.is_none() && now < *report.begins.get_or_insert(now) + LINKED_WITHIN;
            let reporter = if failed == Some(false) || may_begin {
                Reporter::Parent
            } else {
                Reporter::ParentAfterFailure
            };
            if is_settled || !sees {
                self.suspect(path.clone(), reporter, view);
            }
            if !is_settled || may_begin {
                report.due = now + QUIET;
                self.reports.waiting.insert(path, report);
            } else if sees {
                self.reports.settled.insert(path, report.found);
            }
        }
    }

    /// Whether a change of the `restart` file at `path` counts, if that is who reports it.
    pub fn may_restart(&mut self, modules: &Modules, path: &str, reporter: Reporter) -> bool {
        let has_settled = !self.is_reported(path) && !self.is_saved_again(modules, path);
        self.watches_everything() || (reporter == Reporter::Parent && has_settled)
    }

    /// The file of a module as it is before Node reads it, if no event would come for a save meanwhile.
    pub fn stamp(
        &mut self,
        modules: &Modules,
        id: ModuleId,
    ) -> Option<(Option<Stamp>, Fingerprint)> {
        let path = &modules.get(id).path;
        let is_needed = !self.watches_everything() && !self.sees_saves(modules, path);
        is_needed.then(|| (Stamp::of_file(Path::new(path.as_ref())), self.look_at(modules, id)))
    }

    /// Whether our own watch knows of each save of a file as soon as it has returned.
    fn sees_saves(&self, modules: &Modules, path: &str) -> bool {
        self.sees_at_once(parent(watched_path(modules, path)))
    }

    /// Whether a file is being written, or was just deleted, as far as we know.
    fn is_unsettled(&self, modules: &Modules, path: &str) -> bool {
        self.settle.is_waiting(path) || self.settle.is_waiting(watched_path(modules, path))
    }
}

/// Whether the current version has failed, so that a report counts that has changed nothing: it may have been read while the
/// file was written, or for a reason that is gone. `None`: it was read, and has not begun yet.
fn has_failed(id: ModuleId, version: u32, view: View) -> Option<bool> {
    let module = view.modules.get(id);
    if module.version != version || view.lifecycle.is_prelinking() {
        return Some(false);
    }
    if view.lifecycle.has_failed(id, version) {
        return Some(true);
    }
    (!module.is_es || !view.lifecycle.is_linking(id, version)).then_some(false)
}

fn reported_module(modules: &Modules, path: &str) -> Option<ModuleId> {
    modules.known_as(path).or_else(|| modules.known_as(&in_real_directory(path)))
}

/// The path by which our own watch knows a reported file.
fn watched_path<'a>(modules: &'a Modules, path: &'a str) -> &'a str {
    reported_module(modules, path).map_or(path, |id| &modules.get(id).path)
}

/// The file in the real directory: it may be gone, and the parent process may know the folder through a symlink.
pub fn in_real_directory(path: &str) -> String {
    let real = std::fs::canonicalize(parent(path)).ok();
    let name = Path::new(path).file_name().and_then(OsStr::to_str);
    match (real.as_deref().and_then(Path::to_str), name) {
        (Some(real), Some(name)) => join(real, name),
        _ => path.to_owned(),
    }
}
