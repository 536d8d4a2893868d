//! What other processes of the user may ask this one: see [`crate::socket`]. It needs no turn of the event loop, so that an app
//! that is busy answers, too.

#[cfg(unix)]
pub use unix::{ControlServer, close};

#[cfg(unix)]
mod unix {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use parking_lot::Mutex;
    use serde_json::{Value, json};

    use super::super::host::with;
    use crate::engine::{Caller, Engine};
    use crate::socket::{Files, Response, Socket, failure};
    use crate::watch::Poller;

    /// An app that ends sooner is never asked.
    const START: Duration = Duration::from_millis(250);

    static HAS_ENDED: AtomicBool = AtomicBool::new(false);
    static OPEN: Mutex<Option<Arc<Files>>> = Mutex::new(None);

    /// Where requests come in, by and by.
    pub enum ControlServer {
        /// The app has not run for [`START`] yet, which is looked at then, if at any time.
        Closed { look: Option<Instant>, runs: bool },
        /// It is served.
        Open(Socket),
        /// There is none, and will be none.
        Never,
    }

    impl ControlServer {
        /// One that opens when the app has run for a moment; `HOT_HOOK_SOCKET=0` forbids it.
        pub fn new() -> Self {
            let look = Some(Instant::now() + START);
            let forbidden = std::env::var_os("HOT_HOOK_SOCKET").is_some_and(|value| value == "0");
            if forbidden { Self::Never } else { Self::Closed { look, runs: false } }
        }

        /// Sleeps until there is something to do, or for `timeout`, and answers what is asked.
        pub fn sleep(&mut self, poller: &Poller, timeout: Option<Duration>) {
            let timeout = self.timeout().into_iter().chain(timeout).min();
            let ready = match self {
                Self::Open(socket) => wait(socket, poller, timeout),
                Self::Closed { .. } | Self::Never => {
                    poller.sleep(timeout);
                    Vec::new()
                }
            };
            let work = AssertUnwindSafe(|| match self {
                Self::Open(socket) => socket.serve(&ready, Instant::now(), respond),
                Self::Closed { look, runs } if look.is_none_or(|at| at <= Instant::now()) => {
                    let runs = *runs;
                    self.look(runs);
                }
                Self::Closed { .. } | Self::Never => {}
            });
            if catch_unwind(work).is_err() {
                close();
                *self = Self::Never;
            }
        }

        /// Sends the clients that follow what has happened.
        pub fn broadcast(&mut self) {
            let Self::Open(socket) = self else { return };
            let lines =
                with(|engine| engine.take_broadcasts(socket.is_followed())).unwrap_or_default();
            for line in lines {
                socket.send(&line);
            }
        }

        fn timeout(&self) -> Option<Duration> {
            let at = match self {
                Self::Closed { look, .. } => *look,
                Self::Open(socket) => socket.deadline(),
                Self::Never => None,
            };
            at.map(|at| at.saturating_duration_since(Instant::now()))
        }

        /// `runs`: it did when it was last looked. What waits before it is an app may look like one for a moment.
        fn look(&mut self, runs: bool) {
            let Ok(Some((root, entry))) = with(Engine::running_app) else {
                // Whatever may be its beginning wakes us.
                *self = Self::Closed { look: None, runs: false };
                return;
            };
            if !runs {
                *self = Self::Closed { look: Some(Instant::now() + START), runs: true };
                return;
            }
            let mut open = OPEN.lock();
            let socket = Socket::open(Path::new(&root), &entry);
            let Some(socket) = socket.filter(|_| !HAS_ENDED.load(Ordering::Relaxed)) else {
                *self = Self::Never;
                return;
            };
            *open = Some(socket.files());
            close_at_exit();
            *self = Self::Open(socket);
        }
    }

    fn wait(socket: &Socket, poller: &Poller, timeout: Option<Duration>) -> Vec<bool> {
        let mut awaited = socket.awaits();
        poller.sleep_also_on(timeout, &mut awaited);
        awaited.iter().map(|fd| !fd.revents().is_empty()).collect()
    }

    /// The process ends.
    pub fn close() {
        HAS_ENDED.store(true, Ordering::Relaxed);
        if let Some(files) = OPEN.lock().take() {
            files.remove();
        }
    }

    /// `process.exit()` runs no clean-up hook of Node's.
    #[expect(unsafe_code, reason = "the C library knows no other way")]
    fn close_at_exit() {
        extern "C" fn at_exit() {
            close();
        }
        // SAFETY: the function lives as long as the process, and does not unwind: nothing in it panics.
        unsafe { libc::atexit(at_exit) };
    }

    fn respond(request: &Value) -> Response {
        let text = |name: &str| request.get(name).and_then(Value::as_str);
        let found = match (text("ask"), text("path")) {
            (Some("explain"), Some(path)) => with(|engine| {
                engine.drain(Caller::Watcher, Instant::now());
                let found = engine.explain(path);
                Response::Once(serde_json::to_string(&found).unwrap_or_default())
            }),
            (Some("graph"), _) => with(|engine| {
                engine.drain(Caller::Watcher, Instant::now());
                engine.snapshot()
            })
            .map(|snapshot| Response::Once(snapshot.to_json())),
            (Some("follow"), _) => with(|engine| {
                engine.follow();
                Response::Follow(json!({ "event": "hello" }).to_string())
            }),
            _ => {
                return failure(
                    "hot-hook does not know this request: it may be of another version",
                );
            }
        };
        found.unwrap_or_else(|error| failure(&error.reason))
    }
}

#[cfg(not(unix))]
pub use elsewhere::{ControlServer, close};

#[cfg(not(unix))]
mod elsewhere {
    use std::time::Duration;

    use crate::watch::Poller;

    /// There are no requests.
    pub struct ControlServer;

    impl ControlServer {
        pub fn new() -> Self {
            Self
        }

        pub fn sleep(&mut self, poller: &Poller, timeout: Option<Duration>) {
            poller.sleep(timeout);
        }

        pub fn broadcast(&mut self) {}
    }

    pub fn close() {}
}
