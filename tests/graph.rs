//! The import graph: what is cold and why, who must run again, which edges count, what is pruned.

#![expect(clippy::expect_used, reason = "helpers of tests")]

#[path = "support/diagram.rs"]
mod diagram;
#[path = "support/oracle.rs"]
mod oracle;
#[path = "support/random.rs"]
mod random;
#[path = "support/table.rs"]
mod table;
#[path = "support/watchdog.rs"]
mod watchdog;

use diagram::{Diagram, draw};
use hot_hook::decision::{Decisions, Running, Verdict};
use hot_hook::engine::lifecycle::instance::{InstanceId, Instances};
use hot_hook::engine::lifecycle::life::{Evaluation, Life};
use hot_hook::graph::accept::{Accepted, Propagation};
use hot_hook::graph::{
    EdgeKind, Graph, Import, Judge, ModuleId, ModuleKind, NewEdge, Scope, Step, ThreadId,
};
use oracle::{Arrow, Oracle};
use random::Random;
use rustc_hash::FxHashSet;
use table::table;
use watchdog::ends;

/// All importers have evaluated.
const ALL: Propagation = Propagation { evaluated: &|_, _| true, ignoring_own_accept: false };

fn cold_are(text: &str, expected: &str) {
    let diagram = Diagram::of(text);
    let cold = diagram.graph.ids().filter(|&id| diagram.graph.is_cold(id));
    assert_eq!(diagram.names(cold), expected, "{text}");
}

table! { cold_are:
    cold_only_the_root("root", "root");
    cold_what_the_root_imports("root -> a -> b", "root a b");
    cold_ends_at_a_hot_edge("root -> app ~hot~> a -> b", "root app");
    cold_crosses_a_dynamic_edge("root ~> a -> b", "root a b");
    cold_crosses_a_require("root => a => b", "root a b");
    cold_crosses_a_static_import_of_a_boundary("root -hot-> a -> b", "root a b");
    cold_by_one_importer_is_cold("root ~hot~> a; root -> provider -> model; a -> model", "root provider model");
    cold_and_hot_edge_between_the_same_two("root ~hot~> a; root -> a", "root a");
    cold_diamond("root -> a -> c; root -> b -> c", "root a c b");
    cold_half_a_diamond("root ~hot~> a -> c; root -> b -> c", "root c b");
    cold_cycle("root -> a -> b -> a", "root a b");
    cold_cycle_below_a_boundary("root ~hot~> a -> b -> a", "root");
    cold_cycle_through_the_root("root ~hot~> a -> root", "root");
    cold_hot_cycle_back_to_a_cold_module("root -> app ~hot~> a -> app", "root app");
    cold_self_import("root -> a -> a", "root a");
    cold_inner_boundary("root ~hot~> a ~hot~> b -> c", "root");
    cold_several_roots("root1 ~hot~> a; root2 -> a", "root1 a root2");
    cold_in_another_thread("root ~hot~> a -> b; 1: root1 -> b", "root b root1");
    cold_hot_in_both_threads("root ~hot~> a -> b; 1: root1 ~hot~> b", "root root1");
    cold_ignored_module_nothing_reaches("!lib -> a", "!lib a");
    cold_below_an_ignored_module("root ~hot~> a -> !lib -> b", "root !lib b");
    cold_not_through_a_hot_import_of_an_ignored_one("root; !lib ~hot~> a", "root !lib");
    cold_nothing_without_a_root("a -> b", "");
    cold_ends_at_an_accepted_edge("root -> app -> a -> b; app accepts a", "root app");
    cold_ends_at_what_accepts_itself("root -> app -> a -> b; a accepts a", "root app");
    cold_by_another_importer_that_does_not_accept("root -> a -> c; root -> b -> c; a accepts c", "root a c b");
    cold_by_no_importer_of_what_accepts_itself("root -> a -> c; root -> b -> c; c accepts c", "root a b");
    cold_not_by_accepting_what_is_further_down("root -> a -> b -> c; a accepts c", "root a b c");
    cold_not_an_entry_that_accepts_itself("root -> a; root accepts root", "");
    cold_an_entry_that_accepts_what_it_imports("root -> a; root accepts a", "root");
    cold_accepted_in_one_thread_only("root -> a; root accepts a; 1: root1 -> a", "root a root1");
    cold_not_below_an_ignored_module_that_accepts("!lib -> a; !lib accepts a", "!lib");
}

fn propagates_to(text: &str, changed: &str, expected: &str) {
    let diagram = Diagram::of(text);
    let propagated = diagram.graph.propagate(diagram.id(changed), &ALL);
    assert_eq!(diagram.names(propagated), expected, "{text}");
}

table! { propagates_to:
    propagate_to_the_boundary("root ~hot~> a -> b -> c", "c", "c b a");
    propagate_through_a_hot_edge("root ~hot~> a ~hot~> b -> c", "c", "c b a");
    propagate_through_dynamic_and_require("root ~hot~> a ~> b => c", "c", "c b a");
    propagate_stops_at_a_cold_importer("root -> app ~hot~> a", "a", "a");
    propagate_nearest_first("root ~hot~> a -> b -> d; root ~hot~> c -> d", "d", "d b c a");
    propagate_in_edge_order("root ~hot~> a; root ~hot~> b; b -> c; a -> c", "c", "c b a");
    propagate_a_diamond_once("root ~hot~> top -> a -> leaf; top -> b -> leaf", "leaf", "leaf a b top");
    propagate_a_cycle("root ~hot~> a -> b -> c -> a", "b", "b a c");
    propagate_a_self_import("root ~hot~> a -> a", "a", "a");
    propagate_leaves_siblings("root ~hot~> a -> b; a -> c", "b", "b a");
    propagate_in_all_threads("root ~hot~> a -> c; 1: root1 ~hot~> b -> c", "c", "c a b");
    propagate_stops_at_an_accepted_edge("root ~hot~> a -> b -> c; a accepts b", "c", "c b");
    propagate_stops_at_what_accepts_itself("root ~hot~> a -> b -> c; b accepts b", "c", "c b");
    propagate_goes_round_an_accepted_edge("root ~hot~> a -> b -> d; a -> c -> d; a accepts b", "d", "d b c a");
    propagate_stops_on_all_ways("root ~hot~> a -> b -> d; a -> c -> d; a accepts b; c accepts d", "d", "d b");
    propagate_stops_at_an_accepted_hot_edge("root ~hot~> a ~hot~> b; a accepts b", "b", "b");
    propagate_stops_at_an_accepted_require("root ~hot~> a => b; a accepts b", "b", "b");
    propagate_starts_below_what_accepts("root ~hot~> a -> b; a accepts b", "a", "a");
    propagate_a_cycle_through_an_accepted_edge("root ~hot~> a -> b -> a; a accepts b", "b", "b a");
    propagate_a_cycle_through_what_accepts_itself("root -> a -> b -> c -> b; b accepts b", "c", "c b");
    propagate_a_cycle_from_what_accepts_itself("root -> a -> b -> c -> b; b accepts b", "b", "b c");
    propagate_no_cycle_that_is_dynamic("root ~hot~> a -> b ~> a; a accepts b", "b", "b");
    propagate_to_an_entry_that_accepts_itself("root -> a -> b; root accepts root", "b", "b a root");
    propagate_accepted_in_one_thread_only("root ~hot~> a -> c; a accepts c; 1: root1 ~hot~> b -> c", "c", "c b");
}

#[test]
fn an_importer_that_has_not_evaluated_is_propagated_to() {
    let diagram = Diagram::of("root ~hot~> a -> c; root ~hot~> b -> c; c accepts c");
    let (a, c) = (diagram.id("a"), diagram.id("c"));
    let evaluated = |_, id| id != a;
    let propagated = diagram
        .graph
        .propagate(c, &Propagation { evaluated: &evaluated, ignoring_own_accept: false });
    assert_eq!(diagram.names(propagated), "c a");
}

fn propagates_ignoring_own_accept_to(text: &str, changed: &str, expected: &str) {
    let diagram = Diagram::of(text);
    let propagation = Propagation { ignoring_own_accept: true, ..ALL };
    let propagated = diagram.graph.propagate(diagram.id(changed), &propagation);
    assert_eq!(diagram.names(propagated), expected, "{text}");
}

table! { propagates_ignoring_own_accept_to:
    propagate_ignoring_own_accept_what_accepts_itself("root ~hot~> a -> b; b accepts b", "b", "b a");
    propagate_ignoring_own_accept_stops_where_an_importer_accepts("root ~hot~> a -> b; b accepts b; a accepts b", "b", "b");
    propagate_ignoring_own_accept_stops_at_the_next("root ~hot~> a -> b -> c; b accepts b; c accepts c", "c", "c b");
}

#[test]
fn a_failed_link_propagates_over_static_edges_only() {
    let diagram = Diagram::of("root ~hot~> a -> b -> d; root ~hot~> c ~> d; root ~hot~> e => d");
    let propagated = diagram.graph.propagate_statically(diagram.id("d"), &ALL);
    assert_eq!(diagram.names(propagated), "d b a");
}

#[test]
fn a_failed_link_leaves_importers_alone_that_accept_it() {
    let diagram = Diagram::of("root ~hot~> a -> b -> c; b accepts b");
    let propagated = diagram.graph.propagate_statically(diagram.id("c"), &ALL);
    assert_eq!(diagram.names(propagated), "c b");
}

fn chain_is(text: &str, target: &str, expected: &str) {
    let diagram = Diagram::of(text);
    assert_eq!(draw(&diagram.graph.chain(diagram.id(target), false)), expected, "{text}");
}

table! { chain_is:
    chain_of_a_root("root -> a", "root", "root");
    chain_tells_each_kind("root -> a ~> b => c -hot-> d", "d", "root -> a ~> b => c -hot-> d");
    chain_is_empty_for_what_is_hot("root ~hot~> a", "a", "");
    chain_is_empty_for_what_nothing_reaches("root; a -> b", "b", "");
    chain_is_the_shortest("root -> a -> b -> d; root -> c -> d", "d", "root -> c -> d");
    chain_in_edge_order("root -> b -> d; root -> a -> d", "d", "root -> b -> d");
    chain_in_edge_order_of_its_first_step("root -> a; root -> b; b -> d; a -> d", "d", "root -> a -> d");
    chain_in_edge_order_between_the_same_two("root ~> a; root -> a", "a", "root ~> a");
    chain_in_root_order("root2 -> a; root1 -> a", "a", "root2 -> a");
    chain_avoids_hot_edges("root ~hot~> c; root -> a -> b -> c", "c", "root -> a -> b -> c");
    chain_with_a_cycle("root -> a -> b -> a; b -> c", "c", "root -> a -> b -> c");
    chain_from_another_thread("root ~hot~> a; 1: root1 -> a", "a", "root1 -> a");
    chain_from_an_ignored_module("root ~hot~> a -> !lib -> b", "b", "!lib -> b");
    chain_prefers_entry_points("!lib -> b; root -> a -> b", "b", "root -> a -> b");
    chain_avoids_accepted_edges("root -> a -> c; root -> b -> d -> c; a accepts c", "c", "root -> b -> d -> c");
    chain_begins_at_no_root_that_accepts_itself("root1 -> a; root2 -> b -> a; root1 accepts root1", "a", "root2 -> b -> a");
}

#[test]
fn the_chain_past_what_accepts_itself() {
    let diagram = Diagram::of("root -> a -> b; a accepts a; root accepts root");
    let ignoring_own_accept = |name| draw(&diagram.graph.chain(diagram.id(name), true));
    let other = Diagram::of("root -> a; a accepts a");
    assert_eq!(ignoring_own_accept("root"), "root");
    assert_eq!(ignoring_own_accept("a"), "", "the root runs again");
    assert_eq!(draw(&other.graph.chain(other.id("a"), true)), "root -> a");
}

#[test]
fn a_chain_carries_what_the_importer_wrote() {
    let mut graph = Graph::default();
    let root = graph.module_or_insert("/root", || (ModuleKind::File, Scope::Nowhere));
    let a = graph.module_or_insert("/a", || (ModuleKind::File, Scope::Nowhere));
    graph.add_root(ThreadId(0), root);
    graph.add_edge(root, a, &NewEdge { specifier: "#alias", ..edge(EdgeKind::Static) });
    let written: Vec<_> =
        graph.chain(a, false).iter().map(|step| step.specifier.to_string()).collect();
    assert_eq!(written, ["", "#alias"]);
}

/// Where the modules that close a cycle stand decides whether a static import of a boundary may be refused.
fn reaches(text: &str, from: &str, to: &str, expected: bool) {
    let diagram = Diagram::of(text);
    let reached = diagram.graph.reaches_statically(diagram.id(from), diagram.id(to));
    assert_eq!(reached, expected, "{text}");
}

table! { reaches:
    reaches_along_static_edges("a -> b -> c", "a", "c", true);
    reaches_itself("a", "a", "a", true);
    reaches_not_backwards("a -> b", "b", "a", false);
    reaches_not_over_other_edges("a ~> b; a ~hot~> b; a => b", "a", "b", false);
    reaches_in_a_cycle("a -> b -> c -> b; c -> d", "a", "d", true);
}

#[test]
fn cold_is_computed_never_sticky() {
    let mut diagram = Diagram::of("root ~hot~> a -> b; root -> c -> b");
    assert!(diagram.graph.is_cold(diagram.id("b")));
    let c = diagram.id("c");
    assert!(diagram.graph.drop_older_edges(ThreadId(0), c, 1));
    assert!(!diagram.graph.is_cold(diagram.id("b")), "c imports it no more");
    diagram.add("c@1 -> b");
    assert!(diagram.graph.is_cold(diagram.id("b")), "and now it does again");
    diagram.add("d");
    assert!(!diagram.graph.is_cold(diagram.id("d")));
    diagram.add("1: rootd -> d");
    assert!(diagram.graph.is_cold(diagram.id("d")), "a new root counts at once");
}

#[test]
fn older_static_and_require_edges_go() {
    let mut diagram = Diagram::of("root ~hot~> a -> b; a => c; a ~> d; a ~hot~> e; a@1 -> f");
    let a = diagram.id("a");
    assert!(diagram.graph.drop_older_edges(ThreadId(0), a, 1));
    let left: Vec<_> = diagram.graph.imports(a).into_iter().map(|(id, _)| id).collect();
    assert_eq!(diagram.names(left), "d e f");
}

#[test]
fn edges_of_other_threads_and_newer_versions_stay() {
    let mut diagram = Diagram::of("root ~hot~> a; a@1 -> b; a@2 -> c; 1: a@1 -> d");
    let a = diagram.id("a");
    diagram.graph.drop_older_edges(ThreadId(0), a, 2);
    let left: Vec<_> = diagram.graph.imports(a).into_iter().map(|(id, _)| id).collect();
    assert_eq!(diagram.names(left), "c d");
}

#[test]
fn a_repeated_import_is_one_edge_in_its_first_place() {
    let mut diagram = Diagram::of("root -> a; root -> b; root -> a; root ~> a");
    let root = diagram.id("root");
    let left: Vec<_> = diagram.graph.imports(root).into_iter().map(|(id, _)| id).collect();
    assert_eq!(diagram.names(left), "a b a");
    diagram.add("root@1 ~> a");
    assert_eq!(diagram.graph.imports(root).len(), 3, "dynamic edges outlive their instance");
}

#[test]
fn what_an_importer_still_imports_is_not_lost() {
    let mut diagram = Diagram::of("root ~hot~> a -> b; a@1 -> b");
    let a = diagram.id("a");
    assert!(!diagram.graph.drop_older_edges(ThreadId(0), a, 1));
    assert_eq!(diagram.graph.prune(), []);
}

#[test]
fn what_nothing_reaches_is_pruned_and_keeps_its_version() {
    let mut diagram = Diagram::of("root ~hot~> a -> b -> c; a ~> d");
    let (a, b) = (diagram.id("a"), diagram.id("b"));
    diagram.graph.get_mut(b).version = 7;
    diagram.graph.drop_older_edges(ThreadId(0), a, 1);
    let pruned = diagram.graph.prune();
    assert_eq!(diagram.names(pruned), "b c");
    assert_eq!(diagram.graph.prune(), [], "once");
    assert_eq!(diagram.graph.imports(b).len(), 0);
    diagram.add("a@1 -> b");
    assert!(!diagram.graph.get(b).pruned);
    assert_eq!(diagram.graph.get(b).version, 7);
}

#[test]
fn a_lost_cycle_is_pruned() {
    let mut diagram = Diagram::of("root ~hot~> a -> b -> c -> b");
    let a = diagram.id("a");
    diagram.graph.drop_older_edges(ThreadId(0), a, 1);
    let pruned = diagram.graph.prune();
    assert_eq!(diagram.names(pruned), "b c");
}

#[test]
fn ignored_modules_are_never_pruned() {
    let mut diagram = Diagram::of("root ~hot~> a -> !lib -> b");
    let a = diagram.id("a");
    diagram.graph.drop_older_edges(ThreadId(0), a, 1);
    assert_eq!(diagram.graph.prune(), []);
    assert!(diagram.graph.is_cold(diagram.id("b")));
}

#[test]
fn a_thread_takes_its_roots_and_edges_with_it() {
    let mut diagram = Diagram::of("root ~hot~> a -> b; 1: root1 -> b -> c; 1: a -> d");
    assert!(diagram.graph.is_cold(diagram.id("b")));
    diagram.graph.drop_thread(ThreadId(1));
    assert!(!diagram.graph.is_cold(diagram.id("b")));
    let pruned = diagram.graph.prune();
    assert_eq!(diagram.names(pruned), "root1 c d");
    let (thread, root) = diagram.graph.roots()[0];
    assert_eq!((thread, &*diagram.graph.get(root).path), (ThreadId(0), "root"));
}

#[test]
fn one_file_as_the_root_of_two_threads() {
    let mut diagram = Diagram::of("root -> a; 1: root -> a");
    diagram.graph.drop_thread(ThreadId(1));
    assert_eq!(diagram.graph.prune(), []);
    assert!(diagram.graph.is_cold(diagram.id("a")));
    diagram.graph.drop_thread(ThreadId(0));
    let pruned = diagram.graph.prune();
    assert_eq!(diagram.names(pruned), "root a");
}

#[test]
fn edges_are_judged_anew_when_patterns_change() {
    let mut diagram = Diagram::of("root ~> a; root -> b; root ~hot~> c");
    diagram.graph.rejudge_edges(|module, edge| &*module.path == "a" || edge.meant_hot);
    let root = diagram.id("root");
    let hot: Vec<_> =
        diagram.graph.imports(root).into_iter().filter(|(_, e)| e.hot).map(|(id, _)| id).collect();
    assert_eq!(diagram.names(hot), "c a");
    assert!(!diagram.graph.is_cold(diagram.id("a")));
}

/// A random graph, told to the engine's and the oracle's in the same words.
/// Which imports are good, or should have been hot, in the random graphs: some of each.
struct Parity;

impl Judge for Parity {
    fn is_meant(&self, (from, to): Import) -> bool {
        (from.index() + 2 * to.index()) % 7 == 0
    }

    fn is_good(&self, (from, to): Import) -> bool {
        (from.index() + to.index()) % 3 != 0
    }
}

struct Pair {
    graph: Graph,
    ids: Vec<ModuleId>,
    oracle: Oracle,
}

const THREADS: usize = 3;

impl Pair {
    fn random(random: &mut Random) -> Self {
        let size = 2 + random.below(5);
        let mut pair = Self { graph: Graph::default(), ids: Vec::new(), oracle: Oracle::default() };
        for index in 0..size {
            pair.add_module(index, random.once_in(12));
        }
        for _ in 0..=random.below(2) {
            pair.add_root(random);
        }
        for _ in 0..random.below(10) {
            pair.add_arrow(random);
        }
        pair
    }

    fn add_module(&mut self, index: usize, pinned: bool) {
        let kind = if pinned { ModuleKind::Ignored } else { ModuleKind::File };
        self.ids.push(self.graph.module_or_insert(&format!("/{index}"), || (kind, Scope::Nowhere)));
        self.oracle.pinned.push(pinned);
        self.oracle.pruned.push(false);
    }

    fn add_root(&mut self, random: &mut Random) {
        let (thread, id) = (thread(random), random.below(self.ids.len()));
        self.graph.add_root(ThreadId(thread), self.ids[id]);
        if !self.oracle.roots.contains(&(thread, id)) {
            self.oracle.roots.push((thread, id));
            self.oracle.pruned[id] = false;
        }
    }

    fn add_arrow(&mut self, random: &mut Random) {
        let kind = pick(random, &[EdgeKind::Static, EdgeKind::Dynamic, EdgeKind::Require]);
        let arrow = Arrow {
            thread: thread(random),
            from: random.below(self.ids.len()),
            to: random.below(self.ids.len()),
            kind,
            hot: kind == EdgeKind::Dynamic && random.once_in(2),
            version: pick(random, &[0, 1, 2]),
        };
        let new = NewEdge {
            thread: ThreadId(arrow.thread),
            version: arrow.version,
            hot: arrow.hot,
            meant_hot: arrow.hot || random.once_in(4),
            ..edge(kind)
        };
        self.graph.add_edge(self.ids[arrow.from], self.ids[arrow.to], &new);
        self.oracle.add(arrow);
    }

    fn change(&mut self, random: &mut Random) {
        match random.below(8) {
            6 => self.accept(random),
            7 => self.finish(random),
            0 => self.add_root(random),
            1 => {
                let thread = thread(random);
                self.graph.drop_thread(ThreadId(thread));
                self.oracle.drop_thread(thread);
            }
            2 => self.prune(),
            3 => self.drop_older(random),
            _ => self.add_arrow(random),
        }
    }

    /// What is accepted changes: itself more often than not, so that cycles come.
    fn accept(&mut self, random: &mut Random) {
        let (thread, id, target) = if self.oracle.arrows.is_empty() {
            (thread(random), random.below(self.ids.len()), random.below(self.ids.len()))
        } else {
            let arrow = pick(random, &self.oracle.arrows);
            (arrow.thread, arrow.from, arrow.to)
        };
        if random.once_in(4) {
            self.oracle.own.clear();
            self.oracle.dependencies.clear();
        } else if random.once_in(2) {
            self.oracle.own.push((thread, id));
        } else {
            self.oracle.dependencies.push((thread, id, target));
        }
        let own = self.oracle.own.iter().map(|&(thread, id)| (ThreadId(thread), self.ids[id]));
        let dependencies = self.oracle.dependencies.iter();
        let dependencies = dependencies
            .map(|&(thread, id, target)| (ThreadId(thread), self.ids[id], self.ids[target]));
        self.graph
            .set_accepted(Accepted { own: own.collect(), dependencies: dependencies.collect() });
    }

    /// An instance begins to evaluate, or all have.
    fn finish(&mut self, random: &mut Random) {
        if random.once_in(2) {
            self.oracle.unfinished.clear();
        } else {
            self.oracle.unfinished.push((thread(random), random.below(self.ids.len())));
        }
    }

    fn prune(&mut self) {
        let lost = self.oracle.prune();
        let lost: Vec<_> = lost.into_iter().map(|id| self.ids[id]).collect();
        assert_eq!(self.graph.prune(), lost);
    }

    /// Whoever trusts its answer may prune less often, and must lose nothing by it.
    fn drop_older(&mut self, random: &mut Random) {
        self.prune();
        let (thread, id, version) =
            (thread(random), random.below(self.ids.len()), pick(random, &[1, 2]));
        let may_lose = self.graph.drop_older_edges(ThreadId(thread), self.ids[id], version);
        self.oracle.drop_older(thread, id, version);
        assert!(may_lose || self.oracle.clone().prune().is_empty(), "a lost module goes unnoticed");
    }

    /// Each cold module's chain, followed backwards by what arrives, and each propagation by the crossings that propagation.
    fn compare_drawing(&self) {
        let arrivals = self.graph.arrivals();
        let evaluated = |thread: ThreadId, id: ModuleId| {
            !self.oracle.unfinished.contains(&(thread.0, id.index()))
        };
        let propagation = Propagation { evaluated: &evaluated, ignoring_own_accept: false };
        for &id in &self.ids {
            let mut chain = Vec::new();
            let mut at = arrivals.contains_key(&id).then_some(id);
            while let Some(here) = at {
                chain.insert(0, self.graph.get(here).path.clone());
                at = arrivals[&here].map(|(importer, _)| importer);
            }
            let expected: Vec<_> =
                self.graph.chain(id, false).into_iter().map(|step| step.path).collect();
            assert_eq!(chain, expected, "arrivals at {id:?}");

            let mut propagated = vec![id];
            let mut next = 0;
            while let Some(&target) = propagated.get(next) {
                next += 1;
                for crossing in self.graph.crossings(target, &propagation) {
                    if crossing.propagates && !propagated.contains(&crossing.importer) {
                        propagated.push(crossing.importer);
                    }
                }
            }
            assert_eq!(
                propagated,
                self.graph.propagate(id, &propagation),
                "crossings above {id:?}"
            );
        }
    }

    /// The one import without which a module would be hot: the nearest of those that should have been, else the good one that is
    /// nearest to where all begins.
    fn compare_cut(&self, index: usize, ignoring_own_accept: bool) {
        let id = self.ids[index];
        let chain = self.graph.chain(id, ignoring_own_accept);
        let at = |step: &Step| step.path[1..].parse::<usize>().expect("a number");
        let import = |place: usize| (self.ids[at(&chain[place - 1])], self.ids[at(&chain[place])]);
        let is_cut = |&place: &usize| {
            let (from, to) = (at(&chain[place - 1]), at(&chain[place]));
            let mut without = self.oracle.clone();
            without.arrows.retain(|arrow| (arrow.from, arrow.to) != (from, to));
            without.chain(index, ignoring_own_accept.then_some(index)).is_none()
        };
        let all: Vec<_> = (1..chain.len()).filter(is_cut).collect();
        let judge = Parity;
        let meant = all.iter().rev().find(|&&place| judge.is_meant(import(place)));
        let good = all.iter().find(|&&place| judge.is_good(import(place)));
        let expected = meant.or(good).map(|&place| import(place));
        let cuts = self.graph.cuts(ignoring_own_accept.then_some(id));
        let context = format!("cut of {index}, ignoring_own_accept: {ignoring_own_accept}");
        assert_eq!(cuts.of(id, &judge), expected, "{context}");
        if !ignoring_own_accept {
            assert_eq!(cuts.all(&judge).get(&id).copied(), expected, "all: {context}");
        }
    }

    fn compare(&self) {
        self.compare_drawing();
        for (index, &id) in self.ids.iter().enumerate() {
            assert_eq!(self.graph.is_cold(id), self.oracle.is_cold(index), "cold: {index}");
            for ignoring_own_accept in [false, true] {
                let chain = self.graph.chain(id, ignoring_own_accept);
                let expected = self
                    .oracle
                    .chain(index, ignoring_own_accept.then_some(index))
                    .unwrap_or_default();
                let expected: Vec<_> =
                    expected.into_iter().map(|index| format!("/{index}")).collect();
                let chain: Vec<_> = chain.iter().map(|step| &*step.path).collect();
                assert_eq!(
                    chain, expected,
                    "chain to {index}, ignoring_own_accept: {ignoring_own_accept}"
                );
                self.compare_propagation(index, ignoring_own_accept);
                self.compare_cut(index, ignoring_own_accept);
            }
        }
    }

    fn compare_propagation(&self, index: usize, ignoring_own_accept: bool) {
        let distances = self.oracle.propagate(index, ignoring_own_accept.then_some(index));
        let evaluated = |thread: ThreadId, id: ModuleId| {
            !self.oracle.unfinished.contains(&(thread.0, id.index()))
        };
        let propagation = Propagation { evaluated: &evaluated, ignoring_own_accept };
        let propagated: Vec<_> = self
            .graph
            .propagate(self.ids[index], &propagation)
            .iter()
            .map(|id| id.index())
            .collect();
        let mut expected: Vec<_> =
            (0..self.ids.len()).filter(|&id| distances[id].is_some()).collect();
        assert!(
            propagated.is_sorted_by_key(|&id| distances[id]),
            "{index}: nearest first: {propagated:?}"
        );
        expected.sort_unstable_by_key(|id| propagated.iter().position(|other| other == id));
        assert_eq!(propagated, expected, "propagation from {index}");
    }
}

fn thread(random: &mut Random) -> u32 {
    u32::try_from(random.below(THREADS)).expect("small")
}

fn pick<T: Copy>(random: &mut Random, from: &[T]) -> T {
    from[random.below(from.len())]
}

fn edge(kind: EdgeKind) -> NewEdge<'static> {
    let lazy = kind == EdgeKind::Dynamic;
    NewEdge {
        thread: ThreadId(0),
        version: 0,
        kind,
        lazy,
        late: false,
        hot: false,
        meant_hot: false,
        by_attribute: false,
        in_body: false,
        specifier: "",
    }
}

#[test]
fn random_graphs_agree_with_the_enumeration_of_paths() {
    for seed in 0..5000 {
        let check = || {
            let mut random = Random(seed);
            let mut pair = Pair::random(&mut random);
            pair.compare();
            for _ in 0..6 {
                pair.change(&mut random);
                pair.compare();
            }
        };
        if let Err(cause) = std::panic::catch_unwind(check) {
            println!("seed {seed}");
            std::panic::resume_unwind(cause);
        }
    }
}

/// Instances such that the modules have evaluated which the oracle says have, and some that decline.
fn random_instances(pair: &Pair, random: &mut Random) -> (Instances, FxHashSet<InstanceId>) {
    let (mut instances, mut declined) = (Instances::default(), FxHashSet::default());
    for &(thread, id) in &pair.oracle.unfinished {
        instances.begin(ThreadId(thread), &format!("/{id}"), pair.ids[id], 0);
    }
    for &id in &pair.ids {
        if random.once_in(8) {
            let url = format!("/{}?", id.index());
            instances.begin(ThreadId(0), &url, id, 0);
            let declining = instances.find_mut(ThreadId(0), &url).expect("it began");
            declining.life = Life::Current(Evaluation::Evaluated);
            declined.insert(declining.id);
        }
    }
    (instances, declined)
}

/// What a change invalidates, as it was before anything was walked once for several; `None` for a restart.
fn decided_alone(
    graph: &Graph,
    running: Running,
    changed: ModuleId,
    ignoring_own_accept: bool,
) -> Option<Vec<ModuleId>> {
    let evaluated = |thread, id| running.instances.have_evaluated(thread, id);
    let propagated =
        graph.propagate(changed, &Propagation { evaluated: &evaluated, ignoring_own_accept });
    let declines = |id: &ModuleId| running.declines(*id);
    (graph.chain(changed, ignoring_own_accept).is_empty() && !propagated.iter().any(declines))
        .then_some(propagated)
}

#[test]
fn changes_found_together_are_decided_each_alone() {
    for seed in 0..20_000 {
        let mut random = Random(seed);
        let mut pair = Pair::random(&mut random);
        for _ in 0..4 {
            pair.add_arrow(&mut random);
            pair.accept(&mut random);
            pair.finish(&mut random);
        }
        let hot: Vec<_> = pair.ids.iter().copied().filter(|&id| !pair.graph.is_cold(id)).collect();
        let (mut instances, declined) = random_instances(&pair, &mut random);
        let (mut together, mut invalidated, mut restarts) = (Decisions::default(), vec![], 0);
        for _ in 0..4 {
            let among = if hot.is_empty() || random.once_in(8) { &pair.ids } else { &hot };
            let (changed, ignoring_own_accept) = (pick(&mut random, among), random.once_in(3));
            let running = Running { instances: &instances, declined: &declined };
            let mut alone = decided_alone(&pair.graph, running, changed, ignoring_own_accept);
            if let Some(alone) = &mut alone {
                alone.retain(|id| !invalidated.contains(id));
            }
            let verdict = together.decide(&pair.graph, running, changed, ignoring_own_accept);
            let modules = match verdict {
                Verdict::Nothing => continue,
                Verdict::Invalidate(modules) => Some(modules),
                Verdict::FullReload(_) | Verdict::FullReloadToo => {
                    assert_eq!(verdict == Verdict::FullReloadToo, restarts > 0, "seed {seed}");
                    restarts += 1;
                    None
                }
            };
            assert_eq!(modules, alone, "seed {seed}");
            // As the engine does at once.
            for id in modules.into_iter().flatten() {
                invalidated.push(id);
                instances.change(id, |instance| {
                    instance.life = Life::Superseded(instance.life.evaluation());
                });
            }
        }
    }
}

const MANY: usize = 100_000;

/// `root`, then `count` modules of which each is imported by `importer(index)`; 0 is the root, whose edges are hot.
fn large(count: usize, importers: impl Fn(usize) -> Vec<usize>) -> (Graph, Vec<ModuleId>) {
    let mut graph = Graph::default();
    let ids: Vec<_> = (0..=count)
        .map(|index| {
            graph.module_or_insert(&format!("/{index}"), || (ModuleKind::File, Scope::Nowhere))
        })
        .collect();
    graph.add_root(ThreadId(0), ids[0]);
    for index in 1..=count {
        for importer in importers(index) {
            let hot = importer == 0;
            let kind = if hot { EdgeKind::Dynamic } else { EdgeKind::Static };
            graph.add_edge(ids[importer], ids[index], &NewEdge { hot, ..edge(kind) });
        }
    }
    (graph, ids)
}

#[test]
fn a_chain_of_100_000_modules() {
    ends(|| {
        let (mut graph, ids) = large(MANY, |index| vec![index - 1]);
        assert_eq!(graph.propagate(ids[MANY], &ALL).len(), MANY);
        assert!(graph.reaches_statically(ids[1], ids[MANY]));
        graph.add_edge(ids[0], ids[1], &edge(EdgeKind::Static));
        assert_eq!(graph.chain(ids[MANY], false).len(), MANY + 1);
        graph.drop_thread(ThreadId(0));
        assert_eq!(graph.prune().len(), MANY + 1);
    });
}

/// Each of them is above, or below, all of the others.
fn ten_thousand_changes(is_hot: bool, declines: bool, topmost_first: bool) {
    const CHANGES: usize = 10_000;
    ends(move || {
        let (mut graph, ids) = large(MANY, |index| vec![index - 1]);
        if !is_hot {
            graph.add_edge(ids[0], ids[1], &edge(EdgeKind::Static));
        }
        let mut instances = Instances::default();
        instances.begin(ThreadId(0), "/1", ids[1], 0);
        let first = instances.find(ThreadId(0), "/1").filter(|_| declines);
        let first = first.map(|instance| instance.id).into_iter().collect();
        let running = Running { instances: &instances, declined: &first };
        let mut changed: Vec<_> = ids.iter().skip(MANY / CHANGES).step_by(MANY / CHANGES).collect();
        if !topmost_first {
            changed.reverse();
        }
        assert_eq!(changed.len(), CHANGES);
        let (mut decisions, mut invalidated, mut restarts) = (Decisions::default(), 0, 0);
        for &&id in &changed {
            match decisions.decide(&graph, running, id, false) {
                Verdict::Invalidate(modules) => invalidated += modules.len(),
                Verdict::FullReload(_) | Verdict::FullReloadToo => restarts += 1,
                Verdict::Nothing => panic!("they are in the graph"),
            }
        }
        let expected = if is_hot && !declines { (MANY, 0) } else { (0, CHANGES) };
        assert_eq!((invalidated, restarts), expected);
    });
}

table! { ten_thousand_changes:
    ten_thousand_changes_from_the_top(true, false, true);
    ten_thousand_changes_from_the_bottom(true, false, false);
    ten_thousand_changes_that_something_declines_from_the_top(true, true, true);
    ten_thousand_changes_that_something_declines_from_the_bottom(true, true, false);
    ten_thousand_changes_that_are_cold_from_the_top(false, false, true);
    ten_thousand_changes_that_are_cold_from_the_bottom(false, false, false);
}

#[test]
fn a_module_that_100_000_import() {
    ends(|| {
        let leaf = MANY + 1;
        let (mut graph, ids) =
            large(leaf, |index| if index == leaf { (1..leaf).collect() } else { vec![0] });
        assert_eq!(graph.propagate(ids[leaf], &ALL).len(), leaf);
        assert_eq!(graph.chain(ids[leaf], false).len(), 0);
        graph.add_edge(ids[0], ids[leaf], &edge(EdgeKind::Static));
        assert_eq!(graph.chain(ids[leaf], false).len(), 2);
    });
}

#[test]
fn a_thread_whose_100_000_modules_import_one_ends() {
    ends(|| {
        let leaf = MANY + 1;
        let (mut graph, _) =
            large(leaf, |index| if index == leaf { (1..leaf).collect() } else { vec![0] });
        graph.drop_thread(ThreadId(0));
        assert_eq!(graph.prune().len(), leaf + 1);
    });
}

#[test]
fn a_module_that_drops_100_000_imports() {
    ends(|| {
        let (mut graph, ids) = large(MANY, |index| vec![usize::from(index > 1)]);
        assert!(graph.drop_older_edges(ThreadId(0), ids[1], 1));
        assert_eq!(graph.prune().len(), MANY - 1);
    });
}

/// Removed edges are cleared out now and then: not while some are still to be removed.
#[test]
fn a_module_that_is_reloaded_keeps_its_5_000_imports() {
    const COUNT: usize = 5000;
    let (mut graph, ids) = large(COUNT, |index| vec![usize::from(index > 1)]);
    for version in 1..10 {
        for &id in &ids[2..] {
            graph.add_edge(ids[1], id, &NewEdge { version, ..edge(EdgeKind::Static) });
        }
        assert!(!graph.drop_older_edges(ThreadId(0), ids[1], version));
        let imports: Vec<_> = graph.imports(ids[1]).into_iter().map(|(id, _)| id).collect();
        assert_eq!(imports, ids[2..]);
        assert_eq!(graph.propagate(ids[COUNT], &ALL), [ids[COUNT], ids[1]]);
        assert_eq!(graph.prune(), []);
    }
}

#[test]
fn a_pruned_boundary_above_100_000_that_import_one() {
    ends(|| {
        let leaf = MANY + 1;
        let (mut graph, ids) = large(leaf, |index| match index {
            1 => vec![0],
            _ if index == leaf => (2..leaf).collect(),
            _ => vec![1],
        });
        assert!(graph.drop_older_edges(ThreadId(0), ids[1], 1));
        assert_eq!(graph.prune().len(), MANY);
    });
}

#[test]
fn a_lattice_of_14_layers() {
    const WIDTH: usize = 4;
    let (graph, ids) = ends(|| {
        large(14 * WIDTH, |index| match (index - 1) / WIDTH {
            0 => vec![0],
            layer => ((layer - 1) * WIDTH + 1..=layer * WIDTH).collect(),
        })
    });
    ends(move || {
        assert_eq!(graph.propagate(ids[14 * WIDTH], &ALL).len(), 13 * WIDTH + 1);
        assert!(graph.ids().skip(1).all(|id| !graph.is_cold(id)));
        assert!(graph.ids().all(|id| graph.chain(id, false).len() <= 1));
    });
}
