//! What other processes hear of the app: whether it runs, and what happens in it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::graph::{ModuleId, ThreadId};

use super::outbox::HotEvent;
use super::{Engine, Reload};

impl Engine {
    /// The root directory and the entry file of the app, once it runs; until then, what may be its beginning wakes who asks.
    pub fn running_app(&mut self) -> Option<(String, String)> {
        let entry = self.graph.roots().first().filter(|_| self.linking_since.is_none());
        let (Some(config), Some(&(_, entry))) = (self.config.as_ref(), entry) else {
            self.is_awaited = true;
            return None;
        };
        let entry = config.root.clone().unwrap_or_else(|| self.graph.get(entry).path.to_string());
        Some((config.root_directory.clone(), entry))
    }

    /// The app may run from now on.
    pub(super) fn app_begins(&mut self) {
        if std::mem::take(&mut self.is_awaited) {
            self.waker.wake();
        }
    }

    pub(super) fn add_root(&mut self, thread: ThreadId, module: ModuleId) {
        self.graph.add_root(thread, module);
        self.app_begins();
    }

    /// Somebody follows from now on.
    pub fn follow(&mut self) {
        self.broadcasts.get_or_insert_default();
    }

    /// What has happened since the last call, a line of JSON each, if somebody followed then; `follows` says whether anybody
    /// does from now on.
    pub fn take_broadcasts(&mut self, follows: bool) -> Vec<String> {
        std::mem::replace(&mut self.broadcasts, follows.then(Vec::new)).unwrap_or_default()
    }

    pub(super) fn is_followed(&self) -> bool {
        self.broadcasts.is_some()
    }

    /// For who follows.
    pub(super) fn broadcast(&mut self, what: &HotEvent) {
        if let Some(line) = self.broadcasts.is_some().then(|| self.to_json(what)).flatten()
            && let Some(lines) = &mut self.broadcasts
        {
            lines.push(line.to_string());
            self.waker.wake();
        }
    }

    /// As `Happening` of packages/dump-viewer/index.d.ts has it.
    fn to_json(&self, what: &HotEvent) -> Option<Value> {
        let show = |path: &Arc<str>| self.show(path);
        let (event, data) = match what {
            HotEvent::Update { files, versions } => {
                let files: Vec<_> = files.iter().map(show).collect();
                let paths: Vec<_> = versions.iter().map(|(path, _)| show(path)).collect();
                ("update", json!({ "files": files, "paths": paths }))
            }
            HotEvent::FullReload(Reload { reload, text, hint }) => {
                let path = show(&reload.path);
                ("restart", json!({ "path": path, "text": text, "hint": hint }))
            }
            HotEvent::Prune { .. } | HotEvent::Invalidate { .. } => return None,
        };
        Some(json!({ "event": event, "data": data }))
    }
}
