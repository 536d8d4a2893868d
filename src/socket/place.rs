//! Where a socket lies.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// What lies on disk as long as a socket is open.
#[derive(Clone)]
pub struct Files {
    /// The socket.
    pub socket: PathBuf,
    /// Says where that is.
    pub pointer: PathBuf,
}

impl Files {
    /// Takes them away.
    pub fn remove(&self) {
        let _ = std::fs::remove_file(&self.socket);
        let _ = std::fs::remove_file(&self.pointer);
    }
}

/// Where a socket may lie, as `runtimeFolders` of cli.mjs has it: our part of the user's runtime folder, else of one for what is
/// temporary, as far as nobody else may enter.
pub fn private_folders() -> impl Iterator<Item = PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|folder| folder.is_absolute() && folder.is_dir());
    let own_name = format!("hot-hook-{}", rustix::process::getuid().as_raw());
    let temporary = [std::env::temp_dir(), PathBuf::from("/tmp")].map(|it| it.join(&own_name));
    let folders = runtime.map(|folder| folder.join("hot-hook")).into_iter().chain(temporary);
    folders.filter(|folder| is_private(folder))
}

/// Whether a folder, which is made if it is not there, is the user's alone.
fn is_private(folder: &Path) -> bool {
    let _ = std::fs::DirBuilder::new().mode(0o700).create(folder);
    std::fs::symlink_metadata(folder).is_ok_and(|found| {
        let is_own = found.uid() == rustix::process::getuid().as_raw();
        found.is_dir() && found.mode() & 0o777 == 0o700 && is_own
    })
}

/// In the nearest `node_modules` upwards.
pub fn pointer_folder(root: &Path) -> Option<PathBuf> {
    let modules = root.ancestors().map(|folder| folder.join("node_modules"));
    let modules = modules.into_iter().find(|folder| folder.is_dir())?;
    Some(modules.join(".cache").join("hot-hook"))
}
