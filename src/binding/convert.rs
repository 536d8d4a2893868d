//! The engine's types as JavaScript sees them.

use std::sync::Arc;

use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::engine::lifecycle::instance::InstanceId;
use crate::engine::{self, Required};
use crate::graph::{EdgeKind, ModuleId, Step};
use crate::source::{awaits, may_import};

/// A format as Node's load hook names it, of a module with that text. `without_prelude`: see [`engine::Format::Es`].
pub fn format(name: Option<&str>, text: &str, without_prelude: bool) -> engine::Format {
    match name {
        Some("module" | "module-typescript") => {
            let (awaits, imports) = (awaits(text), may_import(text));
            engine::Format::Es { awaits, without_prelude, imports }
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

/// What is to be done so that a `require()` finds today's instance of an ES module under its plain URL.
#[napi(discriminant = "type", discriminant_case = "kebab-case")]
pub enum Supply {
    /// There is none yet: what is there must leave the load cache.
    Evict,
    /// What the load cache has for a URL is to be found under the plain one, too.
    Alias {
        /// With its version.
        url: String,
    },
}

impl From<engine::Supply> for Supply {
    fn from(supply: engine::Supply) -> Self {
        match supply {
            engine::Supply::Evict => Self::Evict,
            engine::Supply::Alias(url) => Self::Alias { url: url.to_string() },
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

/// How an evaluation has ended.
#[napi(string_enum = "kebab-case")]
pub enum Ending {
    /// The turn in which a body ran that runs in one go is over: it came to its end or threw. The promise of an `import()`
    /// may tell which.
    TurnOver,
    /// The body came to its end.
    Completed,
    /// The body threw.
    Threw,
}

impl From<Ending> for engine::Ending {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::TurnOver => Self::TurnOver,
            Ending::Completed => Self::Completed,
            Ending::Threw => Self::Threw,
        }
    }
}

/// By what it is learned that an evaluation ends.
#[napi(string_enum = "kebab-case")]
pub enum Observation {
    /// By the end of the turn: the body runs in one go.
    Turn,
    /// By the promise of an `import()` of the instance.
    Promise,
    /// By both.
    Both,
}

impl From<engine::Observation> for Observation {
    fn from(observation: engine::Observation) -> Self {
        match observation {
            engine::Observation::Turn => Self::Turn,
            engine::Observation::Promise => Self::Promise,
            engine::Observation::Both => Self::Both,
        }
    }
}

/// A list of paths or URLs as one text: each has a NUL before it, which none can hold. An update may be about all modules:
/// Node-API takes 0.2 µs for each text of an array, and `split` 0.05.
#[napi]
pub type NulList = String;

/// Work for a thread, to be done in the order of the fields; then `release` follows. Lists are empty where there is nothing to
/// be done.
#[napi(object)]
pub struct Update {
    /// Names of the instances whose `dispose` handlers are to run, in this order.
    pub disposals: Vec<u32>,
    /// Paths of the files whose modules must leave `require.cache`.
    pub commonjs_evictions: NulList,
    /// Paths of the files whose modules keep their plain URLs, under which they must leave the load cache.
    pub es_evictions: NulList,
    /// URLs of importers, without version, whose resolutions Node must not remember.
    pub resolution_evictions: NulList,
    /// What is to be imported again at once, in this order.
    pub reimports: Vec<Reimport>,
    /// Paths of the files that have changed, if something is to be imported again.
    pub changed: Vec<String>,
    /// Names of instances of pruned modules, whose `prune` handlers are to run, in this order.
    pub pruned: Vec<u32>,
    /// Names of instances whose `accept` and `prune` handlers count no longer.
    pub dropped_registrations: Vec<u32>,
    /// Pruned modules, as `Slot` names them: their data is dropped.
    pub pruned_modules: Vec<u32>,
    /// What listeners are to hear of, in this order. Empty in a thread that has none (`listen`).
    pub events: Vec<HotEvent>,
    /// What the parent process and the app are to be told, at most one of each type. Only the main thread gets any.
    pub messages: Vec<Message>,
    /// What people are to be told of outcomes.
    pub outcomes: Vec<Told>,
    /// The number of the last update that the thread has more to do for, which `nextCheck` takes; 0 if there is none.
    pub number: i64,
    /// The options are others, not by a call of `configure`: package.json was saved.
    pub reconfigured: bool,
    /// Problems that the user should know of: each one line, without a full stop.
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
            changed: strings(&update.changed),
            pruned: names(&update.pruned),
            dropped_registrations: names(&update.dropped_registrations),
            pruned_modules: update.pruned_modules.into_iter().map(index).collect(),
            events: update.events.into_iter().map(HotEvent::from).collect(),
            messages: update.messages.into_iter().map(Message::from).collect(),
            outcomes: update.outcomes.into_iter().map(Told::from).collect(),
            number: update.number.cast_signed(),
            reconfigured: update.reconfigured,
            notices: update.notices,
        }
    }
}

/// What people are to be told of an outcome.
#[napi(object)]
pub struct Told {
    /// The JSON of an `Outcome` of index.d.ts.
    pub json: String,
    /// Lines for people; none if there is nothing that they must know.
    pub text: Option<String>,
}

impl From<engine::Told> for Told {
    fn from(told: engine::Told) -> Self {
        let engine::Told { json, text } = told;
        Self { json, text }
    }
}

/// What became of an `accept`.
#[napi(discriminant = "type", discriminant_case = "kebab-case")]
pub enum Acceptance {
    /// It counts.
    Accepted {
        /// Names the call among those of the instance.
        call: u32,
    },
    /// It does not: the instance has been disposed of.
    TooLate,
    /// Nothing is accepted: one of the URLs is that of a file that is not there.
    Missing {
        /// Its place in the list, from 0.
        index: u32,
    },
}

impl From<Result<Option<u32>, usize>> for Acceptance {
    fn from(result: Result<Option<u32>, usize>) -> Self {
        match result {
            Ok(Some(call)) => Self::Accepted { call },
            Ok(None) => Self::TooLate,
            Err(index) => Self::Missing { index: u32::try_from(index).unwrap_or(u32::MAX) },
        }
    }
}

/// A module that is to be imported again.
#[napi(object)]
pub struct Reimport {
    /// Its URL, without version.
    pub url: String,
    /// It must be imported with `{ type: 'json' }`.
    pub json: bool,
    /// It has accepted itself: its own callbacks are to be told. Otherwise others accept it.
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

/// An `accept` callback that is to be called.
#[napi(object)]
pub struct Callback {
    /// The name of the instance that has registered it.
    pub instance: u32,
    /// That of the call by which it did.
    pub call: u32,
    /// The instance accepts itself by it.
    pub own: bool,
    /// What it accepts by it, in the order of the call: what is imported again, by its URL without version.
    #[napi(ts_type = "Array<string | null>")]
    pub urls: Vec<Option<String>>,
}

impl From<engine::Callback> for Callback {
    fn from(callback: engine::Callback) -> Self {
        let engine::Callback { instance, call, own, urls } = callback;
        let urls = urls.into_iter().map(|url| url.map(|url| url.to_string())).collect();
        Self { instance: instance.0, call, own, urls }
    }
}

/// What is to be done with what has linked.
#[napi(object)]
pub struct Linked {
    /// What to go on with, by URLs without version: the others belong to the next update.
    pub urls: Vec<String>,
    /// What is to be imported before them, one after the other, by URLs without version: the ways into the cycles that they are
    /// part of.
    pub first: Vec<String>,
    /// What is to be called when they have evaluated, in this order.
    pub callbacks: Vec<Callback>,
    /// Names of the instances whose `dispose` handlers are to run before anything evaluates, in this order.
    pub disposals: Vec<u32>,
}

impl From<engine::Linked> for Linked {
    fn from(linked: engine::Linked) -> Self {
        Self {
            urls: strings(&linked.urls),
            first: strings(&linked.first),
            callbacks: linked.callbacks.into_iter().map(Callback::from).collect(),
            disposals: names(&linked.disposals),
        }
    }
}

/// An instance the end of whose evaluation is to be reported.
#[napi(object)]
pub struct Observed {
    /// Its name.
    pub instance: u32,
    /// Its URL, with its version.
    pub url: String,
    /// By what that is learned.
    pub by: Observation,
}

impl From<engine::Observed> for Observed {
    fn from(observed: engine::Observed) -> Self {
        let engine::Observed { id, url, by } = observed;
        Self { instance: id.0, url: url.to_string(), by: by.into() }
    }
}

/// What is told to the parent process and to the app.
#[napi(discriminant = "type", discriminant_case = "kebab-case")]
pub enum Message {
    /// These files run again when they are next imported; the changed ones first.
    Invalidated {
        /// Their paths.
        paths: NulList,
    },
    /// A restart is needed.
    FullReload {
        /// The path of the changed file.
        path: String,
        /// Whether a boundary on the way was imported statically: an `import()` would have made the restart unnecessary.
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
    /// What to write so that the restart becomes unnecessary: up to three lines, see `crate::hint`.
    pub hint: Option<String>,
    /// The imports that make the file cold, from where the app begins to the file; empty if there is another reason.
    pub chain: Vec<Link>,
}

/// One step of a chain of imports.
#[napi(object)]
pub struct Link {
    /// The path of the module that it arrives at; its URL if that is no file.
    pub path: String,
    /// How that was imported.
    pub kind: LinkKind,
    /// What the importer wrote; empty for the root.
    pub specifier: String,
}

/// How a module of a chain was imported.
#[napi(string_enum = "kebab-case")]
pub enum LinkKind {
    /// The chain begins with it: an entry point, or what is no module of the graph.
    Root,
    /// By an `import` declaration, or `export … from`.
    Static,
    /// By `import()`.
    Dynamic,
    /// By `require()`.
    Require,
}

impl From<Option<EdgeKind>> for LinkKind {
    fn from(kind: Option<EdgeKind>) -> Self {
        match kind {
            None => Self::Root,
            Some(EdgeKind::Static) => Self::Static,
            Some(EdgeKind::Dynamic) => Self::Dynamic,
            Some(EdgeKind::Require) => Self::Require,
        }
    }
}

impl From<&Step> for Link {
    fn from(step: &Step) -> Self {
        Self {
            path: step.path.to_string(),
            kind: step.kind.into(),
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

/// What listeners hear of; see the events of index.d.ts.
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
    /// What became of an update is known, or has become something else.
    Outcome {
        /// The JSON of an `Outcome` of index.d.ts.
        json: String,
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
    /// How often it was invalidated: the number in its next URL, from 1.
    pub version: u32,
}

impl From<engine::HotEvent> for HotEvent {
    fn from(event: engine::HotEvent) -> Self {
        match event {
            engine::HotEvent::Outcome { json } => Self::Outcome { json },
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

/// Where the instances of a module that follow one another in a thread keep what they hand on (`import.meta.hot.data`).
#[napi(object)]
pub struct Slot {
    /// The engine's name for the module, as `Update.prunedModules` has it.
    pub module: u32,
    /// The URL, without version.
    pub url: String,
}

/// What `require.cache` holds that the last report did not say. All are paths.
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
    /// Which module required which: importer, target, importer, target … An object for each pair would take Node-API three times as long.
    pub edges: Vec<String>,
    /// When that was, for each of these pairs.
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
    /// The path of the module that called it.
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
    /// Unknown: by what `createRequire` made.
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

/// See [`NulList`].
pub fn list(items: &[Arc<str>]) -> NulList {
    items.iter().flat_map(|item| ["\0", item]).collect()
}
