//! Patterns → matcher: which files the options `boundaries`, `ignore` and `restart` mean, and which
//! directories to watch to notice them.
//!
//! The rules are those of picomatch 4 with `{ dot: true }`, which hot-hook 1.0 used:
//!
//! - a pattern that starts with `**` matches anywhere; any other is resolved against the root, whose
//!   own characters are never special;
//! - `*` and `?` stay inside a segment; `**` crosses them if it is a whole one, else it is a `*`, as are three stars and more;
//! - `dir/**` matches `dir` too, but `dir/*/**` not the files of `dir`;
//! - a file whose path is equal to the pattern matches, whatever the pattern means.
//!
//! Where picomatch surprises, we differ on purpose:
//!
//! - `!pattern` excludes, wherever it stands in the list; a list of only exclusions matches nothing;
//! - parentheses are plain characters, and a class matches its own text as well: that is how route
//!   folders such as `(group)` and `[...slug]` are written;
//! - `[!a]` is the negation of `[a]`, and no class matches a slash;
//! - braces are expanded first, then each result is a pattern of its own, and `{8..12}` counts;
//! - superfluous slashes, `.` and `..` are resolved in every pattern.
//!
//! What would silently mean something else is refused, see [`Reason`]. `?` and `[!a]` stand for one
//! byte, as in globset, so not for a letter outside of ASCII.
//!
//! `glob/cases.tsv` pins all this, here and in `glob.test.mjs` for picomatch itself.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobBuilder, GlobSet};
use rustc_hash::FxHashMap;

use segments::Segments;
use syntax::{expand, plain, tokenise};

mod class;
mod error;
mod segments;
mod syntax;

pub use error::{PatternError, Reason};

/// Node itself loads a module twice when its path is spelled in two ways, on macOS too; on Windows the
/// letter of the drive comes in both cases.
const CASE_INSENSITIVE: bool = cfg!(windows);

/// So many globs a list may have, once braces are expanded: a second's work. Paths without anything special do not count.
const MAX_GLOBS: usize = 5000;

/// A directory to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The literal part of the pattern, absolute, with forward slashes.
    pub directory: String,
    /// Can a file below a subdirectory match?
    pub recursive: bool,
}

/// A list of patterns, compiled. The default one matches nothing.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    root: PathBuf,
    patterns: Vec<String>,
    included: Set,
    excluded: Set,
    bases: Vec<Base>,
    others: Vec<Matcher>,
}

impl PartialEq for Matcher {
    /// Whether they were made of the same patterns.
    fn eq(&self, other: &Self) -> bool {
        (&self.root, &self.patterns, &self.others) == (&other.root, &other.patterns, &other.others)
    }
}

impl Matcher {
    /// Compiles `patterns`, relative to the absolute path `at`.
    ///
    /// # Errors
    ///
    /// For the first pattern that is not supported.
    pub fn new(at: &Path, patterns: &[impl AsRef<str>]) -> Result<Self, PatternError> {
        let root = Segments::root(&forward_slashes(&at.to_string_lossy()));
        let (mut included, mut excluded) = (SetBuilder::default(), SetBuilder::default());
        let mut bases = Bases::default();
        let mut left = MAX_GLOBS;
        for (index, pattern) in patterns.iter().enumerate() {
            let written = pattern.as_ref();
            let added = match written.strip_prefix('!') {
                Some(pattern) if !pattern.starts_with('(') => {
                    excluded.add_pattern(index, pattern, &root, &mut Bases::default(), &mut left)
                }
                _ => included.add_pattern(index, written, &root, &mut bases, &mut left),
            };
            added.map_err(|reason| PatternError { pattern: written.to_owned(), reason })?;
        }
        let patterns: Vec<String> = patterns.iter().map(|p| p.as_ref().to_owned()).collect();
        let refused = |reason: Reason| PatternError { pattern: patterns.join("\", \""), reason };
        let included = included.build().map_err(refused)?;
        let excluded = excluded.build().map_err(refused)?;
        let (root, others) = (at.to_owned(), Vec::new());
        Ok(Self { root, patterns, included, excluded, bases: bases.list, others })
    }

    /// What this or `other` matches: the exclusions of each are its own.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        if self != other && !self.others.contains(&other) {
            self.others.push(other);
        }
        self
    }

    /// Does one of the patterns match, and no exclusion? `path` is absolute, with forward slashes.
    #[must_use]
    pub fn is_match(&self, path: &str) -> bool {
        (self.included.is_match(path) && !self.excluded.is_match(path))
            || self.others.iter().any(|other| other.is_match(path))
    }

    /// The first pattern that matches, as the user wrote it.
    pub fn matching(&self, path: &str) -> Option<&str> {
        let index = self.included.first(path).filter(|_| !self.excluded.is_match(path));
        let own = index.and_then(|index| self.patterns.get(index)).map(String::as_str);
        own.or_else(|| self.others.iter().find_map(|other| other.matching(path)))
    }

    /// The folder that the patterns are meant from.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Each pattern that is no exclusion, once and by itself.
    pub fn each(&self) -> impl Iterator<Item = (&str, Matcher)> {
        let is_first =
            |(index, pattern): &(usize, &String)| !self.patterns[..*index].contains(*pattern);
        self.patterns.iter().enumerate().filter(is_first).filter_map(|(_, pattern)| {
            let matcher = Matcher::new(&self.root, &[pattern]).ok()?;
            (!matcher.is_empty()).then_some((pattern.as_str(), matcher))
        })
    }

    /// Is there nothing that could match?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.included.literals.is_empty() && self.others.iter().all(Self::is_empty)
    }

    /// The directories to watch to notice every file that matches, those of the future too. They may
    /// not exist. For a pattern that matches anywhere it is the root alone.
    #[must_use]
    pub fn bases(&self) -> Vec<Base> {
        self.others.iter().fold(self.bases.clone(), |mut bases, other| {
            bases.extend(other.bases());
            bases
        })
    }
}

/// Paths as they are written everywhere here. A backslash is an ordinary character of a file name,
/// but on Windows.
#[must_use]
pub fn forward_slashes(path: &str) -> Cow<'_, str> {
    if cfg!(windows) && path.contains('\\') { path.replace('\\', "/").into() } else { path.into() }
}

fn fold_case(path: &str) -> Cow<'_, str> {
    if CASE_INSENSITIVE { path.to_lowercase().into() } else { path.into() }
}

/// The patterns of one sign, by the index of each.
#[derive(Debug, Clone, Default)]
struct Set {
    /// Each pattern as a path: `[id].ts` is a file before it is a glob.
    literals: FxHashMap<String, usize>,
    globs: GlobSet,
    /// The pattern of each glob: braces make several out of one.
    owners: Vec<usize>,
}

impl Set {
    fn is_match(&self, path: &str) -> bool {
        self.literals.contains_key(&*fold_case(path)) || self.globs.is_match(path)
    }

    fn first(&self, path: &str) -> Option<usize> {
        let literal = self.literals.get(&*fold_case(path));
        let globs = self.globs.matches(path);
        globs.into_iter().filter_map(|glob| self.owners.get(glob)).chain(literal).min().copied()
    }
}

#[derive(Default)]
struct SetBuilder {
    literals: FxHashMap<String, usize>,
    globs: Vec<Glob>,
    owners: Vec<usize>,
}

impl SetBuilder {
    fn add_pattern(
        &mut self,
        index: usize,
        pattern: &str,
        root: &Segments,
        bases: &mut Bases,
        left: &mut usize,
    ) -> Result<(), Reason> {
        if pattern.is_empty() {
            return Err(Reason::Empty);
        }
        if pattern.starts_with('!') && !pattern.starts_with("!(") {
            return Err(Reason::DoubleNegation);
        }
        let tokens = tokenise(pattern)?;
        let name = plain(pattern);
        self.add(index, &root.anchor(&name)?.resolve(&name)?)?;
        let anchor = root.anchor(&tokens)?;
        let expanded = expand(tokens)?;
        let is_plain = |segments: &Segments| expanded.len() == 1 && segments.literal().is_some();
        for tokens in &expanded {
            let segments = anchor.resolve(tokens)?;
            if !is_plain(&segments) {
                *left = left.checked_sub(1).ok_or(Reason::TooManyInAll)?;
            }
            bases.add(segments.base(root));
            self.add(index, &segments)?;
            if let Some(directory) = segments.directory() {
                self.add(index, &directory)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, index: usize, segments: &Segments) -> Result<(), Reason> {
        if let Some(path) = segments.literal() {
            self.literals.entry(fold_case(&path).into_owned()).or_insert(index);
            return Ok(());
        }
        let glob = GlobBuilder::new(&segments.glob())
            .case_insensitive(CASE_INSENSITIVE)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| Reason::Glob(error.kind().to_string()))?;
        self.globs.push(glob);
        self.owners.push(index);
        Ok(())
    }

    fn build(self) -> Result<Set, Reason> {
        let globs =
            GlobSet::new(self.globs).map_err(|error| Reason::Glob(error.kind().to_string()))?;
        Ok(Set { literals: self.literals, globs, owners: self.owners })
    }
}

/// Each directory once, in the order in which they came.
#[derive(Default)]
struct Bases {
    list: Vec<Base>,
    by_directory: FxHashMap<String, usize>,
}

impl Bases {
    fn add(&mut self, base: Base) {
        if let Some(&index) = self.by_directory.get(&base.directory) {
            self.list[index].recursive |= base.recursive;
            return;
        }
        self.by_directory.insert(base.directory.clone(), self.list.len());
        self.list.push(base);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matcher(patterns: &[&str]) -> Matcher {
        Matcher::new(Path::new("/project"), patterns).unwrap()
    }

    fn refused(pattern: &str) -> Reason {
        let error = Matcher::new(Path::new("/project"), &["src/**", pattern]).unwrap_err();
        assert_eq!(error.pattern, pattern);
        error.reason
    }

    fn bases(patterns: &[&str]) -> Vec<(String, bool)> {
        let bases = matcher(patterns).bases();
        bases.into_iter().map(|base| (base.directory, base.recursive)).collect()
    }

    #[test]
    fn agrees_with_the_table() {
        let mut wrong = Vec::new();
        for row in include_str!("glob/cases.tsv").lines() {
            let mut fields = row.split('\t');
            let patterns: Vec<&str> = fields.next().unwrap().split(";;").collect();
            let (path, expected) = (fields.next().unwrap(), fields.next().unwrap() == "true");
            let matcher = matcher(&patterns);
            if matcher.is_match(path) != expected || matcher.matching(path).is_some() != expected {
                wrong.push(row);
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_root_is_literal() {
        for root in
            ["/tmp/app [v2] {x,y}", "/tmp/**/a*", "/tmp/(a|b)/!c", "/tmp/+(a)\\", "/tmp/a/", "/"]
        {
            let patterns = ["src/*.ts", "./[id]/**", "{a,b}.js", "../lib/*"];
            let matcher = Matcher::new(Path::new(root), &patterns).unwrap();
            let root = root.trim_end_matches('/');
            for path in ["src/a.ts", "i/x/y", "[id]/x", "b.js"] {
                assert!(matcher.is_match(&format!("{root}/{path}")), "{root}/{path}");
            }
            let parent = root.rsplit_once('/').map_or("", |(parent, _)| parent);
            assert!(matcher.is_match(&format!("{parent}/lib/a")), "{root}");
            assert!(!matcher.is_match("/tmp/app v x/src/a.ts"));
            assert_eq!(matcher.bases()[0].directory, format!("{root}/src"));
        }
    }

    #[test]
    fn names_the_first_pattern_as_written() {
        let matcher = matcher(&["./lib/{a,b}.ts", "src/*.ts", "!src/no.ts", "src/a.ts"]);
        assert_eq!(matcher.matching("/project/lib/b.ts"), Some("./lib/{a,b}.ts"));
        assert_eq!(matcher.matching("/project/src/a.ts"), Some("src/*.ts"));
        assert_eq!(matcher.matching("/project/src/no.ts"), None);
        assert_eq!(matcher.matching("/project/x.ts"), None);
    }

    #[test]
    fn exclusions_win_and_match_nothing_alone() {
        let both = matcher(&["!src/{no,never}/**", "src/**"]);
        assert!(both.is_match("/project/src/a.ts"));
        assert!(!both.is_match("/project/src/never/a.ts"));
        let alone = matcher(&["!src/no/**"]);
        assert!(alone.is_empty() && alone.bases().is_empty());
        assert!(!alone.is_match("/project/src/a.ts"));
        assert!(matcher(&["!a", "[!]*.ts"]).is_match("/project/[!]a.ts"));
    }

    #[test]
    fn nothing_matches_nothing() {
        for matcher in [Matcher::default(), matcher(&[])] {
            assert!(matcher.is_empty() && matcher.bases().is_empty());
            assert!(!matcher.is_match("/project/a") && matcher.matching("/").is_none());
        }
        assert!(!matcher(&["a"]).is_empty());
    }

    #[test]
    fn tells_what_to_watch() {
        for (pattern, directory, recursive) in [
            ("a.yml", "/project", false),
            ("config/a.yml", "/project/config", false),
            ("config/*.yml", "/project/config", false),
            ("config/[id].yml", "/project/config", false),
            ("config/[id]/a.yml", "/project/config", true),
            ("config/(a)/*.yml", "/project/config/(a)", false),
            ("config/\\[id\\]/*.yml", "/project/config/[id]", false),
            ("config/**/*.yml", "/project/config", true),
            ("config/*/x.yml", "/project/config", true),
            ("config/**", "/project/config", true),
            ("**/x", "/project", true),
            ("**", "/project", true),
            ("*", "/project", false),
            ("../shared/*.ts", "/shared", false),
            ("../*.ts", "/", false),
            ("/etc/app/x", "/etc/app", false),
        ] {
            assert_eq!(bases(&[pattern]), [(directory.to_owned(), recursive)], "{pattern}");
        }
        assert_eq!(
            bases(&["{a,b}/*", "b/**", "!c/**", "a/x"]),
            [("/project/a".to_owned(), false), ("/project/b".to_owned(), true)]
        );
    }

    #[test]
    fn refuses_what_it_cannot_keep() {
        for (pattern, reason) in [
            ("", Reason::Empty),
            ("!", Reason::Empty),
            ("!!a", Reason::DoubleNegation),
            ("!(a|b)", Reason::NegatedExtglob),
            ("src/!(a).ts", Reason::NegatedExtglob),
            ("!src/!(a).ts", Reason::NegatedExtglob),
            ("src/+(a|b).ts", Reason::Extglob),
            ("src/@(a|b).ts", Reason::Extglob),
            ("src/*(a|b).ts", Reason::Extglob),
            ("src/**(a).ts", Reason::Extglob),
            ("src/?(a).ts", Reason::Extglob),
            ("src/(a|b).ts", Reason::Alternation),
            ("a|b", Reason::Alternation),
            ("(?:a)", Reason::RegexGroup),
            ("(?!a)*", Reason::RegexGroup),
            ("[0-9]+.ts", Reason::Repetition),
            ("{a,b}+.ts", Reason::Repetition),
            ("\"a\"", Reason::Quote),
            ("src\\pages\\**", Reason::Backslash('p')),
            ("\\d.ts", Reason::Backslash('d')),
            ("..\\..\\*.ts", Reason::Backslash('.')),
            ("src\\", Reason::TrailingBackslash),
            ("{a,b", Reason::UnclosedBrace),
            ("{a,{b,c}", Reason::UnclosedBrace),
            ("{a..bc}", Reason::BadRange),
            ("{A..z}", Reason::BadRange),
            ("{1..3..0}", Reason::BadRange),
            ("{1..2..3..4}", Reason::BadRange),
            ("{/a,/b}", Reason::AbsoluteBraces),
            ("{1..5000}", Reason::TooMany),
            ("{-2147483648..2147483647}", Reason::TooMany),
            ("{1..40}/{1..40}", Reason::TooMany),
            ("[a/b]", Reason::ClassWithSlash),
            ("[a\\/b]", Reason::ClassWithSlash),
            ("[\\d]", Reason::Class),
            ("[[:nope:]]", Reason::Class),
            ("[!é]", Reason::Class),
            ("[!z-a]", Reason::Class),
            ("[一-龥]", Reason::Class),
            ("**.ts", Reason::Globstar),
            ("**{.ts,.js}", Reason::Globstar),
            ("***", Reason::Globstar),
            ("****/a.ts", Reason::Globstar),
            ("src/{**,a}.ts", Reason::Globstar),
            ("**/../a", Reason::ParentOfGlobstar),
            ("a/{b,**}/../c", Reason::ParentOfGlobstar),
        ] {
            assert_eq!(refused(pattern), reason, "{pattern}");
        }
    }

    #[test]
    fn says_what_to_write_instead() {
        let text =
            |pattern| Matcher::new(Path::new("/project"), &[pattern]).unwrap_err().to_string();
        assert_eq!(
            text("src/+(a|b).ts"),
            "the pattern \"src/+(a|b).ts\" uses an extglob, which is not supported: write {a,b} instead"
        );
        assert_eq!(
            text("src\\pages"),
            "the pattern \"src\\pages\" has a backslash before \"p\": write \"/\" between folders"
        );
        assert_eq!(text(""), "the pattern \"\" is empty");
    }

    #[test]
    fn is_bounded_and_names_the_pattern() {
        let list: Vec<_> = (0..500).map(|n| format!("n{n}")).collect();
        let pattern = |n: usize| format!("d{n}/{{{}}}/x.ts", list.join(","));
        let patterns: Vec<_> = (0..200).map(pattern).collect();
        let error = Matcher::new(Path::new("/project"), &patterns).unwrap_err();
        assert_eq!((error.reason, error.pattern), (Reason::TooManyInAll, patterns[10].clone()));
        let paths: Vec<_> = (0..6000).map(|n| format!("d{n}/x.ts")).collect();
        let many = Matcher::new(Path::new("/project"), &paths).unwrap();
        assert!(many.is_match("/project/d5999/x.ts") && many.bases().len() == 6000);

        for (pattern, reason) in [
            ("{".repeat(50_000) + &"}".repeat(50_000), Reason::TooLong),
            ("{a,".repeat(8000) + &"}".repeat(8000), Reason::TooMany),
            ("{a,b}".repeat(9) + &"x".repeat(30_000), Reason::TooMany),
            ("{1..1000}".repeat(3000), Reason::TooMany),
            ("x".repeat(1_000_000), Reason::TooLong),
        ] {
            assert_eq!(refused(&pattern), reason);
        }
        let nested = "{".repeat(16_000) + "a" + &"}".repeat(16_000);
        assert!(matcher(&[&nested]).is_match(&format!("/project/{nested}")), "all plain");
        assert!(matcher(&["{{{1..3}}}"]).is_match("/project/{{2}}"));
        assert_eq!(refused("{{a..}b}"), Reason::BadRange);
        let text = Matcher::new(Path::new("/project"), &["{é,".repeat(20_000)]).unwrap_err();
        let text = text.to_string();
        assert!(text.starts_with("the pattern \"{é,{é,") && text.len() < 500, "{text}");
    }

    #[test]
    fn survives_odd_text() {
        let parts = [
            "[", "]", "{", "}", ",", "..", "!", "^", "-", "*", "**", "\\", "/", "a", "é", "[:",
            ":]", "(", "1",
        ];
        let mut seed = 1_u64;
        for _ in 0..1_000 {
            let mut pattern = String::new();
            for _ in 0..8 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                pattern.push_str(parts[(seed >> 33) as usize % parts.len()]);
            }
            if let Ok(matcher) = Matcher::new(Path::new("/project"), &[pattern.as_str()]) {
                let _ = matcher.is_match("/project/a");
            }
        }
        let deep = "{a,".repeat(300) + &"}".repeat(300);
        assert!(matcher(&[&deep]).is_match("/project/a"));
        assert_eq!(refused(&("{a,".repeat(2000) + &"}".repeat(2000))), Reason::TooMany);
        assert_eq!(refused(&"{[".repeat(2000)), Reason::UnclosedBrace);
        assert_eq!(refused(&format!("{{{}1..2}}", "0".repeat(30_000))), Reason::BadRange);
    }

    #[test]
    #[cfg(windows)]
    fn windows_paths() {
        let patterns = ["src/*.ts", "D:/a/*", "/b/*", "//server/share/*"];
        let matcher = Matcher::new(Path::new(r"C:\app [v2]"), &patterns).unwrap();
        for path in [r"c:\app [v2]\src\a.ts", "D:/a/x", "C:/b/x", "//server/share/x"] {
            assert!(matcher.is_match(&forward_slashes(path)), "{path}");
        }
    }
}
