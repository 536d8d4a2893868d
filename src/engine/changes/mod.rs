//! What happens to files: directories are watched, events are taken in, and files that may have changed come out.
//!
//! - [`directories`]: directories that come or go, and all that is below.
//! - [`files`], [`watched`]: files that match patterns of `restart`, or that a module watches.
//! - [`hashing`]: large files.
//! - [`listings`]: folders that packages list, and new files in them.
//! - [`manifests`]: what Node remembers of packages.
//! - [`maps`]: source maps in files of their own.
//! - [`missing`]: modules that were asked for and not there.
//! - [`reports`]: what the parent process says has changed.
//! - [`unreported`]: what no hook has seen being read.
//!
//! What it finds may mean something or not: the coordinator decides.

mod directories;
mod files;
mod hashing;
mod listings;
mod manifests;
mod maps;
mod missing;
mod reports;
mod unreported;
mod watched;

use std::path::{Path, is_separator};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::config::{Config, Watching};
use crate::decision::Reporter;
use crate::fingerprint::Fingerprint;
use crate::graph::{Module, ModuleId, ModuleKind};
use crate::stamp::Stamp;
use crate::watch::linked::LinkedFiles;
use crate::watch::settle::{FileEvent, Settle};
use crate::watch::{Event, Poller, Waker, Watch, parent};

use super::lifecycle::Lifecycle;
use super::modules::Modules;
use directories::Directories;
use files::Files;
use hashing::{Hashing, LARGE};
use listings::Listings;
pub use listings::describe as describe_unlisted;
use manifests::Manifests;
pub use manifests::Missing as MissingPackage;
use maps::Maps;
use missing::Missing;
use reports::Reports;
pub use reports::in_real_directory;
use unreported::Unreported;
pub use unreported::{changed_since, is_source};
use watched::Watched;

/// What files are looked at for. Nothing of it is changed here.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub modules: &'a Modules,
    pub lifecycle: &'a Lifecycle,
}

/// What was found, besides files that may have changed.
#[derive(Default)]
pub struct Collected {
    /// A package.json was saved.
    pub packages: bool,
    /// Directories came or went, or may have.
    pub directories: bool,
    /// Problems that the user should know, a line each.
    pub problems: Vec<String>,
}

/// A module that has called `invalidate`, and its reason.
pub type Invalidated = (ModuleId, Option<Arc<str>>);

/// All that is known of files.
pub struct Changes {
    watch: Option<Watch>,
    /// What that watches, and how often it polls if it is to.
    means: Option<(Watching, Option<Duration>)>,
    /// How much is left to the parent process, once that is known.
    watching: Option<Watching>,
    /// Up to here all directories above a module are watched.
    root: String,
    /// There is a parent process that may report changes.
    has_parent: bool,
    settle: Settle,
    hashing: Hashing,
    /// What large modules held when they were last hashed, until something happens to them.
    large: FxHashMap<ModuleId, (Stamp, Fingerprint)>,
    /// The modules' files that are watched by themselves.
    linked: LinkedFiles,
    restart: Files,
    watched: Watched,
    /// The package.json files that options were read from.
    options: FxHashSet<Arc<str>>,
    reports: Reports,
    missing: Missing,
    listings: Listings,
    maps: Maps,
    manifests: Manifests,
    unreported: Unreported,
    /// Something was required of which it cannot be known what it imports, so that files which are not in the graph may be in use: what
    /// was last found in those that were saved.
    unseen: Option<FxHashMap<Arc<str>, Fingerprint>>,
    /// Files that may have changed, and what reported them.
    undecided: Vec<(Arc<str>, Reporter)>,
    /// All is looked at again, though nobody has saved it.
    is_recheck: bool,
    /// Modules that have called `invalidate`, and were not decided on yet.
    invalidated: Vec<Invalidated>,
    waker: Waker,
    /// For `NODE_DEBUG=hot-hook`.
    notes: Option<Vec<String>>,
}

impl Changes {
    /// Nothing is watched yet. `waker` ends the sleep of the thread that drains.
    pub fn new(waker: Waker) -> Self {
        Self {
            watch: None,
            means: None,
            watching: None,
            root: String::new(),
            has_parent: false,
            settle: Settle::default(),
            hashing: Hashing::new(waker.clone()),
            large: FxHashMap::default(),
            linked: LinkedFiles::default(),
            restart: Files::default(),
            watched: Watched::default(),
            options: FxHashSet::default(),
            reports: Reports::default(),
            missing: Missing::default(),
            listings: Listings::default(),
            maps: Maps::default(),
            manifests: Manifests::default(),
            unreported: Unreported::default(),
            unseen: None,
            undecided: Vec::new(),
            is_recheck: false,
            invalidated: Vec::new(),
            waker,
            notes: None,
        }
    }

    /// What these options ask for.
    fn means(&self, config: &Config) -> Option<(Watching, Option<Duration>)> {
        let &Config { watch, poll, .. } = config;
        let watches = match watch {
            Watching::Everything => true,
            Watching::Modules => self.has_parent,
            Watching::Nothing => false,
        };
        watches.then_some((watch, poll))
    }

    /// Whether another watch takes over with these options. What the old one has seen is to be collected before.
    pub fn is_other_watch(&self, config: &Config) -> bool {
        self.means != self.means(config)
    }

    /// Begins to watch, or ends it, if that is what these options say. Nothing that is watched before and after is lost sight of
    /// in between. `before` and `paths`: those whose directories are watched until now, and from now on. Returns whether nothing
    /// was watched until now of what is: what was changed meanwhile is unknown.
    pub fn configure(&mut self, config: &Config, before: &[Arc<str>], paths: &[Arc<str>]) -> bool {
        let root = std::mem::replace(&mut self.root, config.root_directory.clone());
        self.watching = Some(config.watch);
        let is_new = self.start_or_end(config);
        let everything = config.watch == Watching::Everything;
        self.restart.set(
            &config.restart,
            self.watch.as_mut().filter(|_| everything),
            &mut self.hashing,
        );
        if !is_new && root == self.root && before == paths {
            return false;
        }
        for path in paths {
            self.retain_directories(path);
        }
        if is_new {
            self.watch_manifests();
            self.watch_files_again();
            self.watch_maps();
        } else if let Some(watch) = &mut self.watch {
            for directory in before.iter().flat_map(|path| directories_of(path, &root)) {
                watch.release(directory);
            }
        }
        is_new && self.watch.is_some()
    }

    /// Returns whether another watch has taken over, which holds nothing yet.
    fn start_or_end(&mut self, config: &Config) -> bool {
        let means = self.means(config);
        if self.means == means {
            return false;
        }
        let has_fallback = config.watch == Watching::Everything || config.poll.is_some();
        let watch = means.map(|_| Watch::new(config.poll, self.waker.clone()));
        self.watch = watch.map(|it| if has_fallback { it } else { it.without_fallback() });
        self.means = means;
        // The watch before retained them.
        self.restart.forget_held();
        self.linked.forget();
        // The thread that sleeps is to sleep on it from now on.
        self.waker.wake();
        true
    }

    /// Whether nothing is left to the parent process.
    fn watches_everything(&self) -> bool {
        self.watching == Some(Watching::Everything)
    }

    /// How much is left to the parent process, once that is known.
    pub fn watching(&self) -> Option<Watching> {
        self.watching
    }

    /// Whether the parent process alone tells of changes.
    pub fn leaves_all_to_parent(&self) -> bool {
        self.watch.is_none() && self.has_parent
    }

    /// Whether a save in `directory` is known as soon as it has returned.
    pub fn sees_at_once(&self, directory: &str) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.sees_at_once(directory))
    }

    /// Lets `poller` wake at file events.
    pub fn wake_on_events(&self, poller: &mut Poller) {
        if let Some(watch) = &self.watch {
            watch.wake_on_events(poller);
        }
    }

    /// The directories that are watched, and how often each is held.
    pub fn watched_directories(&self) -> impl Iterator<Item = (&str, u32)> {
        self.watch.iter().flat_map(Watch::directories)
    }

    /// The process is about to end.
    pub fn stop(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.end();
        }
    }

    /// When files are to be looked at.
    pub fn deadline(&self) -> Option<Instant> {
        let look = self.watch.as_ref().and_then(Watch::deadline);
        [self.settle_deadline(), look, self.listings.deadline()].into_iter().flatten().min()
    }

    /// When a file is to be looked at that may not have settled.
    fn settle_deadline(&self) -> Option<Instant> {
        self.settle.deadline().into_iter().chain(self.reports.deadline()).min()
    }

    /// Keeps notes from now on.
    pub fn keep_notes(&mut self) {
        self.notes.get_or_insert_default();
    }

    /// The notes since the last call, a line each.
    pub fn take_notes(&mut self) -> Vec<String> {
        self.notes.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Keeps a note, if they are read.
    pub fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(notes) = &mut self.notes {
            notes.push(line());
        }
    }

    /// Watches the directories of a module that may be reloaded.
    pub fn retain_module(&mut self, module: &Module) {
        if module.kind == ModuleKind::File && !module.pruned {
            self.retain_directories(&module.path);
        }
    }

    /// Watches the directory of `path`, and those above it.
    pub fn retain_directories(&mut self, path: &str) {
        let Some(watch) = &mut self.watch else { return };
        for directory in directories_of(path, &self.root) {
            if watch.retain(directory)
                && let Some(notes) = &mut self.notes
            {
                notes.push(format!("watch {directory}"));
            }
        }
    }

    /// The module counts no longer.
    pub fn release_module(&mut self, id: ModuleId, path: &str) {
        self.forget_map(id);
        let Some(watch) = &mut self.watch else { return };
        self.linked.release(path, Some(watch));
        for directory in directories_of(path, &self.root) {
            watch.release(directory);
        }
    }

    /// What a module's file holds now, of which all that happens from now on is seen, under whatever name.
    pub fn look_at(&mut self, modules: &Modules, id: ModuleId) -> Fingerprint {
        let (module, known) = (modules.get(id), self.large.get(&id));
        let is_watched = module.kind == ModuleKind::File && !module.pruned;
        let mut watch = self.watch.as_mut().filter(|_| is_watched);
        let look = |stamp: &Stamp| {
            if let Some(watch) = &mut watch {
                self.linked.note(&module.path, stamp, watch);
            }
            known.filter(|(of, _)| of == stamp).map(|(_, content)| *content)
        };
        Fingerprint::of_file_unless(Path::new(module.path.as_ref()), look).0
    }

    /// The file at `path` is about to be read, which bears `stamp`: what happens from now on is seen, under whatever name.
    pub fn note_stamp(&mut self, path: &Arc<str>, stamp: &Stamp) {
        if let Some(watch) = &mut self.watch {
            self.linked.note(path, stamp, watch);
        }
    }

    /// What a module's file holds now.
    pub fn fingerprint(&self, modules: &Modules, id: ModuleId) -> Fingerprint {
        let known = |stamp: &Stamp| self.large.get(&id).filter(|(of, _)| of == stamp);
        let path = Path::new(modules.get(id).path.as_ref());
        Fingerprint::of_file_unless(path, |stamp| known(stamp).map(|(_, content)| *content)).0
    }

    /// Whether nothing has happened to files, and nothing is to be decided. It costs one empty read, and does not even ask what
    /// time it is.
    pub fn is_quiet(&mut self) -> bool {
        let has_events = self.watch.as_mut().is_some_and(Watch::has_events);
        !has_events && self.settle.is_empty() && self.reports.is_empty() && !self.is_to_decide()
    }

    /// Whether something may have changed.
    pub fn is_to_decide(&self) -> bool {
        !self.undecided.is_empty() || !self.invalidated.is_empty()
    }

    /// Takes the files out that may have changed, with what reported them, and the modules that have called `invalidate`.
    pub fn take_undecided(&mut self) -> (Vec<(Arc<str>, Reporter)>, Vec<Invalidated>) {
        (std::mem::take(&mut self.undecided), std::mem::take(&mut self.invalidated))
    }

    /// Whether what is decided on includes files that nobody has saved, because all was looked at again.
    pub fn take_recheck(&mut self) -> bool {
        std::mem::take(&mut self.is_recheck)
    }

    /// The files whose last save may be half done, or is not decided on.
    pub fn open(&self) -> FxHashSet<Arc<str>> {
        let undecided = self.undecided.iter().map(|(path, _)| path.clone());
        let settling = self.settle.waiting().cloned();
        undecided.chain(settling).chain(self.reports.paths()).chain(self.hashing.paths()).collect()
    }

    /// Whether a save may be half done, or is not decided on. That an import finds no file is no save.
    pub fn has_half_saves(&self) -> bool {
        let is_save = |(_, reporter): &(Arc<str>, Reporter)| *reporter != Reporter::Import;
        !self.settle.is_empty() || self.undecided.iter().any(is_save)
    }

    /// These may have changed, too.
    pub fn add_undecided(&mut self, files: impl IntoIterator<Item = (Arc<str>, Reporter)>) {
        self.undecided.extend(files);
    }

    /// Whether a file may have changed, or is being written, so that it is to be decided on.
    pub fn is_undecided(&self, path: &str) -> bool {
        self.undecided.iter().any(|(known, _)| **known == *path) || self.settle.is_waiting(path)
    }

    /// Whether the file has settled, and all that is left is to decide on it.
    pub fn is_only_undecided(&self, path: &str) -> bool {
        self.undecided.iter().any(|(known, _)| **known == *path) && !self.settle.is_waiting(path)
    }

    /// Whether something has happened to the file that may not be the last of its save.
    pub fn is_being_written(&self, path: &str) -> bool {
        self.settle.is_waiting(path)
    }

    /// A module has called `invalidate`.
    pub fn invalidate(&mut self, module: ModuleId, message: Option<&str>) {
        self.invalidated.push((module, message.map(Arc::from)));
    }

    /// Options were read from the package.json at `path`: its saves count.
    pub fn follow_options(&mut self, path: &str) {
        self.retain_folder(parent(path));
        self.options.insert(path.into());
    }

    /// Takes file events in.
    pub fn collect(&mut self, now: Instant, view: View) -> Collected {
        let mut found = Collected::default();
        self.take_hashed(view);
        let events = self.watch.as_mut().map(Watch::drain).unwrap_or_default();
        if events.is_empty() && self.settle.is_empty() && self.reports.is_empty() {
            return found;
        }
        let deadline = self.settle_deadline();
        let mut directories = Directories::default();
        for event in events {
            match event {
                Event::File { path, event, new } => {
                    found.packages |= path.ends_with("package.json");
                    if new {
                        self.arrived(&path, view);
                        self.file_appeared(&path, now);
                    }
                    self.push(&path, event, now, view);
                }
                Event::Unlisted { path } => self.look_into(&path, view),
                Event::Overflow => {
                    found.directories = true;
                    self.suspect_all(view);
                }
                Event::Directory { path, appeared } => directories.push(path, appeared),
            }
        }
        found.directories |= self.sort_directories(&directories, now, view);
        for path in self.settle.due(now) {
            self.suspect(path, Reporter::Watcher, view);
        }
        self.look_at_reported(now, view);
        if self.settle_deadline() != deadline {
            self.waker.wake();
        }
        found.problems = self.watch.as_mut().map(Watch::take_problems).unwrap_or_default();
        found
    }

    /// After a failure: a file that was saved since the last call.
    pub fn take_saved(&mut self) -> Option<String> {
        let events = self.watch.as_mut().map(Watch::drain).unwrap_or_default();
        events.into_iter().find_map(|event| match event {
            Event::File { path, event: FileEvent::Written, .. } => Some(path),
            _ => None,
        })
    }

    /// What large files hold, which took long to find out.
    fn take_hashed(&mut self, view: View) {
        for hashed in self.hashing.results() {
            let restarts = self.restart.record_hash(&hashed);
            // A restart file counts only if a reporter names it: this is one.
            let reporter = if restarts { Reporter::Parent } else { Reporter::Watcher };
            if let (Some(id), Some(stamp)) = (view.modules.find(&hashed.path), hashed.stamp) {
                self.large.insert(id, (stamp, hashed.content));
            }
            if self.watched.record_hash(&hashed) || restarts {
                self.undecided.push((hashed.path, reporter));
            }
        }
    }

    /// The large modules among the files that may have changed: while no module is imported they are decided on once they are hashed,
    /// so that no import waits for that. One that comes before reads them itself, as Node does.
    pub fn take_unhashed(&mut self, modules: &Modules) -> Vec<(Arc<str>, Reporter)> {
        let is_large = |path: &Path| Stamp::of_file(path).is_some_and(|it| it.length > LARGE);
        let large = &self.large;
        let is_unhashed = |path: &str| {
            let unknown = modules.find(path).filter(|id| !large.contains_key(id));
            unknown.is_some_and(|id| modules.get(id).content.is_begun())
                && is_large(Path::new(path))
        };
        let unhashed: Vec<_> =
            self.undecided.extract_if(.., |(path, _)| is_unhashed(path)).collect();
        for (path, _) in &unhashed {
            self.hashing.request(path);
        }
        unhashed
    }

    /// `path` may have changed. Whether a module is being read counts now, not when the decision is made.
    fn suspect(&mut self, path: Arc<str>, reporter: Reporter, view: View) {
        let known = view.modules.find(&path);
        if let Some(id) = known {
            self.large.remove(&id);
        }
        self.unreported.note(&path, known.map(|id| view.modules.get(id)));
        let is_read =
            reporter == Reporter::Watcher && known.is_some_and(|id| view.lifecycle.is_read(id));
        self.undecided.push((path, if is_read { Reporter::WatcherWhileReading } else { reporter }));
    }

    /// The modules in a directory that cannot be listed.
    fn look_into(&mut self, directory: &str, view: View) {
        let modules = view.modules;
        let changed = modules.ids().filter(|&id| {
            let module = modules.get(id);
            let is_inside = module.kind == ModuleKind::File && parent(&module.path) == directory;
            is_inside
                && !module.pruned
                && module.content.last() != Some(self.fingerprint(modules, id))
        });
        let paths: Vec<_> = changed.map(|id| modules.get(id).path.clone()).collect();
        for path in paths {
            self.suspect(path, Reporter::Watcher, view);
        }
    }

    /// A file has come; not one that was there, or that a save has taken away and put back.
    fn arrived(&mut self, path: &str, view: View) {
        let known = view.modules.known_as(path);
        let was_there = known
            .is_some_and(|id| view.modules.get(id).content.last() != Some(Fingerprint::Absent));
        if !was_there && !self.settle.is_waiting(path) {
            self.missing.arrived(path);
        }
    }

    fn push(&mut self, path: &str, event: FileEvent, now: Instant, view: View) {
        if self.concern(path, view) && self.settle.push(path, event, now) {
            self.suspect(path.into(), Reporter::Watcher, view);
        }
    }

    /// Whether a change of `path` could mean something.
    fn concern(&self, path: &str, view: View) -> bool {
        view.modules.known_as(path).is_some_and(|id| !view.modules.get(id).pruned)
            || self.missing.may_be(path)
            || self.manifests.concern(path)
            || self.options.contains(path)
            || view.modules.is_link(path)
            || self.unreported.may_be_required(path)
            || self.settle.is_waiting(path)
            || self.watched.have(path)
            || self.mapped_by(path).is_some()
            || self.restart.have(path)
    }

    /// The pattern of `restart` that a file matches, by its path or by its real path.
    pub fn restart_pattern(&self, path: &str, real: &str) -> Option<String> {
        self.restart.matching(path).or_else(|| self.restart.matching(real)).map(str::to_owned)
    }

    /// Whether a file that `restart` matches holds something else than when it was last asked about.
    pub fn is_restart_change(&mut self, path: &str) -> bool {
        self.restart.is_change(path, self.watch.as_mut(), &mut self.hashing)
    }

    /// Files that are not in the graph may be in use from now on.
    pub fn expect_unseen(&mut self) {
        self.unseen.get_or_insert_default();
    }

    /// Whether a file that is no module of the graph may be one that runs, and holds something else than when it was last saved.
    /// Not data: an app writes some itself.
    pub fn is_unseen_change(&mut self, modules: &Modules, path: &str) -> bool {
        let is_ignored = modules.judge(path, &[path]).0 == ModuleKind::Ignored;
        let is_source = self.unreported.may_be_required(path)
            && Path::new(path).extension().is_none_or(|it| it != "json");
        let Some(unseen) = self.unseen.as_mut().filter(|_| is_source && !is_ignored) else {
            return false;
        };
        let now = Fingerprint::of_file(Path::new(path));
        unseen.insert(path.into(), now) != Some(now)
    }
}

/// The directory of `path`, and those above it up to `root`: any of them may be moved away and back.
fn directories_of<'a>(path: &'a str, root: &'a str) -> impl Iterator<Item = &'a str> {
    let below = move |directory: &str| {
        !root.is_empty()
            && directory
                .strip_prefix(root)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(is_separator))
    };
    let first = parent(path);
    std::iter::successors(Some(first), move |at| {
        Some(parent(at)).filter(|up| up != at && below(up))
    })
}
