//! Folders that are watched: each as long as somebody holds it, whatever happens to it and to the options meanwhile.

use std::iter::successors;
use std::path::Path;

use hot_hook::watch::{Event, Poller, Watch, sleep};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::folder::Folder;
use crate::node::Node;

const FOLDERS: [&str; 6] = ["a", "a/b", "a/b/c", "a/d", "e", "e/f"];

#[derive(Debug, Clone)]
enum Action {
    Hold(usize),
    LetGo(usize),
    Make(usize),
    Remove(usize),
    Rename(usize, usize),
    Drain,
}

fn action() -> impl Strategy<Value = Action> {
    let folder = || 0..FOLDERS.len();
    prop_oneof![
        3 => folder().prop_map(Action::Hold),
        2 => folder().prop_map(Action::LetGo),
        3 => folder().prop_map(Action::Make),
        1 => folder().prop_map(Action::Remove),
        1 => (folder(), folder()).prop_map(|(from, to)| Action::Rename(from, to)),
        1 => Just(Action::Drain),
    ]
}

/// A watch on some of the folders, and how often each is held.
struct Watched {
    folder: Folder,
    watch: Watch,
    _poller: Poller,
    holders: [u32; FOLDERS.len()],
}

impl Watched {
    fn new() -> Self {
        let (waker, poller) = sleep::pair().expect("a pipe");
        let watch = Watch::with(None, waker, |_| None);
        Self { folder: Folder::new(), watch, _poller: poller, holders: [0; FOLDERS.len()] }
    }

    fn path(&self, index: usize) -> String {
        self.folder.path(FOLDERS[index])
    }

    /// A folder and those above it, as the engine holds them: any of them may be moved away.
    fn with_ancestors(&self, index: usize) -> Vec<String> {
        let names = successors(Some(FOLDERS[index]), |name| Some(name.rsplit_once('/')?.0));
        names.chain([""]).map(|name| self.folder.path(name)).collect()
    }

    fn let_go(&mut self, index: usize) {
        for directory in self.with_ancestors(index) {
            self.watch.release(&directory);
        }
    }

    fn apply(&mut self, action: &Action) {
        match *action {
            Action::Hold(index) => {
                for directory in self.with_ancestors(index) {
                    self.watch.retain(&directory);
                }
                self.holders[index] += 1;
            }
            Action::LetGo(index) if self.holders[index] > 0 => {
                self.let_go(index);
                self.holders[index] -= 1;
            }
            Action::Make(index) => self.folder.make_dir(FOLDERS[index]),
            Action::Remove(index) if self.folder.exists(FOLDERS[index]) => {
                self.folder.remove(FOLDERS[index]);
            }
            Action::Rename(from, to) => {
                let (from, to) = (self.path(from), self.path(to));
                // Where it cannot be done, nothing is.
                if !Path::new(&to).exists() {
                    let _ = std::fs::rename(from, to);
                }
            }
            Action::Drain => {
                self.watch.drain();
            }
            Action::LetGo(_) | Action::Remove(_) => {}
        }
    }

    /// The held folders that exist, and of which a save is not seen.
    fn unseen(&mut self) -> Vec<&'static str> {
        self.watch.drain();
        let mut unseen = Vec::new();
        for (index, name) in FOLDERS.into_iter().enumerate() {
            if self.holders[index] == 0 || !self.folder.exists(name) {
                continue;
            }
            let saved = format!("{name}/file");
            self.folder.write(&saved, "");
            let saved = self.folder.path(&saved);
            let is_of_it =
                |event: &Event| matches!(event, Event::File { path, .. } if *path == saved);
            if !self.watch.drain().iter().any(is_of_it) {
                unseen.push(name);
            }
        }
        unseen
    }
}

/// What a call of `hot.init()` may say; each says all of what bears on which folders are watched.
fn options() -> impl Strategy<Value = Value> {
    let root = select(vec![".", "./a", "./a/b", "./none/such"]);
    let ignore = select(vec![json!([]), json!(["./a/**"]), json!(["**/b/**"]), json!("./e/f/*")]);
    let restart = select(vec![json!([]), json!(["./.env"]), json!(["./e/**/*.yml", "./new/x"])]);
    let boundaries = select(vec![json!([]), json!("./a/*.mjs")]);
    (root, ignore, restart, boundaries, any::<bool>()).prop_map(
        |(root, ignore, restart, boundaries, watch)| {
            json!({
                "rootDirectory": root, "ignore": ignore, "restart": restart, "boundaries": boundaries,
                "watch": watch,
            })
        },
    )
}

/// As many as elsewhere, or this part of them: files take their time.
fn cases(part: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases / part, ..config }
}

fn module(index: usize) -> String {
    format!("{}/m.mjs", FOLDERS[index])
}

/// An app whose modules lie in all folders.
fn app(options: &Value) -> Node {
    let names = (0..FOLDERS.len()).map(module).collect::<Vec<_>>();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), "m1")).collect();
    Node::with(options, &files)
}

fn import(node: &mut Node, index: usize) {
    let value = node.hot(&format!("./{}", module(index)));
    assert!(value.is_ok(), "{value:?}");
}

proptest! {
    #![proptest_config(cases(2))]

    #[test]
    fn a_held_folder_is_seen_whatever_happened_and_let_go_at_the_end(actions in vec(action(), 1..24)) {
        let mut watched = Watched::new();
        for action in &actions {
            watched.apply(action);
        }
        prop_assert_eq!(watched.unseen(), [""; 0]);
        for index in 0..FOLDERS.len() {
            for _ in 0..watched.holders[index] {
                watched.let_go(index);
            }
        }
        prop_assert!(watched.watch.is_empty(), "{} are still held", watched.watch.len());
    }
}

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn options_hold_what_they_would_have_held_from_the_start(
        changes in vec((options(), vec(0..FOLDERS.len(), 0..4)), 1..8),
        last in options(),
    ) {
        let mut node = app(&changes[0].0);
        let mut imported = Vec::new();
        for (options, modules) in &changes {
            node.configure(options);
            for &index in modules {
                import(&mut node, index);
                imported.push(index);
            }
        }
        node.configure(&last);
        let mut fresh = app(&last);
        for &index in &imported {
            import(&mut fresh, index);
        }
        let held = |node: &Node| {
            let base = node.folder.path("");
            let held = node.engine.watched_directories();
            held.map(|(path, holders)| (path.replace(&base, ""), holders)).collect::<Vec<_>>()
        };
        prop_assert_eq!(held(&node), held(&fresh));
        if last["watch"] == true {
            let ignore = node.engine.config().expect("there is one").ignore.clone();
            let is_followed = |index: &usize| !ignore.is_match(&node.folder.path(&module(*index)));
            for index in imported.into_iter().filter(is_followed).collect::<Vec<_>>() {
                import(&mut node, index);
                node.write(&module(index), "m2");
                node.wait_until_quiet();
                prop_assert_eq!(node.hot(&format!("./{}", module(index))), Ok("m2".to_owned()));
                node.write(&module(index), "m1");
            }
        }
    }
}
