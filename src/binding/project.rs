//! Watching for a supervisor; see [`crate::project`].

use std::time::{Duration, SystemTime};

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use serde_json::Value;

use super::host::{Error, INTERNAL, with};
use crate::config::{Config, Options, Origin};
use crate::examine::examine;
use crate::package;
use crate::project::{self, Scope, Tree};

/// What a watcher has found.
#[napi(object)]
pub struct Found {
    /// Paths of files that were saved or deleted.
    pub paths: Vec<String>,
    /// They were saved before the watch began.
    pub early: bool,
    /// What could not be watched, one line each; empty if all is.
    pub problems: Vec<String>,
    /// All is told that was saved before the call of `sync` that has returned this; 0: of none.
    pub synced: u32,
}

impl From<project::Found> for Found {
    fn from(found: project::Found) -> Self {
        let project::Found { paths, early, problems, synced } = found;
        Self { paths, early, problems, synced }
    }
}

/// What the options of a project mean, and how saves in it would be noticed, as JSON: see `config` and `watching` in
/// `doctor` in `cli/schema.json`. `options` is the JSON of `package.json#hotHook`, `name` what they are called in errors, `base` the
/// folder of package.json, `env_watch` the value of `HOT_HOOK_WATCH`. Looks at up to 20,000 entries of folders. Throws with the code
/// `HOT_HOOK_OPTIONS` if an option cannot be used.
#[napi(catch_unwind)]
pub fn examine_project(
    options: String,
    name: String,
    base: String,
    env_watch: Option<String>,
) -> Result<String, Error> {
    let wrong = |reason: String| Error::new("HOT_HOOK_OPTIONS", reason);
    let options = serde_json::from_str(&options).map_err(|error| wrong(error.to_string()))?;
    let origin = Origin { name: &name, base: &base, env_watch: env_watch.as_deref() };
    let found = examine(&options, &origin).map_err(|error| wrong(error.to_string()))?;
    serde_json::to_string(&found).map_err(|error| Error::new(INTERNAL, error.to_string()))
}

/// What a module wanted of a package and did not find.
#[napi(object)]
pub struct MissingPackage {
    /// The path of the module.
    pub importer: String,
    /// What it wrote: the name of a package, perhaps with a path in it, or what `imports` maps.
    pub specifier: String,
    /// By `require()`.
    pub required: bool,
}

/// What this process did not find, and is still not there.
#[napi]
pub fn missing_packages() -> Result<Vec<MissingPackage>, Error> {
    with(|engine| {
        let missing = engine.missing_packages().map(|it| MissingPackage {
            importer: it.importer.to_string(),
            specifier: it.specifier.to_string(),
            required: it.required,
        });
        missing.collect()
    })
}

/// Whether a package is there by now: the file that is wanted of it, too. Looks at the disk at each call.
#[napi(catch_unwind)]
pub fn is_installed(missing: MissingPackage) -> bool {
    package::find(&missing.importer, &missing.specifier, missing.required).file.is_some()
}

/// Watches until it is stopped. It keeps no process alive.
#[napi]
pub struct Watcher(Option<project::Watcher>);

#[napi]
impl Watcher {
    /// Takes in what was saved by now. When that is told, and nothing settles, `changed` is called with a `synced` that is what is
    /// returned, or more. 0 if the watch has ended.
    #[napi]
    pub fn sync(&self) -> u32 {
        self.0.as_ref().map_or(0, project::Watcher::sync)
    }

    /// Ends the watch: what was found before may still be reported. A second call does nothing.
    #[napi]
    pub fn stop(&mut self) {
        self.0 = None;
    }
}

/// Watches all files of a project, except those that `ignore` matches, those in the folders `skip`, and those of `.git`
/// and `node_modules`; and the `restart` files. Any save counts, also since the time `since` (milliseconds since 1970):
/// `changed` is called with what was saved, from the event loop.
///
/// `options` is the JSON of `package.json#hotHook`, `base` the folder of package.json. Options that cannot be used are
/// the app's to complain of: their defaults stand in for them.
#[napi(catch_unwind)]
pub fn watch_project(
    options: String,
    base: String,
    skip: Vec<String>,
    since: f64,
    changed: Function<Found, ()>,
) -> Result<Watcher, Error> {
    let config = config(&options, &base)?;
    let since = Duration::try_from_secs_f64(since / 1000.0).unwrap_or_default();
    let since = SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or_else(SystemTime::now);
    start(Scope::Tree(Box::new(Tree::new(&config, skip, since))), config.poll, changed)
}

/// Watches the files at these paths, whether they exist or not. Only other bytes count. `changed` is called from the event
/// loop. Throws with the code `HOT_HOOK_INTERNAL` if nothing can be watched.
#[napi(catch_unwind)]
pub fn watch_files(paths: Vec<String>, changed: Function<Found, ()>) -> Result<Watcher, Error> {
    start(project::files(paths), None, changed)
}

fn config(options: &str, base: &str) -> Result<Config, Error> {
    let origin = Origin { name: "package.json#hotHook", base, env_watch: None };
    let read = |options: &Value| Options::parse(options, &origin)?.complete(&origin);
    let given = serde_json::from_str(options).unwrap_or(Value::Null);
    read(&given)
        .or_else(|_| read(&Value::Null))
        .map_err(|error| Error::new(INTERNAL, error.to_string()))
}

fn start(
    scope: Scope,
    poll: Option<Duration>,
    changed: Function<Found, ()>,
) -> Result<Watcher, Error> {
    let changed = changed
        .build_threadsafe_function()
        .weak::<true>()
        .build()
        .map_err(|error| Error::new(INTERNAL, error.reason.clone()))?;
    let report = move |found: project::Found| {
        changed.call(found.into(), ThreadsafeFunctionCallMode::NonBlocking);
    };
    let watcher = project::Watcher::start(scope, poll, report)
        .map_err(|error| Error::new(INTERNAL, error.to_string()))?;
    Ok(Watcher(Some(watcher)))
}
