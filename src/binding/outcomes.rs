//! Outcomes: what became of each save, and the checks that tell.

use std::time::Instant;

use napi_derive::napi;

use crate::engine::{self, How, Phase};

use super::host::{Error, with};
use super::thread::Thread;

/// A module that is to be checked.
#[napi(object)]
pub struct Check {
    /// Its URL without our version.
    pub url: String,
    /// Who has imported it last, by its URL without our version; none if no module has.
    pub importer: Option<String>,
    /// How it is checked.
    pub how: CheckKind,
}

/// How a module is checked.
#[napi(string_enum = "kebab-case")]
pub enum CheckKind {
    /// It is linked.
    Link,
    /// It is linked, and is JSON.
    LinkJson,
    /// Its text is compiled: it is CommonJS.
    Compile,
    /// Its text is parsed: it is JSON that was required.
    Parse,
}

impl From<engine::Check> for Check {
    fn from(check: engine::Check) -> Self {
        let how = match check.how {
            How::Link => CheckKind::Link,
            How::LinkJson => CheckKind::LinkJson,
            How::Compile => CheckKind::Compile,
            How::Parse => CheckKind::Parse,
        };
        let importer = check.importer.map(|url| url.to_string());
        Self { url: check.url.to_string(), importer, how }
    }
}

/// Where something has failed.
#[napi(string_enum = "lowercase")]
pub enum FailurePhase {
    /// The module could not be linked.
    Link,
    /// It threw while it evaluated.
    Evaluate,
    /// An `accept` callback threw.
    Accept,
    /// A `dispose` handler threw.
    Dispose,
    /// A `prune` handler threw.
    Prune,
}

/// An error of the user's code.
#[napi(object)]
pub struct Failure {
    /// Where it came up.
    pub phase: FailurePhase,
    /// The error's name.
    pub name: String,
    /// The error's message.
    pub message: String,
    /// The file that it is in, absolute.
    pub file: Option<String>,
    /// From 1.
    pub line: Option<u32>,
    /// From 1, in UTF-16 units.
    pub column: Option<u32>,
    /// Up to three lines of the file, with a caret.
    pub frame: Option<String>,
    /// The lines of its stack, where nobody but us tells people of it.
    pub stack: Option<String>,
    /// What it would replace stays; `false` if nothing is said.
    pub keeps_old: Option<bool>,
}

impl From<Failure> for engine::Failure {
    fn from(failure: Failure) -> Self {
        let Failure { phase, name, message, file, line, column, frame, stack, keeps_old } = failure;
        let keeps_old = keeps_old.unwrap_or_default();
        let phase = match phase {
            FailurePhase::Link => Phase::Link,
            FailurePhase::Evaluate => Phase::Evaluate,
            FailurePhase::Accept => Phase::Accept,
            FailurePhase::Dispose => Phase::Dispose,
            FailurePhase::Prune => Phase::Prune,
        };
        Self { phase, name, message, file, line, column, frame, stack, keeps_old }
    }
}

#[napi]
impl Thread {
    /// The thread's `wake` is called soon, in a turn of its own.
    #[napi]
    pub fn wake(&self) -> Result<(), Error> {
        with(|engine| engine.wake(self.id))
    }

    /// What the thread is to check next, for updates up to the number `update`, whose other work it has done; `null`: it has done
    /// all. `checked` follows, or `checkTakesLong`.
    #[napi]
    pub fn next_check(&self, update: i64) -> Result<Option<Check>, Error> {
        let update = update.cast_unsigned();
        let check = with(|engine| engine.next_check(self.id, update, Instant::now()))?;
        Ok(check.map(Check::from))
    }

    /// The URL by which a module is linked for a check, which Node resolved to `url`; `null` if it is no file.
    #[napi]
    pub fn resolve_for_check(&self, url: String) -> Result<Option<String>, Error> {
        with(|engine| engine.resolve_for_check(&url))
    }

    /// What came of the check that `nextCheck` has given: nothing, or why the module cannot be linked. Returns whether listeners
    /// are to hear of that: not if no update has brought it about, and not if it may have met half a save, which is tried again.
    #[napi]
    pub fn checked(&self, failure: Option<Failure>) -> Result<bool, Error> {
        let failure = failure.map(Into::into);
        with(|engine| engine.checked(self.id, failure, Instant::now()))
    }

    /// The check that `nextCheck` has given is not waited for any longer: what it checks is linked at its import.
    #[napi]
    pub fn check_takes_long(&self) -> Result<(), Error> {
        with(|engine| engine.check_takes_long(self.id, Instant::now()))
    }

    /// Something of the module that the thread knows by `url` has failed: a handler, or an import that an update makes.
    #[napi]
    pub fn failed(&self, url: String, failure: Failure) -> Result<(), Error> {
        with(|engine| engine.failed_at(self.id, &url, failure.into())).map(drop)
    }

    /// The URLs of the instances that the app imports as boundaries and of which `importEnded` is to tell.
    #[napi]
    pub fn take_followed(&self) -> Result<Vec<String>, Error> {
        let followed = with(|engine| engine.take_followed(self.id))?.into_iter();
        Ok(followed.map(|url| url.to_string()).collect())
    }

    /// Whether an update has reached the module that the thread knows by `url`, so that its failures are told.
    #[napi]
    pub fn is_of_save(&self, url: String) -> Result<bool, Error> {
        with(|engine| engine.is_of_save(&url))
    }

    /// An import of the instance `url` has evaluated to the end, or failed. Returns whether listeners are to hear of a failure: it is
    /// not known yet.
    #[napi]
    pub fn import_ended(&self, url: String, failure: Option<Failure>) -> Result<bool, Error> {
        with(|engine| engine.import_ended(self.id, &url, failure.map(Into::into)))
    }

    /// An import of the instance `url` could not be linked, nobody can tell why: it is checked why. Returns whether it will be.
    #[napi]
    pub fn recheck(&self, url: String) -> Result<bool, Error> {
        with(|engine| engine.recheck(self.id, &url))
    }

    /// The URLs of CommonJS that was imported, of which `endCommonjs` is to tell when it has run, or has thrown.
    #[napi]
    pub fn open_commonjs(&self) -> Result<Vec<String>, Error> {
        let open = with(|engine| engine.open_commonjs(self.id))?.into_iter();
        Ok(open.map(|url| url.to_string()).collect())
    }

    /// The CommonJS module that was imported by `url` has run, or has thrown.
    #[napi]
    pub fn end_commonjs(&self, url: String, threw: bool) -> Result<(), Error> {
        with(|engine| engine.end_commonjs(self.id, &url, threw))
    }

    /// The thread is told of each outcome.
    #[napi]
    pub fn follow_outcomes(&self) -> Result<(), Error> {
        with(|engine| engine.follow_outcomes(self.id))
    }
}

/// What became of the last 200 saves, oldest first: the JSON of a list of `Outcome`s of index.d.ts.
#[napi]
pub fn outcomes() -> Result<String, Error> {
    with(|engine| serde_json::to_string(&engine.outcomes().collect::<Vec<_>>()).unwrap_or_default())
}
