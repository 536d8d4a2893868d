//! Resolving is not importing: what only asks where a module is comes to the hooks as an import does, and leaves no edge.
//!
//! - `import.meta.resolve()`: hooks in the app's thread can tell it. Those in a thread of their own cannot: there the app's
//!   thread says what it looks up before it waits for the answer.
//! - `require.resolve()`: no hook can tell it. So an edge from CommonJS is recorded when the module is loaded, or reported
//!   by who required it (see [`super::commonjs`]).

use crate::engine::lifecycle::instance::Body;
use crate::graph::{ModuleKind, ThreadId};
use crate::url::path_of;

use crate::engine::Engine;

impl Engine {
    /// Until [`Engine::end_lookup`] the thread waits to be told what `specifier` means to `parent`.
    pub fn begin_lookup(&mut self, thread: ThreadId, parent: &str, specifier: &str) {
        self.modules.begin_lookup(thread, parent, specifier);
    }

    /// See [`Engine::begin_lookup`].
    pub fn end_lookup(&mut self, thread: ThreadId) {
        self.modules.end_lookup(thread);
    }

    /// A request to resolve something has begun. Returns its number among those that may be what the thread looks up;
    /// `None` if it is an import. Only the last of them is a lookup, because the thread waits for that: those before were under way.
    pub fn lookup_request(
        &mut self,
        thread: ThreadId,
        parent: &str,
        specifier: &str,
    ) -> Option<u32> {
        self.modules.lookup_request(thread, parent, specifier)
    }

    /// Whether the importer `parent` has an `import.meta`: CommonJS that a loader has given its source may come to the hooks
    /// with `require()` as others do with `import.meta.resolve()`.
    pub fn may_look_up(&self, thread: ThreadId, parent: &str) -> bool {
        match self.lifecycle.find(thread, parent) {
            Some(instance) => instance.body != Body::CommonJs,
            // Loaded before us.
            None => parent.starts_with("data:") || path_of(parent).is_some(),
        }
    }

    /// The URL by which an import of `url` would load it now; `None` if it is that one.
    pub fn current_url(&mut self, url: &str) -> Option<String> {
        let target = self.modules.meaning(url)?;
        Some(self.modules.url_to_load(&target)).filter(|current| current != url)
    }

    /// CommonJS may be about to require `url`, which it has resolved: whether it does shows in `require.cache`.
    pub fn sought(&mut self, thread: ThreadId, url: &str) {
        let Some(path) = path_of(url) else { return };
        let kind = match self.modules.find(&path) {
            Some(module) => self.modules.get(module).kind,
            None => self.modules.judge(&path, &[&path]).0,
        };
        if kind == ModuleKind::File {
            self.threads.entry(thread).or_default().has_commonjs = true;
        }
    }
}
