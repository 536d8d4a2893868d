//! Walks from one module: which modules must run again, and what makes it cold.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::sync::Arc;

use petgraph::stable_graph::EdgeReference;
use petgraph::visit::{Dfs, EdgeFiltered, EdgeRef, VisitMap};
use rustc_hash::FxHashMap;
use serde::{Serialize, Serializer};

use super::accept::Propagation;
use super::{Edge, EdgeKind, Graph, ModuleId};

/// One step of a chain of imports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The module that this step arrives at.
    pub path: Arc<str>,
    /// How it was imported; `None` for the root, where the chain begins.
    #[serde(serialize_with = "serialize_kind")]
    pub kind: Option<EdgeKind>,
    /// What the importer wrote; empty for the root.
    pub specifier: Arc<str>,
    /// A boundary entered by something else than `import()`.
    #[serde(skip)]
    pub static_boundary_import: bool,
    /// By a `require()` that would be hot, if it led to a boundary.
    #[serde(skip)]
    pub late: bool,
}

impl Step {
    /// The word for how it was imported: `root`, where the chain begins.
    pub fn kind_name(&self) -> &'static str {
        kind_name(self.kind)
    }

    /// The step by an edge to the module at `path`, or the beginning there.
    pub fn new(path: Arc<str>, by: Option<&Edge>) -> Self {
        Self {
            path,
            kind: by.map(|edge| edge.kind),
            specifier: by.map_or_else(|| "".into(), |edge| edge.specifier.clone()),
            static_boundary_import: by
                .is_some_and(|edge| edge.meant_hot && edge.kind == EdgeKind::Static),
            late: by.is_some_and(|edge| edge.late),
        }
    }
}

fn kind_name(kind: Option<EdgeKind>) -> &'static str {
    kind.map_or("root", EdgeKind::name)
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn serialize_kind<S: Serializer>(kind: &Option<EdgeKind>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(kind_name(*kind))
}

/// By which edge a walk has come to each module, and from where; nothing where it began.
pub type Arrivals<'a> = FxHashMap<ModuleId, Option<(ModuleId, &'a Edge)>>;

/// An edge, and what becomes of a change that comes to it.
pub struct Crossing<'a> {
    /// The module that imports.
    pub importer: ModuleId,
    /// How.
    pub edge: &'a Edge,
    /// It is an accepted edge.
    pub accepted: bool,
    /// A change of the target invalidates the importer, too.
    pub propagates: bool,
}

/// The modules that walks have come to, by their index.
#[derive(Debug, Default)]
pub struct Visited(Vec<bool>);

impl Visited {
    /// Whether a walk has come to a module.
    pub fn contains(&self, id: ModuleId) -> bool {
        self.0.get(id.index()).is_some_and(|&visited| visited)
    }

    /// The modules that walks have come to.
    pub fn iter(&self) -> impl Iterator<Item = ModuleId> {
        let visited = self.0.iter().enumerate().filter(|(_, visited)| **visited);
        visited.map(|(index, _)| ModuleId::new(index))
    }

    /// A walk comes to a module. Returns whether none has before.
    pub fn insert(&mut self, id: ModuleId) -> bool {
        if self.0.len() <= id.index() {
            self.0.resize(id.index() + 1, false);
        }
        !std::mem::replace(&mut self.0[id.index()], true)
    }
}

impl VisitMap<ModuleId> for Visited {
    fn visit(&mut self, id: ModuleId) -> bool {
        self.insert(id)
    }

    fn is_visited(&self, id: &ModuleId) -> bool {
        self.contains(*id)
    }

    fn unvisit(&mut self, id: ModuleId) -> bool {
        self.0.get_mut(id.index()).is_some_and(std::mem::take)
    }
}

impl Graph {
    /// The modules that imports lead to from `starts`, and these; along the edges that `follows` says yes to.
    pub(super) fn reached(
        &self,
        starts: Vec<ModuleId>,
        follows: impl Fn(EdgeReference<Edge>) -> bool,
    ) -> Visited {
        let is_followed = |edge: EdgeReference<Edge>| !edge.weight().gone && follows(edge);
        let edges = EdgeFiltered::from_fn(&self.store, is_followed);
        let mut walk = Dfs::from_parts(starts, Visited::default());
        while walk.next(&edges).is_some() {
            self.count_walk(1);
        }
        walk.discovered
    }

    /// `changed` and all its importers that are not cold, upwards, also through hot edges; nearest first.
    ///
    /// ```text
    ///   root ──▶ app ──hot──▶ controller ──▶ service ──▶ changed
    ///   cold     cold    │    ◀──────────────────────── propagates
    ///                    └ stops here: a cold importer repeats its import
    /// ```
    ///
    /// Accepted edges stop it, if the importer has evaluated and is not itself below the target: a cycle is propagated.
    pub fn propagate(&self, changed: ModuleId, propagation: &Propagation) -> Vec<ModuleId> {
        self.propagate_from(changed, propagation, &mut Visited::default())
    }

    /// [`Graph::propagate`], without the modules that an earlier propagation has visited and what it found above them.
    pub fn propagate_from(
        &self,
        changed: ModuleId,
        propagation: &Propagation,
        visited: &mut Visited,
    ) -> Vec<ModuleId> {
        self.propagate_over(changed, propagation, visited, |_| true)
    }

    /// `failed` and the importers that cannot be linked without it: along static edges, as far as they are not cold.
    pub fn propagate_statically(
        &self,
        failed: ModuleId,
        propagation: &Propagation,
    ) -> Vec<ModuleId> {
        self.propagate_over(failed, propagation, &mut Visited::default(), |edge| {
            edge.kind == EdgeKind::Static
        })
    }

    fn propagate_over(
        &self,
        start: ModuleId,
        propagation: &Propagation,
        visited: &mut Visited,
        follow: impl Fn(&Edge) -> bool,
    ) -> Vec<ModuleId> {
        let is_new = visited.insert(start);
        if !is_new && !propagation.ignoring_own_accept {
            return Vec::new();
        }
        let ignoring_own_accept = propagation.ignoring_own_accept.then_some(start);
        let cold = self.cold();
        let mut order = vec![start];
        let mut next = 0;
        let mut into = Vec::new();
        while let Some(&id) = order.get(next) {
            next += 1;
            into.extend(self.edges_into(id).filter(|edge| {
                let importer = edge.source();
                !visited.contains(importer) && !cold.contains(importer) && follow(edge.weight())
            }));
            let below = OnceCell::new();
            // Oldest first.
            for edge in into.drain(..).rev() {
                if !self.stops(&edge, propagation, ignoring_own_accept, &below)
                    && visited.insert(edge.source())
                {
                    order.push(edge.source());
                }
            }
        }
        if !is_new {
            order.remove(0);
        }
        order
    }

    /// Whether propagation ends before it crosses an edge. `below`: what static edges lead to from its target.
    fn stops(
        &self,
        edge: &EdgeReference<Edge>,
        propagation: &Propagation,
        ignoring_own_accept: Option<ModuleId>,
        below: &OnceCell<Visited>,
    ) -> bool {
        let (importer, target) = (edge.source(), edge.target());
        self.is_accepted(importer, edge.weight(), target, ignoring_own_accept)
            && (propagation.evaluated)(edge.weight().thread, importer)
            && !below.get_or_init(|| self.statically_below(target)).contains(importer)
    }

    /// All modules whose propagation leads to one of `tops`.
    pub fn affected_below(&self, tops: Vec<ModuleId>, propagation: &Propagation) -> Visited {
        let (mut visited, cold) = (Visited::default(), self.cold());
        let mut stack = tops;
        while let Some(id) = stack.pop() {
            if !visited.insert(id) || cold.contains(id) {
                continue;
            }
            let leads_on = |edge: &EdgeReference<Edge>| {
                !visited.contains(edge.target())
                    && !self.stops(edge, propagation, None, &OnceCell::new())
            };
            stack.extend(self.edges_from(id).filter(leads_on).map(|edge| edge.target()));
        }
        visited
    }

    /// The shortest chain of edges from a root to `target` that crosses no hot or accepted edge; empty if `target` is not
    /// cold. Entry points are tried before other non-reloadable modules, because they explain more. `ignoring_own_accept`: its accepting itself
    /// does not count.
    pub fn chain(&self, target: ModuleId, ignoring_own_accept: bool) -> Vec<Step> {
        let ignoring_own_accept = ignoring_own_accept.then_some(target);
        let roots: Vec<_> = self.starts(true, ignoring_own_accept).collect();
        let chain = self.chain_from(&roots, target, ignoring_own_accept);
        if !chain.is_empty() {
            return chain;
        }
        self.chain_from(&self.pinned, target, ignoring_own_accept)
    }

    fn chain_from(
        &self,
        roots: &[ModuleId],
        target: ModuleId,
        ignoring_own_accept: Option<ModuleId>,
    ) -> Vec<Step> {
        let mut came_by = Arrivals::default();
        self.search(roots, ignoring_own_accept, Some(target), &mut came_by);
        if came_by.contains_key(&target) { self.trace(&came_by, target) } else { Vec::new() }
    }

    /// By which edge the [`Graph::chain`] of each cold module arrives at it, and from where; nothing where it begins.
    pub fn arrivals(&self) -> Arrivals<'_> {
        let mut came_by = Arrivals::default();
        let roots: Vec<_> = self.starts(true, None).collect();
        self.search(&roots, None, None, &mut came_by);
        self.search(&self.pinned, None, None, &mut came_by);
        came_by
    }

    /// Breadth first, edges in the order in which they came, until it comes to `target`, and not beyond what `came_by` has.
    fn search<'a>(
        &'a self,
        starts: &[ModuleId],
        ignoring_own_accept: Option<ModuleId>,
        target: Option<ModuleId>,
        came_by: &mut Arrivals<'a>,
    ) {
        let mut queue = VecDeque::new();
        for &start in starts {
            came_by.entry(start).or_insert_with(|| {
                queue.push_back(start);
                None
            });
        }
        while let Some(id) = queue.pop_front() {
            if Some(id) == target {
                return;
            }
            for (next, edge) in self.imports(id) {
                if !came_by.contains_key(&next)
                    && !self.stops_propagation(id, edge, next, ignoring_own_accept)
                {
                    came_by.insert(next, Some((id, edge)));
                    queue.push_back(next);
                }
            }
        }
    }

    /// The edges into a module in the order in which they came, with what becomes of a change of it there.
    pub fn crossings(&self, id: ModuleId, propagation: &Propagation) -> Vec<Crossing<'_>> {
        let (cold, below) = (self.cold(), OnceCell::new());
        let mut crossings: Vec<_> = self
            .edges_into(id)
            .map(|edge| Crossing {
                importer: edge.source(),
                edge: edge.weight(),
                accepted: self.is_accepted(edge.source(), edge.weight(), id, None),
                propagates: !cold.contains(edge.source())
                    && !self.stops(&edge, propagation, None, &below),
            })
            .collect();
        crossings.reverse();
        crossings
    }

    fn trace(&self, came_by: &Arrivals, target: ModuleId) -> Vec<Step> {
        let mut chain = Vec::new();
        let mut at = Some(target);
        while let Some(id) = at {
            let arrival = came_by.get(&id).copied().flatten();
            chain.push(Step::new(self.store[id].path.clone(), arrival.map(|(_, edge)| edge)));
            at = arrival.map(|(importer, _)| importer);
        }
        chain.reverse();
        chain
    }

    /// Whether static edges lead from `from` to `to`: importing `from` in `to` then closes a cycle.
    pub fn reaches_statically(&self, from: ModuleId, to: ModuleId) -> bool {
        self.statically_below(from).contains(to)
    }
}
