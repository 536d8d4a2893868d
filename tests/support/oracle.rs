//! What the design says about a graph, by enumeration of its paths: slow, obvious, and written apart from the engine.

use hot_hook::graph::EdgeKind;

/// One import between modules that are numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrow {
    pub thread: u32,
    pub from: usize,
    pub to: usize,
    pub kind: EdgeKind,
    pub hot: bool,
    pub version: u32,
}

/// A graph as a list of arrows, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    /// Who accepts itself in which thread.
    pub own: Vec<(u32, usize)>,
    /// Who accepts whom in which thread.
    pub dependencies: Vec<(u32, usize, usize)>,
    /// Whose current instance in which thread has not evaluated.
    pub unfinished: Vec<(u32, usize)>,
    pub pinned: Vec<bool>,
    pub pruned: Vec<bool>,
    pub roots: Vec<(u32, usize)>,
    pub arrows: Vec<Arrow>,
}

impl Oracle {
    /// Adds an arrow, unless the same import is there already: a dynamic one is the same whatever the version.
    pub fn add(&mut self, new: Arrow) {
        let same = |old: &Arrow| {
            let version = if new.kind == EdgeKind::Dynamic { old.version } else { new.version };
            *old == Arrow { version, ..new }
        };
        if !self.arrows.iter().any(same) {
            self.arrows.push(new);
        }
        self.pruned[new.to] = false;
    }

    /// All simple paths to `target` from the modules of `starts` over the arrows that `follow` lets through, as
    /// indices: first that of the start, then those of the arrows.
    fn paths(
        &self,
        starts: &[usize],
        target: usize,
        follow: &dyn Fn(&Arrow) -> bool,
    ) -> Vec<Vec<usize>> {
        let mut found = Vec::new();
        for (index, &start) in starts.iter().enumerate() {
            self.extend(start, target, follow, &mut vec![start], &mut vec![index], &mut found);
        }
        found
    }

    fn extend(
        &self,
        at: usize,
        target: usize,
        follow: &dyn Fn(&Arrow) -> bool,
        visited: &mut Vec<usize>,
        path: &mut Vec<usize>,
        found: &mut Vec<Vec<usize>>,
    ) {
        if at == target {
            found.push(path.clone());
            return;
        }
        for (index, arrow) in self.arrows.iter().enumerate() {
            if arrow.from == at && follow(arrow) && !visited.contains(&arrow.to) {
                visited.push(arrow.to);
                path.push(index);
                self.extend(arrow.to, target, follow, visited, path, found);
                path.pop();
                visited.pop();
            }
        }
    }

    fn entry_points(&self) -> Vec<usize> {
        self.roots.iter().map(|&(_, id)| id).collect()
    }

    /// Whether an arrow is accepted; the acceptance of `ignoring_own_accept` by itself does not count.
    fn is_accepted(&self, arrow: &Arrow, ignoring_own_accept: Option<usize>) -> bool {
        let own =
            self.own.contains(&(arrow.thread, arrow.to)) && ignoring_own_accept != Some(arrow.to);
        own || self.dependencies.contains(&(arrow.thread, arrow.from, arrow.to))
    }

    /// Whether the propagation ends before an arrow's importer.
    fn stops(&self, arrow: &Arrow, ignoring_own_accept: Option<usize>) -> bool {
        let is_static = |arrow: &Arrow| arrow.kind == EdgeKind::Static;
        self.is_accepted(arrow, ignoring_own_accept)
            && !self.unfinished.contains(&(arrow.thread, arrow.from))
            && self.paths(&[arrow.to], arrow.from, &is_static).is_empty()
    }

    fn pinned_ones(&self) -> Vec<usize> {
        (0..self.pinned.len()).filter(|&id| self.pinned[id]).collect()
    }

    pub fn is_cold(&self, id: usize) -> bool {
        self.chain(id, None).is_some()
    }

    /// The modules on the chain that makes `id` cold: of the shortest, the one whose edges came first.
    pub fn chain(&self, id: usize, ignoring_own_accept: Option<usize>) -> Option<Vec<usize>> {
        let stays =
            |root: &&(u32, usize)| !self.own.contains(root) || ignoring_own_accept == Some(root.1);
        let roots: Vec<_> = self.roots.iter().filter(stays).map(|&(_, id)| id).collect();
        [roots, self.pinned_ones()].iter().find_map(|starts| {
            let follow =
                |arrow: &Arrow| !arrow.hot && !self.is_accepted(arrow, ignoring_own_accept);
            let paths = self.paths(starts, id, &follow);
            let best = paths.into_iter().min_by_key(|path| (path.len(), path.clone()))?;
            let mut modules = vec![starts[best[0]]];
            modules.extend(best[1..].iter().map(|&arrow| self.arrows[arrow].to));
            Some(modules)
        })
    }

    /// How many imports away from `id` each module that must run again is; `None` for those that need not.
    pub fn propagate(&self, id: usize, ignoring_own_accept: Option<usize>) -> Vec<Option<usize>> {
        let cold: Vec<_> = (0..self.pinned.len()).map(|id| self.is_cold(id)).collect();
        let runs_again =
            |arrow: &Arrow| !cold[arrow.from] && !self.stops(arrow, ignoring_own_accept);
        let distance = |from: usize| {
            self.paths(&[from], id, &runs_again).iter().map(|path| path.len() - 1).min()
        };
        (0..self.pinned.len()).map(distance).collect()
    }

    /// Does what a newer instance's evaluation does.
    pub fn drop_older(&mut self, thread: u32, from: usize, version: u32) {
        self.arrows.retain(|arrow| {
            arrow.thread != thread
                || arrow.from != from
                || arrow.kind == EdgeKind::Dynamic
                || arrow.version >= version
        });
    }

    /// Does what the end of a thread does.
    pub fn drop_thread(&mut self, thread: u32) {
        self.roots.retain(|&(owner, _)| owner != thread);
        self.arrows.retain(|arrow| arrow.thread != thread);
    }

    /// Takes out what nothing reaches, and returns it.
    pub fn prune(&mut self) -> Vec<usize> {
        let starts = [self.entry_points(), self.pinned_ones()].concat();
        let all = 0..self.pinned.len();
        let lost: Vec<_> = all
            .filter(|&id| !self.pruned[id] && self.paths(&starts, id, &|_| true).is_empty())
            .collect();
        self.arrows.retain(|arrow| !lost.contains(&arrow.from));
        for &id in &lost {
            self.pruned[id] = true;
        }
        lost
    }
}
