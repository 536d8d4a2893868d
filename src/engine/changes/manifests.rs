//! What Node goes by when it resolves, and remembers until it ends: each package.json, the links in `node_modules`, and that a
//! package was not there. What changes of that asks for a restart.
//!
//! ```text
//!   /app/src/x.mjs ──▶ /app/src/package.json (none) ──▶ /app/package.json        what says how x.mjs is to be read
//!   /app/node_modules/lib/dist/y.mjs ──▶ … ──▶ /app/node_modules/lib/package.json  and which files the package has
//!   /app/node_modules/lib ──link──▶ /app/packages/lib                            what an update points elsewhere
//! ```

use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::decision::{FullReload, Reason};
use crate::package::{self, Manifest, holds_packages, installed_root};
use crate::watch::{join, parent};

use super::Changes;
use crate::engine::modules::Modules;

/// The fields by which Node goes in a project of the user's.
const OWN: [&str; 4] = ["type", "main", "exports", "imports"];

/// Those that count for a file although another package.json names the package.
const SCOPE: [&str; 2] = ["type", "imports"];

/// What is known of package.json files, and of packages that are waited for.
#[derive(Default)]
pub struct Manifests {
    known: FxHashMap<Arc<str>, Known>,
    /// Folders of modules, and those above them up to their package.
    folders: FxHashSet<Arc<str>>,
    /// Links to packages, and where they led.
    links: FxHashMap<Arc<str>, Arc<str>>,
    /// From which folders packages were imported, and by what names.
    named: FxHashSet<(Arc<str>, Arc<str>)>,
    awaited: Vec<Awaited>,
    /// Folders that are watched because of all that.
    retained: FxHashSet<Arc<str>>,
}

/// A package.json, or the place where there is none.
struct Known {
    /// What it held when it was first needed: Node goes by that.
    runs: Option<Manifest>,
    /// What was last decided on.
    decided: Option<Manifest>,
}

/// A package that was not there, or is being updated.
struct Awaited {
    missing: Missing,
    /// An update that is reported when it is complete.
    update: Option<Reason>,
    /// Where something must come.
    folders: Vec<String>,
}

/// What was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The path of the module that wants it.
    pub importer: Arc<str>,
    /// What it wrote: the name of a package, or what `imports` maps.
    pub specifier: Arc<str>,
    /// By `require()`.
    pub required: bool,
}

impl Manifests {
    /// Whether a change of `path` could mean something.
    pub fn concern(&self, path: &str) -> bool {
        self.known.contains_key(path)
            || self.links.contains_key(path)
            || self.awaited.iter().any(|it| it.is_concerned(path))
    }

    /// The paths whose change could mean something.
    pub fn paths(&self) -> impl Iterator<Item = Arc<str>> {
        let folders = self.awaited.iter().flat_map(|it| &it.folders);
        let folders = folders.map(|folder| folder.as_str().into());
        self.known.keys().chain(self.links.keys()).cloned().chain(folders)
    }
}

impl Awaited {
    fn is_concerned(&self, path: &str) -> bool {
        self.folders.iter().any(|folder| folder == path || folder == parent(path))
    }
}

impl Changes {
    /// What was not found, and is not there yet.
    pub fn missing_packages(&self) -> impl Iterator<Item = &Missing> {
        self.manifests.awaited.iter().filter(|it| it.update.is_none()).map(|it| &it.missing)
    }

    /// The module at `path` is new: what Node goes by for it is read now, and watched.
    pub fn note_scope(&mut self, path: &str) {
        let mut folder = parent(path);
        while !self.manifests.folders.contains(folder) && !holds_packages(folder) {
            self.manifests.folders.insert(folder.into());
            if self.note_manifest(folder) || parent(folder) == folder {
                break;
            }
            folder = parent(folder);
        }
    }

    /// Returns whether the package begins there.
    fn note_manifest(&mut self, folder: &str) -> bool {
        let file = join(folder, "package.json");
        let is_root = holds_packages(parent(folder));
        if is_root {
            self.retain_folder(parent(folder));
        }
        let is_installed = is_root || installed_root(&file).is_some();
        // Before it is read: what comes after that is seen.
        if is_root {
            self.retain_installed(folder);
        } else if !is_installed && Path::new(&file).exists() {
            self.retain_folder(folder);
        }
        let found = Manifest::read(&file).ok().flatten();
        if is_installed && !is_root {
            if found.is_none() {
                return false;
            }
            self.retain_installed(folder);
        }
        let ends = is_root || found.as_ref().is_some_and(|manifest| manifest.name().is_some());
        self.manifests.known.insert(file.into(), Known { runs: found.clone(), decided: found });
        ends
    }

    /// A folder of an installed package. There may be thousands, so none is polled: an update that puts another folder in its
    /// place is seen above.
    fn retain_installed(&mut self, folder: &str) {
        if self.watch.as_ref().is_none_or(|watch| watch.has_events_for(folder)) {
            self.retain_folder(folder);
        }
    }

    pub fn retain_folder(&mut self, folder: &str) {
        if !self.manifests.retained.contains(folder) {
            self.manifests.retained.insert(folder.into());
            if let Some(watch) = &mut self.watch {
                watch.retain(folder);
            }
        }
    }

    /// They are watched again, after nothing was.
    pub fn watch_manifests(&mut self) {
        let Some(watch) = &mut self.watch else { return };
        for folder in &self.manifests.retained {
            watch.retain(folder);
        }
    }

    /// The module at `by` has found the one at `path` under that name: what was waited for, or what a link in `node_modules`
    /// leads to.
    pub fn note_package(&mut self, by: &Arc<str>, specifier: &str, path: &Arc<str>) {
        if !self.manifests.awaited.is_empty() {
            self.manifests.awaited.retain(|it| {
                let Missing { importer, specifier: wanted, .. } = &it.missing;
                it.update.is_some() || **importer != **by || **wanted != *specifier
            });
        }
        let name = match package::split(specifier) {
            Some((name, _)) => name,
            None if *specifier == **path => match installed_root(path).map(name_of) {
                Some(name) => name,
                None => return,
            },
            None => return,
        };
        if !self.manifests.named.insert((parent(by).into(), name.into())) {
            return;
        }
        if let Some((link, root)) = link_to(by, name) {
            self.retain_folder(parent(&link));
            self.note_scope(&join(&root, "package.json"));
            self.manifests.links.insert(link.into(), root.into());
        }
    }

    /// Nothing is waited for that is there: Node has found what it says by other means than ours.
    pub fn await_missing(&mut self, missing: Missing, update: Option<Reason>) {
        if self.manifests.awaited.iter().any(|it| it.missing == missing) {
            return;
        }
        let found = package::find(&missing.importer, &missing.specifier, missing.required);
        if found.file.is_some() || found.folders.is_empty() {
            return;
        }
        for folder in &found.folders {
            self.retain_folder(folder);
        }
        self.manifests.awaited.push(Awaited { missing, update, folders: found.folders });
    }

    /// Something has happened to `path`: does it concern what Node remembers? Returns the restarts to be asked for.
    pub fn manifest_changes(&mut self, path: &str, modules: &Modules) -> Vec<FullReload> {
        let manifest = self.manifest_change(path, modules);
        let link = self.package_link_change(path);
        let mut found: Vec<_> = manifest.into_iter().chain(link).collect();
        found.extend(self.awaited_changes(path));
        found
    }

    fn manifest_change(&mut self, path: &str, modules: &Modules) -> Option<FullReload> {
        let known = self.manifests.known.get_mut(path)?;
        // What is no JSON is about to be written; what a package has lost, to be installed.
        let now = Manifest::read(path).ok()?;
        let root = installed_root(path);
        if known.decided == now || (root.is_some() && now.is_none()) {
            return None;
        }
        known.decided.clone_from(&now);
        let runs = known.runs.clone();
        if let (Some(root), Some(now)) = (root, &now) {
            return self.updated(root, path, &runs.unwrap_or_default(), now, modules);
        }
        manifest_reload(path, self.changed_fields(path, runs, now))
    }

    /// What of the package.json at `path` is another for the modules that run.
    fn changed_fields(
        &self,
        path: &str,
        runs: Option<Manifest>,
        now: Option<Manifest>,
    ) -> Vec<&'static str> {
        match (runs, now) {
            (Some(runs), Some(now)) => runs.differs(&now, &OWN),
            (runs, now) => {
                let above = || self.manifest_above(parent(path));
                let runs = runs.or_else(above).unwrap_or_default();
                runs.differs(&now.or_else(above).unwrap_or_default(), &SCOPE)
            }
        }
    }

    /// The package.json that counts for `folder` if it has none.
    fn manifest_above(&self, folder: &str) -> Option<Manifest> {
        let mut folder = folder;
        while parent(folder) != folder {
            folder = parent(folder);
            let file = join(folder, "package.json");
            let found = match self.manifests.known.get(file.as_str()) {
                Some(known) => known.runs.clone(),
                None => Manifest::read(&file).ok().flatten(),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The package in `root` was updated, or edited by hand.
    fn updated(
        &mut self,
        root: &str,
        file: &str,
        runs: &Manifest,
        now: &Manifest,
        modules: &Modules,
    ) -> Option<FullReload> {
        if runs.version() == now.version() {
            return manifest_reload(file, runs.differs(now, &OWN));
        }
        let name = name_of(root);
        let update = update_of(name, runs, now);
        // Its files may come after its package.json.
        let importer = join(parent(&root[..root.len() - name.len()]), "package.json");
        let found = [false, true].map(|required| package::find(&importer, name, required));
        let is_found = found.iter().any(|found| found.file.is_some() || !found.is_expected);
        if is_found || has_all_files(modules, root) {
            return Some(FullReload::new(file.into(), update));
        }
        let (importer, specifier) = (importer.into(), name.into());
        self.await_missing(Missing { importer, specifier, required: true }, Some(update));
        None
    }

    /// A link may lead to another package now.
    fn package_link_change(&mut self, link: &str) -> Option<FullReload> {
        let before = self.manifests.links.get(link)?.clone();
        let today = std::fs::canonicalize(link).ok()?;
        let today = today.to_str()?;
        let now = Manifest::read(&join(today, "package.json")).ok()??;
        if today == &*before {
            return None;
        }
        let known = self.manifests.known.get(join(&before, "package.json").as_str());
        let runs = known.and_then(|known| known.runs.clone()).unwrap_or_default();
        self.manifests.links.insert(link.into(), today.into());
        Some(FullReload::new(link.into(), update_of(name_of(link), &runs, &now)))
    }

    fn awaited_changes(&mut self, path: &str) -> Vec<FullReload> {
        let concerned = |it: &mut Awaited| it.is_concerned(path);
        let concerned: Vec<_> = self.manifests.awaited.extract_if(.., concerned).collect();
        let mut reloads = Vec::new();
        for it in concerned {
            let Missing { importer, specifier, required } = &it.missing;
            let found = package::find(importer, specifier, *required);
            if let Some(file) = found.file.filter(|file| !self.settle.is_waiting(file)) {
                let reason = it.update.unwrap_or_else(|| Reason::Installed {
                    specifier: specifier.clone(),
                    importer: importer.clone(),
                });
                reloads.push(FullReload::new(file.into(), reason));
                continue;
            }
            for folder in &found.folders {
                self.retain_folder(folder);
            }
            self.manifests.awaited.push(Awaited { folders: found.folders, ..it });
        }
        reloads
    }
}

/// A restart because of these fields of a package.json, if there are any.
fn manifest_reload(path: &str, fields: Vec<&'static str>) -> Option<FullReload> {
    (!fields.is_empty()).then(|| FullReload::new(path.into(), Reason::Manifest { fields }))
}

/// Whether all modules of a package that have run are there.
fn has_all_files(modules: &Modules, root: &str) -> bool {
    let paths = modules.ids().map(|id| &modules.get(id).path);
    paths.filter(|path| installed_root(path) == Some(root)).all(|path| Path::new(&**path).is_file())
}

/// The name by which a package is installed in `root`.
fn name_of(root: &str) -> &str {
    let folder = parent(root);
    let folder = if package::is_modules_folder(folder) { folder } else { parent(folder) };
    root[folder.len()..].trim_start_matches(std::path::is_separator)
}

fn update_of(name: &str, runs: &Manifest, now: &Manifest) -> Reason {
    Reason::Updated { package: name.into(), from: runs.version(), to: now.version() }
}

/// The link by which the module at `importer` finds the package `name`, and where it leads; `None` if there is no link.
fn link_to(importer: &str, name: &str) -> Option<(String, String)> {
    let mut folder = parent(importer);
    loop {
        let root = join(&join(folder, "node_modules"), name);
        if let Ok(meta) = std::fs::symlink_metadata(&root) {
            let target = meta.is_symlink().then(|| std::fs::canonicalize(&root).ok()).flatten()?;
            return Some((root, target.to_str()?.to_owned()));
        }
        if parent(folder) == folder {
            return None;
        }
        folder = parent(folder);
    }
}
