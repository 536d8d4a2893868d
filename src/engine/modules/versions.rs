//! What modules are loaded as, what their files hold, and their next versions.

use std::sync::Arc;

use crate::decision::{Reporter, is_change};
use crate::fingerprint::Fingerprint;
use crate::graph::{Content, ModuleId};

use super::Modules;

/// What became of a module whose version was counted up.
#[derive(Debug, PartialEq, Eq)]
pub struct Bumped {
    /// The next version.
    pub version: u32,
    /// The file whose plain URL the module keeps, so that what Node has by it is stale.
    pub plain: Option<Arc<str>>,
}

/// As what a module was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// As an ES module.
    Es,
    /// As JSON.
    Json,
    /// As something else that a `require.cache` may hold.
    Other,
}

impl Modules {
    /// The next version of a module.
    pub fn bump(&mut self, id: ModuleId) -> Bumped {
        self.bump_with(id, Content::unload)
    }

    /// The next version of a module that could not be linked: a change of it still counts.
    pub fn bump_silently(&mut self, id: ModuleId) -> Bumped {
        self.bump_with(id, Content::fail)
    }

    fn bump_with(&mut self, id: ModuleId, content: impl FnOnce(&mut Content)) -> Bumped {
        let module = self.graph.get(id);
        let mut version = module.version + 1;
        // A user may have written `?v=2` himself: that URL is another instance.
        while self.urls.is_taken(id, version) {
            version += 1;
        }
        // Node shares JSON between `import` and `require` under its plain URL only.
        let shares = module.is_json && self.graph.is_required(id);
        let module = self.graph.get_mut(id);
        module.keeps_url |= shares;
        module.version = version;
        content(&mut module.content);
        let plain = module.keeps_url.then(|| module.path.clone());
        self.generation += 1;
        // What a superseded instance accepts but itself counts no longer.
        self.graph.accepts_less();
        Bumped { version, plain }
    }

    /// What the module's file holds, and held.
    pub fn content_mut(&mut self, id: ModuleId) -> &mut Content {
        &mut self.graph.get_mut(id).content
    }

    /// The module keeps its plain URL from now on. Returns whether it did not before.
    pub fn keep_url(&mut self, id: ModuleId) -> bool {
        let is_new = !std::mem::replace(&mut self.graph.get_mut(id).keeps_url, true);
        self.generation += u32::from(is_new);
        is_new
    }

    /// A `require.cache` may hold the module.
    pub fn note_require(&mut self, id: ModuleId) {
        self.graph.get_mut(id).by_require = true;
    }

    /// A `require()` of the module was resolved.
    pub fn require(&mut self, id: ModuleId) {
        self.note_require(id);
        self.content_mut(id).require();
    }

    /// The module was loaded. What is required as an ES module keeps its plain URL.
    pub fn loaded(&mut self, id: ModuleId, what: Loaded) {
        let is_required = self.graph.is_required(id);
        let module = self.graph.get_mut(id);
        module.is_es |= what == Loaded::Es;
        module.is_json |= what == Loaded::Json;
        module.by_require |= what != Loaded::Es;
        if what == Loaded::Es && is_required {
            self.keep_url(id);
        }
    }

    /// What was just required until now keeps its plain URL when it is first imported, if it is JSON: Node shares that.
    pub fn share_json(&mut self, id: ModuleId) {
        let module = self.get(id);
        let is_first = module.version > 0 && !module.is_json && !module.keeps_url;
        if is_first && module.path.ends_with(".json") && self.is_required(id) {
            self.keep_url(id);
        }
    }

    /// See [`is_change`].
    pub fn is_change(&mut self, id: ModuleId, now: Fingerprint, reporter: Reporter) -> bool {
        is_change(&mut self.graph, id, now, reporter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_skip_what_the_user_has_written() {
        let mut modules = Modules::default();
        let id = modules.add("/a.mjs", "/a.mjs");
        let clean = modules.record("file:///a.mjs", id);
        modules.record("file:///a.mjs?v=2", id);
        assert_eq!(modules.url_to_load(&clean), "file:///a.mjs");
        for expected in [1, 3, 4] {
            let before = modules.generation();
            assert_eq!(modules.bump(id), Bumped { version: expected, plain: None });
            assert_ne!(modules.generation(), before);
            assert_eq!(modules.url_to_load(&clean), format!("file:///a.mjs?v={expected}"));
        }
    }

    #[test]
    fn what_keeps_its_url_is_stale_under_it() {
        let mut modules = Modules::default();
        let id = modules.add("/a.mjs", "/a.mjs");
        let clean = modules.record("file:///a.mjs", id);
        assert!(modules.keep_url(id) && !modules.keep_url(id));
        assert_eq!(modules.bump(id), Bumped { version: 1, plain: Some("/a.mjs".into()) });
        assert_eq!(modules.url_to_load(&clean), "file:///a.mjs");
    }

    #[test]
    fn a_failed_link_keeps_what_was_read() {
        let mut modules = Modules::default();
        let id = modules.add("/a.mjs", "/a.mjs");
        modules.content_mut(id).read_as(Fingerprint::Content(1));
        modules.bump_silently(id);
        assert_eq!(modules.get(id).content.read(), Some(Fingerprint::Content(1)));
        modules.bump(id);
        assert!(!modules.get(id).content.is_begun());
    }
}
