//! Packages, as Node finds them: what a package.json says that Node goes by, and where a specifier leads.
//!
//! Always by what is on disk: Node remembers what a package.json said, and that there was none, until it ends. Conditions that
//! a user has given to Node do not count here: what is asked is whether a package can be found at all.
//! See <https://nodejs.org/api/esm.html#resolution-algorithm>.

use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::path::resolve;
use crate::watch::{join, parent};

/// The fields of a package.json that Node goes by, and the version.
pub const FIELDS: [&str; 6] = ["name", "version", "type", "main", "exports", "imports"];

/// The conditions that always hold.
const CONDITIONS: [&str; 4] = ["default", "node", "node-addons", "module-sync"];

/// What `require`, and `main`, add to a path.
const ENDINGS: [&str; 7] = ["", ".js", ".json", ".node", "/index.js", "/index.json", "/index.node"];

/// What a package.json says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// JSON without blanks, in the order of [`FIELDS`].
    fields: [Option<Box<str>>; 6],
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    version: Option<&'a RawValue>,
    #[serde(borrow)]
    r#type: Option<&'a RawValue>,
    #[serde(borrow)]
    main: Option<&'a RawValue>,
    #[serde(borrow)]
    exports: Option<&'a RawValue>,
    #[serde(borrow)]
    imports: Option<&'a RawValue>,
}

impl Manifest {
    /// That of the package.json at `path`; `None` if there is none.
    ///
    /// # Errors
    /// It is no JSON: it may be half written.
    pub fn read(path: &str) -> Result<Option<Self>, serde_json::Error> {
        let Ok(text) = std::fs::read_to_string(path) else { return Ok(None) };
        Self::parse(text.strip_prefix('\u{feff}').unwrap_or(&text)).map(Some)
    }

    /// That of a package.json with this text.
    ///
    /// # Errors
    /// See [`Manifest::read`].
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let raw: Raw = serde_json::from_str(text)?;
        let raw = [raw.name, raw.version, raw.r#type, raw.main, raw.exports, raw.imports];
        Ok(Self { fields: raw.map(|value| value.map(|value| compact(value.get()))) })
    }

    fn get(&self, field: &str) -> Option<&str> {
        let at = FIELDS.iter().position(|known| *known == field)?;
        self.fields[at].as_deref()
    }

    fn value(&self, field: &str) -> Option<Value> {
        serde_json::from_str(self.get(field)?).ok()
    }

    fn text(&self, field: &str) -> Option<String> {
        match self.value(field)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The package's name.
    pub fn name(&self) -> Option<String> {
        self.text("name")
    }

    /// The package's version.
    pub fn version(&self) -> Option<String> {
        self.text("version")
    }

    /// Which of `fields` say something else here.
    pub fn differs(&self, other: &Self, fields: &[&'static str]) -> Vec<&'static str> {
        fields.iter().copied().filter(|field| self.get(field) != other.get(field)).collect()
    }
}

/// JSON without the blanks between its parts.
fn compact(json: &str) -> Box<str> {
    let (mut is_text, mut is_escaped) = (false, false);
    let kept = json.chars().filter(|&c| {
        let keep = is_text || !c.is_ascii_whitespace();
        match c {
            '"' if !is_escaped => is_text = !is_text,
            _ => {}
        }
        is_escaped = is_text && c == '\\' && !is_escaped;
        keep
    });
    kept.collect::<String>().into()
}

/// The name of the package that a specifier begins with, and the rest of it with its slash; `None` if it names no package.
pub fn split(specifier: &str) -> Option<(&str, &str)> {
    let is_name = specifier.starts_with(|c: char| c == '@' || c.is_alphanumeric() || c == '_');
    if !is_name || specifier.contains([':', '\\', '%']) {
        return None;
    }
    let slashes = usize::from(specifier.starts_with('@'));
    match specifier.match_indices('/').nth(slashes) {
        Some((at, _)) => Some(specifier.split_at(at)),
        None if slashes == 1 && !specifier.contains('/') => None,
        None => Some((specifier, "")),
    }
}

/// Whether the folder is one of installed packages.
pub fn is_modules_folder(folder: &str) -> bool {
    Path::new(folder).file_name().is_some_and(|name| name == "node_modules")
}

/// Whether packages are installed in the folder: in `node_modules`, or in a scope in it.
pub fn holds_packages(folder: &str) -> bool {
    let name = Path::new(folder).file_name().and_then(|name| name.to_str());
    is_modules_folder(folder)
        || (name.is_some_and(|name| name.starts_with('@')) && is_modules_folder(parent(folder)))
}

/// The folder of the installed package that the file at `path` belongs to; `None` if it is in no `node_modules`.
pub fn installed_root(path: &str) -> Option<&str> {
    let ancestors = Path::new(path).ancestors().filter_map(Path::to_str);
    let is_root = |folder: &&str| holds_packages(parent(folder)) && !holds_packages(folder);
    ancestors.skip(1).find(is_root)
}

/// What was found of a specifier.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The file, if it leads to one.
    pub file: Option<String>,
    /// The folders, existing or not, in which something must come for that to change.
    pub folders: Vec<String>,
    /// A package says that there is one, which is not there.
    pub is_expected: bool,
}

/// Where `specifier` leads that the module at `importer` writes, as an `import` or to be `required`: a package, or what
/// `imports` maps.
pub fn find(importer: &str, specifier: &str, required: bool) -> Found {
    let mut search = Search { required, folders: Vec::new(), is_expected: false };
    let file = search.find(importer, specifier);
    search.folders.sort_unstable();
    search.folders.dedup();
    Found { file, folders: search.folders, is_expected: search.is_expected }
}

struct Search {
    required: bool,
    folders: Vec<String>,
    is_expected: bool,
}

impl Search {
    fn find(&mut self, importer: &str, specifier: &str) -> Option<String> {
        let scope = scope_of(importer);
        if specifier.starts_with('#') {
            let (folder, manifest) = scope?;
            let target = self.select(&manifest.value("imports")?, specifier)?;
            return if target.starts_with("./") {
                self.file_at(&resolve(&folder, &target))
            } else {
                self.installed(&join(&folder, "package.json"), &target)
            };
        }
        let (name, rest) = split(specifier)?;
        if let Some((folder, manifest)) = &scope
            && manifest.name().as_deref() == Some(name)
            && manifest.get("exports").is_some()
        {
            return self.in_package(folder, rest);
        }
        self.installed(importer, specifier)
    }

    fn installed(&mut self, importer: &str, specifier: &str) -> Option<String> {
        let (name, rest) = split(specifier)?;
        candidates(importer).into_iter().find_map(|folder| {
            let root = join(&folder, name);
            self.folders.push(root.clone());
            if Path::new(&root).is_dir() { self.in_package(&root, rest) } else { None }
        })
    }

    fn in_package(&mut self, root: &str, rest: &str) -> Option<String> {
        self.folders.push(root.to_owned());
        // Whatever is installed has one: until it is there, the rest is not, either.
        let manifest = Manifest::read(&join(root, "package.json")).ok()??;
        if let Some(exports) = manifest.value("exports").filter(|exports| !exports.is_null()) {
            let target = self.select(&exports, &format!(".{rest}"))?;
            return self.file_at(&resolve(root, &target));
        }
        if !rest.is_empty() {
            let path = resolve(root, &format!(".{rest}"));
            return if self.required { self.file_like(&path) } else { self.file_at(&path) };
        }
        let main = manifest.text("main").filter(|main| !main.is_empty());
        main.and_then(|main| self.file_like(&resolve(root, &main)))
            .or_else(|| self.file_like(&join(root, "index")))
    }

    fn file_like(&mut self, path: &str) -> Option<String> {
        ENDINGS.iter().find_map(|ending| self.file_at(&format!("{path}{ending}")))
    }

    fn file_at(&mut self, path: &str) -> Option<String> {
        // Also if it is there: it may still be written.
        self.folders.push(parent(path).to_owned());
        self.is_expected = true;
        Path::new(path).is_file().then(|| path.to_owned())
    }
}

/// The folder and the contents of the package.json that counts for a module.
fn scope_of(importer: &str) -> Option<(String, Manifest)> {
    let mut folder = parent(importer);
    loop {
        if is_modules_folder(folder) {
            return None;
        }
        if let Ok(Some(manifest)) = Manifest::read(&join(folder, "package.json")) {
            return Some((folder.to_owned(), manifest));
        }
        if parent(folder) == folder {
            return None;
        }
        folder = parent(folder);
    }
}

/// The folders `node_modules` in which a package may be installed for a module: those that are there, and those of projects.
fn candidates(importer: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folder = parent(importer);
    loop {
        if !is_modules_folder(folder) {
            let candidate = join(folder, "node_modules");
            let is_project = installed_root(&candidate).is_none()
                && Path::new(folder).join("package.json").is_file();
            if is_project || Path::new(&candidate).is_dir() {
                found.push(candidate);
            }
        }
        if parent(folder) == folder {
            return found;
        }
        folder = parent(folder);
    }
}

impl Search {
    /// The target that `exports` or `imports` gives for `key`.
    fn select(&self, map: &Value, key: &str) -> Option<String> {
        let entries = match map {
            Value::Object(entries) if entries.keys().any(|k| k.starts_with(['.', '#'])) => entries,
            _ => return (key == ".").then(|| self.target(map, ""))?,
        };
        if let Some(target) = entries.get(key).filter(|_| !key.contains('*')) {
            return self.target(target, "");
        }
        let matching = entries.iter().filter_map(|(pattern, target)| {
            let (before, after) = pattern.split_once('*')?;
            let middle = key.strip_prefix(before)?.strip_suffix(after)?;
            Some((before.len(), middle, target))
        });
        let (_, middle, target) = matching.max_by_key(|(length, ..)| *length)?;
        self.target(target, middle)
    }

    /// The first that a condition leads to. `middle` stands for `*`.
    fn target(&self, target: &Value, middle: &str) -> Option<String> {
        match target {
            Value::String(target) => Some(target.replace('*', middle)),
            Value::Array(targets) => targets.iter().find_map(|target| self.target(target, middle)),
            Value::Object(conditions) => conditions
                .iter()
                .filter(|(name, _)| self.holds(name))
                .find_map(|(_, target)| self.target(target, middle)),
            _ => None,
        }
    }

    fn holds(&self, condition: &str) -> bool {
        let kind = if self.required { "require" } else { "import" };
        condition == kind || CONDITIONS.contains(&condition)
    }
}

/// Names in quotation marks, as people list them.
pub fn quoted(names: &[&str]) -> String {
    let mut text = String::new();
    for (at, name) in names.iter().enumerate() {
        let before = match at {
            0 => "",
            _ if at + 1 == names.len() => " and ",
            _ => ", ",
        };
        let _ = write!(text, "{before}\"{name}\"");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn what_a_specifier_names() {
        for (specifier, expected) in [
            ("a", Some(("a", ""))),
            ("a/b/c.js", Some(("a", "/b/c.js"))),
            ("@s/a", Some(("@s/a", ""))),
            ("@s/a/b", Some(("@s/a", "/b"))),
            ("@s", None),
            ("./a", None),
            ("/a", None),
            ("#a", None),
            ("node:fs", None),
            ("file:///a", None),
            ("", None),
        ] {
            assert_eq!(split(specifier), expected, "{specifier}");
        }
    }

    #[test]
    fn the_folder_of_an_installed_package() {
        for (path, expected) in [
            ("/a/node_modules/b/lib/x.js", Some("/a/node_modules/b")),
            ("/a/node_modules/@s/b/package.json", Some("/a/node_modules/@s/b")),
            ("/a/node_modules/b/node_modules/c/x.js", Some("/a/node_modules/b/node_modules/c")),
            (
                "/a/node_modules/.pnpm/b@1/node_modules/b/x.js",
                Some("/a/node_modules/.pnpm/b@1/node_modules/b"),
            ),
            ("/a/b/x.js", None),
            ("/@s/b/x.js", None),
        ] {
            assert_eq!(installed_root(path), expected, "{path}");
        }
    }

    #[test]
    fn only_what_node_goes_by_counts() {
        let parse = |text| Manifest::parse(text).unwrap();
        let one =
            parse(r#"{ "type": "module", "exports": { "a": "./x y.js", "b": "./\" b.js" } }"#);
        for (text, expected) in [
            (
                r#"{"exports":{"a":"./x y.js","b":"./\" b.js"},"scripts":{},"type":"module"}"#,
                vec![],
            ),
            (r#"{"exports":{"b":"./\" b.js","a":"./x y.js"},"type":"module"}"#, vec!["exports"]),
            (r#"{"exports":{"a":"./xy.js","b":"./\" b.js"},"type":"module"}"#, vec!["exports"]),
            (r#"{"exports":{"a":"./x y.js","b":"./\" b.js"},"main":"a"}"#, vec!["type", "main"]),
        ] {
            assert_eq!(one.differs(&parse(text), &FIELDS), expected, "{text}");
        }
        assert!(Manifest::parse("{ \"type\": \"mod").is_err());
    }

    #[test]
    fn where_a_specifier_leads() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let own = r##"{ "name": "app", "exports": { "./u": "./src/u.js" }, "imports": { "#i": "./src/i.js", "#p/*": { "types": "./t.ts", "default": "./src/*.js" }, "#dep": "dep" } }"##;
        write(at, "package.json", own);
        for file in
            ["src/u.js", "src/i.js", "node_modules/old/lib/m.js", "node_modules/bare/index.js"]
        {
            write(at, file, "");
        }
        write(at, "node_modules/old/package.json", r#"{ "main": "./lib/m" }"#);
        write(
            at,
            "node_modules/dep/package.json",
            r#"{ "exports": { ".": { "types": "./package.json", "import": "./d.mjs", "default": "./d.cjs" }, "./s/*": "./s/*.js" } }"#,
        );
        write(at, "node_modules/dep/s/x.js", "");
        write(at, "node_modules/@s/p/package.json", r#"{ "exports": "./p.js" }"#);
        let importer = at.join("src/deep/x.js");
        let importer = importer.to_str().unwrap();
        let led = |specifier: &str| {
            find(importer, specifier, false)
                .file
                .map(|file| file[at.to_str().unwrap().len() + 1..].to_owned())
        };
        for (specifier, expected) in [
            ("app/u", Some("src/u.js")),
            ("app/v", None),
            ("#i", Some("src/i.js")),
            ("#p/u", Some("src/u.js")),
            ("#p/none", None),
            ("#none", None),
            ("#dep", None),
            ("old", Some("node_modules/old/lib/m.js")),
            ("old/lib/m.js", Some("node_modules/old/lib/m.js")),
            ("bare", None),
            ("dep", None),
            ("dep/s/x", Some("node_modules/dep/s/x.js")),
            ("dep/package.json", None),
            ("@s/p", None),
            ("none", None),
        ] {
            assert_eq!(led(specifier).as_deref(), expected, "{specifier}");
        }
        write(at, "node_modules/dep/d.cjs", "");
        assert_eq!(led("dep"), None, "what an import leads to is not there yet");
        assert!(find(importer, "dep", true).file.is_some());
        write(at, "node_modules/dep/d.mjs", "");
        write(at, "node_modules/bare/package.json", "{}");
        write(at, "node_modules/@s/p/p.js", "");
        assert_eq!(led("dep").as_deref(), Some("node_modules/dep/d.mjs"));
        assert_eq!(led("#dep").as_deref(), Some("node_modules/dep/d.mjs"));
        assert_eq!(led("bare").as_deref(), Some("node_modules/bare/index.js"));
        assert_eq!(led("@s/p").as_deref(), Some("node_modules/@s/p/p.js"));
        assert_eq!(
            find(importer, "none", true).folders,
            [at.join("node_modules/none").to_str().unwrap()]
        );
    }
}
