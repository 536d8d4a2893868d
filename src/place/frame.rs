//! The frame of a place: at most three lines, the last of which is failing and has a caret below it.
//!
//! ```text
//!     1 | export const list = () => {
//!   > 2 |   return [;
//!       |           ^
//! ```

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

use super::text::{self, Position, units};

/// How wide the part of a line is that is shown: with its margin it fits into a terminal of 100 columns.
const WIDTH: usize = 88;
/// What stands for what is cut off.
const CUT: char = '…';
/// How wide a tab is.
const TAB: usize = 2;
/// How many lines are shown.
const LINES: u32 = 3;

/// A character, or what stands for it, and how wide that is.
struct Cell {
    shown: String,
    width: usize,
}

/// `None` if the text has no such line.
pub fn frame(text: &str, at: Position) -> Option<String> {
    let failing = cells(text::line(text, at.line)?);
    let caret = caret(text::line(text, at.line)?, at.column, &failing);
    // As much as can be of what stands before the caret, and some of what stands after it.
    let start = if caret < WIDTH - WIDTH / 4 { 0 } else { caret + WIDTH / 4 - WIDTH };
    let digits = at.line.to_string().len();
    let mut frame = String::new();
    for number in at.line.saturating_sub(LINES - 1).max(1)..=at.line {
        let marker = if number == at.line { '>' } else { ' ' };
        let mut row = format!("  {marker} {number:>digits$} | ");
        cut(&cells(text::line(text, number)?), start, &mut row);
        frame.push_str(row.trim_end());
        frame.push('\n');
    }
    let _ = write!(frame, "    {:digits$} | {:2$}^", "", "", caret - start);
    Some(frame)
}

fn cells(line: &str) -> Vec<Cell> {
    line.chars().map(cell).collect()
}

fn cell(char: char) -> Cell {
    if char == '\t' {
        return Cell { shown: " ".repeat(TAB), width: TAB };
    }
    let shown =
        if is_unsafe(char) { format!("\\u{{{:x}}}", u32::from(char)) } else { char.to_string() };
    let width = if is_unsafe(char) { shown.len() } else { char.width().unwrap_or(0) };
    Cell { shown, width }
}

/// Where the caret stands below the whole line.
fn caret(line: &str, column: u32, cells: &[Cell]) -> usize {
    let mut left = column.saturating_sub(1);
    let before = line.chars().take_while(|char| {
        let is_before = left > 0;
        left = left.saturating_sub(units(*char));
        is_before
    });
    cells[..before.count()].iter().map(|cell| cell.width).sum()
}

/// What of a line stands in the columns that are shown.
fn cut(cells: &[Cell], start: usize, row: &mut String) {
    let (mut at, end) = (0, start + WIDTH);
    let total: usize = cells.iter().map(|cell| cell.width).sum();
    for cell in cells {
        let next = at + cell.width;
        let is_cut = at < start + usize::from(start > 0) || next > end - usize::from(total > end);
        if !is_cut {
            row.push_str(&cell.shown);
        } else if next > start && at < end {
            // As wide as what it stands for, so that the caret stays where it is.
            let width = next.min(end) - at.max(start);
            let is_edge = at <= start || next >= end - usize::from(total > end);
            row.extend((0..width).map(|_| if is_edge { CUT } else { ' ' }).take(width));
        }
        at = next;
        if at >= end {
            break;
        }
    }
}

/// Controls, format characters (bidi, zero width) and separators of lines: as lib/runtime/visible.mjs has them.
fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
            | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}'
            | '\u{e0020}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, line: u32, column: u32) -> String {
        frame(text, Position { line, column }).unwrap_or_default()
    }

    #[test]
    fn three_lines_and_a_caret() {
        let text = "export const list = () => {\n  return [;\n}\n";
        assert_eq!(
            at(text, 2, 11),
            "    1 | export const list = () => {\n  > 2 |   return [;\n      |           ^"
        );
        assert_eq!(at(text, 1, 1), "  > 1 | export const list = () => {\n      | ^");
        assert_eq!(at(text, 4, 1), "    2 |   return [;\n    3 | }\n  > 4 |\n      | ^");
        assert_eq!(at(text, 5, 1), "");
        let many = "x\n".repeat(11);
        assert_eq!(at(&many, 10, 1), "     8 | x\n     9 | x\n  > 10 | x\n       | ^");
    }

    #[test]
    fn what_is_not_as_wide_as_it_is_long() {
        assert_eq!(at("\ta;", 1, 3), "  > 1 |   a;\n      |    ^");
        assert_eq!(at("漢字;", 1, 3), "  > 1 | 漢字;\n      |     ^");
        assert_eq!(
            at("'\u{1b}\u{2028}';", 1, 5),
            "  > 1 | '\\u{1b}\\u{2028}';\n      |                 ^"
        );
        assert_eq!(at("e\u{301};", 1, 3), "  > 1 | e\u{301};\n      |  ^");
        assert_eq!(at("a", 1, 99), "  > 1 | a\n      |  ^");
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let text = format!("{}\n{};{}", "short", "a".repeat(500), "b".repeat(500));
        let frame = at(&text, 2, 501);
        let rows: Vec<_> = frame.lines().collect();
        assert_eq!(rows[0], "    1 |");
        let column = rows[2].chars().count() - 1;
        assert_eq!(rows[1].chars().nth(column), Some(';'), "{frame}");
        assert!(rows[1].starts_with("  > 2 | …a") && rows[1].ends_with("b…"), "{frame}");
        assert_eq!(rows[1].chars().count(), 8 + WIDTH, "{frame}");
    }
}
