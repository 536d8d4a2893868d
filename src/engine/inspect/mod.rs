//! The graph and what became of it, to be looked at: nothing is changed here.
//!
//! - [`dump`], [`snapshot`]: the graph, as `hot.dump()` gives it and as it is drawn.
//! - [`explain`]: what a change would do; [`hint`]: what would make it hot, by what [`evidence`] shows.
//! - [`outcomes`]: what became of each save.
//! - [`broadcast`]: what happens, for other processes.
//! - [`status`]: whether what was saved is live.

mod broadcast;
mod dump;
mod evidence;
mod explain;
mod failure;
mod hint;
mod outcomes;
mod snapshot;
mod status;

pub(super) use broadcast::Broadcasts;
pub use broadcast::Topic;
pub use dump::DumpNode;
pub(super) use evidence::Evidence;
pub use explain::{Explanation, Outcome};
pub use failure::{Failure, Phase};
pub use outcomes::{Became, Outcome as SaveOutcome};
pub(super) use outcomes::{Begun, Outcomes, Report, Stale, Unlinked};
pub use status::{Status, Wait};
