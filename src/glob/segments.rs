//! Tokens → absolute segments → the text for globset.

use super::Base;
use super::class::Class;
use super::error::Reason;
use super::syntax::{Token, plain};

/// What globset reads as more than a character.
const SPECIAL: [char; 9] = ['*', '?', '[', ']', '{', '}', ',', '!', '\\'];

type Segment = Vec<Token>;

/// An absolute path whose segments may be patterns. If it starts with `**` it matches anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segments(Vec<Segment>);

impl Segments {
    /// An absolute path in which nothing is special.
    pub fn root(path: &str) -> Self {
        // Only a `..` after `**` is refused, and there is none.
        Self(Vec::new()).resolve(&plain(path)).unwrap_or(Self(Vec::new()))
    }

    /// What of this root stands before a pattern. It is read off the pattern as it was before its
    /// braces were expanded: `{a,}/b` does not become absolute.
    pub fn anchor(&self, pattern: &[Token]) -> Result<Self, Reason> {
        let windows = cfg!(windows);
        let kept = match pattern {
            [Token::Open, Token::Slash, ..] => return Err(Reason::AbsoluteBraces),
            [Token::Globstar, ..] => 0,
            [Token::Slash, Token::Slash, ..] | [_, Token::Char(':'), ..] if windows => 0,
            [Token::Slash, ..] => self.drive(),
            _ => self.0.len(),
        };
        Ok(Self(self.0[..kept].to_vec()))
    }

    /// What `path.resolve` does, but segment by segment, so that the root stays literal.
    pub fn resolve(&self, tokens: &[Token]) -> Result<Self, Reason> {
        let mut resolved = self.clone();
        // `//server/share`: the empty segment stands for the second slash.
        if cfg!(windows) && self.0.is_empty() && tokens.starts_with(&[Token::Slash, Token::Slash]) {
            resolved.0.push(Segment::new());
        }
        for segment in tokens.split(|token| *token == Token::Slash) {
            resolved.enter(segment)?;
        }
        Ok(resolved)
    }

    fn enter(&mut self, segment: &[Token]) -> Result<(), Reason> {
        match text(segment).as_deref() {
            Some("" | ".") => {}
            Some("..") if self.ends_with_globstar() => return Err(Reason::ParentOfGlobstar),
            Some("..") => self.0.truncate(self.drive().max(self.0.len().saturating_sub(1))),
            _ if is_globstar(segment) && self.ends_with_globstar() => {}
            // Of `{**,a}b`. picomatch lets it cross segments.
            _ if segment.len() > 1 && segment.contains(&Token::Globstar) => {
                return Err(Reason::Globstar);
            }
            _ => self.0.push(segment.to_vec()),
        }
        Ok(())
    }

    /// How many segments `..` cannot leave: `C:`, or the empty one of `//server`.
    fn drive(&self) -> usize {
        let fixed = matches!(self.0.first().map(Vec::as_slice), Some([] | [_, Token::Char(':')]));
        usize::from(cfg!(windows) && fixed)
    }

    fn ends_with_globstar(&self) -> bool {
        self.0.last().is_some_and(|segment| is_globstar(segment))
    }

    /// The path, if there is only one that matches.
    pub fn literal(&self) -> Option<String> {
        let texts: Option<Vec<String>> = self.0.iter().map(|segment| text(segment)).collect();
        texts.map(|texts| self.join(&texts))
    }

    /// In the language of globset.
    pub fn glob(&self) -> String {
        self.join(&self.0.iter().map(|segment| glob(segment)).collect::<Vec<_>>())
    }

    fn join(&self, texts: &[String]) -> String {
        let anywhere = self.0.first().is_some_and(|segment| is_globstar(segment));
        let drive = self.drive() == 1 && !self.0[0].is_empty();
        match texts.join("/") {
            joined if drive && texts.len() == 1 => joined + "/",
            joined if drive || anywhere => joined,
            joined => format!("/{joined}"),
        }
    }

    /// `dir` of `dir/**`, which matches it as well. `dir/*/**` does not match the files of `dir`. As picomatch reads it,
    /// `dir/**/***` matches `dir`, too, whatever that is.
    pub fn directory(&self) -> Option<Self> {
        if let [directory @ .., globstar, last] = self.0.as_slice()
            && is_globstar(globstar)
            && *last == [Token::Stars]
        {
            return (!directory.is_empty()).then(|| Self(directory.to_vec()));
        }
        let [directory @ .., last] = self.0.as_slice() else { return None };
        let named = !matches!(directory.last()?.last(), Some(Token::Star | Token::Stars));
        (named && is_globstar(last)).then(|| Self(directory.to_vec()))
    }

    /// Where the files that match can be.
    pub fn base(&self, root: &Self) -> Base {
        let literal = self.0.iter().take_while(|segment| text(segment).is_some()).count();
        let above = literal.min(self.0.len().saturating_sub(1));
        let rest = &self.0[above..];
        let recursive = rest.len() > 1 || rest.iter().any(|segment| is_globstar(segment));
        let anywhere = self.0.first().is_some_and(|segment| is_globstar(segment));
        let directory = if anywhere { root.clone() } else { Self(self.0[..above].to_vec()) };
        Base { directory: directory.literal().unwrap_or_default(), recursive }
    }
}

fn is_globstar(segment: &[Token]) -> bool {
    segment == [Token::Globstar]
}

fn text(segment: &[Token]) -> Option<String> {
    segment.iter().map(|token| if let Token::Char(c) = token { Some(*c) } else { None }).collect()
}

fn glob(segment: &[Token]) -> String {
    if is_globstar(segment) {
        return "**".to_owned();
    }
    let (mut glob, mut after_star) = (String::new(), false);
    for token in segment {
        let star = matches!(token, Token::Star | Token::Stars);
        match token {
            Token::Any => glob.push('?'),
            Token::Char(c) => push_char(&mut glob, *c),
            Token::Class(class) => push_class(&mut glob, class),
            // The two stars of `{*,a}{*,b}` are not `**`.
            _ if star && !after_star => glob.push('*'),
            _ => {}
        }
        after_star = star;
    }
    glob
}

fn push_char(glob: &mut String, c: char) {
    if SPECIAL.contains(&c) {
        glob.push('\\');
    }
    glob.push(c);
}

/// As alternatives: a class of globset holds bytes. It has no escapes either, and lets `[!a]` match
/// the slash.
fn push_class(glob: &mut String, class: &Class) {
    if class.negated {
        let has = |c| if class.chars.contains(&c) { String::from(c) } else { String::new() };
        let others = class.chars.iter().filter(|c| !matches!(c, ']' | '-')).collect::<String>();
        glob.push_str(&["[!", &has(']'), &others, "/", &has('-'), "]"].concat());
        return;
    }
    glob.push('{');
    class.text.chars().for_each(|c| push_char(glob, c));
    for c in &class.chars {
        glob.push(',');
        push_char(glob, *c);
    }
    glob.push('}');
}
