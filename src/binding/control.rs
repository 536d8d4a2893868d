//! What other processes of the user may ask this one: see [`crate::socket`]. It needs no turn of the event loop, so that an app
//! that is busy answers, too.

#[cfg(unix)]
pub use unix::{Answer, ControlServer, Proxy, close};

#[cfg(unix)]
mod unix {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use parking_lot::Mutex;
    use serde_json::{Value, json};

    use super::super::host::with;
    use crate::engine::{Caller, Engine, Status, Topic, Wait};
    use crate::socket::{App, Files, Response, Socket, failure};
    use crate::watch::{Poller, Waker, sleep};

    /// An app that ends sooner is never asked.
    const START: Duration = Duration::from_millis(250);

    /// How long it is waited until what was saved is live, if nobody says how long.
    const PATIENCE: Duration = Duration::from_secs(30);

    static HAS_ENDED: AtomicBool = AtomicBool::new(false);
    static OPEN: Mutex<Vec<Arc<Files>>> = Mutex::new(Vec::new());

    /// Where requests come in, by and by.
    pub enum ControlServer {
        /// The app has not run for [`START`] yet, which is looked at then, if at any time.
        Closed { look: Option<Instant>, runs: bool },
        /// It is served.
        Open(Open),
        /// There is none, and will be none.
        Never,
    }

    /// One that is served.
    pub struct Open {
        socket: Socket,
        /// Who waits until what was saved is live, by the numbers of their requests.
        waits: Vec<(u64, Wait)>,
        requests: u64,
    }

    impl ControlServer {
        /// One that opens when the app has run for a moment; `HOT_HOOK_SOCKET=0` forbids it.
        pub fn new() -> Self {
            let look = Some(Instant::now() + START);
            if is_forbidden() { Self::Never } else { Self::Closed { look, runs: false } }
        }

        /// Sleeps until there is something to do, or for `timeout`, and answers what is asked.
        pub fn sleep(&mut self, poller: &Poller, timeout: Option<Duration>) {
            let timeout = self.timeout().into_iter().chain(timeout).min();
            let ready = match self {
                Self::Open(open) => open.sleep(poller, timeout),
                Self::Closed { .. } | Self::Never => {
                    poller.sleep(timeout);
                    Vec::new()
                }
            };
            let work = AssertUnwindSafe(|| match self {
                Self::Open(open) => open.serve(&ready),
                Self::Closed { look, runs } if is_due(*look) => {
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

        /// Sends the clients that follow what has happened, and answers those that wait for what is over.
        pub fn broadcast(&mut self) {
            let Self::Open(open) = self else { return };
            let socket = &mut open.socket;
            let lines =
                with(|engine| engine.take_broadcasts(socket.is_followed())).unwrap_or_default();
            for (topic, line) in lines {
                socket.send(topic, &line);
            }
            open.answer();
        }

        fn timeout(&self) -> Option<Duration> {
            let at = match self {
                Self::Closed { look, .. } => *look,
                Self::Open(open) => open.deadline(),
                Self::Never => None,
            };
            at.map(|at| at.saturating_duration_since(Instant::now()))
        }

        /// `runs`: it did when it was last looked. What waits before it is an app may look like one for a moment.
        fn look(&mut self, runs: bool) {
            let found = with(|engine| {
                engine.running_app().map(|(root, entry)| App {
                    root,
                    entry,
                    runner: engine.runner(),
                    runs: false,
                })
            });
            let Ok(Some(app)) = found else {
                // Whatever may be its beginning wakes us.
                *self = Self::Closed { look: None, runs: false };
                return;
            };
            // Our runner has started it to run it.
            if !runs && app.runner.is_none() {
                *self = Self::Closed { look: Some(Instant::now() + START), runs: true };
                return;
            }
            *self = open(&app).map_or(Self::Never, |socket| {
                Self::Open(Open { socket, waits: Vec::new(), requests: 0 })
            });
        }
    }

    impl Open {
        fn sleep(&self, poller: &Poller, timeout: Option<Duration>) -> Vec<bool> {
            let mut awaited = self.socket.awaits();
            poller.sleep_also_on(timeout, &mut awaited);
            awaited.iter().map(|fd| !fd.revents().is_empty()).collect()
        }

        fn deadline(&self) -> Option<Instant> {
            let now = Instant::now();
            let waits = self.waits.iter().map(|(_, wait)| wait.deadline(now));
            waits.chain(self.socket.deadline()).min()
        }

        fn serve(&mut self, ready: &[bool]) {
            let Self { socket, waits, requests } = self;
            socket.serve(ready, Instant::now(), |request| {
                if request.get("ask").and_then(Value::as_str) != Some("wait") {
                    return respond(request);
                }
                match begin_wait(request) {
                    Ok(wait) => {
                        *requests += 1;
                        waits.push((*requests, wait));
                        Response::Later(*requests)
                    }
                    Err(response) => response,
                }
            });
            waits.retain(|(request, _)| socket.awaits_answer(*request));
            let count = waits.len();
            let _ = with(|engine| engine.set_waits(count));
        }

        /// Answers who waits for what is over.
        fn answer(&mut self) {
            let now = Instant::now();
            let socket = &mut self.socket;
            self.waits.retain_mut(|(request, wait)| {
                let line = match with(|engine| engine.waited(wait, now)) {
                    Ok(None) => return true,
                    Ok(Some(status)) => to_json(status),
                    Err(error) => failed(&error.reason),
                };
                socket.answer(*request, Some(&line), true, now);
                false
            });
        }
    }

    /// The process ends.
    pub fn close() {
        HAS_ENDED.store(true, Ordering::Relaxed);
        for files in OPEN.lock().drain(..) {
            files.remove();
        }
    }

    fn is_forbidden() -> bool {
        std::env::var_os("HOT_HOOK_SOCKET").is_some_and(|value| value == "0")
    }

    /// Whether it is to be looked whether the app runs: what our runner has started is asked as soon as it does.
    fn is_due(look: Option<Instant>) -> bool {
        look.is_none_or(|at| at <= Instant::now())
            || with(|engine| engine.runner().is_some()).unwrap_or_default()
    }

    /// A socket that goes with the process.
    fn open(app: &App) -> Option<Socket> {
        let mut open = OPEN.lock();
        let socket = Socket::open(app).filter(|_| !HAS_ENDED.load(Ordering::Relaxed))?;
        open.push(socket.files());
        close_at_exit();
        Some(socket)
    }

    /// The socket of a runner, which answers for its app: a thread that passes on what is asked.
    pub struct Proxy {
        waker: Waker,
        answers: Arc<Mutex<Vec<Answer>>>,
        stopped: Arc<AtomicBool>,
        files: Arc<Files>,
    }

    /// A line of a response, or nothing more.
    pub struct Answer {
        pub request: u64,
        pub line: Option<String>,
        pub is_last: bool,
    }

    impl Proxy {
        /// `heard` is called in the thread that serves: with what is asked, as JSON, and with nothing when who has asked has gone
        /// or has got the whole response. `None` where there can be no socket.
        pub fn start(
            app: &App,
            heard: impl Fn(u64, Option<String>) + Send + 'static,
        ) -> Option<Self> {
            if is_forbidden() {
                return None;
            }
            let (waker, poller) = sleep::pair().ok()?;
            let socket = open(app)?;
            let files = socket.files();
            let (answers, stopped) = (Arc::default(), Arc::new(AtomicBool::new(false)));
            let mut served = Served { socket, requests: 0, open: Vec::new() };
            let (theirs, until) = (Arc::clone(&answers), Arc::clone(&stopped));
            let thread = std::thread::Builder::new()
                .name("hot-hook-control".to_owned())
                .spawn(move || served.run(&poller, &theirs, &until, heard));
            let proxy = Self { waker, answers, stopped, files };
            // Dropped, it takes its files along.
            thread.ok().map(|_| proxy)
        }

        /// It is told to who has asked.
        pub fn answer(&self, answer: Answer) {
            self.answers.lock().push(answer);
            self.waker.wake();
        }
    }

    impl Drop for Proxy {
        fn drop(&mut self) {
            self.stopped.store(true, Ordering::Relaxed);
            self.waker.wake();
            OPEN.lock().retain(|other| !Arc::ptr_eq(other, &self.files));
            self.files.remove();
        }
    }

    struct Served {
        socket: Socket,
        requests: u64,
        /// Those that are not answered yet.
        open: Vec<u64>,
    }

    impl Served {
        fn run(
            &mut self,
            poller: &Poller,
            answers: &Mutex<Vec<Answer>>,
            stopped: &AtomicBool,
            heard: impl Fn(u64, Option<String>),
        ) {
            while !stopped.load(Ordering::Relaxed) {
                let now = Instant::now();
                let timeout = self.socket.deadline().map(|at| at.saturating_duration_since(now));
                let mut awaited = self.socket.awaits();
                poller.sleep_also_on(timeout, &mut awaited);
                let ready: Vec<_> = awaited.iter().map(|fd| !fd.revents().is_empty()).collect();
                let given = std::mem::take(&mut *answers.lock());
                self.serve(&ready, given, &heard);
            }
        }

        fn serve(
            &mut self,
            ready: &[bool],
            answers: Vec<Answer>,
            heard: &impl Fn(u64, Option<String>),
        ) {
            let now = Instant::now();
            let (requests, open) = (&mut self.requests, &mut self.open);
            let mut asked = Vec::new();
            self.socket.serve(ready, now, |request| {
                *requests += 1;
                open.push(*requests);
                asked.push((*requests, request.to_string()));
                Response::Later(*requests)
            });
            for Answer { request, line, is_last } in answers {
                self.socket.answer(request, line.as_deref(), is_last, now);
            }
            for (request, text) in asked {
                heard(request, Some(text));
            }
            self.open.retain(|request| {
                let is_open = self.socket.awaits_answer(*request);
                if !is_open {
                    heard(*request, None);
                }
                is_open
            });
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
                Response::Follow(Topic::Graph, json!({ "event": "hello" }).to_string())
            }),
            (Some("status"), _) => match files(request) {
                Ok(files) => {
                    let status = with(|engine| engine.status(&files, Instant::now()));
                    let text = status.map_or_else(|error| failed(&error.reason), to_json);
                    return Response::Once(text);
                }
                Err(response) => return response,
            },
            (Some("log"), _) => with(|engine| log(engine, request)),
            _ => {
                return failure(
                    "hot-hook does not know this request: it may be of another version",
                );
            }
        };
        found.unwrap_or_else(|error| failure(&error.reason))
    }

    fn log(engine: &mut Engine, request: &Value) -> Response {
        engine.drain(Caller::Watcher, Instant::now());
        let count = request.get("last").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let mut lines = engine.outcome_lines(usize::try_from(count).unwrap_or(usize::MAX));
        let follows = request.get("follow").and_then(Value::as_bool) == Some(true);
        let end = if follows { "hello" } else { "end" };
        lines.push(json!({ "event": end }).to_string());
        let text = lines.join("\n");
        if !follows {
            return Response::Once(text);
        }
        engine.follow();
        Response::Follow(Topic::Outcomes, text)
    }

    fn begin_wait(request: &Value) -> Result<Wait, Response> {
        let files = files(request)?;
        let timeout = match request.get("timeout") {
            None => PATIENCE,
            Some(timeout) => timeout.as_u64().map(Duration::from_millis).ok_or_else(|| {
                failure("the timeout is to be a number of milliseconds, without a fraction")
            })?,
        };
        with(|engine| engine.wait(files, timeout, Instant::now()))
            .map_err(|error| Response::Once(failed(&error.reason)))
    }

    /// The engine has failed: only a restart helps.
    fn failed(reason: &str) -> String {
        json!({ "error": reason, "code": 3 }).to_string()
    }

    /// The files that a request names.
    fn files(request: &Value) -> Result<Vec<Arc<str>>, Response> {
        let Some(files) = request.get("files") else { return Ok(Vec::new()) };
        let to_path = |it: &Value| it.as_str().map(Arc::<str>::from);
        let paths = files.as_array().and_then(|all| all.iter().map(to_path).collect());
        paths.ok_or_else(|| failure("the files are to be a list of paths"))
    }

    fn to_json(status: Status) -> String {
        status.to_json(|except| {
            #[cfg(target_os = "linux")]
            return crate::listening::urls(except);
            #[cfg(not(target_os = "linux"))]
            {
                let _ = except;
                Vec::new()
            }
        })
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
