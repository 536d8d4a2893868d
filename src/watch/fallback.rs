//! Everywhere else: `notify`'s own watcher for the platform, or its polling one where there are no events.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use notify::event::{ModifyKind, RenameMode};
use notify::{Config, EventKind, PollWatcher, RecursiveMode, Watcher};

use super::settle::FileEvent;
use super::{Event, Waker};

/// A watcher that delivers through a channel.
pub struct Fallback {
    watcher: Box<dyn Watcher + Send>,
    events: Receiver<notify::Result<notify::Event>>,
}

impl Fallback {
    /// Looks at the files every `interval`, by content.
    ///
    /// # Errors
    /// What `notify` says.
    pub fn polling(interval: Duration, waker: Waker) -> notify::Result<Self> {
        let (sender, events) = channel();
        let handler = move |event| {
            let _ = sender.send(event);
            waker.wake();
        };
        let config = Config::default().with_poll_interval(interval).with_compare_contents(true);
        Ok(Self { watcher: Box::new(PollWatcher::new(handler, config)?), events })
    }

    /// The platform's own events.
    ///
    /// # Errors
    /// What `notify` says.
    #[cfg(not(target_os = "linux"))]
    pub fn native(waker: Waker) -> notify::Result<Self> {
        let (sender, events) = channel();
        let handler = move |event| {
            let _ = sender.send(event);
            waker.wake();
        };
        Ok(Self { watcher: Box::new(notify::recommended_watcher(handler)?), events })
    }

    /// Watches the files of a directory, not those below its subdirectories.
    ///
    /// # Errors
    /// What `notify` says.
    pub fn watch(&mut self, directory: &str) -> notify::Result<()> {
        self.watcher.watch(Path::new(directory), RecursiveMode::NonRecursive)
    }

    /// Stops watching a directory; does nothing if it is not watched.
    pub fn unwatch(&mut self, directory: &str) {
        let _ = self.watcher.unwatch(Path::new(directory));
    }

    /// Moves what has been reported since the last call into `out`.
    pub fn drain(&mut self, out: &mut Vec<Event>) {
        for event in self.events.try_iter() {
            match event {
                Ok(event) if event.need_rescan() => out.push(Event::Overflow),
                Ok(event) => translate(&event, out),
                // A poll that could not read something: what it was may have changed.
                Err(error) => {
                    out.extend(
                        error.paths.iter().filter_map(|p| file(p, FileEvent::Removed, false)),
                    );
                }
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
