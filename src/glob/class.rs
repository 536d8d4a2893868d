//! `[a-c]`, `[!a]`, `[[:digit:]]`.

use super::error::Reason;

/// `[一-龥]` would become 20,000 alternatives.
const MAX_RANGE: u32 = 256;

const POSIX: &[(&str, &str)] = &[
    ("alnum", "0-9A-Za-z"),
    ("alpha", "A-Za-z"),
    ("digit", "0-9"),
    ("lower", "a-z"),
    ("upper", "A-Z"),
    ("word", "0-9A-Z_a-z"),
    ("xdigit", "0-9A-Fa-f"),
];

/// One character out of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    pub negated: bool,
    /// Empty if a range runs backwards: then the class is but a name, as in `[user-id]`.
    pub chars: Vec<char>,
    /// With the brackets, as written.
    pub text: String,
}

impl Class {
    /// Reads what follows a `[`. Returns the class and what is left, or `None` if it is not closed
    /// and so a plain character.
    pub fn parse(text: &str) -> Result<Option<(Self, &str)>, Reason> {
        let Some(end) = end(text)? else { return Ok(None) };
        let (inner, rest) = (&text[..end], &text[end + 1..]);
        let negated = inner.starts_with(['!', '^']);
        let chars = chars(&inner[usize::from(negated)..])?;
        // globset negates bytes.
        if negated && !chars.as_ref().is_some_and(|chars| chars.iter().all(char::is_ascii)) {
            return Err(Reason::Class);
        }
        let class = Self { negated, chars: chars.unwrap_or_default(), text: format!("[{inner}]") };
        Ok(Some((class, rest)))
    }
}

/// Where the class closes. A `]` that comes first is a member.
fn end(text: &str) -> Result<Option<usize>, Reason> {
    // Many brackets that never close: each would look through all that follow.
    if !text.contains(']') {
        return Ok(None);
    }
    let first = usize::from(text.starts_with(['!', '^']));
    let mut at = first;
    while let Some(c) = text[at..].chars().next() {
        match c {
            ']' if at > first => return Ok(Some(at)),
            '/' if text[at..].contains(']') => return Err(Reason::ClassWithSlash),
            '/' => return Ok(None),
            '\\' if !text[at + 1..].starts_with('/') => at += 1 + first_len(&text[at + 1..]),
            '[' => at += posix(&text[at..])?.map_or(1, |(_, rest)| text[at..].len() - rest.len()),
            c => at += c.len_utf8(),
        }
    }
    Ok(None)
}

fn first_len(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// `None` if a range runs backwards.
fn chars(inner: &str) -> Result<Option<Vec<char>>, Reason> {
    let (mut found, mut rest) = (Vec::new(), inner);
    while !rest.is_empty() {
        if let Some((members, after)) = posix(rest)? {
            found.extend(chars(members)?.unwrap_or_default());
            rest = after;
            continue;
        }
        let (from, after) = member(rest)?;
        rest = after;
        let mut to = from;
        if let Some(after) = rest.strip_prefix('-').filter(|after| !after.is_empty()) {
            (to, rest) = member(after)?;
        }
        if to < from {
            return Ok(None);
        }
        if u32::from(to) - u32::from(from) > MAX_RANGE {
            return Err(Reason::Class);
        }
        found.extend((from..=to).filter(|c| *c != '/'));
    }
    Ok(Some(found))
}

/// One character of a text that is not empty, with its backslash taken off.
fn member(text: &str) -> Result<(char, &str), Reason> {
    let mut chars = text.chars();
    let c = match chars.next() {
        // `[\d]` is a class of its own in picomatch.
        Some('\\') => chars.next().filter(|c| !c.is_alphanumeric()),
        c => c,
    };
    Ok((c.ok_or(Reason::Class)?, chars.as_str()))
}

/// `[:digit:]` at the start of the text: the members it stands for, and what is left.
fn posix(text: &str) -> Result<Option<(&'static str, &str)>, Reason> {
    let Some((name, rest)) = text.strip_prefix("[:").and_then(|text| text.split_once(":]")) else {
        return Ok(None);
    };
    let (_, members) = POSIX.iter().find(|(known, _)| *known == name).ok_or(Reason::Class)?;
    Ok(Some((members, rest)))
}
