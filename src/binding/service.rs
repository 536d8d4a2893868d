//! What other processes of the user may ask this one: see [`crate::socket`]. It needs no turn of the event loop, so that an app
//! that is busy answers, too.

#[cfg(unix)]
pub use unix::{close, open_once, sleep_time};

#[cfg(unix)]
mod unix {
    use std::path::Path;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use parking_lot::Mutex;
    use serde_json::{Value, json};

    use super::super::host::with;
    use crate::engine::Caller;
    use crate::socket::{Files, Socket};

    /// An app that ends sooner is never asked.
    const START: Duration = Duration::from_millis(250);

    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    static IS_DONE: AtomicBool = AtomicBool::new(false);
    static HAS_ENDED: AtomicBool = AtomicBool::new(false);
    static OPEN: Mutex<Option<Files>> = Mutex::new(None);

    /// How long the thread that calls [`open_once`] may sleep, if it may sleep for `timeout`.
    pub fn sleep_time(timeout: Option<Duration>) -> Option<Duration> {
        if IS_DONE.load(Ordering::Relaxed) {
            return timeout;
        }
        let until = START.saturating_sub(BEGIN.elapsed()).max(Duration::from_millis(1));
        // Not before the app runs: until then it is looked again and again.
        let until = if BEGIN.elapsed() > START { START } else { until };
        Some(timeout.map_or(until, |timeout| timeout.min(until)))
    }

    /// Opens the socket when the app has run for a moment; `HOT_HOOK_SOCKET=0` forbids it.
    pub fn open_once() {
        if IS_DONE.load(Ordering::Relaxed) || BEGIN.elapsed() < START {
            return;
        }
        let Ok(Some((root, entry))) = with(|engine| engine.running_app()) else { return };
        IS_DONE.store(true, Ordering::Relaxed);
        if std::env::var_os("HOT_HOOK_SOCKET").is_some_and(|value| value == "0") {
            return;
        }
        let serve = move || {
            let Some(socket) = Socket::open(Path::new(&root), &entry) else { return };
            {
                let mut open = OPEN.lock();
                if HAS_ENDED.load(Ordering::Relaxed) {
                    return socket.files().remove();
                }
                *open = Some(socket.files().clone());
            }
            close_at_exit();
            socket.serve(answer);
        };
        let _ = std::thread::Builder::new().name("hot-hook-socket".to_owned()).spawn(serve);
    }

    /// The process ends.
    pub fn close() {
        IS_DONE.store(true, Ordering::Relaxed);
        let mut open = OPEN.lock();
        HAS_ENDED.store(true, Ordering::Relaxed);
        if let Some(files) = open.take() {
            files.remove();
        }
    }

    /// `process.exit()` runs no clean-up hook of Node's.
    #[cfg(target_os = "linux")]
    #[expect(unsafe_code, reason = "the C library knows no other way")]
    fn close_at_exit() {
        extern "C" fn at_exit() {
            close();
        }
        // SAFETY: the function lives as long as the process, and does not unwind: nothing in it panics.
        unsafe { libc::atexit(at_exit) };
    }

    #[cfg(not(target_os = "linux"))]
    fn close_at_exit() {}

    fn answer(question: &Value) -> Value {
        let text = |name: &str| question.get(name).and_then(Value::as_str);
        let found = match (text("ask"), text("path")) {
            (Some("explain"), Some(path)) => with(|engine| {
                engine.drain(Caller::Watcher, Instant::now());
                serde_json::to_value(engine.explain(path)).unwrap_or_default()
            }),
            (Some("graph"), _) => with(|engine| {
                engine.drain(Caller::Watcher, Instant::now());
                serde_json::from_str(&engine.picture()).unwrap_or_default()
            }),
            _ => {
                return json!({ "error": "hot-hook does not know this question: it may be of another version" });
            }
        };
        found.unwrap_or_else(|error| json!({ "error": error.reason }))
    }
}

#[cfg(not(unix))]
pub use elsewhere::{close, open_once, sleep_time};

#[cfg(not(unix))]
mod elsewhere {
    use std::time::Duration;

    pub fn sleep_time(timeout: Option<Duration>) -> Option<Duration> {
        timeout
    }

    pub fn open_once() {}

    pub fn close() {}
}
