//! The decision: what a changed module leads to, and in which words.

#![expect(clippy::expect_used, reason = "helpers of tests")]

#[path = "support/diagram.rs"]
mod diagram;
#[path = "support/table.rs"]
mod table;
#[path = "support/watchdog.rs"]
mod watchdog;

use diagram::{Diagram, draw};
use hot_hook::decision::{
    Decisions, FullReload, Reason, Reporter, Running, Verdict, decide, is_change,
};
use hot_hook::engine::lifecycle::instance::{Instance, Instances};
use hot_hook::engine::lifecycle::life::{Evaluation, Life, Superseded};
use hot_hook::fingerprint::Fingerprint;
use hot_hook::graph::{Graph, ModuleId, ThreadId};
use rustc_hash::FxHashSet;
use table::table;
use watchdog::ends;

fn told(diagram: &Diagram, verdict: Verdict) -> String {
    match verdict {
        Verdict::Nothing => "nothing".to_owned(),
        Verdict::Invalidate(modules) => format!("invalidates {}", diagram.names(modules)),
        Verdict::FullReload(reload) => restart(&reload),
        Verdict::FullReloadToo => "restart".to_owned(),
    }
}

fn restart(reload: &FullReload) -> String {
    let word = if reload.should_be_reloadable() { "restart, needlessly" } else { "restart" };
    match &reload.reason {
        Reason::Cold { chain, .. } => format!("{word}: {}", draw(chain)),
        Reason::Declined { module } => format!("{word}: {module} declines"),
        other => format!("{word}: {other:?}"),
    }
}

/// The decision where no instance is known.
fn decide_alone(graph: &Graph, changed: ModuleId) -> Verdict {
    let (instances, declined) = Default::default();
    decide(graph, Running { instances: &instances, declined: &declined }, changed)
}

fn decides(text: &str, changed: &str, expected: &str) {
    let diagram = Diagram::of(text);
    let verdict = decide_alone(&diagram.graph, diagram.id(changed));
    assert_eq!(told(&diagram, verdict), expected, "{text}");
}

table! { decides:
    boundary("root -> app ~hot~> a", "a", "invalidates a");
    below_a_boundary("root -> app ~hot~> a -> b -> c", "c", "invalidates c b a");
    below_two_boundaries("root ~hot~> a -> c; root ~hot~> b -> c", "c", "invalidates c a b");
    below_an_inner_boundary("root ~hot~> a ~hot~> b -> c", "c", "invalidates c b a");
    inner_boundary_of_a_cold_module("root ~hot~> a -> model ~hot~> b; root -> model", "b", "invalidates b");
    root("root -> app", "root", "restart: root");
    cold_by_a_static_import("root -> app -> a", "a", "restart: root -> app -> a");
    cold_by_a_plain_import_call("root ~> a -> b", "b", "restart: root ~> a -> b");
    cold_by_a_require("root => a => b", "b", "restart: root => a => b");
    cold_although_a_boundary_leads_to_it(
        "root ~hot~> users -> model; root ~hot~> posts; root -> provider -> model",
        "model", "restart: root -> provider -> model",
    );
    hot_beside_a_cold_one(
        "root ~hot~> users -> model; root ~hot~> posts; root -> provider -> model",
        "users", "invalidates users",
    );
    cold_in_a_worker("root ~hot~> a; 1: root1 -> a", "a", "restart: root1 -> a");
    hot_in_each_thread("root ~hot~> a -> c; 1: root1 ~hot~> b -> c", "c", "invalidates c a b");
    boundary_imported_statically("root -hot-> a", "a", "restart, needlessly: root -hot-> a");
    below_a_boundary_imported_statically("root -hot-> a -> b", "b", "restart, needlessly: root -hot-> a -> b");
    boundary_imported_both_ways("root ~hot~> a; root -hot-> a", "a", "restart, needlessly: root -hot-> a");
    boundary_imported_statically_beside_the_shortest_chain(
        "root -hot-> a -> b -> c; root -> d -> c", "c", "restart: root -> d -> c",
    );
    boundary_required("root => a -hot-> b", "b", "restart, needlessly: root => a -hot-> b");
    boundary_required_late("root ~> a =hot=> b => c", "c", "invalidates c b");
    boundary_required_late_and_at_start("root => a =hot=> b; root => b", "b", "restart: root => b");
    required_late_but_no_boundary("root => a =late=> b", "b", "restart: root => a => b");
    cycle_below_a_boundary("root ~hot~> a -> b -> c -> b", "c", "invalidates c b a");
    cycle_of_boundaries("root ~hot~> a ~hot~> b ~hot~> a", "a", "invalidates a b");
    cycle_with_a_cold_module("root -> app ~hot~> a -> app", "a", "invalidates a");
    diamond("root ~hot~> top -> a -> leaf; top -> b -> leaf", "leaf", "invalidates leaf a b top");
    self_import("root ~hot~> a -> a", "a", "invalidates a");
    addon_below_a_boundary("root ~hot~> a => b.node", "b.node", "restart: Addon");
    addon_that_is_cold("root => b.node", "b.node", "restart: Addon");
    importer_of_an_addon("root ~hot~> a => b.node", "a", "invalidates a");
    ignored("root ~hot~> a -> !lib", "!lib", "nothing");
    below_an_ignored_module("root ~hot~> a -> !lib -> b", "b", "restart: !lib -> b");
    importer_of_an_ignored_module("root ~hot~> a -> !lib", "a", "invalidates a");
    accepted_by_its_importer("root -> a -> b; root accepts a", "b", "invalidates b a");
    accepts_itself("root -> a -> b; a accepts a", "b", "invalidates b a");
    accepts_itself_beside_an_importer_that_is_cold("root -> a -> c; root -> b -> c; a accepts a", "c", "restart: root -> b -> c");
}

#[test]
fn a_pruned_module_is_not_in_the_graph() {
    let mut diagram = Diagram::of("root ~hot~> a -> b");
    let (a, b) = (diagram.id("a"), diagram.id("b"));
    diagram.graph.drop_older_edges(ThreadId(0), a, 1);
    diagram.graph.prune();
    assert_eq!(decide_alone(&diagram.graph, b), Verdict::Nothing);
}

#[test]
fn what_is_no_longer_imported_statically_is_hot() {
    let mut diagram = Diagram::of("root ~hot~> a; root -hot-> c -> a");
    let (a, c) = (diagram.id("a"), diagram.id("c"));
    diagram.graph.drop_older_edges(ThreadId(0), c, 1);
    assert_eq!(decide_alone(&diagram.graph, a), Verdict::Invalidate(vec![a]));
}

fn decides_past(text: &str, changed: &str, expected: &str) {
    let diagram = Diagram::of(text);
    let (instances, declined) = Default::default();
    let running = Running { instances: &instances, declined: &declined };
    let changed = diagram.id(changed);
    let verdict = Decisions::default().decide(&diagram.graph, running, changed, true);
    assert_eq!(told(&diagram, verdict), expected, "{text}");
}

table! { decides_past:
    past_what_accepts_itself_to_a_cold_importer("root -> a; a accepts a", "a", "restart: root -> a");
    past_what_accepts_itself_to_a_boundary("root ~hot~> b -> a; a accepts a", "a", "invalidates a b");
    past_what_accepts_itself_to_who_accepts_it("root -> b -> a; a accepts a; b accepts a", "a", "invalidates a");
    past_an_entry_that_accepts_itself("root -> a; root accepts root", "root", "restart: root");
    past_is_cold_for_an_ignored_one("root -> !lib", "!lib", "restart: root -> !lib");
}

/// An instance of `name`, in a thread of its own for each version.
fn instance<'a>(
    instances: &'a mut Instances,
    diagram: &Diagram,
    name: &str,
    version: u32,
) -> &'a mut Instance {
    instances.begin(ThreadId(version), name, diagram.id(name), version);
    instances.find_mut(ThreadId(version), name).expect("it began")
}

fn declines(text: &str, declining: &str, changed: &str, expected: &str) {
    let diagram = Diagram::of(text);
    let mut instances = Instances::default();
    let declined = instance(&mut instances, &diagram, declining, 0);
    declined.life = Life::Current(Evaluation::Evaluated);
    let declined = FxHashSet::from_iter([declined.id]);
    let running = Running { instances: &instances, declined: &declined };
    let verdict = decide(&diagram.graph, running, diagram.id(changed));
    assert_eq!(told(&diagram, verdict), expected, "{text}");
}

table! { declines:
    declines_itself("root ~hot~> a", "a", "a", "restart: a declines");
    declines_for_what_is_below("root ~hot~> a -> b -> c", "b", "c", "restart: b declines");
    declines_not_for_what_is_above("root ~hot~> a -> b", "b", "a", "invalidates a");
    declines_not_for_a_sibling("root ~hot~> a -> b; a -> c", "b", "c", "invalidates c a");
    declines_above_a_hot_edge("root ~hot~> a ~hot~> b", "a", "b", "restart: a declines");
    declines_being_cold("root -> a ~hot~> b", "a", "b", "invalidates b");
    declines_above_an_accepted_edge("root ~hot~> a -> b; a accepts b", "a", "b", "invalidates b");
    declines_and_accepts_itself("root -> a -> b; a accepts a", "a", "b", "restart: a declines");
    declines_but_the_change_is_cold("root ~hot~> a; root -> a", "a", "a", "restart: root -> a");
}

#[test]
fn the_nearest_that_declines_is_named() {
    let diagram = Diagram::of("root ~hot~> a -> b -> c");
    let mut instances = Instances::default();
    let declined = ["a", "b"].map(|name| instance(&mut instances, &diagram, name, 0).id);
    let declined = FxHashSet::from_iter(declined);
    let running = Running { instances: &instances, declined: &declined };
    let verdict = decide(&diagram.graph, running, diagram.id("c"));
    assert_eq!(told(&diagram, verdict), "restart: b declines");
}

#[test]
fn a_superseded_instance_declines_no_longer() {
    let diagram = Diagram::of("root ~hot~> a");
    let mut instances = Instances::default();
    let old = instance(&mut instances, &diagram, "a", 0);
    old.life = old.life.supersede(Superseded::default()).0;
    let declined = FxHashSet::from_iter([old.id]);
    instance(&mut instances, &diagram, "a", 1);
    let running = Running { instances: &instances, declined: &declined };
    let verdict = decide(&diagram.graph, running, diagram.id("a"));
    assert_eq!(told(&diagram, verdict), "invalidates a");
}

fn decide_together(text: &str, changed: &str, expected: &str) {
    let diagram = Diagram::of(text);
    let mut decisions = Decisions::default();
    let (instances, declined) = Default::default();
    let running = Running { instances: &instances, declined: &declined };
    let verdicts = changed.split(' ').map(|name| {
        told(&diagram, decisions.decide(&diagram.graph, running, diagram.id(name), false))
    });
    assert_eq!(verdicts.collect::<Vec<_>>().join("; "), expected, "{text}");
}

table! { decide_together:
    together_name_each_once("root ~hot~> a -> b -> d; a -> c -> d", "b c d", "invalidates b a; invalidates c; invalidates d");
    together_explain_one_restart("root -> a -> b; root ~hot~> c", "b c a", "restart: root -> a -> b; invalidates c; restart");
    together_name_none_that_was_named("root ~hot~> a -> b", "b a", "invalidates b a; invalidates ");
}

#[test]
fn deciding_changes_nothing() {
    let diagram = Diagram::of("root ~hot~> a -> b");
    let instances = Instances::default();
    let declined = FxHashSet::default();
    let running = Running { instances: &instances, declined: &declined };
    let first = decide(&diagram.graph, running, diagram.id("b"));
    assert_eq!(decide(&diagram.graph, running, diagram.id("b")), first);
    assert_eq!(diagram.graph.get(diagram.id("b")).version, 0);
}

/// A module that was read with the bytes 1, and who reports which bytes then: does it count?
fn counts(reports: &[(Reporter, u128, bool)]) {
    let mut diagram = Diagram::of("root ~hot~> a");
    let a = diagram.id("a");
    read(&mut diagram, a, 1);
    for (index, &(reporter, bytes, expected)) in reports.iter().enumerate() {
        let found = is_change(&mut diagram.graph, a, Fingerprint::Content(bytes), reporter);
        assert_eq!(found, expected, "report {index}: {reporter:?} {bytes}");
        if found {
            read(&mut diagram, a, bytes);
        }
    }
}

fn read(diagram: &mut Diagram, id: ModuleId, bytes: u128) {
    diagram.graph.get_mut(id).content.read_as(Fingerprint::Content(bytes));
}

use Reporter::{Parent, ParentAfterFailure, Watcher, WatcherWhileReading};

table! { counts:
    counts_other_bytes(&[(Watcher, 2, true)]);
    counts_not_the_same_bytes(&[(Watcher, 1, false)]);
    counts_a_save_once(&[(Watcher, 2, true), (Watcher, 2, false)]);
    counts_there_and_back_in_two_drains(&[(Watcher, 2, true), (Watcher, 1, true)]);
    counts_what_the_parent_says_once(&[(Parent, 2, true), (Parent, 2, false)]);
    counts_not_what_the_watcher_saw(&[(Watcher, 2, true), (Parent, 2, false)]);
    counts_not_what_the_parent_said(&[(Parent, 2, true), (Watcher, 2, false)]);
    counts_what_the_parent_says_next(&[(Parent, 2, true), (Parent, 3, true), (Parent, 2, true)]);
    counts_what_the_parent_says_of_a_failure(&[(ParentAfterFailure, 1, true)]);
    counts_not_what_runs_again(&[(Parent, 2, true), (Parent, 1, true), (Parent, 1, false)]);
    counts_any_event_while_reading(&[(WatcherWhileReading, 1, true)]);
}

#[test]
fn a_report_counts_where_nobody_knows_what_runs() {
    let mut diagram = Diagram::of("root ~hot~> a");
    let a = diagram.id("a");
    read(&mut diagram, a, 1);
    diagram.graph.get_mut(a).content.doubt();
    let bytes = Fingerprint::Content(1);
    assert!(is_change(&mut diagram.graph, a, bytes, Parent));
    assert!(!is_change(&mut diagram.graph, a, bytes, Parent), "decided on");
}

#[test]
fn a_version_that_nobody_began_to_load_covers_every_save() {
    let mut diagram = Diagram::of("root ~hot~> a");
    let a = diagram.id("a");
    for reporter in [Watcher, WatcherWhileReading, Parent] {
        assert!(!is_change(&mut diagram.graph, a, Fingerprint::Content(9), reporter));
    }
}

#[test]
fn a_deletion_is_a_change_and_so_is_its_undoing() {
    let mut diagram = Diagram::of("root ~hot~> a");
    let a = diagram.id("a");
    read(&mut diagram, a, 1);
    assert!(is_change(&mut diagram.graph, a, Fingerprint::Absent, Watcher));
    assert!(!is_change(&mut diagram.graph, a, Fingerprint::Absent, Watcher));
    assert!(is_change(&mut diagram.graph, a, Fingerprint::Content(1), Watcher));
}

fn describes(reason: Reason, expected: &str) {
    let reload = FullReload::new("/app/a.mjs".into(), reason);
    let show = |path: &str| path.trim_start_matches("/app/").to_owned();
    assert_eq!(reload.describe(show), expected);
}

fn chain(text: &str, target: &str) -> Reason {
    let diagram = Diagram::of(text);
    Reason::Cold { chain: diagram.graph.chain(diagram.id(target), false) }
}

table! { describes:
    describes_a_chain(
        chain("root -> /app/b.mjs -> /app/a.mjs", "/app/a.mjs"),
        "a.mjs changed, which no boundary makes hot: root ─static→ b.mjs ─static→ a.mjs",
    );
    describes_a_restart_pattern(
        Reason::RestartFile { pattern: "*.env".to_owned() },
        "a.mjs changed, which matches restart: \"*.env\"",
    );
    describes_a_decline(
        Reason::Declined { module: "/app/a.mjs".into() },
        "a.mjs changed, which declines hot reload",
    );
    describes_a_decline_above(
        Reason::Declined { module: "/app/b.mjs".into() },
        "a.mjs changed, and b.mjs declines hot reload",
    );
    describes_a_failed_engine(
        Reason::Degraded,
        "a.mjs changed, and hot reload is off after an internal error",
    );
}

#[test]
fn ten_thousand_changes_in_a_lattice() {
    const WIDTH: usize = 4;
    const LAYERS: usize = 14;
    ends(|| {
        let mut text = String::new();
        for layer in 0..LAYERS {
            for (from, to) in (0..WIDTH * WIDTH).map(|n| (n / WIDTH, n % WIDTH)) {
                let importer = match layer {
                    0 => "root ~hot~>".to_owned(),
                    _ => format!("{}/{from} ->", layer - 1),
                };
                text.extend([importer.as_str(), " ", &format!("{layer}/{to};")]);
            }
        }
        let diagram = Diagram::of(&text);
        let leaf = diagram.id(&format!("{}/0", LAYERS - 1));
        for _ in 0..10_000 {
            let verdict = decide_alone(&diagram.graph, leaf);
            let Verdict::Invalidate(modules) = verdict else { panic!("{verdict:?}") };
            assert_eq!(modules.len(), (LAYERS - 1) * WIDTH + 1);
        }
    });
}
