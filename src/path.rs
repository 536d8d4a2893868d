//! Paths as text: resolved and made relative without asking the file system.

use crate::url::path_of;
use crate::watch::parent;
use std::path::{Component, Path, PathBuf};

/// `path` from `base`, without `.` and `..`.
pub fn resolve(base: &str, path: &str) -> String {
    let mut result = PathBuf::new();
    for component in Path::new(base).join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result.to_string_lossy().into_owned()
}

/// `path` as seen from the directory `base`, with forward slashes; `path` itself if they have nothing in common.
pub fn relative(base: &str, path: &str) -> String {
    let (from, to): (Vec<_>, Vec<_>) =
        (Path::new(base).components().collect(), Path::new(path).components().collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return path.to_owned();
    }
    let up = from[common..].iter().map(|_| "..".to_owned());
    let down = to[common..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// The path that `specifier` asks for, if it says one.
pub fn expected(importer: &str, specifier: &str) -> Option<String> {
    if let Some(path) = path_of(specifier) {
        return Some(path);
    }
    let relative = specifier.starts_with("./") || specifier.starts_with("../");
    if !relative && !specifier.starts_with('/') {
        return None;
    }
    let path = percent_encoding::percent_decode_str(specifier.split(['?', '#']).next()?)
        .decode_utf8()
        .ok()?;
    Some(resolve(parent(importer), &path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_like_node() {
        for (base, path, expected) in [
            ("/a/b", "./c", "/a/b/c"),
            ("/a/b", "../c/./d", "/a/c/d"),
            ("/a", "/x/../y", "/y"),
            ("/", "../..", "/"),
        ] {
            assert_eq!(resolve(base, path), expected);
        }
    }

    #[test]
    fn relative_like_node() {
        for (base, path, expected) in [
            ("/a/b", "/a/b/c.mjs", "c.mjs"),
            ("/a/b", "/a/c/d.mjs", "../c/d.mjs"),
            ("/a", "/a", ""),
            ("", "data:", "data:"),
            ("/a", "data:", "data:"),
        ] {
            assert_eq!(relative(base, path), expected, "{base} {path}");
        }
    }
}
