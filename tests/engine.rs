//! The engine as the hooks drive it, over real files: never stale, never doubled, never silent.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "helpers of tests")]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/node.rs"]
mod node;
#[path = "support/random.rs"]
mod random;
#[path = "support/watchdog.rs"]
mod watchdog;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant, SystemTime};

use hot_hook::engine::{Caller, Ending, Import};
use hot_hook::graph::ThreadId;
use node::{MAIN, Node, show_value};
use random::Random;
use serde_json::json;
use watchdog::ends;

const WORKER: ThreadId = ThreadId(1);

/// A boundary `a`, which imports `b`, which imports `c`.
fn chain() -> Node {
    let mut node = Node::start(&[
        ("a.mjs", "a1\nimport ./b.mjs"),
        ("b.mjs", "b1\nimport ./c.mjs"),
        ("c.mjs", "c1"),
    ]);
    assert_eq!(node.hot("./a.mjs").as_deref(), Ok("a1(b1(c1))"));
    node
}

/// The app's import of a boundary gives `expected`.
#[track_caller]
fn gives(node: &mut Node, specifier: &str, expected: &str) {
    assert_eq!(node.hot(specifier).as_deref(), Ok(expected));
}

#[test]
fn a_save_is_live_at_the_next_import() {
    let mut node = chain();
    assert_eq!(node.hot_url("./a.mjs"), "a.mjs", "no query before the first change");
    for n in 2..10 {
        node.write("c.mjs", &format!("c{n}"));
        gives(&mut node, "./a.mjs", &format!("a1(b1(c{n}))"));
        assert_eq!(node.hot_url("./a.mjs"), format!("a.mjs?v={}", n - 1));
        assert_eq!(node.told(), "invalidated c.mjs b.mjs a.mjs");
    }
}

#[test]
fn what_does_not_depend_on_a_change_keeps_its_instance() {
    let mut node = Node::start(&[
        ("a.mjs", "a1\nimport ./b.mjs\nimport ./c.mjs"),
        ("b.mjs", "b1"),
        ("c.mjs", "c1"),
        ("d.mjs", "d1\nimport ./c.mjs"),
    ]);
    gives(&mut node, "./a.mjs", "a1(b1 c1)");
    gives(&mut node, "./d.mjs", "d1(c1)");
    node.write("b.mjs", "b2");
    gives(&mut node, "./a.mjs", "a1(b2 c1)");
    assert_eq!(node.disposed(MAIN), "a.mjs b.mjs");
    assert_eq!(node.hot_url("./d.mjs"), "d.mjs");
}

#[test]
fn each_way_of_saving() {
    let mut node = chain();
    node.folder.write_atomically("c.mjs", "c2");
    gives(&mut node, "./a.mjs", "a1(b1(c2))");
    node.folder.rename("c.mjs", "c.mjs~");
    node.write("c.mjs", "c3");
    node.folder.remove("c.mjs~");
    gives(&mut node, "./a.mjs", "a1(b1(c3))");
    node.folder.remove("c.mjs");
    node.write("c.mjs", "c4");
    gives(&mut node, "./a.mjs", "a1(b1(c4))");
    let mut file = OpenOptions::new().append(true).open(node.folder.path("c.mjs")).expect("c");
    file.write_all(b"+").expect("written");
    drop(file);
    gives(&mut node, "./a.mjs", "a1(b1(c4+))");
    assert_eq!(node.told().matches("invalidated").count(), 4, "once each");
}

#[test]
fn a_slow_writer_never_ends_on_half_a_file() {
    let mut node = chain();
    let mut file = File::create(node.folder.path("c.mjs")).expect("c");
    file.write_all(b"ha").expect("written");
    gives(&mut node, "./a.mjs", "a1(b1(c1))");
    node.wait_until_quiet();
    gives(&mut node, "./a.mjs", "a1(b1(ha))");
    file.write_all(b"lf").expect("written");
    drop(file);
    gives(&mut node, "./a.mjs", "a1(b1(half))");
}

#[test]
fn what_is_being_saved_is_read_when_it_is_there() {
    let rounds = std::iter::repeat_with(|| {
        let mut node = chain();
        node.write("c.mjs", "c2");
        let begin = Instant::now();
        let mut file = File::create(node.folder.path("b.mjs")).expect("b");
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(2));
            file.write_all(b"b2\nimport ./c.mjs").expect("written");
            drop(file);
            begin.elapsed()
        });
        let got = node.hot("./a.mjs");
        (writer.join().expect("it has written"), got)
    });
    // A thread that does not come to run for long writes too late.
    let in_time = { rounds }.find(|&(took, _)| took < Duration::from_millis(40));
    assert_eq!(in_time.expect("a round").1.as_deref(), Ok("a1(b2(c2))"));
}

#[test]
fn static_imports_are_resolved_before_their_importer_runs() {
    let mut node = chain();
    assert_eq!(node.import(MAIN, "a.mjs", "./c.mjs", true).as_deref(), Ok("c1"));
    // Dynamic and hot from `a`, which is not cold itself: all of them run again.
    node.write("c.mjs", "c2");
    assert_eq!(node.told(), "invalidated c.mjs b.mjs a.mjs");
    let mut node =
        Node::start(&[("app.mjs", "app\nimport ./s.mjs"), ("s.mjs", "s1"), ("d.mjs", "d1")]);
    assert_eq!(node.import(MAIN, "app.mjs", "./d.mjs", false).as_deref(), Ok("d1"));
    for name in ["s.mjs", "d.mjs"] {
        node.write(name, "2");
        assert_eq!(node.told(), format!("restart {name}"));
    }
}

#[test]
fn what_was_loaded_is_not_lost_when_node_asks_for_its_source_once_more() {
    let mut node = chain();
    node.write("c.mjs", "c2");
    gives(&mut node, "./a.mjs", "a1(b1(c2))");
    let url = node.url("c.mjs?v=1");
    node.hash(MAIN, &url);
    node.engine.unloaded(MAIN, &url);
    assert_eq!(node.hot_url("./a.mjs"), "a.mjs?v=1");
}

#[test]
fn a_boundary_by_its_pattern() {
    let mut node = Node::with(
        &json!({ "boundaries": "./hot/*.mjs" }),
        &[("app.mjs", "app\nimport ./hot/s.mjs"), ("hot/s.mjs", "s1"), ("hot/d.mjs", "d1")],
    );
    assert_eq!(node.import(MAIN, "app.mjs", "./hot/d.mjs", false).as_deref(), Ok("d1"));
    node.write("hot/d.mjs", "d2");
    assert_eq!(node.told(), "invalidated hot/d.mjs");
    node.write("hot/s.mjs", "s2");
    assert_eq!(node.told(), "restart hot/s.mjs, needlessly");
}

#[test]
fn a_static_import_of_a_boundary_can_be_an_error() {
    let options =
        json!({ "boundaries": "./b*.mjs", "throwWhenBoundariesAreNotDynamicallyImported": true });
    let files = [
        ("a.mjs", "a1\nimport ./b.mjs"),
        ("b.mjs", "b1"),
        ("b1.mjs", "b1\nimport ./b2.mjs"),
        ("b2.mjs", "b2\nimport ./b1.mjs"),
    ];
    let mut node = Node::with(&options, &files);
    let error = node.hot("./a.mjs").expect_err("a boundary is imported statically");
    assert!(error.contains("a.mjs") && error.contains("b.mjs"), "{error}");
    gives(&mut node, "./b.mjs", "b1");
    let (app, url) = (node.url("app.mjs"), node.url("b.mjs"));
    let required = Import {
        thread: MAIN,
        parent: Some(&app),
        specifier: "./b.mjs",
        attribute: None,
        require: true,
        lazy: false,
        late: false,
    };
    assert!(
        node.engine.resolve_required(&required, &url).is_ok(),
        "require cannot be written as import()"
    );
}

#[test]
fn a_save_that_changes_nothing_says_nothing() {
    let mut node = chain();
    node.write("c.mjs", "c1");
    node.folder.write_atomically("b.mjs", "b1\nimport ./c.mjs");
    let file = File::options().write(true).open(node.folder.path("a.mjs")).expect("a");
    file.set_modified(SystemTime::UNIX_EPOCH).expect("touched");
    drop(file);
    let mut permissions = fs::metadata(node.folder.path("a.mjs")).expect("a").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(node.folder.path("a.mjs"), permissions).expect("changed");
    gives(&mut node, "./a.mjs", "a1(b1(c1))");
    assert_eq!((node.told().as_str(), node.hot_url("./a.mjs").as_str()), ("", "a.mjs"));
}

#[test]
fn there_and_back_within_one_drain_says_nothing() {
    let mut node = chain();
    node.write("c.mjs", "c2");
    node.write("c.mjs", "c1");
    node.wait_until_quiet();
    gives(&mut node, "./a.mjs", "a1(b1(c1))");
    assert_eq!(node.told(), "");
}

#[test]
fn there_and_back_in_two_drains_says_it_twice() {
    let mut node = chain();
    for text in ["c2", "c1"] {
        node.write("c.mjs", text);
        gives(&mut node, "./a.mjs", &format!("a1(b1({text}))"));
        assert_eq!(node.told(), "invalidated c.mjs b.mjs a.mjs");
    }
}

#[test]
fn a_version_that_nobody_began_to_load_covers_further_saves() {
    let mut node = chain();
    node.write("c.mjs", "c2");
    assert_eq!(node.told(), "invalidated c.mjs b.mjs a.mjs");
    for text in ["c3", "c1", "c4"] {
        node.write("c.mjs", text);
        assert_eq!(node.told(), "");
    }
    gives(&mut node, "./a.mjs", "a1(b1(c4))");
    assert_eq!(node.hot_url("./a.mjs"), "a.mjs?v=1");
}

#[test]
fn a_save_between_load_and_evaluation_counts() {
    let mut node = Node::start(&[("a.mjs", "a1\nimport ./b.mjs"), ("b.mjs", "b1")]);
    let url = node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    node.write("b.mjs", "b2");
    node.run(MAIN, &url).expect("it runs, with what it linked");
    gives(&mut node, "./a.mjs", "a1(b2)");
    assert_eq!(node.told(), "invalidated b.mjs a.mjs");
}

/// What Node has read is neither what was there before nor what is there now.
#[test]
fn there_and_back_within_a_load_counts() {
    let mut node = Node::start(&[("a.mjs", "a1")]);
    node.while_reading = Some(Box::new(|folder| folder.write("a.mjs", "a2")));
    let url = node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    node.write("a.mjs", "a1");
    node.run(MAIN, &url).expect("it runs");
    gives(&mut node, "./a.mjs", "a1");
    assert_eq!(node.told(), "invalidated a.mjs");
}

#[test]
fn there_and_back_before_node_reads_counts_once() {
    let mut node = Node::start(&[("a.mjs", "a1")]);
    node.while_reading = Some(Box::new(|folder| {
        folder.write("a.mjs", "a2");
        folder.write("a.mjs", "a1");
    }));
    gives(&mut node, "./a.mjs", "a1");
    gives(&mut node, "./a.mjs", "a1");
    assert_eq!(node.told(), "invalidated a.mjs");
    assert_eq!(node.hot_url("./a.mjs"), "a.mjs?v=1");
}

#[test]
fn a_save_while_node_reads_is_live_at_the_next_import() {
    let mut node = chain();
    node.write("c.mjs", "c2");
    node.while_reading = Some(Box::new(|folder| folder.write("c.mjs", "c3")));
    assert!(node.hot("./a.mjs").is_ok(), "it may mix");
    gives(&mut node, "./a.mjs", "a1(b1(c3))");
}

/// The save overtakes a link whose instance never runs: its file is no longer being read.
#[test]
fn an_abandoned_link_makes_no_touch_count() {
    let mut node = Node::start(&[("a.mjs", "a1\nimport ./missing.mjs")]);
    assert!(node.hot("./a.mjs").is_err());
    node.write("a.mjs", "a2");
    gives(&mut node, "./a.mjs", "a2");
    node.told();
    let before = node.hot_url("./a.mjs");
    node.write("a.mjs", "a2");
    assert_eq!((node.told(), node.hot_url("./a.mjs")), (String::new(), before));
}

/// Neither does one that Node gave up for a syntax error, of which no hook hears.
#[test]
fn a_link_that_never_runs_makes_no_touch_count() {
    let mut node = Node::start(&[("a.mjs", "a1")]);
    node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    node.write("a.mjs", "a2");
    gives(&mut node, "./a.mjs", "a2");
    node.told();
    node.write("a.mjs", "a2");
    assert_eq!((node.told().as_str(), node.hot_url("./a.mjs").as_str()), ("", "a.mjs?v=1"));
}

#[test]
fn a_failed_link_is_silent_and_tried_again() {
    let mut node = chain();
    node.write("b.mjs", "b2\nimport ./missing.mjs");
    assert!(node.hot("./a.mjs").is_err());
    assert_eq!(node.told(), "invalidated b.mjs a.mjs", "the save, and nothing of the failure");
    assert!(node.hot("./a.mjs").is_err());
    assert_eq!(node.told(), "");
    node.write("b.mjs", "b3");
    gives(&mut node, "./a.mjs", "a1(b3)");
}

#[test]
fn a_missing_dependency_is_created_later() {
    let mut node = Node::start(&[("a.mjs", "a1\nimport ./b.mjs"), ("b.mjs", "b1\nimport ./c.mjs")]);
    assert!(node.hot("./a.mjs").is_err());
    node.write("c.mjs", "c1");
    gives(&mut node, "./a.mjs", "a1(b1(c1))");
    node.write("c.mjs", "c2");
    gives(&mut node, "./a.mjs", "a1(b1(c2))");
}

#[test]
fn a_missing_dependency_comes_with_another_extension() {
    let mut node = Node::start(&[("a.mjs", "a1\nimport ./b.js")]);
    assert!(node.hot("./a.mjs").is_err());
    node.write("b.ts", "b1");
    gives(&mut node, "./a.mjs", "a1(b1)");
    node.write("b.ts", "b2");
    gives(&mut node, "./a.mjs", "a1(b2)");
}

#[test]
fn a_missing_dependency_comes_with_its_directories() {
    let mut node = Node::start(&[("a.mjs", "a1\nimport ./x/y/b.js")]);
    assert!(node.hot("./a.mjs").is_err());
    node.write("x/y/b.js", "b1");
    gives(&mut node, "./a.mjs", "a1(b1)");
    node.write("x/y/b.js", "b2");
    gives(&mut node, "./a.mjs", "a1(b2)");
}

#[test]
fn a_missing_dependency_comes_with_its_directories_and_another_extension() {
    let mut node = Node::start(&[("a.mjs", "a1\nimport ./x/y/b.js")]);
    assert!(node.hot("./a.mjs").is_err());
    node.write("x/y/b.ts", "b1");
    gives(&mut node, "./a.mjs", "a1(b1)");
    assert_ne!(node.told(), "", "whoever accepts it must hear of it");
}

/// A cold module tried an optional import: that must not make each save beside it ask for a restart.
#[test]
fn a_save_beside_a_missing_module_is_no_creation() {
    let mut node = chain();
    assert!(node.import(MAIN, "app.mjs", "./optional.mjs", false).is_err());
    node.write("c.mjs", "c2");
    assert_eq!(node.told(), "invalidated c.mjs b.mjs a.mjs");
    node.folder.write_atomically("c.mjs", "c3");
    gives(&mut node, "./a.mjs", "a1(b1(c3))");
    assert_eq!(node.told(), "");
    node.write("optional.mjs", "o1");
    assert_eq!(node.told(), "restart optional.mjs");
}

/// Neither is one of a file that is no module, by an editor that takes it away and puts it back.
#[test]
fn saves_of_other_files_beside_a_missing_module_are_no_creation() {
    let mut node = Node::start(&[("a.mjs", "a1\nimport ./b.mjs"), ("notes.txt", "1")]);
    assert!(node.hot("./a.mjs").is_err());
    node.write("notes.txt", "2");
    assert_eq!(node.told(), "");
    node.folder.remove("notes.txt");
    node.deliver(MAIN);
    node.write("notes.txt", "3");
    assert_eq!(node.told(), "");
    node.wait_until_quiet();
    assert_eq!(node.told(), "");
    node.write("notes.txt~", "a backup");
    assert_eq!(node.told(), "");
    node.write("b.mjs", "b1");
    gives(&mut node, "./a.mjs", "a1(b1)");
}

#[test]
fn a_deletion_counts_when_nothing_undoes_it() {
    let mut node = chain();
    node.folder.remove("c.mjs");
    assert_eq!(node.told(), "", "an editor may be about to write it again");
    node.wait_until_quiet();
    assert_eq!(node.told(), "invalidated c.mjs b.mjs a.mjs");
    assert!(node.hot("./a.mjs").is_err());
    node.write("c.mjs", "c1");
    gives(&mut node, "./a.mjs", "a1(b1(c1))");
}

#[test]
fn a_deletion_undone_in_time_says_nothing() {
    let mut node = chain();
    node.folder.remove("c.mjs");
    assert_eq!(node.told(), "");
    node.write("c.mjs", "c1");
    node.wait_until_quiet();
    assert_eq!((node.told().as_str(), node.hot_url("./a.mjs").as_str()), ("", "a.mjs"));
}

/// An import of the deleted file itself, before its deletion counts, must not hide it from its other importers.
#[test]
fn a_failed_import_hides_no_deletion() {
    let mut node = chain();
    gives(&mut node, "./c.mjs", "c1");
    node.folder.remove("c.mjs");
    assert!(node.hot("./c.mjs").is_err());
    node.wait_until_quiet();
    assert!(node.hot("./a.mjs").is_err());
}

#[test]
fn a_deleted_boundary_comes_back() {
    let mut node = chain();
    node.folder.remove("a.mjs");
    node.wait_until_quiet();
    assert!(node.hot("./a.mjs").is_err());
    node.write("a.mjs", "a2\nimport ./b.mjs");
    gives(&mut node, "./a.mjs", "a2(b1(c1))");
}

#[test]
fn a_rename_with_the_importer_updated() {
    let mut node = chain();
    node.folder.rename("c.mjs", "d.mjs");
    node.write("b.mjs", "b2\nimport ./d.mjs");
    gives(&mut node, "./a.mjs", "a1(b2(c1))");
    node.wait_until_quiet();
    node.write("d.mjs", "d2");
    gives(&mut node, "./a.mjs", "a1(b2(d2))");
}

#[test]
fn two_files_swapped() {
    let mut node = Node::start(&[
        ("a.mjs", "a1\nimport ./b.mjs\nimport ./c.mjs"),
        ("b.mjs", "b1"),
        ("c.mjs", "c1"),
    ]);
    gives(&mut node, "./a.mjs", "a1(b1 c1)");
    node.folder.rename("b.mjs", "x");
    node.folder.rename("c.mjs", "b.mjs");
    node.folder.rename("x", "c.mjs");
    gives(&mut node, "./a.mjs", "a1(c1 b1)");
}

#[test]
fn a_directory_removed_and_brought_back() {
    let mut node = Node::start(&[("a.mjs", "a1\nimport ./x/y/b.mjs"), ("x/y/b.mjs", "b1")]);
    gives(&mut node, "./a.mjs", "a1(b1)");
    node.folder.remove("x");
    node.write("x/y/b.mjs", "b2");
    gives(&mut node, "./a.mjs", "a1(b2)");
    node.folder.remove("x");
    node.wait_until_quiet();
    assert!(node.hot("./a.mjs").is_err());
    node.write("x/y/b.mjs", "b3");
    gives(&mut node, "./a.mjs", "a1(b3)");
    node.write("x/y/b.mjs", "b4");
    gives(&mut node, "./a.mjs", "a1(b4)");
}

#[test]
fn a_directory_replaced_by_another() {
    let mut node =
        Node::start(&[("a.mjs", "a1\nimport ./x/b.mjs"), ("x/b.mjs", "b1"), ("next/b.mjs", "b2")]);
    gives(&mut node, "./a.mjs", "a1(b1)");
    node.folder.rename("x", "old");
    node.folder.rename("next", "x");
    gives(&mut node, "./a.mjs", "a1(b2)");
    node.write("old/b.mjs", "not ours");
    node.write("x/b.mjs", "b3");
    gives(&mut node, "./a.mjs", "a1(b3)");
}

/// A package outside of the root directory: nothing above its own is watched.
#[test]
fn a_directory_outside_of_the_root_replaced_by_another() {
    let mut node = Node::with(
        &json!({ "rootDirectory": "./project" }),
        &[("pack/b.mjs", "b1"), ("next/b.mjs", "b2")],
    );
    gives(&mut node, "./pack/b.mjs", "b1");
    node.folder.rename("pack", "old");
    node.folder.rename("next", "pack");
    gives(&mut node, "./pack/b.mjs", "b2");
}

#[test]
fn a_symlinked_directory_and_its_real_one() {
    let mut node = Node::start(&[("real/a.mjs", "a1"), ("real/b.mjs", "b1")]);
    node.preserve_symlinks = true;
    symlink(node.folder.path("real"), node.folder.path("link")).expect("a link");
    gives(&mut node, "./real/b.mjs", "b1");
    gives(&mut node, "./link/a.mjs", "a1");
    for (name, specifier) in [("real/b.mjs", "./real/b.mjs"), ("real/a.mjs", "./link/a.mjs")] {
        node.write(name, "2");
        gives(&mut node, specifier, "2");
    }
}

#[test]
fn a_missing_module_in_a_symlinked_directory_hides_no_saves() {
    let mut node = Node::start(&[("real/b.mjs", "b1")]);
    gives(&mut node, "./real/b.mjs", "b1");
    symlink(node.folder.path("real"), node.folder.path("link")).expect("a link");
    assert!(node.hot("./link/missing.mjs").is_err());
    node.write("real/b.mjs", "b2");
    gives(&mut node, "./real/b.mjs", "b2");
}

#[test]
fn a_symlink_retargeted() {
    symlink_retargeted(false);
}

#[test]
fn a_symlink_retargeted_that_is_preserved() {
    symlink_retargeted(true);
}

fn symlink_retargeted(preserved: bool) {
    let mut node = Node::start(&[("one/b.mjs", "b1"), ("two/b.mjs", "b2")]);
    node.preserve_symlinks = preserved;
    symlink("one", node.folder.path("link")).expect("a link");
    gives(&mut node, "./link/b.mjs", "b1");
    node.write("one/b.mjs", "b1+");
    gives(&mut node, "./link/b.mjs", "b1+");
    symlink("two", node.folder.path("next")).expect("a link");
    node.folder.rename("next", "link");
    gives(&mut node, "./link/b.mjs", "b2");
    node.write("two/b.mjs", "b3");
    gives(&mut node, "./link/b.mjs", "b3");
}

#[test]
fn a_module_that_threw_is_tried_again_after_the_next_change() {
    let mut node = chain();
    node.write("c.mjs", "throw");
    assert!(node.hot("./a.mjs").is_err());
    node.write("c.mjs", "c2");
    gives(&mut node, "./a.mjs", "a1(b1(c2))");
    node.write("b.mjs", "throw");
    assert!(node.hot("./a.mjs").is_err());
    node.write("b.mjs", "b2");
    gives(&mut node, "./a.mjs", "a1(b2)");
}

#[test]
fn a_users_own_version_never_collides() {
    let mut node = chain();
    gives(&mut node, "./a.mjs?v=5", "a1(b1(c1))");
    let user = node.hot_url("./a.mjs?v=5");
    assert_eq!(user, "a.mjs?v=5");
    for n in 2..9 {
        node.write("a.mjs", &format!("a{n}"));
        gives(&mut node, "./a.mjs", &format!("a{n}"));
        gives(&mut node, "./a.mjs?v=5", &format!("a{n}"));
        let url = node.hot_url("./a.mjs");
        assert!(url.starts_with("a.mjs?v=") && url != user, "{url}");
        let theirs = node.hot_url("./a.mjs?v=5");
        assert!(theirs.starts_with("a.mjs?v=5&v="), "{theirs}");
    }
}

#[test]
fn a_query_is_a_further_instance_of_the_same_file() {
    let mut node = chain();
    gives(&mut node, "./c.mjs?raw", "c1");
    node.write("c.mjs", "c2");
    gives(&mut node, "./c.mjs?raw", "c2");
    gives(&mut node, "./a.mjs", "a1(b1(c2))");
    assert_eq!(node.hot_url("./c.mjs?raw"), "c.mjs?raw&v=1");
}

#[test]
fn an_old_instance_imports_the_current_version() {
    let mut node = chain();
    node.write("a.mjs", "a2\nimport ./b.mjs");
    gives(&mut node, "./a.mjs", "a2(b1(c1))");
    node.write("c.mjs", "c2");
    assert_eq!(node.import(MAIN, "a.mjs", "./b.mjs", false).as_deref(), Ok("b1(c2)"));
    assert_eq!(node.import(MAIN, "a.mjs?v=1", "./c.mjs", false).as_deref(), Ok("c2"));
    assert_eq!(node.import(MAIN, "a.mjs", "./a.mjs", false).as_deref(), Ok("a2(b1(c2))"));
}

#[test]
fn cycles_and_self_imports() {
    let mut node = Node::start(&[
        ("a.mjs", "a1\nimport ./b.mjs\nimport ./a.mjs"),
        ("b.mjs", "b1\nimport ./a.mjs"),
    ]);
    gives(&mut node, "./a.mjs", "a1(b1(…) …)");
    node.write("b.mjs", "b2\nimport ./a.mjs");
    gives(&mut node, "./a.mjs", "a1(b2(…) …)");
    node.write("a.mjs", "a2\nimport ./b.mjs");
    gives(&mut node, "./a.mjs", "a2(b2(…))");
}

#[test]
fn ignored_modules_keep_their_instance_and_make_cold() {
    let mut node = Node::start(&[
        ("a.mjs", "a1\nimport ./node_modules/x/i.mjs"),
        ("node_modules/x/i.mjs", "i1\nimport ./../../b.mjs"),
        ("b.mjs", "b1"),
    ]);
    gives(&mut node, "./a.mjs", "a1(i1(b1))");
    node.write("node_modules/x/i.mjs", "i2");
    assert_eq!(node.told(), "");
    node.write("b.mjs", "b2");
    assert_eq!(node.told(), "restart b.mjs");
    node.write("a.mjs", "a2\nimport ./node_modules/x/i.mjs");
    gives(&mut node, "./a.mjs", "a2(i1(b1))");
}

#[test]
fn changes_of_one_drain_are_one_update() {
    let mut node = Node::start(&[
        ("a.mjs", "a1\nimport ./c.mjs"),
        ("b.mjs", "b1\nimport ./c.mjs"),
        ("c.mjs", "c1"),
    ]);
    gives(&mut node, "./a.mjs", "a1(c1)");
    gives(&mut node, "./b.mjs", "b1(c1)");
    for name in ["app.mjs", "b.mjs", "c.mjs"] {
        node.write(name, "2");
    }
    assert_eq!(node.told(), "invalidated b.mjs c.mjs a.mjs; restart app.mjs");
}

#[test]
fn a_restart_file_that_exists() {
    let mut node = Node::with(
        &json!({ "restart": ["./.env", "./*.json"] }),
        &[(".env", "A=1"), ("x.json", "1")],
    );
    assert_eq!(node.told(), "");
    node.write(".env", "A=1");
    assert_eq!(node.told(), "", "the same bytes");
    node.write(".env", "A=2");
    assert_eq!(node.told(), "restart .env");
    node.write(".env", "A=2");
    assert_eq!(node.told(), "");
    node.write("x.json", "2");
    assert_eq!(node.told(), "restart x.json");
    node.folder.remove(".env");
    node.wait_until_quiet();
    assert_eq!(node.told(), "restart .env");
}

#[test]
fn a_restart_file_that_is_created_later() {
    let mut node =
        Node::with(&json!({ "restart": ["./.env", "./config/*.json", "./deep/**"] }), &[]);
    node.write(".env", "A=1");
    assert_eq!(node.told(), "restart .env");
    node.folder.make_dir("config");
    node.folder.make_dir("deep/er");
    assert_eq!(node.told(), "");
    node.write("config/x.json", "1");
    assert_eq!(node.told(), "restart config/x.json");
    node.write("config/x.txt", "1");
    assert_eq!(node.told(), "");
    node.write("deep/er/x", "1");
    assert_eq!(node.told(), "restart deep/er/x");
}

#[test]
fn a_restart_file_below_a_recursive_pattern() {
    let mut node =
        Node::with(&json!({ "restart": "./config/**/*.json" }), &[("config/a/b/x.json", "1")]);
    node.write("config/a/b/x.json", "2");
    assert_eq!(node.told(), "restart config/a/b/x.json");
    node.folder.make_dir("config/c");
    assert_eq!(node.told(), "");
    node.write("config/c/x.json", "1");
    assert_eq!(node.told(), "restart config/c/x.json");
}

#[test]
fn a_restart_file_that_comes_with_its_directory() {
    let mut node = Node::with(&json!({ "restart": "./config/**" }), &[("config/x", "1")]);
    node.write("config/new/er/y", "1");
    assert_eq!(node.told(), "restart config/new/er/y");
}

#[test]
fn a_restart_file_that_comes_with_its_missing_directory() {
    let mut node = Node::with(&json!({ "restart": "./config/local/x.json" }), &[]);
    node.write("config/local/x.json", "1");
    assert_eq!(node.told(), "restart config/local/x.json");
}

#[test]
fn a_restart_file_that_is_imported_too() {
    let mut node = Node::with(
        &json!({ "restart": "./c.mjs" }),
        &[("a.mjs", "a1\nimport ./c.mjs"), ("c.mjs", "c1")],
    );
    gives(&mut node, "./a.mjs", "a1(c1)");
    node.write("c.mjs", "c2");
    assert_eq!(node.told(), "restart c.mjs");
    assert_eq!(node.hot_url("./a.mjs"), "a.mjs");
}

#[test]
fn a_parent_that_watches_for_us() {
    let mut node =
        Node::with(&json!({ "watch": false }), &[("a.mjs", "a1\nimport ./b.mjs"), ("b.mjs", "b1")]);
    gives(&mut node, "./a.mjs", "a1(b1)");
    node.write("b.mjs", "b2");
    assert_eq!(node.told(), "", "nobody has said so");
    let (path, now) = (node.folder.path("b.mjs"), node.now());
    node.engine.reported(&path, false, now);
    assert_eq!(node.told(), "invalidated b.mjs a.mjs");
    gives(&mut node, "./a.mjs", "a1(b2)");
    node.engine.reported(&path, false, now);
    assert_eq!(node.told(), "", "we knew");
    node.write("b.mjs", "b3");
    node.engine.reported(&path, false, now);
    gives(&mut node, "./a.mjs", "a1(b3)");
    node.folder.remove("b.mjs");
    node.engine.reported(&path, true, now);
    node.told();
    node.wait_until_quiet();
    assert_eq!(node.told(), "invalidated b.mjs a.mjs");
}

/// With hooks in a thread of their own, messages lie between what was read and its begin.
#[test]
fn a_report_of_what_was_read_and_may_still_begin_waits_for_it() {
    let mut node =
        Node::with(&json!({ "watch": false }), &[("a.mjs", "a1\nimport.meta.hot?.decline()")]);
    node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    let (path, now) = (node.folder.path("a.mjs"), node.now());
    node.engine.reported(&path, false, now);
    for _ in 0..5 {
        node.wait_until_quiet();
        assert_eq!(node.told(), "", "it may still begin");
    }
    for _ in 0..20 {
        node.wait_until_quiet();
    }
    assert_eq!(node.told(), "invalidated a.mjs", "Node could not link it");
}

#[test]
fn a_parent_that_says_what_we_saw_or_what_means_nothing() {
    let mut node = chain();
    node.write("c.mjs", "c2");
    assert_eq!(node.told(), "invalidated c.mjs b.mjs a.mjs");
    gives(&mut node, "./a.mjs", "a1(b1(c2))");
    for name in ["c.mjs", "never imported.mjs", "no/such/directory", ""] {
        let (path, now) = (node.folder.path(name), node.now());
        node.engine.reported(&path, false, now);
        node.engine.reported(&path, true, now);
    }
    node.wait_until_quiet();
    assert_eq!(node.told(), "");
}

#[test]
fn a_parent_that_says_a_restart_file_changed() {
    let options = json!({ "watch": false, "restart": "./.env" });
    let mut node = Node::with(&options, &[(".env", "1")]);
    let path = node.folder.path(".env");
    for (text, expected) in [("2", "restart .env"), ("2", ""), ("3", "restart .env")] {
        for half in ["", text] {
            let now = node.now();
            node.write(".env", half);
            node.engine.reported(&path, false, now);
            assert_eq!(node.told(), "", "{text} may not be all");
        }
        node.wait_until_quiet();
        assert_eq!(node.told(), expected, "{text}");
    }
}

#[test]
fn a_decline_asks_for_a_restart_and_bumps_nothing() {
    let mut node = chain();
    let url = node.url("b.mjs");
    let instance = node.engine.find(MAIN, &url).expect("it runs");
    node.engine.decline(instance);
    node.write("c.mjs", "c2");
    assert_eq!(node.told(), "restart c.mjs");
    assert_eq!(node.hot_url("./a.mjs"), "a.mjs");
    node.write("a.mjs", "a2\nimport ./b.mjs");
    gives(&mut node, "./a.mjs", "a2(b1(c1))");
}

#[test]
fn disposals_come_in_reverse_order_of_evaluation_and_once() {
    let mut node = chain();
    node.write("c.mjs", "c2");
    assert_eq!(node.disposed(MAIN), "a.mjs b.mjs c.mjs");
    assert_eq!(node.disposed(MAIN), "");
    gives(&mut node, "./a.mjs", "a1(b1(c2))");
    assert_eq!(node.disposed(MAIN), "", "the new ones run on");
    node.write("c.mjs", "c3");
    assert_eq!(node.disposed(MAIN), "a.mjs?v=1 b.mjs?v=1 c.mjs?v=1");
}

#[test]
fn two_saves_dispose_of_an_instance_once() {
    let mut node = chain();
    for text in ["c2", "c3"] {
        node.write("c.mjs", text);
        node.deliver(MAIN);
    }
    assert_eq!(node.disposed(MAIN), "a.mjs b.mjs c.mjs");
}

/// A boundary that runs, and was not finished when it was superseded.
fn superseded_while_running() -> (Node, hot_hook::engine::lifecycle::instance::InstanceId) {
    let mut node = Node::start(&[("a.mjs", "a1")]);
    let url = node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    let instance = node.begin(MAIN, &url);
    assert!(node.engine.track(instance), "it is current");
    node.write("a.mjs", "a2");
    assert_eq!(node.disposed(MAIN), "", "its handlers may still come");
    (node, instance)
}

#[test]
fn an_instance_that_still_runs_is_disposed_of_at_its_end() {
    for ending in [Ending::TurnOver, Ending::Completed, Ending::Threw] {
        let (mut node, instance) = superseded_while_running();
        node.engine.ended(instance, ending, Instant::now());
        assert_eq!(node.disposed(MAIN), "a.mjs");
        gives(&mut node, "./a.mjs", "a2");
        assert_eq!(node.disposed(MAIN), "", "once");
    }
}

#[test]
fn an_instance_that_still_runs_is_disposed_of_before_the_next_one_runs() {
    let (mut node, instance) = superseded_while_running();
    let url = node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    assert_eq!(node.disposed(MAIN), "");
    node.begin(MAIN, &url);
    assert_eq!(node.disposed(MAIN), "a.mjs");
    node.engine.ended(instance, Ending::Completed, Instant::now());
    assert_eq!(node.disposed(MAIN), "", "once");
}

#[test]
fn an_instance_that_was_superseded_before_it_ran_is_disposed_of_before_the_next_one_runs() {
    let mut node = Node::start(&[("a.mjs", "a1")]);
    let url = node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    node.write("a.mjs", "a2");
    node.deliver(MAIN);
    let instance = node.begin(MAIN, &url);
    assert!(node.engine.track(instance), "it runs");
    let next = node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    assert_eq!(node.disposed(MAIN), "");
    node.begin(MAIN, &next);
    assert_eq!(node.disposed(MAIN), "a.mjs");
    node.engine.ended(instance, Ending::Completed, Instant::now());
    assert_eq!(node.disposed(MAIN), "", "once");
}

#[test]
fn a_handler_of_a_superseded_instance_is_told_so() {
    let mut node = Node::start(&[("a.mjs", "a1")]);
    let url = node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    let instance = node.begin(MAIN, &url);
    node.write("a.mjs", "a2");
    node.deliver(MAIN);
    assert!(!node.engine.track(instance));
}

#[test]
fn what_is_no_longer_imported_is_disposed_of() {
    let mut node = chain();
    node.write("b.mjs", "b2");
    gives(&mut node, "./a.mjs", "a1(b2)");
    assert_eq!(node.disposed(MAIN), "a.mjs b.mjs c.mjs");
    assert_eq!(node.told(), "invalidated b.mjs a.mjs");
    node.write("c.mjs", "c2");
    assert_eq!(node.told(), "", "nobody imports it");
    node.write("b.mjs", "b3\nimport ./c.mjs");
    gives(&mut node, "./a.mjs", "a1(b3(c2))");
    node.write("c.mjs", "c3");
    gives(&mut node, "./a.mjs", "a1(b3(c3))");
}

#[test]
fn what_is_still_imported_by_another_stays() {
    let mut node = chain();
    gives(&mut node, "./c.mjs", "c1");
    node.write("b.mjs", "b2");
    gives(&mut node, "./a.mjs", "a1(b2)");
    assert_eq!(node.disposed(MAIN), "a.mjs b.mjs");
    gives(&mut node, "./c.mjs", "c1");
    assert_eq!(node.hot_url("./c.mjs"), "c.mjs");
}

/// An instance that was overtaken, and evaluates late.
#[test]
fn an_instance_that_finds_a_newer_one_evaluated_drops_nothing() {
    let mut node = Node::start(&[("a.mjs", "a1"), ("c.mjs", "c1"), ("d.mjs", "d1")]);
    gives(&mut node, "./a.mjs", "a1");
    node.write("a.mjs", "a2\nimport ./c.mjs");
    let late = node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    node.write("a.mjs", "a3\nimport ./d.mjs");
    gives(&mut node, "./a.mjs", "a3(d1)");
    node.run(MAIN, &late).expect("it runs");
    node.told();
    node.write("d.mjs", "d2");
    assert_eq!(node.told(), "invalidated d.mjs a.mjs");
    gives(&mut node, "./a.mjs", "a3(d2)");
}

#[test]
fn an_instance_that_runs_after_it_was_superseded_is_released() {
    let mut node = Node::start(&[("a.mjs", "a1")]);
    let late = node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    node.write("a.mjs", "a2");
    gives(&mut node, "./a.mjs", "a2");
    node.run(MAIN, &late).expect("it runs");
    node.write("a.mjs", "a3");
    gives(&mut node, "./a.mjs", "a3");
    assert_eq!(node.engine.find(MAIN, &late), None);
}

#[test]
fn dynamic_edges_outlive_their_instance() {
    let mut node = chain();
    gives(&mut node, "./a.mjs", "a1(b1(c1))");
    node.write("d.mjs", "d1");
    assert_eq!(node.import(MAIN, "a.mjs", "./d.mjs", false).as_deref(), Ok("d1"));
    node.write("a.mjs", "a2\nimport ./b.mjs");
    gives(&mut node, "./a.mjs", "a2(b1(c1))");
    node.told();
    node.write("d.mjs", "d2");
    assert_eq!(node.told(), "invalidated d.mjs a.mjs");
}

/// The app, in two threads.
fn two_threads() -> Node {
    let mut node = chain();
    node.thread(WORKER);
    assert_eq!(node.import(WORKER, "app.mjs", "./a.mjs", true).as_deref(), Ok("a1(b1(c1))"));
    node
}

#[test]
fn each_thread_disposes_of_its_own_instances() {
    let mut node = two_threads();
    node.write("c.mjs", "c2");
    assert_eq!(node.disposed(WORKER), "a.mjs b.mjs c.mjs");
    assert_eq!(node.told(), "invalidated c.mjs b.mjs a.mjs", "the main thread tells");
    assert_eq!(node.disposed(MAIN), "a.mjs b.mjs c.mjs");
    gives(&mut node, "./a.mjs", "a1(b1(c2))");
    assert_eq!(node.import(WORKER, "app.mjs", "./a.mjs", true).as_deref(), Ok("a1(b1(c2))"));
    assert_eq!(node.hot_url("./a.mjs"), "a.mjs?v=1", "one version for both");
}

#[test]
fn a_save_between_the_loads_of_two_threads_counts() {
    let mut node = chain();
    node.thread(WORKER);
    node.write("c.mjs", "c2");
    assert_eq!(node.import(WORKER, "app.mjs", "./a.mjs", true).as_deref(), Ok("a1(b1(c2))"));
    gives(&mut node, "./a.mjs", "a1(b1(c2))");
}

#[test]
fn what_a_worker_loaded_cold_asks_for_a_restart_until_it_ends() {
    let mut node = chain();
    node.thread(WORKER);
    assert_eq!(node.import(WORKER, "app.mjs", "./c.mjs", false).as_deref(), Ok("c1"));
    node.write("c.mjs", "c2");
    assert_eq!(node.told(), "restart c.mjs");
    node.engine.detach(WORKER);
    node.write("c.mjs", "c3");
    assert_eq!(node.told(), "invalidated c.mjs b.mjs a.mjs");
    gives(&mut node, "./a.mjs", "a1(b1(c3))");
}

#[test]
fn a_hundred_short_lived_workers_leave_nothing() {
    let mut node = chain();
    node.write("w.mjs", "w1\nimport ./c.mjs");
    let before = node.dump();
    for number in 1..=100 {
        let thread = ThreadId(number);
        node.thread(thread);
        assert_eq!(node.import(thread, "app.mjs", "./w.mjs", true).as_deref(), Ok("w1(c1)"));
        node.engine.detach(thread);
        assert!(node.engine.take(thread).is_none());
        assert_eq!(node.engine.find(thread, &node.url("w.mjs")), None);
    }
    assert_eq!(node.dump(), before);
    assert_eq!((node.told().as_str(), node.disposed(MAIN).as_str()), ("", ""));
}

#[test]
fn the_graph_as_it_is_dumped() {
    let mut node = Node::start(&[
        ("app.mjs", "app\nimport ./provider.mjs"),
        ("provider.mjs", "p1\nimport ./models/user.mjs"),
        ("models/user.mjs", "m1"),
        ("users.mjs", "u1\nimport ./models/user.mjs\nimport ./service.mjs"),
        ("posts.mjs", "o1\nimport ./service.mjs"),
        ("service.mjs", "s1"),
    ]);
    for name in ["./users.mjs", "./posts.mjs"] {
        node.hot(name).expect("it runs");
    }
    node.write("service.mjs", "s2");
    node.deliver(MAIN);
    let expected = [
        "app.mjs 0 cold → provider.mjs users.mjs posts.mjs",
        "provider.mjs 0 cold → models/user.mjs",
        "models/user.mjs 0 cold →",
        "users.mjs 1 boundary → models/user.mjs service.mjs",
        "service.mjs 1 →",
        "posts.mjs 1 boundary → service.mjs",
    ];
    assert_eq!(node.dump(), expected);
    let dump = node.engine.dump();
    assert_eq!(dump[4].dependents, ["users.mjs", "posts.mjs"]);
}

#[test]
fn there_is_nothing_to_dump_at_first() {
    let (waker, _sleeper) = hot_hook::watch::sleep::pair().expect("a pipe");
    assert_eq!(hot_hook::engine::Engine::new(waker).dump(), []);
}

#[test]
fn work_is_handed_out_once_and_its_thread_is_woken() {
    let mut node = chain();
    let (sender, woken) = std::sync::mpsc::channel();
    node.engine.attach(MAIN, true, Box::new(move || sender.send(()).expect("a listener")));
    node.write("c.mjs", "c2");
    let now = node.now();
    node.engine.drain(hot_hook::engine::Caller::Watcher, now);
    woken.try_recv().expect("it was woken");
    assert!(node.engine.has_pending(MAIN));
    assert!(node.engine.take(MAIN).is_some());
    assert!(!node.engine.has_pending(MAIN) && node.engine.take(MAIN).is_none());
}

#[test]
fn boundaries_named_later_count() {
    let mut node = Node::start(&[("a.mjs", "a1")]);
    assert_eq!(node.import(MAIN, "app.mjs", "./a.mjs", false).as_deref(), Ok("a1"));
    node.configure(&json!({ "boundaries": "./a.mjs" }));
    node.write("a.mjs", "a2");
    assert_eq!(node.told(), "invalidated a.mjs");
}

#[test]
fn names_that_look_like_something_else() {
    for name in ["é.mjs", "a b.mjs", "a'b.mjs", "[id].mjs", "v=1.mjs", "a\tb.mjs"] {
        let mut node = Node::start(&[(name, "1")]);
        gives(&mut node, &format!("./{name}"), "1");
        node.write(name, "2");
        gives(&mut node, &format!("./{name}"), "2");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_overflow_loses_nothing() {
    let mut node = chain();
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").expect("a limit");
    let limit: usize = limit.trim().parse().expect("a number");
    node.write("x", "1");
    for _ in 0..=limit / 4 {
        node.folder.rename("x", "y");
        node.folder.rename("y", "x");
    }
    node.write("c.mjs", "c2");
    gives(&mut node, "./a.mjs", "a1(b1(c2))");
    assert_eq!(node.told(), "invalidated c.mjs b.mjs a.mjs");
}

/// Many files, all changed within one drain.
#[test]
fn five_thousand_saves_in_one_drain() {
    const COUNT: usize = 5000;
    let mut node = Node::start(&[]);
    for file in 0..COUNT {
        node.write(&format!("{file}.mjs"), "1");
        gives(&mut node, &format!("./{file}.mjs"), "1");
    }
    for file in 0..COUNT {
        node.write(&format!("{file}.mjs"), "2");
    }
    // The engine's thread may move: nothing of it is bound to this one.
    let Node { mut engine, .. } = node;
    let update = ends(move || {
        engine.drain(hot_hook::engine::Caller::Watcher, Instant::now());
        engine.take(MAIN)
    });
    assert_eq!(update.expect("an update").disposals.len(), COUNT);
}

/// Random imports between files in two directories, edited at random; each edit is followed by an import.
struct Edits {
    node: Node,
    random: Random,
    /// The word and the imports of each file that exists.
    files: Vec<Option<(String, Vec<usize>)>>,
    words: usize,
}

const FILES: usize = 7;

impl Edits {
    fn new(seed: u64) -> Self {
        let mut edits = Self {
            node: Node::start(&[]),
            random: Random(seed),
            files: vec![None; FILES],
            words: 0,
        };
        for file in 0..FILES {
            edits.edit(file);
        }
        edits
    }

    fn name(file: usize) -> String {
        if file.is_multiple_of(2) { format!("m{file}.mjs") } else { format!("sub/m{file}.mjs") }
    }

    /// A new word, and perhaps other imports.
    fn edit(&mut self, file: usize) {
        self.words += 1;
        let word = format!("{file}:{}", self.words);
        let imports = match &self.files[file] {
            Some((_, imports)) if !self.random.once_in(3) => imports.clone(),
            _ => self.imports(),
        };
        self.files[file] = Some((word, imports));
        self.save(file);
    }

    fn imports(&mut self) -> Vec<usize> {
        let count = self.random.below(4);
        let mut imports: Vec<_> = (0..count).map(|_| self.random.below(FILES)).collect();
        imports.dedup();
        imports
    }

    fn save(&mut self, file: usize) {
        let Some((word, imports)) = &self.files[file] else { return };
        let up = if file.is_multiple_of(2) { "" } else { "../" };
        let imports = imports.iter().map(|&other| format!("\nimport ./{up}{}", Self::name(other)));
        let text = imports.fold(word.clone(), |text, line| text + &line);
        if self.random.once_in(2) && self.node.folder.exists("sub") {
            self.node.folder.write_atomically(&Self::name(file), &text);
        } else {
            self.node.write(&Self::name(file), &text);
        }
    }

    fn step(&mut self) {
        let file = self.random.below(FILES);
        match self.random.below(8) {
            0 if self.files[file].take().is_some() => {
                self.node.folder.remove(&Self::name(file));
                self.node.wait_until_quiet();
            }
            1 => self.save(file),
            _ => self.edit(file),
        }
    }

    /// What an import of `file` must give; `None` if it must fail.
    fn expected(&self, file: usize, above: &mut Vec<usize>) -> Option<String> {
        if above.contains(&file) {
            return Some("…".to_owned());
        }
        let (word, imports) = self.files[file].as_ref()?;
        above.push(file);
        let parts: Option<Vec<_>> = imports.iter().map(|&i| self.expected(i, above)).collect();
        above.pop();
        Some(show_value(word, &parts?))
    }

    fn check(&mut self) {
        let file = self.random.below(FILES);
        let expected = self.expected(file, &mut Vec::new());
        assert_eq!(self.node.hot(&format!("./{}", Self::name(file))).ok(), expected, "{file}");
        let told = self.node.told();
        assert!(!told.contains("restart"), "nothing is cold: {told}");
    }
}

#[test]
fn random_edits_are_never_stale() {
    for seed in 0..60 {
        let check = || {
            let mut edits = Edits::new(seed);
            for _ in 0..60 {
                edits.step();
                edits.check();
            }
        };
        if let Err(cause) = std::panic::catch_unwind(check) {
            println!("seed {seed}");
            std::panic::resume_unwind(cause);
        }
    }
}

/// One update links while the next one is handed out already: what they both import again is told of once.
#[test]
fn what_the_next_update_imports_again_anyway_is_not_left_for_one_after_it() {
    let mut node = Node::start(&[("a.mjs", "a1")]);
    let url = node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    let instance = node.begin(MAIN, &url);
    assert!(node.engine.accept_own(instance).is_some());
    node.engine.ended(instance, Ending::Completed, Instant::now());
    let take = |node: &mut Node| {
        node.engine.drain(Caller::Thread(MAIN), Instant::now());
        node.engine.take(MAIN).map(|update| update.reimports).unwrap_or_default()
    };
    node.write("a.mjs", "a2");
    let first = take(&mut node);
    assert_eq!(first.len(), 1);
    node.engine.resolve_for_update(MAIN, &first[0].url, true);
    node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    node.write("a.mjs", "a3");
    let second = take(&mut node);
    assert_eq!(second, first);
    assert_eq!(node.engine.linked(MAIN, &first).urls, [], "it was changed once more");
    assert_eq!(take(&mut node), [], "that belongs to the update that waits");
    node.engine.resolve_for_update(MAIN, &second[0].url, true);
    assert_eq!(node.engine.linked(MAIN, &second).urls, [second[0].url.clone()]);
    assert_eq!(take(&mut node), []);
}

/// So many boundaries accept themselves, each above modules of its own and some that all share.
fn walked_by_an_update(boundaries: usize) -> u64 {
    let mut node = Node::start(&[("leaf.mjs", "leaf1")]);
    let name = |at: usize| format!("b{at}.mjs");
    for at in 0..boundaries {
        // Each is part of a cycle, and shares what is below with the one before it.
        node.write(&name(at), &format!("b\nimport ./m{at}.mjs\nimport ./m{}.mjs", at / 2));
        node.write(&format!("m{at}.mjs"), &format!("m\nimport ./{}\nimport ./leaf.mjs", name(at)));
    }
    let accept = |node: &mut Node, url: &str| {
        let instance = node.begin(MAIN, url);
        node.engine.data_key(instance);
        assert!(node.engine.accept_own(instance).is_some());
        node.engine.ended(instance, Ending::Completed, Instant::now());
        node.deliver(MAIN);
    };
    let urls: Vec<_> = (0..boundaries)
        .map(|at| node.link(MAIN, "app.mjs", &format!("./{}", name(at)), true).expect("it links"))
        .collect();
    for url in &urls {
        accept(&mut node, url);
    }
    for at in 0..boundaries {
        node.begin(MAIN, &node.url(&format!("m{at}.mjs")));
    }
    node.begin(MAIN, &node.url("leaf.mjs"));
    node.write("leaf.mjs", "leaf2");
    let before = node.engine.walked();
    node.engine.drain(Caller::Thread(MAIN), Instant::now());
    let reimports = node.engine.take(MAIN).expect("there is work").reimports;
    assert_eq!(reimports.len(), boundaries);
    // A second update waits, and holds what the first one has brought: each module that evaluates lets go of something.
    node.write("leaf.mjs", "leaf3");
    node.deliver(MAIN);
    for reimport in &reimports {
        node.engine.resolve_for_update(MAIN, &reimport.url, true);
    }
    let urls: Vec<_> = (0..boundaries)
        .map(|at| node.link(MAIN, "app.mjs", &format!("./{}", name(at)), true).expect("it links"))
        .collect();
    for at in 0..boundaries {
        let module = node.link(MAIN, &name(at), &format!("./m{at}.mjs"), false).expect("it links");
        node.begin(MAIN, &module);
        node.deliver(MAIN);
    }
    for url in &urls {
        accept(&mut node, url);
    }
    node.engine.linked(MAIN, &reimports);
    node.engine.walked() - before
}

/// What an update walks grows with the graph, not with its square.
#[test]
fn an_update_of_many_that_accept_themselves_walks_the_graph_a_few_times() {
    let (few, many) = (walked_by_an_update(50), walked_by_an_update(200));
    assert!(many <= 6 * few, "4 times the modules: {many} steps instead of {few}");
    assert!(many <= 40 * 400, "{many} steps in a graph of 400 modules");
}

/// Whoever waits for a writer waits without the engine.
#[test]
fn others_import_while_a_thread_waits_for_a_writer() {
    let worker = ThreadId(1);
    let mut node = Node::start(&[("a.mjs", "a1"), ("b.mjs", "b1")]);
    assert_eq!(node.hot("./a.mjs"), Ok("a1".to_owned()));
    assert_eq!(node.import(worker, "app.mjs", "./b.mjs", true), Ok("b1".to_owned()));
    let begin = node.now();
    let mut file = File::create(node.folder.path("a.mjs")).expect("it can be written");
    file.write_all(b"a").expect("there is room");
    let url = node.url("a.mjs?later");
    let load = node.engine.begin_load(MAIN, &url).expect("it is a file");
    assert!(node.engine.is_being_written(&load, begin), "it is open");
    node.write("b.mjs", "b2");
    assert_eq!(node.import(worker, "app.mjs", "./b.mjs", true), Ok("b2".to_owned()));
    file.write_all(b"2").expect("there is room");
    drop(file);
    assert!(!node.engine.is_being_written(&load, node.now()), "it is there");
    node.engine.load(MAIN, &load, node.now());
    assert_eq!(node.hot("./a.mjs"), Ok("a2".to_owned()));
}
