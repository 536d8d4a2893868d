//! The engine's types as JavaScript sees them.

use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::engine;
use crate::graph::{EdgeKind, Step};
use crate::source::awaits;

/// A format as Node's load hook names it, of a module with that text.
pub fn format(name: Option<&str>, text: &str) -> engine::Format {
    match name {
        Some("module" | "module-typescript") => engine::Format::Es { awaits: awaits(text) },
        Some(
            "commonjs" | "commonjs-typescript" | "require-commonjs" | "require-commonjs-typescript",
        ) => engine::Format::CommonJs,
        Some("json") => engine::Format::Json,
        _ => engine::Format::Other,
    }
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
    Superseded,
    /// Its evaluation is over with the current turn.
    RunsInOneGo,
    /// Its evaluation may take longer.
    MayWait,
}

impl From<engine::Tracking> for Tracking {
    fn from(tracking: engine::Tracking) -> Self {
        match tracking {
            engine::Tracking::Superseded => Self::Superseded,
            engine::Tracking::RunsInOneGo => Self::RunsInOneGo,
            engine::Tracking::MayWait => Self::MayWait,
        }
    }
}

/// Work for a thread, to be done in the order of the fields.
#[napi(object)]
pub struct Update {
    /// Instances whose `dispose` handlers are to run, in this order.
    pub disposals: Vec<u32>,
    /// Files whose CommonJS modules are stale.
    pub stale: Vec<String>,
    /// Files whose modules are stale under their plain URLs, which they keep.
    pub plain: Vec<String>,
    /// URLs of importers whose resolutions Node must not remember.
    pub forgotten: Vec<String>,
    /// What the parent and the app are to be told.
    pub messages: Vec<Message>,
    /// Problems that the user should know, a line each.
    pub notices: Vec<String>,
    /// URLs of superseded instances.
    pub released: Vec<String>,
}

impl From<engine::Update> for Update {
    fn from(update: engine::Update) -> Self {
        Self {
            disposals: update.disposals.into_iter().map(|id| id.0).collect(),
            stale: strings(&update.stale),
            plain: strings(&update.plain),
            forgotten: strings(&update.forgotten),
            messages: update.messages.into_iter().map(Message::from).collect(),
            notices: update.notices,
            released: strings(&update.released),
        }
    }
}

/// What is told to the parent process and to the app.
#[napi(discriminant = "type", discriminant_case = "kebab-case")]
pub enum Message {
    /// These files run again when they are next imported; the changed ones first.
    Invalidated {
        /// Absolute paths.
        paths: Vec<String>,
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
            kind: step.kind.map_or("root", EdgeKind::name).to_owned(),
            specifier: step.specifier.to_string(),
        }
    }
}

impl From<engine::Message> for Message {
    fn from(message: engine::Message) -> Self {
        match message {
            engine::Message::Invalidated { paths } => Self::Invalidated { paths: strings(&paths) },
            engine::Message::FullReload { reload, text, hint } => Self::FullReload {
                path: reload.path.to_string(),
                should_be_reloadable: reload.should_be_reloadable(),
                reason: Reason {
                    text,
                    hint,
                    chain: reload.chain().iter().map(Link::from).collect(),
                },
            },
        }
    }
}

/// A module in `dump()`.
#[napi(object)]
pub struct DumpNode {
    /// Relative to the folder of the main thread's root file.
    pub path: String,
    /// How often it was invalidated.
    pub version: u32,
    /// Whether some hot edge leads to it.
    pub boundary: bool,
    /// Whether a change of it needs no restart.
    pub reloadable: bool,
    /// What it imports.
    pub dependencies: Vec<String>,
    /// What imports it.
    pub dependents: Vec<String>,
}

impl From<engine::DumpNode> for DumpNode {
    fn from(node: engine::DumpNode) -> Self {
        let engine::DumpNode { path, version, boundary, reloadable, dependencies, dependents } =
            node;
        Self { path, version, boundary, reloadable, dependencies, dependents }
    }
}

fn strings(list: &[std::sync::Arc<str>]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}
