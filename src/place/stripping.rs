//! What Node's own TypeScript says: its parser is SWC's. Early Nodes have all of it in the message, later ones before the stack.
//!
//! ```text
//!   /app/a.ts:2                                      x Expression expected
//!   export const list = () => {                      ,-[2:1]
//!     return [;                                    1 | export const list = () => {
//!             ^                                    2 |   return [;
//!                                                    :           ^
//!   SyntaxError [ERR_INVALID_TYPESCRIPT_SYNTAX]: …   `----
//! ```
//!
//! A tab stands there as so many spaces as it takes to the next of its stops, and a caret below what is shown.

use unicode_width::UnicodeWidthChar;

use super::stack::{is_file, said};
use super::text::units;

/// What cannot be stripped.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure<'a> {
    /// A path or a URL, if it is said.
    pub file: Option<&'a str>,
    /// From 1.
    pub line: u32,
    /// The line, as it is shown.
    pub shown: &'a str,
    /// Below which column of what is shown the caret stands, from 0.
    pub caret: Option<usize>,
    /// The text is over.
    pub at_end: bool,
    /// What is wrong.
    pub text: &'a str,
}

/// No more rows are looked at.
const MOST_ROWS: usize = 60;

/// `None` if the error is of another kind.
pub fn failure<'a>(code: &str, message: &'a str, stack: &'a str) -> Option<Failure<'a>> {
    if !matches!(code, "ERR_INVALID_TYPESCRIPT_SYNTAX" | "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") {
        return None;
    }
    let text = said(message);
    let at_end = text.contains("<eof>") || text.contains("Unexpected eof");
    let failure = |file, (line, shown, caret)| Failure { file, line, shown, caret, at_end, text };
    before_stack(stack)
        .map(|(file, row)| failure(Some(file), row))
        .or_else(|| in_message(message).map(|row| failure(None, row)))
}

/// Its number, what is shown of it, and below which column of that the caret stands.
pub type Row<'a> = (u32, &'a str, Option<usize>);

fn before_stack(stack: &str) -> Option<(&str, Row<'_>)> {
    let (first, rest) = stack.split_once('\n')?;
    let (file, line) = first.rsplit_once(':')?;
    let line = line.parse().ok().filter(|_| is_file(file))?;
    let rows: Vec<_> =
        rest.lines().take(MOST_ROWS).take_while(|row| !row.contains("[ERR_")).collect();
    let (shown, caret) = rows
        .windows(2)
        .find_map(|pair| Some((pair[0], Some(carets(pair[1])?))))
        .or_else(|| rows.first().map(|row| (*row, None)))?;
    Some((file, (line, shown, caret)))
}

/// The line that SWC shows in a message, and points to; else the last that it shows. Its frames are of ASCII, or not.
pub fn in_message(message: &str) -> Option<Row<'_>> {
    let row = |row: &'_ str| -> Option<(u32, usize)> {
        let (at, bar) =
            [" | ", " │ "].iter().filter_map(|bar| Some((row.find(bar)?, bar))).min()?;
        Some((row[..at].trim().parse().ok()?, at + bar.len()))
    };
    let rows: Vec<_> = message.lines().take(MOST_ROWS).collect();
    let pointed = rows.windows(2).find_map(|pair| {
        let (number, margin) = row(pair[0])?;
        // `   :    ^`: the margin ends where that of the row does.
        let below = pair[1].trim_start().strip_prefix([':', '·'])?;
        let below = below.strip_prefix(' ').unwrap_or(below);
        Some((number, &pair[0][margin..], Some(carets(below)?)))
    });
    let last = || {
        let last = rows.iter().rev().find_map(|of| row(of).map(|found| (found, *of)));
        last.map(|((number, margin), of)| (number, &of[margin..], None))
    };
    pointed.or_else(last)
}

/// Where the first caret is in a row that has nothing else.
fn carets(row: &str) -> Option<usize> {
    let is_caret = |char: char| matches!(char, '^' | '─' | '┬' | '▲');
    let pointing = row.trim_start_matches(' ');
    let is_one = !pointing.is_empty() && pointing.trim_end().chars().all(is_caret);
    is_one.then(|| row.len() - pointing.len())
}

impl Failure<'_> {
    /// The column in a line of the source, from 0, in UTF-16 units. `prelude` stands before it.
    pub fn column(&self, prelude: &str, line: &str) -> u32 {
        let Some(caret) = self.caret else {
            return match line.rfind('`').filter(|_| self.text.contains("Unterminated template")) {
                Some(at) => line[..at].chars().map(units).sum(),
                None => line.chars().take_while(|char| char.is_whitespace()).map(units).sum(),
            };
        };
        column_below(caret, prelude.len(), line)
    }

    /// Whether it is that line of a source that is shown.
    pub fn shows(&self, prelude: &str, line: &str) -> bool {
        let mut width = prelude.len();
        let mut expanded = prelude.to_owned();
        for char in line.chars() {
            let next = width + width_of(char, width);
            if char == '\t' {
                expanded.extend(std::iter::repeat_n(' ', next - width));
            } else {
                expanded.push(char);
            }
            width = next;
        }
        expanded.trim_end() == self.shown.trim_end()
    }
}

/// The column of a line, from 0, in UTF-16 units, that is shown where a caret points. The line is shown behind others.
pub fn column_below(caret: usize, mut width: usize, line: &str) -> u32 {
    let mut column = 0;
    for char in line.chars().take_while(|char| !matches!(char, '\n' | '\r')) {
        if width >= caret {
            break;
        }
        width += width_of(char, width);
        column += units(char);
    }
    column
}

fn width_of(char: char, at: usize) -> usize {
    const TAB: usize = 4;
    if char == '\t' { TAB - at % TAB } else { char.width().unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "ERR_INVALID_TYPESCRIPT_SYNTAX";

    #[test]
    fn before_the_stack() {
        let stack = "/a.ts:2\nconst x = 1;\n    const a: string = \" 漢𝒳é\"; const b: = 1;\n                                        ^\nlast\n\nSyntaxError [ERR_INVALID_TYPESCRIPT_SYNTAX]: Unexpected";
        let failure = failure(CODE, "Unexpected", stack).expect("it fails");
        assert_eq!((failure.file, failure.line, failure.caret), (Some("/a.ts"), 2, Some(40)));
        let line = "\tconst a: string = \"\t漢𝒳é\"; const b: = 1;";
        assert!(failure.shows("", line) && !failure.shows("", "const"));
        assert_eq!(failure.column("", line), 37);
    }

    #[test]
    fn in_the_message() {
        let message = "  x Expression expected\n   ,-[2:1]\n 1 | const x: number = 1;\n 2 | const a = <div>;\n   :                ^\n 3 | last\n   `----\n";
        let failure = failure(CODE, message, "SyntaxError [x]: y").expect("it fails");
        assert_eq!((failure.file, failure.line, failure.text), (None, 2, "Expression expected"));
        assert_eq!(
            (failure.shown, failure.column("", "const a = <div>;")),
            ("const a = <div>;", 15)
        );
    }

    #[test]
    fn without_a_caret() {
        let message = "  x Unexpected eof\n   ,-[3:2]\n 1 | const a = `\n 2 | \n 3 | \n   `----\n";
        assert!(failure(CODE, message, "").expect("it fails").at_end);
        let stack = "/a.ts:1\n  > const a = `\n    \n  > \n\nSyntaxError [ERR_INVALID_TYPESCRIPT_SYNTAX]: Unterminated template";
        let failure = failure(CODE, "Unterminated template", stack).expect("it fails");
        assert_eq!((failure.line, failure.caret, failure.column("", "const a = `")), (1, None, 10));
    }

    #[test]
    fn other_errors() {
        assert_eq!(failure("ERR_OTHER", "", ""), None);
        assert_eq!(failure(CODE, "", ""), None);
    }
}
