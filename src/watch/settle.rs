//! What file events amount to: a pure state machine, with the clock as an argument.
//!
//! - A finished write, a rename into place or a new link counts at once.
//! - A write that is not finished counts when nothing more comes for [`QUIET`]: its writer keeps the file open.
//! - A deletion counts after [`QUIET`], if nothing put the file back: editors save by delete and create.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

/// How long an unfinished write or a deletion waits for what usually follows it.
pub const QUIET: Duration = Duration::from_millis(50);

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileEvent {
    /// Closed after a write, renamed into place, linked.
    Written,
    /// Written to, and still open.
    Modified,
    /// Deleted, or renamed away.
    Removed,
}

/// Files whose last event may not be the last of its save.
#[derive(Default)]
pub struct Settle {
    waiting: FxHashMap<Arc<str>, Instant>,
}

impl Settle {
    /// Takes in an event. Returns whether the file is to be looked at now; otherwise [`Settle::due`] gives it later.
    pub fn push(&mut self, path: &str, event: FileEvent, now: Instant) -> bool {
        match event {
            FileEvent::Written => {
                self.waiting.remove(path);
                true
            }
            FileEvent::Modified | FileEvent::Removed => {
                self.waiting.insert(path.into(), now + QUIET);
                false
            }
        }
    }

    /// The files whose time has come.
    pub fn due(&mut self, now: Instant) -> Vec<Arc<str>> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let mut due: Vec<_> = self.waiting.extract_if(|_, at| *at <= now).collect();
        due.sort_by_key(|(_, at)| *at);
        due.into_iter().map(|(path, _)| path).collect()
    }

    /// Whether something has happened to the file that may not be the last of its save.
    pub fn is_waiting(&self, path: &str) -> bool {
        self.waiting.contains_key(path)
    }

    /// The files that wait.
    pub fn waiting(&self) -> impl Iterator<Item = &Arc<str>> {
        self.waiting.keys()
    }

    /// Whether nothing is waiting.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// When [`Settle::due`] is to be asked next.
    pub fn deadline(&self) -> Option<Instant> {
        self.waiting.values().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(events: &[(u64, FileEvent)], until: u64) -> Vec<u64> {
        let start = Instant::now();
        let (mut settle, mut looked) = (Settle::default(), Vec::new());
        for ms in 0..=until {
            let now = start + Duration::from_millis(ms);
            for &(_, event) in events.iter().filter(|(at, _)| *at == ms) {
                if settle.push("/f", event, now) {
                    looked.push(ms);
                }
            }
            looked.extend(settle.due(now).iter().map(|_| ms));
        }
        assert_eq!(settle.deadline(), None, "something is still waiting");
        looked
    }

    #[test]
    fn when_a_save_is_looked_at() {
        use FileEvent::{Modified, Removed, Written};
        for (name, events, expected) in [
            ("plain save", &[(0, Modified), (1, Written)][..], &[1][..]),
            ("delete", &[(0, Removed)], &[50]),
            ("delete, then create", &[(0, Removed), (20, Written)], &[20]),
            ("vim's backup dance", &[(0, Removed), (1, Modified), (2, Written)], &[2]),
            ("slow writer", &[(0, Modified), (30, Modified), (60, Modified), (70, Written)], &[70]),
            ("kept open", &[(0, Modified), (40, Modified)], &[90]),
            ("two saves", &[(0, Written), (1, Written)], &[0, 1]),
        ] {
            assert_eq!(run(events, 200), expected, "{name}");
        }
    }

    #[test]
    fn the_deadline_is_the_nearest() {
        let (mut settle, start) = (Settle::default(), Instant::now());
        settle.push("/a", FileEvent::Removed, start + Duration::from_millis(9));
        settle.push("/b", FileEvent::Removed, start);
        assert_eq!(settle.deadline(), Some(start + QUIET));
    }
}
