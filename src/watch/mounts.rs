//! Where file systems, directories and single files are mounted: what lies there is not what lies in the folder below.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustc_hash::FxHashMap;

/// The kernel's table of them, for this process. A `poll` of it tells of each change once, by a priority event.
const TABLE: &str = "/proc/self/mountinfo";

/// Room for it, in bytes: in nearly all containers one read takes it in.
const TYPICAL: usize = 16 * 1024;

/// The mounts that this process sees.
pub struct Mounts {
    table: File,
    points: Points,
}

/// Mount points, and the number of what is mounted there on top.
pub type Points = FxHashMap<String, u64>;

impl Mounts {
    /// # Errors
    /// There is no `/proc`, or it cannot be read.
    pub fn open() -> io::Result<Self> {
        // Changes count from the moment at which it is opened.
        let mut mounts = Self { table: File::open(TABLE)?, points: Points::default() };
        mounts.points = mounts.read()?;
        Ok(mounts)
    }

    /// One more descriptor: each tells of a change only once.
    ///
    /// # Errors
    /// See [`Mounts::open`].
    pub fn another() -> io::Result<OwnedFd> {
        File::open(TABLE).map(OwnedFd::from)
    }

    /// Whether something is mounted at exactly this path.
    pub fn are_at(&self, path: &str) -> bool {
        self.points.contains_key(path)
    }

    /// The mount points at which something else lies than when it was last asked.
    pub fn changed(&mut self) -> Vec<String> {
        // What cannot be read has not changed, as far as anybody knows.
        let Ok(now) = self.read() else { return Vec::new() };
        let before = std::mem::replace(&mut self.points, now);
        let (before, now) = (&before, &self.points);
        let mut changed: Vec<_> = before.keys().chain(now.keys()).collect();
        changed.retain(|&point| before.get(point) != now.get(point));
        changed.sort_unstable();
        changed.dedup();
        changed.into_iter().cloned().collect()
    }

    fn read(&mut self) -> io::Result<Points> {
        let mut text = Vec::with_capacity(TYPICAL);
        self.table.rewind()?;
        self.table.read_to_end(&mut text)?;
        Ok(parse(&text))
    }
}

impl AsFd for Mounts {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.table.as_fd()
    }
}

/// Lines as `proc(5)` describes them: the number comes first, the mount point fifth. A path that is not UTF-8 is none of ours.
pub fn parse(table: &[u8]) -> Points {
    let lines = table.split(|byte| *byte == b'\n');
    let point = |line: &[u8]| {
        let mut fields = line.split(|byte| *byte == b' ');
        let number = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
        Some((String::from_utf8(unescape(fields.nth(3)?)).ok()?, number))
    };
    // The last of several at one point lies on top.
    lines.filter_map(point).collect()
}

/// Spaces, tabs, line breaks and backslashes are written as three octal digits after a backslash.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| first == b'\\');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(byte);
            rest = &after[3..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_table() {
        let table = br"22 1 0:20 / / rw,noatime - overlay overlay rw,lowerdir=/a
30 22 0:5 / /proc rw - proc proc rw
41 22 8:1 /src/a\040b.mjs /app/a\040b.mjs rw master:1 shared:2 - ext4 /dev/sda1 rw
42 22 8:1 /x /app/\134040\011\012\043\303\251 rw - ext4 /dev/sda1 rw
43 22 8:1 /y /app/twice rw - ext4 /dev/sda1 rw
44 43 8:1 /z /app/twice rw - ext4 /dev/sda1 rw
45 22 8:1 /n /app/\377 rw - ext4 /dev/sda1 rw
not a line

46 22 8:1 / /app/end\04 rw";
        let mut points: Vec<_> = parse(table).into_iter().collect();
        points.sort_unstable_by_key(|(_, number)| *number);
        let expected = [
            ("/", 22),
            ("/proc", 30),
            ("/app/a b.mjs", 41),
            ("/app/\\040\t\n#\u{e9}", 42),
            ("/app/twice", 44),
            ("/app/end\\04", 46),
        ];
        assert_eq!(points, expected.map(|(point, number)| (point.to_owned(), number)));
    }

    /// As the kernel does.
    fn escape(path: &str) -> String {
        let escape = |char| match char {
            ' ' | '\t' | '\n' | '\\' | '#' => format!("\\{:03o}", char as u32),
            other => other.to_string(),
        };
        path.chars().map(escape).collect()
    }

    proptest::proptest! {
        #[test]
        fn any_path_comes_back_from_its_line(path in "/([ \t\n\\\\#+0-7a]|[^\0]){0,12}", number: u64) {
            let line = format!("{number} 22 8:1 /a {} rw - ext4 /dev/sda1 rw\n", escape(&path));
            let points = parse(line.as_bytes());
            proptest::prop_assert_eq!(points, Points::from_iter([(path, number)]));
        }

        #[test]
        fn any_table_can_be_read(table: Vec<u8>) {
            parse(&table);
        }
    }

    #[test]
    fn the_table_of_this_process() {
        let mut mounts = Mounts::open().unwrap();
        assert!(mounts.are_at("/") && mounts.are_at("/proc"));
        assert!(!mounts.are_at("/proc/self/mountinfo") && !mounts.are_at(""));
        mounts.points.insert("/gone".to_owned(), 1);
        *mounts.points.get_mut("/proc").unwrap() += 1;
        assert_eq!(mounts.changed(), ["/gone", "/proc"]);
        assert_eq!(mounts.changed(), [""; 0]);
    }
}
