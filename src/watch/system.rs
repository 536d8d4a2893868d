//! macOS and Windows: the system's own events, which `notify` delivers.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use notify::event::{ModifyKind, RenameMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::settle::FileEvent;
use super::{Event, Waker};

/// A watcher that delivers through a channel.
pub struct Native {
    watcher: RecommendedWatcher,
    events: Receiver<notify::Result<notify::Event>>,
}

impl Native {
    /// # Errors
    /// What `notify` says.
    pub fn new(waker: Waker) -> io::Result<Self> {
        let (sender, events) = channel();
        let handler = move |event| {
            let _ = sender.send(event);
            waker.wake();
        };
        let watcher = notify::recommended_watcher(handler).map_err(io::Error::other)?;
        Ok(Self { watcher, events })
    }

    /// Watches the files of a directory, not those below its subdirectories.
    ///
    /// # Errors
    /// What `notify` says.
    pub fn watch(&mut self, directory: &Arc<str>) -> io::Result<()> {
        let path = Path::new(directory.as_ref());
        self.watcher.watch(path, RecursiveMode::NonRecursive).map_err(io::Error::other)
    }

    /// Stops watching a directory; does nothing if it is not watched.
    pub fn unwatch(&mut self, directory: &str) {
        let _ = self.watcher.unwatch(Path::new(directory));
    }

    /// There is no event for what is written under another name.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`], always.
    #[expect(clippy::unused_self, reason = "as on Linux")]
    pub fn watch_file(&mut self, _path: &Arc<str>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nothing is to be done.
    #[expect(clippy::unused_self, reason = "as on Linux")]
    pub fn unwatch_file(&mut self, _path: &str) {}

    /// Nothing tells.
    #[expect(clippy::unused_self, reason = "as on Linux")]
    pub fn is_mounted(&self, _path: &str) -> bool {
        false
    }

    /// Moves what has been reported since the last call into `events`.
    pub fn drain(&mut self, events: &mut Vec<Event>) {
        for event in self.events.try_iter() {
            match event {
                Ok(event) if !event.need_rescan() => translate(&event, events),
                // Whatever it was, it may have changed something.
                _ => events.push(Event::Overflow),
            }
        }
    }
}

fn translate(event: &notify::Event, out: &mut Vec<Event>) {
    for path in &event.paths {
        let appeared = match event.kind {
            EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => true,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => path.exists(),
            EventKind::Modify(_) | EventKind::Any | EventKind::Other => {
                out.extend(file(path, FileEvent::Written, false));
                continue;
            }
            EventKind::Access(_) => continue,
        };
        let event = if appeared { FileEvent::Written } else { FileEvent::Removed };
        out.extend(file(path, event, appeared));
        if path.is_dir() || !appeared {
            out.extend(
                path.to_str().map(|path| Event::Directory { path: path.to_owned(), appeared }),
            );
        }
    }
}

fn file(path: &Path, event: FileEvent, new: bool) -> Option<Event> {
    path.to_str().map(|path| Event::File { path: path.to_owned(), event, new })
}
