//! The graph with all that was decided on it, to be drawn: whoever draws follows what is here, and decides nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use crate::decision::{FullReload, Reason, declined};
use crate::graph::accept::Propagation;
use crate::graph::{Arrivals, Crossing, EdgeKind, Import, ModuleId, ModuleKind, Step, Visited};

use super::Outcome;
use super::failure::Failure;
use super::hint::Hints;
use crate::engine::Engine;

/// The graph, over all threads.
#[derive(Debug, Serialize)]
pub struct GraphSnapshot {
    /// In the order in which they came.
    modules: Vec<SnapshotModule>,
    /// Those into a module stand together, in the order in which they came.
    edges: Vec<SnapshotEdge>,
}

/// What a change of a module would lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// It would be invalidated, with all that edges which propagate lead to.
    Hot,
    /// A restart: the chain of `via` edges leads to it from a root.
    Cold,
    /// A restart: a module that would be invalidated with it declines.
    Declined,
    /// Nothing: it keeps its instance until a restart.
    Ignored,
}

/// A module.
#[derive(Debug, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, all combinations of which occur"
)]
struct SnapshotModule {
    /// Relative to the root directory, with forward slashes.
    path: String,
    /// How often it was invalidated.
    version: u32,
    state: State,
    /// As [`Engine::explain`] has it.
    verdict: Outcome,
    /// An entry point of a thread, or an importer that is no file.
    root: bool,
    /// Some hot edge leads to it.
    boundary: bool,
    /// It accepts itself.
    accepts: bool,
    /// It has called `decline()`.
    declines: bool,
    /// The edge by which the chain that makes it cold, or what it imports, arrives; none for where it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<usize>,
    /// The `restart` pattern that matches it: a change asks for a restart, whatever its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    restart: Option<String>,
    /// Why a restart would be asked for: see [`FullReload::gist`].
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What would make it hot: see [`crate::hint`].
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// What imports of it fail by, until that is mended; each file relative to the root directory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Failure>,
}

/// Imports of one module by another that are alike in kind and heat, in whatever thread.
#[derive(Debug, Serialize)]
struct SnapshotEdge {
    /// The importer, by its place among the modules.
    from: usize,
    /// The imported module, by its place among the modules.
    to: usize,
    /// `static`, `dynamic` or `require`.
    kind: &'static str,
    /// It is an `import()` of a boundary.
    hot: bool,
    /// It was accepted, by its importer or its target.
    accepted: bool,
    /// A change of `to` that invalidates it invalidates `from`, too.
    climbs: bool,
    /// Its importer has imported `to` once, and keeps that: whether this is certain.
    #[serde(rename = "takenOnce", skip_serializing_if = "Option::is_none")]
    taken_once: Option<bool>,
    /// What the importer wrote.
    specifier: Arc<str>,
}

/// What makes two imports one in the snapshot.
type Key = (ModuleId, ModuleId, EdgeKind, bool);

/// What was found out of all modules together.
struct Findings<'a> {
    declined: Visited,
    /// The module nearest above each that declines.
    declining: FxHashMap<ModuleId, ModuleId>,
    arrivals: Arrivals<'a>,
    /// What fails, by the module that it is in, or else by those that cannot be imported.
    failures: FxHashMap<ModuleId, Vec<Failure>>,
    hints: Hints<'a>,
    cuts: FxHashMap<ModuleId, Import>,
}

impl GraphSnapshot {
    /// As JSON. It takes as long as to make the snapshot, and needs no lock.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Engine {
    /// The graph with all that was decided on it.
    pub fn snapshot(&self) -> GraphSnapshot {
        let ids: Vec<_> = self.modules.ids().filter(|&id| self.is_drawn(id)).collect();
        let places: FxHashMap<_, _> = ids.iter().enumerate().map(|(at, &id)| (id, at)).collect();
        let (edges, by_key) = self.snapshot_edges(&ids, &places);
        let findings = self.findings();
        let via = |id: ModuleId| {
            let (from, edge) = findings.arrivals.get(&id).copied().flatten()?;
            by_key.get(&(from, id, edge.kind, edge.hot)).copied()
        };
        let modules = ids.iter().map(|&id| self.snapshot_module(id, &findings, via(id)));
        GraphSnapshot { modules: modules.collect(), edges }
    }

    fn findings(&self) -> Findings<'_> {
        let arrivals = self.modules.arrivals();
        let hints = Hints::new(self);
        Findings {
            declined: declined(&self.modules, self.running()),
            declining: self.declining(),
            failures: self.failures(),
            cuts: hints.all(&self.modules.cuts(None)),
            hints,
            arrivals,
        }
    }

    fn failures(&self) -> FxHashMap<ModuleId, Vec<Failure>> {
        let mut failures: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for broken in self.outcomes.broken(|thread, path, own| self.may_mend(thread, path, own)) {
            let own = broken.failure.file.as_deref().and_then(|file| self.modules.known_as(file));
            let modules = match own {
                Some(own) => vec![own],
                None => broken.imports.iter().map(|&(_, module)| module).collect(),
            };
            let file = broken.failure.file.as_deref().map(|file| self.show(file));
            let failure = Failure { file, ..broken.failure };
            for module in modules.into_iter().collect::<FxHashSet<_>>() {
                failures.entry(module).or_default().push(failure.clone());
            }
        }
        failures
    }

    /// The first that propagation from each module comes to of those that decline, itself perhaps.
    fn declining(&self) -> FxHashMap<ModuleId, ModuleId> {
        let declines = |id: &ModuleId| self.running().declines(*id) && !self.modules.is_cold(*id);
        let tops: Vec<_> = self.modules.ids().filter(declines).collect();
        let mut nearest: FxHashMap<_, _> = tops.iter().map(|&id| (id, (0, id))).collect();
        if tops.is_empty() {
            return FxHashMap::default();
        }
        let propagating = self.propagating();
        let mut below: FxHashMap<ModuleId, Vec<ModuleId>> = FxHashMap::default();
        for (&target, importers) in &propagating {
            for &importer in importers {
                below.entry(importer).or_default().push(target);
            }
        }
        let mut queue: VecDeque<_> = tops.into();
        while let Some(id) = queue.pop_front() {
            let (distance, _) = nearest[&id];
            for &target in below.get(&id).into_iter().flatten() {
                if nearest.contains_key(&target) {
                    continue;
                }
                // Of those as near, the one that propagation comes to first; all of them are known by now.
                let next = propagating[&target]
                    .iter()
                    .find_map(|importer| nearest.get(importer).filter(|&&(at, _)| at == distance));
                let Some(&(_, found)) = next else { continue };
                nearest.insert(target, (distance + 1, found));
                queue.push_back(target);
            }
        }
        nearest.into_iter().map(|(id, (_, found))| (id, found)).collect()
    }

    /// Where a change of each module propagates to at once, in that order.
    fn propagating(&self) -> FxHashMap<ModuleId, Vec<ModuleId>> {
        let evaluated = |thread, id| self.lifecycle.have_evaluated(thread, id);
        let propagation = Propagation { evaluated: &evaluated, ignoring_own_accept: false };
        let importers = |id| {
            let crossings = self.modules.crossings(id, &propagation).into_iter();
            crossings.filter(|crossing| crossing.propagates).map(|it| it.importer).collect()
        };
        self.modules.ids().map(|id| (id, importers(id))).collect()
    }

    /// Whether there is anything to see: not what was deleted, nor an importer that imports nothing any more.
    fn is_drawn(&self, id: ModuleId) -> bool {
        let module = self.modules.get(id);
        let is_there = match module.kind {
            ModuleKind::Virtual => !self.modules.imports(id).is_empty(),
            _ => !module.content.is_absent(),
        };
        is_there && !module.pruned
    }

    fn snapshot_module(
        &self,
        id: ModuleId,
        findings: &Findings,
        via: Option<usize>,
    ) -> SnapshotModule {
        let module = self.modules.get(id);
        let state = match module.kind {
            ModuleKind::File if self.modules.is_cold(id) => State::Cold,
            ModuleKind::File if findings.declined.contains(id) => State::Declined,
            ModuleKind::File => State::Hot,
            ModuleKind::Ignored | ModuleKind::Virtual => State::Ignored,
        };
        let restart = self.config().and_then(|config| config.restart.matching(&module.path));
        let is_addon = module.is_addon() && !module.is_non_reloadable();
        let reason = match (restart, state) {
            (Some(pattern), _) => Some(Reason::RestartFile { pattern: pattern.to_owned() }),
            (None, _) if is_addon => Some(Reason::Addon),
            (None, State::Cold) => Some(self.cold_excerpt(id, findings)),
            (None, State::Declined) => findings
                .declining
                .get(&id)
                .map(|&module| Reason::Declined { module: self.path_of(module) }),
            (None, State::Hot | State::Ignored) => None,
        };
        let outcome = Outcome::of(module.kind, reason.as_ref());
        let reload = reason.map(|reason| FullReload::new(module.path.clone(), reason));
        SnapshotModule {
            path: self.show(&module.path),
            version: module.version,
            state,
            verdict: outcome,
            root: module.kind == ModuleKind::Virtual
                || self.modules.roots().iter().any(|&(_, root)| root == id),
            boundary: self.modules.importers(id).iter().any(|(_, edge)| edge.hot),
            accepts: self.modules.accepted().own.iter().any(|&(_, own)| own == id),
            declines: self.running().declines(id),
            via,
            restart: restart.map(str::to_owned),
            reason: reload.as_ref().map(|reload| reload.gist(|path| self.show(path))),
            errors: findings.failures.get(&id).cloned().unwrap_or_default(),
            hint: reload.filter(|it| matches!(it.reason, Reason::Cold { .. })).and_then(|_| {
                findings.hints.text(id, findings.cuts.get(&id).copied(), &module.path)
            }),
        }
    }

    /// What the words for a cold module need of its chain: all of it can be followed by `via`.
    fn cold_excerpt(&self, id: ModuleId, findings: &Findings) -> Reason {
        let arrival = findings.arrivals.get(&id).copied().flatten();
        let first = arrival.map(|(importer, _)| Step::new(self.path_of(importer), None));
        let last = self.step_to(id, &findings.arrivals);
        Reason::Cold { chain: first.into_iter().chain([last]).collect() }
    }

    fn step_to(&self, id: ModuleId, arrivals: &Arrivals) -> Step {
        let by = arrivals.get(&id).copied().flatten();
        Step::new(self.path_of(id), by.map(|(_, edge)| edge))
    }

    fn path_of(&self, id: ModuleId) -> Arc<str> {
        self.modules.get(id).path.clone()
    }

    fn snapshot_edges(
        &self,
        ids: &[ModuleId],
        places: &FxHashMap<ModuleId, usize>,
    ) -> (Vec<SnapshotEdge>, FxHashMap<Key, usize>) {
        let evaluated = |thread, id| self.lifecycle.have_evaluated(thread, id);
        let propagation = Propagation { evaluated: &evaluated, ignoring_own_accept: false };
        let (mut edges, mut by_key) = (Vec::new(), FxHashMap::default());
        for &id in ids {
            let modules = [id];
            let taken = self.modules.taken(&modules);
            for Crossing { importer, edge, accepted, propagates: climbs } in
                self.modules.crossings(id, &propagation)
            {
                let Some(&from) = places.get(&importer) else { continue };
                let key = (importer, id, edge.kind, edge.hot);
                let at = *by_key.entry(key).or_insert(edges.len());
                if at == edges.len() {
                    edges.push(SnapshotEdge {
                        from,
                        to: places[&id],
                        kind: edge.kind.name(),
                        hot: edge.hot,
                        accepted,
                        climbs,
                        taken_once: taken
                            .iter()
                            .find(|it| it.importer == importer && edge.hot)
                            .map(|it| it.certain),
                        specifier: edge.specifier.clone(),
                    });
                } else {
                    // What only one of them accepts still makes the target cold, and a change propagates by the other.
                    edges[at].accepted &= accepted;
                    edges[at].climbs |= climbs;
                }
            }
        }
        (edges, by_key)
    }
}
