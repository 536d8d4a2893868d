//! The place of an error in what a person wrote: file, line and column, and the lines around it.
//!
//! An error says where it is in one of several ways; the first that is there is taken:
//!
//! ```text
//!   what a transpiler says in its message        file:line:column: ERROR: …      [`transpiler`]
//!   the head that Node puts before the stack     file:line, source, caret        [`stack::head`]
//!   JSON that cannot be read                     file: …, and V8's position
//!   an import that finds nothing                 its importer, and the specifier [`imports`]
//!   the stack                                    the first frame of the user's   [`stack::frames`]
//! ```
//!
//! What lies in generated code is mapped to its source, and the prelude of hot-hook is taken off. Nothing here knows Node:
//! what it needs of files, URLs and source maps it gets by way of [`Look`].

mod frame;
pub mod import_line;
mod imports;
pub mod maps;
mod missing;
mod stack;
mod stripping;
mod text;
mod transpiler;

use std::sync::Arc;

use crate::source::needs_prelude;
use crate::url::{path_of, url_of};
use text::{Position, offset_of, position_at, without_mark};

/// What is known of an error.
#[derive(Debug, Default, Clone)]
pub struct Facts {
    /// Its name.
    pub name: String,
    /// Its message.
    pub message: String,
    /// Its stack, if that is a text.
    pub stack: Option<String>,
    /// Its code.
    pub code: Option<String>,
    /// What Node would put before the stack, and has not.
    pub arrow: Option<String>,
    /// Where V8 has noted that the error is: line and column, from 0.
    pub noted: Option<(u32, u32)>,
    /// The URL of the module whose import failed.
    pub url: Option<String>,
    /// The files that have changed.
    pub files: Vec<String>,
    /// The files that required what is missing, the last first.
    pub require_stack: Vec<String>,
    /// The stack has the places of sources already, where there are maps.
    pub is_mapped: bool,
    /// URLs with which those of frames begin that are not the user's.
    pub own: Vec<String>,
    /// The preludes that a module may have, the longest first, the usual one last.
    pub preludes: Vec<String>,
}

/// What an error's place is found with.
pub trait Look {
    /// The absolute path of a path.
    fn absolute(&self, path: &str) -> Option<String>;
    /// The text of a file.
    fn read(&self, path: &str) -> Option<Arc<str>>;
    /// A URL without our version.
    fn clean(&self, url: &str) -> Option<String>;
    /// Whether the ES module of a URL has a prelude, if that is known.
    fn has_prelude(&self, url: &str) -> Option<bool>;
    /// The URL under which today's instance of a module is known, if it is another than this one.
    fn current(&self, url: &str) -> Option<String>;
    /// The source of a place in generated code, both as V8 counts, from 1.
    fn map(&self, url: &str, line: u32, column: u32) -> Option<Mapped>;
    /// Whether there is a source map of a module.
    fn has_map(&self, url: &str) -> bool;
}

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// A path or a URL.
    pub source: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// An error as it is shown.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// Its message; the first line is the most important.
    pub message: String,
    /// The path of the file, if one is known.
    pub file: Option<String>,
    /// Where in it, if that is known.
    pub position: Option<Position>,
    /// The lines around it.
    pub frame: Option<String>,
}

/// A place that was found.
#[derive(Debug, Default)]
struct Place {
    /// The file has another text now.
    is_past: bool,
    file: String,
    position: Option<Position>,
}

impl Place {
    fn of_file(file: String) -> Self {
        Self { file, ..Self::default() }
    }
}

/// No message is longer, in bytes.
const MOST_MESSAGE: usize = 4000;

/// Describes an error.
pub fn describe(facts: &Facts, look: &impl Look) -> Described {
    let search = Search { facts, look };
    let (place, message) = search.find();
    let frame = place.as_ref().and_then(|place| {
        let text = look.read(&place.file).filter(|_| !place.is_past)?;
        frame::frame(without_mark(&text), place.position?)
    });
    Described {
        name: facts.name.clone(),
        message: shorten(search.clean_text(message.as_deref().unwrap_or(&facts.message)).trim()),
        position: place.as_ref().and_then(|place| place.position),
        file: place.map(|place| place.file),
        frame,
    }
}

/// Whether a stack has a place of the user's: what Node puts before it, or a frame that has called.
pub fn has_place(facts: &Facts) -> bool {
    let stack = facts.stack.as_deref().unwrap_or_default();
    stack::head(stack).is_some() || facts.frame().is_some()
}

impl Facts {
    /// The first frame of the user's, rather of the app than of a package.
    fn frame(&self) -> Option<stack::Frame<'_>> {
        let frames: Vec<_> = stack::frames(self.stack.as_deref()?, &self.message).collect();
        let is_users = |frame: &&stack::Frame| self.is_users(frame.file);
        // What follows Node's loader of ES modules has not called, but imported.
        let is_loader = |frame: &stack::Frame| frame.file.starts_with("node:internal/modules/esm/");
        let end = frames.iter().position(is_loader).unwrap_or(frames.len());
        let users = frames[..end].iter().filter(is_users);
        let is_apps = |frame: &&stack::Frame| !frame.file.contains("/node_modules/");
        // What only another loader has called is not of the app.
        let is_hook = |frame: &stack::Frame| frame.file == "node:internal/modules/esm/hooks";
        let of_package = || users.clone().next().filter(|_| !frames.get(end).is_some_and(is_hook));
        users.clone().find(is_apps).or_else(of_package).copied()
    }

    /// The first frame of the user's that has called Node's loader of ES modules: a `require()`. Who imports does not call it.
    fn requiring_frame(&self) -> Option<stack::Frame<'_>> {
        let mut frames = stack::frames(self.stack.as_deref()?, &self.message);
        frames.find(|frame| {
            !frame.is_async && self.is_users(frame.file) && !frame.file.contains("/node_modules/")
        })
    }

    fn is_users(&self, file: &str) -> bool {
        let is_own = |own: &String| {
            file.starts_with(own.as_str()) || path_of(own).is_some_and(|own| file.starts_with(&own))
        };
        stack::is_file(file) && !self.own.iter().any(is_own)
    }
}

fn shorten(message: &str) -> String {
    if message.len() <= MOST_MESSAGE {
        return message.to_owned();
    }
    let end = (0..=MOST_MESSAGE).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", &message[..end])
}

struct Search<'a, L> {
    facts: &'a Facts,
    look: &'a L,
}

impl<L: Look> Search<'_, L> {
    /// The place, and what is better than the whole message.
    fn find(&self) -> (Option<Place>, Option<String>) {
        if let Some(failure) = transpiler::failure(&self.facts.message) {
            return (self.in_source(&failure), Some(failure.text));
        }
        if let Some(failure) = self.not_stripped() {
            return (self.in_typescript(&failure), Some(failure.text.to_owned()));
        }
        if let Some(place) = self.compiled() {
            return (Some(place), None);
        }
        if let Some((place, message)) = self.in_json() {
            return (Some(place), Some(message));
        }
        (self.missing().or_else(|| self.thrown()).or_else(|| self.module()), None)
    }

    /// What a transpiler says is of the source.
    fn in_source(&self, failure: &transpiler::Failure) -> Option<Place> {
        let named = self.path(&failure.file).or_else(|| self.relative(&failure.file))?;
        let file = self.with_its_extension(named);
        let position = self.look.read(&file).and_then(|text| {
            let text = without_mark(&text);
            let shift = |line, column, end| self.shift_of_source(text, line, column, end);
            failure.position(text, shift)
        });
        Some(Place { file, position, is_past: false })
    }

    /// tsx says `a.ts` of `a.cts` and `a.mts`, too.
    fn with_its_extension(&self, named: String) -> String {
        let Some(stem) = named.strip_suffix(".ts") else { return named };
        let others = ["cts", "mts"].map(|extension| format!("{stem}.{extension}"));
        let candidates = self.candidates();
        let is_there = |file: &&String| self.look.read(file).is_some();
        let is_candidate = |file: &&String| candidates.contains(file) && is_there(file);
        let all = || std::iter::once(&named).chain(&others);
        all().find(is_candidate).or_else(|| all().find(is_there)).cloned().unwrap_or(named)
    }

    /// A path that a transpiler has made relative, to the folder that it works in.
    fn relative(&self, path: &str) -> Option<String> {
        let absolute = self.look.absolute(path).filter(|file| self.look.read(file).is_some());
        let is_it = |file: &String| file.ends_with(path);
        absolute
            .or_else(|| self.candidates().into_iter().find(is_it))
            .or_else(|| self.module().map(|place| place.file))
    }

    fn not_stripped(&self) -> Option<stripping::Failure<'_>> {
        let stack = self.facts.stack.as_deref().unwrap_or_default();
        stripping::failure(self.facts.code.as_deref()?, &self.facts.message, stack)
    }

    /// What Node's own TypeScript says is of the source, but for the prelude.
    fn in_typescript(&self, failure: &stripping::Failure) -> Option<Place> {
        let prelude = self.prelude_of(failure.shown);
        let shows = |file: &String| {
            let text = self.look.read(file);
            text.and_then(|text| {
                Some(failure.shows(prelude, text::line(without_mark(&text), failure.line)?))
            })
        };
        let file = failure
            .file
            .and_then(|file| self.path(file))
            .or_else(|| self.candidates().into_iter().find(|file| shows(file) == Some(true)));
        let Some(file) = file else { return self.module() };
        let position = self.look.read(&file).and_then(|text| {
            let text = without_mark(&text);
            if failure.at_end {
                return Some(position_at(text, text.len()));
            }
            let line = failure.line.saturating_sub(1);
            let start = offset_of(text, line, 0)?;
            let column = failure.column(prelude, &text[start..]);
            offset_of(text, line, column).map(|offset| position_at(text, offset))
        });
        Some(Place { file, position, is_past: false })
    }

    /// What does not compile or link: Node says the file and the line, V8 the column.
    fn compiled(&self) -> Option<Place> {
        let of_stack = self.facts.stack.as_deref();
        let head = self.facts.arrow.as_deref().or(of_stack).and_then(stack::head)?;
        let noted = self.facts.noted.filter(|(line, _)| line + 1 == head.line);
        let column = noted.map_or(head.caret.unwrap_or(0), |(_, column)| column) + 1;
        let generated =
            Generated { file: head.file, line: head.line, column, source: Some(head.source) };
        let mut place = self.place_of(&generated)?;
        if let Some(missing) = missing::export(&self.facts.message).filter(|_| !place.is_past) {
            place.position = self.at_name(&place, &missing).or(place.position);
        }
        Some(place)
    }

    /// Where an export is asked for that is not there: what is mapped or shown by a caret may be next to it.
    fn at_name(&self, place: &Place, missing: &missing::Export) -> Option<Position> {
        let text = self.look.read(&place.file)?;
        let text = without_mark(&text);
        let is_there = place.position.and_then(|at| {
            let line = text::line(text, at.line)?;
            let start = offset_of(line, 0, at.column - 1)?;
            Some(line[start..].starts_with(missing.name))
        });
        if is_there == Some(true) {
            return None;
        }
        imports::find_name(text, missing.specifier, missing.name).map(|at| position_at(text, at))
    }

    /// JSON that Node has read: `FILE: what is wrong`.
    fn in_json(&self) -> Option<(Place, String)> {
        let message = &self.facts.message;
        if self.facts.name != "SyntaxError"
            || !self
                .facts
                .stack
                .as_deref()
                .is_some_and(|stack| is_of_loader(stack, &self.facts.own))
        {
            return None;
        }
        let (file, text, end) = message.match_indices(": ").find_map(|(at, mark)| {
            let file = self.path(&message[..at])?;
            Some((file.clone(), self.look.read(&file)?, at + mark.len()))
        })?;
        let text = without_mark(&text);
        let noted = self.facts.noted.and_then(|(line, column)| offset_of(text, line, column));
        let offset = noted.or_else(|| json_error(text));
        let position = offset.map(|offset| position_at(text, offset));
        Some((Place { file, position, is_past: false }, message[end..].to_owned()))
    }

    /// An import that finds nothing, or what cannot be loaded.
    fn missing(&self) -> Option<Place> {
        let wanted = missing::wanted(self.facts.code.as_deref(), &self.facts.message)?;
        let importer = wanted.importer.and_then(|file| self.path(file));
        let importer = importer.or_else(|| self.facts.require_stack.first().cloned());
        let is_known = importer.is_some();
        let among = importer
            .into_iter()
            .chain((!is_known).then(|| self.candidates()).into_iter().flatten());
        let among: Vec<_> = among.collect();
        let found = among.iter().find_map(|file| {
            let text = self.look.read(file)?;
            let text = without_mark(&text);
            let at = imports::find(text, |specifier| wanted.score(specifier, file))?;
            let position = Some(position_at(text, at));
            Some(Place { file: file.clone(), position, is_past: false })
        });
        found.or_else(|| Some(Place::of_file(among.into_iter().next().filter(|_| is_known)?)))
    }

    /// The files that the error may be in.
    fn candidates(&self) -> Vec<String> {
        let mut files = self.facts.files.clone();
        files.extend(self.facts.url.as_deref().and_then(|url| self.path(url)));
        files
    }

    /// What was thrown while it ran.
    fn thrown(&self) -> Option<Place> {
        let frame = self.facts.frame().or_else(|| self.facts.requiring_frame())?;
        let stack::Frame { file, line, column, .. } = frame;
        self.place_of(&Generated { file, line, column, source: None })
    }

    /// The module that was imported, or the one file that has changed.
    fn module(&self) -> Option<Place> {
        let only = || if let [file] = &self.facts.files[..] { Some(file.clone()) } else { None };
        let imported = || self.facts.url.as_deref().and_then(|url| self.path(url));
        // What does not parse may lie below what was imported: what has changed is the better guess.
        let file = if self.facts.name == "SyntaxError" {
            only().or_else(imported)
        } else {
            imported().or_else(only)
        };
        file.map(Place::of_file)
    }

    /// The path that a path or a URL means: without a query, of ours or of the user's.
    fn path(&self, file: &str) -> Option<String> {
        if stack::is_path(file) {
            let query = file.find("?v=").filter(|_| self.look.read(file).is_none());
            return Some(file[..query.unwrap_or(file.len())].to_owned());
        }
        path_of(file)
    }

    /// The place of the source.
    fn place_of(&self, generated: &Generated) -> Option<Place> {
        let Generated { file, line, column, source } = *generated;
        let path = self.path(file)?;
        let has_map = self.look.has_map(file) || self.facts.is_mapped && self.current_has_map(file);
        if has_map
            && !(self.facts.is_mapped && source.is_none())
            && let Some(mapped) = self.look.map(file, line, column)
            && let Some(file) = self.path(&mapped.source)
        {
            let position = self.position(&file, mapped.line, mapped.column);
            return Some(Place { file, position, is_past: false });
        }
        if !has_map && self.is_past(generated, &path) {
            let column = column.saturating_sub(self.shift_of_past(generated));
            return Some(Place {
                file: path,
                position: Some(Position { line, column }),
                is_past: true,
            });
        }
        let shift = if has_map { 0 } else { self.shift(generated, &path) };
        let column = column.saturating_sub(shift).max(1);
        // A frame of generated code without a map leads nowhere.
        let is_there = source.is_some() || self.has_column(&path, line, column);
        let position = if is_there { self.position(&path, line, column) } else { None };
        Some(Place { file: path, position, is_past: false })
    }

    /// Whether the file has that line, as V8 counts, and that the column. What cannot be read may have it.
    fn has_column(&self, path: &str, line: u32, column: u32) -> bool {
        let Some(text) = self.look.read(path) else { return true };
        let text = without_mark(&text);
        let start = offset_of(text, line.saturating_sub(1), 0);
        let line = start
            .map(|start| &text[start..])
            .and_then(|rest| rest.split(['\n', '\r', '\u{2028}', '\u{2029}']).next());
        line.is_some_and(|line| column <= length(line) + 1)
    }

    /// Whether the file has another text than what ran: it has changed, and there is a later instance; or the line is another.
    fn is_past(&self, generated: &Generated, path: &str) -> bool {
        let Some(source) = generated.source else {
            return self.facts.files.iter().any(|file| file == path)
                && generated.file.starts_with("file:")
                && self.look.current(generated.file).is_some();
        };
        let Some(text) = self.look.read(path) else { return false };
        let text = without_mark(&text);
        let source = &source[self.prelude_of(source).len()..];
        let source = without_mark(source);
        let line = offset_of(text, generated.line.saturating_sub(1), 0).map(|start| &text[start..]);
        // Types are blanks where Node has stripped them.
        let is_same = |line: &str| {
            let mut chars = line.chars();
            source.chars().all(|char| {
                let same = chars.next();
                same == Some(char) || char == ' ' && same.is_some()
            })
        };
        !source.trim().is_empty() && !line.is_some_and(is_same)
    }

    /// The prelude with which a line begins.
    fn prelude_of(&self, line: &str) -> &str {
        let mut preludes = self.facts.preludes.iter().map(String::as_str);
        preludes.find(|prelude| line.starts_with(prelude)).unwrap_or_default()
    }

    /// As [`Search::shift`], where nothing is known of the text.
    fn shift_of_past(&self, generated: &Generated) -> u32 {
        if let Some(source) = generated.source {
            return length(self.prelude_of(source)).min(generated.column.saturating_sub(1));
        }
        let has_prelude =
            generated.line <= 2 && self.look.has_prelude(generated.file) != Some(false);
        let usual = self.facts.preludes.last().map_or(0, |prelude| length(prelude));
        if has_prelude && generated.column > usual { usual } else { 0 }
    }

    /// A stack that has the places of sources has no versions of ours any more.
    fn current_has_map(&self, file: &str) -> bool {
        let url = if stack::is_path(file) { url_of(file) } else { file.to_owned() };
        self.look.current(&url).is_some_and(|current| self.look.has_map(&current))
    }

    /// A place as V8 counts, from 1, as editors count it. What is not there is left as it is.
    fn position(&self, file: &str, line: u32, column: u32) -> Option<Position> {
        let as_is = Some(Position { line, column });
        let Some(text) = self.look.read(file) else { return as_is };
        let text = without_mark(&text);
        let (line, column) = (line.saturating_sub(1), column.saturating_sub(1));
        let start = offset_of(text, line, 0)?;
        let end = length(text[start..].lines().next().unwrap_or_default());
        let column = column - self.shift_of_source(text, line + 1, column, end);
        offset_of(text, line, column).map(|offset| position_at(text, offset))
    }

    /// How long the prelude is that stands before a column, from 0, of the user's line of that length.
    fn prelude_before(&self, column: u32, end: u32) -> u32 {
        let mut lengths = self.facts.preludes.iter().rev().map(|prelude| length(prelude));
        lengths.find(|length| (*length..=length + end).contains(&column)).unwrap_or(0)
    }

    /// A transpiler that stands around our hooks takes what they give for the source: a column that the line has not is
    /// behind the prelude.
    fn shift_of_source(&self, text: &str, line: u32, column: u32, end: u32) -> u32 {
        let is_on_its_line = line == prelude_line(text);
        if is_on_its_line && column > end { self.prelude_before(column, end) } else { 0 }
    }

    /// How much stands before the user's text on its line: a prelude, or a byte order mark.
    fn shift(&self, generated: &Generated, path: &str) -> u32 {
        if let Some(source) = generated.source.filter(|source| !source.is_empty()) {
            return match self.prelude_of(source) {
                "" => u32::from(source.starts_with('\u{feff}')),
                prelude => length(prelude),
            };
        }
        let Some(text) = self.look.read(path) else { return 0 };
        let column = generated.column.saturating_sub(1);
        if !generated.file.starts_with("file:") {
            let has_mark = generated.line == 1 && text.starts_with('\u{feff}');
            return u32::from(has_mark && is_within_word(without_mark(&text), column));
        }
        let text = without_mark(&text);
        let number = prelude_line(text);
        let has_prelude = |url| self.look.has_prelude(url).unwrap_or_else(|| needs_prelude(text));
        if generated.line != number || !has_prelude(generated.file) {
            return 0;
        }
        self.prelude_before(column, text::line(text, number).map_or(0, length))
    }

    /// A text without our versions.
    fn clean_text(&self, text: &str) -> String {
        let mut cleaned = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("file:///") {
            let (before, after) = rest.split_at(start);
            let end = after
                .find(|char: char| char.is_whitespace() || matches!(char, '\'' | '"' | ')'))
                .unwrap_or(after.len());
            cleaned.push_str(before);
            cleaned.push_str(self.look.clean(&after[..end]).as_deref().unwrap_or(&after[..end]));
            rest = &after[end..];
        }
        cleaned + rest
    }
}

/// On which line the prelude stands.
fn prelude_line(text: &str) -> u32 {
    if text.starts_with("#!") { 2 } else { 1 }
}

/// In UTF-16 units.
fn length(text: &str) -> u32 {
    text.chars().map(text::units).sum()
}

/// Whether no token can begin in that column of the first line, from 0: CommonJS may have been read with its byte order mark, or
/// without.
fn is_within_word(text: &str, column: u32) -> bool {
    let is_word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '$');
    offset_of(text, 0, column)
        .is_some_and(|at| text[..at].ends_with(is_word) && text[at..].starts_with(is_word))
}

/// A place in what was compiled, as V8 counts, from 1.
struct Generated<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    /// The text of its line.
    source: Option<&'a str>,
}

/// Whether the loader of Node has thrown, or a check of ours: it has called the parser of JSON.
fn is_of_loader(stack: &str, own: &[String]) -> bool {
    let mut frames = stack.lines().filter(|line| line.trim_start().starts_with("at "));
    frames.next().is_some_and(|frame| frame.contains("parse (<anonymous>)"))
        && frames.next().is_some_and(|frame| {
            frame.contains("node:internal/modules/")
                || own.iter().any(|own| frame.contains(own.as_str()))
        })
}

/// Where a text is no JSON.
fn json_error(text: &str) -> Option<usize> {
    let error = serde_json::from_str::<serde::de::IgnoredAny>(text).err()?;
    let start: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = start + error.column().saturating_sub(usize::from(!error.is_eof()));
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at))
}
