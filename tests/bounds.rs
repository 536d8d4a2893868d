//! The engine with very much of everything: nothing recurses, nothing is quadratic.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "others use more of it")]
#[path = "support/folder.rs"]
mod folder;
#[expect(dead_code, reason = "others use more of it")]
#[path = "support/node.rs"]
mod node;
#[path = "support/watchdog.rs"]
mod watchdog;

use std::fmt::Write;

use node::Node;
use watchdog::ends;

const MANY: usize = 10_000;

fn module(n: usize) -> String {
    format!("lib/d{n}/m.mjs")
}

/// A boundary that imports a module of each of 10,000 directories.
fn boundary() -> String {
    (0..MANY).fold("a".to_owned(), |mut text, n| {
        write!(text, "\nimport ./{}", module(n)).expect("room");
        text
    })
}

/// The boundary is there, with each module at `version`.
#[track_caller]
fn gives(node: &mut Node, version: usize) {
    let value = node.hot("./a.mjs").expect("all is there");
    assert_eq!(value.matches(&format!("m{version}")).count(), MANY);
}

fn write(node: &Node, n: usize, version: usize) {
    node.write(&module(n), &format!("m{version}"));
}

#[test]
fn ten_thousand_directories_go_and_come_back() {
    ends(|| {
        let mut node = Node::start(&[("a.mjs", &boundary())]);
        (0..MANY).for_each(|n| write(&node, n, 1));
        gives(&mut node, 1);
        // While they go and come, what has happened so far is taken in now and then: no overflow spares the work.
        for n in 0..MANY {
            node.folder.remove(&format!("lib/d{n}"));
            if n % 500 == 0 {
                node.wait_until_quiet();
            }
        }
        node.wait_until_quiet();
        assert!(node.hot("./a.mjs").is_err());
        for n in 0..MANY {
            write(&node, n, 2);
            if n % 500 == 0 {
                node.wait_until_quiet();
            }
        }
        gives(&mut node, 2);
        // They are watched.
        write(&node, MANY - 1, 3);
        assert_eq!(node.hot("./a.mjs").expect("all is there").matches("m3").count(), 1);
    });
}

#[test]
fn ten_thousand_pending_changes() {
    ends(|| {
        let mut node = Node::start(&[("a.mjs", &boundary())]);
        for version in 1..=2 {
            (0..MANY).for_each(|n| write(&node, n, version));
            gives(&mut node, version);
        }
    });
}

#[test]
fn a_source_file_of_50_megabytes() {
    ends(|| {
        let text = |n: usize| format!("c{n}\n{}", "// padding\n".repeat(50 * 1024 * 1024 / 11));
        let mut node = Node::start(&[("a.mjs", "a\nimport ./c.mjs"), ("c.mjs", &text(1))]);
        for n in 1..=3 {
            node.write("c.mjs", &text(n));
            assert_eq!(node.hot("./a.mjs"), Ok(format!("a(c{n})")));
        }
    });
}
