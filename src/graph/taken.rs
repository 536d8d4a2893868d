//! What has been imported once, by hot edges: an importer that will not repeat its import keeps what it got.
//!
//! ```text
//!   const { list } = await import('./users.js', hot)        it ran once, while the importer's body did: taken
//!   route = async () => (await import('./users.js', hot))   it runs whenever the route is called: repeated
//! ```

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Edge, EdgeKind, Graph, ModuleId, ModuleKind, ThreadId};

/// How often an importer has imported a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taking {
    /// Once, while the importer's body runs: it may do so again.
    InBody,
    /// Once, while the importer's body ran, which is over.
    ByBody,
    /// Once, at another time, or it is not known when.
    Once,
    /// It repeats the import.
    Repeated,
}

/// What is known of one importer and one boundary.
#[derive(Debug)]
struct Take {
    /// The importer's version.
    version: u32,
    taking: Taking,
    /// The newest instance then, by its number.
    at: u32,
    /// The files that were saved since, of which the importer keeps what it got.
    missed: Vec<Arc<str>>,
    /// People were told of that.
    told: bool,
}

impl Take {
    fn new(version: u32, taking: Taking, at: u32) -> Self {
        Self { version, taking, at, missed: Vec::new(), told: false }
    }

    fn is_of_body(&self) -> bool {
        matches!(self.taking, Taking::InBody | Taking::ByBody)
    }
}

/// By thread, importer and boundary.
#[derive(Debug, Default)]
pub(super) struct Takes(FxHashMap<(ThreadId, ModuleId, ModuleId), Take>);

/// A boundary that an importer has taken once.
#[derive(Clone, Debug)]
pub struct Taken<'a> {
    /// The boundary.
    pub target: ModuleId,
    /// Who has taken it.
    pub importer: ModuleId,
    /// By which import.
    pub edge: &'a Edge,
    /// The importer's body did: it will not do so again. Otherwise it is likely, because no code of the user's did.
    pub certain: bool,
}

/// What an importer has missed.
#[derive(Clone, Copy, Debug)]
pub struct Missed<'a> {
    /// The boundary.
    pub target: ModuleId,
    /// Who has taken it.
    pub importer: ModuleId,
    /// By which import.
    pub edge: &'a Edge,
    /// The files that were saved since.
    pub files: &'a [Arc<str>],
    /// People were told of it.
    pub told: bool,
}

impl Takes {
    fn of(&self, importer: ModuleId, edge: &Edge, target: ModuleId) -> Option<&Take> {
        self.0.get(&(edge.thread, importer, target)).filter(|_| edge.hot)
    }

    /// A thread has ended.
    pub fn drop_thread(&mut self, thread: ThreadId) {
        self.0.retain(|&(of, ..), _| of != thread);
    }

    /// These modules import nothing any more.
    pub fn prune(&mut self, lost: &[ModuleId]) {
        if !lost.is_empty() {
            let lost: FxHashSet<_> = lost.iter().collect();
            self.0.retain(|(_, importer, target), _| {
                !lost.contains(importer) && !lost.contains(target)
            });
        }
    }
}

impl Graph {
    /// An importer, at that version, imports a boundary by `import()`. `in_body`: while its body runs, and the newest instance
    /// then.
    pub fn note_taking(
        &mut self,
        thread: ThreadId,
        (importer, version): (ModuleId, u32),
        target: ModuleId,
        in_body: Option<u32>,
    ) {
        let (first, at) = in_body.map_or((Taking::Once, 0), |at| (Taking::InBody, at));
        let take = self.takes.0.entry((thread, importer, target));
        take.and_modify(|take| {
            let taking = if take.version == version { Taking::Repeated } else { first };
            *take = Take::new(version, taking, at);
        })
        .or_insert_with(|| Take::new(version, first, at));
    }

    /// The body of an importer is over: what it has taken, it keeps. `was_in_body`: whether that is certain of an import of a
    /// module which came when that was the newest instance.
    pub fn body_ended(
        &mut self,
        thread: ThreadId,
        importer: ModuleId,
        was_in_body: impl Fn(ModuleId, u32) -> bool,
    ) {
        for (&(of, by, target), take) in &mut self.takes.0 {
            if (of, by) == (thread, importer) && take.taking == Taking::InBody {
                let is_certain = was_in_body(target, take.at);
                take.taking = if is_certain { Taking::ByBody } else { Taking::Once };
            }
        }
    }

    /// Whether it counts when `importer` imports a module once more.
    pub fn counts_repeating(&self, thread: ThreadId, importer: ModuleId, target: ModuleId) -> bool {
        let take = self.takes.0.get(&(thread, importer, target));
        take.is_some_and(|take| take.taking != Taking::Repeated)
    }

    /// Those of `modules` that importers which stay have taken once, and may be changed without their getting the new ones; each
    /// in the order of `modules`, then in that of the imports.
    pub fn taken<'a>(&'a self, modules: &'a [ModuleId]) -> Vec<Taken<'a>> {
        let mut found: Vec<Taken> = Vec::new();
        for &target in modules {
            for (importer, edge) in self.importers(target) {
                let Some(certain) = self.keeps(importer, edge, target) else { continue };
                let is_known = |it: &Taken| (it.target, it.importer) == (target, importer);
                let taken = Taken { target, importer, edge, certain };
                match found.iter().position(is_known) {
                    // Another thread's.
                    Some(at) if certain && !found[at].certain => found[at] = taken,
                    Some(_) => {}
                    None => found.push(taken),
                }
            }
        }
        found
    }

    /// Whether an importer keeps what it got by the edge, and whether that is certain; `None` if it does not.
    fn keeps(&self, importer: ModuleId, edge: &Edge, target: ModuleId) -> Option<bool> {
        let take = self.takes.of(importer, edge, target)?;
        let is_other = edge.kind != EdgeKind::Dynamic
            || !self.is_cold(importer)
            || self.is_accepted(importer, edge, target, None);
        if is_other {
            return None;
        }
        match take.taking {
            Taking::ByBody => Some(true),
            Taking::Once if self.get(importer).kind == ModuleKind::Ignored => Some(false),
            Taking::InBody | Taking::Once | Taking::Repeated => None,
        }
    }

    /// Which of these modules importers have taken in their bodies, and in which threads.
    pub fn taken_in_body(
        &self,
        modules: &FxHashSet<ModuleId>,
    ) -> impl Iterator<Item = (ThreadId, ModuleId)> {
        let takes = self.takes.0.iter().filter(|(_, take)| take.is_of_body());
        let targets = takes.map(|(&(thread, _, target), _)| (thread, target));
        targets.filter(|(_, target)| modules.contains(target))
    }

    /// Who has taken a module in its body has missed these files, by thread and module: they were saved since.
    pub fn miss(&mut self, saved: &FxHashMap<(ThreadId, ModuleId), Vec<Arc<str>>>) {
        for (&(thread, _, target), take) in &mut self.takes.0 {
            if !take.is_of_body() {
                continue;
            }
            for file in saved.get(&(thread, target)).into_iter().flatten() {
                if !take.missed.contains(file) {
                    take.missed.push(file.clone());
                }
            }
        }
    }

    /// What stays stale: what was certainly taken once and has changed since.
    pub fn stale(&self) -> impl Iterator<Item = Missed<'_>> {
        let missing = self.takes.0.iter().filter(|(_, take)| !take.missed.is_empty());
        missing.filter_map(|(&(thread, importer, target), take)| {
            let (_, edge) = self.importers(target).into_iter().find(|&(from, edge)| {
                from == importer
                    && edge.thread == thread
                    && self.keeps(importer, edge, target) == Some(true)
            })?;
            Some(Missed { target, importer, edge, files: &take.missed, told: take.told })
        })
    }

    /// People are told that `importer` keeps what it got of `target`, in whatever thread.
    pub fn tell_taken(&mut self, importer: ModuleId, target: ModuleId) {
        for (_, take) in
            self.takes.0.iter_mut().filter(|((_, by, of), _)| (*by, *of) == (importer, target))
        {
            take.told |= take.taking == Taking::ByBody;
        }
    }
}
