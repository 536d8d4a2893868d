//! Imports about which Node is not asked: only while all that Node has said still holds.

#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, reason = "helpers of tests")]
#![expect(dead_code, reason = "helpers are shared")]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/node.rs"]
mod node;

use std::fs;
use std::os::unix::fs::symlink;

use hot_hook::engine::Import;
use hot_hook::graph::ThreadId;
use node::{MAIN, Node};

/// A boundary that is linked and does not run yet.
fn linking() -> Node {
    let mut node = Node::start(&[
        ("lib/a.mjs", "a1\nimport ./b.mjs"),
        ("lib/b.mjs", "b1"),
        ("lib/c.mjs", "c1"),
        ("lib/d.mjs/index.mjs", "d1"),
    ]);
    symlink(node.folder.path("lib/c.mjs"), node.folder.path("lib/e.mjs")).expect("a link");
    node.link(MAIN, "app.mjs", "./lib/a.mjs", true).expect("it links");
    assert_eq!(direct(&mut node, MAIN, "./c.mjs").as_deref(), Some("c.mjs"), "it is a sibling");
    node
}

/// What `specifier` means in `lib/a.mjs`, as seen from `lib`.
fn direct(node: &mut Node, thread: ThreadId, specifier: &str) -> Option<String> {
    let (importer, lib) = (node.url("lib/a.mjs"), node.url("lib/"));
    let import = Import {
        thread,
        parent: Some(&importer),
        specifier,
        attribute: None,
        require: false,
        lazy: false,
        late: false,
    };
    let url = node.engine.resolve_directly(&import).expect("nothing is thrown")?;
    Some(url.strip_prefix(&lib).expect("it is in lib").to_owned())
}

/// The text of a module of `lib`.
fn read(node: &mut Node, name: &str) -> Option<String> {
    let url = node.url(&format!("lib/{name}"));
    node.engine.read(MAIN, &url).map(|source| source.text)
}

#[test]
fn news_come_first() {
    let mut node = linking();
    node.write("lib/c.mjs", "c2");
    assert_eq!(direct(&mut node, MAIN, "./c.mjs"), None);
    assert_eq!(read(&mut node, "c.mjs"), None);
    node.deliver(MAIN);
    assert_eq!(direct(&mut node, MAIN, "./c.mjs").as_deref(), Some("c.mjs"));
    assert_eq!(read(&mut node, "c.mjs").as_deref(), Some("c2"));
}

#[test]
fn only_first_instances_are_read() {
    let mut node = linking();
    assert_eq!(read(&mut node, "b.mjs").as_deref(), Some("b1"));
    node.write("lib/b.mjs", "b2");
    node.deliver(MAIN);
    let url = direct(&mut node, MAIN, "./b.mjs").expect("it is a sibling");
    assert_eq!(url, "b.mjs?v=1");
    assert_eq!(read(&mut node, &url), None);
}

#[test]
fn other_importers_ask_node() {
    let mut node = linking();
    assert_eq!(direct(&mut node, ThreadId(1), "./c.mjs"), None, "in another thread");
    let url = node.url("lib/a.mjs");
    node.run(MAIN, &url).expect("it runs");
    assert_eq!(direct(&mut node, MAIN, "./c.mjs"), None, "it is an import() now");
}

#[test]
fn what_is_no_file_is_left_to_node() {
    let mut node = linking();
    for name in ["./d.mjs", "./e.mjs", "./missing.mjs"] {
        assert_eq!(direct(&mut node, MAIN, name), None, "{name}");
    }
    assert_eq!(direct(&mut node, MAIN, "./c.mjs").as_deref(), Some("c.mjs"));
}

#[test]
fn another_directory_of_that_name_is_not_known() {
    let mut node = linking();
    node.folder.rename("lib", "old");
    symlink(node.folder.path("old"), node.folder.path("lib")).expect("a link");
    node.deliver(MAIN);
    assert_eq!(direct(&mut node, MAIN, "./c.mjs"), None);
}

#[test]
fn what_is_not_text_is_left_to_node() {
    let mut node = linking();
    fs::write(node.folder.path("lib/f.mjs"), b"\xff").expect("a file");
    node.deliver(MAIN);
    assert_eq!(direct(&mut node, MAIN, "./f.mjs").as_deref(), Some("f.mjs"));
    assert_eq!(read(&mut node, "f.mjs"), None);
}
