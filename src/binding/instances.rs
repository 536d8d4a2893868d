//! What the instances of modules do and register.

use std::time::Instant;

use napi_derive::napi;

use crate::engine::lifecycle::instance::InstanceId;

use super::convert::{self, Acceptance, Ending, Slot};
use super::host::{Error, with};
use super::thread::Thread;

/// The instance has registered a `dispose` handler: the end of its evaluation is to be reported (`takeObserved`). Returns whether
/// that counts: it does not once the instance has been disposed of.
#[napi]
pub fn track(instance: u32) -> Result<bool, Error> {
    with(|engine| engine.track(InstanceId(instance)))
}

/// The evaluation of an instance has ended. It does no harm to say so twice.
#[napi]
pub fn ended(instance: u32, ending: Ending) -> Result<(), Error> {
    with(|engine| engine.ended(InstanceId(instance), ending.into(), Instant::now()))
}

/// The body of the instance, which has begun to run, is followed until `bodyEnded` is called: what it imports meanwhile it may keep.
/// Returns whether it may wait; `null` if nobody needs to know when it ends.
#[napi]
pub fn follow_body(instance: u32) -> Result<Option<bool>, Error> {
    with(|engine| engine.follow_body(InstanceId(instance)))
}

/// See `followBody`. `atOnce`: it is told as soon as it has ended.
#[napi]
pub fn body_ended(instance: u32, at_once: bool) -> Result<(), Error> {
    with(|engine| engine.body_ended(InstanceId(instance), at_once))
}

/// The instance declines: a change that would supersede it asks for a restart.
#[napi]
pub fn decline(instance: u32) -> Result<(), Error> {
    with(|engine| engine.decline(InstanceId(instance)))
}

/// A `dispose` handler of the instance is asynchronous: what replaces it waits for that before it runs.
#[napi]
pub fn disposes_async(instance: u32) -> Result<(), Error> {
    with(|engine| engine.disposes_async(InstanceId(instance)))
}

/// The instance accepts itself (`import.meta.hot.accept()`). Returns the name of this call among those of the instance; `null` if it does
/// not count: the instance has been disposed of.
#[napi]
pub fn accept_own(instance: u32) -> Result<Option<u32>, Error> {
    with(|engine| engine.accept_own(InstanceId(instance)))
}

/// The instance accepts what it knows by these URLs, with version or without. `Missing` accepts none of them.
#[napi]
pub fn accept_dependencies(instance: u32, urls: Vec<String>) -> Result<Acceptance, Error> {
    let urls: Vec<_> = urls.iter().map(String::as_str).collect();
    with(|engine| engine.accept_dependencies(InstanceId(instance), &urls).into())
}

/// The instance has registered something that may come to count after it was disposed of. Returns whether that counts: it
/// does not once it has been.
#[napi]
pub fn keeps_handlers(instance: u32) -> Result<bool, Error> {
    with(|engine| engine.keeps_handlers(InstanceId(instance)))
}

/// Where the instance and those before and after it keep what they hand on; `null` once it has been disposed of.
#[napi]
pub fn data_key(instance: u32) -> Result<Option<Slot>, Error> {
    let slot = with(|engine| engine.data_key(InstanceId(instance)))?;
    Ok(slot.map(|(module, url)| Slot { module: convert::index(module), url: url.to_string() }))
}

/// A change of a file that one of `patterns` (paths or globs) matches is a change of the instance's module; relative ones
/// are meant from its folder. Returns whether that counts: it does not once the instance has been disposed of.
///
/// Throws with the code `HOT_HOOK_OPTIONS` if a pattern cannot be used; nothing is watched then.
#[napi]
pub fn watch_files_for(instance: u32, patterns: Vec<String>) -> Result<bool, Error> {
    let patterns: Vec<_> = patterns.iter().map(String::as_str).collect();
    with(|engine| engine.watch_files(InstanceId(instance), &patterns))?
        .map_err(|error| Error::new("HOT_HOOK_OPTIONS", error.to_string()))
}

/// Whether the instance has been disposed of, or is not known: what it registers is too late.
#[napi]
pub fn is_disposed(instance: u32) -> Result<bool, Error> {
    with(|engine| engine.is_disposed(InstanceId(instance)))
}

/// Whether a callback of the instance that `linked` has named is still to be called, once what it accepts has evaluated. `own`: the URL of
/// what accepts itself.
#[napi]
pub fn is_to_call(instance: u32, own: Option<String>) -> Result<bool, Error> {
    with(|engine| engine.is_to_call(InstanceId(instance), own.as_deref()))
}

#[napi]
impl Thread {
    /// The name of the instance that the thread knows by `url`; `null` if there is none.
    #[napi]
    pub fn find(&self, url: String) -> Result<Option<u32>, Error> {
        with(|engine| engine.find(self.id, &url).map(|id| id.0))
    }

    /// Superseded instances of the thread stay in Node's cache: `release` is off, or the cache is out of reach.
    #[napi]
    pub fn keep_superseded(&self) -> Result<(), Error> {
        with(|engine| engine.keep_superseded(self.id))
    }

    /// Whether the current version of the module that the thread knows by `url` has passed its hooks, and so has what it imports.
    #[napi]
    pub fn has_passed(&self, url: String) -> Result<bool, Error> {
        with(|engine| engine.has_passed(self.id, &url))
    }

    /// The app ends: all instances of the thread are disposed of. Returns those that have a record (`dataKey`), by when they began to
    /// evaluate, latest first.
    #[napi]
    pub fn dispose_all(&self) -> Result<Vec<u32>, Error> {
        let ids = with(|engine| engine.dispose_all(self.id))?;
        Ok(ids.into_iter().map(|id| id.0).collect())
    }

    /// Which of these URLs name an instance of the thread. A required ES module keeps its URL, so that it may be its successor's.
    #[napi]
    pub fn in_use(&self, urls: Vec<String>) -> Result<Vec<String>, Error> {
        with(|engine| urls.into_iter().filter(|url| engine.find(self.id, url).is_some()).collect())
    }

    /// The instance `url` begins to run. Returns its name, `null` if it is unknown.
    #[napi]
    pub fn evaluate(&self, url: String) -> Result<Option<u32>, Error> {
        with(|engine| engine.evaluate(self.id, &url).map(|id| id.0))
    }

    /// The module that the thread knows by `url` counts as changed, and its accepting itself does not help. Decided with the
    /// next `drain`.
    #[napi]
    pub fn invalidate(&self, url: String, message: Option<String>) -> Result<(), Error> {
        with(|engine| engine.invalidate(self.id, &url, message.as_deref()))
    }
}
