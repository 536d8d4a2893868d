//! Files that are watched for what they hold, whatever they are: FIFOs, devices, huge ones.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "shared by several tests")]
#[path = "support/folder.rs"]
mod folder;
#[expect(dead_code, reason = "shared by several tests")]
#[path = "support/node.rs"]
mod node;
#[path = "support/watchdog.rs"]
mod watchdog;

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use hot_hook::config::Origin;
use hot_hook::engine::Caller;
use node::{MAIN, Node};
use serde_json::json;
use watchdog::ends;

/// Larger than what is hashed at once.
const LARGE: u64 = 9 * 1024 * 1024;

fn make_fifo(node: &Node, name: &str) {
    let made = Command::new("mkfifo").arg(node.folder.path(name)).status().expect("mkfifo runs");
    assert!(made.success());
}

/// A file full of zeros. It takes no room.
fn make_large(node: &Node, name: &str) {
    let file = File::create(node.folder.path(name)).expect("it can be made");
    file.set_len(LARGE).expect("it can be long");
}

fn write_at(node: &Node, name: &str, at: SeekFrom) {
    let path = node.folder.path(name);
    let mut file = OpenOptions::new().write(true).open(path).expect("it is there");
    file.seek(at).expect("it can be written there");
    file.write_all(b"x").expect("it is written");
}

fn touch(node: &Node, name: &str) {
    let file = File::options().write(true).open(node.folder.path(name)).expect("it is there");
    file.set_modified(SystemTime::now()).expect("it is touched");
}

/// What the parent is told, when all that takes long is done.
fn told_later(node: &mut Node) -> String {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(20) {
        node.engine.drain(Caller::Watcher, Instant::now());
        let told = node.told();
        if !told.is_empty() {
            return told;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    String::new()
}

#[test]
fn what_never_ends_is_not_read() {
    ends(|| {
        let options = json!({ "restart": ["**", "!*.mjs"], "ignore": [] });
        let mut node = Node::with(&options, &[("a.mjs", "a1"), (".env", "1")]);
        make_fifo(&node, "fifo");
        symlink("/dev/zero", node.folder.path("zero")).expect("a link");
        node.configure(&json!({ "restart": ["**", "!*.mjs", "!none"] }));
        node.hot("./a.mjs").expect("it runs");
        make_fifo(&node, "data.json");
        node.folder.remove(".env");
        make_fifo(&node, ".env");
        node.folder.write("last.txt", "1");
        assert_eq!(node.told(), "restart last.txt");
        node.wait_until_quiet();
        assert_eq!(node.told(), "restart .env");
        node.folder.remove("a.mjs");
        make_fifo(&node, "a.mjs");
        node.wait_until_quiet();
        assert_eq!(node.told(), "invalidated a.mjs", "for Node, it is there");
    });
}

#[test]
fn a_large_restart_file_counts_by_its_bytes() {
    let mut node = Node::with(&json!({ "restart": ["*.bin"] }), &[]);
    make_large(&node, "a.bin");
    assert_eq!(node.told(), "restart a.bin", "it has come");
    write_at(&node, "a.bin", SeekFrom::End(0));
    assert_eq!(node.told(), "restart a.bin", "its length tells at once");
    write_at(&node, "a.bin", SeekFrom::Start(0));
    assert_eq!(node.told(), "restart a.bin", "nobody knew what it held");
    // From here on that is known.
    make_large(&node, "b.bin");
    assert_eq!(node.told(), "restart b.bin");
    touch(&node, "b.bin");
    assert_eq!(node.told(), "restart b.bin");
    await_hashes(&mut node);
    for name in ["a.bin", "b.bin"] {
        touch(&node, name);
    }
    write_at(&node, "b.bin", SeekFrom::Start(3));
    assert_eq!(told_later(&mut node), "restart b.bin", "the same bytes say nothing");
}

/// Until a module that is known to be large has been hashed: what was asked for before is done by then.
fn await_hashes(node: &mut Node) {
    node.write("probe.mjs", "p1");
    node.hot("./probe.mjs").expect("it runs");
    make_large(node, "probe.mjs");
    node.engine.drain(Caller::Watcher, Instant::now());
    let begin = Instant::now();
    loop {
        node.engine.drain(Caller::Watcher, Instant::now());
        if node.engine.has_pending(MAIN) {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "it takes too long");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(node.told(), "invalidated probe.mjs");
}

#[test]
fn what_large_files_hold_at_the_start_is_known_soon() {
    let mut node = Node::with(&json!({}), &[("page.mjs", "page1")]);
    make_large(&node, "a.bin");
    make_large(&node, "b.bin");
    node.hot("./page.mjs").expect("it runs");
    let page = node.engine.find(MAIN, &node.url("page.mjs")).expect("it was loaded");
    assert!(node.engine.watch_files(page, &["./*.bin"]).expect("a good pattern"));
    await_hashes(&mut node);
    touch(&node, "a.bin");
    write_at(&node, "b.bin", SeekFrom::Start(3));
    assert_eq!(told_later(&mut node), "invalidated b.bin page.mjs");
}

#[test]
fn a_large_module_is_live_at_once_and_hashed_by_nobody_who_waits() {
    let mut node = Node::with(&json!({}), &[("data.mjs", "d1")]);
    node.hot("./data.mjs").expect("it runs");
    make_large(&node, "data.mjs");
    node.engine.drain(Caller::Watcher, Instant::now());
    assert!(!node.engine.has_pending(MAIN), "it is still to be hashed");
    assert_eq!(node.hot_url("./data.mjs"), "data.mjs?v=1", "but whoever imports it gets it");
    assert_eq!(node.told(), "invalidated data.mjs");
    node.hot("./data.mjs").expect("it runs");
    touch(&node, "data.mjs");
    node.write("a.mjs", "a1");
    node.hot("./a.mjs").expect("it runs");
    node.write("a.mjs", "a2");
    assert_eq!(node.told(), "invalidated a.mjs", "the same bytes say nothing");
}

#[test]
fn what_is_saved_just_before_a_parent_is_known_is_not_lost() {
    let mut node = Node::with(&json!({ "restart": [".env"] }), &[(".env", "1")]);
    for text in ["2", "3"] {
        node.write(".env", text);
        node.engine.has_parent();
        assert_eq!(told_later(&mut node), "restart .env", "each thread says that there is one");
    }
}

#[test]
fn what_is_saved_just_before_everything_is_watched_is_not_lost() {
    let mut node = Node::with(&json!({ "watch": false }), &[("a.mjs", "a1"), (".env", "1")]);
    assert_eq!(node.hot("./a.mjs").as_deref(), Ok("a1"));
    node.write("a.mjs", "a2");
    node.configure(&json!({ "watch": true, "restart": [".env"] }));
    assert_eq!(told_later(&mut node), "invalidated a.mjs");
    assert_eq!(node.hot("./a.mjs").as_deref(), Ok("a2"));
    node.configure(&json!({ "watch": false }));
    node.write("a.mjs", "a3");
    node.configure(&json!({ "watch": true }));
    assert_eq!(told_later(&mut node), "invalidated a.mjs");
}

#[test]
fn a_change_that_is_on_its_way_outlives_another_way_of_watching() {
    let base = |node: &Node| node.folder.path("");
    let configure = |node: &mut Node, options: &serde_json::Value| {
        let base = base(node);
        let origin = Origin { name: "test", base: &base, env_watch: Some("false") };
        node.engine.configure(MAIN, options, &origin).expect("good options");
    };
    let mut node = Node::start(&[("a.mjs", "a1")]);
    configure(&mut node, &json!({ "boundaries": [] }));
    node.engine.has_parent();
    assert_eq!(node.hot("./a.mjs").as_deref(), Ok("a1"));
    node.write("a.mjs", "a2");
    configure(&mut node, &json!({ "watch": true }));
    assert_eq!(told_later(&mut node), "invalidated a.mjs");
}

#[test]
fn a_file_that_comes_with_its_folders_is_told_of_once_it_is_written() {
    let mut node = Node::with(&json!({ "restart": ["locale/**"] }), &[]);
    node.write("locale/en/x.json", "");
    assert_eq!(node.told(), "", "it is about to be written");
    node.write("locale/en/x.json", "1");
    assert_eq!(node.told(), "restart locale/en/x.json");
    node.wait_until_quiet();
    assert_eq!(node.told(), "");
    node.write("locale/de/x.json", "");
    assert_eq!(node.told(), "");
    node.wait_until_quiet();
    assert_eq!(node.told(), "restart locale/de/x.json", "it stays empty");
}
