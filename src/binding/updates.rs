//! What follows from changes, and what a thread does about it.

use std::time::Instant;

use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::engine::lifecycle::instance::InstanceId;
use crate::engine::{self, Caller, Engine};

use super::convert::{Ending, Linked, Next, NulList, Observed, Reimport, Report, Update, list};
use super::host::{self, Error, with};
use super::thread::Thread;

/// The engine's generation if nothing has happened that the thread that calls must take in, which has attached; else
/// `null`.
///
/// It is made at every import, and no method of [`Thread`]: Node-API takes 0.2 µs to find what a method is called on, which
/// is as long as all of this takes.
#[napi]
pub fn generation_if_idle() -> Result<Option<u32>, Error> {
    with(|engine| engine.has_no_work(host::attached()).then(|| engine.generation()))
}

/// The parent process says that the file at `path` was changed or `removed`. After a failure it throws, and a restart is
/// asked for all the same: see `takeDegraded`.
#[napi]
pub fn reported(path: String, removed: bool) -> Result<(), Error> {
    with(|engine| engine.reported(&path, removed, Instant::now())).inspect_err(|_| {
        host::degraded(|engine| engine.reported_degraded(&path));
    })
}

/// What is stale at `path` could not leave Node's caches: a restart is asked for.
#[napi]
pub fn eviction_failed(path: String) -> Result<(), Error> {
    with(|engine| engine.eviction_failed(&path))
}

/// Whether what an update is about to import by `url`, without version, is still reached by any import. If not, it is not
/// to evaluate.
#[napi]
pub fn is_reached(url: String) -> Result<bool, Error> {
    with(|engine| engine.is_reached(&url))
}

/// Node does not find what an update is to import by `url`, without version: when it comes back, that is a change.
#[napi]
pub fn unresolved_for_update(url: String) -> Result<(), Error> {
    with(|engine| engine.unresolved_for_update(&url))
}

/// Whether superseded instances are to be released: the option `release`; `false` before `configure`.
#[napi]
pub fn releases() -> Result<bool, Error> {
    with(|engine| engine.config().is_some_and(|config| config.release))
}

/// From now on until `dropStalePrelink` the process links its app, and runs nothing of it.
#[napi]
pub fn begin_prelink() -> Result<(), Error> {
    with(Engine::begin_prelink)
}

#[napi]
impl Thread {
    /// Takes in what has happened to files, and decides on it; costs one empty read, 0.6 µs, when nothing has happened.
    /// `canReport`: the caller runs in that thread, and can do what is returned; a hooks thread cannot.
    ///
    /// Returns what is to be done; if that is nothing, the engine's generation: as long as it is the same, an `import()`
    /// that `isRepeatable` need not be resolved again.
    #[napi]
    pub fn drain(&self, can_report: bool) -> Result<Either<u32, Next>, Error> {
        let caller = if can_report { Caller::Thread(self.id) } else { Caller::Hooks };
        with(|engine| {
            if engine.has_no_work(self.id) {
                return Either::A(engine.generation());
            }
            match engine.drain(caller, Instant::now()) {
                engine::Next::Report => Either::B(Next::Report),
                engine::Next::Take => Either::B(Next::Take),
                engine::Next::Nothing => Either::A(engine.generation()),
            }
        })
    }

    /// The thread begins to require, for the first time since its last `report`.
    #[napi]
    pub fn requires(&self) -> Result<(), Error> {
        with(|engine| engine.requires(self.id))
    }

    /// Reports what `require` did that the last report did not say. `hooked`: `require` passes hooks.
    #[napi]
    pub fn report(&self, found: Report, hooked: bool) -> Result<(), Error> {
        with(|engine| engine.report(self.id, &found.required(hooked)))
    }

    /// The thread was woken while nobody imports, and is busy with that (`idle`), or no longer: what it reports meanwhile no
    /// import waits for.
    #[napi]
    pub fn set_idle(&self, idle: bool) -> Result<(), Error> {
        with(|engine| engine.set_idle(self.id, idle))
    }

    /// Whether `take` has something for the thread.
    #[napi]
    pub fn has_pending(&self) -> Result<bool, Error> {
        with(|engine| engine.has_pending(self.id))
    }

    /// Hands the thread's pending work out, once; `null` if there is none.
    #[napi]
    pub fn take(&self) -> Result<Option<Update>, Error> {
        with(|engine| engine.take(self.id).map(Update::from))
    }

    /// These of an update's reimports have linked and are about to evaluate. To be called once for each update that has any,
    /// in the order in which they were taken.
    #[napi]
    pub fn linked(&self, reimports: Vec<Reimport>) -> Result<Linked, Error> {
        let reimports: Vec<_> = reimports.into_iter().map(Into::into).collect();
        with(|engine| engine.linked(self.id, &reimports).into())
    }

    /// The instances the end of whose evaluation the thread is to report, by `ended`.
    /// `only`: this one, if it is among them; the others are kept.
    #[napi]
    pub fn take_observed(&self, only: Option<u32>) -> Result<Vec<Observed>, Error> {
        let to_observe = with(|engine| engine.take_observed(self.id, only.map(InstanceId)))?;
        Ok(to_observe.into_iter().map(Observed::from).collect())
    }

    /// The evaluation has ended of what an update has imported by `url`, without version.
    #[napi]
    pub fn reimport_ended(&self, url: String, ending: Ending) -> Result<(), Error> {
        with(|engine| engine.reimport_ended(self.id, &url, ending.into(), Instant::now()))
    }

    /// Asynchronous `dispose` handlers are pending in the thread, or no longer.
    #[napi]
    pub fn set_disposing(&self, disposing: bool) -> Result<(), Error> {
        with(|engine| engine.set_disposing(self.id, disposing))
    }

    /// Forgets the superseded instances that `take` was about. Returns their URLs, with their versions: these may leave the load
    /// cache.
    #[napi]
    pub fn release(&self) -> Result<NulList, Error> {
        with(|engine| list(&engine.release(self.id)))
    }

    /// After a failure: what can still be reported, as `take` has it; `null` if there is nothing, or no failure. Never throws.
    #[napi]
    pub fn take_degraded(&self) -> Option<Update> {
        host::degraded(|engine| engine.take(self.id).map(Update::from)).flatten()
    }

    /// The thread has listeners: from now on its updates have `events`.
    #[napi]
    pub fn listen(&self) -> Result<(), Error> {
        with(|engine| engine.listen(self.id))
    }

    /// The thread has linked the app whose entry has the URL `entry`, and is about to run it; an empty one ends the prelink.
    /// Returns the URLs of what is stale by now, for Node to forget; `null` if only another process can run the app.
    #[napi]
    pub fn drop_stale_prelink(&self, entry: String) -> Result<Option<Vec<String>>, Error> {
        let stale = with(|engine| engine.drop_stale_prelink(self.id, &entry, Instant::now()))?;
        Ok(stale.map(|urls| urls.iter().map(ToString::to_string).collect()))
    }
}
