//! What running modules have shown: which of them listen, and what their exports are. Hints rest on it.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::engine::Engine;
use crate::graph::{EdgeKind, ModuleId, ModuleKind, ThreadId};
use crate::hint::ExportKind;
use crate::package::installed_root;

/// What is known.
#[derive(Default)]
pub(in crate::engine) struct Evidence {
    listeners: FxHashSet<(ThreadId, ModuleId)>,
    exports: FxHashMap<ModuleId, FxHashMap<String, ExportKind>>,
    /// Modules of whose exports a thread was asked.
    asked: FxHashSet<ModuleId>,
}

impl Evidence {
    /// The modules that were found to listen, in any thread.
    pub fn listeners(&self) -> impl Iterator<Item = ModuleId> {
        self.listeners.iter().map(|&(_, id)| id)
    }

    /// Whether a module was found to listen.
    pub fn listens(&self, id: ModuleId) -> bool {
        self.listeners().any(|listener| listener == id)
    }

    /// What the exports of a module are, if a thread has told.
    pub fn exports(&self, id: ModuleId) -> Option<&FxHashMap<String, ExportKind>> {
        self.exports.get(&id)
    }

    /// A thread has ended.
    pub fn remove_thread(&mut self, thread: ThreadId) {
        self.listeners.retain(|&(of, _)| of != thread);
    }
}

/// A thread is asked for the exports of no more modules at once.
const MOST: usize = 100;

impl Engine {
    /// The thread begins to listen, called by these files or URLs, the innermost first. Returns the URLs of the modules whose exports
    /// `note_exports` is to be told: what those import that listen, or where the app begins.
    pub fn listens(&mut self, thread: ThreadId, frames: &[String]) -> Vec<Arc<str>> {
        let module = |frame: &String| {
            let by_url = self.modules.meaning(frame).map(|meaning| meaning.module);
            by_url.or_else(|| self.modules.known_as(frame)).or_else(|| self.modules.find(frame))
        };
        let modules: Vec<_> = frames.iter().filter_map(module).collect();
        let is_users = |id: &ModuleId| self.modules.get(*id).kind == ModuleKind::File;
        let found = match modules.iter().copied().find(is_users) {
            Some(id) => vec![id],
            // The user's code has called it in another turn of the event loop: any that uses the package may have.
            None => modules.last().map(|&id| self.users_of(thread, id)).unwrap_or_default(),
        };
        self.evidence.listeners.extend(found.iter().map(|&id| (thread, id)));
        let roots = self.modules.roots().iter().filter(|(of, _)| *of == thread);
        let above: Vec<_> = roots.map(|&(_, id)| id).chain(found).collect();
        self.ask_of(thread, &above)
    }

    /// The user's modules that import the package of a module.
    fn users_of(&self, thread: ThreadId, id: ModuleId) -> Vec<ModuleId> {
        let Some(package) = installed_root(&self.modules.get(id).path) else { return Vec::new() };
        let is_in = |id: ModuleId| installed_root(&self.modules.get(id).path) == Some(package);
        let inside = self.modules.ids().filter(|&id| is_in(id));
        let importers = inside.flat_map(|id| self.modules.importers(id));
        let is_users = |id: ModuleId| self.modules.get(id).kind == ModuleKind::File;
        let users = importers.filter(|&(id, edge)| edge.thread == thread && is_users(id));
        users.map(|(id, _)| id).collect()
    }

    /// The URLs of the user's modules that these import at their start.
    fn ask_of(&mut self, thread: ThreadId, above: &[ModuleId]) -> Vec<Arc<str>> {
        let mut found = Vec::new();
        for &id in above {
            let imports = self.modules.imports(id).into_iter();
            let at_start = imports.filter(|(_, edge)| {
                edge.thread == thread && (edge.kind != EdgeKind::Dynamic || edge.in_body)
            });
            found.extend(at_start.map(|(target, _)| target));
        }
        found.retain(|&id| {
            let module = self.modules.get(id);
            module.kind == ModuleKind::File && !module.is_json && self.modules.is_cold(id)
        });
        found.truncate(MOST);
        let mut urls = Vec::new();
        for id in found {
            let instance = self.lifecycle.of_module(id).find(|it| it.thread == thread);
            if let Some(instance) = instance
                && self.evidence.asked.insert(id)
            {
                urls.push(instance.url.clone());
            }
        }
        urls
    }

    /// What a module exports that the thread knows by `url`.
    pub fn note_exports(
        &mut self,
        url: &str,
        exports: impl IntoIterator<Item = (String, ExportKind)>,
    ) {
        if let Some(meaning) = self.modules.meaning(url) {
            self.evidence.exports.insert(meaning.module, exports.into_iter().collect());
        }
    }
}
