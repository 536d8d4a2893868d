//! Watched directories over real files: what each way of saving is seen as, and that none is missed.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "helpers of tests")]

#[path = "support/folder.rs"]
mod folder;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use folder::Folder;
use hot_hook::stamp::Stamp;
use hot_hook::watch::linked::LinkedFiles;
use hot_hook::watch::settle::FileEvent::{self, Modified, Removed, Written};
use hot_hook::watch::{Event, Poller, Watch, sleep};

/// How long an event may take that is sure to come.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// A folder, a watch, and all that it has reported.
struct Watched {
    folder: Folder,
    watch: Watch,
    poller: Poller,
    seen: Vec<Event>,
}

impl Watched {
    /// By the system's events.
    fn new() -> Self {
        Self::by(None)
    }

    fn by(poll: Option<Duration>) -> Self {
        Self::on(poll, |_| None)
    }

    /// `remote` says which file system holds a directory, if others change that too.
    fn on(poll: Option<Duration>, remote: fn(&str) -> Option<&'static str>) -> Self {
        let (waker, mut poller) = sleep::pair().expect("a pipe");
        let watch = Watch::with(poll, waker, remote);
        watch.wake_on_events(&mut poller);
        Self { folder: Folder::new(), watch, poller, seen: Vec::new() }
    }

    /// Watches directories of the folder.
    fn holding(directories: &[&str]) -> Self {
        let mut watched = Self::new();
        for directory in directories {
            watched.retain(directory);
        }
        watched
    }

    fn retain(&mut self, directory: &str) {
        self.watch.retain(&self.folder.path(directory));
    }

    fn release(&mut self, directory: &str) {
        self.watch.release(&self.folder.path(directory));
    }

    fn drain(&mut self) {
        self.seen.extend(self.watch.drain());
    }

    /// Waits for an event, and forgets all that came with it.
    fn expect(&mut self, expected: &Event) {
        self.expect_one_of(std::slice::from_ref(expected));
    }

    fn expect_one_of(&mut self, expected: &[Event]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.drain();
            if expected.iter().any(|expected| self.seen.contains(expected)) {
                self.seen.clear();
                return;
            }
            let until = self.watch.deadline().map_or(deadline, |look| look.min(deadline));
            self.poller.sleep(Some(until.saturating_duration_since(Instant::now())));
            // An event that wakes nobody is late, even if it is there in the end.
            let late = Instant::now() >= deadline;
            assert!(!late, "{expected:?} did not come; seen: {:#?}", self.seen);
        }
    }

    fn expect_file(&mut self, name: &str, event: FileEvent) {
        let path = self.folder.path(name);
        self.expect_one_of(&[true, false].map(|new| Event::File {
            path: path.clone(),
            event,
            new,
        }));
    }

    fn expect_directory(&mut self, name: &str, appeared: bool) {
        let path = self.folder.path(name);
        self.expect(&Event::Directory { path, appeared });
    }

    /// What the events say of a file, in their order.
    fn told_of(&mut self, name: &str) -> Vec<FileEvent> {
        self.drain();
        let path = self.folder.path(name);
        let of_file = |seen: &Event| match seen {
            Event::File { path: found, event, .. } if *found == path => Some(*event),
            _ => None,
        };
        self.seen.iter().filter_map(of_file).collect()
    }

    /// A save of `name` is seen.
    fn sees(&mut self, name: &str) {
        self.seen.clear();
        self.folder.write(name, &format!("{:?}", Instant::now()));
        self.expect_file(name, Written);
    }

    /// A save of `name` is not: the one of `sentinel` that follows is, and nothing of it.
    fn sees_nothing_of(&mut self, name: &str, sentinel: &str) {
        self.sees_nothing_as(name, name, sentinel);
    }

    /// A save of `name` is not seen as one of `as_name`.
    fn sees_nothing_as(&mut self, name: &str, as_name: &str, sentinel: &str) {
        self.drain();
        self.seen.clear();
        self.folder.write(name, "unseen");
        self.folder.write(sentinel, "seen");
        let deadline = Instant::now() + PATIENCE;
        while self.told_of(sentinel).is_empty() {
            assert!(Instant::now() < deadline, "the sentinel {sentinel} did not come");
        }
        assert_eq!(self.told_of(as_name), []);
    }
}

#[test]
fn what_is_read_between_two_looks_and_deleted_is_reported_as_removed() {
    let mut watched = Watched::by(Some(POLL));
    watched.retain("");
    // It comes, is read and goes before the directory is listed again, in some of the rounds at least.
    for round in 0..20 {
        let name = format!("{round}.mjs");
        watched.folder.write(&name, "1");
        let path = watched.folder.path(&name);
        let stamp = Stamp::of_file(path.as_ref()).expect("a file");
        LinkedFiles::default().note(&path.as_str().into(), &stamp, &mut watched.watch);
        fs::remove_file(&path).expect("removed");
        watched.expect_file(&name, Removed);
    }
}

#[test]
fn a_plain_write() {
    let mut watched = Watched::holding(&[""]);
    watched.folder.write("a", "1");
    watched.expect_file("a", Written);
    watched.folder.write("a", "2");
    watched.expect_file("a", Written);
}

#[test]
fn an_unfinished_write_is_modified_and_its_close_a_write() {
    let mut watched = Watched::holding(&[""]);
    let mut file = File::create(watched.folder.path("a")).expect("a file");
    file.write_all(b"half").expect("written");
    watched.expect_file("a", Modified);
    file.write_all(b"whole").expect("written");
    watched.expect_file("a", Modified);
    assert!(!watched.told_of("a").contains(&Written));
    drop(file);
    watched.expect_file("a", Written);
}

#[test]
fn an_append_and_a_truncation() {
    let mut watched = Watched::holding(&[""]);
    watched.folder.write("a", "1");
    watched.expect_file("a", Written);
    let append = OpenOptions::new().append(true).open(watched.folder.path("a"));
    append.expect("a file").write_all(b"2").expect("written");
    watched.expect_file("a", Written);
    let file = OpenOptions::new().write(true).open(watched.folder.path("a")).expect("a file");
    file.set_len(0).expect("truncated");
    drop(file);
    watched.expect_file("a", Written);
}

#[test]
fn an_atomic_save() {
    let mut watched = Watched::holding(&[""]);
    watched.folder.write("a", "1");
    for text in ["2", "3"] {
        watched.folder.write_atomically("a", text);
        watched.expect_file("a", Written);
    }
}

#[test]
fn a_save_from_a_directory_that_is_not_watched() {
    let mut watched = Watched::new();
    watched.folder.make_dir("in");
    watched.folder.write("a", "1");
    watched.retain("in");
    watched.folder.rename("a", "in/a");
    watched.expect_file("in/a", Written);
    watched.folder.rename("in/a", "a");
    watched.expect_file("in/a", Removed);
}

/// Moves the file aside, writes a new one, deletes the old.
#[test]
fn vims_backup_dance() {
    let mut watched = Watched::holding(&[""]);
    watched.folder.write("a", "1");
    watched.expect_file("a", Written);
    watched.folder.rename("a", "a~");
    watched.folder.write("a", "2");
    watched.folder.remove("a~");
    let told = watched.told_of("a");
    assert_eq!((told.first(), told.last()), (Some(&Removed), Some(&Written)), "{told:?}");
}

#[test]
fn deleted_then_recreated() {
    let mut watched = Watched::holding(&[""]);
    watched.folder.write("a", "1");
    watched.expect_file("a", Written);
    watched.folder.remove("a");
    watched.expect_file("a", Removed);
    watched.sees("a");
    watched.sees("a");
}

#[test]
fn two_files_swapped() {
    let mut watched = Watched::holding(&[""]);
    watched.folder.write("a", "1");
    watched.folder.write("b", "2");
    watched.drain();
    watched.seen.clear();
    watched.folder.rename("a", "c");
    watched.folder.rename("b", "a");
    watched.folder.rename("c", "b");
    for name in ["a", "b"] {
        assert_eq!(watched.told_of(name).last(), Some(&Written));
    }
}

#[test]
fn links_are_complete_at_once() {
    let mut watched = Watched::holding(&[""]);
    watched.folder.make_dir("elsewhere");
    watched.folder.write("elsewhere/a", "1");
    symlink(watched.folder.path("elsewhere/a"), watched.folder.path("soft")).expect("a link");
    watched.expect_file("soft", Written);
    fs::hard_link(watched.folder.path("elsewhere/a"), watched.folder.path("hard")).expect("a link");
    watched.expect_file("hard", Written);
}

#[test]
fn a_link_whose_other_name_is_gone_is_complete() {
    let mut watched = Watched::holding(&[""]);
    for round in ["1", "2"] {
        watched.folder.write("a.tmp", round);
        fs::remove_file(watched.folder.path("a")).ok();
        fs::hard_link(watched.folder.path("a.tmp"), watched.folder.path("a")).expect("a link");
        watched.folder.remove("a.tmp");
        assert_eq!(watched.told_of("a").last(), Some(&Written));
        watched.seen.clear();
    }
}

impl Watched {
    /// Notes a file of the folder, as whoever reads it does.
    fn note(&mut self, linked: &mut LinkedFiles, name: &str) {
        let path = self.folder.path(name);
        let stamp = Stamp::of_file(path.as_ref()).expect("a file");
        linked.note(&path.into(), &stamp, &mut self.watch);
    }

    /// A save of `name`, whose directory is not watched, is seen as one of `as_name`.
    fn sees_as(&mut self, name: &str, as_name: &str) {
        self.seen.clear();
        self.folder.write(name, &format!("{:?}", Instant::now()));
        self.expect_file(as_name, Written);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_linked_file_is_watched_by_itself_as_long_as_somebody_holds_it() {
    let mut watched = Watched::holding(&["in"]);
    for name in ["in", "out"] {
        fs::create_dir(watched.folder.path(name)).expect("a directory");
    }
    for name in ["in/a", "in/plain", "in/z"] {
        watched.folder.write(name, "1");
    }
    fs::hard_link(watched.folder.path("in/a"), watched.folder.path("out/a")).expect("linked");
    watched.drain();
    watched.sees_nothing_as("out/a", "in/a", "in/z");
    let mut owners = [LinkedFiles::default(), LinkedFiles::default()];
    for owner in &mut owners {
        for name in ["in/a", "in/a", "in/plain"] {
            watched.note(owner, name);
        }
    }
    watched.sees_as("out/a", "in/a");
    watched.sees("in/a");
    let [first, second] = &mut owners;
    first.release(&watched.folder.path("in/a"), Some(&mut watched.watch));
    watched.sees_as("out/a", "in/a");
    second.retain(Some(&mut watched.watch), |_| false);
    watched.sees_nothing_as("out/a", "in/a", "in/z");
    watched.note(first, "in/a");
    watched.sees_as("out/a", "in/a");
    // It has one name only now: whoever looks next needs no watch of it.
    fs::remove_file(watched.folder.path("in/a")).expect("removed");
    watched.folder.write("in/a", "2");
    watched.drain();
    watched.note(first, "in/a");
    watched.sees_nothing_as("out/a", "in/a", "in/z");
    watched.sees("in/a");
}

#[cfg(target_os = "linux")]
#[test]
fn a_linked_file_whose_directory_is_replaced_is_watched_in_the_new_one() {
    let mut watched = Watched::holding(&["", "in"]);
    for name in ["in", "next"] {
        fs::create_dir(watched.folder.path(name)).expect("a directory");
    }
    for name in ["in/a", "next/a", "z"] {
        watched.folder.write(name, "1");
        if name != "z" {
            let out = watched.folder.path(&format!("{}-out", name.replace('/', "-")));
            fs::hard_link(watched.folder.path(name), out).expect("linked");
        }
    }
    watched.drain();
    watched.note(&mut LinkedFiles::default(), "in/a");
    watched.sees_as("in-a-out", "in/a");
    fs::rename(watched.folder.path("in"), watched.folder.path("before")).expect("renamed");
    fs::rename(watched.folder.path("next"), watched.folder.path("in")).expect("renamed");
    watched.expect_directory("in", true);
    watched.sees_as("next-a-out", "in/a");
    watched.sees_nothing_as("in-a-out", "in/a", "z");
}

#[cfg(target_os = "linux")]
#[test]
fn a_linked_file_that_becomes_a_directory_leaves_the_watch_of_that_alone() {
    let mut watched = Watched::holding(&["", "a"]);
    watched.folder.write("a", "1");
    fs::hard_link(watched.folder.path("a"), watched.folder.path("b")).expect("linked");
    let mut linked = LinkedFiles::default();
    watched.note(&mut linked, "a");
    for _ in 0..2 {
        fs::remove_file(watched.folder.path("a")).expect("removed");
        fs::create_dir(watched.folder.path("a")).expect("a directory");
        watched.expect_directory("a", true);
        watched.sees("a/c");
        fs::remove_dir_all(watched.folder.path("a")).expect("removed");
        fs::hard_link(watched.folder.path("b"), watched.folder.path("a")).expect("linked");
        watched.expect_file("a", Written);
        watched.sees_as("b", "a");
    }
    fs::remove_file(watched.folder.path("a")).expect("removed");
    fs::create_dir(watched.folder.path("a")).expect("a directory");
    watched.expect_directory("a", true);
    linked.release(&watched.folder.path("a"), Some(&mut watched.watch));
    watched.sees("a/c");
}

#[test]
fn polling_sees_what_is_written_under_another_name() {
    let mut watched = Watched::by(Some(POLL));
    fs::create_dir(watched.folder.path("in")).expect("a directory");
    watched.folder.write("in/a", "1");
    fs::hard_link(watched.folder.path("in/a"), watched.folder.path("a")).expect("linked");
    watched.retain("in");
    watched.note(&mut LinkedFiles::default(), "in/a");
    watched.sees_as("a", "in/a");
    assert_eq!(watched.watch.take_problems(), [""; 0]);
}

#[test]
fn a_new_file_is_not_complete_before_it_is_closed() {
    let mut watched = Watched::holding(&[""]);
    let mut file = File::create(watched.folder.path("a")).expect("a file");
    watched.drain();
    file.write_all(b"half").expect("it can be written");
    assert_eq!(watched.told_of("a"), [Modified, Modified]);
    watched.seen.clear();
    let mut file = File::create(watched.folder.path("b")).expect("a file");
    file.write_all(b"half").expect("it can be written");
    assert!(watched.told_of("b").iter().all(|event| *event == Modified));
    drop(file);
    assert_eq!(watched.told_of("b").last(), Some(&Written));
}

#[test]
fn what_was_not_there_before_is_new() {
    let mut watched = Watched::holding(&[""]);
    for (new, name) in [(true, "a"), (false, "a"), (true, "b")] {
        watched.folder.write(name, "1");
        watched.drain();
        let news = watched.seen.drain(..).any(|e| matches!(e, Event::File { new: true, .. }));
        assert_eq!(news, new, "{name}");
    }
}

#[test]
fn a_symlink_retargeted() {
    let mut watched = Watched::holding(&[""]);
    for target in ["a", "b"] {
        symlink(target, watched.folder.path("next")).expect("a link");
        watched.folder.rename("next", "link");
        watched.expect_file("link", Written);
    }
}

#[test]
fn names_that_look_like_something_else() {
    let mut watched = Watched::holding(&[""]);
    for name in ["a b", "#", "?v=1", "%41", "été.mjs", "new\nline", "'\"", "[id].ts", "-", "."] {
        let name = format!("{name}x");
        watched.sees(&name);
    }
}

#[test]
fn a_file_of_a_subdirectory_is_not_ours() {
    let mut watched = Watched::holding(&[""]);
    watched.folder.make_dir("sub");
    watched.expect_directory("sub", true);
    watched.sees_nothing_of("sub/a", "sentinel");
    watched.retain("sub");
    watched.sees("sub/a");
}

#[test]
fn a_directory_comes_and_goes() {
    let mut watched = Watched::holding(&[""]);
    watched.folder.make_dir("a");
    watched.expect_directory("a", true);
    watched.folder.rename("a", "b");
    watched.expect_directory("b", true);
    watched.folder.remove("b");
    watched.expect_directory("b", false);
}

/// `drained`: whether the loss is noticed before the directory is back. `above`: whether its parent is held too.
fn removed_and_recreated(drained: bool, above: bool) {
    let mut watched = Watched::new();
    watched.folder.make_dir("a");
    watched.folder.write("a/x", "1");
    if above {
        watched.retain("");
    }
    watched.retain("a");
    watched.folder.remove("a");
    if drained {
        watched.expect_directory("a", false);
    }
    watched.folder.make_dir("a");
    watched.folder.write("a/x", "2");
    // What was written before we could look again is told with its directory.
    watched.expect_directory("a", true);
    watched.sees("a/x");
    watched.sees("a/y");
}

#[test]
fn a_directory_removed_and_recreated() {
    removed_and_recreated(true, true);
}

#[test]
fn a_directory_removed_and_recreated_while_nothing_above_is_held() {
    removed_and_recreated(true, false);
}

#[test]
fn a_directory_removed_and_recreated_within_one_drain() {
    removed_and_recreated(false, true);
}

#[test]
fn a_directory_removed_and_recreated_within_one_drain_while_nothing_above_is_held() {
    removed_and_recreated(false, false);
}

fn renamed_away_and_replaced(drained: bool, above: bool) {
    let mut watched = Watched::new();
    for name in ["a", "next"] {
        watched.folder.make_dir(name);
    }
    if above {
        watched.retain("");
    }
    watched.retain("a");
    watched.folder.rename("a", "old");
    if drained {
        watched.expect_directory("a", false);
    }
    watched.folder.rename("next", "a");
    watched.expect_directory("a", true);
    watched.sees("a/x");
    watched.sees_nothing_of("old/x", "a/sentinel");
    assert_eq!(watched.told_of("a/x"), [], "the moved directory's events carry its old name");
}

#[test]
fn a_directory_renamed_away_and_another_put_in_its_place() {
    renamed_away_and_replaced(true, true);
}

#[test]
fn a_directory_replaced_while_nothing_above_is_held() {
    renamed_away_and_replaced(true, false);
}

#[test]
fn a_directory_replaced_within_one_drain() {
    renamed_away_and_replaced(false, true);
}

#[test]
fn a_directory_replaced_within_one_drain_while_nothing_above_is_held() {
    renamed_away_and_replaced(false, false);
}

#[test]
fn a_directory_two_levels_up_renamed_away_and_back() {
    let mut watched = Watched::new();
    watched.folder.make_dir("a/b/c");
    for name in ["", "a", "a/b", "a/b/c"] {
        watched.retain(name);
    }
    watched.folder.rename("a", "old");
    watched.expect_directory("a", false);
    watched.sees_nothing_of("old/b/c/x", "sentinel");
    watched.folder.rename("old", "a");
    watched.expect_directory("a", true);
    watched.sees("a/b/c/x");
}

#[test]
fn missing_levels_made_one_by_one() {
    let mut watched = Watched::holding(&["a/b/c"]);
    for name in ["a", "a/b", "a/b/c"] {
        watched.folder.make_dir(name);
        watched.expect_directory(name, true);
    }
    watched.sees("a/b/c/x");
}

#[test]
fn missing_levels_made_at_once() {
    let mut watched = Watched::holding(&["a/b/c"]);
    watched.folder.make_dir("a/b/c");
    watched.expect_directory("a", true);
    watched.sees("a/b/c/x");
}

#[test]
fn missing_levels_that_come_by_a_rename() {
    let mut watched = Watched::holding(&["a/b/c"]);
    watched.folder.make_dir("x/b/c");
    watched.folder.rename("x", "a");
    watched.expect_directory("a", true);
    watched.sees("a/b/c/x");
}

#[test]
fn a_missing_directory_that_is_a_file_at_first() {
    let mut watched = Watched::new();
    watched.folder.write("a", "a file");
    watched.retain("a");
    watched.folder.remove("a");
    watched.folder.make_dir("a");
    watched.expect_directory("a", true);
    watched.sees("a/x");
}

/// Levels that come while they are looked for: whoever sees the directory come too late must see its file.
#[test]
fn missing_levels_made_while_they_are_looked_for() {
    for round in 0..200 {
        let mut watched = Watched::holding(&["a/b/c/d"]);
        let (directory, path) = (watched.folder.path("a/b/c/d"), watched.folder.path("a/b/c/d/x"));
        let saved = path.clone();
        let writer = std::thread::spawn(move || {
            fs::create_dir_all(directory).expect("directories");
            fs::write(saved, "saved").expect("a file");
        });
        let deadline = Instant::now() + Duration::from_secs(5);
        while !looks_and_finds(&mut watched.watch, &path) {
            assert!(Instant::now() < deadline, "round {round}: the save is lost");
        }
        writer.join().expect("the writer has ended well");
    }
}

/// A directory that others are put in the place of, over and over, while it is looked at.
#[test]
fn a_directory_replaced_while_it_is_looked_for() {
    let mut watched = Watched::holding(&[""]);
    watched.folder.make_dir("a");
    watched.retain("a");
    let [here, away] = ["a", "away"].map(|name| watched.folder.path(name));
    let mover = std::thread::spawn(move || {
        for _ in 0..2000 {
            fs::rename(&here, &away).expect("it goes");
            fs::rename(&away, &here).expect("it comes back");
        }
    });
    while !mover.is_finished() {
        watched.drain();
    }
    mover.join().expect("the mover has ended well");
    watched.drain();
    assert_eq!(watched.watch.take_problems(), [] as [String; 0]);
    watched.seen.clear();
    watched.sees("a/x");
    assert!(!cfg!(target_os = "linux") || watched.watch.sees_at_once(&watched.folder.path("a")));
}

/// Whether an event makes whoever reads it look at `path`, and that finds it complete.
fn looks_and_finds(watch: &mut Watch, path: &str) -> bool {
    let concerns = |event: &Event| match event {
        Event::File { path: found, .. } => found == path,
        Event::Directory { path: found, .. } | Event::Unlisted { path: found } => {
            path.starts_with(found.as_str())
        }
        Event::Overflow => true,
    };
    watch.drain().iter().any(concerns) && fs::read(path).is_ok_and(|bytes| bytes == b"saved")
}

#[test]
fn held_twice_is_let_go_twice() {
    let mut watched = Watched::new();
    watched.folder.make_dir("a");
    assert!(watched.watch.retain(&watched.folder.path("a")), "it is new");
    assert!(!watched.watch.retain(&watched.folder.path("a")), "it is not");
    watched.retain("");
    watched.release("a");
    watched.sees("a/x");
    watched.release("a");
    watched.sees_nothing_of("a/x", "sentinel");
    assert_eq!(watched.watch.len(), 1);
    watched.release("a");
    watched.release("nobody holds it");
    watched.release("");
    assert!(watched.watch.is_empty());
}

#[test]
fn one_let_go_and_held_again() {
    let mut watched = Watched::new();
    for _ in 0..3 {
        watched.retain("");
        watched.sees("a");
        watched.release("");
    }
}

#[test]
fn nobody_waits_for_a_missing_directory_that_was_let_go() {
    let mut watched = Watched::holding(&["a/b/c"]);
    watched.release("a/b/c");
    assert!(watched.watch.is_empty(), "its ancestor is held no longer");
}

/// A directory that waits for one below it, and comes back itself, is not let go twice.
#[test]
fn a_wait_that_moves_down_keeps_what_others_hold() {
    for round in 0..20 {
        let mut watched = Watched::new();
        let (middle, below) = (format!("m{round}"), format!("m{round}/b"));
        watched.folder.make_dir(&middle);
        watched.retain("");
        watched.retain(&below);
        watched.folder.remove(&middle);
        watched.expect_directory(&middle, false);
        watched.folder.make_dir(&middle);
        watched.expect_directory(&middle, true);
        watched.sees("x");
        watched.folder.make_dir(&below);
        watched.expect_directory(&below, true);
        watched.sees(&format!("{below}/x"));
        watched.release(&below);
        watched.release("");
        assert!(watched.watch.is_empty(), "round {round}");
    }
}

#[test]
fn two_names_of_one_directory_report_both() {
    let mut watched = Watched::new();
    watched.folder.make_dir("real");
    symlink(watched.folder.path("real"), watched.folder.path("link")).expect("a link");
    watched.retain("real");
    watched.retain("link");
    watched.folder.write("real/a", "1");
    watched.drain();
    assert_eq!(watched.told_of("real/a").last(), Some(&Written), "{:?}", watched.seen);
    assert_eq!(watched.told_of("link/a").last(), Some(&Written), "{:?}", watched.seen);
}

#[test]
fn letting_one_name_go_leaves_the_other() {
    let mut watched = Watched::new();
    watched.folder.make_dir("real");
    symlink(watched.folder.path("real"), watched.folder.path("link")).expect("a link");
    watched.retain("real");
    watched.retain("link");
    watched.release("link");
    watched.sees("real/a");
}

#[cfg(target_os = "linux")]
#[test]
fn a_drain_right_after_a_save_sees_it() {
    let mut watched = Watched::holding(&[""]);
    for round in 0..500 {
        let name = format!("{}", round % 7);
        if round % 2 == 0 {
            watched.folder.write(&name, &round.to_string());
        } else {
            watched.folder.write_atomically(&name, &round.to_string());
        }
        let told = watched.told_of(&name);
        assert_eq!(told.last(), Some(&Written), "save {round}");
        watched.seen.clear();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_files_in_one_drain() {
    let mut watched = Watched::holding(&[""]);
    // As many events as fit: a file that is made, written and closed gives three.
    let files = limit_of_events().min(30_000) / 3 - 10;
    for file in 0..files {
        watched.folder.write(&file.to_string(), "1");
    }
    watched.drain();
    let written = watched.seen.iter().filter(|e| matches!(e, Event::File { event: Written, .. }));
    assert_eq!(written.count(), files);
    assert!(!watched.seen.contains(&Event::Overflow));
}

#[cfg(target_os = "linux")]
#[test]
fn lost_events_are_an_overflow() {
    let mut watched = Watched::holding(&[""]);
    watched.folder.write("a", "1");
    for _ in 0..=limit_of_events() / 4 {
        watched.folder.rename("a", "b");
        watched.folder.rename("b", "a");
    }
    watched.drain();
    assert!(watched.seen.contains(&Event::Overflow));
    watched.sees("a");
}

#[cfg(target_os = "linux")]
fn limit_of_events() -> usize {
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").expect("a limit");
    limit.trim().parse().expect("a number")
}

#[cfg(target_os = "linux")]
#[test]
fn events_wake_the_sleeper() {
    let mut watched = Watched::holding(&[""]);
    let path = watched.folder.path("a");
    let writer = std::thread::spawn(move || fs::write(path, "1").expect("a file"));
    watched.expect_file("a", Written);
    writer.join().expect("the writer has ended well");
}

#[test]
fn polling_sees_each_kind_of_save() {
    let mut watched = Watched::by(Some(POLL));
    watched.retain("");
    watched.folder.write("a", "1");
    watched.expect_file("a", Written);
    watched.folder.write("a", "22");
    watched.expect_file("a", Written);
    watched.folder.write_atomically("a", "333");
    watched.expect_file("a", Written);
    watched.folder.remove("a");
    watched.expect_file("a", Removed);
    watched.folder.write("a", "333");
    watched.expect_file("a", Written);
}

#[test]
fn polling_sees_a_save_of_the_same_length_at_the_same_time() {
    let mut watched = Watched::by(Some(POLL));
    watched.folder.write("a", "1");
    let path = watched.folder.path("a");
    let modified = fs::metadata(&path).expect("a file").modified().expect("a time");
    watched.retain("");
    watched.folder.write("next", "2");
    let file = OpenOptions::new().write(true).open(watched.folder.path("next")).expect("a file");
    file.set_modified(modified).expect("a time");
    watched.folder.rename("next", "a");
    watched.expect_file("a", Written);
}

#[test]
fn polling_waits_for_a_missing_directory() {
    let mut watched = Watched::by(Some(POLL));
    watched.retain("a/b");
    watched.folder.make_dir("a/b");
    watched.expect_directory("a", true);
    watched.sees("a/b/x");
}

#[test]
fn polling_survives_a_directory_removed_and_recreated() {
    let mut watched = Watched::by(Some(POLL));
    watched.folder.make_dir("a");
    watched.folder.write("a/x", "1");
    watched.retain("");
    watched.retain("a");
    watched.folder.remove("a");
    watched.expect_directory("a", false);
    watched.folder.make_dir("a");
    watched.expect_directory("a", true);
    watched.sees("a/x");
}

#[test]
fn polling_stops_when_it_is_let_go() {
    let mut watched = Watched::by(Some(POLL));
    watched.folder.make_dir("a");
    watched.retain("");
    watched.retain("a");
    watched.release("a");
    watched.sees_nothing_of("a/x", "sentinel");
}

#[test]
fn polling_tells_of_a_save_once() {
    let mut watched = Watched::by(Some(POLL));
    watched.retain("");
    watched.folder.write("a", "1");
    watched.expect_file("a", Written);
    for round in 0..5 {
        // By then there was a look in between.
        watched.sees(&format!("sentinel {round}"));
        assert_eq!(watched.told_of("a"), []);
    }
}

#[test]
fn polling_sees_a_retargeted_symlink() {
    let mut watched = Watched::by(Some(POLL));
    watched.retain("");
    for target in ["a", "b"] {
        symlink(target, watched.folder.path("next")).expect("a link");
        watched.folder.rename("next", "link");
        watched.expect_file("link", Written);
    }
}

#[test]
fn polling_sees_a_directory_replaced_by_another() {
    let mut watched = Watched::by(Some(POLL));
    for name in ["a", "next"] {
        watched.folder.make_dir(name);
    }
    watched.retain("");
    watched.folder.rename("a", "old");
    watched.folder.rename("next", "a");
    watched.expect_directory("a", true);
}

/// Where somebody else reports changes too.
#[test]
fn without_a_fallback_nothing_is_polled_or_said() {
    let mut watched = Watched::on(None, |path| path.ends_with("shared").then_some("NFS"));
    watched.watch = watched.watch.without_fallback();
    for name in ["shared", "elsewhere"] {
        watched.folder.make_dir(name);
    }
    watched.folder.write("elsewhere/a", "1");
    fs::hard_link(watched.folder.path("elsewhere/a"), watched.folder.path("shared/a"))
        .expect("a link");
    watched.retain("shared");
    watched.folder.write("elsewhere/a", "2");
    watched.folder.write("shared/b", "1");
    watched.expect_file("shared/b", Written);
    assert!(!watched.watch.polls());
    assert!(!watched.watch.sees_at_once(&watched.folder.path("shared")), "others save there, too");
    assert_eq!(watched.watch.take_problems(), Vec::<String>::new());
}

/// A write through another name of a file gives no event here: so do those of other machines.
#[test]
fn a_directory_that_others_change_too_is_watched_and_polled() {
    let mut watched = Watched::on(None, |path| path.ends_with("shared").then_some("NFS"));
    for name in ["shared", "elsewhere", "local"] {
        watched.folder.make_dir(name);
    }
    watched.folder.write("elsewhere/a", "1");
    fs::hard_link(watched.folder.path("elsewhere/a"), watched.folder.path("shared/a"))
        .expect("a link");
    watched.retain("local");
    assert_eq!(watched.watch.take_problems(), Vec::<String>::new());
    watched.retain("shared");
    let problems = watched.watch.take_problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("shared is on NFS"), "{problems:?}");
    watched.folder.write("shared/b", "1");
    watched.drain();
    assert_eq!(
        watched.told_of("shared/b").last(),
        Some(&Written),
        "what is done here is seen at once"
    );
    watched.folder.write("elsewhere/a", "2");
    watched.expect_file("shared/a", Written);
    watched.release("shared");
    watched.sees_nothing_of("shared/b", "local/sentinel");
}

#[test]
fn what_can_be_watched_gives_no_problem() {
    let mut watched = Watched::holding(&["", "missing/below"]);
    assert_eq!(watched.watch.take_problems(), Vec::<String>::new());
    assert!(!watched.folder.exists("missing"));
}

#[test]
fn nothing_is_watched_after_the_end() {
    let mut watched = Watched::holding(&[""]);
    watched.watch.end();
    watched.folder.write("a", "1");
    while watched.watch.has_events() {
        watched.seen.extend(watched.watch.drain());
    }
    assert_eq!(watched.seen, []);
}
