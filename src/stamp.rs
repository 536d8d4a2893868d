//! What the file system says of a file: it changes when the file is changed or replaced, and costs no look at the bytes.

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// When a file was last changed: its bytes, its name or what a folder holds.
pub fn changed_at(metadata: &Metadata) -> SystemTime {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
        let rest = u32::try_from(metadata.ctime_nsec()).unwrap_or_default();
        SystemTime::UNIX_EPOCH + Duration::new(seconds, rest)
    }
    #[cfg(not(unix))]
    metadata.modified().unwrap_or_else(|_| SystemTime::now())
}

/// Within so long two changes may bear the same stamp: FAT counts in steps of two seconds.
const GRAIN: Duration = Duration::from_secs(3);

/// Length, times and identity of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// In bytes.
    pub length: u64,
    modified: Option<SystemTime>,
    /// Device, inode, and when the latter changed, which no program can set back.
    node: [i64; 4],
    /// How many hard links there are; 1 where nothing tells.
    pub links: u64,
}

impl Stamp {
    /// That of the regular file at `path`, through symlinks; `None` if there is none.
    pub fn of_file(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        metadata.is_file().then(|| Self::new(&metadata))
    }

    /// That of a file with this metadata.
    #[cfg(unix)]
    pub fn new(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let node = [
            metadata.dev().cast_signed(),
            metadata.ino().cast_signed(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        ];
        let (length, modified) = (metadata.len(), metadata.modified().ok());
        Self { length, modified, node, links: metadata.nlink() }
    }

    /// That of a file with this metadata.
    #[cfg(not(unix))]
    pub fn new(metadata: &Metadata) -> Self {
        let (length, modified) = (metadata.len(), metadata.modified().ok());
        Self { length, modified, node: [0; 4], links: 1 }
    }

    /// Whether both are of one file, whatever it holds.
    pub fn is_same_file(&self, other: &Self) -> bool {
        self.node[..2] == other.node[..2]
    }

    /// Whether the file may be changed again and bear this stamp still.
    pub fn is_recent(&self, clock: SystemTime) -> bool {
        let changed = u64::try_from(self.node[2]).ok().map(Duration::from_secs);
        let changed = changed.map(|since| SystemTime::UNIX_EPOCH + since);
        // A stamp of the future does not get older.
        let distance = |at| clock.duration_since(at).unwrap_or_else(|ahead| ahead.duration());
        self.modified.into_iter().chain(changed).any(|at| distance(at) < GRAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_stamps_may_come_twice() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let stamp = |modified, changed| Stamp {
            length: 1,
            modified: Some(at(modified)),
            node: [0, 1, changed, 0],
            links: 1,
        };
        assert!(stamp(100, 10).is_recent(at(102)));
        assert!(stamp(10, 100).is_recent(at(102)), "its time was set back");
        assert!(!stamp(100, 100).is_recent(at(103)));
        assert!(!stamp(100, 10).is_recent(at(40)), "in the future");
    }

    #[test]
    fn only_regular_files_have_one() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Stamp::of_file(folder.path()), None);
        assert_eq!(Stamp::of_file(&folder.path().join("none")), None);
        let file = folder.path().join("a");
        std::fs::write(&file, "1").unwrap();
        let before = Stamp::of_file(&file).unwrap();
        std::fs::write(&file, "12").unwrap();
        let after = Stamp::of_file(&file).unwrap();
        assert_ne!(before, after);
        assert!(cfg!(not(unix)) || before.is_same_file(&after));
    }
}
