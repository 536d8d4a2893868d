//! Files that no hook has seen being read, and that may be in use all the same: what has happened to them since a thread last
//! said what it has required.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustc_hash::FxHashMap;

use crate::graph::{Module, ThreadId};
use crate::stamp::changed_at;

use super::Changes;

/// How much earlier than it was made a change may be dated: kernels look at the clock only now and then.
const GRAIN: Duration = Duration::from_millis(10);

/// A point in time, to be compared with file events and with the dates of files.
#[derive(Clone, Copy)]
struct Moment {
    /// Counted.
    turn: u64,
    date: SystemTime,
}

/// A thread that reports what it has required.
struct Reporting {
    /// What it reports next was read after this.
    since: Moment,
    /// Its `require`s do not pass our hooks.
    is_unhooked: bool,
}

/// When something last happened to such files.
#[derive(Default)]
pub struct Unreported {
    turn: u64,
    events: FxHashMap<Arc<str>, u64>,
    threads: BTreeMap<ThreadId, Reporting>,
}

impl Unreported {
    fn now(&mut self) -> Moment {
        self.turn += 1;
        Moment { turn: self.turn, date: SystemTime::now() }
    }

    /// Something happened to a file.
    pub fn note(&mut self, path: &Arc<str>, known: Option<&Module>) {
        if self.has_unhooked() && known.is_none_or(|module| !module.content.is_begun()) {
            self.events.insert(known.map_or(path, |module| &module.path).clone(), self.turn);
        }
    }

    /// Whether a file that no thread has reported yet may be in use, because `require` passes no hook.
    pub fn may_be_required(&self, path: &str) -> bool {
        is_source(path) && self.has_unhooked()
    }

    fn has_unhooked(&self) -> bool {
        self.threads.values().any(|thread| thread.is_unhooked)
    }
}

impl Changes {
    /// A thread takes part, and reports what it requires. `hooked`: its `require`s pass our hooks.
    pub fn add_thread(&mut self, thread: ThreadId, hooked: bool) {
        let since = self.unreported.now();
        self.unreported.threads.insert(thread, Reporting { since, is_unhooked: !hooked });
    }

    /// A thread has ended.
    pub fn remove_thread(&mut self, thread: ThreadId) {
        self.unreported.threads.remove(&thread);
    }

    /// Whether the `require`s of a thread do not pass our hooks.
    pub fn is_unhooked(&self, thread: ThreadId) -> bool {
        self.unreported.threads.get(&thread).is_some_and(|thread| thread.is_unhooked)
    }

    /// What the thread reports next is read after this.
    pub fn begin_report(&mut self, thread: ThreadId) {
        let now = self.unreported.now();
        if let Some(thread) = self.unreported.threads.get_mut(&thread) {
            thread.since = now;
        }
    }

    /// What happened before the oldest last report of a thread is not asked for any more.
    pub fn forget_reported(&mut self) {
        let Unreported { events, threads, .. } = &mut self.unreported;
        if let Some(oldest) = threads.values().map(|thread| thread.since.turn).min() {
            events.retain(|_, turn| *turn >= oldest);
        }
    }

    /// Whether a file may have changed since what the thread reports was read. `noted`: all that happened to it meanwhile was
    /// noted.
    pub fn changed_since_report(&self, thread: ThreadId, path: &str, noted: bool) -> bool {
        let Some(Reporting { since, .. }) = self.unreported.threads.get(&thread) else {
            return false;
        };
        if noted {
            self.unreported.events.get(path).is_some_and(|&turn| turn >= since.turn)
        } else {
            changed_since(path, since.date)
        }
    }
}

/// Whether `require` may be asked for such a file.
pub fn is_source(path: &str) -> bool {
    let is = |extension| Path::new(path).extension().is_some_and(|found| found == extension);
    ["js", "cjs", "mjs", "json", "ts", "cts", "mts", "node"].into_iter().any(is)
}

/// Whether a file may have been changed after `since`.
pub fn changed_since(path: &str, since: SystemTime) -> bool {
    std::fs::metadata(path).is_ok_and(|found| changed_at(&found) >= since - GRAIN)
}
