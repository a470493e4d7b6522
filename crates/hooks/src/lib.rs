//! Ready-made hooks for the Everstep training loop: stop, count, summarise, save, log, guard, feed, show progress.
#![doc = include_str!("../README.md")]

mod checkpoint_saver;
mod feed;
mod log_values;
mod nan_guard;
#[cfg(feature = "indicatif")]
mod progress;
mod sending;
mod step_counter;
mod stop_at_step;
mod summary_saver;
mod text;

pub use checkpoint_saver::CheckpointSaver;
pub use feed::Feed;
pub use log_values::LogValues;
pub use nan_guard::NanGuard;
#[cfg(feature = "indicatif")]
pub use progress::Progress;
pub use step_counter::StepCounter;
pub use stop_at_step::StopAtStep;
pub use summary_saver::SummarySaver;
