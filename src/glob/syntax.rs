//! Text of a pattern → tokens → one list of tokens for each combination of its braces.

use super::class::Class;
use super::error::Reason;

/// Far more than anyone writes, and still quick to compile.
pub(super) const MAX_EXPANSIONS: usize = 1000;

/// The longest pattern, in bytes: many paths long.
pub(super) const MAX_LENGTH: usize = 32 * 1024;

/// So many tokens may be written while braces are expanded: more than 1,000 long patterns have.
const MAX_WORK: usize = 500_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Char(char),
    Slash,
    /// `?`
    Any,
    Star,
    /// `***` or more: a star that may match nothing.
    Stars,
    /// `**`
    Globstar,
    Class(Class),
    Open,
    Comma,
    Close,
}

/// A text in which nothing is special but the slash.
pub(super) fn plain(text: &str) -> Vec<Token> {
    text.chars().map(|c| if c == '/' { Token::Slash } else { Token::Char(c) }).collect()
}

/// In the result `Open`, `Comma` and `Close` are balanced and make alternatives. The other braces and
/// commas, as in `{a}`, are plain characters.
pub(super) fn tokenise(pattern: &str) -> Result<Vec<Token>, Reason> {
    if pattern.len() > MAX_LENGTH {
        return Err(Reason::TooLong);
    }
    Tokeniser { rest: pattern, tokens: Vec::new(), braces: Vec::new() }.run()
}

/// One pattern for each combination of alternatives. Depth first and without recursion: thousands of
/// nested braces must not end the process.
pub(super) fn expand(tokens: Vec<Token>) -> Result<Vec<Vec<Token>>, Reason> {
    let mut work = tokens.len();
    let (mut todo, mut done) = (vec![tokens], Vec::new());
    while let Some(tokens) = todo.pop() {
        let cuts = alternatives(&tokens);
        let [first, .., last] = cuts[..] else {
            done.push(tokens);
            continue;
        };
        let (before, after) = (&tokens[..first], &tokens[last + 1..]);
        for cut in cuts.windows(2).rev() {
            let one = [before, &tokens[cut[0] + 1..cut[1]], after].concat();
            work += one.len();
            todo.push(one);
            if todo.len() + done.len() > MAX_EXPANSIONS || work > MAX_WORK {
                return Err(Reason::TooMany);
            }
        }
    }
    Ok(done)
}

/// Where the first braces open, have their own commas, and close. Empty if there are none.
fn alternatives(tokens: &[Token]) -> Vec<usize> {
    let (mut cuts, mut depth) = (Vec::new(), 0_usize);
    for (index, token) in tokens.iter().enumerate() {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth -= 1,
            _ => {}
        }
        match (token, depth) {
            (Token::Open | Token::Comma, 1) => cuts.push(index),
            (Token::Close, 0) => {
                cuts.push(index);
                break;
            }
            _ => {}
        }
    }
    cuts
}

struct Tokeniser<'a> {
    rest: &'a str,
    tokens: Vec<Token>,
    braces: Vec<Brace>,
}

struct Brace {
    /// Where its token is.
    open: usize,
    comma: bool,
    /// There are two dots in it, as in a range.
    dots: bool,
}

impl Tokeniser<'_> {
    fn run(mut self) -> Result<Vec<Token>, Reason> {
        while let Some(c) = self.bump() {
            self.refuse(c)?;
            let token = match c {
                '/' => Token::Slash,
                '?' => Token::Any,
                '*' => self.stars()?,
                '\\' => self.escape()?,
                '[' => self.class()?,
                '{' => self.open(),
                ',' => self.comma(),
                '}' => self.close()?,
                c => self.character(c),
            };
            self.tokens.push(token);
        }
        if self.braces.is_empty() { Ok(self.tokens) } else { Err(Reason::UnclosedBrace) }
    }

    fn bump(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    /// What picomatch, but not globset, can express.
    fn refuse(&self, c: char) -> Result<(), Reason> {
        match (c, self.rest.chars().next(), self.tokens.last()) {
            ('!', Some('('), _) => Err(Reason::NegatedExtglob),
            ('?' | '+' | '@' | '*', Some('('), _) => Err(Reason::Extglob),
            ('(', Some('?'), _) => Err(Reason::RegexGroup),
            ('|', ..) => Err(Reason::Alternation),
            ('"', ..) => Err(Reason::Quote),
            ('+', _, Some(Token::Class(_) | Token::Close)) => Err(Reason::Repetition),
            _ => Ok(()),
        }
    }

    /// Two stars are a globstar if they can be a whole segment, once braces are expanded. Three and
    /// more are one, as in picomatch.
    fn stars(&mut self) -> Result<Token, Reason> {
        let rest = self.rest.trim_start_matches('*');
        let count = 1 + self.rest.len() - rest.len();
        let two = count == 2;
        self.rest = rest;
        let braces: &[char] =
            if self.braces.is_empty() { &['/', '{'] } else { &['/', '{', ',', '}'] };
        let starts = matches!(
            self.tokens.last(),
            None | Some(Token::Slash | Token::Open | Token::Comma | Token::Close)
        );
        let ends = rest.is_empty() || rest.starts_with(braces);
        if rest.starts_with('(') {
            return Err(Reason::Extglob);
        }
        // At the start of a pattern picomatch takes `**.ts` and `***` for patterns of one segment, and matches no absolute path.
        if count > 1 && self.tokens.is_empty() && !(two && ends) {
            return Err(Reason::Globstar);
        }
        Ok(match count {
            2 if starts && ends => Token::Globstar,
            1 | 2 => Token::Star,
            _ => Token::Stars,
        })
    }

    fn escape(&mut self) -> Result<Token, Reason> {
        match self.bump() {
            None => Err(Reason::TrailingBackslash),
            // `\d` is a class in picomatch; `\pages`, `\..` and `\*` are paths of Windows.
            Some(c) if c.is_alphanumeric() || matches!(c, '.' | '_') => Err(Reason::Backslash(c)),
            Some(c @ ('*' | '?')) if cfg!(windows) => Err(Reason::Backslash(c)),
            Some('/') => Ok(Token::Slash),
            Some(c) => Ok(Token::Char(c)),
        }
    }

    fn class(&mut self) -> Result<Token, Reason> {
        let Some((class, rest)) = Class::parse(self.rest)? else {
            return Ok(Token::Char('['));
        };
        self.rest = rest;
        Ok(Token::Class(class))
    }

    fn character(&mut self, c: char) -> Token {
        if let Some(brace) = self.braces.last_mut() {
            brace.dots |= c == '.' && self.tokens.last() == Some(&Token::Char('.'));
        }
        Token::Char(c)
    }

    fn open(&mut self) -> Token {
        self.braces.push(Brace { open: self.tokens.len(), comma: false, dots: false });
        Token::Open
    }

    fn comma(&mut self) -> Token {
        let Some(brace) = self.braces.last_mut() else { return Token::Char(',') };
        brace.comma = true;
        Token::Comma
    }

    fn close(&mut self) -> Result<Token, Reason> {
        let Some(Brace { open, comma, dots }) = self.braces.pop() else {
            return Ok(Token::Char('}'));
        };
        if comma {
            return Ok(Token::Close);
        }
        // What holds no dots is not even looked through: that would take long where many braces are nested.
        let values = if dots { range(&self.tokens[open + 1..])? } else { None };
        let Some(values) = values else {
            self.tokens[open] = Token::Char('{');
            if let Some(around) = self.braces.last_mut() {
                around.dots |= dots;
            }
            return Ok(Token::Char('}'));
        };
        self.tokens.truncate(open + 1);
        self.tokens.extend(plain(&values.join(",")).into_iter().map(|token| match token {
            Token::Char(',') => Token::Comma,
            token => token,
        }));
        Ok(Token::Close)
    }
}

/// `1..3`, `01..10`, `0..100..10`, `a..e`. `None` without dots.
fn range(tokens: &[Token]) -> Result<Option<Vec<String>>, Reason> {
    let text: String =
        tokens.iter().map(|token| if let Token::Char(c) = token { *c } else { '/' }).collect();
    let parts: Vec<&str> = text.split("..").collect();
    let (from, to, step) = match parts[..] {
        [_] => return Ok(None),
        [from, to] => (from, to, "1"),
        [from, to, step] => (from, to, step),
        _ => return Err(Reason::BadRange),
    };
    let step = step.parse::<usize>().ok().filter(|step| *step > 0).ok_or(Reason::BadRange)?;
    letters(from, to, step).unwrap_or_else(|| numbers(from, to, step)).map(Some)
}

fn letters(from: &str, to: &str, step: usize) -> Option<Result<Vec<String>, Reason>> {
    let letter = |text: &str| match text.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(char::from(*letter)),
        _ => None,
    };
    let (from, to) = (letter(from)?, letter(to)?);
    // From `A` to `z` there are brackets and a backslash on the way.
    if from.is_ascii_lowercase() != to.is_ascii_lowercase() {
        return Some(Err(Reason::BadRange));
    }
    let value = |c: char| c.to_string();
    Some(Ok(if from <= to {
        (from..=to).step_by(step).map(value).collect()
    } else {
        (to..=from).rev().step_by(step).map(value).collect()
    }))
}

fn numbers(from: &str, to: &str, step: usize) -> Result<Vec<String>, Reason> {
    let number = |text: &str| text.parse::<i32>().map_err(|_| Reason::BadRange);
    let padded = |text: &str| text.trim_start_matches('-').starts_with('0') && text.len() > 1;
    let width = if padded(from) || padded(to) { from.len().max(to.len()) } else { 0 };
    // `format!` panics at a width of 65,536.
    if width > 20 {
        return Err(Reason::BadRange);
    }
    let (from, to) = (number(from)?, number(to)?);
    if from.abs_diff(to) as usize / step >= MAX_EXPANSIONS {
        return Err(Reason::TooMany);
    }
    let value = |number: i32| format!("{number:0width$}");
    Ok(if from <= to {
        (from..=to).step_by(step).map(value).collect()
    } else {
        (to..=from).rev().step_by(step).map(value).collect()
    })
}
