//! Checks: what an update affects is linked ahead of its import, and each save has its outcome. What JavaScript does is done here by hand.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "helpers of tests")]
#![expect(dead_code, reason = "helpers are shared")]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/node.rs"]
mod node;

use std::sync::Arc;
use std::time::{Duration, Instant};

use hot_hook::engine::{
    Became, Check, Ending, Failure, How, Import, Phase, Required, SaveOutcome, When,
};
use node::{MAIN, Node};

/// Whatever the update: all that comes before its checks is done.
const ANY: u64 = u64::MAX;

/// Boundaries that the app has imported, in this order.
fn imported(files: &[(&str, &str)], boundaries: &[&str]) -> Node {
    let mut node = Node::start(files);
    for name in boundaries {
        node.hot(name).expect("it runs");
    }
    node
}

/// The check that is next at that time.
fn next(node: &mut Node, now: Instant) -> Option<Check> {
    node.deliver(MAIN);
    node.engine.next_check(MAIN, ANY, now)
}

/// The name of a file of which this is the path or URL.
fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The file of a check.
fn name(check: Option<&Check>) -> &str {
    check.map_or("", |check| base(&check.url))
}

/// Links what is checked, as an import of `link-only.mjs` does.
fn link(node: &mut Node, check: &Check) -> Result<(), String> {
    let url = node.engine.resolve_for_check(&check.url).expect("a file");
    node.load(MAIN, &url)
}

fn last(node: &Node) -> SaveOutcome {
    node.engine.outcomes().last().expect("an outcome is known").clone()
}

/// The names of files.
fn names(paths: &[Arc<str>]) -> String {
    paths.iter().map(|path| base(path)).collect::<Vec<_>>().join(" ")
}

fn failure(node: &Node, file: &str) -> Failure {
    Failure {
        phase: Phase::Link,
        name: "SyntaxError".to_owned(),
        message: "Unexpected token".to_owned(),
        file: Some(node.folder.path(file)),
        line: Some(1),
        column: Some(1),
        frame: None,
        stack: None,
        keeps_old: false,
    }
}

const TWO: [(&str, &str); 3] =
    [("a.mjs", "a1\nimport ./c.mjs"), ("b.mjs", "b1\nimport ./c.mjs"), ("c.mjs", "c1")];

#[test]
fn what_was_imported_last_is_linked_first_and_then_nothing_is_pending() {
    let mut node = imported(&TWO, &["./a.mjs", "./b.mjs", "./a.mjs"]);
    node.write("c.mjs", "c2");
    for expected in ["a.mjs", "b.mjs", ""] {
        let now = node.now();
        let check = next(&mut node, now);
        assert_eq!(name(check.as_ref()), expected);
        if let Some(check) = check {
            assert_eq!(node.engine.outcomes().count(), 0, "not known yet");
            link(&mut node, &check).expect("it links");
            node.engine.checked(MAIN, None, now);
        }
    }
    let outcome = last(&node);
    assert_eq!((outcome.became, names(&outcome.pending)), (Became::Applied, String::new()));
    // It is what the next import runs.
    assert_eq!(node.hot_url("./a.mjs"), "a.mjs?v=1");
    assert_eq!(node.hot("./a.mjs").as_deref(), Ok("a1(c2)"));
}

#[test]
fn after_a_second_of_the_thread_the_rest_is_left_to_its_import() {
    let mut node = imported(&TWO, &["./a.mjs", "./b.mjs"]);
    node.write("c.mjs", "c2");
    let now = node.now();
    let check = next(&mut node, now).expect("a check");
    link(&mut node, &check).expect("it links");
    let now = now + Duration::from_millis(1001);
    node.engine.checked(MAIN, None, now);
    assert_eq!(next(&mut node, now), None);
    assert_eq!(names(&last(&node).pending), "a.mjs");
}

#[test]
fn a_check_that_takes_too_long_says_nothing() {
    let mut node = imported(&TWO, &["./a.mjs"]);
    node.write("c.mjs", "c2");
    let now = node.now();
    next(&mut node, now).expect("a check");
    node.engine.check_takes_long(MAIN, now + Duration::from_secs(1));
    assert_eq!(next(&mut node, now + Duration::from_secs(1)), None);
    let outcome = last(&node);
    assert_eq!((outcome.became, names(&outcome.pending)), (Became::Applied, "a.mjs".into()));
}

#[test]
fn what_met_half_a_save_or_the_next_one_is_checked_again() {
    let mut node = imported(&TWO, &["./a.mjs"]);
    node.write("c.mjs", "c2");
    let now = node.now();
    let check = next(&mut node, now).expect("a check");
    link(&mut node, &check).expect("it links");
    // The file is open: nobody knows what was linked.
    let half = std::fs::OpenOptions::new().write(true).open(node.folder.path("c.mjs"));
    let mut half = half.expect("it opens");
    std::io::Write::write_all(&mut half, b"c3").expect("it is written");
    node.engine.checked(MAIN, None, now);
    // Without a look at what happened to files: that the writer pauses does not count here.
    assert_eq!(node.engine.next_check(MAIN, ANY, now), None, "put off");
    assert_eq!(node.engine.outcomes().count(), 0);
    drop(half);
    let later = now + Duration::from_secs(1);
    let check = next(&mut node, later);
    assert_eq!(name(check.as_ref()), "a.mjs");
    link(&mut node, &check.expect("a check")).expect("it links");
    node.engine.checked(MAIN, None, later);
    assert_eq!(next(&mut node, later), None);
    assert_eq!(last(&node).became, Became::Applied);
    assert_eq!(node.hot("./a.mjs").as_deref(), Ok("a1(c3)"));
}

#[test]
fn commonjs_that_is_broken_fails_what_imports_it_until_its_text_is_mended() {
    let mut node = imported(&[("a.mjs", "a1"), ("c.cjs", "c1")], &["./a.mjs"]);
    let (a, c) = (node.folder.path("a.mjs"), node.folder.path("c.cjs"));
    let required = Required {
        new: vec![&c],
        es_modules: vec![],
        opaque: vec![],
        failed: vec![],
        edges: vec![(&a, &c, When::AtStart)],
        missed: vec![],
        hooked: true,
    };
    node.engine.report(MAIN, &required);
    node.write("c.cjs", "c2");
    let now = node.now();
    let check = next(&mut node, now).expect("its text is checked");
    assert_eq!((name(Some(&check)), check.how), ("c.cjs", How::Compile));
    let broken = failure(&node, "c.cjs");
    assert!(node.engine.checked(MAIN, Some(broken), now), "that is news");
    assert_eq!(next(&mut node, now), None, "what imports it need not be linked");
    let outcome = last(&node);
    assert_eq!((outcome.became, names(&outcome.pending)), (Became::Failed, String::new()));
    node.write("c.cjs", "c3");
    let check = next(&mut node, now).expect("its text is checked");
    assert_eq!(check.how, How::Compile);
    node.engine.checked(MAIN, None, now);
    assert_eq!(next(&mut node, now), None, "it is loaded with what imports it");
    let outcome = last(&node);
    assert_eq!(names(&outcome.mended), "c.cjs");
    assert_eq!((outcome.became, names(&outcome.pending)), (Became::Applied, "a.mjs".into()));
}

/// What they do on their way out may be what the new ones are to read.
#[test]
fn what_was_linked_before_dispose_handlers_turn_out_to_take_their_time_is_dropped() {
    let mut node = Node::start(&TWO);
    node.link(MAIN, "app.mjs", "./a.mjs", true).expect("it links");
    let url = node.url("c.mjs");
    // It has a handler, and still runs at the save.
    let running = node.begin(MAIN, &url);
    node.engine.track(running);
    node.write("c.mjs", "c2");
    let now = node.now();
    let check = next(&mut node, now).expect("a check");
    link(&mut node, &check).expect("it links");
    node.engine.checked(MAIN, None, now);
    assert_eq!(node.hot_url("./a.mjs"), "a.mjs?v=1");
    node.engine.ended(running, Ending::Completed, now);
    let update = node.engine.take(MAIN).expect("it is disposed of");
    assert_eq!(update.disposals, [running]);
    node.engine.set_disposing(MAIN, true);
    assert_eq!(node.hot_url("./a.mjs"), "a.mjs?v=2");
}

/// With hooks in a thread of their own, that one waits until the app's thread has disposed of what is replaced.
#[test]
fn the_thread_is_woken_for_what_a_retried_link_replaces() {
    let mut node = imported(&[("a.mjs", "a1\nimport ./c.mjs"), ("c.mjs", "c1")], &["./a.mjs"]);
    for (text, links) in [("c2\nimport ./gone.mjs", false), ("c3", true)] {
        node.write("c.mjs", text);
        let now = node.now();
        let check = next(&mut node, now).expect("a boundary is affected");
        let (sender, woken) = std::sync::mpsc::channel();
        node.engine.attach(MAIN, false, Box::new(move || _ = sender.send(())));
        let url = node.engine.resolve_for_check(&check.url).expect("a file");
        // The second replaces what the first has loaded in vain.
        assert_eq!((node.engine.has_pending(MAIN), woken.try_recv().is_ok()), (links, links));
        assert_eq!(node.load(MAIN, &url).is_ok(), links);
        let failure = (!links).then(|| failure(&node, "c.mjs"));
        node.engine.checked(MAIN, failure, now);
    }
}

/// Node looked for a file between the delete and the write of an editor, and what was written was decided on before Node's answer came.
#[test]
fn a_file_that_has_come_since_it_was_missed_raises_no_version_in_the_middle_of_a_link() {
    let mut node = imported(&[("a.mjs", "a1\nimport ./c.mjs"), ("c.mjs", "c1")], &["./a.mjs"]);
    std::fs::remove_file(node.folder.path("c.mjs")).expect("it is there");
    node.wait_until_quiet();
    node.deliver(MAIN);
    let a = node.resolve(MAIN, Some(&node.url("app.mjs")), "./a.mjs", true).expect("a file");
    node.hash(MAIN, &a);
    node.write("c.mjs", "c2");
    node.deliver(MAIN);
    let import = Import {
        thread: MAIN,
        parent: Some(&a),
        specifier: "./c.mjs",
        attribute: None,
        require: false,
        lazy: false,
        late: false,
    };
    node.engine.unresolved(&import, None);
    let boundary = node.resolve(MAIN, Some(&node.url("app.mjs")), "./a.mjs", true);
    let boundary = boundary.expect("a file");
    let below = node.resolve(MAIN, Some(&boundary), "./c.mjs", false).expect("a file");
    node.load(MAIN, &below).expect("it is there");
    let again = node.resolve(MAIN, Some(&boundary), "./c.mjs", false);
    assert_eq!(again.as_deref(), Ok(&*below));
}
