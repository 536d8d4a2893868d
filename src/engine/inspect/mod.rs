//! The graph and what became of it, to be looked at: nothing is changed here.
//!
//! - [`dump`], [`snapshot`]: the graph, as `hot.dump()` gives it and as it is drawn.
//! - [`explain`]: what a change would do.
//! - [`broadcast`]: what happens, for other processes.

mod broadcast;
mod dump;
mod explain;
mod snapshot;

pub(super) use broadcast::Broadcasts;
pub use dump::DumpNode;
pub use explain::{Explanation, Outcome};
