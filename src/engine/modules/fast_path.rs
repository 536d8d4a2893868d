//! What Node has said of directories: where they are, and what kind of module a file with an extension is.
//!
//! Node takes long to find that `./b.mjs` next to `a.mjs` is `b.mjs`: longer than all of our own work. What it says of
//! the first file of a directory holds for its siblings, if they are there and no symlinks: the directory's real path,
//! and what kind of module a file with that extension is. Anything else is left to Node, and so is every error.

use rustc_hash::FxHashMap;

use crate::graph::ThreadId;
use crate::url::path_of;

/// What Node has said, by thread and by the directory's URL, which ends with a slash.
#[derive(Default)]
pub struct FastPath(FxHashMap<ThreadId, FxHashMap<Box<str>, Directory>>);

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
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The URL, and the path, that a static import means if a file that is no symlink is there.
    pub fn sibling(
        &self,
        thread: ThreadId,
        importer: &str,
        specifier: &str,
    ) -> Option<(String, String)> {
        let url = join(importer, specifier)?;
        let (directory, name) = url.split_at(url.rfind('/')? + 1);
        let known = self.0.get(&thread)?.get(directory)?;
        let path = format!("{}{name}", known.path);
        known.modules.contains(&Extension::of(name)?).then_some((url, path))
    }

    /// Node says that `url`, which stands for the file at `path`, is an ES module. `sees_packages`: a package.json that says
    /// otherwise would be noticed in time.
    pub fn record(
        &mut self,
        thread: ThreadId,
        url: &str,
        path: &str,
        sees_packages: impl FnOnce() -> bool,
    ) -> Option<()> {
        let (directory, name) = url.split_at(url.rfind('/')? + 1);
        let extension = Extension::of(name)?;
        // On Windows paths are written otherwise. A link on the way makes Node's answer another for each file.
        let is_plain = !cfg!(windows) && is_plain(name) && path_of(url)? == path;
        if !is_plain || (extension == Extension::Js && !sees_packages()) {
            return None;
        }
        let known = self.0.entry(thread).or_default().entry(directory.into());
        let known = known.or_insert_with(|| Directory {
            path: path[..path.len() - name.len()].into(),
            modules: Vec::new(),
        });
        if !known.modules.contains(&extension) {
            known.modules.push(extension);
        }
        Some(())
    }

    /// A thread has ended.
    pub fn forget(&mut self, thread: ThreadId) {
        self.0.remove(&thread);
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
