//! Where a text imports something. Nothing is parsed: what looks most like the import is taken for it.

use rustc_hash::FxHashMap;

/// How much a quoted text looks like the specifier of an import.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Looks {
    Otherwise,
    InComment,
    /// On a line that begins as an import, or the last line of one, does.
    OnItsLine,
    /// After `from`, `import`, `import(` or `require(`.
    Like,
}

/// A quoted text.
struct Quoted<'a> {
    /// Where its first quotation mark is.
    at: usize,
    text: &'a str,
}

/// Where the specifier is, with its quotation mark, that `score` gives most for: more than 0. Of equal ones, that which looks
/// most like an import, and of those the first.
pub fn find(text: &str, score: impl Fn(&str) -> u32) -> Option<usize> {
    best(text, score).map(|quoted| quoted.at)
}

fn best(text: &str, score: impl Fn(&str) -> u32) -> Option<Quoted<'_>> {
    let scored = quoted(text).map(|quoted| (score(quoted.text), quoted));
    let mut best: Option<((Looks, u32), Quoted)> = None;
    for (points, quoted) in scored.filter(|(points, _)| *points > 0) {
        let rank = (looks(text, quoted.at), points);
        if best.as_ref().is_none_or(|(of, _)| rank > *of) {
            best = Some((rank, quoted));
        }
    }
    best.map(|(_, quoted)| quoted)
}

/// Where `name` is imported from `specifier`: in the list before it.
pub fn find_name(text: &str, specifier: &str, name: &str) -> Option<usize> {
    let all = quoted(text).filter(|quoted| quoted.text == specifier);
    let mut found = all.filter_map(|quoted| {
        let clause = clause(text, quoted.at)?;
        let at = name_in(&text[clause..quoted.at], name)?;
        Some((looks(text, quoted.at), clause + at))
    });
    let first = found.next()?;
    Some(found.fold(first, |best, next| if next.0 > best.0 { next } else { best }).1)
}

/// Where each text stands on whose sides are quotation marks, by that text.
pub fn index(text: &str) -> FxHashMap<String, Vec<usize>> {
    let mut found = FxHashMap::<String, Vec<usize>>::default();
    for quoted in quoted(text).filter(|quoted| !quoted.text.contains(char::is_whitespace)) {
        found.entry(quoted.text.to_owned()).or_default().push(quoted.at);
    }
    found
}

/// Whether what is quoted at `at` stands as the specifier of an import.
pub fn is_specifier(text: &str, at: usize) -> bool {
    looks(text, at) == Looks::Like
}

/// Where the `import` or `export` begins whose specifier is at `at`.
pub fn clause(text: &str, at: usize) -> Option<usize> {
    let before = &text[..at];
    let start = before.rfind([';', '\'', '"', '`']).map_or(0, |at| at + 1);
    let words = |word| words(&before[start..], word).last();
    words("import").max(words("export")).map(|at| start + at)
}

fn name_in(clause: &str, name: &str) -> Option<usize> {
    if name == "default" {
        // `import x from`, `export { default as x } from`.
        let default = words(clause, "default").next();
        let local = clause.strip_prefix("import").and_then(|rest| {
            let at = rest.find(|char: char| !char.is_whitespace())?;
            (!rest[at..].starts_with(['{', '*'])).then_some("import".len() + at)
        });
        return default.or(local);
    }
    // `a as b` asks for `a`.
    let mut found = words(clause, name);
    found.find(|at| !clause[..*at].trim_end().ends_with(" as")).or_else(|| clause.find(name))
}

/// Where a word stands as a whole.
pub fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        !word.is_empty()
            && !text[..*at].ends_with(is_word)
            && !text[*at + word.len()..].starts_with(is_word)
    })
}

pub fn is_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '$')
}

/// All that stands between quotation marks on a line. A mark may be no beginning (`don't`), so each is taken for one.
fn quoted(text: &str) -> impl Iterator<Item = Quoted<'_>> {
    text.match_indices(['\'', '"', '`']).filter_map(|(at, mark)| {
        let rest = &text[at + 1..];
        let end =
            rest.bytes().take(MOST).position(|byte| byte == mark.as_bytes()[0] || byte == b'\n')?;
        rest[end..].starts_with(mark).then(|| Quoted { at, text: &rest[..end] })
    })
}

/// No specifier is longer.
const MOST: usize = 4096;

fn looks(text: &str, at: usize) -> Looks {
    let before = &text[..at];
    let line = &before[before.rfind(['\n', '\r']).map_or(0, |end| end + 1)..];
    if is_comment(before, line) {
        return Looks::InComment;
    }
    let mut near = before.trim_end();
    while let Some(comment) = near.strip_suffix("*/").and_then(|near| near.rfind("/*")) {
        near = near[..comment].trim_end();
    }
    let ends = |word: &str| near.strip_suffix(word).is_some_and(|rest| !rest.ends_with(is_word));
    let called = near.strip_suffix('(').map(str::trim_end);
    let calls = |word: &str| {
        called.and_then(|near| near.strip_suffix(word)).is_some_and(|rest| !rest.ends_with(is_word))
    };
    if ends("from") || ends("import") || calls("import") || calls("require") {
        return Looks::Like;
    }
    let begins = |word: &str| words(line.trim_start(), word).next() == Some(0);
    let has = |call: &str| line.contains(call);
    if begins("import")
        || begins("export")
        || begins("from")
        || has("import(")
        || has("require(")
        || has("import (")
    {
        return Looks::OnItsLine;
    }
    Looks::Otherwise
}

/// Whether what follows `before`, of which `line` is the last line, looks like a part of a comment.
fn is_comment(before: &str, line: &str) -> bool {
    let begin = line.trim_start();
    if begin.starts_with("//")
        || begin.starts_with("* ")
        || begin.starts_with("/*") && !begin.contains("*/")
    {
        return true;
    }
    // `//` is in many a text, too: behind a scheme it is no comment.
    if line.match_indices("//").any(|(at, _)| !line[..at].ends_with([':', '\'', '"', '`'])) {
        return true;
    }
    let before = last(before);
    let open = before.rfind("/*");
    let is_open = open.is_some_and(|open| !before[open + 2..].contains("*/"));
    // `src/**/*.mjs` opens none.
    is_open
        && open.is_some_and(|open| {
            before[..open].trim_end_matches([' ', '\t']).ends_with(['\n', ';', '{', '}', '('])
                || open == 0
        })
}

/// No comment is longer, in bytes: a text may have thousands of imports.
const MOST_COMMENT: usize = 16 * 1024;

/// The end of a text, in which a comment may have begun.
fn last(text: &str) -> &str {
    let start = text.len().saturating_sub(MOST_COMMENT);
    let start = (start..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(start);
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(text: &'a str, specifier: &str) -> Option<&'a str> {
        find(text, |quoted| u32::from(quoted == specifier))
            .map(|at| text[at..].lines().next().unwrap_or(""))
    }

    #[test]
    fn the_import_of_a_specifier() {
        for (text, expected) in [
            ("import './x'", "'./x'"),
            ("// from './x' 1\nimport a from './x' // 2", "'./x' // 2"),
            ("/* import './x' */\nimport(\n  './x') // 2", "'./x') // 2"),
            ("/*\n import './x' 1\n*/\nexport * from \"./x\" // 2", "\"./x\" // 2"),
            ("const s = './x' // 1\nimport {\n  a\n} from './x' // 2", "'./x' // 2"),
            ("const s = './x' // 1\nconst a = require ( './x' ) // 2", "'./x' ) // 2"),
            ("const s = './x' // 1\nimport(/* a */ './x') // 2", "'./x') // 2"),
            ("const s = './x' // 1", "'./x' // 1"),
            ("const s = './x' // 1\nimport(\n /* a */ /* b */ './x') // 2", "'./x') // 2"),
            ("// don't\nimport './x' // 2", "'./x' // 2"),
            ("const g = 'src/**/*.mjs'\nimport './x' // 2", "'./x' // 2"),
            ("const u = 'http://a'; import './x' // 2", "'./x' // 2"),
            ("import 'y'", ""),
        ] {
            assert_eq!(found(text, "./x").unwrap_or(""), expected, "{text}");
        }
    }

    #[test]
    fn the_name_that_is_imported() {
        for (text, name, expected) in [
            ("import { a, b } from './x'", "b", Some(12)),
            ("import {\n  ab,\n  b as c,\n} from './x'", "b", Some(17)),
            ("import { a as b, b as c } from './x'", "b", Some(17)),
            ("export { b } from './x'", "b", Some(9)),
            ("import d from './x'", "default", Some(7)),
            ("import d, { b } from './x'", "b", Some(12)),
            ("export { default } from './x'", "default", Some(9)),
            ("import { b } from './y'\nimport { b } from './x'", "b", Some(33)),
            ("import './x'", "b", None),
            ("import { b } from './y'", "b", None),
        ] {
            assert_eq!(find_name(text, "./x", name), expected, "{text}");
        }
    }
}
