//! Modules that were asked for and not there. A file that comes later may be what was meant, also under another
//! extension: loaders take `x.ts` for `x.js`.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::ModuleId;
use crate::skipped::is_scratch;
use crate::watch::{join, parent};

use super::Changes;

/// What is waited for, and what has come.
#[derive(Default)]
pub struct Missing {
    /// Paths and modules, by the directory that they are expected in.
    expected: FxHashMap<Arc<str>, Vec<(Arc<str>, ModuleId)>>,
    /// Files that may be one of them, and were not decided on yet.
    arrivals: FxHashSet<Arc<str>>,
}

impl Missing {
    /// The module at `path` is waited for.
    pub fn expect(&mut self, path: &str, module: ModuleId) {
        let waiting = self.expected.entry(parent(path).into()).or_default();
        if !waiting.iter().any(|(_, known)| *known == module) {
            waiting.push((path.into(), module));
        }
    }

    /// Whether a file at `path` may be a module that is waited for.
    pub fn may_be(&self, path: &str) -> bool {
        let waiting = self.expected.get(parent(path));
        waiting.is_some_and(|waiting| waiting.iter().any(|(missing, _)| stands_for(path, missing)))
    }

    /// A file has come.
    pub fn arrived(&mut self, path: &str) {
        if self.may_be(path) {
            self.arrivals.insert(path.into());
        }
    }

    /// The files that may be what is waited for in directories that `which` picks.
    pub fn found(&self, which: impl Fn(&str) -> bool) -> Vec<String> {
        let expected = self.expected.keys().filter(|at| which(at));
        let entries = expected.filter_map(|at| std::fs::read_dir(at.as_ref()).ok()).flatten();
        let paths = entries.flatten().filter_map(|entry| entry.path().to_str().map(str::to_owned));
        paths.filter(|path| self.may_be(path)).collect()
    }

    /// The modules that a file which has come may be. They are waited for no longer.
    fn take(&mut self, path: &str) -> Vec<ModuleId> {
        if !self.arrivals.remove(path) || !Path::new(path).exists() {
            return Vec::new();
        }
        let Some(waiting) = self.expected.get_mut(parent(path)) else { return Vec::new() };
        let found = waiting.extract_if(.., |(missing, _)| stands_for(path, missing));
        let found = found.map(|(_, module)| module).collect();
        if waiting.is_empty() {
            self.expected.remove(parent(path));
        }
        found
    }
}

/// What a module's name may end with; a loader takes one of them for another.
const EXTENSIONS: [&str; 10] =
    ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "json", "node"];

/// Whether `path` differs from `missing`, which lies in the same directory, in its extensions alone.
fn stands_for(path: &str, missing: &str) -> bool {
    let missing = Path::new(missing);
    let extension = missing.extension().and_then(|extension| extension.to_str());
    let stem = missing.with_extension("");
    let Some(rest) = stem.to_str().and_then(|stem| path.strip_prefix(stem)) else { return false };
    let Some(rest) = rest.strip_prefix('.') else { return rest.is_empty() };
    let last = rest.rsplit('.').next().unwrap_or(rest);
    let may_have_more = extension.is_none_or(|known| !EXTENSIONS.contains(&known));
    !is_scratch(path) && (may_have_more || last == rest)
}

impl Changes {
    /// Node found nothing at `path`, where a module was asked for.
    pub fn expect(&mut self, path: &str, module: ModuleId) {
        self.missing.expect(path, module);
    }

    /// The modules that `path` may be, which has come, and by which path: what is meant by a directory is the file `index` in it,
    /// whatever its extension.
    pub fn take_arrived(&mut self, path: &str) -> Vec<(ModuleId, String)> {
        let found = self.missing.take(path);
        if found.is_empty() || !Path::new(path).is_dir() {
            return found.into_iter().map(|id| (id, path.to_owned())).collect();
        }
        let index = join(path, "index.js");
        for id in found {
            self.retain_directories(&index);
            self.missing.expect(&index, id);
        }
        let mut files = Vec::new();
        for file in self.missing.found(|directory| directory == path) {
            self.missing.arrived(&file);
            files.extend(self.take_arrived(&file));
        }
        files
    }
}

#[cfg(test)]
mod tests {
    use super::stands_for;

    #[test]
    fn what_may_be_meant() {
        for (path, missing, expected) in [
            ("/a/x.js", "/a/x.js", true),
            ("/a/x.ts", "/a/x.js", true),
            ("/a/x.service.ts", "/a/x", true),
            ("/a/x.service.ts", "/a/x.service", true),
            ("/a/x", "/a/x.js", true),
            ("/a/xy.js", "/a/x.js", false),
            ("/a/y.js", "/a/x.js", false),
            ("/a/x.ts~", "/a/x.js", false),
            ("/a/x.ts.tmp", "/a/x.js", false),
            ("/a/x.ts.tmp", "/a/x", false),
            ("/a/x.test.ts", "/a/x.js", false),
            ("/a/x.d.ts", "/a/x.js", false),
            ("/a/x.mts", "/a/x.mjs", true),
        ] {
            assert_eq!(stands_for(path, missing), expected, "{path} for {missing}");
        }
    }
}
