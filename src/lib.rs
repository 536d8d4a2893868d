//! hot-hook's engine: hot module replacement for Node.js.
//!
//! Data flows one way: hook → [`binding`] → engine → graph → update → hook.
//! Nothing but [`binding`] knows Node.

pub mod binding;
pub mod config;
pub mod decision;
pub mod engine;
pub mod error;
pub mod examine;
pub mod fingerprint;
pub mod glob;
pub mod graph;
pub mod hint;
#[cfg(target_os = "linux")]
pub mod listening;
pub mod package;
pub mod path;
pub mod place;
pub mod project;
pub mod skipped;
#[cfg(unix)]
pub mod socket;
pub mod source;
pub mod stamp;
pub mod stderr;
pub mod url;
pub mod watch;
