//! What `require` loads where it passes no hook: it is reported afterwards, and may have changed since it was read.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "shared by several tests")]
#[path = "support/folder.rs"]
mod folder;
#[expect(dead_code, reason = "shared by several tests")]
#[path = "support/node.rs"]
mod node;

use hot_hook::engine::{Caller, Required, When};
use node::{MAIN, Node};

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
