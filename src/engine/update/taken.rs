//! What looks applied and is not: a boundary that its importer has taken once.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::engine::Engine;
use crate::engine::inspect::Stale;
use crate::graph::{Missed, ModuleId};

impl Engine {
    /// These modules were invalidated because `files` were saved. Returns what stays stale of them, for importers that have taken
    /// it once.
    pub(in crate::engine) fn miss_taken(
        &mut self,
        invalidated: &[ModuleId],
        files: &[Arc<str>],
    ) -> Vec<Stale> {
        self.modules.miss(invalidated, files);
        self.tell_taken();
        let all = self.taken_and_missed();
        let of_these = all.iter().filter(|it| invalidated.contains(&it.target));
        of_these.map(|it| self.stale_of(it)).collect()
    }

    /// People are told what stays stale, of each once.
    pub(in crate::engine) fn tell_taken(&mut self) {
        let new = |it: &Missed| !it.told;
        let lines: Vec<_> = self
            .taken_and_missed()
            .into_iter()
            .filter(new)
            .map(|it| (it.importer, it.target, self.line_of(&it)))
            .collect();
        for (importer, target, line) in lines {
            self.modules.tell_taken(importer, target);
            self.notice(line);
            self.wake_threads();
        }
    }

    /// What stays stale until the app restarts, each with the files that were saved.
    pub(in crate::engine) fn stale(&self) -> Vec<(Stale, Vec<Arc<str>>)> {
        let mut found: Vec<(Stale, Vec<Arc<str>>)> = Vec::new();
        for it in self.modules.stale() {
            let stale = self.stale_of(&it);
            match found.iter_mut().find(|(known, _)| *known == stale) {
                Some((_, files)) => files.extend(it.files.iter().cloned()),
                None => found.push((stale, it.files.to_vec())),
            }
        }
        found.sort_by(|(one, _), (other, _)| (&one.path, &one.by).cmp(&(&other.path, &other.by)));
        found
    }

    /// The same as the graph has it, once for each importer and boundary, whatever the thread.
    fn taken_and_missed(&self) -> Vec<Missed<'_>> {
        let mut seen = FxHashSet::default();
        let stale = self.modules.stale();
        let mut found: Vec<_> = stale.filter(|it| seen.insert((it.target, it.importer))).collect();
        found.sort_by_key(|it| self.stale_of(it).path);
        found
    }

    fn stale_of(&self, missed: &Missed) -> Stale {
        let path = |id| self.modules.get(id).path.clone();
        Stale { path: path(missed.target), by: path(missed.importer) }
    }

    /// What stays stale, who took it, and what to write instead.
    fn line_of(&self, missed: &Missed) -> String {
        let target = self.show(&self.modules.get(missed.target).path);
        let importer = self.show(&self.modules.get(missed.importer).path);
        let specifier = &missed.edge.specifier;
        let boundary = if missed.edge.by_attribute { ", import.meta.hot?.boundary" } else { "" };
        format!(
            "{target} stays stale: {importer} took it when it ran, and will not import it again; \
             import it where it is used: lazy(() => import('{specifier}'{boundary}), 'name of the export')"
        )
    }
}
