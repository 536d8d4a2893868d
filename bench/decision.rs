//! The decision in large graphs, without Node: `cargo bench --bench decision -- [modules]`.
//!
//! Prints a line of JSON for each shape: its title and the samples in milliseconds.

#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::path::Path;
use std::time::Instant;

use hot_hook::config::Origin;
use hot_hook::engine::{Caller, Engine, Import, Message};
use hot_hook::graph::ThreadId;
use hot_hook::watch::sleep;
use serde_json::json;

const THREAD: ThreadId = ThreadId(0);
const SAMPLES: usize = 7;
const BOUNDARY: usize = 0;

/// Which modules the module at an index imports; all of them have a higher index.
type Shape = fn(usize, usize) -> Vec<usize>;

fn main() {
    let given = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let size: usize = given.unwrap_or(100_000);
    let shapes: [(&str, Shape); 4] = [
        ("each imports the next", |at, size| following(size, [at + 1])),
        ("each imports the next, a later one and the last", |at, size| {
            following(size, [at + 1, at + 1 + at * 7919 % 97, size - 1])
        }),
        ("one imports all others, they import the last", |at, size| match at {
            BOUNDARY => (1..size).collect(),
            _ => following(size, [size - 1].into_iter().filter(|&last| last > at)),
        }),
        ("layers of 10, each imports the whole next one", |at, size| {
            let layer = at.div_ceil(10);
            following(size, (0..10).map(|place| layer * 10 + 1 + place))
        }),
    ];
    for (name, shape) in shapes {
        let samples = measure(size, shape);
        println!("{}", json!({ "title": format!("{size} modules: {name}"), "samples": samples }));
    }
}

/// Modules that import each other.
struct App<'a> {
    /// What Node resolves imports to, by index. Only the last one is a file.
    urls: Vec<String>,
    root: String,
    shape: Shape,
    /// The file of the last module.
    leaf: &'a Path,
}

fn measure(size: usize, shape: Shape) -> Vec<f64> {
    let Ok(folder) = tempfile::tempdir() else { return Vec::new() };
    let leaf = folder.path().join(format!("module{}.mjs", size - 1));
    let base = folder.path().to_string_lossy().into_owned();
    let url = |at| format!("file://{base}/module{at}.mjs");
    let app = App {
        urls: (0..size).map(url).collect(),
        root: format!("file://{base}/main.mjs"),
        shape,
        leaf: &leaf,
    };
    (0..SAMPLES).filter_map(|round| app.sample(&base, round)).collect()
}

impl App<'_> {
    /// An engine that watches nothing, in which an entry point has imported module 0 as a boundary.
    fn start(&self, base: &str) -> Option<Engine> {
        let (waker, _poller) = sleep::pair().ok()?;
        let mut engine = Engine::new(waker);
        let origin = Origin { name: "bench", base, env_watch: None };
        engine.configure(THREAD, &json!({ "watch": false }), &origin).ok()?;
        engine.attach(THREAD, true, Box::new(|| {}));
        std::fs::write(self.leaf, "as it was").ok()?;
        import(&mut engine, None, &self.root, false)?;
        load(&mut engine, &self.root);
        engine.evaluate(THREAD, &self.root);
        self.run(&mut engine)?;
        Some(engine)
    }

    /// The entry point imports the boundary, and all is loaded.
    fn run(&self, engine: &mut Engine) -> Option<()> {
        let size = self.urls.len();
        let mut current = vec![String::new(); size];
        current[BOUNDARY] = import(engine, Some(&self.root), &self.urls[BOUNDARY], true)?;
        for at in 0..size {
            let importer = current[at].clone();
            load(engine, &importer);
            for target in (self.shape)(at, size) {
                current[target] = import(engine, Some(&importer), &self.urls[target], false)?;
            }
        }
        for importer in current.iter().rev() {
            engine.evaluate(THREAD, importer);
        }
        Some(())
    }

    /// The leaf is saved: how long until the update is handed out, in milliseconds. Always in a new engine, which has
    /// never computed what is cold.
    fn sample(&self, base: &str, round: usize) -> Option<f64> {
        let mut engine = self.start(base)?;
        std::fs::write(self.leaf, round.to_string()).ok()?;
        while engine.take(THREAD).is_some() {
            engine.release(THREAD);
        }
        let begin = Instant::now();
        engine.reported(self.leaf.to_str()?, false, begin);
        engine.drain(Caller::Thread(THREAD), begin);
        let update = engine.take(THREAD)?;
        let elapsed = begin.elapsed().as_secs_f64() * 1000.0;
        // Otherwise nothing was measured. Not all modules need lead to the leaf.
        let [Message::Invalidated { paths }] = &update.messages[..] else { return None };
        (paths.len() * 10 > self.urls.len() * 9).then_some(elapsed)
    }
}

fn following(size: usize, targets: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut targets: Vec<_> = targets.into_iter().filter(|&target| target < size).collect();
    targets.dedup();
    targets
}

/// What Node is to load for an import of `target`.
fn load(engine: &mut Engine, url: &str) {
    if let Some(load) = engine.begin_load(THREAD, url) {
        engine.load(THREAD, &load, Instant::now());
    }
}

fn import(engine: &mut Engine, parent: Option<&str>, target: &str, hot: bool) -> Option<String> {
    let attribute = hot.then_some("true");
    let import = Import {
        thread: THREAD,
        parent,
        specifier: target,
        attribute,
        require: false,
        lazy: false,
        late: false,
    };
    let versioned = engine.resolve(&import, target).ok()?;
    Some(versioned.unwrap_or_else(|| target.to_owned()))
}
