//! Finds and makes folders that belong to the user and that no other user can write to.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};

/// The longest file that is read, in bytes: a few paths.
const LONGEST: i64 = 64 * 1024;

/// One that is held open: what is done in it is done there, whatever becomes of its path.
pub struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

impl Folder {
    /// `None` if it is a link, another user's, or one that others can write to.
    pub fn open(path: &Path) -> Option<Self> {
        Self::open_at(CWD, path, path.to_owned())
    }

    /// A folder in it, which is made if it is not there.
    pub fn child(&self, name: &str) -> Option<Self> {
        // It fails where there is one.
        let _ = rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(0o755));
        Self::open_at(&self.fd, Path::new(name), self.path.join(name))
    }

    fn open_at(at: impl rustix::fd::AsFd, name: &Path, path: PathBuf) -> Option<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(at, name, flags, Mode::empty()).ok()?;
        let found = rustix::fs::fstat(&fd).ok()?;
        let others_write = mode(&found).intersects(Mode::WGRP | Mode::WOTH);
        (is_own(&found) && !others_write).then_some(Self { fd, path })
    }

    /// Whether no other user may enter it.
    pub fn is_private(&self) -> bool {
        let all = Mode::RWXU | Mode::RWXG | Mode::RWXO;
        rustix::fs::fstat(&self.fd).is_ok_and(|found| mode(&found) & all == Mode::RWXU)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.path).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    /// The text of a file that is the user's: not of a link, a pipe or a device, nor of what is long.
    pub fn read(&self, name: &str) -> Option<String> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty()).ok()?;
        let found = rustix::fs::fstat(&fd).ok()?;
        let is_file = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
        if !is_file || !is_own(&found) || found.st_size > LONGEST {
            return None;
        }
        let mut text = String::new();
        let most = LONGEST.unsigned_abs();
        std::fs::File::from(fd).take(most).read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// Makes a file that only the user can read; an error if there is anything of that name, also a link to nothing.
    pub fn create(&self, name: &str, text: &str) -> rustix::io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let fd =
            rustix::fs::openat(&self.fd, name, flags | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR)?;
        if std::fs::File::from(fd).write_all(text.as_bytes()).is_err() {
            self.remove(name);
            return Err(rustix::io::Errno::IO);
        }
        Ok(())
    }

    /// Takes a file away.
    pub fn remove(&self, name: &str) {
        let _ = rustix::fs::unlinkat(&self.fd, name, AtFlags::empty());
    }
}

fn is_own(found: &Stat) -> bool {
    found.st_uid == rustix::process::getuid().as_raw()
}

fn mode(found: &Stat) -> Mode {
    Mode::from_raw_mode(found.st_mode)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn links_and_what_others_can_write_to_are_none() {
        let base = tempfile::tempdir().unwrap();
        let inside = base.path().join("inside");
        std::fs::create_dir(&inside).unwrap();
        symlink(&inside, base.path().join("link")).unwrap();
        let set = |path: &Path, bits| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).unwrap();
        };
        set(base.path(), 0o755);
        let base = Folder::open(base.path()).unwrap();
        assert!(!base.is_private());
        set(base.path(), 0o700);
        assert!(base.is_private());
        assert!(base.child("link").is_none());
        assert!(base.child("new").is_some());
        for (bits, opens) in [(0o755, true), (0o775, false), (0o757, false), (0o1777, false)] {
            set(&inside, bits);
            assert_eq!(base.child("inside").is_some(), opens, "{bits:o}");
        }
    }

    #[test]
    fn a_file_is_made_where_there_is_nothing_and_read_if_it_is_one() {
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str| base.path().join(name);
        symlink(at("victim"), at("link")).unwrap();
        symlink("/dev/zero", at("zero")).unwrap();
        std::fs::write(at("long"), "x".repeat(70_000)).unwrap();
        std::fs::set_permissions(base.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let folder = Folder::open(base.path()).unwrap();
        assert!(folder.create("new", "text").is_ok());
        assert_eq!(folder.read("new").as_deref(), Some("text"));
        for name in ["new", "link", "zero", "long"] {
            assert!(folder.create(name, "other").is_err(), "{name}");
        }
        assert!(!at("victim").exists());
        for name in ["link", "zero", "long", "missing"] {
            assert_eq!(folder.read(name), None, "{name}");
        }
        folder.remove("link");
        assert!(std::fs::symlink_metadata(at("link")).is_err());
    }
}
