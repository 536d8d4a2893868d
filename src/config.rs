//! The options of `hot.init` and of `package.json#hotHook`: checked, completed, merged.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::ConfigError;
use crate::glob::Matcher;
use crate::graph::ThreadId;

/// The options, as users write them.
const OPTIONS: [&str; 11] = [
    "root",
    "rootDirectory",
    "ignore",
    "boundaries",
    "restart",
    "watch",
    "poll",
    "release",
    "check",
    "throwWhenBoundariesAreNotDynamicallyImported",
    "onFullReloadAsked",
];

/// The key under which JavaScript passes on the name of what JSON cannot express, such as `{"$type": "a function"}`.
const TYPE: &str = "$type";

/// Vite writes its configuration to such files while it starts: reloading on them would never end.
const DEFAULT_IGNORE: [&str; 3] =
    ["**/node_modules/**", "**/vite.config.js.timestamp*", "**/vite.config.ts.timestamp*"];
const DEFAULT_RESTART: [&str; 1] = [".env"];

/// Where options come from, for what they leave open.
pub struct Origin<'a> {
    /// What the options are called in errors: `hot.init()` or the path of a package.json.
    pub name: &'a str,
    /// The folder that relative paths are meant from.
    pub base: &'a str,
    /// The value of `HOT_HOOK_WATCH`.
    pub env_watch: Option<&'a str>,
}

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watching {
    /// All that counts.
    Everything,
    /// Modules, and what they watch, if there is a parent process that reports changes too: some watchers miss some.
    /// `restart` files are the parent's alone.
    Modules,
    /// Nothing: the parent process reports all changes.
    Nothing,
}

impl Origin<'_> {
    /// The package.json that they were read from.
    pub fn file(&self) -> Option<&str> {
        file_of(self.name)
    }

    /// Whether a thread has given them for itself, by a call.
    pub fn is_own(&self) -> bool {
        self.name == OWN
    }
}

/// What the options of a call are called in errors.
const OWN: &str = "hot.init()";

/// What stands in errors after the path of a package.json.
const KEY: &str = "#hotHook";

/// The package.json that options were read from which errors call `name`.
pub fn file_of(name: &str) -> Option<&str> {
    name.strip_suffix(KEY)
}

/// The options that `text`, that of the package.json at `path`, holds.
///
/// # Errors
/// It is no JSON.
pub fn options_in(path: &str, text: &str) -> Result<Value, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let package: Value = serde_json::from_str(text)
        .map_err(|error| ConfigError::Json { path: path.to_owned(), reason: error.to_string() })?;
    let options = package.get("hotHook").filter(|options| !options.is_null());
    Ok(options.cloned().unwrap_or_else(|| Value::Object(Map::new())))
}

/// What governs the engine.
#[derive(PartialEq)]
pub struct Config {
    /// The file that `dump()` writes paths relative to, with the directory that holds it.
    pub root: Option<String>,
    /// Paths in messages for people are relative to it.
    pub root_directory: String,
    /// Files that keep their one instance.
    pub ignore: Matcher,
    /// Files whose dynamic imports are hot.
    pub boundaries: Matcher,
    /// Those whose imports by one thread are.
    pub own_boundaries: Vec<(ThreadId, Matcher)>,
    /// Files whose change asks for a restart.
    pub restart: Matcher,
    /// What is watched; of the rest the parent process tells.
    pub watch: Watching,
    /// Look at the files at this interval, rather than waiting for events.
    pub poll: Option<Duration>,
    /// Whether superseded instances are released.
    pub release: bool,
    /// Whether what a save affects is linked at once.
    pub check: bool,
    /// Whether a static import of a boundary is an error.
    pub throw_when_static: bool,
}

/// One list of patterns, with the directory from which it is meant.
type Patterns = Matcher;

/// What `poll` was set to: an interval, or not at all.
#[derive(Clone, Copy)]
struct Polling(Option<Duration>);

/// Options, checked. What was not given is `None`.
#[derive(Clone, Default)]
pub struct Options {
    root: Option<String>,
    root_directory: Option<String>,
    ignore: Option<Patterns>,
    boundaries: Option<Patterns>,
    restart: Option<Patterns>,
    watch: Option<bool>,
    poll: Option<Polling>,
    release: Option<bool>,
    check: Option<bool>,
    throw_when_static: Option<bool>,
    /// What a user should be told, a line each.
    pub warnings: Vec<String>,
}

impl Options {
    /// Checks `given`, a JSON object.
    ///
    /// # Errors
    /// The first option with a wrong type or an invalid pattern.
    pub fn parse(given: &Value, origin: &Origin) -> Result<Self, ConfigError> {
        let empty = Map::new();
        let object = match given {
            Value::Null => &empty,
            Value::Object(object) if !object.contains_key(TYPE) => object,
            other => {
                return Err(ConfigError::Shape {
                    origin: origin.name.to_owned(),
                    got: describe(other),
                });
            }
        };
        let reader = Reader { object, origin };
        let root = reader.path("root", origin.base)?;
        let directory = reader.path("rootDirectory", origin.base)?;
        // Patterns of a package.json are meant from its folder, wherever `root` is.
        let directory = directory.or_else(|| origin.file().map(|_| origin.base.to_owned()));
        let root_directory =
            directory.or_else(|| root.as_deref().map(|r| crate::watch::parent(r).to_owned()));
        let root_directory = root_directory.map(|directory| real(&directory));
        let base = root_directory.clone().unwrap_or_else(|| real(origin.base));
        reader.function("onFullReloadAsked")?;
        Ok(Self {
            ignore: reader.patterns("ignore", &base)?,
            boundaries: reader.patterns("boundaries", &base)?,
            restart: reader.patterns("restart", &base)?,
            watch: reader.flag("watch")?,
            poll: reader.poll()?,
            release: reader.flag("release")?,
            check: reader.flag("check")?,
            throw_when_static: reader.flag("throwWhenBoundariesAreNotDynamicallyImported")?,
            warnings: object.keys().filter_map(|key| unknown(key, origin)).collect(),
            root_directory,
            root,
        })
    }

    /// These options, with those that `later` gives in their place.
    #[must_use]
    pub fn merge(self, later: Self) -> Self {
        Self {
            root_directory: later.root_directory.or(self.root_directory),
            root: later.root.or(self.root),
            ignore: later.ignore.or(self.ignore),
            boundaries: later.boundaries.or(self.boundaries),
            restart: later.restart.or(self.restart),
            watch: later.watch.or(self.watch),
            poll: later.poll.or(self.poll),
            release: later.release.or(self.release),
            check: later.check.or(self.check),
            throw_when_static: later.throw_when_static.or(self.throw_when_static),
            warnings: later.warnings,
        }
    }

    /// The file that paths are written relative to.
    pub fn root(&self) -> Option<&str> {
        self.root.as_deref()
    }

    /// The patterns of `boundaries`, if they were given.
    pub fn boundaries(&self) -> Option<&Matcher> {
        self.boundaries.as_ref()
    }

    /// These options as far as they can hold for other threads too.
    #[must_use]
    pub fn shared(self) -> Self {
        Self { boundaries: None, ..self }
    }

    /// The options completed with their defaults.
    ///
    /// # Errors
    /// A default pattern that cannot be used below this root directory: never in practice.
    pub fn complete(&self, origin: &Origin) -> Result<Config, ConfigError> {
        let root_directory = self.root_directory.clone().unwrap_or_else(|| real(origin.base));
        let directory = Path::new(&root_directory);
        let or_default = |option: &str, given: &Option<Patterns>, default: &[&str]| match given {
            Some(matcher) => Ok(matcher.clone()),
            None => {
                Matcher::new(directory, default).map_err(|error| invalid(origin, option, &error))
            }
        };
        Ok(Config {
            root: self.root.clone(),
            ignore: or_default("ignore", &self.ignore, &DEFAULT_IGNORE)?,
            boundaries: or_default("boundaries", &self.boundaries, &[])?,
            own_boundaries: Vec::new(),
            restart: or_default("restart", &self.restart, &DEFAULT_RESTART)?,
            // An option beats the environment, as in hot-hook 1.0.
            watch: match (self.watch, origin.env_watch) {
                (Some(false), _) => Watching::Nothing,
                (None, Some("false")) => Watching::Modules,
                _ => Watching::Everything,
            },
            poll: self.poll.and_then(|Polling(interval)| interval),
            release: self.release.unwrap_or(true),
            check: self.check.unwrap_or(true),
            throw_when_static: self.throw_when_static.unwrap_or(false),
            root_directory,
        })
    }
}

impl Config {
    /// The options that are others in `later`, by name.
    pub fn differences(&self, later: &Self) -> Vec<&'static str> {
        let is_bounded_alike =
            self.boundaries == later.boundaries && self.own_boundaries == later.own_boundaries;
        let same = [
            ("root", self.root == later.root),
            ("rootDirectory", self.root_directory == later.root_directory),
            ("ignore", self.ignore == later.ignore),
            ("boundaries", is_bounded_alike),
            ("restart", self.restart == later.restart),
            ("watch", self.watch == later.watch),
            ("poll", self.poll == later.poll),
            ("release", self.release == later.release),
            ("check", self.check == later.check),
            (
                "throwWhenBoundariesAreNotDynamicallyImported",
                self.throw_when_static == later.throw_when_static,
            ),
        ];
        same.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect()
    }

    /// The options of one thread count too, where they can: its boundaries for its own imports; a restart is the process's.
    pub fn add_own(&mut self, thread: ThreadId, options: &Options) {
        if let Some(boundaries) = &options.boundaries {
            self.own_boundaries.push((thread, boundaries.clone()));
        }
        if let Some(restart) = &options.restart {
            self.restart = std::mem::take(&mut self.restart).or(restart.clone());
        }
    }
}

struct Reader<'a> {
    object: &'a Map<String, Value>,
    origin: &'a Origin<'a>,
}

impl Reader<'_> {
    fn get(&self, option: &str) -> Option<&Value> {
        self.object.get(option).filter(|value| !value.is_null())
    }

    fn wrong<T>(&self, option: &str, got: &Value, want: &str) -> Result<T, ConfigError> {
        Err(wrong(self.origin, option, got, want))
    }

    fn flag(&self, option: &str) -> Result<Option<bool>, ConfigError> {
        match self.get(option) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => self.wrong(option, other, "true or false"),
        }
    }

    fn path(&self, option: &str, base: &str) -> Result<Option<String>, ConfigError> {
        match self.get(option) {
            None => Ok(None),
            Some(Value::String(path)) if path.is_empty() => self.wrong(
                option,
                &Value::String(String::new()),
                "a path, such as import.meta.filename",
            ),
            Some(Value::String(path)) => {
                let path = crate::url::path_of(path).unwrap_or_else(|| path.clone());
                Ok(Some(crate::path::resolve(base, &path)))
            }
            Some(other) => self.wrong(option, other, "a path, such as import.meta.filename"),
        }
    }

    fn patterns(&self, option: &str, base: &str) -> Result<Option<Patterns>, ConfigError> {
        let want = "a path or glob, or a list of them";
        let Some(value) = self.get(option) else { return Ok(None) };
        let list = match value {
            Value::String(_) => std::slice::from_ref(value),
            Value::Array(list) => list.as_slice(),
            other => return self.wrong(option, other, want),
        };
        let mut patterns = Vec::with_capacity(list.len());
        for (index, item) in list.iter().enumerate() {
            let Value::String(pattern) = item else {
                let name =
                    if value.is_array() { format!("{option}[{index}]") } else { option.to_owned() };
                return self.wrong(&name, item, "a path or glob");
            };
            patterns.push(pattern.as_str());
        }
        let matcher = Matcher::new(Path::new(base), &patterns)
            .map_err(|error| invalid(self.origin, option, &error))?;
        Ok(Some(matcher))
    }

    fn poll(&self) -> Result<Option<Polling>, ConfigError> {
        match self.get("poll") {
            None => Ok(None),
            Some(Value::Bool(flag)) => {
                Ok(Some(Polling(flag.then_some(crate::watch::POLL_INTERVAL))))
            }
            // JSON writes a whole number in more than one way: 100, 1e2.
            Some(value) => match value.as_f64().filter(|ms| *ms >= 1.0 && ms.fract() == 0.0) {
                Some(ms) if let Ok(interval) = Duration::try_from_secs_f64(ms / 1000.0) => {
                    Ok(Some(Polling(Some(interval))))
                }
                _ => self.wrong("poll", value, "true, false or an interval in milliseconds"),
            },
        }
    }

    fn function(&self, option: &str) -> Result<(), ConfigError> {
        match self.get(option) {
            Some(value) if value.get(TYPE).and_then(Value::as_str) != Some("a function") => {
                self.wrong(option, value, "a function")
            }
            _ => Ok(()),
        }
    }
}

fn wrong(origin: &Origin, option: &str, got: &Value, want: &str) -> ConfigError {
    ConfigError::Type {
        origin: origin.name.to_owned(),
        option: option.to_owned(),
        got: describe(got),
        want: want.to_owned(),
    }
}

fn invalid(origin: &Origin, option: &str, error: &crate::glob::PatternError) -> ConfigError {
    ConfigError::Pattern {
        origin: origin.name.to_owned(),
        option: option.to_owned(),
        reason: error.to_string(),
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Object(object) => match object.get(TYPE).and_then(Value::as_str) {
            Some(name) => name.to_owned(),
            None => "an object".to_owned(),
        },
        Value::Array(_) => "a list".to_owned(),
        other => other.to_string(),
    }
}

fn unknown(key: &str, origin: &Origin) -> Option<String> {
    if OPTIONS.contains(&key) {
        return None;
    }
    let nearest = OPTIONS.iter().min_by_key(|option| distance(key, option))?;
    let hint = if distance(key, nearest) <= key.len().max(nearest.len()) / 2 {
        format!("did you mean {nearest:?}?")
    } else {
        format!("the options are {}", OPTIONS.join(", "))
    };
    Some(format!("{}: the option {key:?} is unknown and does nothing; {hint}", origin.name))
}

/// How many letters must be typed anew to make `a` of `b` (Levenshtein), whatever their case.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.chars().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The real path, if there is something; modules are known by theirs.
fn real(path: &str) -> String {
    std::fs::canonicalize(path)
        .map_or_else(|_| path.to_owned(), |real| real.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ORIGIN: Origin = Origin { name: "hot.init()", base: "/p", env_watch: None };

    fn complete(options: &Value) -> Config {
        Options::parse(options, &ORIGIN).unwrap().complete(&ORIGIN).unwrap()
    }

    #[test]
    fn wrong_types_name_the_option_what_it_got_and_what_it_wants() {
        for (options, message) in [
            (
                json!({ "boundaries": 42 }),
                "hot.init(): the option \"boundaries\" is 42, but must be a path or glob, or a list of them",
            ),
            (
                json!({ "boundaries": ["./a", 42] }),
                "hot.init(): the option \"boundaries[1]\" is 42, but must be a path or glob",
            ),
            (
                json!({ "ignore": {} }),
                "hot.init(): the option \"ignore\" is an object, but must be a path or glob, or a list of them",
            ),
            (
                json!({ "root": 42 }),
                "hot.init(): the option \"root\" is 42, but must be a path, such as import.meta.filename",
            ),
            (
                json!({ "watch": "no" }),
                "hot.init(): the option \"watch\" is \"no\", but must be true or false",
            ),
            (
                json!({ "poll": -1 }),
                "hot.init(): the option \"poll\" is -1, but must be true, false or an interval in milliseconds",
            ),
            (
                json!({ "onFullReloadAsked": "x" }),
                "hot.init(): the option \"onFullReloadAsked\" is \"x\", but must be a function",
            ),
            (json!([1]), "hot.init(): the options are a list, but must be an object"),
        ] {
            let error = Options::parse(&options, &ORIGIN).err().unwrap();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn what_is_right_is_taken() {
        let config = complete(&json!({
            "root": "./src/main.mjs", "boundaries": "./controllers/*.mjs", "watch": false, "poll": 100,
            "onFullReloadAsked": { "$type": "a function" },
        }));
        assert_eq!(
            (config.root.as_deref(), config.root_directory.as_str()),
            (Some("/p/src/main.mjs"), "/p/src")
        );
        assert!(config.boundaries.is_match("/p/src/controllers/a.mjs"));
        assert_eq!(config.watch, Watching::Nothing);
        assert_eq!(config.poll, Some(Duration::from_millis(100)));
    }

    #[test]
    fn defaults() {
        let config = complete(&json!({}));
        assert!(config.ignore.is_match("/p/node_modules/x/index.js"));
        assert!(config.ignore.is_match("/p/vite.config.ts.timestamp-12.mjs"));
        assert!(config.restart.is_match("/p/.env") && !config.restart.is_match("/p/sub/.env"));
        assert!(config.release && !config.throw_when_static);
        assert_eq!(config.watch, Watching::Everything);
    }

    #[test]
    fn the_root_directory_also_governs_the_defaults() {
        let config = complete(&json!({ "rootDirectory": "./src" }));
        assert!(config.restart.is_match("/p/src/.env") && !config.restart.is_match("/p/.env"));
        assert_eq!(config.root_directory, "/p/src");
    }

    #[test]
    fn an_option_beats_the_environment() {
        let origin = Origin { env_watch: Some("false"), ..ORIGIN };
        let watch =
            |options| Options::parse(&options, &origin).unwrap().complete(&origin).unwrap().watch;
        assert_eq!(watch(json!({})), Watching::Modules);
        assert_eq!(watch(json!({ "watch": true })), Watching::Everything);
        assert_eq!(watch(json!({ "watch": false })), Watching::Nothing);
    }

    #[test]
    fn a_later_call_replaces_what_it_names() {
        let first =
            Options::parse(&json!({ "boundaries": ["./a"], "ignore": ["./b"] }), &ORIGIN).unwrap();
        let later =
            Options::parse(&json!({ "root": "/q/main.mjs", "boundaries": ["./c"] }), &ORIGIN)
                .unwrap();
        let config = first.merge(later).complete(&ORIGIN).unwrap();
        assert!(config.boundaries.is_match("/q/c") && !config.boundaries.is_match("/p/a"));
        assert!(
            config.ignore.is_match("/p/b"),
            "patterns stay relative to the call that gave them"
        );
    }

    #[test]
    fn unknown_options_are_named_with_the_nearest() {
        let warn = |key: &str| {
            Options::parse(&json!({ key: 1 }), &ORIGIN).unwrap().warnings.pop().unwrap()
        };
        assert!(warn("boundary").contains("did you mean \"boundaries\"?"));
        assert!(warn("ignored").contains("did you mean \"ignore\"?"));
        assert!(warn("qqqqqqqqqq").contains("the options are root, "));
    }
}
