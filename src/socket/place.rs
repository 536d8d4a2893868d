//! Where a socket lies, and what says so.

use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::folder::Folder;
use crate::watch::file_system;

/// So many processes of one number, each of a PID namespace of its own, can share a folder.
const NAMESAKES: u32 = 9;

/// What a pointer says of an app.
pub struct App {
    /// The folder of its package.json.
    pub root: String,
    /// Its entry file.
    pub entry: String,
    /// The process that runs it, and starts it again, if it is another one of ours.
    pub runner: Option<u64>,
    /// Whether this process runs others, and answers for them.
    pub runs: bool,
}

#[cfg(test)]
impl App {
    /// One that no runner has started.
    pub fn new(root: &Path, entry: &str) -> Self {
        let root = root.to_string_lossy().into_owned();
        Self { root, entry: entry.to_owned(), runner: None, runs: false }
    }
}

/// What lies on disk as long as a socket is open.
pub struct Files {
    /// The socket.
    pub socket: PathBuf,
    /// Says where that is.
    pointer: String,
    folder: Folder,
}

impl Files {
    /// Takes them away.
    pub fn remove(&self) {
        let _ = std::fs::remove_file(&self.socket);
        self.folder.remove(&self.pointer);
    }
}

/// Where a socket may lie, as `runtimeFolders` of lib/control/pointers.mjs has it: our part of the user's runtime folder, else of one for what
/// is temporary, as far as no other user may enter.
pub fn private_folders() -> impl Iterator<Item = Folder> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|folder| folder.is_absolute() && folder.is_dir());
    let own_name = format!("hot-hook-{}", rustix::process::getuid().as_raw());
    let temporary = [std::env::temp_dir(), PathBuf::from("/tmp")].map(|it| it.join(&own_name));
    let folders = runtime.map(|folder| folder.join("hot-hook")).into_iter().chain(temporary);
    folders.filter_map(|folder| {
        // It fails where there is one.
        let _ = std::fs::DirBuilder::new().mode(0o700).create(&folder);
        Folder::open(&folder).filter(Folder::is_private)
    })
}

/// In the nearest `node_modules` upwards, if no other user can write there.
fn pointer_folder(root: &Path) -> Option<Folder> {
    let modules = root.ancestors().map(|folder| folder.join("node_modules"));
    let modules = modules.into_iter().find(|folder| folder.is_dir())?;
    Folder::open(&modules)?.child(".cache")?.child("hot-hook")
}

/// Opens the socket of this process in a private folder, for the app that `root` is the folder of; not if its path would be too
/// long.
pub fn open(folder: Folder, app: &App) -> Option<(UnixListener, Files)> {
    sweep(&folder);
    let (listener, socket) = names().find_map(|name| listen(folder.path(), &name))?;
    let Some(pointer) = describe(&socket, app) else {
        let _ = std::fs::remove_file(&socket);
        return None;
    };
    for folder in pointer_folder(Path::new(&app.root)).into_iter().chain([folder]) {
        if let Some(pointer) = names().find_map(|name| leave(&folder, &name, &pointer)) {
            return Some((listener, Files { socket, pointer, folder }));
        }
    }
    let _ = std::fs::remove_file(&socket);
    None
}

/// This process's number, and what else it may be called where another namespace has the same.
fn names() -> impl Iterator<Item = String> {
    let pid = std::process::id();
    let others = (2..=NAMESAKES).map(move |n| format!("{pid}-{n}"));
    std::iter::once(pid.to_string()).chain(others)
}

fn listen(folder: &Path, name: &str) -> Option<(UnixListener, PathBuf)> {
    let path = folder.join(format!("{name}.sock"));
    if is_dead(&path) {
        let _ = std::fs::remove_file(&path);
    }
    let listener = UnixListener::bind(&path).ok()?;
    let permissions = std::fs::Permissions::from_mode(0o600);
    if listener.set_nonblocking(true).is_err()
        || std::fs::set_permissions(&path, permissions).is_err()
    {
        let _ = std::fs::remove_file(&path);
        return None;
    }
    Some((listener, path))
}

/// What a pointer says.
fn describe(socket: &Path, app: &App) -> Option<Value> {
    let found = std::fs::symlink_metadata(socket).ok()?;
    let changed = i128::from(found.ctime()) * 1_000_000_000 + i128::from(found.ctime_nsec());
    Some(json!({
        "pid": std::process::id(),
        "socket": socket.to_str()?,
        "root": app.root,
        "entry": app.entry,
        "runner": app.runner,
        "runs": app.runs,
        "namespace": namespace(),
        // In another container the same path may lead to another socket.
        "id": format!("{}:{}:{changed}", found.dev(), found.ino()),
    }))
}

/// Whose numbers those of this process are: of a PID namespace, on a machine since it was started. `None` where there is no telling.
fn namespace() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), space.to_str()?))
}

/// Leaves a pointer under a name that is free, or that only a process before us can have taken, which had our number. Its
/// whole name.
fn leave(folder: &Folder, name: &str, pointer: &Value) -> Option<String> {
    let name = format!("{name}.json");
    let text = pointer.to_string();
    if folder.create(&name, &text) == Err(rustix::io::Errno::EXIST) {
        let other: Value = serde_json::from_str(&folder.read(&name)?).ok()?;
        let is_known = !cfg!(target_os = "linux") || other["namespace"].is_string();
        let is_of_us = ["pid", "namespace"].iter().all(|&key| other[key] == pointer[key]);
        if !is_known || !is_of_us {
            return None;
        }
        folder.remove(&name);
        folder.create(&name, &text).ok()?;
    }
    folder.read(&name).is_some().then_some(name)
}

/// Takes away what killed apps have left in a private folder.
fn sweep(folder: &Folder) {
    let names = folder.names();
    for name in names.iter().filter(|name| is_numbered(name, ".sock")) {
        if is_dead(&folder.path().join(name)) {
            folder.remove(name);
        }
    }
    for name in names.iter().filter(|name| is_numbered(name, ".json")) {
        let pointer = folder.read(name).and_then(|text| serde_json::from_str::<Value>(&text).ok());
        let socket = pointer.as_ref().and_then(|it| it["socket"].as_str()).map(Path::new);
        let is_here = |socket: &&Path| socket.parent() == Some(folder.path());
        let is_gone = |socket: &Path| {
            std::fs::symlink_metadata(socket)
                .is_err_and(|error| error.kind() == ErrorKind::NotFound)
        };
        if socket.filter(is_here).is_some_and(is_gone) {
            folder.remove(name);
        }
    }
}

/// `12.sock`, `12-2.sock`.
fn is_numbered(name: &str, extension: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name.strip_suffix(extension).is_some_and(|stem| stem.splitn(2, '-').all(is_number))
}

/// Whether no process has that socket open, in any namespace. A datagram is of the wrong kind for a socket that is open: it is
/// refused at once, and no process notices it.
fn is_dead(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|it| it.file_type().is_socket());
    let refuses = || {
        UnixDatagram::unbound()
            .and_then(|datagram| datagram.connect(path))
            .is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    };
    // What another kernel has open is not known to this one.
    is_socket
        && refuses()
        && path.parent().and_then(Path::to_str).is_some_and(|it| file_system(it).is_none())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A project that has a private folder beside it: the name of the pointer, and where it lies.
    fn open_in(base: &Path) -> (UnixListener, Files) {
        let folder = base.join("run");
        let _ = std::fs::DirBuilder::new().mode(0o700).create(&folder);
        let app = App::new(&base.join("project"), "main.mjs");
        open(Folder::open(&folder).unwrap(), &app).unwrap()
    }

    fn project(modules: &str) -> tempfile::TempDir {
        let base = tempfile::tempdir().unwrap();
        let all = base.path().join("project").join(modules);
        std::fs::DirBuilder::new().recursive(true).mode(0o755).create(all).unwrap();
        base
    }

    #[test]
    fn a_pointer_lies_in_node_modules_and_is_not_written_through_a_link() {
        let base = project("node_modules");
        let cache = base.path().join("project/node_modules/.cache/hot-hook");
        let (listener, files) = open_in(base.path());
        assert_eq!(files.folder.path(), cache);
        files.remove();
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 0);
        drop(listener);
        let victim = base.path().join("victim");
        for name in names() {
            symlink(&victim, cache.join(format!("{name}.json"))).unwrap();
        }
        let (_listener, files) = open_in(base.path());
        assert_eq!(files.folder.path(), base.path().join("run"));
        assert!(!victim.exists());
    }

    #[test]
    fn a_node_modules_to_which_others_can_write_has_none() {
        for (folder, bits) in [("", 0o777), (".cache", 0o775), (".cache/hot-hook", 0o757)] {
            let base = project("node_modules/.cache/hot-hook");
            let modules = base.path().join("project/node_modules");
            let bits = std::fs::Permissions::from_mode(bits);
            std::fs::set_permissions(modules.join(folder), bits).unwrap();
            let (_listener, files) = open_in(base.path());
            assert_eq!(files.folder.path(), base.path().join("run"), "{folder}");
            assert_eq!(std::fs::read_dir(modules.join(".cache/hot-hook")).unwrap().count(), 0);
        }
    }

    #[test]
    fn namesakes_of_other_namespaces_keep_their_pointers_and_sockets() {
        let base = project("node_modules/.cache/hot-hook");
        let cache = base.path().join("project/node_modules/.cache/hot-hook");
        let pid = std::process::id();
        let (_first, files) = open_in(base.path());
        let own = std::fs::read_to_string(cache.join(&files.pointer)).unwrap();
        let mut other: Value = serde_json::from_str(&own).unwrap();
        other["namespace"] = json!("elsewhere");
        std::fs::write(cache.join(format!("{pid}.json")), other.to_string()).unwrap();
        let (_second, more) = open_in(base.path());
        assert_eq!(more.pointer, format!("{pid}-2.json"));
        assert_eq!(more.socket, base.path().join(format!("run/{pid}-2.sock")));
        more.remove();
        let left: Value = serde_json::from_str(
            &std::fs::read_to_string(cache.join(format!("{pid}.json"))).unwrap(),
        )
        .unwrap();
        assert_eq!(left, other);
        assert!(files.socket.exists());
    }

    #[test]
    fn what_a_process_before_us_has_left_is_taken_over() {
        let base = project("node_modules");
        let (listener, files) = open_in(base.path());
        drop(listener);
        let (_listener, again) = open_in(base.path());
        assert_eq!((&again.pointer, &again.socket), (&files.pointer, &files.socket));
    }

    #[test]
    fn dead_sockets_are_swept_with_their_pointers_and_nothing_else() {
        let base = project("");
        let run = base.path().join("run");
        std::fs::DirBuilder::new().mode(0o700).create(&run).unwrap();
        let lives = UnixListener::bind(run.join("7.sock")).unwrap();
        for name in ["8.sock", "9-2.sock", "own.sock"] {
            drop(UnixListener::bind(run.join(name)).unwrap());
        }
        let point = |name: &str, to: &str| {
            std::fs::write(run.join(name), json!({ "socket": run.join(to) }).to_string()).unwrap();
        };
        point("7.json", "7.sock");
        point("8.json", "8.sock");
        std::fs::write(run.join("1.sock"), "no socket").unwrap();
        std::fs::write(run.join("2.json"), "no pointer").unwrap();
        let (_listener, files) = open_in(base.path());
        files.remove();
        let mut left = Folder::open(&run).unwrap().names();
        left.sort();
        assert_eq!(left, ["1.sock", "2.json", "7.json", "7.sock", "own.sock"]);
        drop(lives);
    }
}
