//! Ready-made hooks for the Everstep training loop: stop, count, summarise, save, log, guard, feed, show progress.
#![doc = include_str!("../README.md")]

mod checkpoint_saver;
mod early_stopping;
mod evaluation;
mod feed;
mod feed_fn;
mod final_ops;
mod global_step_waiter;
mod listener;
mod log_values;
mod memory_use;
mod nan_guard;
#[cfg(feature = "serde_json")]
mod profiler;
#[cfg(feature = "indicatif")]
mod progress;
mod sampled;
mod sending;
#[cfg(feature = "signal-hook")]
mod signals;
mod step_counter;
mod stop_after_evals;
mod stop_at_step;
mod summaries;
mod summary_at_end;
mod summary_saver;
mod text;
mod time_limit;
mod tolerant;
mod watchdog;

pub use checkpoint_saver::CheckpointSaver;
pub use early_stopping::{Direction, EarlyStopping};
pub use evaluation::Evaluation;
pub use feed::Feed;
pub use feed_fn::FeedFn;
pub use final_ops::FinalOps;
pub use global_step_waiter::GlobalStepWaiter;
pub use listener::Listener;
pub use log_values::LogValues;
pub use memory_use::MemoryUse;
pub use nan_guard::{NanGuard, OnBadStep, Spike};
#[cfg(feature = "serde_json")]
pub use profiler::Profiler;
#[cfg(feature = "indicatif")]
pub use progress::Progress;
#[cfg(feature = "signal-hook")]
pub use signals::{Signal, Signals};
pub use step_counter::StepCounter;
pub use stop_after_evals::StopAfterEvals;
pub use stop_at_step::StopAtStep;
pub use summary_at_end::SummaryAtEnd;
pub use summary_saver::SummarySaver;
pub use time_limit::TimeLimit;
pub use tolerant::{OnFailure, Tolerant};
pub use watchdog::Watchdog;
