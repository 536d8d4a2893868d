//! Modules that were asked for and not there. A file that comes later may be what was meant, also under another
//! extension: loaders take `x.ts` for `x.js`.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::decision::Reporter;
use crate::fingerprint::Fingerprint;
use crate::graph::ModuleId;
use crate::watch::parent;

use super::Engine;
use super::changes::Batch;

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

/// Whether `path` differs from `missing`, which lies in the same directory, in its extensions alone.
fn stands_for(path: &str, missing: &str) -> bool {
    let stem = Path::new(missing).with_extension("");
    let rest = stem.to_str().and_then(|stem| path.strip_prefix(stem));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Engine {
    /// Node found nothing at `path`, where a module was asked for.
    pub(super) fn miss(&mut self, path: &str) -> ModuleId {
        let id = self.module_at(path);
        let module = self.graph.get_mut(id);
        if module.begun {
            // Its importers are to hear of it, too.
            self.undecided.push((path.into(), Reporter::Watcher));
        } else {
            module.begun = true;
            module.read = Some(Fingerprint::Absent);
            module.seen = Some(Fingerprint::Absent);
        }
        self.missing.expect(path, id);
        id
    }

    /// Something came to be where a module was missed.
    pub(super) fn consider_missing(&mut self, path: &str, batch: &mut Batch) {
        for id in self.missing.take(path) {
            let module = self.graph.get_mut(id);
            if module.read == Some(Fingerprint::Absent) && !module.pruned {
                self.decide_on(id, batch);
            }
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
            ("/a/y.js~", "/a/x.js", false),
        ] {
            assert_eq!(stands_for(path, missing), expected, "{path} for {missing}");
        }
    }
}
