//! What `require` loads where it passes no hook: it is reported afterwards, and may have changed since it was read.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "shared by several tests")]
#[path = "support/folder.rs"]
mod folder;
#[expect(dead_code, reason = "shared by several tests")]
#[path = "support/node.rs"]
mod node;

use std::time::Duration;

use hot_hook::engine::{Caller, Message, Required, When};
use hot_hook::graph::ThreadId;
use node::{MAIN, Node};
use serde_json::json;

/// A boundary `a.mjs`, in a thread whose `require` passes no hook.
fn app() -> Node {
    let mut node = Node::start(&[("a.mjs", "a1"), ("c.cjs", "1"), ("far/d.cjs", "1")]);
    node.engine.attach(MAIN, false, Box::new(|| {}));
    assert_eq!(node.hot("./a.mjs").as_deref(), Ok("a1"));
    node
}

/// The thread says that `a.mjs` has required `name`.
fn report(node: &mut Node, name: &str) {
    let [importer, target] = ["a.mjs", name].map(|name| node.folder.path(name));
    let edges = vec![(importer.as_str(), target.as_str(), When::Late)];
    let required = Required {
        new: vec![&target],
        es_modules: vec![],
        opaque: vec![],
        failed: vec![],
        edges,
        missed: vec![],
        hooked: false,
    };
    node.engine.report(MAIN, &required);
}

/// `a.mjs` requires `name`, and nothing happens until that is reported.
fn require(node: &mut Node, name: &str) {
    node.engine.requires(MAIN);
    report(node, name);
}

#[test]
fn a_save_is_one_update() {
    let mut node = app();
    for number in 2..5 {
        require(&mut node, "c.cjs");
        assert_eq!(node.told(), "", "{number}");
        node.write("c.cjs", &number.to_string());
        assert_eq!(node.told(), "invalidated c.cjs a.mjs");
    }
}

#[test]
fn a_file_that_was_written_before_it_was_required_is_no_change() {
    let mut node = app();
    node.write("e.cjs", "1");
    require(&mut node, "e.cjs");
    assert_eq!(node.told(), "");
}

#[test]
fn a_save_between_the_require_and_its_report_counts() {
    let mut node = app();
    node.engine.requires(MAIN);
    node.write("c.cjs", "2");
    report(&mut node, "c.cjs");
    assert_eq!(node.told(), "invalidated c.cjs a.mjs");
}

#[test]
fn so_does_one_that_a_hooks_thread_has_taken_in() {
    let mut node = app();
    require(&mut node, "c.cjs");
    node.write("c.cjs", "2");
    assert_eq!(node.told(), "invalidated c.cjs a.mjs");
    node.engine.requires(MAIN);
    node.write("c.cjs", "3");
    let now = node.now();
    node.engine.drain(Caller::Hooks, now);
    report(&mut node, "c.cjs");
    assert_eq!(node.told(), "invalidated c.cjs a.mjs");
}

#[test]
fn so_does_one_in_a_directory_that_was_not_watched_yet() {
    let mut node = app();
    node.engine.requires(MAIN);
    node.write("far/d.cjs", "2");
    report(&mut node, "far/d.cjs");
    assert_eq!(node.told(), "invalidated far/d.cjs a.mjs");
}

/// Node 24.11 asks our hooks for what a required ES module imports, but not for that module itself: until its report, an
/// import cannot be told from an `import()`, which the patterns would make hot.
#[test]
fn imports_of_a_required_module_that_passed_no_hook_are_not_hot() {
    let files = [("a.mjs", "a1"), ("m.mjs", "m1"), ("below.mjs", "1"), ("later.mjs", "1")];
    let mut node = Node::with(&json!({ "boundaries": ["*.mjs"] }), &files);
    node.engine.attach(MAIN, false, Box::new(|| {}));
    node.hot("./a.mjs").expect("it runs");
    node.engine.requires(MAIN);
    node.import(MAIN, "m.mjs", "./below.mjs", false).expect("it runs");
    let [importer, target] = ["a.mjs", "m.mjs"].map(|name| node.folder.path(name));
    let required = Required {
        new: vec![&target],
        es_modules: vec![&target],
        opaque: vec![&target],
        failed: vec![],
        edges: vec![(&importer, &target, When::AtStart)],
        missed: vec![],
        hooked: false,
    };
    node.engine.report(MAIN, &required);
    node.import(MAIN, "m.mjs", "./later.mjs", false).expect("it runs");
    node.write("later.mjs", "2");
    assert_eq!(node.told(), "invalidated later.mjs");
    node.write("below.mjs", "2");
    assert!(node.told().starts_with("restart below.mjs"), "it may be imported statically");
}

/// What the watcher decides on, `after` that time.
fn watched(node: &mut Node, after: Duration) -> String {
    let now = node.now() + after;
    node.engine.drain(Caller::Watcher, now);
    let update = node.engine.take(MAIN);
    let messages = update.map(|update| update.messages).unwrap_or_default();
    let texts = messages.into_iter().map(|message| match message {
        Message::Invalidated { .. } => "invalidated".to_owned(),
        Message::FullReload(reload) => reload.text,
    });
    texts.collect::<Vec<_>>().join("; ")
}

#[test]
fn a_thread_that_does_not_answer_holds_nobody_up_for_long() {
    const WORKER: ThreadId = ThreadId(7);
    let (at_once, later) = (Duration::ZERO, Duration::from_millis(100));
    let files = [("a.mjs", "a1"), ("b.mjs", "b1"), ("far/d.cjs", "1")];
    let mut node = Node::start(&files);
    let save = |node: &mut Node, text: &str| {
        node.hot("./a.mjs").expect("it runs");
        node.write("a.mjs", text);
    };
    node.engine.attach(WORKER, false, Box::new(|| {}));
    save(&mut node, "a2");
    assert_eq!(watched(&mut node, at_once), "", "the worker is asked first");
    assert!(node.engine.sleep_time(node.now()).is_some_and(|time| time <= later));
    assert_eq!(watched(&mut node, later), "invalidated", "it has required nothing");
    node.engine.requires(WORKER);
    save(&mut node, "a3");
    let text = "invalidated; a.mjs changed, and worker 7, which may have required it, is busy";
    assert_eq!(watched(&mut node, at_once), text, "once late, nobody waits for it");
    node.write("a.mjs", "a4");
    let text = "a.mjs changed, and worker 7, which may have required it, is busy";
    assert_eq!(watched(&mut node, at_once), text, "each save is said");
    node.write("a.mjs", "a4");
    assert_eq!(watched(&mut node, at_once), "", "but no save of the same");
    // It answers again.
    node.engine.set_idle(WORKER, true);
    save(&mut node, "a5");
    assert_eq!(watched(&mut node, at_once), "", "it is asked again");
    let nothing = Required {
        new: vec![],
        es_modules: vec![],
        opaque: vec![],
        failed: vec![],
        edges: vec![],
        missed: vec![],
        hooked: false,
    };
    node.engine.report(WORKER, &nothing);
    assert_eq!(watched(&mut node, at_once), "invalidated");
}
