//! Which folders and files are no source of an app: folders of tools, files that editors write for themselves, logs, databases
//! and their journals, what tools write of a crash. A file that such a list does not know is left to the caller, which sees that
//! it is written again and again.

use std::path::Path;

/// Folders that may be huge, and hold nothing that a person saves to change an app.
const FOLDERS: [&str; 10] = [
    "node_modules",
    ".git",
    ".hg",
    ".svn",
    ".jj",
    ".idea",
    ".vs",
    ".vscode",
    ".cache",
    ".nyc_output",
];

/// Whether a folder of this name is not searched.
pub fn is_skipped_folder(name: &str) -> bool {
    FOLDERS.contains(&name)
}

/// Extensions, in lower case.
const EXTENSIONS: [&str; 35] = [
    "bak",
    "cpuprofile",
    "crdownload",
    "crswap",
    "db",
    "db3",
    "dmp",
    "heapprofile",
    "heapsnapshot",
    "journal",
    "kate-swp",
    "ldb",
    "log",
    "mdb",
    "orig",
    "part",
    "partial",
    "pid",
    "rdb",
    "rej",
    "sqlite",
    "sqlite3",
    "stackdump",
    "swap",
    "swn",
    "swo",
    "swp",
    "swx",
    "temp",
    "tmp",
    "tsbuildinfo",
    "un~",
    "vsctmp",
    "wal",
    "aof",
];

/// Whole names, in lower case. vim asks by `4913` whether it may write.
const NAMES: [&str; 6] = [".ds_store", "4913", "core", "desktop.ini", "nohup.out", "thumbs.db"];

const PREFIXES: [&str; 7] =
    [".#", ".goutputstream-", ".~lock.", ".nfs", ".fuse_hidden", "._", ".~"];

const SUFFIXES: [&str; 4] = ["~", "-journal", "-wal", "-shm"];

/// Within a name: rotated logs, and what is renamed to its real name later.
const PARTS: [&str; 6] = [".log.", ".log-", ".tmp.", ".tmp-", "___jb_", ".sb-"];

/// Whether the name says that the file is none that a person saves to change an app.
pub fn is_scratch(path: &str) -> bool {
    let path = Path::new(path);
    let part = |part: Option<&std::ffi::OsStr>| {
        part.and_then(|part| part.to_str()).unwrap_or("").to_owned()
    };
    let (exact, extension) = (part(path.file_name()), part(path.extension()));
    let name = exact.to_ascii_lowercase();
    EXTENSIONS.contains(&&*extension.to_ascii_lowercase())
        || NAMES.contains(&&*name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
        || PARTS.iter().any(|part| name.contains(part))
        || (name.len() > 1 && name.starts_with('#') && name.ends_with('#'))
        || is_numbered(&name)
        || is_drawn(path, &extension)
}

/// Whether a number makes the name one of many: `core.1234`, `x.json.1699999999`, `report.20261130.010203.1.0.001.json`.
fn is_numbered(name: &str) -> bool {
    let is_number =
        |text: &str, digits| text.len() >= digits && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        ["core", number] => is_number(number, 1),
        ["report", day, .., "json"] => is_number(day, 8),
        [_, .., last] => is_number(last, 5),
        _ => false,
    }
}

/// Whether six letters were drawn at random, as `mkstemp` does, behind a whole name: `main.mjs.Xa3bQz`.
fn is_drawn(path: &Path, extension: &str) -> bool {
    let has_own = path.file_stem().is_some_and(|stem| Path::new(stem).extension().is_some());
    has_own
        && extension.len() == 6
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && extension.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::is_scratch;

    #[test]
    fn what_nobody_saves() {
        for name in [
            "app.log",
            "logs/APP.LOG",
            "app.log.1",
            "app.log.2026-11-30.gz",
            "npm-debug.log",
            "data.db",
            "data.db-journal",
            "data.sqlite3-wal",
            "x.sqlite-shm",
            "server.pid",
            "nohup.out",
            ".main.mjs.swp",
            ".main.mjs.swo",
            ".main.mjs.un~",
            "main.mjs~",
            "#main.mjs#",
            ".#main.mjs",
            ".main.mjs.kate-swp",
            ".goutputstream-A1B2C3",
            "main.mjs___jb_tmp___",
            "main.mjs.Xa3bQz",
            "4913",
            "x.json.1699999999",
            "main.mjs.tmp.12345.1",
            "main.mjs.tmp",
            ".DS_Store",
            "core",
            "core.12",
            "report.20261130.010203.77.0.001.json",
            "x.heapsnapshot",
            "tsconfig.tsbuildinfo",
        ] {
            assert!(is_scratch(&format!("/app/{name}")), "{name}");
        }
    }

    #[test]
    fn what_somebody_may_save() {
        for name in [
            "main.mjs",
            "a",
            ".env",
            ".env.local",
            "config.yml",
            "report.json",
            "log.mjs",
            "logs.ts",
            "journal.md",
            "core.mjs",
            "x.test.mjs",
            "v1.2",
            "data.1.json",
            "x.d.ts",
            "schema.prisma",
            "[id].ts",
            "a b",
            "template.html.mustache",
            "README",
            "wal.js",
            "blog.html",
            "catalog.json",
            "x.spec.coffee",
            "Main.test.Svelte",
        ] {
            assert!(!is_scratch(&format!("/app/{name}")), "{name}");
        }
    }
}
