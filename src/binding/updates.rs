//! What follows from changes, and what a thread does about it.

use std::time::Instant;

use napi_derive::napi;

use crate::engine::{Caller, Engine, Next};
use crate::graph::ThreadId;

use super::convert::{self, Linked, Observed, Reimport, Report, Update};
use super::host::{self, Error, with};

/// Takes in what has happened to files, and decides on it; costs one empty read when nothing has happened.
/// `canReport`: the caller runs in that thread.
///
/// Returns -1 if `report` is to be called, then `take`; -2 if `take` has work; otherwise the engine's generation: as long
/// as it is the same, an `import()` that `isRepeatable` need not be resolved again.
#[napi]
pub fn drain(thread: u32, can_report: bool) -> Result<i64, Error> {
    let caller = if can_report { Caller::Thread(ThreadId(thread)) } else { Caller::Hooks };
    with(|engine| {
        if engine.has_no_work(ThreadId(thread)) {
            return i64::from(engine.generation());
        }
        match engine.drain(caller, Instant::now()) {
            Next::Report => -1,
            Next::Take => -2,
            Next::Nothing => i64::from(engine.generation()),
        }
    })
}

/// The engine's generation if nothing has happened that the thread that calls, which has attached, must take in; else -1.
/// Of all calls it costs the least: it is made at every import.
#[napi]
pub fn generation_if_idle() -> Result<i64, Error> {
    with(|engine| if engine.has_no_work(host::thread()) { engine.generation().into() } else { -1 })
}

/// The parent process says that the file at `path`, absolute, was changed or `removed`. After a failure a restart is asked
/// for all the same; see `takeDegraded`.
#[napi]
pub fn reported(path: String, removed: bool) -> Result<(), Error> {
    with(|engine| engine.reported(&path, removed, Instant::now())).inspect_err(|_| {
        host::degraded(|engine| engine.reported_degraded(&path));
    })
}

/// The thread begins to require, for the first time since its last `report`.
#[napi]
pub fn requires(thread: u32) -> Result<(), Error> {
    with(|engine| engine.requires(ThreadId(thread)))
}

/// Reports what `require` did that the last report did not say. `hooked`: `require` passes hooks.
#[napi]
pub fn report(thread: u32, found: Report, hooked: bool) -> Result<(), Error> {
    with(|engine| engine.report(ThreadId(thread), &found.required(hooked)))
}

/// A required ES module could not be evicted.
#[napi]
pub fn eviction_failed(path: String) -> Result<(), Error> {
    with(|engine| engine.eviction_failed(&path))
}

/// The thread was woken, and is busy with that (`idle`), or no longer: what it reports meanwhile no import waits for.
#[napi]
pub fn set_idle(thread: u32, idle: bool) -> Result<(), Error> {
    with(|engine| engine.set_idle(ThreadId(thread), idle))
}

/// Whether `take` has something for the thread.
#[napi]
pub fn has_pending(thread: u32) -> Result<bool, Error> {
    with(|engine| engine.has_pending(ThreadId(thread)))
}

/// Hands the thread's pending work out, once; `null` if there is none.
#[napi]
pub fn take(thread: u32) -> Result<Option<Update>, Error> {
    with(|engine| engine.take(ThreadId(thread)).map(Update::from))
}

/// These of an update's reimports have linked and are about to evaluate. To be called once for each update that has any,
/// in the order in which they were taken.
#[napi]
pub fn linked(thread: u32, reimports: Vec<Reimport>) -> Result<Linked, Error> {
    let reimports: Vec<_> = reimports.into_iter().map(Into::into).collect();
    with(|engine| engine.linked(ThreadId(thread), &reimports).into())
}

/// The instances of which the thread is to tell when their evaluation ends (`ended`).
#[napi]
pub fn take_observed(thread: u32) -> Result<Vec<Observed>, Error> {
    let to_observe = with(|engine| engine.take_observed(ThreadId(thread)))?.into_iter();
    Ok(to_observe.map(|(id, url)| Observed { instance: id.0, url: url.to_string() }).collect())
}

/// What an update imports by `url`, without our version, has evaluated, or thrown.
#[napi]
pub fn reimport_ended(thread: u32, url: String, threw: bool) -> Result<(), Error> {
    with(|engine| engine.reimport_ended(ThreadId(thread), &url, threw, Instant::now()))
}

/// Whether what an update is about to import by `url`, without our version, is still reached by any import. If not, it is not
/// to evaluate.
#[napi]
pub fn is_reached(url: String) -> Result<bool, Error> {
    with(|engine| engine.is_reached(&url))
}

/// Node does not find what an update is to import by `url`.
#[napi]
pub fn unresolved_for_update(url: String) -> Result<(), Error> {
    with(|engine| engine.unresolved_for_update(&url))
}

/// Asynchronous `dispose` handlers are pending in the thread, or no longer.
#[napi]
pub fn set_disposing(thread: u32, disposing: bool) -> Result<(), Error> {
    with(|engine| engine.set_disposing(ThreadId(thread), disposing))
}

/// Whether superseded instances are to be released.
#[napi]
pub fn releases() -> Result<bool, Error> {
    with(|engine| engine.config().is_some_and(|config| config.release))
}

/// Forgets the superseded instances that `take` was about. Returns their URLs, which may leave the load cache: each with
/// a NUL before it.
#[napi]
pub fn release(thread: u32) -> Result<String, Error> {
    with(|engine| convert::list(&engine.release(ThreadId(thread))))
}

/// After a failure: what can still be told. See `take`.
#[napi]
pub fn take_degraded(thread: u32) -> Option<Update> {
    host::degraded(|engine| engine.take(ThreadId(thread)).map(Update::from)).flatten()
}

/// The thread has listeners, who want to hear what happens.
#[napi]
pub fn listen(thread: u32) -> Result<(), Error> {
    with(|engine| engine.listen(ThreadId(thread)))
}

/// From now on until `drop_stale_prelink` the process links its app, and runs nothing of it.
#[napi]
pub fn begin_prelink() -> Result<(), Error> {
    with(Engine::begin_prelink)
}

/// The thread has linked the app whose entry is `entry`, and is about to run it. Returns the URLs of what is stale by
/// now, for Node to forget; `null` if only another process can run the app.
#[napi]
pub fn drop_stale_prelink(thread: u32, entry: String) -> Result<Option<Vec<String>>, Error> {
    let stale = with(|engine| engine.drop_stale_prelink(ThreadId(thread), &entry, Instant::now()))?;
    Ok(stale.map(|urls| urls.iter().map(ToString::to_string).collect()))
}
