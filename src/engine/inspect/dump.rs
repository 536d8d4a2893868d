//! The graph as `hot.dump()` gives it.

use serde::Serialize;

use crate::graph::{ModuleId, ModuleKind, ThreadId};
use crate::path::relative;
use crate::watch::parent;

use crate::engine::Engine;

/// A module, as hot-hook 1.0 shows it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct DumpNode {
    /// Relative to the folder of the main thread's root file, with forward slashes.
    pub path: String,
    /// How often it was invalidated.
    pub version: u32,
    /// Some hot edge leads to it.
    pub boundary: bool,
    /// It is not cold: a change of it needs no restart.
    pub reloadable: bool,
    /// What it imports.
    pub dependencies: Vec<String>,
    /// What imports it.
    pub dependents: Vec<String>,
}

impl Engine {
    /// All modules, in the order in which they came.
    pub fn dump(&self) -> Vec<DumpNode> {
        let base = self.dump_base();
        let shown = |id: &ModuleId| {
            let module = self.modules.get(*id);
            module.kind != ModuleKind::Virtual && !module.pruned && !module.content.is_absent()
        };
        let path = |id: ModuleId| relative(&base, &self.modules.get(id).path);
        let paths = |ids: Vec<ModuleId>| {
            let mut paths: Vec<_> = Vec::with_capacity(ids.len());
            for id in ids.into_iter().filter(shown) {
                let path = path(id);
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
            paths
        };
        let node = |id: ModuleId| DumpNode {
            path: path(id),
            version: self.modules.get(id).version,
            boundary: self.modules.importers(id).iter().any(|(_, edge)| edge.hot),
            reloadable: !self.modules.is_cold(id),
            dependencies: paths(self.modules.imports(id).into_iter().map(|(id, _)| id).collect()),
            dependents: paths(self.modules.importers(id).into_iter().map(|(id, _)| id).collect()),
        };
        self.modules.ids().filter(shown).map(node).collect()
    }

    fn dump_base(&self) -> String {
        let entry = self.modules.roots().iter().find(|(thread, _)| *thread == ThreadId(0));
        let entry = entry.map(|&(_, id)| self.modules.get(id).path.to_string());
        let config = self.config();
        let root = config.and_then(|config| config.root.clone()).or(entry);
        match root {
            Some(root) => parent(&root).to_owned(),
            None => config.map(|config| config.root_directory.clone()).unwrap_or_default(),
        }
    }
}
