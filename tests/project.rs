//! Watching for a supervisor, with real files.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime};

use hot_hook::config::{Options, Origin};
use hot_hook::project::{Found, Scope, Tree, Watcher, files};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(10);

struct Project {
    folder: PathBuf,
    _temporary: tempfile::TempDir,
}

impl Project {
    fn of(names: &[&str]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(temporary.path()).unwrap();
        let project = Self { folder, _temporary: temporary };
        for name in names {
            project.save(name, "1");
        }
        project
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    fn save(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn watch(&self, options: &Value, skip: &[&str], since: SystemTime) -> Watch {
        let base = self.path("");
        let origin = Origin { name: "package.json", base: &base, env_watch: None };
        let config = Options::parse(options, &origin).unwrap().complete(&origin).unwrap();
        let skip = skip.iter().map(|name| self.path(name)).collect();
        Watch::start(Scope::Tree(Box::new(Tree::new(&config, skip, since))))
    }

    fn watch_all(&self) -> Watch {
        let watch = self.watch(&json!({}), &[], later());
        // What is saved before the watch runs may be missed: the first save that is not shows that it does.
        for attempt in 0.. {
            self.save("begin", &attempt.to_string());
            if watch.found.recv_timeout(Duration::from_millis(100)).is_ok() {
                break;
            }
        }
        watch
    }
}

/// So that nothing is younger.
fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

struct Watch {
    found: Receiver<Found>,
    _watcher: Watcher,
}

impl Watch {
    fn start(scope: Scope) -> Self {
        let (sender, found) = channel();
        let watcher = Watcher::start(scope, None, move |found| drop(sender.send(found))).unwrap();
        Self { found, _watcher: watcher }
    }

    fn expect(&self, path: &str) {
        loop {
            let found = self.found.recv_timeout(DEADLINE).expect(path);
            if found.paths.iter().any(|found| found == path) {
                return;
            }
        }
    }
}

#[test]
fn a_save_anywhere_in_the_project_counts() {
    let project = Project::of(&["a.mjs", "src/deep/b.mjs"]);
    let watch = project.watch_all();
    for name in ["a.mjs", "src/deep/b.mjs", "src/new.mjs", "new/folder/c.mjs", ".env"] {
        // Again without a change: a person who saves wants the app to be tried again.
        for _ in 0..2 {
            project.save(name, "2");
            watch.expect(&project.path(name));
        }
    }
    fs::remove_file(project.path("a.mjs")).unwrap();
    watch.expect(&project.path("a.mjs"));
}

/// As `sed -i` does, and editors.
#[test]
fn a_file_that_is_renamed_into_place_is_no_save_of_its_own() {
    let project = Project::of(&["a.mjs"]);
    let watch = project.watch_all();
    let mut counted = 0;
    for n in 0.. {
        if counted == 5 {
            break;
        }
        // One that was seen before is no new file.
        let name = &format!("sed{n}");
        let begin = Instant::now();
        project.save(name, "2");
        // The watch has time to see it by itself.
        std::thread::sleep(Duration::from_millis(5));
        fs::rename(project.path(name), project.path("a.mjs")).unwrap();
        let is_quick = begin.elapsed() < Duration::from_millis(40);
        let found = watch.found.recv_timeout(DEADLINE).unwrap();
        let target = project.path("a.mjs");
        if is_quick {
            assert_eq!(found.paths, [target]);
            counted += 1;
        } else if !found.paths.contains(&target) {
            watch.expect(&target);
        }
    }
}

#[test]
fn a_folder_that_comes_may_be_called_like_a_file_that_nobody_saves() {
    let project = Project::of(&["a.mjs"]);
    let options = json!({ "ignore": ["./built"] });
    let watch = project.watch(&options, &[], later());
    for attempt in 0.. {
        project.save("a.mjs", &attempt.to_string());
        if watch.found.recv_timeout(Duration::from_millis(100)).is_ok() {
            break;
        }
    }
    for folder in ["core", "db.log", "x.tmp", "report.20261130.json", "old~", "data.12345", "built"]
    {
        let name = format!("{folder}/deep/b.mjs");
        for text in ["1", "2"] {
            project.save(&name, text);
            watch.expect(&project.path(&name));
        }
    }
}

#[test]
fn what_nobody_saves_does_not_count() {
    let project = Project::of(&["node_modules/x/i.js", ".git/HEAD", "logs/1", "cache/1", "a"]);
    let options = json!({ "ignore": ["./logs/**", "**/*.log"] });
    let watch = project.watch(&options, &["cache"], later());
    for name in [
        "node_modules/x/i.js",
        ".git/HEAD",
        "logs/1",
        "cache/1",
        "x.log",
        ".a.swp",
        "a~",
        ".#a",
        ".vscode/settings.json",
        "app.log.1",
        "data.db-journal",
        "#a#",
        "a.tmp",
    ] {
        project.save(name, "2");
    }
    project.save("a", "2");
    while let Ok(found) = watch.found.recv_timeout(Duration::from_millis(300)) {
        assert_eq!(found.paths, [project.path("a")]);
    }
}

#[test]
fn what_was_saved_before_the_watch_began_counts_as_early() {
    let project = Project::of(&["a.mjs", "src/b.mjs", "node_modules/x/i.js"]);
    let watch = project.watch(&json!({}), &[], SystemTime::now() - Duration::from_secs(3600));
    let found = watch.found.recv_timeout(DEADLINE).unwrap();
    assert_eq!(found.paths, [project.path("a.mjs"), project.path("src/b.mjs")]);
    assert!(found.early);
}

#[test]
fn a_file_of_tomorrow_was_not_saved_just_now() {
    let project = Project::of(&["a.mjs", "b.mjs"]);
    let file = fs::File::options().write(true).open(project.path("a.mjs")).unwrap();
    file.set_modified(later()).unwrap();
    let watch = project.watch(&json!({}), &[], SystemTime::now() - Duration::from_secs(3600));
    let found = watch.found.recv_timeout(DEADLINE).unwrap();
    assert_eq!(found.paths, [project.path("b.mjs")]);
}

#[test]
fn named_files_count_when_their_bytes_change() {
    let project = Project::of(&[".env"]);
    let (there, missing) = (project.path(".env"), project.path("config/.env.local"));
    let watch = Watch::start(files(vec![there.clone(), missing.clone()]));
    assert_eq!(
        watch.found.recv_timeout(Duration::from_millis(300)),
        Err(RecvTimeoutError::Timeout)
    );
    project.save("other", "2");
    project.save(".env", "1");
    project.save(".env", "2");
    watch.expect(&there);
    project.save("config/.env.local", "1");
    watch.expect(&missing);
    fs::remove_file(&there).unwrap();
    watch.expect(&there);
}
