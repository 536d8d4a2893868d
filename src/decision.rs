//! The decision: what a changed module leads to. Pure.
//!
//! ```text
//!   restart pattern ──────────────▶ full reload
//!   not in the graph, same bytes ─▶ nothing
//!   version not loaded yet        ─▶ nothing (it will read today's bytes)
//!   an addon ─────────────────────▶ full reload: a process cannot load it anew
//!   cold ─────────────────────────▶ full reload, with the chain that makes it cold
//!   something declined above it ──▶ full reload, nothing invalidated
//!   otherwise ────────────────────▶ it and its importers that are not cold are invalidated, up to accepted edges
//! ```

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::engine::lifecycle::instance::{Instance, InstanceId, Instances};
use crate::fingerprint::Fingerprint;
pub use crate::graph::Reporter;
use crate::graph::accept::Propagation;
use crate::graph::{Graph, Module, ModuleId, Step, Visited};
use crate::package::quoted;

/// What a change leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It changes nothing that runs.
    Nothing,
    /// These modules run again when they are next imported; the changed one first, and none that an earlier one of the
    /// same [`Decisions`] has named.
    Invalidate(Vec<ModuleId>),
    /// Only a restart can apply it.
    FullReload(FullReload),
    /// Only a restart can apply it, as an earlier one of the same [`Decisions`] that says why.
    FullReloadToo,
}

/// A restart that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullReload {
    /// The changed file.
    pub path: Arc<str>,
    /// What happened to it.
    pub cause: Cause,
    /// Why it cannot be swapped.
    pub reason: Reason,
}

/// What brings a decision about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cause {
    /// The module's file has changed.
    #[default]
    Changed,
    /// The module has called `invalidate()`.
    Invalidated {
        /// What it gave as its reason.
        message: Option<Arc<str>>,
    },
    /// A file has changed that a module watches, and that counts as a change of the module.
    Watched {
        /// The module.
        by: Arc<str>,
    },
}

/// Why a change needs a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The file matches a `restart` pattern.
    RestartFile {
        /// The pattern as the user wrote it.
        pattern: String,
    },
    /// It has run and stays: these imports lead to it from a root.
    Cold {
        /// Root first.
        chain: Vec<Step>,
    },
    /// A module that would have to run again has called `decline()`.
    Declined {
        /// That module.
        module: Arc<str>,
    },
    /// `require()` has loaded it, and Node's cache of it is out of reach.
    Required,
    /// No hook has seen it being loaded, and a required ES module that does not say what it imports may have.
    Unseen,
    /// It is a native addon, which a process loads once.
    Addon,
    /// It is a package.json, of which Node remembers these fields.
    Manifest {
        /// Their names.
        fields: Vec<&'static str>,
    },
    /// A package that is in use was updated, or replaced.
    Updated {
        /// Its name.
        package: Arc<str>,
        /// The version that runs, if it says one.
        from: Option<String>,
        /// The one that is installed.
        to: Option<String>,
    },
    /// A package that was not found can be found now; Node remembers that it could not.
    Installed {
        /// What the module wrote.
        specifier: Arc<str>,
        /// The module.
        importer: Arc<str>,
    },
    /// A thread that may have required it is busy, and cannot tell.
    Silent {
        /// Node's own number of it; 0 is the main thread.
        thread: u32,
    },
    /// The engine has failed, and cannot tell.
    Degraded,
}

impl FullReload {
    /// For a file that has changed.
    pub fn new(path: Arc<str>, reason: Reason) -> Self {
        Self { path, cause: Cause::Changed, reason }
    }

    /// Whether a boundary on the way was imported statically: written as `import()`, it would be hot.
    pub fn should_be_reloadable(&self) -> bool {
        match &self.reason {
            Reason::Cold { chain } => chain.iter().any(|step| step.static_boundary_import),
            _ => false,
        }
    }

    /// The change and its reason in one line, with paths as `show` writes them.
    pub fn describe(&self, show: impl Fn(&str) -> String) -> String {
        let gist = self.gist(&show);
        match &self.reason {
            Reason::Cold { chain } if chain.len() > 1 => {
                let steps = chain.iter().map(|step| match step.kind {
                    Some(kind) => format!(" ─{}→ {}", kind.name(), show(&step.path)),
                    None => show(&step.path),
                });
                let steps: String = steps.collect();
                format!("{gist}: {steps}")
            }
            _ => gist,
        }
    }

    /// [`FullReload::describe`], without the chain.
    pub fn gist(&self, show: impl Fn(&str) -> String) -> String {
        let path = show(&self.path);
        // What the reason is said of.
        let subject = match &self.cause {
            Cause::Changed => format!("{path} changed, which"),
            Cause::Invalidated { message: None } => format!("{path} called invalidate(), which"),
            Cause::Invalidated { message: Some(message) } => {
                format!("{path} called invalidate({message:?}), which")
            }
            Cause::Watched { by } => format!("{path} changed, watched by {}, which", show(by)),
        };
        let event = subject.trim_end_matches(", which");
        match &self.reason {
            Reason::RestartFile { pattern } => format!("{subject} matches restart: {pattern:?}"),
            Reason::Declined { module } if self.is_of(module) => {
                format!("{subject} declines hot reload")
            }
            Reason::Declined { module } => {
                format!("{event}, and {} declines hot reload", show(module))
            }
            Reason::Cold { chain } if chain.len() == 1 => {
                format!("{subject} is where the app begins")
            }
            Reason::Cold { .. } => format!("{subject} no boundary makes hot"),
            Reason::Required => {
                format!("{event}, which require() has loaded and this Node cannot load again")
            }
            Reason::Unseen => {
                format!(
                    "{event}, which an ES module that require() has loaded may import: this Node does not tell"
                )
            }
            Reason::Addon => format!("{event}, a native addon, which a process loads only once"),
            Reason::Manifest { fields } => {
                format!("{event}, of which Node keeps {} as it was", quoted(fields))
            }
            Reason::Updated { package, from: Some(from), to: Some(to) } if from != to => {
                format!("{event}: {package} was updated from {from} to {to}")
            }
            Reason::Updated { package, .. } => format!("{event}: {package} was replaced"),
            Reason::Installed { specifier, importer } => {
                format!(
                    "{path} can be found now, which {} imports as {specifier:?}",
                    show(importer)
                )
            }
            Reason::Silent { thread: 0 } => {
                format!("{event}, and the main thread, which may have required it, is busy")
            }
            Reason::Silent { thread } => {
                format!("{event}, and worker {thread}, which may have required it, is busy")
            }
            Reason::Degraded => {
                format!("{event}, and hot reload is off after an internal error")
            }
        }
    }

    /// Whether it is about that module.
    fn is_of(&self, module: &Arc<str>) -> bool {
        match &self.cause {
            Cause::Watched { by } => by == module,
            _ => self.path == *module,
        }
    }

    /// The imports that make it cold, root first; empty for any other reason.
    pub fn chain(&self) -> &[Step] {
        match &self.reason {
            Reason::Cold { chain } => chain,
            _ => &[],
        }
    }
}

/// Whether finding `now` in `module` is a change; it is remembered either way.
pub fn is_change(
    graph: &mut Graph,
    module: ModuleId,
    now: Fingerprint,
    reporter: Reporter,
) -> bool {
    let module = graph.get_mut(module);
    // A build deletes an addon first: what runs needs its file no more.
    let is_rebuilt = module.is_addon() && now == Fingerprint::Absent;
    !is_rebuilt && module.content.is_change(now, reporter)
}

/// What a decision must know of instances.
#[derive(Clone, Copy)]
pub struct Running<'a> {
    /// All of them.
    pub instances: &'a Instances,
    /// Those that have declined: a change that would supersede one asks for a restart.
    pub declined: &'a FxHashSet<InstanceId>,
}

impl Running<'_> {
    fn is_declining(self, instance: &Instance) -> bool {
        instance.life.is_current() && self.declined.contains(&instance.id)
    }

    /// The modules of which a current instance has declined.
    fn declining(self) -> impl Iterator<Item = ModuleId> {
        let instances = self.declined.iter().filter_map(move |id| self.instances.get(*id));
        instances.filter(move |it| self.is_declining(it)).map(|instance| instance.module)
    }

    /// Whether a current instance of the module has declined.
    pub fn declines(self, id: ModuleId) -> bool {
        !self.declined.is_empty() && self.instances.of_module(id).any(|it| self.is_declining(it))
    }
}

/// What a change of `changed` leads to. Nothing is changed yet: see [`Verdict`].
pub fn decide(graph: &Graph, running: Running, changed: ModuleId) -> Verdict {
    Decisions::default().decide(graph, running, changed, false)
}

/// What cannot be invalidated, because a module above it declines.
pub fn declined(graph: &Graph, running: Running) -> Visited {
    let evaluated = |thread, id| running.instances.have_evaluated(thread, id);
    let propagation = Propagation { evaluated: &evaluated, ignoring_own_accept: false };
    graph.affected_below(running.declining().collect(), &propagation)
}

/// The decisions on changes that were found together. Each is decided alone; but what they share is walked once, so that
/// 10,000 changes cost no more walks than one.
#[derive(Default)]
pub struct Decisions {
    /// What they have invalidated, with all that is above it.
    invalidated: Visited,
    /// What cannot be invalidated, because a module above it declines; found when it is first asked for.
    declined: Option<Visited>,
    /// A full reload was explained: one is enough.
    explained: bool,
}

impl Decisions {
    /// What a change of `changed` leads to besides. What an earlier verdict invalidates may or may not be so already.
    /// `ignoring_own_accept`: its accepting itself does not count, because it says that this does not help.
    pub fn decide(
        &mut self,
        graph: &Graph,
        running: Running,
        changed: ModuleId,
        ignoring_own_accept: bool,
    ) -> Verdict {
        let module = graph.get(changed);
        if module.pruned || (module.is_non_reloadable() && !ignoring_own_accept) {
            return Verdict::Nothing;
        }
        if module.is_addon() {
            return self.full_reload(module, || Reason::Addon);
        }
        if graph.is_cold(changed)
            || (ignoring_own_accept && !graph.chain(changed, ignoring_own_accept).is_empty())
        {
            return self.full_reload(module, || Reason::Cold {
                chain: graph.chain(changed, ignoring_own_accept),
            });
        }
        let evaluated = |thread, id| running.instances.have_evaluated(thread, id);
        let propagation = Propagation { evaluated: &evaluated, ignoring_own_accept };
        let is_declining = |id: &ModuleId| running.declines(*id);
        let nearest = || graph.propagate(changed, &propagation).into_iter().find(is_declining);
        let declined = self.declined.get_or_insert_with(|| declined(graph, running));
        if declined.contains(changed) || (ignoring_own_accept && nearest().is_some()) {
            return self.full_reload(module, || {
                let module = graph.get(nearest().unwrap_or(changed)).path.clone();
                Reason::Declined { module }
            });
        }
        Verdict::Invalidate(graph.propagate_from(changed, &propagation, &mut self.invalidated))
    }

    fn full_reload(&mut self, changed: &Module, reason: impl FnOnce() -> Reason) -> Verdict {
        if std::mem::replace(&mut self.explained, true) {
            return Verdict::FullReloadToo;
        }
        Verdict::FullReload(FullReload::new(changed.path.clone(), reason()))
    }
}
