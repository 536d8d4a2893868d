//! What Node says of imports that find nothing, or not what they ask for.

use crate::path::resolve;
use crate::url::path_of;

use super::stack::is_path;

/// An export that a module does not have.
pub struct Export<'a> {
    /// Its name.
    pub name: &'a str,
    /// How the module is called that should have it.
    pub specifier: &'a str,
}

/// The export that is missing, by what the error says.
pub fn export(message: &str) -> Option<Export<'_>> {
    let (before, after) = message.split_once("The requested module '")?;
    if let Some(name) = before.strip_prefix("Named export '") {
        let name = name.split('\'').next()?;
        return Some(Export { name, specifier: after.split('\'').next()? });
    }
    [" does not provide an export named '", " contains conflicting star exports for name '"]
        .iter()
        .find_map(|says| {
            let (specifier, name) = after.split_once(&format!("'{says}"))?;
            Some(Export { specifier, name: name.split('\'').next()? })
        })
}

/// What an import asks for that finds nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Paths, URLs or specifiers, the most telling first.
    targets: Vec<&'a str>,
    /// The path or URL of what imports it.
    pub importer: Option<&'a str>,
}

/// `None` if the error is of another kind.
pub fn wanted<'a>(code: Option<&str>, message: &'a str) -> Option<Wanted<'a>> {
    let is_of_import = matches!(
        code.unwrap_or_default(),
        "MODULE_NOT_FOUND"
            | "ERR_MODULE_NOT_FOUND"
            | "ERR_UNSUPPORTED_DIR_IMPORT"
            | "ERR_UNSUPPORTED_ESM_URL_SCHEME"
            | "ERR_UNSUPPORTED_RESOLVE_REQUEST"
            | "ERR_PACKAGE_PATH_NOT_EXPORTED"
            | "ERR_PACKAGE_IMPORT_NOT_DEFINED"
            | "ERR_INVALID_MODULE_SPECIFIER"
            | "ERR_INVALID_PACKAGE_TARGET"
            | "ERR_UNKNOWN_BUILTIN_MODULE"
            | "ERR_UNKNOWN_FILE_EXTENSION"
            | "ERR_UNKNOWN_MODULE_FORMAT"
            | "ERR_IMPORT_ATTRIBUTE_MISSING"
            | "ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE"
            | "ERR_IMPORT_ATTRIBUTE_UNSUPPORTED"
            | "ERR_IMPORT_ASSERTION_TYPE_MISSING"
            | "ERR_IMPORT_ASSERTION_TYPE_FAILED"
            | "ERR_IMPORT_ASSERTION_TYPE_UNSUPPORTED"
    );
    if code == Some("ERR_REQUIRE_ASYNC_MODULE") {
        return awaiting(message);
    }
    let line = message.lines().next()?;
    // Loaders in a thread of their own lose the code.
    let is_said =
        code.is_none() && line.starts_with("Cannot find ") && line.contains(" imported from ");
    if !is_of_import && !is_said {
        return None;
    }
    let (said, importer) = match line.rsplit_once(" imported from ") {
        Some((said, importer)) => (said, Some(importer.trim_end_matches('.'))),
        None => (line, None),
    };
    let mut targets: Vec<_> = in_quotes(said).collect();
    for mark in [" for ", "module: ", "protocol "] {
        targets.extend(
            said.split_once(mark).map(|(_, rest)| rest.split_whitespace().next().unwrap_or(rest)),
        );
        targets.extend(said.split_once(mark).map(|(_, rest)| rest.trim()));
    }
    Some(Wanted { targets, importer })
}

/// A `require()` of what must be waited for: early Nodes say `From FILE`, `Requiring FILE`, later ones `Required module: FILE` and
/// the files that required it.
fn awaiting(message: &str) -> Option<Wanted<'_>> {
    const MOST_LINES: usize = 10;
    let after = |marks: [&str; 2]| {
        let mut lines = message.lines().take(MOST_LINES).map(str::trim);
        lines.find_map(|line| marks.iter().find_map(|mark| line.strip_prefix(mark)))
    };
    let target = after(["Required module: ", "Requiring "])?;
    Some(Wanted { targets: vec![target], importer: Some(after(["- ", "From "])?) })
}

fn in_quotes(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(['\'', '"'])?;
        let mark = &rest[start..=start];
        let inner = &rest[start + 1..];
        // A path may have a quotation mark: it ends where something else than a path goes on.
        let end = inner.find(mark)?;
        rest = &inner[end + 1..];
        Some(&inner[..end])
    })
}

impl Wanted<'_> {
    /// How well a specifier in that file fits; 0: not at all.
    pub fn score(&self, specifier: &str, importer: &str) -> u32 {
        self.targets.iter().map(|target| score(specifier, target, importer)).max().unwrap_or(0)
    }
}

fn score(specifier: &str, target: &str, importer: &str) -> u32 {
    let target = target
        .strip_prefix("file:")
        .and_then(|_| path_of(target))
        .unwrap_or_else(|| target.to_owned());
    let target = target.trim_end_matches('/');
    if specifier.is_empty() || target.is_empty() {
        return 0;
    }
    if specifier.trim_end_matches('/') == target {
        return 4;
    }
    if is_path(target) && meant(specifier, importer).is_some_and(|path| path == target) {
        return 4;
    }
    if !is_path(target) {
        let is_inside = specifier.strip_prefix(target).is_some_and(|rest| rest.starts_with('/'));
        let is_subpath = target
            .strip_prefix('.')
            .is_some_and(|subpath| subpath.starts_with('/') && specifier.ends_with(subpath));
        let is_scheme = target.ends_with(':') && specifier.starts_with(target);
        return if is_inside || is_subpath || is_scheme { 3 } else { 0 };
    }
    // A name that a loader or package.json has led to this path, or the folder of a package.
    let name = specifier.trim_start_matches(['.', '/', '@', '#', '~']);
    let stem =
        |path: &str| path.rsplit_once('.').map_or(path.to_owned(), |(stem, _)| stem.to_owned());
    let package = target.strip_suffix("/package.json").unwrap_or(target);
    let ends = |path: &str, name: &str| {
        !name.is_empty() && path.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'))
    };
    if ends(package, specifier) {
        2
    } else {
        u32::from(
            ends(target, name) || ends(&stem(target), &stem(name)) || ends(&stem(target), name),
        )
    }
}

/// The path that a specifier means by itself.
fn meant(specifier: &str, importer: &str) -> Option<String> {
    if specifier.starts_with("file:") {
        return path_of(specifier);
    }
    if !specifier.starts_with(['.', '/']) {
        return None;
    }
    let folder = importer.rfind(['/', '\\']).map_or("", |end| &importer[..end]);
    let bare = &specifier[..specifier.find(['?', '#']).unwrap_or(specifier.len())];
    let decoded = percent_encoding::percent_decode_str(bare).decode_utf8().ok()?;
    let path = resolve(folder, &decoded);
    Some(path.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_that_are_missing() {
        let found = |message| export(message).map(|export| (export.specifier, export.name));
        assert_eq!(
            found("The requested module './x.mjs' does not provide an export named 'z'"),
            Some(("./x.mjs", "z"))
        );
        assert_eq!(
            found(
                "The requested module './a' contains conflicting star exports for name 'q' with the previous requested module './b'"
            ),
            Some(("./a", "q"))
        );
        assert_eq!(
            found(
                "Named export 'y' not found. The requested module './c.cjs' is a CommonJS module, which may not support all module.exports as named exports."
            ),
            Some(("./c.cjs", "y"))
        );
        assert_eq!(found("Unexpected token"), None);
    }

    #[test]
    fn what_is_wanted() {
        for (code, message, specifier, importer, points) in [
            (
                "ERR_MODULE_NOT_FOUND",
                "Cannot find module '/a/b/x.mjs' imported from /a/m.mjs",
                "./b/x.mjs",
                Some("/a/m.mjs"),
                4,
            ),
            (
                "ERR_MODULE_NOT_FOUND",
                "Cannot find module '/a/b/x y.mjs' imported from /a/m.mjs",
                "./b/x%20y.mjs?q",
                Some("/a/m.mjs"),
                4,
            ),
            (
                "ERR_MODULE_NOT_FOUND",
                "Cannot find module '/a/b/x.mjs' imported from /a/m.mjs",
                "./b/z.mjs",
                Some("/a/m.mjs"),
                0,
            ),
            (
                "ERR_MODULE_NOT_FOUND",
                "Cannot find module '/a/src/x.ts' imported from /a/m.ts",
                "@/x.js",
                Some("/a/m.ts"),
                1,
            ),
            (
                "ERR_MODULE_NOT_FOUND",
                "Cannot find package 'p' imported from /a/m.mjs",
                "p/sub",
                Some("/a/m.mjs"),
                3,
            ),
            (
                "ERR_MODULE_NOT_FOUND",
                "Cannot find package 'p' imported from /a/m.mjs",
                "p",
                Some("/a/m.mjs"),
                4,
            ),
            (
                "ERR_UNSUPPORTED_DIR_IMPORT",
                "Directory import '/a/d/' is not supported resolving ES modules imported from /a/m.mjs",
                "./d/",
                Some("/a/m.mjs"),
                4,
            ),
            (
                "ERR_PACKAGE_PATH_NOT_EXPORTED",
                "Package subpath './s' is not defined by \"exports\" in /a/node_modules/p/package.json imported from /a/m.mjs",
                "p/s",
                Some("/a/m.mjs"),
                3,
            ),
            ("ERR_UNKNOWN_BUILTIN_MODULE", "No such built-in module: node:no", "node:no", None, 4),
            (
                "ERR_IMPORT_ATTRIBUTE_MISSING",
                "Module \"file:///a/x.json\" needs an import attribute of \"type: json\"",
                "./x.json",
                None,
                4,
            ),
            (
                "ERR_UNKNOWN_FILE_EXTENSION",
                "Unknown file extension \".foo\" for /a/x y.foo",
                "./x y.foo",
                None,
                4,
            ),
            (
                "ERR_UNSUPPORTED_ESM_URL_SCHEME",
                "Only URLs with a scheme in: file, data, and node are supported by the default ESM loader. Received protocol 'https:'",
                "https://x",
                None,
                3,
            ),
            (
                "MODULE_NOT_FOUND",
                "Cannot find module './x'\nRequire stack:\n- /a/m.cjs",
                "./x",
                None,
                4,
            ),
        ] {
            let wanted = wanted(Some(code), message).expect(code);
            assert_eq!(wanted.importer, importer, "{message}");
            assert_eq!(
                wanted.score(specifier, importer.unwrap_or("/a/m.mjs")),
                points,
                "{message}"
            );
        }
        let message = "Cannot find module '/a/x.ts' imported from /a/m.ts";
        assert_eq!(wanted(None, message).map(|wanted| wanted.importer), Some(Some("/a/m.ts")));
        assert_eq!(wanted(None, "Cannot find 'x'"), None);
        assert_eq!(wanted(Some("ERR_OTHER"), "Cannot find module 'x' imported from /a"), None);
    }
}
