//! An import is loaded and evaluated: what was read, and from when on its edges count.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::fingerprint::{Fingerprint, open};
use crate::graph::instance::{Body, Instance, InstanceId};
use crate::graph::life::Evaluation;
use crate::graph::{ModuleId, ThreadId};
use crate::source::{awaits, decode, needs_prelude};
use crate::url::{Meaning, path_of, versioned};

use super::Engine;
use super::outbox::HotEvent;

/// A load that has begun: Node is about to read a module.
#[derive(Debug)]
pub struct Load {
    module: ModuleId,
    url: Arc<str>,
    /// The URL to read it by, without our version; `None` for a first instance, which has none.
    pub clean: Option<String>,
    /// An instance comes of it that may be reloaded.
    is_new: bool,
}

/// The text of an ES module, and what it needs.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Without a byte order mark.
    pub text: String,
    /// It could notice that it has no prelude.
    pub needs_prelude: bool,
}

/// What an ES module needs before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it is left as it is.
    Nothing,
    /// A prelude.
    Prelude,
    /// A prelude that waits for asynchronous `dispose` handlers.
    Wait,
}

/// What kind of module was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An ES module, whatever language it was written in. Without an `await` its body runs in one go.
    Es {
        /// Its text says `await` somewhere.
        awaits: bool,
        /// It could not notice that it has no prelude.
        without_prelude: bool,
    },
    /// CommonJS.
    CommonJs,
    /// JSON.
    Json,
    /// Wasm, an addon.
    Other,
}

impl Engine {
    /// Node is about to read `url`. As long as [`Engine::is_being_written`] says so, nobody should; then [`Engine::load`]
    /// follows. `None` if `url` is Node's own.
    pub fn begin_load(&mut self, thread: ThreadId, url: &str) -> Option<Load> {
        let meaning = self.meaning_of(url).or_else(|| self.virtual_meaning(url))?;
        let module = meaning.module;
        let version = self.version_of(&meaning);
        let clean = (version > 0).then(|| meaning.clean.to_string());
        let begins = self.instances.begin(thread, url, module, version);
        let is_new = begins && !self.graph.get(module).is_non_reloadable();
        if begins && !is_new {
            self.reads(thread, url);
        }
        Some(Load { module, url: url.into(), clean, is_new })
    }

    /// Whether nobody is to read the file of a load yet, because it is just being saved: it may be half of it, or empty. The
    /// caller waits, without the engine, for [`QUIET`] at most: then an unfinished write counts.
    pub fn is_being_written(&mut self, load: &Load, now: Instant) -> bool {
        if !load.is_new {
            return false;
        }
        self.collect(now);
        self.settle.is_waiting(&self.graph.get(load.module).path)
    }

    /// The file is read here before Node does, so that no hash is ever taken after the module was.
    pub fn load(&mut self, thread: ThreadId, load: &Load, now: Instant) {
        let (id, url) = (load.module, &*load.url);
        if !load.is_new {
            return;
        }
        // From here on, an event for the file may mean that Node read other bytes than we.
        self.collect(now);
        self.note_map(id);
        let stamp = self.stamp(id);
        let found = stamp.map_or_else(|| self.look_at(id), |(_, found)| found);
        self.reads(thread, url);
        // While it was waited for, a change may have superseded it: what is read is not the next version's.
        let is_current = self.instances.find(thread, url).is_some_and(|it| it.life.is_current());
        match self.graph.get(id).read {
            Some(read) if read != found => self.changed_under_version(id, found),
            _ if is_current => self.note_read(id, found),
            _ => {}
        }
        if let Some(instance) = self.instances.find_mut(thread, url) {
            instance.stamp = stamp;
        }
    }

    fn reads(&mut self, thread: ThreadId, url: &str) {
        if let Some(instance) = self.instances.find_mut(thread, url) {
            instance.reading = true;
        }
    }

    pub(super) fn note_read(&mut self, id: ModuleId, found: Fingerprint) {
        let module = self.graph.get_mut(id);
        module.read = Some(found);
        module.last_hash = Some(found);
        // What was decided before led to this version: it says nothing of what is read now.
        module.last_decided = None;
        module.load_started = true;
    }

    /// As [`Engine::load`] and [`Engine::loaded`], for the first instance of a plain ES module that Node has not read: what
    /// runs is the very text that was hashed. `None` if Node is to read it, or if there is work to be done before.
    pub fn read(&mut self, thread: ThreadId, url: &str) -> Option<Source> {
        if !self.has_no_work(thread) || self.is_disposing(thread) {
            return None;
        }
        let meaning = self.urls.meaning(url)?;
        let id = meaning.module;
        let module = self.graph.get(id);
        if self.version_of(&meaning) > 0 || path_of(url)? != *module.path {
            return None;
        }
        let is_non_reloadable = module.is_non_reloadable();
        let (mut file, stamp) = open(Path::new(module.path.as_ref())).ok()?;
        if let Some(watch) = self.watch.as_mut().filter(|_| !is_non_reloadable) {
            self.linked.note(&module.path, &stamp, watch);
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let text = decode(&bytes)?;
        let found = Fingerprint::of_bytes(&bytes);
        if module.read.is_some_and(|read| read != found) {
            return None;
        }
        if self.instances.begin(thread, url, id, 0) && !is_non_reloadable {
            self.note_map(id);
            self.note_read(id, found);
        }
        let without_prelude = !needs_prelude(text);
        self.note_loaded(thread, url, Format::Es { awaits: awaits(text), without_prelude });
        Some(Source { text: text.to_owned(), needs_prelude: !self.may_be_left(without_prelude) })
    }

    /// Node has read `url`, which is in `format`.
    pub fn loaded(&mut self, thread: ThreadId, url: &str, format: Format, now: Instant) {
        self.collect(now);
        self.note_loaded(thread, url, format);
    }

    /// What the ES module `url`, which was loaded, needs. `without_prelude`: see [`Format::Es`].
    pub fn need(&self, thread: ThreadId, url: &str, without_prelude: bool) -> Need {
        let is_first = |meaning: &Meaning| self.version_of(meaning) == 0;
        if self.must_wait(thread, url) {
            Need::Wait
        } else if self.urls.meaning(url).as_ref().is_none_or(is_first)
            && self.may_be_left(without_prelude)
        {
            Need::Nothing
        } else {
            Need::Prelude
        }
    }

    /// Whether the ES module that is loaded as `url` has a prelude; `None` if it is not known.
    pub fn has_prelude(&self, thread: ThreadId, url: &str) -> Option<bool> {
        let meaning = self.urls.meaning(url)?;
        let keeps_url = self.graph.get(meaning.module).keeps_url;
        if meaning.version > 0 || keeps_url && self.version_of(&meaning) > 0 {
            return Some(true);
        }
        match self.instances.find(thread, url)?.body {
            Body::Es { has_prelude, .. } => Some(has_prelude),
            Body::CommonJs | Body::Unknown => None,
        }
    }

    /// The URL under which today's instance of the module is known that `url` stands for, if it is another.
    pub fn url_of_today(&self, url: &str) -> Option<String> {
        let meaning = self.urls.meaning(url)?;
        let module = self.graph.get(meaning.module);
        let version = if module.keeps_url { 0 } else { module.version };
        (version > 0).then(|| versioned(&meaning.clean, version)).filter(|current| current != url)
    }

    /// Whether the first instance of a module needs no prelude. Where something accepts itself, it matters when those that
    /// import it have run; where the parent process alone reports changes, whether they have failed.
    fn may_be_left(&self, without_prelude: bool) -> bool {
        let is_watched = self.watch.is_some() || !self.has_parent;
        without_prelude && is_watched && self.graph.accepted().own.is_empty()
    }

    /// The version at which a URL is loaded now.
    fn version_of(&self, meaning: &Meaning) -> u32 {
        if meaning.version == 0 { self.graph.get(meaning.module).version } else { meaning.version }
    }

    fn note_loaded(&mut self, thread: ThreadId, url: &str, format: Format) {
        self.compare_stamp(thread, url);
        let is_left = matches!(format, Format::Es { without_prelude, .. } if self.may_be_left(without_prelude));
        let Some(instance) = self.instances.find_mut(thread, url) else { return };
        if instance.order > 0 {
            // Node asks for the source of what it has already, and throws the answer away.
            return;
        }
        instance.body = match format {
            Format::Es { awaits, .. } => Body::Es { awaits, has_prelude: !is_left },
            Format::CommonJs => Body::CommonJs,
            Format::Json | Format::Other => Body::Unknown,
        };
        // What Node read lies between two drains: from here on, comparing tells.
        instance.reading = false;
        let module = instance.module;
        if !matches!(format, Format::Es { .. }) {
            self.graph.get_mut(module).by_require = true;
        }
        match format {
            Format::Es { .. } => {
                let required = self.graph.is_required(module);
                let module = self.graph.get_mut(module);
                module.is_es = true;
                if required && !module.keeps_url {
                    module.keeps_url = true;
                    self.generation += 1;
                }
            }
            Format::CommonJs => {
                // It evaluates at once if it was required.
                self.evaluations += 1;
                instance.order = self.evaluations;
                self.expect_reports(thread, module);
                self.reloaded(thread, module);
            }
            Format::Json => self.graph.get_mut(module).is_json = true,
            Format::Other => {}
        }
    }

    /// The instance's body is about to run; [`Engine::drain`] follows. Returns its name; `None` if it never passed [`Engine::load`].
    pub fn evaluate(&mut self, thread: ThreadId, url: &str) -> Option<InstanceId> {
        self.evaluations += 1;
        let instance = self.instances.find_mut(thread, url)?;
        instance.life = instance.life.evaluates(Evaluation::Evaluating);
        instance.reading = false;
        instance.order = self.evaluations;
        let (id, module, version) = (instance.id, instance.module, instance.version);
        self.flush_deferred_of(thread, module);
        self.flush_kept_of(thread, module);
        if self.must_observe(thread, url, module) {
            self.observe(id);
        }
        self.settle_edges(thread, module, version);
        Some(id)
    }

    /// Edges follow the code: what older instances imported counts no longer.
    pub(super) fn settle_edges(&mut self, thread: ThreadId, module: ModuleId, version: u32) {
        if version == 0 {
            return;
        }
        let newer = |i: &Instance| i.thread == thread && i.version > version && i.order > 0;
        if self.instances.of_module(module).any(newer) {
            return;
        }
        if self.graph.drop_older_edges(thread, module, version) {
            self.prune();
        }
    }

    /// Modules that nothing reaches any more are disposed of, and watched no longer.
    pub(super) fn prune(&mut self) {
        let lost = self.graph.prune();
        self.make_stale(&lost);
        for &id in &lost {
            self.bump(id);
            self.release_module(id);
        }
        if !lost.is_empty() {
            self.forget_registrations(&lost);
            self.emit(|engine| {
                let paths = lost.iter().map(|&id| engine.graph.get(id).path.clone());
                HotEvent::Prune { paths: paths.collect() }
            });
            for thread in self.threads.values_mut().filter(|thread| thread.interest.losses) {
                thread.pending.pruned_modules.extend_from_slice(&lost);
            }
        }
    }

    /// The instance that the thread knows by `url`.
    pub fn find(&self, thread: ThreadId, url: &str) -> Option<InstanceId> {
        self.instances.find(thread, url).map(|instance| instance.id)
    }

    /// The instance declines: a change that would supersede it asks for a restart.
    pub fn decline(&mut self, id: InstanceId) {
        self.instances.decline(id);
    }
}
