//! The engine's types as JavaScript sees them.

use std::sync::Arc;

use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::engine::{self, Required};
use crate::graph::instance::InstanceId;
use crate::graph::{ModuleId, Step};
use crate::source::awaits;

/// A format as Node's load hook names it, of a module with that text. `without_prelude`: see [`engine::Format::Es`].
pub fn format(name: Option<&str>, text: &str, without_prelude: bool) -> engine::Format {
    match name {
        Some("module" | "module-typescript") => {
            engine::Format::Es { awaits: awaits(text), without_prelude }
        }
        Some(
            "commonjs" | "commonjs-typescript" | "require-commonjs" | "require-commonjs-typescript",
        ) => engine::Format::CommonJs,
        Some("json") => engine::Format::Json,
        _ => engine::Format::Other,
    }
}

/// What a thread is to do after `drain`.
#[napi(string_enum = "kebab-case")]
pub enum Next {
    /// Call `report`, then `take`.
    Report,
    /// Call `take`.
    Take,
}

/// What an ES module needs before it runs.
#[napi(string_enum = "kebab-case")]
pub enum Need {
    /// Nothing: it is left as it is.
    Nothing,
    /// A prelude.
    Prelude,
    /// A prelude that waits for asynchronous `dispose` handlers.
    Wait,
}

impl From<engine::Need> for Need {
    fn from(need: engine::Need) -> Self {
        match need {
            engine::Need::Nothing => Self::Nothing,
            engine::Need::Prelude => Self::Prelude,
            engine::Need::Wait => Self::Wait,
        }
    }
}

/// An ES module that needs a prelude.
#[napi(object)]
pub struct Unprepared {
    /// Its text without it.
    pub text: String,
}

/// What was read, as its load hook is to return it, or still to be given a prelude.
pub fn source(source: engine::Source) -> Either<String, Unprepared> {
    let engine::Source { text, needs_prelude } = source;
    if needs_prelude { Either::B(Unprepared { text }) } else { Either::A(text) }
}

/// What an instance that registers a handler is to expect.
#[napi(string_enum = "kebab-case")]
pub enum Tracking {
    /// It is superseded already.
    Disposed,
    /// Its evaluation is over with the current turn.
    SyncBody,
    /// Its evaluation may take longer.
    MayWait,
}

impl From<engine::Tracking> for Tracking {
    fn from(tracking: engine::Tracking) -> Self {
        match tracking {
            engine::Tracking::Disposed => Self::Disposed,
            engine::Tracking::SyncBody => Self::SyncBody,
            engine::Tracking::MayWait => Self::MayWait,
        }
    }
}

/// Work for a thread, to be done in the order of the fields; then `release` follows. A list of paths or URLs is one text,
/// as [`list`] makes it.
#[napi(object)]
pub struct Update {
    /// Instances whose `dispose` handlers are to run, in this order.
    pub disposals: Vec<u32>,
    /// Files whose CommonJS modules are stale, as a list.
    pub commonjs_evictions: String,
    /// Files whose modules are stale under their plain URLs, which they keep, as a list.
    pub es_evictions: String,
    /// URLs of importers whose resolutions Node must not remember, as a list.
    pub resolution_evictions: String,
    /// What is to be imported again at once.
    pub reimports: Vec<Reimport>,
    /// The files that have changed, if something is to be imported again, as a list.
    pub changed: String,
    /// Pruned modules' instances: their `prune` handlers are to run.
    pub pruned: Vec<u32>,
    /// Instances whose `accept` and `prune` handlers count no longer.
    pub dropped_registrations: Vec<u32>,
    /// The engine's names for pruned modules, of which nothing is to be kept.
    pub pruned_modules: Vec<u32>,
    /// What listeners are to hear of.
    pub events: Vec<HotEvent>,
    /// What the parent and the app are to be told.
    pub messages: Vec<Message>,
    /// The options are others, not by a call of `configure`.
    pub reconfigured: bool,
    /// Problems that the user should know, a line each.
    pub notices: Vec<String>,
}

impl From<engine::Update> for Update {
    fn from(update: engine::Update) -> Self {
        Self {
            disposals: names(&update.disposals),
            commonjs_evictions: list(&update.commonjs_evictions),
            es_evictions: list(&update.es_evictions),
            resolution_evictions: list(&update.resolution_evictions),
            reimports: update.reimports.into_iter().map(Reimport::from).collect(),
            changed: list(&update.changed),
            pruned: names(&update.pruned),
            dropped_registrations: names(&update.dropped_registrations),
            pruned_modules: update.pruned_modules.into_iter().map(index).collect(),
            events: update.events.into_iter().map(HotEvent::from).collect(),
            messages: update.messages.into_iter().map(Message::from).collect(),
            reconfigured: update.reconfigured,
            notices: update.notices,
        }
    }
}

/// What became of an `accept`.
#[napi(object)]
pub struct Acceptance {
    /// What is accepted, without our version; none if the instance has been disposed of.
    pub urls: Option<Vec<String>>,
    /// Nothing, because this one is that of a file that is not there: its index.
    pub missing: Option<u32>,
}

impl From<Result<Option<Vec<Arc<str>>>, usize>> for Acceptance {
    fn from(result: Result<Option<Vec<Arc<str>>>, usize>) -> Self {
        match result {
            Ok(urls) => Self { urls: urls.map(|urls| strings(&urls)), missing: None },
            Err(index) => Self { urls: None, missing: u32::try_from(index).ok() },
        }
    }
}

/// A module that is to be imported again.
#[napi(object)]
pub struct Reimport {
    /// Its URL without our version.
    pub url: String,
    /// It must be imported as JSON.
    pub json: bool,
    /// It has changed in a way that its accepting itself is for.
    pub own: bool,
}

impl From<engine::Reimport> for Reimport {
    fn from(reimport: engine::Reimport) -> Self {
        let engine::Reimport { url, json, own } = reimport;
        Self { url: url.to_string(), json, own }
    }
}

impl From<Reimport> for engine::Reimport {
    fn from(reimport: Reimport) -> Self {
        let Reimport { url, json, own } = reimport;
        Self { url: url.into(), json, own }
    }
}

/// An instance whose `accept` callbacks are to be called.
#[napi(object)]
pub struct Accepting {
    /// Its name.
    pub instance: u32,
    /// Itself is imported again.
    pub own: bool,
    /// Which of the others that it accepts are imported again, by URLs without our version.
    pub urls: Vec<String>,
}

impl From<engine::Accepting> for Accepting {
    fn from(accepting: engine::Accepting) -> Self {
        let engine::Accepting { instance, own, urls } = accepting;
        Self { instance: instance.0, own, urls: strings(&urls) }
    }
}

/// What is to be done with what has linked.
#[napi(object)]
pub struct Linked {
    /// What to go on with, by URLs without our version: the others belong to the next update.
    pub urls: Vec<String>,
    /// What is to be imported before them: the ways into the cycles that they are part of.
    pub first: Vec<String>,
    /// Who is to be told, in this order.
    pub accepting: Vec<Accepting>,
    /// Instances whose `dispose` handlers are to run before anything evaluates, in this order.
    pub disposals: Vec<u32>,
}

impl From<engine::Linked> for Linked {
    fn from(linked: engine::Linked) -> Self {
        Self {
            urls: strings(&linked.urls),
            first: strings(&linked.first),
            accepting: linked.accepting.into_iter().map(Accepting::from).collect(),
            disposals: names(&linked.disposals),
        }
    }
}

/// An instance of which it is to be told when its evaluation ends.
#[napi(object)]
pub struct Observed {
    /// Its name.
    pub instance: u32,
    /// Its URL.
    pub url: String,
}

/// What is told to the parent process and to the app.
#[napi(discriminant = "type", discriminant_case = "kebab-case")]
pub enum Message {
    /// These files run again when they are next imported; the changed ones first.
    Invalidated {
        /// Absolute paths, as a list.
        paths: String,
    },
    /// A restart is needed.
    FullReload {
        /// The changed file, absolute.
        path: String,
        /// Whether a boundary on the way was imported statically.
        should_be_reloadable: bool,
        /// Why.
        reason: Reason,
    },
}

/// Why a change needs a restart.
#[napi(object)]
pub struct Reason {
    /// The change and its reason, in one line for people.
    pub text: String,
    /// The one import that, written otherwise, would have made the restart unnecessary.
    pub hint: Option<String>,
    /// The imports that make the file cold, from where the app begins to the file; empty if there is another reason.
    pub chain: Vec<Link>,
}

/// One step of a chain of imports.
#[napi(object)]
pub struct Link {
    /// The module that it arrives at, absolute.
    pub path: String,
    /// `root`, where the chain begins; else `static`, `dynamic` or `require`.
    pub kind: String,
    /// What the importer wrote; empty for the root.
    pub specifier: String,
}

impl From<&Step> for Link {
    fn from(step: &Step) -> Self {
        Self {
            path: step.path.to_string(),
            kind: step.kind_name().to_owned(),
            specifier: step.specifier.to_string(),
        }
    }
}

impl From<engine::Message> for Message {
    fn from(message: engine::Message) -> Self {
        match message {
            engine::Message::Invalidated { paths } => Self::Invalidated { paths: list(&paths) },
            engine::Message::FullReload(reload) => Self::FullReload {
                path: reload.reload.path.to_string(),
                should_be_reloadable: reload.reload.should_be_reloadable(),
                reason: Reason::from(reload),
            },
        }
    }
}

impl From<engine::Reload> for Reason {
    fn from(reload: engine::Reload) -> Self {
        let engine::Reload { reload, text, hint } = reload;
        Self { text, hint, chain: reload.chain().iter().map(Link::from).collect() }
    }
}

/// What listeners hear of. All paths are absolute.
#[napi(discriminant = "type", discriminant_case = "kebab-case")]
pub enum HotEvent {
    /// Something was invalidated.
    Update {
        /// What has changed.
        files: Vec<String>,
        /// What was invalidated, and the version that comes next.
        versions: Vec<Version>,
    },
    /// A restart is needed.
    FullReload {
        /// What has changed.
        path: String,
        /// Whether a boundary on the way was imported statically.
        should_be_reloadable: bool,
        /// Why.
        reason: Reason,
    },
    /// Nothing reaches these modules any more.
    Prune {
        /// Their files.
        paths: Vec<String>,
    },
    /// A module has called `invalidate`.
    Invalidate {
        /// Its file.
        path: String,
        /// What it gave as its reason.
        message: Option<String>,
    },
}

/// A module and its version.
#[napi(object)]
pub struct Version {
    /// Its file.
    pub path: String,
    /// How often it was invalidated.
    pub version: u32,
}

impl From<engine::HotEvent> for HotEvent {
    fn from(event: engine::HotEvent) -> Self {
        match event {
            engine::HotEvent::Update { files, versions } => Self::Update {
                files: strings(&files),
                versions: versions
                    .into_iter()
                    .map(|(path, version)| Version { path: path.to_string(), version })
                    .collect(),
            },
            engine::HotEvent::FullReload(reload) => Self::FullReload {
                path: reload.reload.path.to_string(),
                should_be_reloadable: reload.reload.should_be_reloadable(),
                reason: Reason::from(reload),
            },
            engine::HotEvent::Prune { paths } => Self::Prune { paths: strings(&paths) },
            engine::HotEvent::Invalidate { path, message } => Self::Invalidate {
                path: path.to_string(),
                message: message.map(|message| message.to_string()),
            },
        }
    }
}

/// Where the instances that follow one another keep what they hand on.
#[napi(object)]
pub struct Slot {
    /// The engine's name for the module.
    pub module: u32,
    /// The URL without our version.
    pub url: String,
}

/// What `require.cache` holds that the last report did not say. All are absolute paths.
#[napi(object)]
pub struct Report {
    /// The modules.
    pub modules: Vec<String>,
    /// Of them, the ES modules, with what these import past all hooks.
    pub es: Vec<String>,
    /// Of them, those of which it cannot be known what they have required or imported: they stay until a restart.
    pub opaque: Vec<String>,
    /// What has thrown while it was required.
    pub failed: Vec<String>,
    /// Who required whom: importer, target, importer, target …
    pub edges: Vec<String>,
    /// Of each of these pairs, when that was.
    pub when: Vec<When>,
    /// What was not found.
    pub missed: Vec<Missed>,
}

impl Report {
    /// `hooked`: `require` passes hooks.
    pub fn required(&self, hooked: bool) -> Required<'_> {
        Required {
            new: texts(&self.modules),
            es_modules: texts(&self.es),
            opaque: texts(&self.opaque),
            failed: texts(&self.failed),
            edges: std::iter::zip(self.edges.as_chunks().0, &self.when)
                .map(|([from, to], &when)| (from.as_str(), to.as_str(), when.into()))
                .collect(),
            missed: self.missed.iter().map(Missed::as_parts).collect(),
            hooked,
        }
    }
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// A `require()` that found nothing.
#[napi(object)]
pub struct Missed {
    /// The absolute path of the module that called it.
    pub importer: String,
    /// What it wrote.
    pub specifier: String,
    /// When.
    pub when: When,
}

/// When something was required.
#[derive(Clone, Copy)]
#[napi(string_enum = "kebab-case")]
pub enum When {
    /// While the module that required it ran.
    AtStart,
    /// Nobody knows: by what `createRequire` made.
    Unknown,
    /// After the module that required it had run to its end.
    Late,
}

impl From<When> for engine::When {
    fn from(when: When) -> Self {
        match when {
            When::AtStart => Self::AtStart,
            When::Unknown => Self::Unknown,
            When::Late => Self::Late,
        }
    }
}

impl Missed {
    fn as_parts(&self) -> (&str, &str, engine::When) {
        (&self.importer, &self.specifier, self.when.into())
    }
}

/// The engine's name for a module.
pub fn index(id: ModuleId) -> u32 {
    u32::try_from(id.index()).unwrap_or(u32::MAX)
}

fn names(list: &[InstanceId]) -> Vec<u32> {
    list.iter().map(|id| id.0).collect()
}

fn strings(list: &[Arc<str>]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// Paths or URLs, each with a NUL before it, which none can hold: Node-API takes as long for each text as V8 for many.
pub fn list(items: &[Arc<str>]) -> String {
    items.iter().flat_map(|item| ["\0", item]).collect()
}
