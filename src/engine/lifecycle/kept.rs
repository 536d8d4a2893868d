//! What is below what is accepted is kept until its replacement has linked.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::{ModuleId, ThreadId, Visited};

use super::Lifecycle;
use super::instance::{Instance, InstanceId, Instances};

/// Superseded instances that are kept until their replacements have linked.
#[derive(Default)]
pub struct Kept {
    by_module: FxHashMap<ModuleId, Vec<(u64, InstanceId)>>,
    /// Those of them whose disposal may take its time.
    asynchronous: FxHashSet<InstanceId>,
    /// What [`Graph::losses`] said when it was last looked whether all of them are still to stay.
    ///
    /// [`Graph::losses`]: crate::graph::Graph::losses
    checked: (u64, u64),
}

impl Kept {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_module.is_empty()
    }

    fn keep(&mut self, instance: &Instance) {
        let of_module = self.by_module.entry(instance.module).or_default();
        of_module.push((instance.order, instance.id));
        if instance.disposes_async {
            self.asynchronous.insert(instance.id);
        }
    }

    /// An instance has registered a handler that will take its time.
    pub fn disposes_async(&mut self, instance: &Instance) {
        let kept = self.by_module.get(&instance.module);
        if kept.is_some_and(|kept| kept.iter().any(|&(_, id)| id == instance.id)) {
            self.asynchronous.insert(instance.id);
        }
    }

    /// Takes those of a module out.
    fn take_of(&mut self, module: ModuleId) -> Vec<(u64, InstanceId)> {
        let gone = self.by_module.remove(&module).unwrap_or_default();
        for (_, id) in &gone {
            self.asynchronous.remove(id);
        }
        gone
    }

    /// Takes those out that `which` says yes to.
    fn take_if(&mut self, which: impl Fn(ModuleId, InstanceId) -> bool) -> Vec<(u64, InstanceId)> {
        let mut gone = Vec::new();
        self.by_module.retain(|&module, kept| {
            gone.extend(kept.extract_if(.., |&mut (_, id)| which(module, id)));
            !kept.is_empty()
        });
        for (_, id) in &gone {
            self.asynchronous.remove(id);
        }
        gone
    }
}

impl Lifecycle {
    /// Superseded instances that are below what is accepted are kept until their replacements have linked; those are kept no longer
    /// that nothing accepts any more. Returns those for which that is to be looked at, for [`Lifecycle::keep_below`]; `None` if there
    /// is nothing to be looked at.
    ///
    /// `losses`: see [`Graph::losses`]. `waits`: an update is under way that imports something again. `begins`: such an update is
    /// handed out. It is called once for each module that loads: only where something may have changed is the graph walked.
    ///
    /// [`Graph::losses`]: crate::graph::Graph::losses
    pub fn take_candidates(
        &mut self,
        thread: ThreadId,
        losses: (u64, u64),
        waits: bool,
        begins: bool,
    ) -> Option<Candidates> {
        let queues = self.queues.get_mut(&thread)?;
        let kept = &mut queues.kept;
        // Edges go with each module that evaluates: while an update is under way those of all are looked at together.
        let may_be_lost =
            kept.checked.1 != losses.1 || ((begins || !waits) && kept.checked != losses);
        let is_due = !kept.is_empty() && may_be_lost;
        let disposals = if waits { std::mem::take(&mut queues.disposals) } else { Vec::new() };
        let (over, new): (Vec<_>, Vec<_>) =
            disposals.into_iter().partition(|&(_, id)| is_replaced(&self.instances, id));
        queues.disposals.extend(over);
        (is_due || !new.is_empty()).then_some(Candidates { new, losses, is_due })
    }

    /// Those of the candidates are kept that are `below` what is accepted.
    pub fn keep_below(&mut self, thread: ThreadId, candidates: Candidates, below: &Visited) {
        let Some(queues) = self.queues.get_mut(&thread) else { return };
        let (kept, instances) = (&mut queues.kept, &self.instances);
        let Candidates { new, losses, is_due } = candidates;
        if is_due {
            let is_over = |module, id| !below.contains(module) || is_replaced(instances, id);
            queues.disposals.extend(kept.take_if(is_over));
        }
        if is_due || kept.is_empty() {
            kept.checked = losses;
        }
        for (order, id) in new {
            match instances.get(id) {
                Some(it) if below.contains(it.module) => kept.keep(it),
                _ => queues.disposals.push((order, id)),
            }
        }
    }

    /// Whether something is kept whose disposal may take its time.
    pub fn keeps_asynchronous(&self, thread: ThreadId) -> bool {
        self.queues.get(&thread).is_some_and(|queues| !queues.kept.asynchronous.is_empty())
    }

    /// Takes those out of what is kept that are `below`.
    pub(super) fn release_kept(
        &mut self,
        thread: ThreadId,
        below: &Visited,
    ) -> Vec<(u64, InstanceId)> {
        let queues = self.queues.get_mut(&thread);
        queues.map(|it| it.kept.take_if(|module, _| below.contains(module))).unwrap_or_default()
    }

    /// What is kept of `module` is so no longer: a new instance is about to evaluate, or none ever will.
    pub fn flush_kept_of(&mut self, thread: ThreadId, module: ModuleId) {
        if let Some(queues) = self.queues.get_mut(&thread) {
            queues.disposals.extend(queues.kept.take_of(module));
        }
    }
}

/// What may have to be kept, or to be kept no longer.
pub struct Candidates {
    new: Vec<(u64, InstanceId)>,
    losses: (u64, u64),
    is_due: bool,
}

/// Whether an instance is gone, or a newer one of its module has begun to evaluate in its thread.
fn is_replaced(instances: &Instances, id: InstanceId) -> bool {
    instances.get(id).is_none_or(|old| {
        let newer = |i: &Instance| i.version > old.version && i.order > 0;
        instances.of_module(old.module).any(|i| i.thread == old.thread && newer(i))
    })
}
