//! Which patterns are refused, and what to write instead.

use std::borrow::Cow;

use super::MAX_GLOBS;
use super::syntax::{MAX_EXPANSIONS, MAX_LENGTH};

/// A pattern that cannot be used. The caller adds the name of the option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pattern \"{}\" {reason}", shorten(pattern))]
pub struct PatternError {
    /// The pattern as the user wrote it.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Why a pattern is refused, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// `''` or `'!'`.
    #[error("is empty")]
    Empty,
    /// `!!a`.
    #[error("starts with two \"!\": write one to exclude, none to include")]
    DoubleNegation,
    /// `!(a|b)`.
    #[error(
        "uses an extglob, which is not supported: add a second pattern that starts with \"!\" instead"
    )]
    NegatedExtglob,
    /// `+(a|b)`, `@(a|b)`, `*(a|b)`, `?(a|b)`.
    #[error("uses an extglob, which is not supported: write {{a,b}} instead")]
    Extglob,
    /// `(a|b)`, `a|b`.
    #[error("uses \"|\", which is not supported: write {{a,b}} instead")]
    Alternation,
    /// `(?:a)`, `(?!a)`.
    #[error("uses a group of regular expressions, which is not supported: write {{a,b}} instead")]
    RegexGroup,
    /// `[0-9]+`, `{a,b}+`.
    #[error(
        "repeats with \"+\", which is not supported: write * instead, or \\+ for the character itself"
    )]
    Repetition,
    /// `"a"`.
    #[error("has a double quote: write \\\" for the character itself")]
    Quote,
    /// `\d`, `src\pages`.
    #[error("has a backslash before \"{0}\": write \"/\" between folders")]
    Backslash(char),
    /// `src\`.
    #[error("ends with a backslash: write \"/\" between folders")]
    TrailingBackslash,
    /// `{a,b`.
    #[error("has a \"{{\" that is not closed: write \\{{ for the character itself")]
    UnclosedBrace,
    /// `{a..bc}`.
    #[error("has \"..\" in braces that is not a range: write {{1..3}}, {{a..c}} or {{a,b}}")]
    BadRange,
    /// `{/a,/b}`.
    #[error("has absolute paths in braces: write a pattern for each")]
    AbsoluteBraces,
    /// `{1..9999}`.
    #[error("stands for more than {MAX_EXPANSIONS} patterns: write * instead of long ranges")]
    TooMany,
    /// With those before it, `{1..900}/*`.
    #[error(
        "brings the list to more than {MAX_GLOBS} patterns: write * instead of long lists in braces"
    )]
    TooManyInAll,
    /// Longer than any path.
    #[error("is longer than {MAX_LENGTH} bytes: write several patterns")]
    TooLong,
    /// `[a/b]`.
    #[error(
        "has a \"/\" between \"[\" and \"]\": write {{a,b}} instead, or \\[ for the character itself"
    )]
    ClassWithSlash,
    /// `[[:nope:]]`, `[!é]`, `[!z-a]`, `[一-龥]`.
    #[error("has a character class that is not supported: write {{a,b}} instead")]
    Class,
    /// `**.ts`, `{**,a}.ts`.
    #[error("has a \"**\" that is not a whole segment: write \"**/*\" instead")]
    Globstar,
    /// `**/../a`.
    #[error("has \"..\" after \"**\": it could mean any folder")]
    ParentOfGlobstar,
    /// Refused by globset, such as for its size.
    #[error("cannot be used: {0}")]
    Glob(String),
}

/// How much of a pattern a message quotes, in characters.
const QUOTED: usize = 200;

/// The beginning of a pattern, which is enough to find it.
fn shorten(pattern: &str) -> Cow<'_, str> {
    match pattern.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &pattern[..end]).into(),
        None => pattern.into(),
    }
}
