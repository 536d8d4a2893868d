//! A Node in miniature: it calls the engine as the hooks do, over real files.
//!
//! A file's first word is what it exports; each further line `import ./x.mjs` is a static import. The value of a module
//! is its word with the values of its imports behind it: `a1(b1(c1) d1)`. A file that begins with `throw` throws.

use std::fs;
use std::time::{Duration, Instant};

use hot_hook::config::Origin;
use hot_hook::engine::lifecycle::instance::InstanceId;
use hot_hook::engine::{
    Caller, Ending, Engine, Format, Import, Message, Next, Reload, Required, Update,
};
use hot_hook::graph::ThreadId;
use hot_hook::path::resolve;
use hot_hook::url::path_of;
use hot_hook::watch::settle::QUIET;
use hot_hook::watch::{Poller, sleep};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::folder::Folder;

pub const MAIN: ThreadId = ThreadId(0);

/// Something that is done to files.
type Interference = Box<dyn FnOnce(&Folder)>;

/// What Node's cache knows of a URL.
#[derive(Clone, Default)]
struct Loaded {
    word: String,
    imports: Vec<String>,
    state: Stage,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Linking,
    Running,
    Ran,
    /// Node remembers that, whatever the file becomes.
    Broken,
}

pub struct Node {
    pub engine: Engine,
    pub folder: Folder,
    /// What happens to files after the engine has read the next module, and before Node does.
    pub while_reading: Option<Interference>,
    /// Whether a symlink's own path is the module's.
    pub preserve_symlinks: bool,
    /// Node remembers real paths for ever.
    real_paths: FxHashMap<String, String>,
    cache: FxHashMap<(ThreadId, String), Loaded>,
    names: FxHashMap<InstanceId, String>,
    updates: Vec<(ThreadId, Update)>,
    skipped: Duration,
    _sleeper: Poller,
}

impl Node {
    /// Files, and an app in the main thread whose root is `app.mjs`.
    pub fn start(files: &[(&str, &str)]) -> Self {
        Self::with(&json!({}), files)
    }

    pub fn with(options: &Value, files: &[(&str, &str)]) -> Self {
        let (waker, poller) = sleep::pair().expect("a pipe");
        let mut node = Self {
            engine: Engine::new(waker),
            folder: Folder::new(),
            while_reading: None,
            preserve_symlinks: false,
            real_paths: FxHashMap::default(),
            cache: FxHashMap::default(),
            names: FxHashMap::default(),
            updates: Vec::new(),
            skipped: Duration::ZERO,
            _sleeper: poller,
        };
        for (name, text) in [("app.mjs", "app")].iter().chain(files) {
            node.write(name, text);
        }
        node.configure(options);
        node.thread(MAIN);
        node
    }

    pub fn configure(&mut self, options: &Value) {
        let base = self.folder.path("");
        let origin = Origin { name: "test", base: &base, env_watch: None };
        self.engine.configure(MAIN, options, &origin).expect("good options");
    }

    /// Starts a thread whose root is `app.mjs`.
    pub fn thread(&mut self, thread: ThreadId) {
        self.engine.attach(thread, true, Box::new(|| {}));
        self.import(thread, "", "./app.mjs", false).expect("the root runs");
    }

    /// Writes a file, and the directories that it needs.
    pub fn write(&self, name: &str, text: &str) {
        if let Some((directory, _)) = name.rsplit_once('/') {
            self.folder.make_dir(directory);
        }
        self.folder.write(name, text);
    }

    /// Takes file events in, and lets pass the time in which what they wait for might come.
    pub fn wait_until_quiet(&mut self) {
        self.deliver(MAIN);
        self.skipped += QUIET;
    }

    pub fn now(&self) -> Instant {
        Instant::now() + self.skipped
    }

    /// The URL of a file, with its query if it has one.
    pub fn url(&self, name: &str) -> String {
        let (path, query) = name.find('?').map_or((name, ""), |at| name.split_at(at));
        format!("file://{}{query}", self.folder.path(path))
    }

    /// What the app gets of `import(specifier, { with: { hot: 'true' } })` in the main thread.
    pub fn hot(&mut self, specifier: &str) -> Result<String, String> {
        self.import(MAIN, "app.mjs", specifier, true)
    }

    /// What a module of a thread gets of an `import()`; `""` is nobody, for an entry point.
    pub fn import(
        &mut self,
        thread: ThreadId,
        importer: &str,
        specifier: &str,
        hot: bool,
    ) -> Result<String, String> {
        let url = self.link(thread, importer, specifier, hot)?;
        self.run(thread, &url)?;
        Ok(self.value(thread, &url, &mut Vec::new()))
    }

    /// The first half of [`Node::import`]. Returns the URL.
    pub fn link(
        &mut self,
        thread: ThreadId,
        importer: &str,
        specifier: &str,
        hot: bool,
    ) -> Result<String, String> {
        let parent = (!importer.is_empty()).then(|| self.url(importer));
        self.link_from(thread, parent.as_deref(), specifier, hot)
    }

    fn link_from(
        &mut self,
        thread: ThreadId,
        parent: Option<&str>,
        specifier: &str,
        hot: bool,
    ) -> Result<String, String> {
        let url = self.resolve(thread, parent, specifier, hot)?;
        match self.cache.get(&(thread, url.clone())) {
            Some(loaded) if loaded.state == Stage::Broken => Err(format!("{url} is broken")),
            Some(_) => Ok(url),
            None => self.load(thread, &url).map(|()| url),
        }
    }

    /// The URL that an import leads to.
    pub fn resolve(
        &mut self,
        thread: ThreadId,
        parent: Option<&str>,
        specifier: &str,
        hot: bool,
    ) -> Result<String, String> {
        let attribute = hot.then_some("true");
        let (require, lazy, late) = (false, false, false);
        let import = Import { thread, parent, specifier, attribute, require, lazy, late };
        let clean = parent.and_then(|url| self.engine.clean(url)).map(|url| url.to_string());
        let base = clean.as_deref().or(parent).map_or_else(|| self.url("x"), str::to_owned);
        let direct = if hot { Ok(None) } else { self.engine.resolve_directly(&import) };
        if let Some(url) = direct.map_err(|error| error.to_string())? {
            let clean = self.engine.clean(&url).map_or_else(|| url.clone(), |url| url.to_string());
            assert_eq!(self.find(&base, specifier), Some(clean), "{specifier}");
            return Ok(url);
        }
        let Some(url) = self.find(&base, specifier) else {
            self.engine.unresolved(&import, None);
            return Err(format!("no {specifier}"));
        };
        self.deliver(thread);
        let other = self.engine.resolve(&import, &url).map_err(|error| error.to_string())?;
        self.engine.record_format(thread, &url);
        Ok(other.unwrap_or(url))
    }

    pub fn load(&mut self, thread: ThreadId, url: &str) -> Result<(), String> {
        let source =
            if self.while_reading.is_none() { self.engine.read(thread, url) } else { None };
        if let Some(source) = source {
            return self.link_imports(thread, url, &source.text);
        }
        self.deliver(thread);
        let clean = self.hash(thread, url);
        if let Some(change) = self.while_reading.take() {
            change(&self.folder);
        }
        let path = path_of(clean.as_deref().unwrap_or(url)).expect("a file URL");
        let Ok(text) = fs::read_to_string(path) else {
            self.engine.unloaded(thread, url);
            return Err(format!("{url} cannot be read"));
        };
        self.engine.loaded(
            thread,
            url,
            Format::Es { awaits: false, without_prelude: false, imports: false },
            self.now(),
        );
        self.link_imports(thread, url, &text)
    }

    /// The engine reads a module before Node does. Returns the URL to read it by, if it is another.
    pub fn hash(&mut self, thread: ThreadId, url: &str) -> Option<String> {
        let load = self.engine.begin_load(thread, url)?;
        let begin = Instant::now();
        while self.engine.is_being_written(&load, self.now()) && begin.elapsed() < QUIET {
            std::thread::yield_now();
        }
        self.engine.load(thread, &load, self.now());
        load.clean
    }

    fn link_imports(&mut self, thread: ThreadId, url: &str, text: &str) -> Result<(), String> {
        let mut lines = text.lines();
        let word = lines.next().unwrap_or_default().to_owned();
        self.cache.insert((thread, url.to_owned()), Loaded { word, ..Loaded::default() });
        for specifier in lines.filter_map(|line| line.strip_prefix("import ")) {
            match self.link_from(thread, Some(url), specifier, false) {
                Ok(import) => self.entry(thread, url).imports.push(import),
                Err(error) => {
                    self.entry(thread, url).state = Stage::Broken;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, thread: ThreadId, url: &str) -> &mut Loaded {
        self.cache.get_mut(&(thread, url.to_owned())).expect("it was loaded")
    }

    /// The second half of [`Node::import`]: what is imported first, then the module itself.
    pub fn run(&mut self, thread: ThreadId, url: &str) -> Result<(), String> {
        let loaded = self.entry(thread, url);
        match loaded.state {
            Stage::Linking => loaded.state = Stage::Running,
            Stage::Running | Stage::Ran => return Ok(()),
            Stage::Broken => return Err(format!("{url} is broken")),
        }
        let Loaded { word, imports, .. } = loaded.clone();
        let result = imports.iter().try_for_each(|import| self.run(thread, import));
        let result = result.and_then(|()| self.evaluate(thread, url, word == "throw"));
        self.entry(thread, url).state = if result.is_ok() { Stage::Ran } else { Stage::Broken };
        result
    }

    fn evaluate(&mut self, thread: ThreadId, url: &str, throws: bool) -> Result<(), String> {
        let instance = self.begin(thread, url);
        self.engine.track(instance);
        let ending = if throws { Ending::Threw } else { Ending::Completed };
        self.engine.ended(instance, ending, Instant::now());
        if throws { Err(format!("{url} throws")) } else { Ok(()) }
    }

    /// A linked module begins to run: what its prelude does.
    pub fn begin(&mut self, thread: ThreadId, url: &str) -> InstanceId {
        let instance = self.engine.evaluate(thread, url).expect("it was loaded");
        let name = self.show(url);
        self.names.insert(instance, name);
        self.deliver(thread);
        instance
    }

    fn value(&self, thread: ThreadId, url: &str, above: &mut Vec<String>) -> String {
        if above.iter().any(|other| other == url) {
            return "…".to_owned();
        }
        let loaded = &self.cache[&(thread, url.to_owned())];
        above.push(url.to_owned());
        let parts: Vec<_> =
            loaded.imports.iter().map(|import| self.value(thread, import, above)).collect();
        above.pop();
        show_value(&loaded.word, &parts)
    }

    /// Takes in what has happened to files, and the thread's work.
    pub fn deliver(&mut self, thread: ThreadId) {
        if self.engine.drain(Caller::Thread(thread), self.now()) == Next::Report {
            let nothing = Required {
                new: vec![],
                es_modules: vec![],
                opaque: vec![],
                failed: vec![],
                edges: vec![],
                missed: vec![],
                hooked: true,
            };
            self.engine.report(thread, &nothing);
        }
        self.updates.extend(self.engine.take(thread).map(|update| (thread, update)));
        self.engine.release(thread);
    }

    /// What the parent was told since the last call, such as `invalidated a.mjs b.mjs; restart app.mjs`.
    pub fn told(&mut self) -> String {
        self.deliver(MAIN);
        let mut told = Vec::new();
        for (thread, update) in &mut self.updates {
            let messages = std::mem::take(&mut update.messages);
            assert!(*thread == MAIN || messages.is_empty(), "a worker has no parent to tell");
            told.extend(messages);
        }
        told.iter().map(|message| self.show_message(message)).collect::<Vec<_>>().join("; ")
    }

    /// The instances that a thread was to dispose of since the last call, in order.
    pub fn disposed(&mut self, thread: ThreadId) -> String {
        self.deliver(thread);
        let of_thread = self.updates.iter_mut().filter(|(owner, _)| *owner == thread);
        let ids: Vec<_> =
            of_thread.flat_map(|(_, update)| std::mem::take(&mut update.disposals)).collect();
        let names = ids.iter().map(|id| self.names.get(id).map_or("not evaluated", String::as_str));
        names.collect::<Vec<_>>().join(" ")
    }

    fn show_message(&self, message: &Message) -> String {
        match message {
            Message::Invalidated { paths } => {
                let paths: Vec<_> = paths.iter().map(|path| self.show(path)).collect();
                format!("invalidated {}", paths.join(" "))
            }
            Message::FullReload(Reload { reload, .. }) => {
                let hint = if reload.should_be_reloadable() { ", needlessly" } else { "" };
                format!("restart {}{hint}", self.show(&reload.path))
            }
        }
    }

    /// A URL or path as seen from the folder.
    fn show(&self, path: &str) -> String {
        let path = path.strip_prefix("file://").unwrap_or(path);
        path.strip_prefix(&self.folder.path("")).map_or(path, |rest| &rest[1..]).to_owned()
    }

    /// The URL that the app's import of a boundary leads to, as seen from the folder.
    pub fn hot_url(&mut self, specifier: &str) -> String {
        let app = self.url("app.mjs");
        let url = self.resolve(MAIN, Some(&app), specifier, true).expect("it is there");
        self.show(&url)
    }

    /// `dump()`, a line a module: its path, version, `boundary`, `cold`, and what it imports.
    pub fn dump(&self) -> Vec<String> {
        let line = |node: hot_hook::engine::DumpNode| {
            let boundary = if node.boundary { " boundary" } else { "" };
            let cold = if node.reloadable { "" } else { " cold" };
            let imports = node.dependencies.join(" ");
            format!("{} {}{boundary}{cold} → {imports}", node.path, node.version).trim().to_owned()
        };
        self.engine.dump().into_iter().map(line).collect()
    }

    /// The URL that `specifier` means in `base`; a loader takes `x.ts` for `x.js`.
    fn find(&mut self, base: &str, specifier: &str) -> Option<String> {
        let (specifier, query) =
            specifier.find('?').map_or((specifier, ""), |at| specifier.split_at(at));
        let path = path_of(base)?;
        let (directory, _) = path.rsplit_once('/')?;
        let path = resolve(directory, specifier);
        let typescript = path.strip_suffix(".js").map(|stem| format!("{stem}.ts"));
        let exists = |path: &String| fs::metadata(path).is_ok();
        let path = std::iter::once(path).chain(typescript).find(exists)?;
        Some(format!("file://{}{query}", self.real_path(path)))
    }

    fn real_path(&mut self, path: String) -> String {
        if self.preserve_symlinks {
            return path;
        }
        let real = |path: &String| {
            let real = fs::canonicalize(path).expect("it exists");
            real.to_str().expect("a path that is text").to_owned()
        };
        self.real_paths.entry(path).or_insert_with_key(real).clone()
    }
}

pub fn show_value(word: &str, parts: &[String]) -> String {
    if parts.is_empty() { word.to_owned() } else { format!("{word}({})", parts.join(" ")) }
}
