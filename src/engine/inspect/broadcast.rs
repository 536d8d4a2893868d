//! What other processes hear of the app: whether it runs, and what happens in it.

use std::sync::Arc;

use serde_json::json;

use crate::graph::{ModuleId, ThreadId};

use crate::engine::Engine;
use crate::engine::update::HotEvent;
use crate::engine::update::Reload;

/// What somebody follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Updates and restarts: for who draws the graph.
    Graph,
    /// What became of saves.
    Outcomes,
}

/// What who follows is to be told.
#[derive(Default)]
pub struct Broadcasts {
    /// Somebody wants to know when the app runs.
    is_awaited: bool,
    /// What is still to be told, a line of JSON each, if anybody follows.
    lines: Option<Vec<(Topic, String)>>,
}

impl Engine {
    /// The root directory and the entry file of the app, once it runs; until then, what may be its beginning wakes who asks.
    pub fn running_app(&mut self) -> Option<(String, String)> {
        let entry = self.modules.roots().first().filter(|_| !self.lifecycle.is_prelinking());
        let (Some(config), Some(_)) = (self.config(), entry) else {
            self.broadcasts.is_awaited = true;
            return None;
        };
        Some((config.root_directory.clone(), self.entry().unwrap_or_default()))
    }

    /// The entry file of the app, once it runs.
    pub(super) fn entry(&self) -> Option<String> {
        let &(_, entry) = self.modules.roots().first()?;
        let root = self.config().and_then(|config| config.root.clone());
        Some(root.unwrap_or_else(|| self.modules.get(entry).path.to_string()))
    }

    /// The app may run from now on.
    pub(in crate::engine) fn app_begins(&mut self) {
        if std::mem::take(&mut self.broadcasts.is_awaited) {
            self.waker.wake();
        }
    }

    pub(in crate::engine) fn add_root(&mut self, thread: ThreadId, module: ModuleId) {
        self.modules.add_root(thread, module);
        self.app_begins();
    }

    /// Somebody follows from now on.
    pub fn follow(&mut self) {
        self.broadcasts.lines.get_or_insert_default();
    }

    /// What has happened since the last call, a line of JSON each, if somebody followed then; `follows` says whether anybody
    /// does from now on.
    pub fn take_broadcasts(&mut self, follows: bool) -> Vec<(Topic, String)> {
        std::mem::replace(&mut self.broadcasts.lines, follows.then(Vec::new)).unwrap_or_default()
    }

    pub(in crate::engine) fn is_followed(&self) -> bool {
        self.broadcasts.lines.is_some()
    }

    /// For who follows.
    pub(in crate::engine) fn broadcast(&mut self, what: &HotEvent) {
        if let Some(line) = self.broadcasts.lines.is_some().then(|| self.to_json(what)).flatten()
            && let Some(lines) = &mut self.broadcasts.lines
        {
            let is_outcome = matches!(what, HotEvent::Outcome { .. });
            let topic = if is_outcome { Topic::Outcomes } else { Topic::Graph };
            lines.push((topic, line));
            self.waker.wake();
        }
    }

    /// The last outcomes, a line each, as they are told to who follows; so many at most.
    pub fn outcome_lines(&self, count: usize) -> Vec<String> {
        let all: Vec<_> = self.outcomes.known().collect();
        let last = &all[all.len().saturating_sub(count)..];
        let json = last.iter().filter_map(|outcome| serde_json::to_string(outcome).ok());
        json.map(|json| outcome_line(&json)).collect()
    }

    /// As `Happening` of packages/dump-viewer/index.d.ts has it.
    fn to_json(&self, what: &HotEvent) -> Option<String> {
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
            HotEvent::Outcome { json } => return Some(outcome_line(json)),
            HotEvent::Prune { .. } | HotEvent::Invalidate { .. } => return None,
        };
        Some(json!({ "event": event, "data": data }).to_string())
    }
}

fn outcome_line(json: &str) -> String {
    format!(r#"{{"event":"outcome","data":{json}}}"#)
}
