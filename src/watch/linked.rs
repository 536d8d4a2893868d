//! Files that may be written under another name than the one by which they are in use: a further hard link, or the file on
//! the host that is mounted in a container by itself. No directory that is watched tells of that.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::Watch;
use crate::fingerprint::Fingerprint;
use crate::stamp::Stamp;

/// Those of them that one owner holds.
#[derive(Debug, Default)]
pub struct LinkedFiles(FxHashSet<Arc<str>>);

impl LinkedFiles {
    /// Holds the file at `path` if it is one of them, and no longer if it is none. Bytes that are read after this are never
    /// overtaken unseen. `watch` is to hold its directory.
    pub fn note(&mut self, path: &Arc<str>, stamp: &Stamp, watch: &mut Watch) {
        watch.note_read(path);
        if !watch.is_linked(path, stamp) {
            self.release(path, Some(watch));
        } else if self.0.insert(path.clone()) {
            watch.retain_file(path);
        }
    }

    /// See [`Fingerprint::of_file`]; the file is noted before it is read.
    pub fn fingerprint(&mut self, path: &Arc<str>, watch: Option<&mut Watch>) -> Fingerprint {
        let note = |stamp: &Stamp| {
            if let Some(watch) = watch {
                self.note(path, stamp, watch);
            }
            None
        };
        Fingerprint::of_file_unless(Path::new(path.as_ref()), note).0
    }

    /// The file counts no longer.
    pub fn release(&mut self, path: &str, watch: Option<&mut Watch>) {
        if self.0.remove(path)
            && let Some(watch) = watch
        {
            watch.release_file(path);
        }
    }

    /// So do all but those of which `counts` says otherwise.
    pub fn retain(&mut self, mut watch: Option<&mut Watch>, counts: impl Fn(&str) -> bool) {
        for path in self.0.extract_if(|path| !counts(path)) {
            if let Some(watch) = &mut watch {
                watch.release_file(&path);
            }
        }
    }

    /// The watch that retained them is gone.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}
