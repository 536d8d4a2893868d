//! The Node-API face of the engine: converts and delegates, and decides nothing.
//!
//! [`Thread`] is a thread that runs user code; functions are about the process.
//! All throw an error with the code `HOT_HOOK_INTERNAL` after a failure inside the engine.

#![expect(clippy::needless_pass_by_value, reason = "napi-derive wants owned arguments")]
#![expect(
    clippy::missing_errors_doc,
    reason = "what is thrown is said once above, and at those that throw more"
)]

mod control;
mod convert;
pub mod errors;
pub mod evidence;
mod host;
pub mod imports;
pub mod inspect;
pub mod instances;
pub mod outcomes;
pub mod project;
pub mod proxy;
mod thread;
pub mod updates;

use napi_derive::napi;

use crate::engine::Engine;
use crate::stderr::{self, Written};
use host::{Error, with};
pub use thread::Thread;

/// Whether options were taken in, by any thread (`configure`).
#[napi]
pub fn is_configured() -> Result<bool, Error> {
    with(|engine| engine.config().is_some())
}

/// The process has an IPC channel: its parent may report changes.
#[napi]
pub fn has_parent() -> Result<(), Error> {
    with(Engine::has_parent)
}

/// Whether changes are to be taken from the parent process; `null` before `configure`.
#[napi]
pub fn takes_reports() -> Result<Option<bool>, Error> {
    with(|engine| engine.takes_reports())
}

/// What only JavaScript knows of the process, for who asks about it by the control socket: the JSON of an object.
#[napi]
pub fn describe_process(process: String) -> Result<(), Error> {
    let process = serde_json::from_str(&process).unwrap_or_default();
    with(|engine| engine.describe_process(process))
}

/// The version of the package that the addon was built for.
#[napi]
pub fn version() -> &'static str {
    env!("HOT_HOOK_VERSION")
}

/// Whether the thread that calls is the process's first, which is Node's main thread; `false` also where that cannot be
/// told.
#[napi]
pub fn is_first_thread() -> bool {
    host::is_first_thread()
}

/// What calls the engine has failed, for this reason: it cannot be trusted with what was decided, and all is as after a
/// failure inside the engine. See `takeDegraded`.
#[napi]
pub fn give_up(reason: String) {
    host::give_up(reason);
}

/// Whether the failure is to be reported to the user: `true` once in the process.
#[napi]
pub fn should_report_failure() -> bool {
    host::is_first_report()
}

/// Writes to standard error at once, past Node's stream, and drops it where no reader is left. Returns how many bytes of the
/// UTF-8 are out if the reader is behind; `null` if that was all. Never throws.
#[napi]
pub fn print(text: String) -> Option<u32> {
    match stderr::write(&text) {
        Written::All => None,
        Written::Partly(count) => u32::try_from(count).ok(),
    }
}

/// Whether standard error may be read: `false` if it is closed, or its other end is; `true` where that cannot be found out.
#[napi]
pub fn has_reader() -> bool {
    stderr::has_reader()
}

/// Fails inside the engine, as a defect would, in this thread or in one of our own: for tests of what follows.
#[napi]
pub fn fail_for_tests(elsewhere: bool) -> Result<(), Error> {
    let fail = || with(|_| std::panic::panic_any("a failure made for tests"));
    if elsewhere {
        return std::thread::spawn(fail).join().map_or(Ok(()), |_| Ok(()));
    }
    fail()
}
