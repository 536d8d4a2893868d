//! Source maps in files of their own. Compilers write the same JavaScript with another map: where its parts come from has
//! changed then, and stacks are to say so.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::fingerprint::{Fingerprint, open};
use crate::graph::ModuleId;
use crate::path::expected;
use crate::source::map_url;
use crate::stamp::Stamp;
use crate::watch::linked::LinkedFiles;
use crate::watch::parent;

use super::Changes;
use crate::engine::modules::Modules;

/// The maps of modules that were loaded.
#[derive(Default)]
pub struct Maps {
    /// Stacks are shown through them.
    are_used: bool,
    by_path: FxHashMap<Arc<str>, Map>,
    by_module: FxHashMap<ModuleId, Arc<str>>,
    linked: LinkedFiles,
}

struct Map {
    module: ModuleId,
    /// What it held when the module was last loaded, or when it was last decided on.
    seen: Fingerprint,
}

impl Changes {
    /// From now on the maps of modules count: Node looks at them.
    pub fn use_source_maps(&mut self, modules: &Modules) {
        if !std::mem::replace(&mut self.maps.are_used, true) {
            let is_loaded = |id: &ModuleId| {
                let module = modules.get(*id);
                module.content.is_begun() && !module.is_non_reloadable() && !module.pruned
            };
            for id in modules.ids().filter(is_loaded) {
                self.note_map(id, &modules.get(id).path);
            }
        }
    }

    /// Whether Node looks at source maps, in any thread.
    pub fn uses_source_maps(&self) -> bool {
        self.maps.are_used
    }

    /// A module is about to be read.
    pub fn note_map(&mut self, id: ModuleId, module: &str) {
        if !self.maps.are_used {
            return;
        }
        let path = text_of(module).and_then(|bytes| {
            let url = map_url(&bytes)?;
            expected(module, url).or_else(|| expected(module, &format!("./{url}")))
        });
        let path: Option<Arc<str>> = path.map(Arc::from);
        if self.maps.by_module.get(&id) != path.as_ref() {
            self.forget_map(id);
        }
        let Some(path) = path else { return };
        if self.maps.by_module.insert(id, path.clone()).is_none()
            && let Some(watch) = &mut self.watch
        {
            watch.retain(parent(&path));
        }
        let seen = self.maps.linked.fingerprint(&path, self.watch.as_mut());
        self.maps.by_path.insert(path, Map { module: id, seen });
    }

    /// The module has no map any more, or is none itself.
    pub(super) fn forget_map(&mut self, id: ModuleId) {
        let Some(path) = self.maps.by_module.remove(&id) else { return };
        self.maps.by_path.remove(&path);
        if let Some(watch) = &mut self.watch {
            self.maps.linked.release(&path, Some(watch));
            watch.release(parent(&path));
        }
    }

    /// The module whose map is at `path`.
    pub fn mapped_by(&self, path: &str) -> Option<ModuleId> {
        self.maps.by_path.get(path).map(|map| map.module)
    }

    /// Maps are watched again, after nothing was.
    pub(super) fn watch_maps(&mut self) {
        self.maps.linked.forget();
        let Some(watch) = &mut self.watch else { return };
        for path in self.maps.by_path.keys() {
            watch.retain(parent(path));
            if let Some(stamp) = Stamp::of_file(Path::new(path.as_ref())) {
                self.maps.linked.note(path, &stamp, watch);
            }
        }
    }

    /// The module whose map has changed, if `path` is one.
    pub fn take_map_change(&mut self, path: &str) -> Option<ModuleId> {
        let map = self.maps.by_path.get_mut(path)?;
        let now = Fingerprint::of_file(Path::new(path));
        // It is written anew, or Node has what it held.
        if now == Fingerprint::Absent || map.seen == now {
            return None;
        }
        map.seen = now;
        Some(map.module)
    }
}

/// What a regular file holds.
fn text_of(path: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    open(Path::new(path)).ok()?.0.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
