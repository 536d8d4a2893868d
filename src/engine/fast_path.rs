//! Static imports about which Node need not be asked: it has told where such files of the directory are, and what.
//!
//! Node takes long to find that `./b.mjs` next to `a.mjs` is `b.mjs`: longer than all of our own work. What it says of
//! the first file of a directory holds for its siblings, if they are there and no symlinks: the directory's real path,
//! and what kind of module a file with that extension is. Anything else is left to Node, and so is every error.

use rustc_hash::FxHashMap;

use crate::error::NotDynamicError;
use crate::graph::instance::Body;
use crate::graph::life::Evaluation;
use crate::graph::{ModuleId, ThreadId};
use crate::url::path_of;
use crate::watch::parent;

use super::Engine;
use super::hooks::Import;

/// What Node has said, by thread and by the directory's URL, which ends with a slash.
#[derive(Default)]
pub(super) struct FastPath(FxHashMap<ThreadId, FxHashMap<Box<str>, Directory>>);

/// A directory that no symlink leads to.
struct Directory {
    /// With a slash at its end.
    path: Box<str>,
    /// Files of these extensions are ES modules.
    modules: Vec<Extension>,
}

/// What a module's name may end with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extension {
    /// An ES module, whatever package it is in.
    Mjs,
    /// What the package says.
    Js,
}

impl Extension {
    fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.')? {
            ("", _) => None,
            (_, "mjs") => Some(Self::Mjs),
            (_, "js") => Some(Self::Js),
            _ => None,
        }
    }
}

impl FastPath {
    /// Nothing is known any more: paths, or packages, may have changed.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// A thread has ended.
    pub(super) fn forget(&mut self, thread: ThreadId) {
        self.0.remove(&thread);
    }
}

impl Engine {
    /// As [`Engine::resolve`], for an import that Node has not resolved. Returns the URL to load; `None` if Node is to be
    /// asked, or if there is work to be done before.
    ///
    /// # Errors
    /// Those of [`Engine::resolve`].
    pub fn resolve_directly(&mut self, import: &Import) -> Result<Option<String>, NotDynamicError> {
        if !self.has_no_work(import.thread) {
            return Ok(None);
        }
        let Some(url) = self.shortcut(import) else { return Ok(None) };
        Ok(Some(self.resolve(import, &url)?.unwrap_or(url)))
    }

    /// The URL that a static import means beyond doubt.
    fn shortcut(&mut self, import: &Import) -> Option<String> {
        let importer = import.parent?;
        let instance = self.instances.find(import.thread, importer)?;
        if instance.life.evaluation() != Evaluation::Linking || instance.body == Body::CommonJs {
            return None;
        }
        let url = join(importer, import.specifier)?;
        let (directory, name) = url.split_at(url.rfind('/')? + 1);
        let known = self.fast_path.0.get(&import.thread)?.get(directory)?;
        if !known.modules.contains(&Extension::of(name)?) {
            return None;
        }
        let path = format!("{}{name}", known.path);
        if !std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file()) {
            return None;
        }
        if self.urls.meaning(&url).is_none() {
            let module = self.module_at_real(&path);
            self.urls.record(&url, module);
        }
        Some(url)
    }

    /// Node itself says that `url`, which stands for `module`, is an ES module, and nobody had a hand in it.
    pub fn record_format(&mut self, thread: ThreadId, url: &str) {
        let Some(module) = self.urls.meaning(url).filter(|m| m.version == 0).map(|m| m.module)
        else {
            return;
        };
        let Some((directory, extension)) = self.lesson(url, module) else { return };
        let known = self.fast_path.0.entry(thread).or_default();
        if let Some(known) = known.get_mut(directory) {
            if !known.modules.contains(&extension) {
                known.modules.push(extension);
            }
            return;
        }
        let path = &self.graph.get(module).path;
        let path = path[..path.len() - (url.len() - directory.len())].into();
        known.insert(directory.into(), Directory { path, modules: vec![extension] });
    }

    /// The directory's URL, and the extension, of which `url` teaches something.
    fn lesson<'a>(&self, url: &'a str, module: ModuleId) -> Option<(&'a str, Extension)> {
        let (directory, name) = url.split_at(url.rfind('/')? + 1);
        let extension = Extension::of(name)?;
        let path = &self.graph.get(module).path;
        // On Windows paths are written otherwise. A link on the way makes Node's answer another for each file.
        let is_plain = !cfg!(windows) && is_plain(name) && path_of(url)? == **path;
        let holds = extension == Extension::Mjs || self.sees_packages(parent(path));
        (is_plain && holds).then_some((directory, extension))
    }

    /// Whether a package.json that comes between `directory` and the one that counts now would be noticed in time.
    fn sees_packages(&self, directory: &str) -> bool {
        let Some(watch) = &self.watch else { return false };
        let mut directory = directory;
        while watch.sees_at_once(directory) {
            if std::path::Path::new(directory).join("package.json").is_file() {
                return true;
            }
            directory = parent(directory);
        }
        false
    }
}

/// The URL of `./name`, `../name` and the like as seen from the module `importer`, if nothing in it needs thought.
fn join(importer: &str, specifier: &str) -> Option<String> {
    let importer = importer.split(['?', '#']).next()?;
    let mut directory = &importer[..=importer.rfind('/')?];
    let mut rest = specifier;
    if let Some(below) = rest.strip_prefix("./") {
        rest = below;
    }
    while let Some(above) = rest.strip_prefix("../") {
        let without_slash = &directory[..directory.len() - 1];
        directory = &without_slash[..=without_slash.rfind('/')?];
        rest = above;
    }
    let is_relative = rest.len() < specifier.len();
    (is_relative && directory.starts_with("file:///") && rest.split('/').all(is_plain))
        .then(|| format!("{directory}{rest}"))
}

/// Whether a segment of a path stands for itself in a URL, and in the file system.
fn is_plain(segment: &str) -> bool {
    let stands_for_itself =
        |byte: u8| byte.is_ascii_alphanumeric() || b"_-.$@+=,()".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(stands_for_itself)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_what_needs_no_thought() {
        let importer = "file:///app/a%20b/x.mjs?q=/../#/";
        for (specifier, expected) in [
            ("./y.mjs", Some("file:///app/a%20b/y.mjs")),
            ("../y.mjs", Some("file:///app/y.mjs")),
            ("./../y.mjs", Some("file:///app/y.mjs")),
            ("../../c/(d).js", Some("file:///c/(d).js")),
            ("./[d].js", None),
            ("./~d.js", None),
            ("../../../y.mjs", None),
            ("./c/../y.mjs", None),
            ("././y.mjs", None),
            ("./c//y.mjs", None),
            (".//y.mjs", None),
            ("./y.mjs?q", None),
            ("./y.mjs#f", None),
            ("./%79.mjs", None),
            ("./a b.mjs", None),
            ("./é.mjs", None),
            ("./a\\b.mjs", None),
            ("./c/", None),
            ("./", None),
            ("..", None),
            ("y.mjs", None),
            (".y.mjs", None),
            ("#y.mjs", None),
            ("/y.mjs", None),
            ("file:///y.mjs", None),
            ("", None),
        ] {
            assert_eq!(join(importer, specifier).as_deref(), expected, "{specifier}");
        }
        assert_eq!(join("data:text/javascript,a/b", "./y.mjs"), None);
        assert_eq!(join("file://host/a/b.mjs", "./y.mjs"), None);
        assert_eq!(join("node:fs", "./y.mjs"), None);
    }

    #[test]
    fn extensions_that_say_what_a_file_is() {
        for (name, expected) in [
            ("a.mjs", true),
            ("a.b.mjs", true),
            ("a.js", true),
            (".mjs", false),
            ("mjs", false),
            ("a.MJS", false),
            ("a.cjs", false),
            ("a.ts", false),
            ("a.json", false),
        ] {
            assert_eq!(Extension::of(name).is_some(), expected, "{name}");
        }
    }
}
