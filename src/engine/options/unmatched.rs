//! Patterns of `boundaries` that match nothing are mistakes, most likely: those that match neither a module nor a file a while after
//! they were given are reported, once.
//!
//! A boundary is often imported late, so files on disk count too. They are looked for without the engine's lock.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashSet;

use crate::glob::{Base, Matcher, forward_slashes};
use crate::graph::ModuleKind;
use crate::skipped::is_skipped_folder;
use crate::watch::join;

use crate::engine::Engine;

/// How long after they were given patterns are looked at.
const AFTER: Duration = Duration::from_secs(5);

/// So many entries of folders are looked at; where there are more, nothing is said.
const MAX_ENTRIES: usize = 5000;

/// So many patterns are looked at.
const MAX_PATTERNS: usize = 100;

/// When patterns are to be looked at, and what was said.
#[derive(Default)]
pub(in crate::engine) struct Unmatched {
    due: Option<Instant>,
    /// Patterns, with the folder that they are meant from.
    said: FxHashSet<(PathBuf, String)>,
}

impl Unmatched {
    pub fn deadline(&self) -> Option<Instant> {
        self.due
    }
}

/// A pattern, and what gave it.
struct Pattern {
    giver: String,
    root: PathBuf,
    text: String,
    matcher: Matcher,
}

/// What is to be looked for, and where.
pub struct Search {
    patterns: Vec<Pattern>,
    /// The paths of all modules.
    modules: Vec<Arc<str>>,
    ignore: Matcher,
}

/// The patterns that match nothing.
pub struct Searched(Vec<Pattern>);

impl Search {
    /// Looks at what the patterns may match on disk.
    pub fn run(self) -> Searched {
        let mut left = self.patterns;
        left.retain(|it| !self.modules.iter().any(|path| it.matcher.is_match(path)));
        let bases: Vec<Base> = left.iter().flat_map(|it| it.matcher.bases()).collect();
        let mut folders: VecDeque<(String, bool)> =
            bases.into_iter().map(|base| (base.directory, base.recursive)).collect();
        let mut seen = FxHashSet::default();
        let mut entries = 0;
        // Breadth first: what is meant is rarely deep.
        while let Some((folder, recursive)) = folders.pop_front() {
            if left.is_empty() || !seen.insert((folder.clone(), recursive)) {
                continue;
            }
            let Ok(found) = std::fs::read_dir(&folder) else { continue };
            for entry in found.flatten() {
                entries += 1;
                if entries > MAX_ENTRIES {
                    return Searched(Vec::new());
                }
                let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
                let path = join(&folder, &name);
                // Through links, too.
                if !std::fs::metadata(&path).is_ok_and(|it| it.is_dir()) {
                    let path = forward_slashes(&path);
                    left.retain(|it| !it.matcher.is_match(&path));
                } else if recursive && !is_skipped_folder(&name) && !self.ignore.is_match(&path) {
                    folders.push_back((path, true));
                }
            }
        }
        Searched(left)
    }
}

impl Engine {
    /// Patterns were given, or begin to count: whether they match anything is looked at a while later.
    pub(in crate::engine) fn await_matches(&mut self, now: Instant) {
        self.options.unmatched.due = Some(now + AFTER);
        self.waker.wake();
    }

    /// What is to be looked for now; nothing as long as the app waits to run.
    pub fn due_search(&mut self, now: Instant) -> Option<Search> {
        self.options.unmatched.due.take_if(|due| *due <= now)?;
        let ignore = self.options.config.as_ref()?.ignore.clone();
        if self.lifecycle.is_prelinking() {
            return None;
        }
        let given = self.options.given.boundaries().flat_map(|it| {
            let of = move |(text, matcher): (&str, Matcher)| Pattern {
                giver: it.giver.to_owned(),
                root: it.matcher.root().to_owned(),
                text: text.to_owned(),
                matcher,
            };
            it.matcher.each().map(of)
        });
        let mut seen = self.options.unmatched.said.clone();
        let is_new = |it: &Pattern| seen.insert((it.root.clone(), it.text.clone()));
        let patterns: Vec<_> = given.take(MAX_PATTERNS).filter(is_new).collect();
        if patterns.is_empty() {
            return None;
        }
        let modules = self.modules.ids().map(|id| self.modules.get(id));
        let modules = modules.filter(|module| module.kind != ModuleKind::Virtual);
        let modules = modules.map(|module| &module.path).chain(self.modules.aliases());
        Some(Search { patterns, modules: modules.cloned().collect(), ignore })
    }

    /// Says which patterns match nothing: all in one line.
    pub fn searched(&mut self, Searched(patterns): &Searched) {
        let mut parts: Vec<(String, Vec<String>)> = Vec::new();
        for it in patterns {
            self.options.unmatched.said.insert((it.root.clone(), it.text.clone()));
            let place = format!("{}, relative to rootDirectory {}", it.giver, it.root.display());
            let text = format!("{:?}", it.text);
            match parts.iter_mut().find(|(known, _)| *known == place) {
                Some((_, texts)) => texts.push(text),
                None => parts.push((place, vec![text])),
            }
        }
        if parts.is_empty() {
            return;
        }
        let parts = parts.iter().map(|(place, texts)| format!("{} ({place})", texts.join(", ")));
        let parts = parts.collect::<Vec<_>>().join(" and ");
        let (word, verb) = if patterns.len() == 1 { ("", "matches") } else { ("s", "match") };
        self.notice(format!(
            "boundaries: the pattern{word} {parts} {verb} no module and no file: check the spelling and the folder"
        ));
        self.wake_threads();
    }
}
