//! Each hook's rule at the first step, by its period, at the last step and after a restore; its errors; its name.

mod checkpoint_saver;
mod driver;
mod feed;
mod log_values;
mod nan_guard;
mod step_counter;
mod stop_at_step;
mod summary_saver;

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
