//! Watching for a supervisor; see [`crate::project`].

use std::time::{Duration, SystemTime};

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use serde_json::Value;

use super::host::{Error, INTERNAL};
use crate::config::{Config, Options, Origin};
use crate::project::{self, Scope, Tree};

/// What a watcher has found.
#[napi(object)]
pub struct Found {
    /// Files that were saved or deleted, absolute.
    pub paths: Vec<String>,
    /// They were saved before the watch began.
    pub early: bool,
    /// What could not be watched, a line each.
    pub problems: Vec<String>,
}

impl From<project::Found> for Found {
    fn from(found: project::Found) -> Self {
        Self { paths: found.paths, early: found.early, problems: found.problems }
    }
}

/// Watches until it is stopped. It keeps no process alive.
#[napi]
pub struct Watcher(Option<project::Watcher>);

#[napi]
impl Watcher {
    /// Ends the watch.
    #[napi]
    pub fn stop(&mut self) {
        self.0 = None;
    }
}

/// Watches all files of a project, except those that `ignore` matches, those in the folders `skip`, and those of `.git`
/// and `node_modules`; and the `restart` files. Any save counts, also since the time `since` (milliseconds since 1970).
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

/// Watches these files, absolute, whether they exist or not. Only other bytes count.
#[napi(catch_unwind)]
pub fn watch_files(paths: Vec<String>, changed: Function<Found, ()>) -> Result<Watcher, Error> {
    start(project::files(paths), None, changed)
}

fn config(options: &str, base: &str) -> Result<Config, Error> {
    let origin = Origin { name: "package.json", base, env_watch: None };
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
    let tell = move |found: project::Found| {
        changed.call(found.into(), ThreadsafeFunctionCallMode::NonBlocking);
    };
    let watcher = project::Watcher::start(scope, poll, tell)
        .map_err(|error| Error::new(INTERNAL, error.to_string()))?;
    Ok(Watcher(Some(watcher)))
}
