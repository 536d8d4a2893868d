//! Import graphs as text, such as `root -> app ~hot~> a; a -> b => c`.
//!
//! | text | meaning |
//! | --- | --- |
//! | `->` | static import |
//! | `-hot->` | static import of what was meant as a boundary |
//! | `~>` | `import()` |
//! | `~hot~>` | `import()` of a boundary |
//! | `=>` | `require()` |
//! | `=late=>` | `require()` by a module that has run |
//! | `=hot=>` | the same, of a boundary |
//! | `1: a -> b` | in thread 1; without it in thread 0 |
//! | `a@2 -> b` | imported by version 2 of `a` |
//! | `a accepts b` | `a` accepts its import of `b`, in that thread; `a accepts a`: itself |
//! | `!lib` | a module that `ignore` matches |
//! | `root…` | a name that begins so is an entry point of the threads whose statements it heads |

use hot_hook::graph::{EdgeKind, Graph, ModuleId, ModuleKind, NewEdge, Scope, Step, ThreadId};

/// A graph, known by the names in its text.
#[derive(Default)]
pub struct Diagram {
    pub graph: Graph,
}

/// How an arrow is written, and what it stands for: the kind, hot, meant to be hot.
const ARROWS: [(&str, EdgeKind, bool, bool); 7] = [
    ("->", EdgeKind::Static, false, false),
    ("-hot->", EdgeKind::Static, false, true),
    ("~>", EdgeKind::Dynamic, false, false),
    ("~hot~>", EdgeKind::Dynamic, true, true),
    ("=>", EdgeKind::Require, false, false),
    ("=late=>", EdgeKind::Require, false, false),
    ("=hot=>", EdgeKind::Require, true, true),
];

impl Diagram {
    pub fn of(text: &str) -> Self {
        let mut diagram = Self::default();
        diagram.add(text);
        diagram
    }

    /// Adds what `text` says to the graph.
    pub fn add(&mut self, text: &str) {
        for statement in text.split(';').map(str::trim).filter(|text| !text.is_empty()) {
            let (thread, rest) = statement.split_once(": ").unwrap_or(("0", statement));
            let thread = ThreadId(thread.parse().expect("a thread is a number"));
            self.add_statement(thread, &rest.split_whitespace().collect::<Vec<_>>());
        }
    }

    fn add_statement(&mut self, thread: ThreadId, words: &[&str]) {
        let (mut importer, version) = self.module(words[0]);
        if words[0].starts_with("root") {
            self.graph.add_root(thread, importer);
        }
        if let [_, "accepts", name] = words {
            let target = self.module(name).0;
            let mut accepted = self.graph.accepted().clone();
            if importer == target {
                accepted.own.insert((thread, target));
            } else {
                accepted.dependencies.insert((thread, importer, target));
            }
            return self.graph.set_accepted(accepted);
        }
        let mut version = version;
        for pair in words[1..].chunks(2) {
            let &[arrow, name] = pair else { panic!("an arrow leads nowhere: {words:?}") };
            let (target, next) = self.module(name);
            let (_, kind, hot, meant_hot) =
                *ARROWS.iter().find(|(text, ..)| *text == arrow).expect("an arrow");
            let late = ["=late=>", "=hot=>"].contains(&arrow);
            let lazy = kind == EdgeKind::Dynamic || late;
            let edge = NewEdge {
                thread,
                version,
                kind,
                lazy,
                late,
                hot,
                meant_hot,
                by_attribute: false,
                in_body: false,
                specifier: name,
            };
            self.graph.add_edge(importer, target, &edge);
            (importer, version) = (target, next);
        }
    }

    fn module(&mut self, word: &str) -> (ModuleId, u32) {
        let (name, version) = word.split_once('@').unwrap_or((word, "0"));
        let kind = if name.starts_with('!') { ModuleKind::Ignored } else { ModuleKind::File };
        let id = self.graph.module_or_insert(name, || (kind, Scope::Nowhere));
        (id, version.parse().expect("a version is a number"))
    }

    pub fn id(&self, name: &str) -> ModuleId {
        self.graph.find(name).unwrap_or_else(|| panic!("no module {name:?}"))
    }

    /// The names of modules, with spaces between.
    pub fn names(&self, ids: impl IntoIterator<Item = ModuleId>) -> String {
        let names: Vec<_> = ids.into_iter().map(|id| &*self.graph.get(id).path).collect();
        names.join(" ")
    }
}

/// A chain in the notation of diagrams.
pub fn draw(chain: &[Step]) -> String {
    let mut words = Vec::new();
    for step in chain {
        if let Some(kind) = step.kind {
            words.push(arrow(kind, step.static_boundary_import));
        }
        words.push(&step.path);
    }
    words.join(" ")
}

fn arrow(kind: EdgeKind, meant_hot: bool) -> &'static str {
    let found = ARROWS.iter().find(|&&(_, k, hot, meant)| k == kind && !hot && meant == meant_hot);
    found.expect("an arrow").0
}
