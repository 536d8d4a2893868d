//! Modules that were asked for and not there. A file that comes later may be what was meant, also under another
//! extension: loaders take `x.ts` for `x.js`.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::decision::{Cause, Reporter};
use crate::fingerprint::Fingerprint;
use crate::graph::{ModuleId, ModuleKind, Scope};
use crate::skipped::is_scratch;
use crate::watch::{join, parent};

use super::changes::Batch;
use super::{Engine, is_meant_hot};

/// What is waited for, and what has come.
#[derive(Default)]
pub(super) struct Missing {
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

impl Engine {
    /// Node found nothing at `path`, where a module was asked for.
    pub(super) fn miss(&mut self, path: &str) -> ModuleId {
        let id = self.module_at(path);
        let module = self.graph.get_mut(id);
        if module.load_started {
            // Its importers are to hear of it, too.
            self.undecided.push((path.into(), Reporter::Watcher));
        } else {
            module.load_started = true;
            module.read = Some(Fingerprint::Absent);
            module.last_hash = Some(Fingerprint::Absent);
        }
        self.missing.expect(path, id);
        id
    }

    /// Something came to be where a module was missed. What is meant by a directory is the file `index` in it, whatever its extension.
    pub(super) fn consider_missing(&mut self, path: &str, batch: &mut Batch) {
        let found = self.missing.take(path);
        let is_directory = !found.is_empty() && Path::new(path).is_dir();
        for id in found {
            if is_directory {
                let index = join(path, "index.js");
                self.retain_directories(&index);
                self.missing.expect(&index, id);
                continue;
            }
            let module = self.graph.get_mut(id);
            if module.read == Some(Fingerprint::Absent) && !module.pruned {
                self.judge_as(id, path);
                batch.note_arrival(id, path);
                self.decide_because(id, Cause::Changed, path, batch);
            }
        }
        if is_directory {
            for file in self.missing.found(|directory| directory == path) {
                self.missing.arrived(&file);
                self.consider_missing(&file, batch);
            }
        }
    }

    /// The missing module turns out to be `path`: what patterns say of that counts.
    fn judge_as(&mut self, id: ModuleId, path: &str) {
        let real = std::fs::canonicalize(path).ok();
        let real = real.as_deref().and_then(Path::to_str).unwrap_or(path);
        let (kind, boundary) = self.judge(path, real);
        if boundary != Scope::Nowhere
            && kind == ModuleKind::File
            && self.graph.get(id).boundary != boundary
        {
            self.graph.get_mut(id).boundary = boundary;
            self.graph.rejudge_edges(is_meant_hot);
        }
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
