//! Errors, by who can act on them. The binding gives each its JavaScript `code`.

use thiserror::Error;

/// The user's options cannot be used. Nothing was hooked.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The options are no object.
    #[error("{origin}: the options are {got}, but must be an object")]
    Shape {
        /// `hot.init()` or the path of a package.json.
        origin: String,
        /// What they are.
        got: String,
    },
    /// An option has the wrong type.
    #[error("{origin}: the option {option:?} is {got}, but must be {want}")]
    Type {
        /// `hot.init()` or the path of a package.json.
        origin: String,
        /// The option.
        option: String,
        /// What it is.
        got: String,
        /// What it should be.
        want: String,
    },
    /// A package.json is none.
    #[error("{path} is not valid JSON: {reason}")]
    Json {
        /// Its path.
        path: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// A pattern cannot be used.
    #[error("{origin}: the option {option:?} cannot be used: {reason}")]
    Pattern {
        /// `hot.init()` or the path of a package.json.
        origin: String,
        /// The option.
        option: String,
        /// What is wrong with the pattern, which it names.
        reason: String,
    },
}

/// A boundary was imported statically, and the user asked for that to be an error.
#[derive(Debug, Error)]
#[error(
    "the import {specifier:?} in {importer} is not imported dynamically, but {target} is a boundary: \
     write `await import({specifier:?})` there, so that hot-hook can reload it, or take it out of `boundaries`"
)]
pub struct NotDynamicError {
    /// What the importer wrote.
    pub specifier: String,
    /// The importer, relative to the root directory.
    pub importer: String,
    /// The boundary, relative to the root directory.
    pub target: String,
}
