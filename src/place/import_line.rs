//! The line that imports something, as it stands: what to write instead can be said with its own names.
//!
//! Nothing is parsed but that line: a form that is not known has no names.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::imports::{clause, index, is_specifier, is_word, words};

/// An import.
#[derive(Debug, PartialEq, Eq)]
pub struct ImportLine {
    /// From 1.
    pub line: u32,
    /// The specifier, in its quotation marks.
    pub specifier: String,
    /// What it is called.
    pub names: Names,
}

/// What an import calls what it imports.
#[derive(Debug, PartialEq, Eq)]
pub enum Names {
    /// Single exports: `import a, { b as c } from`, `const { b: c } = require()`.
    Single(Vec<Name>),
    /// All of them: `import * as all from`.
    All(String),
    /// It is an `import()` within an expression.
    Call,
    /// Nothing, or it is written in another way.
    Unknown,
}

/// A name of an import.
#[derive(Debug, PartialEq, Eq)]
pub struct Name {
    /// That of the export.
    pub export: String,
    /// That in the module which imports.
    pub local: String,
}

/// The text of a module, and where its imports are.
#[derive(Debug)]
pub struct Importing {
    text: Arc<str>,
    quoted: FxHashMap<String, Vec<usize>>,
}

impl Importing {
    /// Looks for all of them at once: a module may have thousands.
    pub fn new(text: Arc<str>) -> Self {
        Self { quoted: index(&text), text }
    }

    /// The import of `specifier`: that of its names which is made when the module runs. `None` if there is none.
    pub fn find(&self, specifier: &str) -> Option<ImportLine> {
        let text = &*self.text;
        let mut found: Option<ImportLine> = None;
        for &at in self.quoted.get(specifier)?.iter().filter(|&&at| is_specifier(text, at)) {
            let end = at + specifier.len() + 2;
            let Some((start, names)) = names_at(text, at, end) else { continue };
            found = Some(match found {
                None => ImportLine {
                    line: line_at(text, start),
                    specifier: text[at..end].to_owned(),
                    names,
                },
                Some(first) => ImportLine { names: both(first.names, names), ..first },
            });
        }
        found
    }
}

/// The line of an offset, from 1.
fn line_at(text: &str, offset: usize) -> u32 {
    let ends = memchr::memchr_iter(b'\n', &text.as_bytes()[..offset]).count();
    u32::try_from(ends).map_or(u32::MAX, |ends| ends.saturating_add(1))
}

/// What two imports of one module import.
fn both(first: Names, second: Names) -> Names {
    match (first, second) {
        (Names::Single(mut names), Names::Single(more)) => {
            names.extend(more);
            Names::Single(names)
        }
        _ => Names::Unknown,
    }
}

/// Where an import begins, whose specifier is at `from..to`, and its names. `None` if it is but one of types.
fn names_at(text: &str, from: usize, to: usize) -> Option<(usize, Names)> {
    let before = text[..from].trim_end();
    if let Some(called) = before.strip_suffix('(').map(str::trim_end) {
        return Some(called_at(called, &text[to..]));
    }
    let start = clause(text, from)?;
    declared(text[start..from].trim()).map(|names| (start, names))
}

/// The names of a declaration, without its specifier. `None` if it is one of types.
fn declared(clause: &str) -> Option<Names> {
    let Some(rest) = clause.strip_prefix("import") else { return Some(Names::Unknown) };
    let Some(rest) = rest.trim().strip_suffix("from") else { return Some(Names::Unknown) };
    let rest = rest.trim();
    let is_of_types = rest.strip_prefix("type").is_some_and(|rest| {
        !rest.trim_start().is_empty()
            && !rest.trim_start().starts_with(',')
            && !rest.starts_with(is_word)
    });
    if is_of_types {
        return None;
    }
    let (default, others) = match rest.find(['{', '*']) {
        Some(at) => (rest[..at].trim().trim_end_matches(',').trim(), &rest[at..]),
        None => (rest, ""),
    };
    let mut names = Vec::new();
    if !default.is_empty() {
        names.push(Name { export: "default".to_owned(), local: default.to_owned() });
    }
    if let Some(all) = others.strip_prefix('*') {
        let local = all.trim().strip_prefix("as").map(str::trim);
        let is_alone = names.is_empty();
        return Some(
            local
                .filter(|it| is_alone && is_name(it))
                .map_or(Names::Unknown, |local| Names::All(local.to_owned())),
        );
    }
    let had_types = !others.is_empty() && !listed(others, " as ", &mut names)?;
    if had_types && names.is_empty() {
        return None;
    }
    Some(single(names))
}

/// Adds the names between braces. Returns whether none of them is that of a type; `None` where there are no braces.
fn listed(text: &str, renames: &str, names: &mut Vec<Name>) -> Option<bool> {
    let list = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut has_types = false;
    for part in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if part.strip_prefix("type").is_some_and(|rest| rest.starts_with(char::is_whitespace)) {
            has_types = true;
            continue;
        }
        let (export, local) = part.split_once(renames).unwrap_or((part, part));
        names.push(Name { export: export.trim().to_owned(), local: local.trim().to_owned() });
    }
    Some(!has_types)
}

fn single(names: Vec<Name>) -> Names {
    let are_names = |name: &Name| is_name(&name.export) && is_name(&name.local);
    if names.is_empty() || !names.iter().all(are_names) {
        return Names::Unknown;
    }
    Names::Single(names)
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(is_word)
        && !text.starts_with(|it: char| it.is_ascii_digit())
}

/// Where `require('x')` or `import('x')` begins, and what it is assigned to: `called` is what stands before the bracket, `after` what
/// stands after the specifier.
fn called_at(called: &str, after: &str) -> (usize, Names) {
    let ends = |text: &str, word: &str| {
        text.ends_with(word) && !text[..text.len() - word.len()].ends_with(is_word)
    };
    let is_require = ends(called, "require");
    let word = if is_require { "require" } else { "import" };
    let start = called.len() - word.len();
    let other = if is_require { Names::Unknown } else { Names::Call };
    let before = called[..start].trim_end();
    let before =
        if is_require { Some(before) } else { before.strip_suffix("await").map(str::trim_end) };
    let is_whole = after.trim_start().strip_prefix(')').is_some_and(|rest| {
        !rest.trim_start_matches([' ', '\t']).starts_with(['.', '(', '[', '?', ')', ','])
    });
    let pattern = before.and_then(|before| before.strip_suffix('=')).filter(|_| is_whole);
    let Some((at, pattern)) = pattern.and_then(declaration) else { return (start, other) };
    let names = if pattern.starts_with('{') {
        let mut names = Vec::new();
        match listed(pattern, ":", &mut names) {
            Some(_) => single(names),
            None => other,
        }
    } else if is_require && is_name(pattern) {
        Names::Single(vec![Name { export: "default".to_owned(), local: pattern.to_owned() }])
    } else if is_name(pattern) {
        Names::All(pattern.to_owned())
    } else {
        other
    };
    (at, names)
}

/// Where the declaration begins that ends a text, and what it declares.
fn declaration(text: &str) -> Option<(usize, &str)> {
    let start = text.rfind([';', '\n']).map_or(0, |at| at + 1);
    let start = if text[start..].contains(['}']) && !text[start..].contains('{') {
        text.rfind('{').map_or(0, |brace| text[..brace].rfind([';', '\n']).map_or(0, |at| at + 1))
    } else {
        start
    };
    let line = &text[start..];
    ["const", "let", "var"].into_iter().find_map(|word| {
        let at = words(line, word).next()?;
        Some((start + at, line[at + word.len()..].trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let Some(found) = Importing::new(text.into()).find("./x.js") else { return "-".to_owned() };
        let names = match found.names {
            Names::Single(names) => {
                let names = names.iter().map(|it| format!("{}={}", it.local, it.export));
                names.collect::<Vec<_>>().join(" ")
            }
            Names::All(local) => format!("* {local}"),
            Names::Call => "call".to_owned(),
            Names::Unknown => "?".to_owned(),
        };
        format!("{} {} {names}", found.line, found.specifier)
    }

    #[test]
    fn imports_as_they_are_written() {
        for (text, expected) in [
            ("import a from './x.js'", "1 './x.js' a=default"),
            ("import { a } from \"./x.js\";", "1 \"./x.js\" a=a"),
            ("\nimport d, { a as b, c } from './x.js'", "2 './x.js' d=default b=a c=c"),
            ("import {\n  a,\n  b,\n} from './x.js'", "1 './x.js' a=a b=b"),
            ("import { default as a } from './x.js'", "1 './x.js' a=default"),
            ("import * as all from './x.js'", "1 './x.js' * all"),
            ("import d, * as all from './x.js'", "1 './x.js' ?"),
            ("import './x.js'", "1 './x.js' ?"),
            ("export { a } from './x.js'", "1 './x.js' ?"),
            ("export * from './x.js'", "1 './x.js' ?"),
            ("import type { A } from './x.js'", "-"),
            ("import { type A } from './x.js'", "-"),
            ("import type from './x.js'", "1 './x.js' type=default"),
            ("import { type A, b } from './x.js'", "1 './x.js' b=b"),
            ("import type { A } from './x.js'\nimport { b } from './x.js'", "2 './x.js' b=b"),
            ("import { a } from './x.js'\nimport { b } from './x.js'", "1 './x.js' a=a b=b"),
            ("import { 'a b' as c } from './x.js'", "-"),
            ("// import { a } from './x.js'\nimport { b } from './x.js'", "2 './x.js' b=b"),
            ("const a = require('./x.js')", "1 './x.js' a=default"),
            ("const { a, b: c } = require('./x.js');", "1 './x.js' a=a c=b"),
            ("const {\n  a,\n} = require('./x.js')\n", "1 './x.js' a=a"),
            ("let a = require('./x.js').a", "1 './x.js' ?"),
            ("app.use(require('./x.js'))", "1 './x.js' ?"),
            ("require('./x.js')", "1 './x.js' ?"),
            ("const { a } = await import('./x.js')", "1 './x.js' a=a"),
            ("const all = await import('./x.js')", "1 './x.js' * all"),
            ("const all = (await import('./x.js')).a", "1 './x.js' call"),
            ("app.get('/', async () => (await import('./x.js')).a())", "1 './x.js' call"),
            ("import('./x.js').then(f)", "1 './x.js' call"),
            ("import { a } from './y.js'", "-"),
            ("f(\n  './x.js')", "-"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
