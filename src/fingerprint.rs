//! Content hashes: what tells a save that changed something from one that did not.
//!
//! Bytes, not times: modification times are coarse, can be set, and survive `rsync -t`.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

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
    /// [`Fingerprint::Absent`]: Node could not load it either.
    pub fn of_file(path: &Path) -> Self {
        Self::read(path).unwrap_or(Self::Absent)
    }

    /// That of a file that holds `bytes`.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::Content(xxh3_128(bytes))
    }

    /// Whether there was a file, without a single byte.
    pub fn is_empty(self) -> bool {
        self == Self::of_bytes(&[])
    }

    fn read(path: &Path) -> std::io::Result<Self> {
        let mut file = File::open(path)?;
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
}
