//! When superseded instances are disposed of, and in which order.

use std::sync::Arc;

use crate::graph::{ModuleId, ThreadId, Visited};

use super::instance::{Instance, InstanceId, Record};
use super::life::{Evaluation, Next, Superseded};
use super::{Lifecycle, Observation, Queues};

impl Lifecycle {
    /// The instances of the module's versions before `current` are superseded, in all threads.
    pub fn supersede(&mut self, module: ModuleId, current: u32) {
        let queues = &mut self.queues;
        self.instances.change(module, |instance| {
            if instance.version >= current {
                return;
            }
            let (life, next) = instance.life.supersede(Superseded {
                has_begun: instance.order > 0,
                has_handlers: instance.has_handlers(),
                is_unreachable: instance.version + 1 < current,
            });
            instance.life = life;
            queues.entry(instance.thread).or_default().retire(instance, next);
        });
    }

    /// The instance has registered a `dispose` handler: the thread is to tell when its evaluation ends. Returns whether that counts:
    /// it does not if the instance was disposed of already.
    pub fn track(&mut self, id: InstanceId) -> bool {
        let instance = self.instances.get_mut(id).filter(|instance| !instance.is_disposed());
        let Some(instance) = instance else { return false };
        let (life, next) = instance.life.register();
        instance.life = life;
        let by = if instance.awaits() { Observation::Promise } else { Observation::Turn };
        let is_asked = by == Observation::Promise && instance.observed;
        let is_first = !instance.has_handlers();
        instance.record = Record::Handlers;
        let queues = self.queues.entry(instance.thread).or_default();
        queues.retire(instance, next);
        if is_first && !is_asked {
            queues.to_observe.push((id, by));
        }
        true
    }

    /// The evaluation of an instance has ended, and the thread has told that.
    pub fn told_end(&mut self, id: InstanceId) {
        for queues in self.queues.values_mut() {
            queues.endings.remove(&id);
        }
    }

    /// An instance evaluates no longer: the instances that wait for that are disposed of.
    pub fn ended(&mut self, id: InstanceId, threw: bool) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let evaluation = if threw { Evaluation::Failed } else { Evaluation::Evaluated };
        instance.life = instance.life.evaluates(evaluation);
        let thread = instance.thread;
        let Some(queues) = self.queues.get(&thread) else { return };
        let mut waiting = queues.deferred.iter().filter_map(|&id| self.instances.get(id));
        if waiting.all(|waiting| !waiting.is_under_way()) {
            self.flush_deferred(thread);
        }
    }

    /// A new instance of `module` is about to evaluate: those before it wait no longer.
    pub(super) fn flush_deferred_of(&mut self, thread: ThreadId, module: ModuleId) {
        let Some(queues) = self.queues.get(&thread) else { return };
        if self.of_module(module).any(|waiting| queues.deferred.contains(&waiting.id)) {
            self.flush_deferred(thread);
        }
    }

    fn flush_deferred(&mut self, thread: ThreadId) {
        let Some(queues) = self.queues.get_mut(&thread) else { return };
        for id in std::mem::take(&mut queues.deferred) {
            if let Some(instance) = self.instances.get(id) {
                queues.disposals.push((instance.order, id));
            }
        }
    }

    /// If something of `below` waits for the end of its evaluation, what waits does so no longer: an update is disposed
    /// of in one go. Returns what of it is in `below`.
    fn take_deferred_below(&mut self, thread: ThreadId, below: &Visited) -> Vec<(u64, InstanceId)> {
        let Some(queues) = self.queues.get_mut(&thread) else { return Vec::new() };
        let instances = &self.instances;
        let is_below = |id: &InstanceId| {
            instances.get(*id).is_some_and(|instance| below.contains(instance.module))
        };
        if !queues.deferred.iter().any(is_below) {
            return Vec::new();
        }
        let deferred = std::mem::take(&mut queues.deferred).into_iter();
        let deferred = deferred.filter_map(|id| Some((instances.get(id)?.order, id)));
        let (gone, others): (Vec<_>, Vec<_>) = deferred.partition(|(_, id)| is_below(id));
        queues.disposals.extend(others);
        gone
    }

    /// What one update supersedes is disposed of in one go, so that the order holds: if one of it waits, all do.
    pub fn wait_together(&mut self) {
        for queues in self.queues.values_mut().filter(|it| !it.deferred.is_empty()) {
            queues.deferred.extend(queues.disposals.drain(..).map(|(_, id)| id));
        }
    }

    /// What the thread is to dispose of now. Returns those of which JavaScript keeps a record, latest evaluation first.
    pub fn take_disposals(&mut self, thread: ThreadId) -> Vec<InstanceId> {
        let Some(queues) = self.queues.get_mut(&thread) else { return Vec::new() };
        queues.releasable.append(&mut queues.abandoned);
        let disposals = std::mem::take(&mut queues.disposals);
        self.dispose(thread, disposals)
    }

    /// What is in `below` and was kept until now, or waits: its replacement has linked. Returns as [`Lifecycle::take_disposals`]
    /// does.
    pub fn take_replaced(&mut self, thread: ThreadId, below: &Visited) -> Vec<InstanceId> {
        let mut gone = self.release_kept(thread, below);
        gone.extend(self.take_deferred_below(thread, below));
        self.dispose(thread, gone)
    }

    fn dispose(
        &mut self,
        thread: ThreadId,
        mut disposals: Vec<(u64, InstanceId)>,
    ) -> Vec<InstanceId> {
        let queues = self.queues.entry(thread).or_default();
        queues.releasable.extend(disposals.iter().map(|&(_, id)| id));
        disposals.retain(|&(_, id)| {
            self.instances.get_mut(id).is_some_and(|instance| {
                instance.life = instance.life.dispose();
                instance.record != Record::Nothing
            })
        });
        latest_first(disposals)
    }

    /// Forgets the instances that were disposed of, or never came to evaluate. Returns their URLs.
    pub fn release(&mut self, thread: ThreadId) -> Vec<Arc<str>> {
        let Some(queues) = self.queues.get_mut(&thread) else { return Vec::new() };
        let over = std::mem::take(&mut queues.releasable).into_iter();
        over.filter_map(|id| self.instances.remove(id)).map(|instance| instance.url).collect()
    }

    /// The app ends: all instances of the thread are disposed of. Returns those of which JavaScript keeps a record, latest evaluation
    /// first.
    pub fn dispose_all(&mut self, thread: ThreadId) -> Vec<InstanceId> {
        let mut gone = Vec::new();
        self.instances.change_all(|instance| {
            if instance.thread == thread && instance.record != Record::Nothing {
                instance.record = Record::Ended;
                gone.push((instance.order, instance.id));
            }
        });
        latest_first(gone)
    }

    /// A `dispose` handler of the instance is asynchronous.
    pub fn disposes_async(&mut self, id: InstanceId) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.disposes_async = true;
            self.queues.entry(instance.thread).or_default().kept.disposes_async(instance);
        }
    }
}

/// Instances by when they began to evaluate.
fn latest_first(mut ids: Vec<(u64, InstanceId)>) -> Vec<InstanceId> {
    ids.sort_by_key(|&(order, _)| std::cmp::Reverse(order));
    ids.into_iter().map(|(_, id)| id).collect()
}

impl Queues {
    /// What is to be done about an instance after a transition.
    fn retire(&mut self, instance: &Instance, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Defer => drop(self.deferred.insert(instance.id)),
            Next::Dispose => self.disposals.push((instance.order, instance.id)),
            Next::Evict => self.abandoned.push(instance.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::instance::Body;
    use super::*;

    const MAIN: ThreadId = ThreadId(0);
    const ES: Body = Body::Es { awaits: false, has_prelude: true, imports: false };

    /// What happens to instances, known by their URLs.
    enum Step {
        /// It is loaded as the instance of a module, at a version.
        Load(&'static str, usize, u32),
        /// It begins to evaluate.
        Evaluate(&'static str),
        /// It registers a handler.
        Track(&'static str),
        /// It has evaluated.
        End(&'static str),
        /// A module comes to that version.
        Supersede(usize, u32),
        /// An update is complete.
        Update,
    }
    use Step::{End, Evaluate, Load, Supersede, Track, Update};

    /// Which instances are disposed of after the steps, and which are released then.
    fn after(steps: &[Step]) -> (Vec<String>, Vec<String>) {
        let mut life = Lifecycle::default();
        let mut urls = Vec::new();
        let id = |life: &Lifecycle, url| life.find(MAIN, url).expect("it was loaded").id;
        for step in steps {
            match *step {
                Load(url, module, version) => {
                    life.begin(MAIN, url, ModuleId::new(module), version);
                    life.loaded(MAIN, url, ES);
                    urls.push((id(&life, url), url.to_owned()));
                }
                Evaluate(url) => drop(life.evaluate(MAIN, url)),
                Track(url) => assert!(life.track(id(&life, url))),
                End(url) => life.ended(id(&life, url), false),
                Supersede(module, version) => life.supersede(ModuleId::new(module), version),
                Update => life.wait_together(),
            }
        }
        let disposed = life.take_disposals(MAIN).into_iter();
        let name = |id| urls.iter().find(|(known, _)| *known == id).map(|(_, url)| url.clone());
        let disposed = disposed.filter_map(name).collect();
        let mut released: Vec<_> = life.release(MAIN).iter().map(ToString::to_string).collect();
        released.sort_unstable();
        (disposed, released)
    }

    #[test]
    fn what_is_disposed_of_and_released() {
        for (steps, disposed, released) in [
            // It has no handlers: it is released all the same.
            (vec![Load("a", 0, 0), Evaluate("a"), Supersede(0, 1)], "", "a"),
            (vec![Load("a", 0, 0), Evaluate("a"), Track("a"), End("a"), Supersede(0, 1)], "a", "a"),
            // What links may still evaluate, but not once a newer one is superseded, too.
            (vec![Load("a", 0, 0), Supersede(0, 1)], "", ""),
            (vec![Load("a", 0, 0), Supersede(0, 1), Supersede(0, 2)], "", "a"),
            // What evaluates is waited for.
            (vec![Load("a", 0, 0), Evaluate("a"), Track("a"), Supersede(0, 1)], "", ""),
            (vec![Load("a", 0, 0), Evaluate("a"), Track("a"), Supersede(0, 1), End("a")], "a", "a"),
            // But not by the next one of its module.
            (
                vec![
                    Load("a", 0, 0),
                    Evaluate("a"),
                    Track("a"),
                    Supersede(0, 1),
                    Load("a1", 0, 1),
                    Evaluate("a1"),
                ],
                "a",
                "a",
            ),
            // Latest evaluation first.
            (
                vec![
                    Load("a", 0, 0),
                    Load("b", 1, 0),
                    Evaluate("b"),
                    Track("b"),
                    End("b"),
                    Evaluate("a"),
                    Track("a"),
                    End("a"),
                    Supersede(1, 1),
                    Supersede(0, 1),
                ],
                "a b",
                "a b",
            ),
            // One update is disposed of in one go.
            (
                vec![
                    Load("a", 0, 0),
                    Load("b", 1, 0),
                    Evaluate("b"),
                    Track("b"),
                    End("b"),
                    Evaluate("a"),
                    Track("a"),
                    Supersede(1, 1),
                    Supersede(0, 1),
                    Update,
                ],
                "",
                "",
            ),
            // A handler that comes after the module was superseded.
            (vec![Load("a", 0, 0), Supersede(0, 1), Evaluate("a"), Track("a"), End("a")], "a", "a"),
        ] {
            let (found, gone) = after(&steps);
            assert_eq!((found.join(" "), gone.join(" ")), (disposed.into(), released.into()));
        }
    }

    #[test]
    fn the_end_of_an_app_is_told_once_and_comes_too_late_for_handlers() {
        let mut life = Lifecycle::default();
        let mut ids = Vec::new();
        for (module, url) in ["a", "b", "c"].into_iter().enumerate() {
            life.begin(MAIN, url, ModuleId::new(module), 0);
            life.loaded(MAIN, url, ES);
            ids.extend(life.evaluate(MAIN, url).map(|begun| begun.id));
        }
        let [first, second, other] = ids[..] else { panic!("they were loaded") };
        for id in [first, second] {
            assert!(life.record(id).is_some() && life.track(id));
        }
        assert_eq!(life.dispose_all(MAIN), [second, first]);
        assert!(!life.track(first));
        // What had registered nothing yet goes on.
        assert!(life.track(other));
    }
}
