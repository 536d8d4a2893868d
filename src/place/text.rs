//! Places in a text: V8 counts lines otherwise than editors do, and columns in UTF-16 units.

/// A place as editors count: from 1, columns in UTF-16 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// The text without its byte order mark, which neither Node nor editors count.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Where a place lies of which V8 says that it is in this line and column, both from 0; the end of the line if that is
/// shorter. `None` if there is no such line.
pub fn offset_of(text: &str, line: u32, column: u32) -> Option<usize> {
    let start = match line {
        0 => 0,
        _ => *line_starts(text, true).nth(line as usize - 1).as_ref()?,
    };
    let rest = &text[start..];
    let mut left = column;
    for (at, char) in rest.char_indices() {
        if left == 0 || is_end(char, true) {
            return Some(start + at);
        }
        left = left.saturating_sub(units(char));
    }
    Some(text.len())
}

/// The place of an offset, as editors count.
pub fn position_at(text: &str, offset: usize) -> Position {
    let before = &text[..offset];
    let (mut line, mut start) = (1, 0);
    for next in line_starts(text, false).take_while(|next| *next <= offset) {
        line += 1;
        start = next;
    }
    Position { line, column: before[start..].chars().map(units).sum::<u32>() + 1 }
}

/// A line as editors count them, from 1, without its end.
pub fn line(text: &str, line: u32) -> Option<&str> {
    let start = match line {
        0 => return None,
        1 => 0,
        _ => *line_starts(text, false).nth(line as usize - 2).as_ref()?,
    };
    let rest = &text[start..];
    Some(&rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())])
}

/// Where all lines but the first begin.
fn line_starts(text: &str, of_v8: bool) -> impl Iterator<Item = usize> {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (at, char) = chars.next()?;
            if char == '\r' && chars.peek().is_some_and(|(_, next)| *next == '\n') {
                continue;
            }
            if is_end(char, of_v8) {
                return Some(at + char.len_utf8());
            }
        }
    })
}

fn is_end(char: char, of_v8: bool) -> bool {
    matches!(char, '\n' | '\r') || of_v8 && matches!(char, '\u{2028}' | '\u{2029}')
}

/// How many UTF-16 units a character has.
pub fn units(char: char) -> u32 {
    if char > '\u{ffff}' { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v8_to_editor() {
        for (text, at, expected) in [
            ("", (0, 0), Some((1, 1))),
            ("a\nbc", (1, 1), Some((2, 2))),
            ("a\nbc", (1, 9), Some((2, 3))),
            ("a\nbc", (2, 0), None),
            ("a\n", (1, 0), Some((2, 1))),
            ("a\r\nb\rc", (2, 0), Some((3, 1))),
            ("a\r\nb", (0, 7), Some((1, 2))),
            ("a\u{2028}b\u{2029}c\nd", (2, 0), Some((1, 5))),
            ("a\u{2028}b\u{2029}c\nd", (3, 0), Some((2, 1))),
            ("𝒳é;", (0, 3), Some((1, 4))),
        ] {
            let found = offset_of(text, at.0, at.1).map(|offset| position_at(text, offset));
            let expected = expected.map(|(line, column)| Position { line, column });
            assert_eq!(found, expected, "{text:?} {at:?}");
        }
    }

    #[test]
    fn lines_of_editors() {
        let text = "a\r\n\u{2028}b\rc\n";
        let lines: Vec<_> = (0..7).map(|at| line(text, at)).collect();
        assert_eq!(lines, [None, Some("a"), Some("\u{2028}b"), Some("c"), Some(""), None, None]);
    }
}
