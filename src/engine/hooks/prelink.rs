//! A process that was started ahead has linked its app and run nothing of it. Before it runs, what has changed since is
//! forgotten, with all that is linked to it, and loaded anew.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustc_hash::FxHashSet;

use crate::graph::{ModuleId, ThreadId, Visited};
use crate::stamp::changed_at;

use crate::engine::Engine;
use crate::engine::update::Update;

/// The kernel looks at its clock only now and then to tell when files change.
const GRAIN: Duration = Duration::from_millis(20);

impl Engine {
    /// From now on until [`Engine::drop_stale_prelink`] the thread links, and runs nothing.
    pub fn begin_prelink(&mut self) {
        self.lifecycle.begin_prelink();
    }

    /// The thread has linked the app whose entry is `entry`, and is about to run it. What it linked to is forgotten where a
    /// file has changed, upwards to the entry. Returns the URLs that Node is to forget, too; `None` if something has
    /// changed that cannot be loaded anew: only another process can run the app.
    pub fn drop_stale_prelink(
        &mut self,
        thread: ThreadId,
        entry: &str,
        now: Instant,
    ) -> Option<Vec<Arc<str>>> {
        let since = self.lifecycle.end_prelink()? - GRAIN;
        self.app_begins();
        self.await_matches(now);
        self.collect(now);
        self.decide_undecided();
        if let Some(thread) = self.threads.get_mut(&thread) {
            // Whoever asked for the restart knows.
            thread.pending = Update::default();
        }
        self.outcomes.forget();
        if self.surroundings().iter().any(|path| is_newer(path, since)) {
            return None;
        }
        let entry = self.modules.meaning(entry)?.module;
        let stale = self.linked_to_changes(entry);
        let is_linked = |&id: &ModuleId| {
            self.modules.get(id).is_es
                && self.lifecycle.of_module(id).all(|i| i.thread == thread && i.order == 0)
        };
        if !stale.iter().all(is_linked) {
            return None;
        }
        self.modules.next_generation();
        Some(stale.into_iter().flat_map(|id| self.unload(id)).collect())
    }

    /// The entry, modules whose files have changed, and all that imports them.
    fn linked_to_changes(&self, entry: ModuleId) -> Vec<ModuleId> {
        let mut visited = Visited::default();
        let has_changed = |id: &ModuleId| {
            let module = self.modules.get(*id);
            let is_read =
                module.content.is_begun() && !module.is_non_reloadable() && !module.pruned;
            is_read && module.content.read() != Some(self.fingerprint(*id))
        };
        let changed = std::iter::once(entry).chain(self.modules.ids().filter(has_changed));
        let mut found: Vec<_> = changed.filter(|&id| visited.insert(id)).collect();
        let mut at = 0;
        while let Some(&id) = found.get(at) {
            let importers = self.modules.importers(id);
            found.extend(importers.iter().map(|(id, _)| *id).filter(|&id| visited.insert(id)));
            at += 1;
        }
        found
    }

    /// As if nobody had ever begun to load the module. Returns the URLs of what it was.
    fn unload(&mut self, id: ModuleId) -> Vec<Arc<str>> {
        let instances: Vec<_> =
            self.lifecycle.of_module(id).map(|i| (i.id, i.thread, i.url.clone())).collect();
        self.modules.content_mut(id).unload();
        let unload = |(instance, thread, url): (_, _, Arc<str>)| {
            self.modules.drop_older_edges(thread, id, u32::MAX);
            self.lifecycle.forget(instance);
            url
        };
        instances.into_iter().map(unload).collect()
    }

    /// What nobody watches, and what decides where imports lead: packages, and their manifests.
    fn surroundings(&self) -> FxHashSet<PathBuf> {
        let mut found = FxHashSet::default();
        for id in self.modules.ids() {
            let path = Path::new(self.modules.get(id).path.as_ref());
            let is_package = path.iter().any(|name| name == "node_modules");
            if is_package {
                found.insert(path.to_owned());
            }
            for folder in path.ancestors().skip(1) {
                if !found.insert(folder.join("package.json")) {
                    break;
                }
                found.insert(folder.join("node_modules"));
                if is_package && folder.iter().any(|name| name == "node_modules") {
                    found.insert(folder.to_owned());
                }
            }
        }
        found
    }
}

/// Whether the file is there, and has changed since: its bytes, its name or what a folder holds.
fn is_newer(path: &Path, since: SystemTime) -> bool {
    let is_newer = |path: &Path| std::fs::metadata(path).is_ok_and(|it| changed_at(&it) > since);
    is_newer(path) && !(path.ends_with("node_modules") && has_only_cache_since(path, is_newer))
}

/// Whether the last that happened to a folder of packages is that `.cache` came, as it does when an app leaves its pointer, and
/// no package in it is newer.
fn has_only_cache_since(folder: &Path, is_newer: impl Fn(&Path) -> bool) -> bool {
    let Ok(changed) = std::fs::metadata(folder).map(|it| changed_at(&it)) else { return false };
    let Ok(came) = std::fs::metadata(folder.join(".cache")).and_then(|it| it.created()) else {
        return false;
    };
    let Ok(mut entries) = std::fs::read_dir(folder) else { return false };
    let is_package = |name: &std::ffi::OsStr| !name.to_string_lossy().starts_with('.');
    changed <= came + GRAIN
        && entries.all(|entry| {
            entry.is_ok_and(|it| !is_package(&it.file_name()) || !is_newer(&it.path()))
        })
}
