//! What looks applied and is not: a boundary that its importer has taken once.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::engine::Engine;
use crate::engine::inspect::Stale;
use crate::graph::{Missed, ModuleId, Taken};

impl Engine {
    /// These modules were invalidated because `files` were saved. Returns what stays stale of them, for importers that have taken
    /// it once: people are told of that, of each once.
    pub(in crate::engine) fn miss_taken(
        &mut self,
        invalidated: &[ModuleId],
        files: &[Arc<str>],
    ) -> Vec<Stale> {
        let taken = self.modules.taken(invalidated);
        let certain = taken.iter().filter(|it| it.certain);
        let missed: Vec<_> = certain
            .map(|it| {
                let ids = (it.edge.thread, it.importer, it.target);
                (ids, self.stale_of(it.target, it.importer), self.line_of(it))
            })
            .collect();
        let mut stale = Vec::new();
        for (ids, found, line) in missed {
            if self.modules.miss(ids, files) {
                self.notice(line);
            }
            stale.push(found);
        }
        stale
    }

    /// What stays stale until the app restarts, each with the files that were saved.
    pub(in crate::engine) fn stale(&self) -> Vec<(Stale, Vec<Arc<str>>)> {
        let mut seen = FxHashSet::default();
        let mut found: Vec<_> = self
            .modules
            .stale()
            .filter(|it| seen.insert((it.target, it.importer)))
            .map(|Missed { target, importer, files }| {
                (self.stale_of(target, importer), files.to_vec())
            })
            .collect();
        found.sort_by(|(one, _), (other, _)| (&one.path, &one.by).cmp(&(&other.path, &other.by)));
        found
    }

    fn stale_of(&self, target: ModuleId, importer: ModuleId) -> Stale {
        let path = |id| self.modules.get(id).path.clone();
        Stale { path: path(target), by: path(importer) }
    }

    /// What stays stale, who took it, and what to write instead.
    fn line_of(&self, taken: &Taken) -> String {
        let target = self.show(&self.modules.get(taken.target).path);
        let importer = self.show(&self.modules.get(taken.importer).path);
        let specifier = &taken.edge.specifier;
        let boundary = if taken.edge.by_attribute { ", import.meta.hot?.boundary" } else { "" };
        format!(
            "{target} stays stale: {importer} took it when it ran, and will not import it again; \
             import it where it is used: lazy(() => import('{specifier}'{boundary}), 'name of the export')"
        )
    }
}
