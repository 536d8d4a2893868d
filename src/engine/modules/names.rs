//! By what names modules are known: URLs, paths through symlinks, the real paths of directories.

use std::sync::Arc;

use crate::graph::{ModuleId, ModuleKind, ThreadId};
use crate::url::Meaning;

use super::Modules;

impl Modules {
    /// What `url` stands for; `None` if neither it nor what it would be without a version was seen before.
    pub fn meaning(&self, url: &str) -> Option<Meaning> {
        self.urls.meaning(url)
    }

    /// `url`, which has no version of ours, stands for the module.
    pub fn record(&mut self, url: &str, module: ModuleId) -> Meaning {
        let clean = self.urls.record(url, module);
        Meaning { module, clean, version: 0 }
    }

    /// The URLs of a module, without versions.
    pub fn urls_of(&self, id: ModuleId) -> &[Arc<str>] {
        self.urls.of_module(id)
    }

    /// The version at which a URL is loaded now: CommonJS has no query, whatever version it is at.
    pub fn version_of(&self, meaning: &Meaning) -> u32 {
        if meaning.version == 0 { self.get(meaning.module).version } else { meaning.version }
    }

    /// The URL by which a module is loaded at that version.
    pub fn url_at(&mut self, meaning: &Meaning, version: u32) -> String {
        let module = self.get(meaning.module);
        if version == 0 || module.keeps_url {
            return meaning.clean.to_string();
        }
        self.urls.issue(&meaning.clean, version)
    }

    /// The URL by which an `import` loads the module now.
    pub fn url_to_load(&mut self, target: &Meaning) -> String {
        self.url_at(target, self.get(target.module).version)
    }

    /// The URL, and the path, that a static import means beyond doubt if a file that is no symlink is there.
    pub fn sibling(
        &self,
        thread: ThreadId,
        importer: &str,
        specifier: &str,
    ) -> Option<(String, String)> {
        self.fast_path.sibling(thread, importer, specifier)
    }

    /// Node itself says that `url` is an ES module. `sees_packages`: whether a package.json that says otherwise of the file at that
    /// path would be noticed in time.
    pub fn record_format(
        &mut self,
        thread: ThreadId,
        url: &str,
        sees_packages: impl FnOnce(&str) -> bool,
    ) {
        let Some(meaning) = self.urls.meaning(url).filter(|it| it.version == 0) else { return };
        let path = &self.graph.get(meaning.module).path;
        self.fast_path.record(thread, url, path, || sees_packages(path));
    }

    /// What package.json files say may have changed.
    pub fn forget_formats(&mut self) {
        self.fast_path.clear();
    }

    /// Directories may be others.
    pub fn forget_directories(&mut self) {
        self.fast_path.clear();
        self.real_directories.clear();
    }

    /// The real path of a directory, if that was asked for before.
    pub fn real_directory(&self, directory: &str) -> Option<&Arc<str>> {
        self.real_directories.get(directory)
    }

    /// The real path of a directory: it is asked for once, as Node does.
    pub fn record_real_directory(&mut self, directory: &str, real: &Arc<str>) {
        self.real_directories.insert(directory.into(), real.clone());
    }

    /// `path` leads to the module through these symlinks. Returns those that are new.
    pub fn add_alias(&mut self, path: &str, id: ModuleId, links: Vec<String>) -> Vec<String> {
        let alias: Arc<str> = path.into();
        self.aliases.insert(alias.clone(), id);
        self.generation += 1;
        let is_new = |link: &String| {
            let through = self.links.entry(link.as_str().into()).or_default();
            let is_new = through.is_empty();
            if !through.contains(&alias) {
                through.push(alias.clone());
            }
            is_new
        };
        links.into_iter().filter(is_new).collect()
    }

    /// Whether `path` is a symlink that leads to modules.
    pub fn is_link(&self, path: &str) -> bool {
        self.links.contains_key(path)
    }

    /// A symlink may lead elsewhere. Returns the paths that go through it, and the modules that they led to.
    pub fn retarget(&mut self, link: &str) -> Vec<(Arc<str>, ModuleId)> {
        let Some(aliases) = self.links.get(link) else { return Vec::new() };
        self.real_directories.clear();
        let known = aliases.iter().filter_map(|it| Some((it.clone(), *self.aliases.get(it)?)));
        known.collect()
    }

    /// The path leads to no module any more.
    pub fn remove_alias(&mut self, path: &str) {
        self.aliases.remove(path);
    }

    /// Whether `path` leads to the module through a symlink.
    pub fn is_alias(&self, path: &str, id: ModuleId) -> bool {
        self.aliases.get(path) == Some(&id)
    }

    /// Whether `url` is known as a URL of the module.
    pub fn stands_for(&self, url: &str, id: ModuleId) -> bool {
        self.urls.stands_for(url, id)
    }

    /// From now on `url` stands for the module.
    pub fn rebind(&mut self, url: &str, id: ModuleId) {
        self.urls.rebind(url, id);
    }

    /// The module at `path`, which may go through a symlink.
    pub fn known_as(&self, path: &str) -> Option<ModuleId> {
        self.graph.find(path).or_else(|| self.aliases.get(path).copied())
    }

    /// Paths that lead to modules through symlinks.
    pub fn aliases(&self) -> impl Iterator<Item = &Arc<str>> {
        self.aliases.keys()
    }

    /// The files of modules that may be reloaded, and the symlinks that lead to modules: their directories are watched.
    pub fn watched_paths(&self) -> impl Iterator<Item = &Arc<str>> {
        let modules = self.ids().map(|id| self.get(id));
        let modules = modules.filter(|module| module.kind == ModuleKind::File && !module.pruned);
        modules.map(|module| &module.path).chain(self.links.keys())
    }
}
