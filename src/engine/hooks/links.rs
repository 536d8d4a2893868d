//! Paths that lead to a module through a symlink, which may be pointed at something else.
//!
//! Node caches real paths for ever; so we take our own where a link is on the way.

use std::path::Path;

use crate::graph::ModuleId;
use crate::path::{expected, resolve};
use crate::url::{path_of, url_of};
use crate::watch::parent;

use crate::engine::Engine;
use crate::engine::hooks::Import;
use crate::engine::update::Batch;

impl Engine {
    /// `path` leads to `module` through a symlink: the directories of the links on the way are watched too.
    pub(in crate::engine) fn add_alias(&mut self, path: &str, module: ModuleId) {
        for link in self.modules.add_alias(path, module, links_on(path)) {
            self.changes.retain_directories(&link);
        }
    }

    /// The URL that `import` means today, if it goes through a symlink and Node remembers another target.
    pub(in crate::engine) fn retargeted(&mut self, import: &Import, url: &str) -> Option<String> {
        let from = path_of(import.parent?)?;
        let resolved = path_of(url)?;
        if is_plainly(&from, import.specifier, &resolved) {
            return None;
        }
        let asked = expected(&from, import.specifier).filter(|asked| *asked != resolved)?;
        let today = real_target(&asked, &resolved)?;
        if today == resolved {
            let module = self.module_at(&resolved);
            if !self.modules.is_alias(&asked, module) {
                self.add_alias(&asked, module);
            }
            return None;
        }
        let module = self.module_at(&today);
        self.add_alias(&asked, module);
        let query = &url[url.find(['?', '#']).unwrap_or(url.len())..];
        Some(format!("{}{query}", url_of(&today)))
    }

    /// With `--preserve-symlinks` Node knows modules by their links: such a URL now stands for another module, whose
    /// version must be one that the URL has not had yet.
    fn rebind(&mut self, alias: &str, old: ModuleId, today: &str) {
        let url = url_of(alias);
        if !self.modules.stands_for(&url, old) {
            return;
        }
        let version = self.modules.get(old).version;
        let new = self.module_at(today);
        self.modules.rebind(&url, new);
        self.add_alias(alias, new);
        while self.modules.get(new).version <= version {
            self.bump(new);
        }
    }

    /// A symlink may lead elsewhere now: what was imported through it has changed, whatever its file holds.
    pub(in crate::engine) fn consider_link(&mut self, path: &str, batch: &mut Batch) {
        for (alias, module) in self.modules.retarget(path) {
            let today = std::fs::canonicalize(alias.as_ref()).ok();
            if today.as_deref() != Some(Path::new(self.modules.get(module).path.as_ref())) {
                self.modules.remove_alias(&alias);
                if let Some(today) = today.as_deref().and_then(Path::to_str) {
                    self.rebind(&alias, module, today);
                }
                if self.modules.get(module).content.is_begun() {
                    self.decide_on(module, batch);
                }
            }
        }
    }
}

/// Whether `./a/b` from `/p/x.js` was resolved to `/p/a/b`, without asking for memory: nearly always.
fn is_plainly(from: &str, specifier: &str, resolved: &str) -> bool {
    let mut directory = parent(from);
    let mut rest = specifier.strip_prefix("./").unwrap_or(specifier);
    while let Some(above) = rest.strip_prefix("../") {
        directory = parent(directory);
        rest = above;
    }
    rest.len() < specifier.len()
        && resolved.strip_prefix(directory).and_then(|below| below.strip_prefix('/')) == Some(rest)
}

/// Where `asked` leads today, if a symlink is on the way; another loader may have chosen another extension.
fn real_target(asked: &str, resolved: &str) -> Option<String> {
    let name = Path::new(resolved).file_name()?.to_str()?;
    let real = match std::fs::canonicalize(asked) {
        Ok(real) => real,
        Err(_) => std::fs::canonicalize(parent(asked)).ok()?.join(name),
    };
    let real = real.to_str()?.to_owned();
    // Without a link on the way there is nothing to know better; neither if it is no file.
    let through_link = !Path::new(asked).starts_with(parent(&real)) || !links_on(asked).is_empty();
    (through_link && Path::new(&real).is_file()).then_some(real)
}

/// The symlinks among a path and its ancestors.
fn links_on(path: &str) -> Vec<String> {
    let path = resolve("/", path);
    let is_link = |at: &&Path| std::fs::symlink_metadata(at).is_ok_and(|meta| meta.is_symlink());
    let links = Path::new(&path).ancestors().filter(is_link);
    links.filter_map(|at| at.to_str().map(str::to_owned)).collect()
}
