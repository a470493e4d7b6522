//! Each hook's rule at the first step, by its period, at the last step and after a restore; its errors; its name.

mod checkpoint_saver;
mod driver;
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
mod roll_back;
#[cfg(all(unix, feature = "signal-hook"))]
mod signals;
mod step_counter;
mod stop_at_step;
mod summaries;
mod summary_saver;
mod time_limit;
mod tolerant;
mod training;
mod watchdog;

use std::sync::Arc;

use driver::Scripted;
use everstep_event::Memory;
use everstep_hook::{Every, Hook};
use everstep_hooks::{CheckpointSaver, Feed, LogValues, NanGuard, StepCounter, StopAtStep, SummarySaver};

#[test]
fn names_are_fixed() {
    let sink = Arc::new(Memory::new());
    let none = Vec::<(String, &str)>::new();
    let hooks: [Box<dyn Hook<Scripted>>; 7] = [
        Box::new(StopAtStep::last_step(1)),
        Box::new(StepCounter::new(Every::NEVER, sink.clone())),
        Box::new(SummarySaver::new(Every::NEVER, none.clone(), sink)),
        Box::new(CheckpointSaver::new(Every::NEVER)),
        Box::new(LogValues::new(Every::NEVER, none.clone())),
        Box::new(NanGuard::new(none)),
        Box::new(Feed::new("feed", |_| Ok(vec![]))),
    ];
    let names: Vec<&str> = hooks.iter().map(|hook| hook.name()).collect();
    let expected =
        ["stop_at_step", "step_counter", "summary_saver", "checkpoint_saver", "log_values", "nan_guard", "feed"];
    assert_eq!(names, expected);
}

#[test]
fn names_of_guards_and_feeds_are_fixed() {
    use everstep_hooks::{
        Direction, EarlyStopping, FeedFn, FinalOps, GlobalStepWaiter, OnFailure, TimeLimit, Tolerant, Watchdog,
    };
    use std::time::Duration;

    let hooks: [Box<dyn Hook<Scripted>>; 7] = [
        Box::new(FeedFn::new(|| Ok(vec![]))),
        Box::new(FinalOps::new(["loss"], [])),
        Box::new(GlobalStepWaiter::new(1)),
        Box::new(EarlyStopping::new("loss", Direction::Lower, 1)),
        Box::new(TimeLimit::new(Duration::ZERO)),
        Box::new(Watchdog::new(Duration::ZERO)),
        Box::new(Tolerant::new(StopAtStep::last_step(1), OnFailure::Disable)),
    ];
    let names: Vec<&str> = hooks.iter().map(|hook| hook.name()).collect();
    let expected =
        ["feed_fn", "final_ops", "global_step_waiter", "early_stopping", "time_limit", "watchdog", "stop_at_step"];
    assert_eq!(names, expected);
}
