//! What transpilers say in their messages of the place of an error, which is one of the source.
//!
//! ```text
//!   esbuild      /app/a.ts:2:10: ERROR: Unexpected ";"                columns from 0, in bytes
//!   TypeScript   a.ts(2,11): error TS1109: Expression expected.       columns from 1, in UTF-16 units
//!                a.ts:2:11 - error TS1109: Expression expected.
//!   SWC          x Expression expected ⏎ ,-[/app/a.ts:2:11]           the column of the caret
//! ```

use std::borrow::Cow;

use super::stack;
use super::stripping;
use super::text::{Position, offset_of, position_at, units};

/// A place, and what is wrong there.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// A path, maybe a relative one.
    pub file: String,
    line: u32,
    column: Column,
    /// What is wrong.
    pub text: String,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Column {
    /// From 0, in bytes.
    Bytes(u32),
    /// From 1, in UTF-16 units.
    Units(u32),
    /// From 1, in characters.
    Characters(u32),
    /// From 0, in what is shown of the line.
    Shown(usize),
}

impl Failure {
    /// As editors count. `shift` says of a column in a line of such a length, both in the same unit, how much of it is not the
    /// user's.
    pub fn position(&self, text: &str, shift: impl Fn(u32, u32, u32) -> u32) -> Option<Position> {
        let line = self.line.saturating_sub(1);
        let rest = &text[offset_of(text, line, 0)?..];
        let rest = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
        if let Column::Shown(caret) = self.column {
            let column = stripping::column_below(caret, 0, rest);
            return offset_of(text, line, column).map(|offset| position_at(text, offset));
        }
        let unit = |char: char| match self.column {
            Column::Bytes(_) => u32::try_from(char.len_utf8()).unwrap_or(0),
            Column::Units(_) => units(char),
            Column::Characters(_) | Column::Shown(_) => 1,
        };
        let column = match self.column {
            Column::Bytes(column) => column,
            Column::Units(column) | Column::Characters(column) => column.saturating_sub(1),
            Column::Shown(_) => 0,
        };
        let column = column - shift(self.line, column, rest.chars().map(unit).sum());
        let mut passed = 0;
        let before = rest.chars().take_while(|char| {
            passed += unit(*char);
            passed <= column
        });
        let column = before.map(units).sum();
        offset_of(text, line, column).map(|offset| position_at(text, offset))
    }
}

/// No more lines of a message are looked at.
const MOST_LINES: usize = 60;

/// What the message of an error says of a place.
pub fn failure(message: &str) -> Option<Failure> {
    let message = without_colors(message);
    let lines = || message.lines().take(MOST_LINES);
    if message.starts_with("Transform failed with ") || message.starts_with("Build failed with ") {
        return lines().find_map(of_esbuild);
    }
    lines().find_map(of_typescript).or_else(|| of_swc(&message))
}

/// Without escape sequences that set colors.
fn without_colors(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|char: char| !(char.is_ascii_digit() || char == ';'));
        plain.push_str(end.and_then(|end| part[end..].strip_prefix('m')).unwrap_or(part));
    }
    Cow::Owned(plain)
}

/// `FILE:LINE:COLUMN: ERROR: text`.
fn of_esbuild(line: &str) -> Option<Failure> {
    let (place, text) = line.split_once(": ERROR: ")?;
    let (file, line, column) = stack::split(place)?;
    Some(failed(file, line, Column::Bytes(column), text))
}

/// `FILE(LINE,COLUMN): error TS1: text`, or `FILE:LINE:COLUMN - error TS1: text`.
fn of_typescript(line: &str) -> Option<Failure> {
    let (before, after) = line.split_once("error TS")?;
    let (number, text) = after.split_once(": ")?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (file, line, column) = if let Some(place) = before.strip_suffix(" - ") {
        stack::split(place)?
    } else {
        let (file, place) = before.strip_suffix("): ")?.rsplit_once('(')?;
        let (line, column) = place.split_once(',')?;
        (file, line.parse().ok()?, column.parse().ok()?)
    };
    Some(failed(file.trim_start(), line, Column::Units(column), text))
}

/// A frame that begins with `╭─[FILE:LINE:COLUMN]`, or `,-[…]` in ASCII, below what is wrong.
fn of_swc(message: &str) -> Option<Failure> {
    let mark = |line: &str| {
        line.find("╭─[").map(|at| at + "╭─[".len()).or_else(|| line.find(",-[").map(|at| at + 3))
    };
    let mut lines = message.lines().take(MOST_LINES).enumerate();
    let (number, place) = lines.find_map(|(number, line)| {
        let place = line[mark(line)?..].trim_end().strip_suffix(']')?;
        stack::split(place).map(|place| (number, place))
    })?;
    let text =
        message.lines().take(number).find(|line| !line.trim().is_empty()).map_or("", stack::said);
    let (file, line, column) = place;
    Some(match stripping::in_message(message) {
        Some((line, _, Some(caret))) => failed(file, line, Column::Shown(caret), text),
        _ => failed(file, line, Column::Characters(column), text),
    })
}

fn failed(file: &str, line: u32, column: Column, text: &str) -> Failure {
    Failure { file: file.to_owned(), line, column, text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        for (message, file, at, text) in [
            (
                "Transform failed with 1 error:\n/a/b c.ts:2:14: ERROR: Unexpected \";\"",
                "/a/b c.ts",
                (2, 12),
                "Unexpected \";\"",
            ),
            (
                "⨯ Unable to compile TypeScript:\nsrc/a.ts(2,12): error TS1109: Expression expected.",
                "src/a.ts",
                (2, 12),
                "Expression expected.",
            ),
            (
                "⨯ Unable\n\u{1b}[96msrc/a.ts\u{1b}[0m:\u{1b}[93m2\u{1b}[0m:\u{1b}[93m12\u{1b}[0m - \u{1b}[91merror\u{1b}[0m\u{1b}[90m TS1109: \u{1b}[0mExpression expected.\n\u{1b}[7m2\u{1b}[0m x",
                "src/a.ts",
                (2, 12),
                "Expression expected.",
            ),
            (
                "  \u{1b}[31m×\u{1b}[0m Expression expected\n   ╭─[\u{1b}[36;1m/a/c.ts\u{1b}[0m:2:11]\n 1 │ x",
                "/a/c.ts",
                (2, 12),
                "Expression expected",
            ),
            (
                "  x Expression expected\n   ,-[/a/c.ts:2:1]\n 1 | x\n 2 | return é𝒳[;\n   :           ^\n   `----",
                "/a/c.ts",
                (2, 12),
                "Expression expected",
            ),
            (
                "  × Expression expected\n   ╭─[/a/c.ts:2:1]\n 1 │ x\n 2 │ return é𝒳[;\n   ·           ─\n   ╰────",
                "/a/c.ts",
                (2, 12),
                "Expression expected",
            ),
            (
                "\n  x Expression expected\n   ,-[/a/c.ts:2:11]\n 1 | x",
                "/a/c.ts",
                (2, 12),
                "Expression expected",
            ),
        ] {
            let failure = failure(message).expect(message);
            assert_eq!((failure.file.as_str(), failure.text.as_str()), (file, text), "{message}");
            let (line, column) = at;
            let expected = Some(Position { line, column });
            assert_eq!(failure.position("x\nreturn é𝒳[;", |_, _, _| 0), expected, "{message}");
        }
        for message in
            ["", "Unexpected token", "/a.ts:1:2: ERROR: x", "an error TS: x", "a(b): error TS1: x"]
        {
            assert_eq!(failure(message), None, "{message}");
        }
    }
}
