//! What `hot-hook doctor` asks of a project in which nothing needs to run: what the options mean, and how saves would be noticed.

use std::collections::VecDeque;
use std::io;

use rustc_hash::FxHashSet;
use serde::Serialize;
use serde_json::Value;

use crate::config::{Config, Options, Origin};
use crate::error::ConfigError;
use crate::glob::{Base, Matcher, forward_slashes};
use crate::skipped::is_skipped_folder;
use crate::watch::{Watch, join, sleep};

/// So many entries of folders are looked at.
const MAX_ENTRIES: usize = 20_000;

/// So many files are named for each pattern.
const MAX_EXAMPLES: usize = 3;

/// What was found. Paths are absolute.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Examination {
    root_directory: String,
    watching: Watching,
    patterns: Vec<Matched>,
    /// Not all folders were looked at: there may be more files.
    is_partial: bool,
    /// What a user should be told, a line each.
    warnings: Vec<String>,
}

/// How saves below the root directory would be noticed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Watching {
    backend: Backend,
    /// A save is known as soon as it has returned.
    at_once: bool,
    problems: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Backend {
    Inotify,
    /// The system's file events, by the crate of that name.
    Notify,
    Polling,
}

/// A pattern, and the files that it matches now.
#[derive(Serialize)]
struct Matched {
    option: &'static str,
    pattern: String,
    files: usize,
    examples: Vec<String>,
    #[serde(skip)]
    matcher: Matcher,
}

/// Looks at the project that `options` are for.
///
/// # Errors
/// The first option that cannot be used.
pub fn examine(options: &Value, origin: &Origin) -> Result<Examination, ConfigError> {
    let parsed = Options::parse(options, origin)?;
    let warnings = parsed.warnings.clone();
    let config = parsed.complete(origin)?;
    let mut patterns = patterns_of(&config);
    let is_partial = search(&config, &mut patterns);
    let watching = watching(&config);
    Ok(Examination {
        root_directory: config.root_directory,
        watching,
        patterns,
        is_partial,
        warnings,
    })
}

fn patterns_of(config: &Config) -> Vec<Matched> {
    let options = [
        ("boundaries", &config.boundaries),
        ("restart", &config.restart),
        ("ignore", &config.ignore),
    ];
    let each = options.into_iter().flat_map(|(option, list)| {
        list.each().map(move |(pattern, matcher)| Matched {
            option,
            pattern: pattern.to_owned(),
            files: 0,
            examples: Vec::new(),
            matcher,
        })
    });
    each.collect()
}

/// Counts the files that each pattern matches. Returns whether there may be more.
fn search(config: &Config, patterns: &mut [Matched]) -> bool {
    let bases = patterns.iter().flat_map(|it| it.matcher.bases());
    let mut folders: VecDeque<Base> = bases.collect();
    // Breadth first: what is meant is rarely deep.
    let (mut seen, mut files) = (FxHashSet::default(), FxHashSet::default());
    let mut entries = 0;
    while let Some(Base { directory, recursive }) = folders.pop_front() {
        if !seen.insert((directory.clone(), recursive)) {
            continue;
        }
        let Ok(found) = std::fs::read_dir(&directory) else { continue };
        for entry in found.flatten() {
            entries += 1;
            if entries > MAX_ENTRIES {
                return true;
            }
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let path = join(&directory, &name);
            // What is a link to a folder may lead back.
            if entry.file_type().is_ok_and(|it| it.is_dir()) {
                if recursive && !is_skipped_folder(&name) {
                    folders.push_back(Base { directory: path, recursive });
                }
            } else if files.insert(path.clone()) {
                count(config, patterns, &forward_slashes(&path));
            }
        }
    }
    false
}

fn count(config: &Config, patterns: &mut [Matched], path: &str) {
    for it in patterns.iter_mut().filter(|it| it.matcher.is_match(path)) {
        // Exclusions of the list count, and `ignore` beats all.
        let is_meant = match it.option {
            "boundaries" => config.boundaries.is_match(path) && !config.ignore.is_match(path),
            "restart" => config.restart.is_match(path),
            _ => config.ignore.is_match(path),
        };
        if is_meant {
            it.files += 1;
            if it.examples.len() < MAX_EXAMPLES {
                it.examples.push(path.to_owned());
            }
        }
    }
}

fn watching(config: &Config) -> Watching {
    let begun = |waker| {
        let mut watch = Watch::new(config.poll, waker);
        watch.retain(&config.root_directory);
        let backend = match (watch.polls(), cfg!(target_os = "linux")) {
            (true, _) => Backend::Polling,
            (false, true) => Backend::Inotify,
            (false, false) => Backend::Notify,
        };
        let at_once = watch.sees_at_once(&config.root_directory);
        Watching { backend, at_once, problems: watch.take_problems() }
    };
    let failed = |error: io::Error| Watching {
        backend: Backend::Polling,
        at_once: false,
        problems: vec![format!("no thread can wait for file events: {error}")],
    };
    sleep::pair().map_or_else(failed, |(waker, _poller)| begun(waker))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn look(options: &Value) -> Result<Value, ConfigError> {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a/one.js", "a/two.js", "a/[id].js", "node_modules/x/a/three.js", ".env"] {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().expect("a parent")).expect("folders");
            std::fs::write(file, "").expect("a file");
        }
        let base = folder.path().to_string_lossy();
        let name = format!("{base}/package.json#hotHook");
        let origin = Origin { name: &name, base: &base, env_watch: None };
        examine(options, &origin).map(|found| serde_json::to_value(found).expect("JSON"))
    }

    fn row(it: &Value) -> (&str, &str, u64) {
        let text = |field: &str| it[field].as_str().unwrap_or_default();
        (text("option"), text("pattern"), it["files"].as_u64().unwrap_or_default())
    }

    fn counts(found: &Value) -> Vec<(&str, &str, u64)> {
        found["patterns"].as_array().expect("a list").iter().map(row).collect()
    }

    #[test]
    fn each_pattern_has_the_files_that_it_means() {
        let found = look(&json!({
            "boundaries": ["./a/*.js", "**/three.js", "!./a/two.js", "./b/**"],
            "ignore": ["./a/[id].js"]
        }))
        .expect("options that can be used");
        let expected = [
            ("boundaries", "./a/*.js", 1),
            ("boundaries", "**/three.js", 0),
            ("boundaries", "./b/**", 0),
            ("restart", ".env", 1),
            ("ignore", "./a/[id].js", 1),
        ];
        assert_eq!(counts(&found), expected);
        assert_eq!(found["isPartial"], false);
    }

    #[test]
    fn options_are_checked() {
        assert!(look(&json!({ "boundaries": "+(a|b)" })).is_err());
        let found = look(&json!({ "boundarys": [] })).expect("a warning alone");
        assert_eq!(found["warnings"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn how_saves_are_noticed() {
        let found = look(&json!({ "poll": true })).expect("options that can be used");
        assert_eq!(found["watching"]["backend"], "polling");
        assert_eq!(found["watching"]["atOnce"], false);
    }
}
