//! What a module's file holds, as far as the engine has looked: a pure state machine.
//!
//! ```text
//!   Unasked ── require ──▶ Required ── throw unseen ──▶ Unseen        next version: Unasked
//!      └───────────────────────┴───────────┴── begin, read ──▶ Read ── doubt ──▶ Doubtful
//! ```

use crate::fingerprint::Fingerprint;

/// What says that a file may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reporter {
    /// A file event: it may be a `touch`, or a save without effect.
    Watcher,
    /// A file event that came between a module's read and its evaluation: what runs may be neither what was read nor
    /// what is there now.
    WatcherWhileReading,
    /// An import that did not find it: nobody has saved it.
    Import,
    /// The parent process: it counts unless the bytes that run are those on disk, or were decided on.
    Parent,
    /// The parent process, of a module whose instance has failed since, perhaps on other bytes.
    ParentAfterFailure,
}

/// Whether the current version of a module was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// It was not loaded: its first load will read what the file holds then.
    #[default]
    Unasked,
    /// A `require()` of it was resolved; no hook has seen a load.
    Required,
    /// It may have been loaded past the hooks.
    Unseen,
    /// The first read of it has found this.
    Read(Fingerprint),
    /// So it has, but the file was written meanwhile, and no event came: what runs may be something else.
    Doubtful(Fingerprint),
}

/// What a module's file holds, and held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Content {
    state: State,
    /// What was last read or decided on: a file event that finds it again says nothing.
    last: Option<Fingerprint>,
    /// What was last decided on since the current version was read, or before its first read.
    decided: Option<Fingerprint>,
}

impl Content {
    /// Whether a load of the current version has begun.
    pub fn is_begun(&self) -> bool {
        !matches!(self.state, State::Unasked | State::Required)
    }

    /// What the first read of the current version has found.
    pub fn read(&self) -> Option<Fingerprint> {
        match self.state {
            State::Read(found) | State::Doubtful(found) => Some(found),
            State::Unasked | State::Required | State::Unseen => None,
        }
    }

    /// Whether nothing was there when the current version was read.
    pub fn is_absent(&self) -> bool {
        self.read() == Some(Fingerprint::Absent)
    }

    /// What was last read or decided on.
    pub fn last(&self) -> Option<Fingerprint> {
        self.last
    }

    /// What was last decided on since the current version was read, or before its first read.
    pub fn decided(&self) -> Option<Fingerprint> {
        self.decided
    }

    /// A `require()` of the current version was resolved.
    pub fn require(&mut self) {
        if self.state == State::Unasked {
            self.state = State::Required;
        }
    }

    /// What was required may have been loaded, and has thrown.
    pub fn throw_unseen(&mut self) {
        if self.state == State::Required {
            self.state = State::Unseen;
        }
    }

    /// The current version was loaded past the hooks, or missed: the file holds `found`. That says nothing if it was read before.
    pub fn begin(&mut self, found: Fingerprint) {
        if !self.is_begun() {
            self.state = State::Read(found);
            self.last = Some(found);
        }
    }

    /// The current version runs already, and was loaded before the engine looked: what was known of the file still counts.
    pub fn assume(&mut self, found: Fingerprint) {
        if self.read().is_none() {
            self.state = State::Read(found);
        }
        self.last.get_or_insert(found);
    }

    /// Node is about to read the current version. What was decided before led to it: that says nothing of what is read now.
    pub fn read_as(&mut self, found: Fingerprint) {
        self.state = match self.state {
            State::Doubtful(_) => State::Doubtful(found),
            _ => State::Read(found),
        };
        self.last = Some(found);
        self.decided = None;
    }

    /// The file was written while it was read, and no event came.
    pub fn doubt(&mut self) {
        if let State::Read(found) = self.state {
            self.state = State::Doubtful(found);
        }
    }

    /// What comes next is another version, or this one was not loaded after all.
    pub fn unload(&mut self) {
        self.state = State::Unasked;
    }

    /// What comes next is another version, but an importer may hold the failure of this one, so that a change of it still counts.
    pub fn fail(&mut self) {
        self.state = match self.state {
            State::Unasked | State::Required => State::Unasked,
            State::Unseen => State::Unseen,
            State::Read(found) | State::Doubtful(found) => State::Read(found),
        };
    }

    /// Whether the file holds something else than what runs, now that it holds `now`; that is remembered either way.
    pub fn is_change(&mut self, now: Fingerprint, reporter: Reporter) -> bool {
        let same = match reporter {
            Reporter::Watcher | Reporter::Import => self.last == Some(now),
            Reporter::WatcherWhileReading | Reporter::ParentAfterFailure => false,
            Reporter::Parent => self.decided == Some(now) || self.state == State::Read(now),
        };
        self.last = Some(now);
        if !same {
            self.decided = Some(now);
        }
        !same && self.is_begun()
    }

    /// A change is decided on, whichever reporter it came from.
    pub fn decide(&mut self, now: Fingerprint) {
        self.decided = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Fingerprint = Fingerprint::Content(1);
    const B: Fingerprint = Fingerprint::Content(2);

    const STATES: [State; 5] =
        [State::Unasked, State::Required, State::Unseen, State::Read(A), State::Doubtful(A)];

    #[test]
    fn transitions() {
        use State::{Doubtful, Read, Required, Unasked, Unseen};
        /// Its name, what it does, and where it leads from each of [`STATES`].
        type Row = (&'static str, fn(&mut Content), [State; 5]);
        let table: [Row; 8] = [
            ("require", Content::require, [Required, Required, Unseen, Read(A), Doubtful(A)]),
            ("throw", Content::throw_unseen, [Unasked, Unseen, Unseen, Read(A), Doubtful(A)]),
            ("begin", |it| it.begin(B), [Read(B), Read(B), Unseen, Read(A), Doubtful(A)]),
            ("assume", |it| it.assume(B), [Read(B), Read(B), Read(B), Read(A), Doubtful(A)]),
            ("read", |it| it.read_as(B), [Read(B), Read(B), Read(B), Read(B), Doubtful(B)]),
            ("doubt", Content::doubt, [Unasked, Required, Unseen, Doubtful(A), Doubtful(A)]),
            ("unload", Content::unload, [Unasked; 5]),
            ("fail", Content::fail, [Unasked, Unasked, Unseen, Read(A), Read(A)]),
        ];
        for (name, transition, expected) in table {
            for (state, expected) in STATES.into_iter().zip(expected) {
                let mut content = Content { state, ..Content::default() };
                transition(&mut content);
                assert_eq!(content.state, expected, "{name} {state:?}");
            }
        }
    }

    #[test]
    fn what_is_a_change() {
        use Reporter::{Parent, ParentAfterFailure, Watcher, WatcherWhileReading};
        for (state, last, decided, reporter, expected) in [
            (State::Read(A), Some(A), None, Watcher, true),
            (State::Read(A), Some(B), None, Watcher, false),
            (State::Read(A), Some(B), None, WatcherWhileReading, true),
            (State::Read(B), Some(B), None, Parent, false),
            (State::Doubtful(B), Some(B), None, Parent, true),
            (State::Read(A), Some(A), Some(B), Parent, false),
            (State::Read(B), Some(B), Some(B), ParentAfterFailure, true),
            (State::Unseen, None, None, Watcher, true),
            // Its first load will read what is there now.
            (State::Unasked, Some(A), None, Watcher, false),
            (State::Required, Some(A), None, WatcherWhileReading, false),
        ] {
            let mut content = Content { state, last, decided };
            let name = format!("{content:?} {reporter:?}");
            assert_eq!(content.is_change(B, reporter), expected, "{name}");
            assert_eq!(content.last(), Some(B), "{name}");
        }
    }
}
