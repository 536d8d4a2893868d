//! The place of an error.

use std::cell::RefCell;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use napi::bindgen_prelude::{FnArgs, Function};
use napi_derive::napi;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use crate::place::maps::Maps;
use crate::place::{self, Facts, Look, Mapped};

use super::host::{self, with};

/// What is known of an error.
#[napi(object)]
pub struct ErrorFacts {
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
    /// Where V8 has noted that it is: the line, from 0.
    pub line: Option<u32>,
    /// The column, from 0.
    pub column: Option<u32>,
    /// The URL of the module whose import failed.
    pub url: Option<String>,
    /// The paths of the files that have changed.
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

/// A place in a source, as V8 counts, from 1.
#[napi(object)]
pub struct SourcePlace {
    /// A path or a URL.
    pub source: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// An error as it is shown.
#[napi(object)]
pub struct ErrorPlace {
    /// Its name.
    pub name: String,
    /// Its message; the first line is the most important.
    pub message: String,
    /// The path of the file, if one is known.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1, in UTF-16 units.
    pub column: Option<u32>,
    /// At most three lines of the file, the last of which is marked and has a caret below it.
    pub frame: Option<String>,
}

/// Finds the place of an error. `map` returns the source of a place in the generated code of a URL, both as V8 counts, from
/// 1; `null` if there is none, or no map. Is the line 0, it returns anything but `null` if there is a map.
///
/// Returns `null` after a failure of ours.
#[napi]
pub fn describe_error(
    facts: ErrorFacts,
    map: Function<FnArgs<(String, u32, u32)>, Option<SourcePlace>>,
) -> Option<ErrorPlace> {
    let look = Files { map, texts: RefCell::default() };
    let described =
        catch_unwind(AssertUnwindSafe(|| place::describe(&facts.into(), &look))).ok()?;
    Some(ErrorPlace {
        name: described.name,
        message: described.message,
        file: described.file,
        line: described.position.map(|at| at.line),
        column: described.position.map(|at| at.column),
        frame: described.frame,
    })
}

impl From<ErrorFacts> for Facts {
    fn from(facts: ErrorFacts) -> Self {
        Self {
            name: facts.name,
            message: facts.message,
            stack: facts.stack,
            code: facts.code,
            arrow: facts.arrow,
            noted: facts.line.zip(facts.column),
            url: facts.url,
            files: facts.files,
            require_stack: facts.require_stack,
            is_mapped: facts.is_mapped,
            own: facts.own,
            preludes: facts.preludes,
        }
    }
}

/// What an error's place is found with: the files of the disk, each read once.
struct Files<'a> {
    map: Function<'a, FnArgs<(String, u32, u32)>, Option<SourcePlace>>,
    texts: RefCell<FxHashMap<String, Option<Arc<str>>>>,
}

/// No larger file is read.
const MOST_BYTES: u64 = 8 << 20;

fn read(path: &str) -> Option<Arc<str>> {
    let file = std::fs::File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let length = file.take(MOST_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (length as u64 <= MOST_BYTES).then(|| String::from_utf8_lossy(&bytes).into())
}

/// See [`keep_map`].
static MAPS: LazyLock<Mutex<Maps>> = LazyLock::new(Mutex::default);

/// Keeps a source map, as it stands in the text of a module, for as long as there is room: Node does not look at it.
#[napi]
pub fn keep_map(url: String, map: String) {
    MAPS.lock().keep(&url, &map);
}

/// The source map of a module that `keepMap` was given, if it is still kept.
#[napi]
pub fn kept_map(url: String) -> Option<String> {
    MAPS.lock().get(&url).map(|map| map.to_string())
}

impl Look for Files<'_> {
    fn absolute(&self, path: &str) -> Option<String> {
        std::path::absolute(path).ok().map(|path| path.to_string_lossy().into_owned())
    }

    fn read(&self, path: &str) -> Option<Arc<str>> {
        self.texts.borrow_mut().entry(path.to_owned()).or_insert_with(|| read(path)).clone()
    }

    fn clean(&self, url: &str) -> Option<String> {
        with(|engine| engine.clean(url).map(|clean| clean.to_string())).ok().flatten()
    }

    fn has_prelude(&self, url: &str) -> Option<bool> {
        with(|engine| engine.has_prelude(host::attached(), url)).ok().flatten()
    }

    fn current(&self, url: &str) -> Option<String> {
        with(|engine| engine.url_of_today(url)).ok().flatten()
    }

    fn map(&self, url: &str, line: u32, column: u32) -> Option<Mapped> {
        let place = self.map.call((url.to_owned(), line, column).into()).ok().flatten()?;
        Some(Mapped { source: place.source, line: place.line, column: place.column })
    }

    fn has_map(&self, url: &str) -> bool {
        self.map.call((url.to_owned(), 0, 0).into()).is_ok_and(|place| place.is_some())
    }
}

/// Whether a stack has a place of the user's: what Node puts before it, or a frame that has called. `own` as in
/// `ErrorFacts`.
#[napi]
pub fn has_place(stack: String, message: String, own: Vec<String>) -> bool {
    place::has_place(&Facts { stack: Some(stack), message, own, ..Facts::default() })
}
