//! Static imports about which Node need not be asked, because it has told where such files of the directory are, and what.

use std::path::Path;

use crate::engine::lifecycle::instance::Body;
use crate::error::NotDynamicError;
use crate::graph::ThreadId;
use crate::watch::parent;

use crate::engine::Engine;
use crate::engine::changes::Changes;
use crate::engine::hooks::Import;

impl Engine {
    /// As [`Engine::resolve`], for an import that Node has not resolved. Returns the URL to load; `None` if Node is to be
    /// asked, or if there is work to be done before.
    ///
    /// # Errors
    /// Those of [`Engine::resolve`].
    pub fn resolve_directly(&mut self, import: &Import) -> Result<Option<String>, NotDynamicError> {
        if !self.has_no_work(import.thread) {
            return Ok(None);
        }
        let Some(url) = self.shortcut(import) else { return Ok(None) };
        Ok(Some(self.resolve(import, &url)?.unwrap_or(url)))
    }

    /// The URL that a static import means beyond doubt.
    fn shortcut(&mut self, import: &Import) -> Option<String> {
        let importer = import.parent?;
        let instance = self.lifecycle.find(import.thread, importer)?;
        if !instance.life.evaluation().is_ahead() || instance.body == Body::CommonJs {
            return None;
        }
        let (url, path) = self.modules.sibling(import.thread, importer, import.specifier)?;
        if !std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file()) {
            return None;
        }
        if self.modules.meaning(&url).is_none() {
            let module = self.module_at_real(&path);
            self.modules.record(&url, module);
        }
        Some(url)
    }

    /// Node itself says that `url` is an ES module, and nobody had a hand in it.
    pub fn record_format(&mut self, thread: ThreadId, url: &str) {
        let changes = &self.changes;
        self.modules.record_format(thread, url, |path| sees_packages(changes, parent(path)));
    }
}

/// Whether a package.json that comes between `directory` and the one that counts now would be noticed in time.
fn sees_packages(changes: &Changes, directory: &str) -> bool {
    let mut directory = directory;
    while changes.sees_at_once(directory) {
        if Path::new(directory).join("package.json").is_file() {
            return true;
        }
        directory = parent(directory);
    }
    false
}
