//! The socket by which `hot-hook explain` and `hot-hook graph` ask a running app: only its user may connect.
//!
//! ```text
//!   node_modules/.cache/hot-hook/PID.json ──▶ RUNTIME/PID.sock     a question is a line of JSON, and so is the answer
//! ```
//!
//! Socket paths may have about 100 bytes: so it lies in the user's runtime folder, and a pointer in the project.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

/// How long a question may take to arrive.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest question: a path and little else.
const LONGEST: u64 = 64 * 1024;

/// A socket that is open.
pub struct Socket {
    listener: UnixListener,
    files: Files,
}

/// What lies on disk as long as a socket is open.
#[derive(Clone)]
pub struct Files {
    socket: PathBuf,
    pointer: PathBuf,
}

impl Files {
    /// Takes them away.
    pub fn remove(&self) {
        let _ = std::fs::remove_file(&self.socket);
        let _ = std::fs::remove_file(&self.pointer);
    }
}

impl Socket {
    /// Opens the socket of this process, for the app that `root` is the folder of. `None` where that cannot be: nobody
    /// need be told, because whoever asks is.
    pub fn open(root: &Path, entry: &str) -> Option<Self> {
        let folder = private_folder()?;
        let pid = std::process::id();
        let pointers = pointer_folder(root).unwrap_or_else(|| folder.clone());
        std::fs::create_dir_all(&pointers).ok()?;
        let files = Files {
            socket: folder.join(format!("{pid}.sock")),
            pointer: pointers.join(format!("{pid}.json")),
        };
        // Of a process that had our number.
        files.remove();
        let listener = UnixListener::bind(&files.socket).ok()?;
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&files.socket, mode).ok()?;
        let socket = files.socket.to_str()?;
        let pointer = json!({ "pid": pid, "socket": socket, "root": root, "entry": entry });
        std::fs::write(&files.pointer, pointer.to_string()).ok()?;
        Some(Self { listener, files })
    }

    /// What is to be taken away at the end.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Answers questions, one after the other, for ever.
    pub fn serve(&self, answer: impl Fn(&Value) -> Value) {
        for stream in self.listener.incoming().flatten() {
            // Whoever has gone need not be told.
            let _ = respond(&stream, &answer);
        }
    }
}

fn respond(stream: &UnixStream, answer: impl Fn(&Value) -> Value) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(std::io::Read::take(stream, LONGEST)).read_line(&mut line)?;
    let answer = match serde_json::from_str(&line) {
        Ok(question) => answer(&question),
        Err(error) => json!({ "error": format!("the question is not JSON: {error}") }),
    };
    let mut stream = stream;
    writeln!(stream, "{answer}")
}

/// The user's runtime folder's part that is ours, which nobody else may enter.
fn private_folder() -> Option<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let folder = match runtime.filter(|folder| folder.is_absolute() && folder.is_dir()) {
        Some(folder) => folder.join("hot-hook"),
        None => std::env::temp_dir().join(own_name()),
    };
    let _ = std::fs::DirBuilder::new().mode(0o700).create(&folder);
    let found = std::fs::symlink_metadata(&folder).ok()?;
    let is_ours = found.is_dir() && found.mode() & 0o777 == 0o700 && is_own(found.uid());
    is_ours.then_some(folder)
}

/// Other systems give each user a folder of his own for what is temporary.
#[cfg(not(target_os = "linux"))]
fn own_name() -> String {
    "hot-hook".to_owned()
}

#[cfg(target_os = "linux")]
fn own_name() -> String {
    format!("hot-hook-{}", rustix::process::getuid().as_raw())
}

#[cfg(not(target_os = "linux"))]
fn is_own(_: u32) -> bool {
    true
}

#[cfg(target_os = "linux")]
fn is_own(uid: u32) -> bool {
    uid == rustix::process::getuid().as_raw()
}

/// In the nearest `node_modules` upwards.
fn pointer_folder(root: &Path) -> Option<PathBuf> {
    let modules = root.ancestors().map(|folder| folder.join("node_modules"));
    let modules = modules.into_iter().find(|folder| folder.is_dir())?;
    Some(modules.join(".cache").join("hot-hook"))
}
