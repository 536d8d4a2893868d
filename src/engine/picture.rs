//! The graph with all that was decided on it, to be drawn: whoever draws follows what is here, and decides nothing.

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::decision::declined;
use crate::fingerprint::Fingerprint;
use crate::graph::accept::Climb;
use crate::graph::instance::Instance;
use crate::graph::{Crossing, EdgeKind, ModuleId, ModuleKind, Visited};

use super::Engine;

/// The graph, over all threads.
#[derive(Debug, Serialize)]
pub struct Picture<'a> {
    /// In the order in which they came.
    modules: Vec<PictureModule<'a>>,
    /// Those of a module stand together, in the order in which they came.
    edges: Vec<PictureEdge<'a>>,
}

/// What a change of a module would lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// It would be invalidated, with all that edges which climb lead to.
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
struct PictureModule<'a> {
    /// Relative to the root directory, with forward slashes.
    path: String,
    /// How often it was invalidated.
    version: u32,
    state: State,
    /// An entry point of a thread, or an importer that is no file.
    root: bool,
    /// Some hot edge leads to it.
    boundary: bool,
    /// It accepts itself.
    accepts: bool,
    /// It has called `decline()`.
    declines: bool,
    /// Cold modules only: the edge by which the chain that makes it cold arrives; none for where it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<usize>,
    /// The `restart` pattern that matches it: a change asks for a restart, whatever its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    restart: Option<&'a str>,
}

/// Imports of one module by another that are alike in kind and heat, in whatever thread.
#[derive(Debug, Serialize)]
struct PictureEdge<'a> {
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
    /// What the importer wrote.
    specifier: &'a str,
}

/// What makes two imports one in the picture.
type Key = (ModuleId, ModuleId, EdgeKind, bool);

impl Engine {
    /// The graph with all that was decided on it, as JSON.
    pub fn picture(&self) -> String {
        let ids: Vec<_> = self.graph.ids().filter(|&id| self.is_drawn(id)).collect();
        let places: FxHashMap<_, _> = ids.iter().enumerate().map(|(at, &id)| (id, at)).collect();
        let (edges, by_key) = self.picture_edges(&ids, &places);
        let (declined, arrivals) = (declined(&self.graph, &self.instances), self.graph.arrivals());
        let via = |id: ModuleId| {
            let (from, edge) = arrivals.get(&id).copied().flatten()?;
            by_key.get(&(from, id, edge.kind, edge.hot)).copied()
        };
        let modules = ids.iter().map(|&id| self.picture_module(id, &declined, via(id)));
        let picture = Picture { modules: modules.collect(), edges };
        serde_json::to_string(&picture).unwrap_or_default()
    }

    /// Whether there is anything to see: not what was deleted, nor an importer that imports nothing any more.
    fn is_drawn(&self, id: ModuleId) -> bool {
        let module = self.graph.get(id);
        let is_there = match module.kind {
            ModuleKind::Virtual => !self.graph.imports(id).is_empty(),
            _ => module.read != Some(Fingerprint::Absent),
        };
        is_there && !module.pruned
    }

    fn picture_module(
        &self,
        id: ModuleId,
        declined: &Visited,
        via: Option<usize>,
    ) -> PictureModule<'_> {
        let module = self.graph.get(id);
        let state = match module.kind {
            ModuleKind::File if self.graph.is_cold(id) => State::Cold,
            ModuleKind::File if declined.contains(id) => State::Declined,
            ModuleKind::File => State::Hot,
            ModuleKind::Ignored | ModuleKind::Virtual => State::Ignored,
        };
        let config = self.config.as_ref();
        PictureModule {
            path: self.show(&module.path),
            version: module.version,
            state,
            root: module.kind == ModuleKind::Virtual
                || self.graph.roots().iter().any(|&(_, root)| root == id),
            boundary: self.graph.importers(id).iter().any(|(_, edge)| edge.hot),
            accepts: self.graph.accepted().own.iter().any(|&(_, own)| own == id),
            declines: self.instances.of_module(id).any(Instance::declines),
            via: via.filter(|_| state == State::Cold),
            restart: config.and_then(|config| config.restart.matching(&module.path)),
        }
    }

    fn picture_edges(
        &self,
        ids: &[ModuleId],
        places: &FxHashMap<ModuleId, usize>,
    ) -> (Vec<PictureEdge<'_>>, FxHashMap<Key, usize>) {
        let evaluated = |thread, id| self.instances.have_evaluated(thread, id);
        let climb = Climb { evaluated: &evaluated, past: false };
        let (mut edges, mut by_key) = (Vec::new(), FxHashMap::default());
        for &id in ids {
            for Crossing { target, edge, accepted, climbs } in self.graph.crossings(id, &climb) {
                let Some(&to) = places.get(&target) else { continue };
                let at = *by_key.entry((id, target, edge.kind, edge.hot)).or_insert(edges.len());
                if at == edges.len() {
                    edges.push(PictureEdge {
                        from: places[&id],
                        to,
                        kind: edge.kind.name(),
                        hot: edge.hot,
                        accepted,
                        climbs,
                        specifier: &edge.specifier,
                    });
                } else {
                    // What only one of them accepts still makes the target cold, and a change climbs by the other.
                    edges[at].accepted &= accepted;
                    edges[at].climbs |= climbs;
                }
            }
        }
        (edges, by_key)
    }
}
