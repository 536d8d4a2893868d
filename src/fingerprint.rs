//! Content hashes: what tells a save that changed something from one that did not.
//!
//! Bytes, not times: modification times are coarse, can be set, and survive `rsync -t`.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::stamp::Stamp;

/// What a file held when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fingerprint {
    /// There was no readable file at that path.
    Absent,
    /// The 128-bit XXH3 hash of the file's bytes.
    Content(u128),
}

impl Fingerprint {
    /// Reads the file at `path`. Whatever keeps it from being read (missing, a directory, no permission) is
    /// [`Fingerprint::Absent`]: Node could not load it either. So is what is no regular file, see [`open`].
    pub fn of_file(path: &Path) -> Self {
        Self::of_file_unless(path, |_| None).0
    }

    /// The same, but for a file of whose stamp it is `known` what it holds. Returns its stamp, too.
    pub fn of_file_unless(
        path: &Path,
        known: impl FnOnce(&Stamp) -> Option<Self>,
    ) -> (Self, Option<Stamp>) {
        let Ok((file, stamp)) = open(path) else { return (Self::Absent, None) };
        match known(&stamp) {
            Some(known) => (known, Some(stamp)),
            None => (Self::read(file).unwrap_or(Self::Absent), Some(stamp)),
        }
    }

    /// That of a file that holds `bytes`.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::Content(xxh3_128(bytes))
    }

    /// Whether there was a file, without a single byte.
    pub fn is_empty(self) -> bool {
        self == Self::of_bytes(&[])
    }

    fn read(mut file: File) -> io::Result<Self> {
        let mut hasher = Xxh3::new();
        // Most source files fit, so that they cost two reads; a huge one costs no memory.
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(Self::Content(hasher.digest128())),
                Ok(n) => hasher.update(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Opens a regular file to be read, through symlinks. Anything else is refused: to open a FIFO waits for a writer,
/// to open a device may do something, and neither need ever end.
///
/// # Errors
/// Those of `open`; [`ErrorKind::InvalidInput`] for what is no regular file.
pub fn open(path: &Path) -> io::Result<(File, Stamp)> {
    let stamp = |metadata: std::fs::Metadata| {
        let stamp = metadata.is_file().then(|| Stamp::new(&metadata));
        stamp.ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))
    };
    stamp(std::fs::metadata(path)?)?;
    let file = open_at_once(path)?;
    // Another may have taken its place since.
    let stamp = stamp(file.metadata()?)?;
    Ok((file, stamp))
}

#[cfg(unix)]
fn open_at_once(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.read(true);
    match options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path) {
        // A regular file that a file server has leased out: it gives it back in time. No FIFO answers so.
        Err(error) if error.kind() == ErrorKind::WouldBlock => options.custom_flags(0).open(path),
        opened => opened,
    }
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_bytes_same_fingerprint_whatever_the_size() {
        let dir = tempfile::tempdir().unwrap();
        for size in [0, 1, 16 * 1024, 16 * 1024 + 1, 1 << 20] {
            let (a, b) = (dir.path().join("a"), dir.path().join("b"));
            std::fs::write(&a, vec![7; size]).unwrap();
            std::fs::write(&b, vec![7; size]).unwrap();
            assert_eq!(Fingerprint::of_file(&a), Fingerprint::of_file(&b));
            assert_eq!(Fingerprint::of_file(&a), Fingerprint::of_bytes(&vec![7; size]));
            std::fs::write(&b, vec![7; size + 1]).unwrap();
            assert_ne!(Fingerprint::of_file(&a), Fingerprint::of_file(&b));
        }
    }

    #[test]
    fn what_cannot_be_read_is_absent() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Fingerprint::of_file(&dir.path().join("nope")), Fingerprint::Absent);
        assert_eq!(Fingerprint::of_file(dir.path()), Fingerprint::Absent);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_absent_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        for (name, target) in [("zero", "/dev/zero"), ("to-fifo", fifo.to_str().unwrap())] {
            std::os::unix::fs::symlink(target, dir.path().join(name)).unwrap();
            assert_eq!(Fingerprint::of_file(&dir.path().join(name)), Fingerprint::Absent, "{name}");
        }
        assert_eq!(Fingerprint::of_file(&fifo), Fingerprint::Absent);
        std::fs::write(dir.path().join("file"), "text").unwrap();
        std::os::unix::fs::symlink("file", dir.path().join("link")).unwrap();
        let link = Fingerprint::of_file(&dir.path().join("link"));
        assert_eq!(link, Fingerprint::of_bytes(b"text"), "a link to a file is a file");
    }
}
