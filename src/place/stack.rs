//! What is read out of a stack: the head that Node puts before it, and its frames.

/// What Node says before the name and the message: the file and the line, the line's text, and carets below it.
#[derive(Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// A path or a URL.
    pub file: &'a str,
    /// From 1.
    pub line: u32,
    /// The line's text, as it was compiled.
    pub source: &'a str,
    /// Which character the caret stands below, from 0.
    pub caret: Option<u32>,
}

/// A frame with a place.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub struct Frame<'a> {
    /// A path or a URL.
    pub file: &'a str,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// It awaited, and did not call.
    pub is_async: bool,
}

/// No more lines of a stack are looked at.
const MOST_LINES: usize = 400;

/// The head of a stack, or what Node would put before it.
pub fn head(text: &str) -> Option<Head<'_>> {
    let mut lines = text.lines();
    let (file, line) = lines.next()?.rsplit_once(':')?;
    if !is_file(file) {
        return None;
    }
    let source = lines.next().unwrap_or_default();
    let below = lines.next().unwrap_or_default();
    let caret = below.find('^').filter(|at| below[..*at].chars().all(char::is_whitespace));
    let caret = caret.and_then(|at| u32::try_from(below[..at].chars().count()).ok());
    Some(Head { file, line: line.parse().ok()?, source, caret })
}

/// The frames of a stack, the innermost first. What stands in the message is none.
pub fn frames<'a>(stack: &'a str, message: &str) -> impl Iterator<Item = Frame<'a>> {
    let after = stack.find(message).map_or(0, |at| at + message.len());
    // The rest of a line that the message begins is none either.
    let rest = if after == 0 {
        stack
    } else {
        stack[after..].split_once('\n').map_or("", |(_, rest)| rest)
    };
    rest.lines().take(MOST_LINES).filter_map(frame)
}

/// Whether a line of a stack is one of Node's own loader of ES modules: what comes after it has only imported.
fn frame(line: &str) -> Option<Frame<'_>> {
    let text = line.trim_start().strip_prefix("at ")?.trim_end();
    let (is_async, text) = match text.strip_prefix("async ") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let place = evaluated_in(text).or_else(|| in_brackets(text)).unwrap_or(text);
    let (file, line, column) = split(place)?;
    Some(Frame { file, line, column, is_async })
}

/// The place of `eval` itself, of what it runs: `eval (eval at f (file:///a.mjs:1:2), <anonymous>:1:1)`.
fn evaluated_in(text: &str) -> Option<&str> {
    let start = text.rfind("eval at ")?;
    let inner = text[start..].split("), ").next()?;
    Some(in_brackets_open(inner)?.trim_end_matches(')'))
}

/// What stands in brackets at the end; a path may have brackets, and names of functions, too.
fn in_brackets(text: &str) -> Option<&str> {
    in_brackets_open(text.strip_suffix(')')?)
}

fn in_brackets_open(text: &str) -> Option<&str> {
    let starts = text.match_indices('(').map(|(at, _)| &text[at + 1..]);
    let mut starts = starts.peekable();
    let first = *starts.peek()?;
    Some(starts.find(|place| is_file(place) || place.starts_with("node:")).unwrap_or(first))
}

/// `FILE:LINE:COLUMN`.
pub fn split(place: &str) -> Option<(&str, u32, u32)> {
    let (rest, column) = place.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file, line.parse().ok()?, column.parse().ok()?))
}

/// Whether a text begins as a path or the URL of a file does.
pub fn is_file(text: &str) -> bool {
    text.starts_with("file:") || is_path(text)
}

/// Whether a text begins as an absolute path does.
pub fn is_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_drive = bytes.len() > 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes[2], b'\\' | b'/');
    text.starts_with('/') || text.starts_with("\\\\") || has_drive
}

/// What SWC says is wrong, above the lines that it shows: `  x Expression expected`.
pub fn said(message: &str) -> &str {
    let is_mark = |char: char| char.is_whitespace() || matches!(char, '×' | '⚠' | '│');
    let said =
        message.lines().find(|line| !line.trim_matches(is_mark).is_empty()).unwrap_or_default();
    let said = said.trim_start_matches(is_mark);
    said.strip_prefix("x ").unwrap_or(said).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_all_kinds() {
        for (line, expected) in [
            ("    at f (file:///a.mjs:1:2)", Some(("file:///a.mjs", 1, 2, false))),
            ("    at file:///a.mjs?v=2:1:89", Some(("file:///a.mjs?v=2", 1, 89, false))),
            ("    at new X (/a b/(c)/d.cjs:3:4)", Some(("/a b/(c)/d.cjs", 3, 4, false))),
            ("    at Object.f [as g] (/a.cjs:3:4)", Some(("/a.cjs", 3, 4, false))),
            ("    at async f (file:///a%20b.mjs:1:2)", Some(("file:///a%20b.mjs", 1, 2, true))),
            ("    at async file:///a.mjs:1:2", Some(("file:///a.mjs", 1, 2, true))),
            ("    at async Promise.all (index 0)", None),
            ("    at JSON.parse (<anonymous>)", None),
            ("    at C:\\a\\b.cjs:1:2", Some(("C:\\a\\b.cjs", 1, 2, false))),
            ("    at f (node:fs:1:2)", Some(("node:fs", 1, 2, false))),
            (
                "    at eval (eval at f (file:///a.mjs:5:6), <anonymous>:1:1)",
                Some(("file:///a.mjs", 5, 6, false)),
            ),
            (
                "    at eval (eval at g (eval at f (file:///a.mjs:5:6)), <anonymous>:1:1)",
                Some(("file:///a.mjs", 5, 6, false)),
            ),
            ("Error: at f (file:///a.mjs:1:2)", None),
            ("    at f (file:///a.mjs)", None),
            ("    at f (file:///a.mjs:99999999999:1)", None),
            ("at", None),
            ("", None),
        ] {
            let expected = expected.map(|(file, line, column, is_async)| Frame {
                file,
                line,
                column,
                is_async,
            });
            assert_eq!(frame(line), expected, "{line}");
        }
    }

    #[test]
    fn what_the_message_says_is_no_frame() {
        let message = "odd\n    at f (file:///no.mjs:1:2)";
        let stack = format!("Error: {message}\n    at file:///a.mjs:3:4");
        let found: Vec<_> = frames(&stack, message).map(|frame| frame.file).collect();
        assert_eq!(found, ["file:///a.mjs"]);
    }

    #[test]
    fn heads() {
        let head_of = |text| head(text).map(|head| (head.file, head.line, head.source, head.caret));
        assert_eq!(
            head_of("file:///a.mjs?v=2:4\n  z } from\n  ^\nSyntaxError: x"),
            Some(("file:///a.mjs?v=2", 4, "  z } from", Some(2)))
        );
        assert_eq!(head_of("/a.cjs:2\n\n\n\nSyntaxError: x"), Some(("/a.cjs", 2, "", None)));
        assert_eq!(head_of("/a.cjs:2\n\té𝒳 x\n\t   ^\n"), Some(("/a.cjs", 2, "\té𝒳 x", Some(4))));
        assert_eq!(head_of("evalmachine.<anonymous>:1\nx\n^"), None);
        assert_eq!(head_of("Error: /a.cjs:1"), None);
        assert_eq!(head_of(""), None);
    }
}
