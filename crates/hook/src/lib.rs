//! Watch every run of a training loop without owning the loop.
#![doc = include_str!("../README.md")]

mod feeders;
mod hook;
mod run;
mod save_request;
mod start;
mod times;
mod trigger;
mod verdict;
mod when;

pub use feeders::Feeders;
pub use hook::Hook;
pub use run::{AfterRun, BeforeRun};
pub use save_request::SaveRequest;
pub use start::{Start, StartedFrom};
pub use times::{Part, Times};
pub use trigger::{Elapsed, Trigger};
pub use verdict::Verdict;
pub use when::{Every, When};
