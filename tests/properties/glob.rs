//! Patterns: any text compiles or is refused, quickly; and what a list matches follows from what each pattern does.

use std::path::Path;

use hot_hook::glob::Matcher;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const ROOT: &str = "/project";

/// Patterns, most of which match some of the paths, and some of which are refused.
fn pattern() -> impl Strategy<Value = String> {
    let start = select(vec!["", "", "./", "!", "!./", "../project/", "/project/", "**/"]);
    let usual = select(vec![
        "a", "b", "*", "**", "?", "*.ts", ".*", "[ab]", "[!a]", "{a,b}", "{a,b/c}", "{a/**,b}",
        "{1..3}", "[b-a]", "{a}", "(a)", "..", ".", "", "é", "a*", "{**,a}",
    ]);
    let odd = vec(
        select(vec![
            "[", "]", "{", "}", ",", "\\", "(", ")", "!", "-", "+", "^", "|", "a", "..", "*",
        ]),
        1..5,
    );
    let segment = prop_oneof![
        8 => usual.prop_map(str::to_owned),
        1 => odd.prop_map(|parts| parts.concat()),
    ];
    (start, vec(segment, 1..4)).prop_map(|(start, segments)| start.to_owned() + &segments.join("/"))
}

fn path() -> impl Strategy<Value = String> {
    let name = select(vec!["a", "b", "c", "c.ts", ".a", "[ab]", "1", "2", "é", "{a}", "(a)", "aa"]);
    vec(name, 1..4).prop_map(|names| format!("{ROOT}/{}", names.join("/")))
}

fn matcher(patterns: &[impl AsRef<str>]) -> Option<Matcher> {
    Matcher::new(Path::new(ROOT), patterns).ok()
}

proptest! {
    #[test]
    fn any_text_compiles_or_is_refused(pattern in any::<String>(), path in any::<String>()) {
        if let Some(matcher) = matcher(&[&pattern]) {
            prop_assert_eq!(matcher.is_match(&path), matcher.matching(&path).is_some());
        }
    }

    #[test]
    fn a_list_is_the_union_of_its_patterns_less_its_exclusions(
        patterns in vec(pattern(), 1..5),
        paths in vec(path(), 8),
    ) {
        let Some(all) = matcher(&patterns) else { return Ok(()) };
        let (mut included, mut excluded) = (Vec::new(), Vec::new());
        for pattern in &patterns {
            match pattern.strip_prefix('!').filter(|rest| !rest.starts_with('(')) {
                Some(rest) => excluded.extend(matcher(&[rest])),
                None => included.extend(matcher(&[pattern])),
            }
        }
        for path in paths {
            let expected = included.iter().any(|one| one.is_match(&path))
                && !excluded.iter().any(|one| one.is_match(&path));
            prop_assert_eq!(all.is_match(&path), expected, "{}", path);
            prop_assert_eq!(all.matching(&path).is_some(), expected, "{}", path);
        }
    }

    #[test]
    fn a_file_that_matches_lies_in_a_folder_that_is_watched_for_it(pattern in pattern(), path in path()) {
        let Some(matcher) = matcher(&[&pattern]).filter(|matcher| matcher.is_match(&path)) else {
            return Ok(());
        };
        let is_below = |directory: &str| {
            directory == "/" || path == directory || path.starts_with(&format!("{directory}/"))
        };
        let parent = path.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent });
        let bases = matcher.bases();
        let is_seen = bases.iter().any(|base| {
            parent == base.directory || path == base.directory || (base.recursive && is_below(&base.directory))
        });
        prop_assert!(is_seen, "{bases:?}");
    }

    #[test]
    fn a_pattern_matches_itself_as_a_path(name in "[a-z(){}\\[\\]!,.-]{1,8}") {
        let pattern = format!("./src/{name}");
        if let Some(matcher) = matcher(&[&pattern]).filter(|_| name != ".." && name != ".") {
            let path = format!("{ROOT}/src/{name}");
            prop_assert!(matcher.is_match(&path));
        }
    }
}
