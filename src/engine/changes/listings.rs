//! Folders whose modules a package has found by listing them: a new file there is not loaded until a restart; a line says so.
//!
//! ```text
//!   node_modules/autoload/index.js ─import()─▶ routes/users/index.js     the folders `routes/users`, `routes/posts` are listings
//!                                  ─import()─▶ routes/posts/index.js
//!   routes/tags/index.js comes                                           nothing imports it for a second: reported
//! ```
//!
//! A file that a module is about to import is none of that: only packages list folders of the user's, only what they have imported
//! the like of counts, and only if nothing has imported it a moment later.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::{EdgeKind, ModuleId, ModuleKind};
use crate::package::installed_root;
use crate::skipped::is_skipped_folder;
use crate::watch::{join, parent};

use super::{Changes, View};
use crate::engine::modules::Modules;

/// How long after it came a new file may be imported for nothing to be said.
const AFTER: Duration = Duration::from_secs(1);

/// So many new folders are watched, and so many new files looked at in one go: more are no work of an editor.
const MANY: usize = 100;

/// What is said of new files that nothing has imported, by their names.
pub fn describe(mut names: Vec<String>) -> String {
    let (files, it, is) = match names.len() {
        1 => ("file", "it", "it is"),
        _ => ("files", "them", "they are"),
    };
    names.sort_unstable();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "new {files} {}{more}: nothing has imported {it}; if {is} found by listing a folder, restart to load {it}",
        names.join(", ")
    )
}

/// So many of them are named.
const NAMED: usize = 5;

/// What a file is named that Node, or a loader, takes for a module.
const EXTENSIONS: [&str; 8] = ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"];

/// The names that a folder holds.
type Names = FxHashSet<Box<str>>;

/// Folders of which a package has imported modules, and what has come to them.
#[derive(Default)]
pub struct Listings {
    /// What each held when the first of its modules was imported.
    folders: FxHashMap<Arc<str>, Names>,
    /// Folders that came next to them, or into them.
    fresh: FxHashMap<Arc<str>, Names>,
    came: Vec<Arc<str>>,
    due: Option<Instant>,
}

impl Listings {
    pub fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Whether a folder is a listing, or holds one.
    fn is_around(&self, folder: &str) -> bool {
        self.folders.contains_key(folder)
            || self.fresh.contains_key(folder)
            || self.folders.keys().any(|listing| parent(listing) == folder)
    }

    /// A file has come. Returns whether it is a new one of a listing.
    fn note(&mut self, path: &str) -> bool {
        let folder = parent(path);
        let names = self.folders.get_mut(folder).or_else(|| self.fresh.get_mut(folder));
        let name = Path::new(path).file_name().and_then(|name| name.to_str());
        let (Some(names), Some(name)) = (names, name) else { return false };
        let is_new = self.came.len() < MANY && is_module(name) && names.insert(name.into());
        if is_new {
            self.came.push(path.into());
        }
        is_new
    }
}

/// A module that a package has imported, and which.
struct Listed<'a> {
    folder: &'a str,
    stem: &'a str,
    by: ModuleId,
}

impl Changes {
    /// `importer` has imported `target`, other than statically.
    pub fn note_listing(&mut self, modules: &Modules, importer: ModuleId, target: ModuleId) {
        let target = modules.get(target);
        let folder = parent(&target.path);
        if target.kind == ModuleKind::Virtual
            || self.listings.folders.contains_key(folder)
            || installed_root(&modules.get(importer).path).is_none()
            || installed_root(&target.path).is_some()
        {
            return;
        }
        let names = entries(folder).map(|(name, _)| name.into()).collect();
        self.listings.folders.insert(folder.into(), names);
    }

    /// A file has come, maybe a new one.
    pub(super) fn file_appeared(&mut self, path: &str, now: Instant) {
        if self.listings.note(path) {
            self.listings.due = Some(now + AFTER);
            self.waker.wake();
        }
    }

    /// A folder has come: what comes into it, and what came with it, counts too.
    pub(super) fn folder_appeared(&mut self, folder: &str, now: Instant) {
        if self.listings.folders.is_empty()
            || !self.listings.is_around(parent(folder))
            || self.listings.fresh.len() >= MANY
            || self.listings.fresh.contains_key(folder)
        {
            return;
        }
        self.retain_folder(folder);
        self.listings.fresh.insert(folder.into(), Names::default());
        for (name, is_folder) in entries(folder).collect::<Vec<_>>() {
            let path = join(folder, &name);
            if is_folder && !is_skipped_folder(&name) {
                self.folder_appeared(&path, now);
            } else if !is_folder {
                self.file_appeared(&path, now);
            }
        }
    }

    /// New files that nothing has imported, if it is time to report them.
    pub fn take_unlisted(&mut self, now: Instant, view: View) -> Vec<Arc<str>> {
        if self.listings.due.take_if(|due| *due <= now).is_none() {
            return Vec::new();
        }
        let mut came = std::mem::take(&mut self.listings.came);
        if view.lifecycle.is_prelinking() {
            return Vec::new();
        }
        let listed = self.listed(view.modules);
        came.retain(|path| self.is_unused(view.modules, path) && is_like(&listed, path));
        came
    }

    /// What packages have imported of the user's, other than statically.
    fn listed<'a>(&self, modules: &'a Modules) -> Vec<Listed<'a>> {
        let mut listed = Vec::new();
        for id in modules.ids() {
            let path = &modules.get(id).path;
            let folder = parent(path);
            if !self.listings.folders.contains_key(folder) {
                continue;
            }
            let importers = modules.importers(id).into_iter().filter(|(by, edge)| {
                edge.kind != EdgeKind::Static && installed_root(&modules.get(*by).path).is_some()
            });
            let mut by: Vec<_> = importers.map(|(by, _)| by).collect();
            by.sort_unstable();
            by.dedup();
            listed.extend(by.into_iter().map(|by| Listed { folder, stem: stem(path), by }));
        }
        listed
    }

    /// Whether the file is there, and is no module, nor awaited or watched by anybody.
    fn is_unused(&self, modules: &Modules, path: &str) -> bool {
        let real = std::fs::canonicalize(path).ok();
        let Some(real) = real.as_deref().filter(|it| it.is_file()).and_then(Path::to_str) else {
            return false;
        };
        let is_known = |path: &str| {
            modules.known_as(path).is_some() || self.restart.have(path) || self.watched.have(path)
        };
        !is_known(path)
            && !is_known(real)
            && !self.missing.may_be(path)
            && modules.judge(real, &[path]).0 != ModuleKind::Ignored
    }
}

/// Whether one importer has imported at least two of the like of the file at `path`: modules of its folder and of those in it; for a
/// folder of which there is none, of the folders next to it.
fn is_like(listed: &[Listed], path: &str) -> bool {
    let folder = parent(path);
    let of = |at: &str| {
        let is_of = |it: &&Listed| it.folder == at || parent(it.folder) == at;
        listed.iter().filter(is_of).collect::<Vec<_>>()
    };
    let is_own = listed.iter().any(|it| it.folder == folder);
    let mut above =
        std::iter::successors(Some(folder), |at| Some(parent(at)).filter(|up| up != at));
    let place =
        if is_own { Some(folder) } else { above.by_ref().skip(1).find(|at| !of(at).is_empty()) };
    let Some(place) = place else { return false };
    let around = of(place);
    // Those at the level of the new file.
    let peers = around.iter().filter(|it| (it.folder == place) == is_own);
    let peers: Vec<_> = peers.collect();
    let needs_index = !peers.is_empty() && peers.iter().all(|it| it.stem == "index");
    if peers.is_empty() || (needs_index && stem(path) != "index") {
        return false;
    }
    peers.iter().any(|peer| around.iter().filter(|it| it.by == peer.by).count() > 1)
}

/// What is in a folder, and whether that is one.
fn entries(folder: &str) -> impl Iterator<Item = (String, bool)> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        Some((entry.file_name().to_str()?.to_owned(), is_folder))
    })
}

/// The name of a file up to its first dot.
fn stem(path: &str) -> &str {
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}

/// Whether a file of that name may be loaded by a package that lists its folder: no declarations, no tests.
fn is_module(name: &str) -> bool {
    let mut parts = name.split('.').rev();
    let is_source = parts.next().is_some_and(|it| EXTENSIONS.contains(&it));
    let kind = parts.next();
    is_source
        && !name.starts_with('.')
        && kind.is_some_and(|it| !["d", "test", "spec"].contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_like_of_what_one_package_has_imported() {
        for (modules, path, expected) in [
            (vec!["/r/a.js 1", "/r/b.js 1"], "/r/c.js", true),
            (vec!["/r/a.js 1", "/r/b.js 2"], "/r/c.js", false),
            (vec!["/r/a.js 1"], "/r/c.js", false),
            (vec!["/r/x/index.js 1", "/r/y/index.js 1"], "/r/z/index.js", true),
            (vec!["/r/x/index.js 1", "/r/y/index.js 1"], "/r/z/util.js", false),
            (vec!["/r/x/index.js 1", "/r/y/index.js 1"], "/r/x/util.js", false),
            (vec!["/r/x/index.js 1", "/r/y/index.js 1"], "/r/z/deep/index.js", true),
            (vec!["/r/x/index.js 1", "/r/y/index.js 1"], "/other/z/index.js", false),
            (vec!["/r/root.js 1", "/r/x/index.js 1"], "/r/z/index.js", true),
            (vec!["/r/root.js 1", "/r/x/index.js 1"], "/r/more.js", true),
            (vec!["/r/x/a.js 1", "/r/y/b.js 1"], "/r/z/c.js", true),
            (vec!["/r/a.js 1", "/r/b.js 1"], "/r/new/c.js", false),
            (vec![], "/r/c.js", false),
        ] {
            let listed: Vec<_> = modules
                .iter()
                .map(|module| {
                    let (path, by) = module.split_once(' ').unwrap();
                    let by = ModuleId::new(by.parse().unwrap());
                    Listed { folder: parent(path), stem: stem(path), by }
                })
                .collect();
            assert_eq!(is_like(&listed, path), expected, "{path} after {modules:?}");
        }
    }

    #[test]
    fn what_may_be_loaded() {
        for (name, expected) in [
            ("a.js", true),
            ("a.b.mts", true),
            ("a.d.ts", false),
            ("a.test.js", false),
            ("a.spec.tsx", false),
            (".a.js", false),
            ("js", false),
            ("a.json", false),
            ("a.js~", false),
        ] {
            assert_eq!(is_module(name), expected, "{name}");
        }
    }
}
