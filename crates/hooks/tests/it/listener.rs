//! Listeners of saves.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use everstep_hook::{BeforeRun, Every, Hook};
use everstep_hooks::{CheckpointSaver, Listener, StopAtStep};
use everstep_session::{Clock, Session};
use everstep_tensor::{Checkpoint, Error, ErrorKind, Result, Save, Saving, Snapshot, Tensor, Variables, Which};
use everstep_testkit::{MemorySave, Scripted, VirtualClock};

use crate::training::{Hooks, train};

type Heard = Arc<Mutex<Vec<String>>>;

/// Writes down what it is told, and asks for the end after the save of a step.
struct Recording {
    name: &'static str,
    heard: Heard,
    stop_after: Option<u64>,
}

impl Recording {
    fn note(&self, what: String) {
        self.heard.lock().expect("nobody panics with it").push(format!("{} {what}", self.name));
    }
}

impl Listener for Recording {
    fn begin(&mut self) -> Result<()> {
        self.note("begin".into());
        Ok(())
    }
    fn before_save(&mut self, saving: &Saving<'_>) -> Result<()> {
        self.note(format!("before {}", saving.step));
        Ok(())
    }
    fn after_save(&mut self, saving: &Saving<'_>) -> Result<Option<String>> {
        self.note(format!("after {}", saving.step));
        Ok((self.stop_after == Some(saving.step)).then(|| format!("{} has seen enough", self.name)))
    }
    fn end(&mut self, step: u64) -> Result<()> {
        self.note(format!("end {step}"));
        Ok(())
    }
}

/// Lets so much time pass in each run.
struct Wait(Arc<VirtualClock>, std::vec::IntoIter<u64>);

impl Hook<Scripted> for Wait {
    fn before_run(&mut self, _: &mut BeforeRun<'_, Scripted>) -> Result<()> {
        self.0.sleep(Duration::from_millis(self.1.next().unwrap_or(0)));
        Ok(())
    }
}

struct Training {
    saver: Arc<dyn Save>,
    every: Every,
    /// The time of each run, in milliseconds.
    runs: Vec<u64>,
    listeners: &'static [&'static str],
    stop_after: Option<u64>,
}

impl Training {
    fn new(every: Every, runs: &[u64]) -> Self {
        let saver = Arc::new(MemorySave::new());
        Self { saver, every, runs: runs.to_vec(), listeners: &["a"], stop_after: None }
    }

    /// What the listeners were told, and how the training ended.
    fn run(self) -> (Vec<String>, Result<Option<Snapshot>>) {
        let (heard, clock) = (Heard::default(), Arc::new(VirtualClock::new()));
        let listener = |name: &&'static str| {
            let (heard, stop_after) = (heard.clone(), self.stop_after);
            Box::new(Recording { name, heard, stop_after }) as Box<dyn Listener>
        };
        let hook = CheckpointSaver::new(self.every).with_clock(clock.clone());
        let (hook, saver) = hook.listeners(self.saver, self.listeners.iter().map(listener).collect());
        let stop = StopAtStep::last_step(self.runs.len() as u64);
        let hooks: Hooks<'_> = vec![Box::new(Wait(clock, self.runs.into_iter())), Box::new(hook), Box::new(stop)];
        let trained = train(&saver, hooks, None);
        let heard = heard.lock().expect("nobody panics with it").clone();
        (heard, trained)
    }
}

#[track_caller]
fn check(training: Training, expected: &[&str]) {
    let (heard, trained) = training.run();
    assert!(trained.is_ok(), "{trained:?}");
    assert_eq!(heard, expected);
}

#[test]
fn case_130_139_the_first_and_the_last_save_are_told() {
    let two_quick = Training::new(Every::secs(2.0), &[10, 10]);
    check(two_quick, &["a begin", "a before 0", "a after 0", "a before 2", "a after 2", "a end 2"]);
}

#[test]
fn case_131_133_a_step_that_is_saved_is_not_saved_again_at_the_end() -> Result<()> {
    let training = Training::new(Every::steps(1), &[0, 0]);
    let saver = training.saver.clone();
    let saves = ["a before 0", "a after 0", "a before 1", "a after 1", "a before 2", "a after 2"];
    check(training, &[&["a begin"], &saves[..], &["a end 2"]].concat());
    let reopened = saver.open(Which::Newest)?.expect("it was saved");
    assert_eq!(reopened.variables.read("global_step")?.item::<i64>()?, 2);
    Ok(())
}

#[test]
fn case_134_listeners_are_told_in_the_order_of_the_list() {
    let training = Training { listeners: &["b", "a"], ..Training::new(Every::NEVER, &[0]) };
    let expected = [
        "b begin",
        "a begin",
        "b before 0",
        "a before 0",
        "b after 0",
        "a after 0",
        "b before 1",
        "a before 1",
        "b after 1",
        "a after 1",
        "b end 1",
        "a end 1",
    ];
    check(training, &expected);
}

#[test]
fn case_136_each_period_is_told() {
    // Runs that end at 0.5, 0.5, 3, 3.5, 4, 6.5 and 7 s.
    let training = Training::new(Every::secs(2.0), &[500, 0, 2500, 500, 500, 2500, 500]);
    let (heard, trained) = training.run();
    assert!(trained.is_ok(), "{trained:?}");
    let saved: Vec<&String> = heard.iter().filter(|heard| heard.starts_with("a after")).collect();
    assert_eq!(saved, ["a after 0", "a after 3", "a after 6", "a after 7"]);
}

#[test]
fn a_listener_ends_the_training_and_the_others_are_told_all_the_same() {
    let stopping =
        |stop_after| Training { stop_after, listeners: &["a", "b"], ..Training::new(Every::steps(1), &[0; 9]) };
    let (heard, trained) = stopping(Some(2)).run();
    assert!(trained.is_ok(), "{trained:?}");
    assert_eq!(heard[heard.len() - 4..], ["a after 2", "b after 2", "a end 2", "b end 2"]);
    let (heard, _) = stopping(Some(0)).run();
    assert_eq!(heard[heard.len() - 4..], ["a after 0", "b after 0", "a end 0", "b end 0"]);
}

/// Fails at the save of a step.
struct Full(MemorySave, u64);

impl Save for Full {
    fn save(&self, saving: &Saving<'_>) -> Result<()> {
        if saving.step == self.1 {
            return Err(Error::new(ErrorKind::ResourceExhausted, "no space left"));
        }
        self.0.save(saving)
    }
    fn open(&self, which: Which) -> Result<Option<Checkpoint>> {
        self.0.open(which)
    }
}

#[track_caller]
fn check_failure(every: Every, failing: u64, expected: &[&str]) {
    let saver = Arc::new(Full(MemorySave::new(), failing));
    let (heard, trained) = Training { saver, ..Training::new(every, &[0, 0]) }.run();
    assert_eq!(trained.err().map(|error| error.kind()), Some(ErrorKind::ResourceExhausted));
    assert_eq!(heard, expected);
}

#[test]
fn a_save_that_fails_has_no_after_and_a_training_that_fails_no_end() {
    check_failure(Every::steps(1), 1, &["a begin", "a before 0", "a after 0", "a before 1"]);
    check_failure(Every::NEVER, 2, &["a begin", "a before 0", "a after 0", "a before 2"]);
}

/// Adds four steps to that of each run.
struct FiveAtOnce;

impl Hook<Scripted> for FiveAtOnce {
    fn before_run(&mut self, run: &mut BeforeRun<'_, Scripted>) -> Result<()> {
        let step = run.global_step() as i64;
        run.session().variables_mut().assign("global_step", Tensor::scalar(step + 4))
    }
}

#[test]
fn case_143_the_last_of_many_steps_a_run_is_saved() -> Result<()> {
    let memory = Arc::new(MemorySave::new());
    let saver: Arc<dyn Save> = memory.clone();
    let hooks: Hooks<'_> = vec![
        Box::new(FiveAtOnce),
        Box::new(CheckpointSaver::new(Every::steps(10))),
        Box::new(StopAtStep::last_step(15)),
    ];
    train(&saver, hooks, None)?;
    assert_eq!(memory.steps(), [0, 10, 15]);
    Ok(())
}
