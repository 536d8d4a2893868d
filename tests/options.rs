//! Options belong to who gave them, and what follows from them follows when they change.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "shared by several tests")]
#[path = "support/folder.rs"]
mod folder;
#[expect(dead_code, reason = "shared by several tests")]
#[path = "support/node.rs"]
mod node;

use std::time::Duration;

use hot_hook::config::{Origin, Watching};
use hot_hook::graph::ThreadId;
use node::{MAIN, Node};
use serde_json::{Value, json};

const WORKER: ThreadId = ThreadId(1);

/// A thread calls `hot.init()`.
fn init(node: &mut Node, thread: ThreadId, options: &Value) {
    let base = node.folder.path("");
    let origin = Origin { name: "hot.init()", base: &base, env_watch: None };
    node.engine.configure(thread, options, &origin).expect("good options");
}

/// Which of the files `a.mjs`, `b.mjs` … are boundaries for a thread.
fn boundaries(node: &Node, thread: ThreadId) -> String {
    let config = node.engine.config().expect("there is one");
    let own = config.own_boundaries.iter().filter(|(id, _)| *id == thread);
    let matchers: Vec<_> = own.map(|(_, own)| own).chain([&config.boundaries]).collect();
    let is_boundary = |name: &char| {
        let path = node.folder.path(&format!("{name}.mjs"));
        matchers.iter().any(|matcher| matcher.is_match(&path))
    };
    ('a'..='d').filter(is_boundary).collect()
}

#[test]
fn a_worker_that_repeats_what_a_file_says_changes_nothing() {
    let file = json!({ "boundaries": "./a.mjs", "rootDirectory": ".", "watch": true });
    let mut node = Node::with(&file, &[]);
    init(
        &mut node,
        MAIN,
        &json!({ "boundaries": "./b.mjs", "rootDirectory": "./sub", "watch": false }),
    );
    node.write("sub/x", "");
    let before = node.engine.generation();
    node.thread(WORKER);
    let origin_base = node.folder.path("");
    let origin = Origin { name: "test", base: &origin_base, env_watch: None };
    node.engine.configure(WORKER, &file, &origin).expect("good options");
    assert_eq!(node.engine.generation(), before);
    let config = node.engine.config().expect("there is one");
    assert!(config.watch == Watching::Nothing && config.root_directory.ends_with("/sub"));
    assert!(config.boundaries.is_match(&node.folder.path("sub/b.mjs")));
    assert!(!config.boundaries.is_match(&node.folder.path("a.mjs")));
}

#[test]
fn a_workers_own_options_add_to_the_others_and_end_with_it() {
    let mut node = Node::with(&json!({ "boundaries": "./a.mjs" }), &[]);
    node.thread(WORKER);
    let own =
        json!({ "boundaries": "./c.mjs", "restart": "./w", "ignore": "./a.mjs", "watch": false });
    init(&mut node, WORKER, &own);
    assert_eq!([MAIN, WORKER].map(|thread| boundaries(&node, thread)), ["a", "ac"]);
    init(&mut node, MAIN, &json!({ "boundaries": "./b.mjs", "restart": "./m" }));
    assert_eq!([MAIN, WORKER].map(|thread| boundaries(&node, thread)), ["b", "bc"]);
    let config = node.engine.config().expect("there is one");
    assert_eq!(config.watch, Watching::Everything, "others watch");
    assert!(!config.ignore.is_match(&node.folder.path("a.mjs")), "others do not ignore it");
    assert!(["w", "m"].iter().all(|name| config.restart.is_match(&node.folder.path(name))));
    node.engine.detach(WORKER);
    assert_eq!(boundaries(&node, WORKER), "b");
    init(&mut node, MAIN, &json!({ "ignore": "./d.mjs" }));
    assert_eq!(boundaries(&node, MAIN), "b", "a later call replaces what it names");
}

#[test]
fn a_workers_boundaries_are_hot_for_that_worker_alone() {
    let mut node = Node::with(&json!({}), &[("c.mjs", "c1"), ("d.mjs", "d1")]);
    node.thread(WORKER);
    node.import(WORKER, "w.mjs", "./c.mjs", false).expect("it runs");
    init(&mut node, WORKER, &json!({ "boundaries": "./[cd].mjs" }));
    node.import(WORKER, "w.mjs", "./d.mjs", false).expect("it runs");
    node.write("c.mjs", "c2");
    node.write("d.mjs", "d2");
    assert_eq!(node.told(), "invalidated c.mjs d.mjs");
    node.import(WORKER, "w.mjs", "./d.mjs", false).expect("it runs");
    node.import(MAIN, "app.mjs", "./d.mjs", false).expect("it runs");
    node.write("d.mjs", "d3");
    assert_eq!(node.told(), "restart d.mjs", "the main thread keeps what it has");
}

#[test]
fn a_workers_other_package_is_its_own() {
    let mut node = Node::with(&json!({ "boundaries": "./a.mjs", "watch": true }), &[]);
    node.thread(WORKER);
    let base = node.folder.path("");
    let origin = Origin { name: "/other/package.json#hotHook", base: &base, env_watch: None };
    let given = json!({ "boundaries": "./b.mjs", "watch": false });
    node.engine.configure(WORKER, &given, &origin).expect("good options");
    assert_eq!([MAIN, WORKER].map(|thread| boundaries(&node, thread)), ["a", "ab"]);
    assert_eq!(node.engine.config().map(|config| config.watch), Some(Watching::Everything));
}

#[test]
fn a_thread_that_repeats_what_another_says_changes_nothing() {
    let mut node = Node::with(&json!({ "boundaries": "./a.mjs" }), &[]);
    init(&mut node, MAIN, &json!({ "boundaries": "./b.mjs", "release": false }));
    let before = node.engine.generation();
    init(&mut node, MAIN, &json!({ "boundaries": "./b.mjs" }));
    node.configure(&json!({ "boundaries": "./a.mjs" }));
    assert_eq!(node.engine.generation(), before);
}

#[test]
fn a_file_that_is_read_again_says_all_that_it_says() {
    let mut node = Node::with(&json!({ "boundaries": "./a.mjs", "ignore": [] }), &[]);
    node.configure(&json!({ "boundaries": "./b.mjs" }));
    assert_eq!(boundaries(&node, MAIN), "b");
    let config = node.engine.config().expect("there is one");
    assert!(config.ignore.is_match("/x/node_modules/y.js"), "by default");
}

#[test]
fn patterns_that_are_removed_make_nothing_hot_any_more() {
    let mut node =
        Node::with(&json!({ "boundaries": "./*.mjs" }), &[("a.mjs", "a1"), ("b.mjs", "b1")]);
    node.import(MAIN, "app.mjs", "./a.mjs", false).expect("it runs");
    node.hot("./b.mjs").expect("it runs");
    node.configure(&json!({ "boundaries": [] }));
    node.write("b.mjs", "b2");
    assert_eq!(node.told(), "invalidated b.mjs", "its import says so itself");
    node.write("a.mjs", "a2");
    assert_eq!(node.told(), "restart a.mjs");
    node.configure(&json!({ "boundaries": "./a.mjs" }));
    node.write("a.mjs", "a3");
    assert_eq!(node.told(), "invalidated a.mjs");
}

#[test]
fn what_is_ignored_no_longer_is_followed_and_what_is_ignored_now_keeps_its_instance() {
    let files = [("lib/a.mjs", "a1"), ("lib/b.mjs", "b1"), ("c.mjs", "c1")];
    let mut node = Node::with(&json!({ "ignore": "./lib/**" }), &files);
    for name in ["./lib/a.mjs", "./lib/b.mjs", "./c.mjs"] {
        node.hot(name).expect("it runs");
    }
    node.write("lib/a.mjs", "a2");
    node.write("c.mjs", "c2");
    assert_eq!(node.told(), "invalidated c.mjs");
    assert_eq!(node.hot("./c.mjs").as_deref(), Ok("c2"));
    node.configure(&json!({ "ignore": "./c.mjs" }));
    assert_eq!(node.hot("./lib/a.mjs").as_deref(), Ok("a2"), "it was changed meanwhile");
    node.write("lib/b.mjs", "b2");
    assert_eq!(node.hot("./lib/b.mjs").as_deref(), Ok("b2"));
    node.write("c.mjs", "c3");
    assert_eq!(node.hot_url("./c.mjs"), "c.mjs?v=1");
    assert_eq!(node.hot("./c.mjs").as_deref(), Ok("c2"));
}

#[test]
fn watching_that_comes_and_goes() {
    let mut node = Node::with(&json!({ "watch": false }), &[("d/a.mjs", "a1"), ("d/b.mjs", "b1")]);
    node.write("real/c.mjs", "c1");
    node.write("other/c.mjs", "c2");
    std::os::unix::fs::symlink("real", node.folder.path("link")).expect("a link");
    for name in ["./d/a.mjs", "./d/b.mjs", "./link/c.mjs"] {
        node.hot(name).expect("it runs");
    }
    let page = node.engine.find(MAIN, &node.url("d/a.mjs")).expect("it was loaded");
    node.engine.watch_files(page, &["./a.html"]).expect("a good pattern");
    node.write("d/a.mjs", "a2");
    assert_eq!(node.told(), "");
    for round in 3..6 {
        node.configure(&json!({ "watch": true }));
        // What changed while nobody watched.
        assert_eq!(node.hot("./d/a.mjs").as_deref(), Ok(format!("a{}", round - 1).as_str()));
        node.told();
        node.write("d/b.mjs", &format!("b{round}"));
        assert_eq!(node.told(), "invalidated d/b.mjs");
        node.hot("./d/b.mjs").expect("it runs");
        node.configure(&json!({ "watch": false }));
        node.write("d/a.mjs", &format!("a{round}"));
        assert_eq!(node.told(), "");
    }
    node.configure(&json!({ "watch": true }));
    node.folder.remove("link");
    std::os::unix::fs::symlink("other", node.folder.path("link")).expect("a link");
    assert_eq!(node.hot("./link/c.mjs").as_deref(), Ok("c2"), "links are followed, too");
}

#[test]
fn the_root_directory_widens_and_narrows() {
    let mut node = Node::with(&json!({ "rootDirectory": "./x/y" }), &[]);
    node.write("x/y/z.mjs", "z1");
    node.write("next/y/z.mjs", "z2");
    node.hot("./x/y/z.mjs").expect("it runs");
    for expected in ["z2", "z1", "z2"] {
        node.configure(&json!({ "rootDirectory": "." }));
        node.folder.rename("x", "away");
        node.folder.rename("next", "x");
        node.folder.rename("away", "next");
        node.wait_until_quiet();
        assert_eq!(node.told(), "invalidated x/y/z.mjs");
        assert_eq!(node.hot("./x/y/z.mjs").as_deref(), Ok(expected));
        node.configure(&json!({ "rootDirectory": "./x/y" }));
        node.write("x/y/z.mjs", expected);
        assert_eq!(node.told(), "");
    }
}

/// What is said of patterns that match nothing when `seconds` have passed.
fn said_of_patterns(node: &mut Node, seconds: u64) -> Vec<String> {
    let at = node.now() + Duration::from_secs(seconds);
    let Some(search) = node.engine.due_search(at) else { return Vec::new() };
    let searched = search.run();
    node.engine.searched(&searched);
    node.engine.take(MAIN).map(|update| update.notices).unwrap_or_default()
}

#[test]
fn patterns_that_match_nothing_are_told_once_and_not_before_their_time() {
    let given = json!({ "boundaries": ["./a.mjs", "./gone/*.mjs", "!./no.mjs", "./app.mjs"] });
    let mut node = Node::with(&given, &[("a.mjs", "")]);
    assert_eq!(said_of_patterns(&mut node, 4), [""; 0]);
    let lines = said_of_patterns(&mut node, 6);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("the pattern \"./gone/*.mjs\" (test, "), "{lines:?}");
    init(&mut node, MAIN, &json!({ "boundaries": ["./gone/*.mjs", "./b.mjs"] }));
    let lines = said_of_patterns(&mut node, 6);
    assert!(lines[0].contains("the pattern \"./b.mjs\" (hot.init(), "), "{lines:?}");
    assert_eq!(said_of_patterns(&mut node, 60), [""; 0]);
}

#[test]
fn who_waits_to_run_an_app_says_nothing_of_patterns_before_it_runs() {
    let mut node = Node::with(&json!({ "boundaries": "./gone.mjs" }), &[]);
    node.engine.begin_prelink();
    assert_eq!(said_of_patterns(&mut node, 60), [""; 0]);
    let now = node.now();
    node.engine.drop_stale_prelink(MAIN, "", now);
    assert_eq!(said_of_patterns(&mut node, 4), [""; 0]);
    assert_eq!(said_of_patterns(&mut node, 6).len(), 1);
}

#[test]
fn a_module_that_is_ignored_or_not_on_disk_any_more_matches_too() {
    let given = json!({ "boundaries": ["./a.mjs", "./b.mjs"], "ignore": "./b.mjs" });
    let mut node = Node::with(&given, &[("a.mjs", ""), ("b.mjs", "")]);
    for name in ["./a.mjs", "./b.mjs"] {
        node.hot(name).expect("it runs");
        node.folder.remove(&name[2..]);
    }
    assert_eq!(said_of_patterns(&mut node, 6), [""; 0]);
}

#[test]
fn a_package_json_that_is_saved_replaces_what_it_said() {
    let mut node = Node::start(&[("a.mjs", "1"), ("b.mjs", "")]);
    let (file, base) = (node.folder.path("package.json"), node.folder.path(""));
    let name = format!("{file}#hotHook");
    let first = json!({ "boundaries": "./a.mjs", "ignore": [] });
    node.write("package.json", &json!({ "hotHook": first }).to_string());
    let origin = Origin { name: &name, base: &base, env_watch: None };
    node.engine.configure(MAIN, &first, &origin).expect("good options");
    assert_eq!(boundaries(&node, MAIN), "a");
    // What it does not name any more has its default again.
    node.write("package.json", r#"{ "hotHook": { "boundaries": "./b.mjs" } }"#);
    node.wait_until_quiet();
    node.deliver(MAIN);
    assert_eq!(boundaries(&node, MAIN), "b");
    let config = node.engine.config().expect("there is one");
    assert!(config.ignore.is_match(&node.folder.path("node_modules/x.mjs")));
    for broken in ["{", "", r#"{ "hotHook": 42 }"#] {
        node.write("package.json", broken);
        node.wait_until_quiet();
        node.deliver(MAIN);
        assert_eq!(boundaries(&node, MAIN), "b", "{broken}");
    }
    node.write("package.json", "{}");
    node.wait_until_quiet();
    node.deliver(MAIN);
    assert_eq!(boundaries(&node, MAIN), "");
}

#[test]
fn a_save_between_reading_and_watching_counts() {
    let mut node = Node::start(&[]);
    let (file, base) = (node.folder.path("package.json"), node.folder.path(""));
    let name = format!("{file}#hotHook");
    node.write("package.json", r#"{ "hotHook": { "boundaries": "./b.mjs" } }"#);
    let origin = Origin { name: &name, base: &base, env_watch: None };
    node.engine
        .configure(MAIN, &json!({ "boundaries": "./a.mjs" }), &origin)
        .expect("good options");
    assert_eq!(boundaries(&node, MAIN), "b");
}
