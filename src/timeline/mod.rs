//! Time travel: history with checkpoints, seek, fork, the causes of an event, and the share link.
//!
//! A history is a seed and commands. Everything else is found again by running it: from the nearest checkpoint,
//! which is a cheap clone of the world.

mod causes;
mod director;
mod history;
pub mod link;
mod step_index;
#[allow(clippy::module_inception)]
mod timeline;

pub use director::{Director, Observation};
pub use history::{History, Mark};
pub use timeline::{BranchId, BranchInfo, Place, Timeline, Unit};
