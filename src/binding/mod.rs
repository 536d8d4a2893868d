//! The Node-API face of the engine: converts and delegates, and decides nothing.
//!
//! `thread` is always Node's `threadId` of the thread that runs user code, also when a hooks thread calls for it.
//! All functions throw an error with the code `HOT_HOOK_INTERNAL` after a failure inside the engine.

#![expect(clippy::needless_pass_by_value, reason = "napi-derive wants owned arguments")]
#![expect(
    clippy::missing_errors_doc,
    reason = "what is thrown is said once above, and at those that throw more"
)]

mod control;
mod convert;
mod host;
pub mod imports;
pub mod inspect;
pub mod instances;
pub mod project;
pub mod updates;

use napi::Env;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::config::Origin;
use crate::engine::Engine;
use crate::graph::ThreadId;
use crate::stderr::{self, Written};
use host::{Error, with};

/// Takes options in: the JSON of an object as `hot.init` takes it, in which what JSON cannot express stands as
/// `{"$type": "a function"}`. Returns warnings, a line each. Options of a later call take the place of earlier ones.
///
/// `name` is what errors call the options, `base` the folder that relative paths are meant from, `envWatch` the value
/// of `HOT_HOOK_WATCH`. Throws with the code `HOT_HOOK_OPTIONS` if an option cannot be used; nothing is changed then.
#[napi]
pub fn configure(
    thread: u32,
    options: String,
    name: String,
    base: String,
    env_watch: Option<String>,
) -> Result<Vec<String>, Error> {
    let options = serde_json::from_str(&options)
        .map_err(|error| Error::new("HOT_HOOK_OPTIONS", error.to_string()))?;
    let origin = Origin { name: &name, base: &base, env_watch: env_watch.as_deref() };
    let warnings = with(|engine| engine.configure(ThreadId(thread), &options, &origin))?
        .map_err(|error| Error::new("HOT_HOOK_OPTIONS", error.to_string()))?;
    host::start_draining()?;
    Ok(warnings)
}

/// Whether options were taken in.
#[napi]
pub fn is_configured() -> Result<bool, Error> {
    with(|engine| engine.config().is_some())
}

/// The process has an IPC channel: its parent may report changes.
#[napi]
pub fn has_parent() -> Result<(), Error> {
    with(Engine::has_parent)
}

/// Whether changes are to be taken from the parent process; `undefined` before `configure`.
#[napi]
pub fn takes_reports() -> Result<Option<bool>, Error> {
    with(|engine| engine.takes_reports())
}

/// A thread takes part until it ends. `wake` is called in it, without arguments, when `take` has something; it keeps
/// nothing alive. `hooked`: its `require`s pass our hooks; otherwise it must `report` them.
#[napi]
pub fn attach(env: Env, thread: u32, hooked: bool, wake: Function<(), ()>) -> Result<(), Error> {
    let internal = |error: napi::Error| Error::new(host::INTERNAL, error.reason.clone());
    let wake = wake.build_threadsafe_function().weak::<true>().build().map_err(internal)?;
    let wake = move || {
        wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
    };
    host::be(ThreadId(thread));
    with(|engine| engine.attach(ThreadId(thread), hooked, Box::new(wake)))?;
    env.add_env_cleanup_hook(thread, |thread| {
        // The process ends with its main thread: of all that it has only the watches take time to end.
        let _ = match thread {
            0 => {
                control::close();
                with(Engine::stop_watching)
            }
            _ => with(|engine| engine.detach(ThreadId(thread))),
        };
    })
    .map(drop)
    .map_err(internal)
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

/// Another set of hooks for the thread; of several, the outermost works. `first`: only if there is none. Returns its
/// number, 0 if there was one.
#[napi]
pub fn add_layer(thread: u32, first: bool) -> Result<u32, Error> {
    with(|engine| engine.add_layer(ThreadId(thread), first))
}

/// Whether the set of hooks is the one that works.
#[napi]
pub fn is_outermost(thread: u32, layer: u32) -> Result<bool, Error> {
    with(|engine| engine.is_outermost(ThreadId(thread), layer))
}

/// What calls the engine has failed, for this reason: it cannot be trusted with what was decided, and all is as after a
/// failure inside the engine. See `takeDegraded`.
#[napi]
pub fn give_up(reason: String) {
    host::give_up(reason);
}

/// Whether the failure is to be told to the user: true once in the process.
#[napi]
pub fn should_report_failure() -> bool {
    host::announce()
}

/// Writes to standard error, and drops what nobody is there to read. Returns how many bytes are out if the reader is behind;
/// `null` if that was all.
#[napi]
pub fn print(text: String) -> Option<u32> {
    match stderr::write(&text) {
        Written::All => None,
        Written::Partly(count) => u32::try_from(count).ok(),
    }
}

/// Whether somebody may read standard error.
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
