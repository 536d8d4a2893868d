//! Hashing in a thread of its own: nobody waits for a file that takes long to read, and nobody else needs the lock
//! meanwhile.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use parking_lot::Mutex;
use rustc_hash::FxHashSet;

use crate::fingerprint::Fingerprint;
use crate::stamp::Stamp;
use crate::watch::Waker;

/// Larger files are hashed by [`Hashing`], in bytes. As much is read at once before the rest of many files is, too.
pub const LARGE: u64 = 8 * 1024 * 1024;

/// Files larger than this, in bytes, are not read to the end: their stamps are compared.
pub const HUGE: u64 = 4 * 1024 * 1024 * 1024;

/// What was found in a file.
pub struct Hashed {
    /// The file, as it was asked for.
    pub path: Arc<str>,
    /// Its stamp, before it was read and after; `None` if it was changed meanwhile.
    pub stamp: Option<Stamp>,
    /// What it held.
    pub content: Fingerprint,
}

/// The files that are still to be hashed; the thread runs as long as there are any.
#[derive(Default)]
struct Queue {
    paths: VecDeque<Arc<str>>,
    /// The same, to be looked up.
    queued: FxHashSet<Arc<str>>,
    is_running: bool,
}

/// Hashes one file after the other.
pub struct Hashing {
    queue: Arc<Mutex<Queue>>,
    sender: Sender<Hashed>,
    results: Receiver<Hashed>,
    /// The files whose results are still to come.
    pending: Vec<Arc<str>>,
    waker: Waker,
}

impl Hashing {
    /// `waker` is called when there is a result.
    pub fn new(waker: Waker) -> Self {
        let (sender, results) = channel();
        Self { queue: Arc::default(), sender, results, pending: Vec::new(), waker }
    }

    /// Hashes the file soon, unless that is due anyway; [`Hashing::results`] gives what was found. Where no thread can be
    /// started nothing comes: then stamps alone tell.
    pub fn request(&mut self, path: &Arc<str>) {
        let mut queue = self.queue.lock();
        if !queue.queued.insert(path.clone()) {
            return;
        }
        queue.paths.push_back(path.clone());
        self.pending.push(path.clone());
        if queue.is_running {
            return;
        }
        let (theirs, sender, waker) = (self.queue.clone(), self.sender.clone(), self.waker.clone());
        let run = move || run(&theirs, &sender, &waker);
        let thread = std::thread::Builder::new().name("hot-hook-hash".to_owned()).spawn(run);
        queue.is_running = thread.is_ok();
    }

    /// What was found since the last call.
    pub fn results(&mut self) -> Vec<Hashed> {
        if self.pending.is_empty() {
            return Vec::new();
        }
        let results: Vec<_> = self.results.try_iter().collect();
        for hashed in &results {
            let at = self.pending.iter().position(|path| *path == hashed.path);
            at.map(|at| self.pending.swap_remove(at));
        }
        results
    }

    /// The files whose results are still to come.
    pub fn paths(&self) -> impl Iterator<Item = Arc<str>> {
        self.pending.iter().cloned()
    }
}

fn run(queue: &Mutex<Queue>, results: &Sender<Hashed>, waker: &Waker) {
    loop {
        let path = {
            let mut queue = queue.lock();
            let Some(path) = queue.paths.pop_front() else {
                queue.is_running = false;
                return;
            };
            queue.queued.remove(&path);
            path
        };
        let file = Path::new(path.as_ref());
        let (content, before) = Fingerprint::of_file_unless(file, |_| None);
        let stamp = before.filter(|_| Stamp::of_file(file) == before);
        if results.send(Hashed { path, stamp, content }).is_err() {
            return;
        }
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::watch::sleep;

    #[test]
    fn each_is_hashed_once_and_the_thread_ends_and_starts_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().into();
        let mut hashing = Hashing::new(sleep::pair().unwrap().0);
        for round in ["1", "2"] {
            for name in ["a", "b"] {
                std::fs::write(folder.path().join(name), round).unwrap();
                hashing.request(&path(name));
            }
            // It waits already, or is hashed at this moment.
            hashing.request(&path("b"));
            hashing.request(&path("none"));
            let (begin, mut found) = (Instant::now(), Vec::new());
            while !hashing.pending.is_empty() || hashing.queue.lock().is_running {
                assert!(begin.elapsed() < Duration::from_secs(10), "it takes too long");
                found.extend(hashing.results());
                std::thread::yield_now();
            }
            let held: Vec<_> = found.iter().map(|it| (&*it.path, it.content)).collect();
            let text = Fingerprint::of_bytes(round.as_bytes());
            let expected =
                [(path("a"), text), (path("b"), text), (path("none"), Fingerprint::Absent)];
            let expected: Vec<(&str, _)> =
                expected.iter().map(|(a, b): &(Arc<str>, _)| (&**a, *b)).collect();
            assert_eq!(held, expected);
            assert!(found[0].stamp.is_some() && found[2].stamp.is_none());
        }
    }
}
