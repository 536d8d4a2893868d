//! Patterns against picomatch itself, whose rules hot-hook 1.0 followed. What differs on purpose (see `src/glob.rs`) is left
//! out by what the generator makes, never by the case:
//!
//! - no `!` at the start, no parentheses, no backslash, none of `|`, `"`, `+` and `@`: refused or meant otherwise;
//! - classes that are not negated, and no bracket in a path: a class matches its own text as well;
//! - no `**`, no star at the end and nothing empty within braces, which are expanded first: a segment may become another kind;
//! - no `.`, `..` or empty segment after a leading `**`: 1.0 did not resolve these;
//! - letters of ASCII: `?` stands for one byte.

use std::path::Path;

use hot_hook::glob::Matcher;
use parking_lot::Mutex;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::oracle::Oracle;

fn segment() -> impl Strategy<Value = String> {
    let part = select(vec![
        "a", "b", "c", ".", ".ts", "*", "*", "***", "?", "[ab]", "[a-c]", "{a,b}", "{a,b*c}",
        "{c,.a}", "a{b,}", "-",
    ]);
    vec(part, 1..4).prop_map(|parts| parts.concat())
}

fn pattern() -> impl Strategy<Value = String> {
    let start =
        select(vec!["", "./", "../", "/top/project/", "**/", "../project/", "a/../", ".//"]);
    let segment = prop_oneof![4 => segment(), 2 => select(vec!["**", "**", "***", "****"]).prop_map(str::to_owned)];
    let end = select(vec!["", "", "", "/"]);
    (start, vec(segment, 1..4), end)
        .prop_map(|(start, segments, end)| format!("{start}{}{end}", segments.join("/")))
        .prop_filter("only what means the same on purpose", |pattern| {
            let is_dots = |segment: &str| segment.chars().all(|char| char == '.');
            // Beside three stars picomatch does not escape dots: they stand for any character there.
            let has_dot =
                pattern.split('/').any(|segment| segment.contains('.') && !is_dots(segment));
            let is_unresolved = pattern.starts_with("**") && pattern.split('/').any(is_dots);
            let has_free_dot = pattern.contains("***") && has_dot;
            !is_unresolved && !has_free_dot
        })
}

fn path() -> impl Strategy<Value = String> {
    let part = select(vec!["a", "b", "c", "ab", ".a", ".ts", "a.ts", "-", "ac"]);
    let name = vec(part, 1..3).prop_map(|parts| parts.concat());
    let start = select(vec!["/top/project/", "/top/project/", "/top/project/", "/top/"]);
    (start, vec(name, 1..4)).prop_map(|(start, names)| start.to_owned() + &names.join("/"))
}

#[test]
fn matches_what_picomatch_matches() {
    let picomatch = Mutex::new(Oracle::start("picomatch.mjs"));
    let paths = vec(path(), 6);
    proptest!(|(pattern in pattern(), paths in paths)| {
        let matcher = Matcher::new(Path::new("/top/project"), &[&pattern]);
        let Ok(matcher) = matcher else { return Err(TestCaseError::reject("refused")) };
        for path in paths {
            let expected: bool = picomatch.lock().ask(&(&pattern, &path));
            prop_assert_eq!(matcher.is_match(&path), expected, "{} and {}", pattern, path);
        }
    });
}
