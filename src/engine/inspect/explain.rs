//! What a change of a file would do now, and why: the decision that a save brings about, asked for beforehand.

use std::sync::Arc;

use serde::Serialize;

use crate::decision::{Cause, Decisions, FullReload, Reason, Verdict};
use crate::graph::{ModuleId, ModuleKind, Step};

use crate::engine::Engine;

/// What a change of a file would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It would run again, with what imports it.
    Hot,
    /// A restart would be asked for, because a module that would have to run again has declined.
    Declined,
    /// A restart would be asked for.
    Restart,
    /// Nothing: `ignore` matches it.
    Ignored,
    /// Nothing: no module is known by that path, and nothing waits for the file.
    Unknown,
}

impl Outcome {
    /// That of a module of that kind, and the reason why a change of it would need a restart, if it would.
    pub(super) fn of(kind: ModuleKind, reason: Option<&Reason>) -> Self {
        match (reason, kind) {
            (Some(Reason::Declined { .. }), _) => Self::Declined,
            (Some(_), _) => Self::Restart,
            (None, ModuleKind::File) => Self::Hot,
            (None, ModuleKind::Ignored) => Self::Ignored,
            (None, ModuleKind::Virtual) => Self::Unknown,
        }
    }
}

/// What a change of a file would do, and why; serialized with the field names of `hot.explain()`. All paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The file: its real path, if it is a module.
    pub path: Arc<str>,
    /// How often it was invalidated.
    pub version: u32,
    /// What a change would do.
    #[serde(rename = "verdict")]
    pub outcome: Outcome,
    /// The modules that would run again and are entered by hot or accepted imports: they make it hot.
    pub boundaries: Vec<Arc<str>>,
    /// The imports that make it cold, root first.
    pub chain: Vec<Step>,
    /// See [`FullReload::describe`]; `None` if no restart would be asked for.
    #[serde(rename = "reason", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// See [`crate::hint`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What would run again: the file itself, then what imports it.
    pub invalidates: Vec<Arc<str>>,
    /// What stays stale all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken_once: Vec<TakenOnce>,
}

/// A boundary that its importer has imported once, and keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TakenOnce {
    /// The boundary.
    pub path: Arc<str>,
    /// The importer.
    pub by: Arc<str>,
    /// It is known that it will not import it again; otherwise it is likely.
    pub certain: bool,
}

impl Engine {
    /// What a change of `path`, which is absolute, would do now.
    pub fn explain(&self, path: &str) -> Explanation {
        let real = std::fs::canonicalize(path).ok().and_then(|real| real.to_str().map(Arc::from));
        let real: Arc<str> = real.unwrap_or_else(|| path.into());
        let known = self.modules.known_as(path).or_else(|| self.modules.find(&real));
        if let Some(pattern) = self.changes.restart_pattern(path, &real) {
            let reload = FullReload::new(real.clone(), Reason::RestartFile { pattern });
            let version = known.map_or(0, |id| self.modules.get(id).version);
            return self.in_words(real, version, &reload);
        }
        match known.filter(|&id| !self.modules.get(id).pruned) {
            Some(id) => self.explain_module(id, Cause::Changed, None),
            None => self.explain_file(path, real),
        }
    }

    /// A file that is no module.
    fn explain_file(&self, path: &str, real: Arc<str>) -> Explanation {
        let watchers = self.watchers(path).into_iter().map(|(_, module)| module);
        let mut modules: Vec<_> = watchers.chain(self.changes.mapped_by(path)).collect();
        modules.sort_unstable();
        modules.dedup();
        modules.retain(|&id| self.modules.get(id).content.is_begun());
        let explain = |id: ModuleId| {
            let by = self.modules.get(id).path.clone();
            self.explain_module(id, Cause::Watched { by }, Some(&real))
        };
        let found: Vec<_> = modules.into_iter().map(explain).collect();
        if let Some(worst) = found.iter().find(|it| it.outcome != Outcome::Hot) {
            return worst.clone();
        }
        let ignores = |path: &str| self.config().is_some_and(|it| it.ignore.is_match(path));
        let outcome = match (found.is_empty(), ignores(path) || ignores(&real)) {
            (false, _) => Outcome::Hot,
            (true, true) => Outcome::Ignored,
            (true, false) => Outcome::Unknown,
        };
        let mut all = Explanation::of(real, 0, outcome);
        for one in found {
            all.boundaries.extend(one.boundaries);
            all.invalidates.extend(one.invalidates);
            all.taken_once.extend(one.taken_once);
        }
        all
    }

    /// A module, or a change of `file` that counts as one of the module.
    fn explain_module(&self, id: ModuleId, cause: Cause, file: Option<&Arc<str>>) -> Explanation {
        let module = self.modules.get(id);
        let (path, version) = match file {
            Some(file) => (file.clone(), 0),
            None => (module.path.clone(), module.version),
        };
        if module.is_non_reloadable() {
            return Explanation::of(path, version, Outcome::of(module.kind, None));
        }
        match Decisions::default().decide(&self.modules, self.running(), id, false) {
            Verdict::FullReload(reload) => {
                let reload = FullReload { cause, path: path.clone(), ..reload };
                self.in_words(path, version, &reload)
            }
            Verdict::Invalidate(modules) => {
                let paths = |ids: &[ModuleId]| -> Vec<_> {
                    ids.iter().map(|&id| self.modules.get(id).path.clone()).collect()
                };
                let entered: Vec<_> =
                    modules.iter().copied().filter(|&id| self.modules.is_entered(id)).collect();
                Explanation {
                    boundaries: paths(&entered),
                    invalidates: paths(&modules),
                    taken_once: self.taken_once(&modules),
                    ..Explanation::of(path, version, Outcome::Hot)
                }
            }
            Verdict::Nothing | Verdict::FullReloadToo => {
                Explanation::of(path, version, Outcome::Unknown)
            }
        }
    }

    fn taken_once(&self, modules: &[ModuleId]) -> Vec<TakenOnce> {
        let path = |id| self.modules.get(id).path.clone();
        let taken = self.modules.taken(modules).into_iter();
        taken
            .map(|it| TakenOnce {
                path: path(it.target),
                by: path(it.importer),
                certain: it.certain,
            })
            .collect()
    }

    fn in_words(&self, path: Arc<str>, version: u32, reload: &FullReload) -> Explanation {
        let outcome = Outcome::of(ModuleKind::File, Some(&reload.reason));
        Explanation {
            chain: reload.chain().to_vec(),
            text: Some(reload.describe(|path| self.show(path))),
            hint: self.hint(reload),
            ..Explanation::of(path, version, outcome)
        }
    }
}

impl Explanation {
    fn of(path: Arc<str>, version: u32, outcome: Outcome) -> Self {
        Self {
            path,
            version,
            outcome,
            boundaries: Vec::new(),
            chain: Vec::new(),
            text: None,
            hint: None,
            invalidates: Vec::new(),
            taken_once: Vec::new(),
        }
    }
}
