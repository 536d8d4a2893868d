//! The Node-API face of the engine: converts and delegates, and decides nothing.
//!
//! `thread` is always Node's `threadId` of the thread that runs user code, also when a hooks thread calls for it.
//! All functions throw an error with the code `HOT_HOOK_INTERNAL` after a failure inside the engine.

#![expect(clippy::needless_pass_by_value, reason = "napi-derive wants owned arguments")]
#![expect(
    clippy::missing_errors_doc,
    reason = "what is thrown is said once above, and at those that throw more"
)]

mod convert;
mod host;
pub mod project;
mod service;

use std::time::Instant;

use napi::Env;
use napi::bindgen_prelude::{Either, Function};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::config::Origin;
use crate::engine::{Caller, Import, Next, Required};
use crate::error::NotDynamicError;
use crate::graph::ThreadId;
use crate::graph::instance::InstanceId;
use crate::source::needs_prelude;
use convert::{
    Acceptance, DumpNode, Explanation, Linked, Need, Place, Renewal, Tracking, Unprepared, Update,
    Witnessed,
};
use host::{Error, with};

/// Takes options in: the JSON of an object as `hot.init` takes it, in which what JSON cannot express stands as
/// `{"$type": "a function"}`. Returns warnings, a line each. Options of a later call take the place of earlier ones.
///
/// `name` is what errors call the options, `base` the folder that relative paths are meant from, `envWatch` the value
/// of `HOT_HOOK_WATCH`. Throws with the code `HOT_HOOK_OPTIONS` if an option cannot be used; nothing is changed then.
#[napi]
pub fn configure(
    thread: u32,
    options: String,
    name: String,
    base: String,
    env_watch: Option<String>,
) -> Result<Vec<String>, Error> {
    let options = serde_json::from_str(&options)
        .map_err(|error| Error::new("HOT_HOOK_OPTIONS", error.to_string()))?;
    let origin = Origin { name: &name, base: &base, env_watch: env_watch.as_deref() };
    let warnings = with(|engine| engine.configure(ThreadId(thread), &options, &origin))?
        .map_err(|error| Error::new("HOT_HOOK_OPTIONS", error.to_string()))?;
    host::start_draining()?;
    Ok(warnings)
}

/// Whether options were taken in.
#[napi]
pub fn is_configured() -> Result<bool, Error> {
    with(|engine| engine.config().is_some())
}

/// Whether files are watched by us; `undefined` before `configure`.
#[napi]
pub fn watches() -> Result<Option<bool>, Error> {
    with(|engine| engine.config().map(|config| config.watch))
}

/// A thread takes part until it ends. `wake` is called in it, without arguments, when `take` has something; it keeps
/// nothing alive. `hooked`: its `require`s pass our hooks; otherwise it must `report` them.
#[napi]
pub fn attach(env: Env, thread: u32, hooked: bool, wake: Function<(), ()>) -> Result<(), Error> {
    let internal = |error: napi::Error| Error::new(host::INTERNAL, error.reason.clone());
    let wake = wake.build_threadsafe_function().weak::<true>().build().map_err(internal)?;
    let wake = move || {
        wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
    };
    host::be(ThreadId(thread));
    with(|engine| engine.attach(ThreadId(thread), hooked, Box::new(wake)))?;
    env.add_env_cleanup_hook(thread, |thread| {
        // The process ends with its main thread: of all that it held only the watches take time to end.
        let _ = match thread {
            0 => {
                service::close();
                with(crate::engine::Engine::stop_watching)
            }
            _ => with(|engine| engine.detach(ThreadId(thread))),
        };
    })
    .map(drop)
    .map_err(internal)
}

/// Whether the thread that calls is the process's first, which is Node's main thread; `false` also where that cannot be
/// told.
#[napi]
pub fn is_first_thread() -> bool {
    host::is_first_thread()
}

/// Another set of hooks for the thread; of several, the outermost works. `first`: only if there is none. Returns its
/// number, 0 if there was one.
#[napi]
pub fn add_layer(thread: u32, first: bool) -> Result<u32, Error> {
    with(|engine| engine.add_layer(ThreadId(thread), first))
}

/// Whether the set of hooks is the one that works.
#[napi]
pub fn is_outermost(thread: u32, layer: u32) -> Result<bool, Error> {
    with(|engine| engine.is_outermost(ThreadId(thread), layer))
}

/// `url` without the version that we gave it; `null` if it has none.
#[napi]
pub fn clean(url: String) -> Result<Option<String>, Error> {
    with(|engine| engine.clean(&url).map(|clean| clean.to_string()))
}

/// Records that `parent` (nothing for an entry point) imports `url`, which it wrote as `specifier`, with the value of
/// the import attribute `hot`, by `require()` or not. Returns the URL to load instead; `null` if it is that one.
/// `lazy`: by a `require()` that the importer may not repeat.
///
/// Throws with the code `HOT_HOOK_NOT_DYNAMIC` for a static import of a boundary, if the options ask for that.
#[napi]
pub fn resolve(
    thread: u32,
    parent: Option<String>,
    specifier: String,
    url: String,
    hot: Option<String>,
    require: bool,
    lazy: bool,
) -> Result<Option<String>, Error> {
    let import =
        Import { lazy, ..import(thread, parent.as_deref(), &specifier, hot.as_deref(), require) };
    with(|engine| engine.resolve(&import, &url))?.map_err(not_dynamic)
}

/// As `resolve`, for an `import` without attributes that Node has not resolved, where nobody but Node would have a say in it. `null` if the long way is
/// to be gone.
#[napi]
pub fn resolve_directly(
    thread: u32,
    parent: String,
    specifier: String,
) -> Result<Option<String>, Error> {
    let import = import(thread, Some(&parent), &specifier, None, false);
    with(|engine| engine.resolve_directly(&import))?.map_err(not_dynamic)
}

/// Node itself has found `url`, says that it is an ES module, and nobody else had a say in it.
#[napi]
pub fn learn(thread: u32, url: String) -> Result<(), Error> {
    with(|engine| engine.learn(ThreadId(thread), &url))
}

fn not_dynamic(error: NotDynamicError) -> Error {
    Error::new("HOT_HOOK_NOT_DYNAMIC", error.to_string())
}

/// Node found nothing for an import; the arguments are those of `resolve`.
#[napi]
pub fn unresolved(
    thread: u32,
    parent: Option<String>,
    specifier: String,
    hot: Option<String>,
    require: bool,
) -> Result<(), Error> {
    let import = import(thread, parent.as_deref(), &specifier, hot.as_deref(), require);
    with(|engine| engine.unresolved(&import))
}

fn import<'a>(
    thread: u32,
    parent: Option<&'a str>,
    specifier: &'a str,
    attribute: Option<&'a str>,
    require: bool,
) -> Import<'a> {
    Import { thread: ThreadId(thread), parent, specifier, attribute, require, lazy: false }
}

/// Node is about to read `url`. Returns the URL to read it by, without our version; `null` for a first instance, which
/// has none.
#[napi]
pub fn load(thread: u32, url: String) -> Result<Option<String>, Error> {
    with(|engine| engine.load(ThreadId(thread), &url, Instant::now()))
}

/// Node has read `url`, which is in `format`, as Node's load hook names it, and has that text if it is an ES module.
/// Returns what an ES module needs before it runs.
#[napi]
pub fn loaded(
    thread: u32,
    url: String,
    format: Option<String>,
    text: Option<String>,
) -> Result<Need, Error> {
    let text = text.unwrap_or_default();
    let bare = !needs_prelude(&text);
    let format = convert::format(format.as_deref(), &text, bare);
    with(|engine| {
        engine.loaded(ThreadId(thread), &url, format, Instant::now());
        engine.need(ThreadId(thread), &url, bare).into()
    })
}

/// `load`, Node's part, and `loaded` in one, where nobody but Node would have a say in what `url`, an ES module, holds. Returns its
/// text as it is to run, or as it is without the prelude that it needs; `null` if the long way is to be gone.
#[napi]
pub fn read(thread: u32, url: String) -> Result<Option<Either<String, Unprepared>>, Error> {
    with(|engine| engine.read(ThreadId(thread), &url).map(convert::source))
}

/// The instance accepts itself. Returns whether that counts: it does not once the instance has been disposed of.
#[napi]
pub fn accept_own(instance: u32) -> Result<bool, Error> {
    with(|engine| engine.accept_own(InstanceId(instance)))
}

/// The instance accepts what it knows by these URLs.
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

/// Instances by their evaluation, latest first.
#[napi]
pub fn by_evaluation(instances: Vec<u32>) -> Result<Vec<u32>, Error> {
    let ids = instances.into_iter().map(InstanceId).collect();
    let ids = with(|engine| engine.by_evaluation(ids))?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// Where the instance and those before and after it keep what they hand on; `null` once it has been disposed of.
#[napi]
pub fn keeps_at(instance: u32) -> Result<Option<Place>, Error> {
    let place = with(|engine| engine.keeps_at(InstanceId(instance)))?;
    Ok(place.map(|(module, url)| Place { module: convert::index(module), url: url.to_string() }))
}

/// A change of a file that one of `patterns` matches is a change of the instance's module; relative ones are meant from
/// its folder. Returns whether that counts: it does not once the instance has been disposed of.
///
/// Throws with the code `HOT_HOOK_OPTIONS` if a pattern cannot be used; nothing is watched then.
#[napi]
pub fn watch_files_for(instance: u32, patterns: Vec<String>) -> Result<bool, Error> {
    let patterns: Vec<_> = patterns.iter().map(String::as_str).collect();
    with(|engine| engine.watch_files(InstanceId(instance), &patterns))?
        .map_err(|error| Error::new("HOT_HOOK_OPTIONS", error.to_string()))
}

/// The module that the thread knows by `url` counts as changed, and its accepting itself does not help. Decided with the
/// next `drain`.
#[napi]
pub fn invalidate(thread: u32, url: String, message: Option<String>) -> Result<(), Error> {
    with(|engine| engine.invalidate(ThreadId(thread), &url, message.as_deref()))
}

/// The thread has listeners, who want to hear what happens.
#[napi]
pub fn listen(thread: u32) -> Result<(), Error> {
    with(|engine| engine.listen(ThreadId(thread)))
}

/// Until `endPeek`, `specifier` is resolved from `parent` only to know what it means: that is no import.
#[napi]
pub fn peek(thread: u32, parent: String, specifier: String) -> Result<(), Error> {
    with(|engine| engine.peek(ThreadId(thread), &parent, &specifier))
}

/// See `peek`.
#[napi]
pub fn end_peek(thread: u32) -> Result<(), Error> {
    with(|engine| engine.end_peek(ThreadId(thread)))
}

/// The URL under which an update imports what Node resolved to `url`; `null` if it is no file. `first`: it is to be
/// today's; otherwise the one that was given then.
#[napi]
pub fn renewed(thread: u32, url: String, first: bool) -> Result<Option<String>, Error> {
    with(|engine| engine.renewed(ThreadId(thread), &url, first))
}

/// What an update imports by `url`, without our version, has evaluated, or thrown.
#[napi]
pub fn renewal_ended(thread: u32, url: String, threw: bool) -> Result<(), Error> {
    with(|engine| engine.renewal_ended(ThreadId(thread), &url, threw, Instant::now()))
}

/// Node does not find what an update is to import by `url`.
#[napi]
pub fn unrenewed(url: String) -> Result<(), Error> {
    with(|engine| engine.unrenewed(&url))
}

/// From now on until `rewind` the process links its app, and runs nothing of it.
#[napi]
pub fn link_ahead() -> Result<(), Error> {
    with(crate::engine::Engine::link_ahead)
}

/// The thread has linked the app whose entry is `entry`, and is about to run it. Returns the URLs of what is stale by now, for
/// Node to forget; `null` if only another process can run the app.
#[napi]
pub fn rewind(thread: u32, entry: String) -> Result<Option<Vec<String>>, Error> {
    let stale = with(|engine| engine.rewind(ThreadId(thread), &entry, Instant::now()))?;
    Ok(stale.map(|urls| urls.iter().map(ToString::to_string).collect()))
}

/// These of an update's renewals have linked and are about to evaluate.
#[napi]
pub fn linked(thread: u32, renewals: Vec<Renewal>) -> Result<Linked, Error> {
    let renewals: Vec<_> = renewals.into_iter().map(Into::into).collect();
    with(|engine| engine.linked(ThreadId(thread), &renewals).into())
}

/// The instances of which the thread is to tell when their evaluation ends (`ended`).
#[napi]
pub fn take_witnesses(thread: u32) -> Result<Vec<Witnessed>, Error> {
    let witnesses = with(|engine| engine.take_witnesses(ThreadId(thread)))?.into_iter();
    Ok(witnesses.map(|(id, url)| Witnessed { instance: id.0, url: url.to_string() }).collect())
}

/// Asynchronous `dispose` handlers are pending in the thread, or no longer.
#[napi]
pub fn set_disposing(thread: u32, disposing: bool) -> Result<(), Error> {
    with(|engine| engine.set_disposing(ThreadId(thread), disposing))
}

/// The name of the instance that the thread knows by `url`; 0 if there is none.
#[napi]
pub fn find(thread: u32, url: String) -> Result<u32, Error> {
    with(|engine| engine.find(ThreadId(thread), &url).map_or(0, |id| id.0))
}

/// Node could not read `url`.
#[napi]
pub fn unloaded(thread: u32, url: String) -> Result<(), Error> {
    with(|engine| engine.unloaded(ThreadId(thread), &url))
}

/// The instance `url` begins to run. Returns its name, 0 if it is unknown.
#[napi]
pub fn evaluate(thread: u32, url: String) -> Result<u32, Error> {
    with(|engine| engine.evaluate(ThreadId(thread), &url).map_or(0, |id| id.0))
}

/// A handler of the instance will take its time.
#[napi]
pub fn disposes_async(instance: u32) -> Result<(), Error> {
    with(|engine| engine.disposes_async(InstanceId(instance)))
}

/// The instance registers its first handler: `ended` will be called.
#[napi]
pub fn track(instance: u32) -> Result<Tracking, Error> {
    with(|engine| engine.track(InstanceId(instance)).into())
}

/// Whether the instance's body runs in one go.
#[napi]
pub fn runs_in_one_go(instance: u32) -> Result<bool, Error> {
    with(|engine| engine.runs_in_one_go(InstanceId(instance)))
}

/// The instance's body has run, to its end or not: `ended` will tell.
#[napi]
pub fn ran(instance: u32) -> Result<(), Error> {
    with(|engine| engine.ran(InstanceId(instance)))
}

/// A tracked instance has run to its end, or thrown.
#[napi]
pub fn ended(instance: u32, threw: bool) -> Result<(), Error> {
    with(|engine| engine.ended(InstanceId(instance), threw, Instant::now()))
}

/// The instance declines: a change that would supersede it asks for a restart.
#[napi]
pub fn decline(instance: u32) -> Result<(), Error> {
    with(|engine| engine.decline(InstanceId(instance)))
}

/// Takes in what has happened to files, and decides on it; costs one empty read when nothing has happened.
/// `canReport`: the caller runs in that thread.
///
/// Returns -1 if `report` is to be called, then `take`; -2 if `take` has work; otherwise the engine's generation: as long
/// as it is the same, an `import()` that `isRepeatable` need not be resolved again.
#[napi]
pub fn drain(thread: u32, can_report: bool) -> Result<i64, Error> {
    let caller = if can_report { Caller::Thread(ThreadId(thread)) } else { Caller::Hooks };
    with(|engine| {
        if engine.is_quiet(ThreadId(thread)) {
            return i64::from(engine.generation());
        }
        match engine.drain(caller, Instant::now()) {
            Next::Report => -1,
            Next::Take => -2,
            Next::Nothing => i64::from(engine.generation()),
        }
    })
}

/// The engine's generation if nothing has happened that the thread that calls, which has attached, must take in; else -1. Of all calls
/// it costs the least: it is made at every import.
#[napi]
pub fn pulse() -> Result<i64, Error> {
    with(|engine| if engine.is_quiet(host::thread()) { engine.generation().into() } else { -1 })
}

/// Whether imports by `parent` are from now on all `import()`s.
#[napi]
pub fn is_repeatable(thread: u32, parent: String) -> Result<bool, Error> {
    with(|engine| engine.is_repeatable(ThreadId(thread), &parent))
}

/// Reports what `require.cache` holds that the last report did not: modules, those of them that are ES modules, and
/// who required whom (importer, target, importer, target …), all as absolute paths; `lazy` says of each pair whether the
/// importer had run to its end. `hooked`: `require` passes hooks.
#[napi]
pub fn report(
    thread: u32,
    new_modules: Vec<String>,
    es_modules: Vec<String>,
    edges: Vec<String>,
    lazy: Vec<bool>,
    hooked: bool,
) -> Result<(), Error> {
    let required = Required {
        new: new_modules.iter().map(String::as_str).collect(),
        es_modules: es_modules.iter().map(String::as_str).collect(),
        edges: std::iter::zip(edges.as_chunks().0, lazy)
            .map(|([from, to], lazy)| (from.as_str(), to.as_str(), lazy))
            .collect(),
        hooked,
    };
    with(|engine| engine.report(ThreadId(thread), &required))
}

/// The thread begins to require, for the first time since its last `report`.
#[napi]
pub fn requires(thread: u32) -> Result<(), Error> {
    with(|engine| engine.requires(ThreadId(thread)))
}

/// A required ES module could not be evicted.
#[napi]
pub fn irreplaceable(path: String) -> Result<(), Error> {
    with(|engine| engine.irreplaceable(&path))
}

/// Whether superseded instances are to be released.
#[napi]
pub fn releases() -> Result<bool, Error> {
    with(|engine| engine.config().is_some_and(|config| config.release))
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

/// Forgets the superseded instances that `take` was about. Returns their URLs, which may leave the load cache: each with a
/// NUL before it.
#[napi]
pub fn release(thread: u32) -> Result<String, Error> {
    with(|engine| convert::list(&engine.release(ThreadId(thread))))
}

/// After a failure: what can still be told. See `take`.
#[napi]
pub fn take_blindly(thread: u32) -> Option<Update> {
    host::blind(|engine| engine.take(ThreadId(thread)).map(Update::from)).flatten()
}

/// The parent process says that the file at `path`, absolute, was changed or `removed`. After a failure a restart is asked
/// for all the same; see `takeBlindly`.
#[napi]
pub fn told(path: String, removed: bool) -> Result<(), Error> {
    with(|engine| engine.told(&path, removed, Instant::now())).inspect_err(|_| {
        host::blind(|engine| engine.told_blindly(&path));
    })
}

/// What a change of the file, whose path is absolute, would do now, and why.
#[napi]
pub fn explain(path: String) -> Result<Explanation, Error> {
    with(|engine| engine.explain(&path).into())
}

/// All modules, in the order in which they came.
#[napi]
pub fn dump() -> Result<Vec<DumpNode>, Error> {
    with(|engine| engine.dump().into_iter().map(DumpNode::from).collect())
}

/// The graph with all that was decided on it, as JSON: see `packages/dump-viewer/README.md`.
#[napi]
pub fn picture() -> Result<String, Error> {
    with(|engine| engine.picture())
}

/// Paths as people want to read them: relative to the folder of package.json.
#[napi]
pub fn shown(paths: Vec<String>) -> Result<Vec<String>, Error> {
    with(|engine| paths.iter().map(|path| engine.show(path)).collect())
}

/// Keeps notes of what is watched and decided, for `notes`.
#[napi]
pub fn keep_notes() -> Result<(), Error> {
    with(crate::engine::Engine::keep_notes)
}

/// The notes since the last call, a line each.
#[napi]
pub fn notes() -> Result<Vec<String>, Error> {
    with(crate::engine::Engine::notes)
}

/// Whether the failure is to be told to the user: true once in the process.
#[napi]
pub fn announces_failure() -> bool {
    host::announce()
}

/// Fails inside the engine, as a defect would, in this thread or in one of our own: for tests of what follows.
#[napi]
pub fn fail_for_tests(elsewhere: bool) -> Result<(), Error> {
    let fail = || with(|_| std::panic::panic_any("a failure made for tests"));
    if elsewhere {
        return std::thread::spawn(fail).join().map_or(Ok(()), |_| Ok(()));
    }
    fail()
}
