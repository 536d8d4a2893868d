//! What looks applied and is not: a boundary that its importer has taken once.

use crate::graph::{ModuleId, Taken};

use crate::engine::Engine;

impl Engine {
    /// People are told which of these modules, which were invalidated, stay stale for importers that have taken them once; each once.
    pub(in crate::engine) fn tell_taken(&mut self, invalidated: &[ModuleId]) {
        let taken = self.modules.taken(invalidated);
        let certain = taken.iter().filter(|it| it.certain);
        let lines: Vec<_> = certain
            .map(|it| ((it.edge.thread, it.importer, it.target), self.line_of(it)))
            .collect();
        for ((thread, importer, target), line) in lines {
            if self.modules.tell_taken(thread, importer, target) {
                self.notice(line);
            }
        }
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
