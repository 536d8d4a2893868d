//! Instances: a module at one version in one thread, known by (thread, URL).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{ModuleId, ThreadId};

/// Names an instance for the life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId(pub u32);

/// How far an instance has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its source was asked for; its static imports are being resolved.
    Linking,
    /// Its body runs, or ran: nobody asked how it ended.
    Evaluating,
    /// Its body ran to the end.
    Evaluated,
    /// Its body threw.
    Failed,
}

/// A module at one version in one thread.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, all combinations of which occur"
)]
pub struct Instance {
    /// Its name.
    pub id: InstanceId,
    /// Where it lives.
    pub thread: ThreadId,
    /// What it is an instance of.
    pub module: ModuleId,
    /// The module's version when it was loaded.
    pub version: u32,
    /// What Node knows it by.
    pub url: Arc<str>,
    /// How far it has come.
    pub state: State,
    /// A newer version exists, or nothing reaches it any more.
    pub superseded: bool,
    /// Between our read of its file and the end of Node's: an event for the file counts without comparing.
    pub reading: bool,
    /// CommonJS: it has no prelude, and whatever it imports is dynamic or required.
    pub commonjs: bool,
    /// Its body may wait: its evaluation is not over when the first turn is.
    pub awaits: bool,
    /// It registered handlers, so that the end of its evaluation will be told.
    pub tracked: bool,
    /// It called `import.meta.hot.decline()`.
    pub declined: bool,
    /// When it began to evaluate, counted over all threads; 0 before.
    pub order: u64,
}

impl Instance {
    /// Whether its body runs, and it has handlers that must not run before that is over.
    pub fn is_under_way(&self) -> bool {
        self.tracked && self.state == State::Evaluating
    }
}

/// All instances that are in use, or were and are not yet released.
#[derive(Default)]
pub struct Instances {
    by_id: FxHashMap<InstanceId, Instance>,
    by_url: FxHashMap<ThreadId, FxHashMap<Arc<str>, InstanceId>>,
    by_module: FxHashMap<ModuleId, Vec<InstanceId>>,
    last: u32,
}

impl Instances {
    /// The instance that `thread` knows by `url`.
    pub fn find(&self, thread: ThreadId, url: &str) -> Option<&Instance> {
        self.by_id.get(self.by_url.get(&thread)?.get(url)?)
    }

    /// The instance that `thread` knows by `url`, to be changed.
    pub fn find_mut(&mut self, thread: ThreadId, url: &str) -> Option<&mut Instance> {
        self.by_id.get_mut(self.by_url.get(&thread)?.get(url)?)
    }

    /// `thread` loads `url`. Returns whether an instance comes of it: Node also asks for the source of what it has.
    pub fn begin(&mut self, thread: ThreadId, url: &str, module: ModuleId, version: u32) -> bool {
        if let Some(known) = self.find(thread, url)
            && known.version == version
            && !known.superseded
        {
            return known.order == 0;
        }
        let url: Arc<str> = url.into();
        self.last += 1;
        let id = InstanceId(self.last);
        self.by_url.entry(thread).or_default().insert(url.clone(), id);
        self.by_module.entry(module).or_default().push(id);
        let instance = Instance {
            id,
            thread,
            module,
            version,
            url,
            state: State::Linking,
            superseded: false,
            reading: false,
            commonjs: false,
            awaits: false,
            tracked: false,
            declined: false,
            order: 0,
        };
        self.by_id.insert(id, instance);
        true
    }

    /// An instance, if it was not released.
    pub fn get(&self, id: InstanceId) -> Option<&Instance> {
        self.by_id.get(&id)
    }

    /// An instance, if it was not released.
    pub fn get_mut(&mut self, id: InstanceId) -> Option<&mut Instance> {
        self.by_id.get_mut(&id)
    }

    /// The instances of a module in all threads.
    pub fn of_module(&self, module: ModuleId) -> impl Iterator<Item = &Instance> {
        let ids = self.by_module.get(&module).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.by_id.get(id))
    }

    /// Whether the module's current instances in the thread have evaluated, as far as one can be asked: CommonJS cannot,
    /// nor can what never passed a hook.
    pub fn have_evaluated(&self, thread: ThreadId, module: ModuleId) -> bool {
        self.of_module(module)
            .filter(|i| i.thread == thread && !i.superseded && !i.commonjs)
            .all(|i| i.state == State::Evaluated)
    }

    /// Forgets an instance that can have no more to do.
    pub fn remove(&mut self, id: InstanceId) {
        let Some(instance) = self.by_id.remove(&id) else { return };
        // A required ES module keeps its URL: the name may be its successor's by now.
        if let Some(urls) = self.by_url.get_mut(&instance.thread)
            && urls.get(&instance.url) == Some(&id)
        {
            urls.remove(&instance.url);
        }
        if let Some(ids) = self.by_module.get_mut(&instance.module) {
            ids.retain(|&other| other != id);
        }
    }

    /// Forgets all instances of a thread that has ended.
    pub fn remove_thread(&mut self, thread: ThreadId) {
        let gone: Vec<_> =
            self.by_id.values().filter(|i| i.thread == thread).map(|i| i.id).collect();
        for id in gone {
            self.remove(id);
        }
        self.by_url.remove(&thread);
    }
}
