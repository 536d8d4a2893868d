//! The one engine of the process, its lock, and the thread that drains events while no module is imported.
//!
//! An addon's statics are shared by the main thread, workers and hooks threads.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use crate::engine::{Caller, Engine};
use crate::graph::ThreadId;
use crate::watch::{Poller, sleep};

use super::control::ControlServer;

/// The `code` of an error inside us.
pub const INTERNAL: &str = "HOT_HOOK_INTERNAL";

/// An error for JavaScript, with its `code`.
pub type Error = napi::Error<&'static str>;

/// Where and why the engine has failed.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Whether the user has seen that it has.
static ANNOUNCED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// See [`attached`].
    static ATTACHED: Cell<ThreadId> = const { Cell::new(ThreadId(0)) };
}

/// The calling thread takes part as `thread`.
pub fn set_attached(thread: ThreadId) {
    ATTACHED.set(thread);
}

/// As which thread the calling one takes part, if it does.
pub fn attached() -> ThreadId {
    ATTACHED.get()
}

/// Whether the calling thread is the process's first: only Linux tells.
pub fn is_first_thread() -> bool {
    #[cfg(target_os = "linux")]
    return rustix::thread::gettid() == rustix::process::getpid();
    #[cfg(not(target_os = "linux"))]
    false
}

struct Host {
    engine: Mutex<Engine>,
    /// Until the thread that sleeps on it is started.
    poller: Mutex<Option<Poller>>,
    failed: AtomicBool,
}

static HOST: LazyLock<Result<Host, String>> = LazyLock::new(|| {
    // What a panic says goes into the JavaScript error, not onto stderr.
    std::panic::set_hook(Box::new(|panic| {
        *LAST_PANIC.lock() = panic.to_string().replace('\n', " ");
    }));
    let (waker, poller) = sleep::pair().map_err(|error| error.to_string())?;
    Ok(Host {
        engine: Mutex::new(Engine::new(waker)),
        poller: Mutex::new(Some(poller)),
        failed: AtomicBool::new(false),
    })
});

fn host() -> Result<&'static Host, Error> {
    HOST.as_ref().map_err(|reason| Error::new(INTERNAL, reason.clone()))
}

/// Calls `work` with the engine. A panic becomes an error, now and at every later call: what it left behind cannot be
/// trusted.
///
/// # Errors
/// [`INTERNAL`] after a panic.
pub fn with<T>(work: impl FnOnce(&mut Engine) -> T) -> Result<T, Error> {
    let host = host()?;
    if host.failed.load(Ordering::Relaxed) {
        return Err(Error::new(INTERNAL, format!("the engine has failed ({})", LAST_PANIC.lock())));
    }
    let mut engine = host.engine.lock();
    catch_unwind(AssertUnwindSafe(|| work(&mut engine))).map_err(|_| {
        host.failed.store(true, Ordering::Relaxed);
        Error::new(INTERNAL, format!("the engine has failed ({})", LAST_PANIC.lock()))
    })
}

/// What carries the engine's decisions out has failed: from now on it is as after a panic.
pub fn give_up(reason: String) {
    if let Ok(host) = host()
        && !host.failed.swap(true, Ordering::Relaxed)
    {
        *LAST_PANIC.lock() = reason;
    }
}

/// Whether the failure has not been reported to the user yet.
pub fn is_first_report() -> bool {
    !ANNOUNCED.swap(true, Ordering::Relaxed)
}

/// Whether the engine has failed: it only tells that something changed from then on.
pub fn degraded<T>(work: impl FnOnce(&mut Engine) -> T) -> Option<T> {
    let host = host().ok()?;
    let mut engine = host.failed.load(Ordering::Relaxed).then(|| host.engine.lock())?;
    catch_unwind(AssertUnwindSafe(|| work(&mut engine))).ok()
}

/// What patterns may mean is looked for without the lock: no import waits for that.
fn look_for_matches() {
    if let Ok(Some(search)) = with(|engine| engine.due_search(Instant::now())) {
        let searched = search.run();
        let _ = with(|engine| engine.searched(&searched));
    }
}

/// Starts the thread that drains file events while no module is imported; does nothing if it runs already.
///
/// # Errors
/// [`INTERNAL`] if no thread can be started.
pub fn start_draining() -> Result<(), Error> {
    let host = host()?;
    let Some(mut poller) = host.poller.lock().take() else { return Ok(()) };
    let run = move || {
        let mut control = ControlServer::new();
        loop {
            let mut prepare = |engine: &mut Engine| {
                engine.wake_on_events(&mut poller);
                engine.sleep_time(Instant::now())
            };
            let timeout = with(&mut prepare).ok().or_else(|| degraded(&mut prepare)).flatten();
            control.sleep(&poller, timeout);
            let drained = with(|engine| engine.drain(Caller::Watcher, Instant::now()));
            control.broadcast();
            look_for_matches();
            if drained.is_err() && degraded(Engine::drain_degraded).is_none() {
                return;
            }
        }
    };
    let thread = std::thread::Builder::new().name("hot-hook".to_owned()).spawn(run);
    thread.map(drop).map_err(|error| Error::new(INTERNAL, error.to_string()))
}
