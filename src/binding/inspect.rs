//! What people ask: why, the graph, and the notes.

use napi_derive::napi;

use crate::engine::Engine;

use super::host::{Error, with};

/// What a change of the file at `path` would do now, and why; a URL names what is no file. Returns the JSON of an `Explanation` of index.d.ts.
#[napi]
pub fn explain(path: String) -> Result<String, Error> {
    with(|engine| json(&engine.explain(&path)))
}

/// All modules of the process, in the order in which they came. Returns the JSON of a list of `DumpNode`s of index.d.ts.
#[napi]
pub fn dump() -> Result<String, Error> {
    with(|engine| json(&engine.dump()))
}

fn json(of: &impl serde::Serialize) -> String {
    serde_json::to_string(of).unwrap_or_default()
}

/// The graph with all that was decided on it, as JSON, an object: see `packages/dump-viewer/README.md` for its fields.
#[napi]
pub fn snapshot() -> Result<String, Error> {
    Ok(with(|engine| engine.snapshot())?.to_json())
}

/// Paths as people want to read them: relative to the folder of package.json, with `/`. What lies elsewhere is left as it is.
#[napi]
pub fn shown(paths: Vec<String>) -> Result<Vec<String>, Error> {
    with(|engine| paths.iter().map(|path| engine.show(path)).collect())
}

/// From now on notes are kept of what is watched and decided, until `notes` takes them.
#[napi]
pub fn keep_notes() -> Result<(), Error> {
    with(Engine::keep_notes)
}

/// The notes since the last call, one line each; none without `keepNotes`.
#[napi]
pub fn notes() -> Result<Vec<String>, Error> {
    with(Engine::notes)
}
