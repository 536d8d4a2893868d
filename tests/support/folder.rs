//! A directory of its own for a test, and the ways in which editors and tools save into it.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// Names in it are relative, with forward slashes.
pub struct Folder {
    dir: TempDir,
    base: String,
}

impl Folder {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        // On macOS the system's one is behind a symlink.
        let real = fs::canonicalize(dir.path()).expect("it is there");
        let base = real.to_str().expect("a path that is text").to_owned();
        Self { dir, base }
    }

    /// The absolute path of `name`; of the directory itself if it is empty.
    pub fn path(&self, name: &str) -> String {
        if name.is_empty() { self.base.clone() } else { format!("{}/{name}", self.base) }
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file can be written");
    }

    /// Saves by a temporary file and a rename.
    pub fn write_atomically(&self, name: &str, text: &str) {
        let temporary = format!("{name}.tmp");
        self.write(&temporary, text);
        self.rename(&temporary, name);
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("it can be renamed");
    }

    pub fn remove(&self, name: &str) {
        let path = self.path(name);
        let removed = if Path::new(&path).is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        };
        removed.expect("it can be removed");
    }

    pub fn make_dir(&self, name: &str) {
        fs::create_dir_all(self.path(name)).expect("a directory can be made");
    }

    pub fn exists(&self, name: &str) -> bool {
        self.dir.path().join(name).exists()
    }
}
