//! An import is loaded and evaluated: what was read, and from when on its edges count.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::engine::lifecycle::instance::{Body, InstanceId, Reading};
use crate::fingerprint::{Fingerprint, open};
use crate::graph::{ModuleId, ThreadId};
use crate::source::{awaits, decode, may_import, needs_prelude};
use crate::url::{Meaning, path_of, versioned};

use crate::engine::lifecycle::Begun;
use crate::engine::modules::Loaded;
use crate::engine::update::HotEvent;
use crate::engine::{Engine, MissingPackage};

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
        /// It may import by `import()`.
        imports: bool,
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
        let version = self.modules.version_of(&meaning);
        let clean = (version > 0).then(|| meaning.clean.to_string());
        let begins = self.lifecycle.begin(thread, url, module, version);
        let is_new = begins && !self.modules.get(module).is_non_reloadable();
        if begins && !is_new {
            self.lifecycle.reads(thread, url, Reading::Watched);
        }
        Some(Load { module, url: url.into(), clean, is_new })
    }

    /// Whether nobody is to read the file of a load yet, because it is just being saved: it may be half of it, or empty. The
    /// caller waits, without the engine, for [`QUIET`](crate::watch::settle::QUIET) at most: then an unfinished write counts.
    pub fn is_being_written(&mut self, load: &Load, now: Instant) -> bool {
        if !load.is_new {
            return false;
        }
        self.collect(now);
        self.changes.is_being_written(&self.modules.get(load.module).path)
    }

    /// The file is read here before Node does, so that no hash is ever taken after the module was.
    pub fn load(&mut self, thread: ThreadId, load: &Load, now: Instant) {
        let (id, url) = (load.module, &*load.url);
        if !load.is_new {
            return;
        }
        // From here on, an event for the file may mean that Node read other bytes than we.
        self.collect(now);
        self.changes.note_map(id, &self.modules.get(id).path);
        let stamp = self.changes.stamp(&self.modules, id);
        let found = stamp.map_or_else(|| self.look_at(id), |(_, found)| found);
        let reading =
            stamp.map_or(Reading::Watched, |(stamp, found)| Reading::Unwatched(stamp, found));
        self.lifecycle.reads(thread, url, reading);
        // While it was waited for, a change may have superseded it: what is read is not the next version's.
        let is_current = self.lifecycle.find(thread, url).is_some_and(|it| it.life.is_current());
        match self.modules.get(id).content.read() {
            Some(read) if read != found => self.changed_under_version(id, found),
            _ if is_current => self.modules.content_mut(id).read_as(found),
            _ => {}
        }
    }

    /// As [`Engine::load`] and [`Engine::loaded`], for the first instance of a plain ES module that Node has not read: what
    /// runs is the very text that was hashed. `None` if Node is to read it, or if there is work to be done before.
    pub fn read(&mut self, thread: ThreadId, url: &str) -> Option<Source> {
        if !self.has_no_work(thread) || self.is_disposing(thread) {
            return None;
        }
        let meaning = self.modules.meaning(url)?;
        let id = meaning.module;
        let module = self.modules.get(id);
        if self.modules.version_of(&meaning) > 0 || path_of(url)? != *module.path {
            return None;
        }
        let is_non_reloadable = module.is_non_reloadable();
        let (mut file, stamp) = open(Path::new(module.path.as_ref())).ok()?;
        if !is_non_reloadable {
            self.changes.note_stamp(&module.path, &stamp);
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let text = decode(&bytes)?;
        let found = Fingerprint::of_bytes(&bytes);
        if module.content.read().is_some_and(|read| read != found) {
            return None;
        }
        if self.lifecycle.begin(thread, url, id, 0) && !is_non_reloadable {
            self.changes.note_map(id, &self.modules.get(id).path);
            self.modules.content_mut(id).read_as(found);
        }
        let without_prelude = !needs_prelude(text);
        let (awaits, imports) = (awaits(text), may_import(text));
        self.note_loaded(thread, url, Format::Es { awaits, without_prelude, imports });
        Some(Source { text: text.to_owned(), needs_prelude: !self.may_be_left(without_prelude) })
    }

    /// From now on the maps of modules count: Node looks at them.
    pub fn use_source_maps(&mut self) {
        self.changes.use_source_maps(&self.modules);
    }

    /// Whether Node looks at source maps, in any thread.
    pub fn uses_source_maps(&self) -> bool {
        self.changes.uses_source_maps()
    }

    /// What was not found, and is not there yet.
    pub fn missing_packages(&self) -> impl Iterator<Item = &MissingPackage> {
        self.changes.missing_packages()
    }

    /// Node has read `url`, which is in `format`.
    pub fn loaded(&mut self, thread: ThreadId, url: &str, format: Format, now: Instant) {
        self.collect(now);
        self.note_loaded(thread, url, format);
    }

    /// What the ES module `url`, which was loaded, needs. `without_prelude`: see [`Format::Es`].
    pub fn need(&self, thread: ThreadId, url: &str, without_prelude: bool) -> Need {
        let is_first = |meaning: &Meaning| self.modules.version_of(meaning) == 0;
        if self.must_wait(thread, url) {
            Need::Wait
        } else if self.modules.meaning(url).as_ref().is_none_or(is_first)
            && self.may_be_left(without_prelude)
        {
            Need::Nothing
        } else {
            Need::Prelude
        }
    }

    /// Whether the ES module that is loaded as `url` has a prelude; `None` if it is not known.
    pub fn has_prelude(&self, thread: ThreadId, url: &str) -> Option<bool> {
        let meaning = self.modules.meaning(url)?;
        let keeps_url = self.modules.get(meaning.module).keeps_url;
        if meaning.version > 0 || keeps_url && self.modules.version_of(&meaning) > 0 {
            return Some(true);
        }
        match self.lifecycle.find(thread, url)?.body {
            Body::Es { has_prelude, .. } => Some(has_prelude),
            Body::CommonJs | Body::Unknown => None,
        }
    }

    /// The URL under which today's instance of the module is known that `url` stands for, if it is another.
    pub fn url_of_today(&self, url: &str) -> Option<String> {
        let meaning = self.modules.meaning(url)?;
        let module = self.modules.get(meaning.module);
        let version = if module.keeps_url { 0 } else { module.version };
        (version > 0).then(|| versioned(&meaning.clean, version)).filter(|current| current != url)
    }

    /// Whether the first instance of a module needs no prelude. Where something accepts itself, it matters when those that
    /// import it have run; where the parent process alone reports changes, whether they have failed.
    fn may_be_left(&self, without_prelude: bool) -> bool {
        without_prelude
            && !self.changes.leaves_all_to_parent()
            && self.modules.accepted().own.is_empty()
    }

    /// Node has read a module: if its file is not as it was before, it is unknown what Node has read.
    fn compare_stamp(&mut self, thread: ThreadId, url: &str) {
        let Some((id, version, before)) = self.lifecycle.take_stamp(thread, url) else { return };
        if self.modules.get(id).version == version
            && self.changes.stamp(&self.modules, id).is_some_and(|it| it != before)
        {
            self.modules.content_mut(id).doubt();
        }
    }

    fn note_loaded(&mut self, thread: ThreadId, url: &str, format: Format) {
        self.compare_stamp(thread, url);
        let is_left = matches!(format, Format::Es { without_prelude, .. } if self.may_be_left(without_prelude));
        let body = match format {
            Format::Es { awaits, imports, .. } => {
                Body::Es { awaits, has_prelude: !is_left, imports }
            }
            Format::CommonJs => Body::CommonJs,
            Format::Json | Format::Other => Body::Unknown,
        };
        let Some(module) = self.lifecycle.loaded(thread, url, body) else { return };
        self.modules.loaded(
            module,
            match format {
                Format::Es { .. } => Loaded::Es,
                Format::Json => Loaded::Json,
                Format::CommonJs | Format::Other => Loaded::Other,
            },
        );
        if format != Format::Json {
            self.observe_boundary(thread, url);
        }
        if format == Format::CommonJs {
            self.expect_reports(thread, module);
            self.reloaded(thread, module);
        }
    }

    /// The instance's body is about to run; [`Engine::drain`] follows. Returns its name; `None` if it never passed [`Engine::load`].
    pub fn evaluate(&mut self, thread: ThreadId, url: &str) -> Option<InstanceId> {
        let Begun { id, module, version } = self.lifecycle.evaluate(thread, url)?;
        if self.must_observe(thread, url, module) {
            self.observe(id);
        }
        self.settle_edges(thread, module, version);
        Some(id)
    }

    /// Edges follow the code: what older instances imported counts no longer.
    pub(in crate::engine) fn settle_edges(
        &mut self,
        thread: ThreadId,
        module: ModuleId,
        version: u32,
    ) {
        let keeps = version == 0 || self.lifecycle.has_newer(thread, module, version);
        if !keeps && self.modules.drop_older_edges(thread, module, version) {
            self.prune();
        }
    }

    /// Modules that nothing reaches any more are disposed of, and watched no longer.
    pub(in crate::engine) fn prune(&mut self) {
        let lost = self.modules.prune();
        self.make_stale(&lost);
        for &id in &lost {
            self.bump(id);
            self.changes.release_module(id, &self.modules.get(id).path);
        }
        if !lost.is_empty() {
            self.forget_registrations(&lost);
            self.outcomes.pruned(&lost);
            for thread in self.threads.values_mut() {
                thread.checks.forget(&lost);
            }
            self.emit(|engine| {
                let paths = lost.iter().map(|&id| engine.modules.get(id).path.clone());
                HotEvent::Prune { paths: paths.collect() }
            });
            for thread in self.threads.values_mut().filter(|thread| thread.interest.losses) {
                thread.pending.pruned_modules.extend_from_slice(&lost);
            }
        }
    }

    /// Whether the current version of the module that the thread knows by `url` has passed its hooks.
    pub fn has_passed(&self, thread: ThreadId, url: &str) -> bool {
        let found = self.lifecycle.find(thread, url).filter(|it| it.life.is_current());
        found.is_some_and(|it| it.version == self.modules.get(it.module).version)
    }

    /// The instance that the thread knows by `url`.
    pub fn find(&self, thread: ThreadId, url: &str) -> Option<InstanceId> {
        self.lifecycle.find(thread, url).map(|instance| instance.id)
    }
}
