//! A training in which a bad batch is undone ends with the bits of one whose loader leaves the batch out.

use std::sync::Arc;

use everstep_hook::Every;
use everstep_hooks::{CheckpointSaver, Feed, LogValues, NanGuard, OnBadStep, Spike, StopAtStep};
use everstep_tensor::{ErrorKind, Result, Save, Snapshot, Tensor, Variables, Which};
use everstep_testkit::{Fetch, Input, MemorySave};

use crate::training::{Hooks, Runs, train, train_by_the_law};

const STEPS: u64 = 6;

type Train = fn(&Arc<dyn Save>, Hooks<'_>, Runs) -> Result<Option<Snapshot>>;

/// A factor for each position; the weight stays near 8.
fn batch(position: u64) -> f32 {
    1.0 + (position as f32 * 0.37).sin() * 0.3
}

fn guard(on_bad_step: OnBadStep, spike: Option<Spike>) -> NanGuard<Fetch> {
    let guard = NanGuard::new([("weight", Fetch::Update)]).on_bad_step(on_bad_step);
    spike.map_or(guard.clone(), |spike| guard.spike(spike))
}

/// A training of [`STEPS`] steps, with the guard at this place in the list.
fn hooks(
    source: impl Fn(u64) -> f32 + 'static,
    save_steps: u64,
    place: usize,
    guard: NanGuard<Fetch>,
) -> Hooks<'static> {
    let mut hooks: Hooks<'static> = vec![
        Box::new(CheckpointSaver::new(Every::steps(save_steps))),
        Box::new(LogValues::new(Every::steps(2), [("weight", Fetch::Update)]).at_end()),
        Box::new(Feed::new("feed", move |position| Ok(vec![(Input::X, Tensor::scalar(source(position)))]))),
        Box::new(StopAtStep::last_step(STEPS)),
    ];
    hooks.insert(place, Box::new(guard));
    hooks
}

fn memory() -> Arc<dyn Save> {
    Arc::new(MemorySave::new())
}

/// What the last checkpoint holds of the guard's mean.
fn mean(saver: &Arc<dyn Save>) -> Option<Tensor> {
    let checkpoint = saver.open(Which::Newest).ok()??;
    checkpoint.variables.read("hook/nan_guard/mean").ok()
}

/// Poisons each batch in turn, for the guard at each of `places`, and kills and resumes after each number of runs.
#[track_caller]
fn check(train: Train, places: std::ops::Range<usize>, poison: f32, first: u64, spike: Option<Spike>) -> Result<()> {
    let roll_back = OnBadStep::RollBack { in_a_row: 1, in_total: 1 };
    let all = (first..=STEPS).flat_map(|bad| places.clone().map(move |place| (bad, place)));
    for (bad, place) in all {
        for save_steps in [1, 3] {
            let left_out = move |position| batch(position + u64::from(position >= bad));
            let clean = memory();
            let expected = train(&clean, hooks(left_out, save_steps, place, guard(roll_back, spike)), None)?
                .expect("it was not killed");
            let poisoned = move |position| if position == bad { poison } else { batch(position) };
            for killed in 0..=STEPS + 1 {
                let saver = memory();
                let run = |runs| train(&saver, hooks(poisoned, save_steps, place, guard(roll_back, spike)), runs);
                let what = format!("batch {bad}, guard at {place}, saved each {save_steps}, killed after {killed}");
                let model = match run(Some(killed))? {
                    Some(model) => model,
                    None => run(None)?.expect("it was not killed"),
                };
                assert!(model.bit_eq(&expected), "{what}: {model:?} is not {expected:?}");
                let means = mean(&saver).zip(mean(&clean));
                assert!(means.is_some_and(|(mean, expected)| mean.bit_eq(&expected)), "{what}: the means differ");
            }
        }
    }
    Ok(())
}

#[test]
fn a_poisoned_batch_is_as_if_it_were_left_out() -> Result<()> {
    check(train_by_the_law, 0..5, f32::NAN, 0, None)?;
    check(train_by_the_law, 0..5, f32::NEG_INFINITY, 0, None)
}

#[test]
fn a_leap_of_the_loss_is_as_if_its_batch_were_left_out() -> Result<()> {
    let spike = Some(Spike { factor: 10.0, memory: 2 });
    check(train_by_the_law, 0..5, 1e6, 2, spike)?;
    check(train_by_the_law, 0..5, f32::NAN, 0, spike)
}

#[test]
fn the_loop_driver_leaves_a_poisoned_batch_out() -> Result<()> {
    check(train, 0..5, f32::NAN, 0, None)?;
    check(train, 0..5, 1e6, 2, Some(Spike { factor: 10.0, memory: 2 }))
}

#[test]
fn a_stop_keeps_the_last_good_step() -> Result<()> {
    for (place, train) in (0..5).flat_map(|place| [(place, train as Train), (place, train_by_the_law as Train)]) {
        let saver = memory();
        let poisoned = |position| if position == 3 { f32::NAN } else { batch(position) };
        let all = hooks(poisoned, 1, place, guard(OnBadStep::Stop, None));
        let model = train(&saver, all, None)?.expect("it was not killed");
        let weight = (0..3).fold(8.0, |weight, position| weight * batch(position));
        let expected = Snapshot::from_iter([("global_step", Tensor::scalar(3i64)), ("w", Tensor::scalar(weight))]);
        assert!(model.bit_eq(&expected), "guard at {place}: {model:?} is not {expected:?}");
        let kept = saver.open(Which::Newest)?.expect("each step was saved");
        assert_eq!((kept.step, kept.variables.read("w")?.item::<f32>()?), (3, weight));
    }
    Ok(())
}

/// The error of a training whose batches of these positions are poisoned.
#[track_caller]
fn check_limit(bad: &'static [u64], in_a_row: u64, in_total: u64, expected: Option<&str>) {
    let poisoned = |position| if bad.contains(&position) { f32::NAN } else { batch(position) };
    let limits = OnBadStep::RollBack { in_a_row, in_total };
    let saver = memory();
    let mut result = train(&saver, hooks(poisoned, 1, 4, guard(limits, None)), Some(2));
    if matches!(result, Ok(None)) {
        result = train(&saver, hooks(poisoned, 1, 4, guard(limits, None)), None);
    }
    let error = result.err();
    assert_eq!(error.as_ref().map(|error| error.kind()), expected.map(|_| ErrorKind::Diverged));
    let text = error.map(|error| error.to_string());
    assert_eq!(text.as_deref().and_then(|text| text.split_once("; lower")).map(|(what, _)| what), expected);
}

#[test]
fn too_many_bad_steps_fail() {
    check_limit(&[2, 3], 2, 9, None);
    check_limit(&[1, 3, 5], 1, 3, None);
    let row = "hook nan_guard: at step 3 weight is NaN; 2 steps in a row and 2 in all were undone";
    check_limit(&[2, 3, 4], 2, 9, Some(row));
    let total = "hook nan_guard: at step 5 weight is NaN; 0 steps in a row and 2 in all were undone";
    check_limit(&[2, 4, 6], 9, 2, Some(total));
    let none = "hook nan_guard: at step 4 weight is NaN; 0 steps in a row and 0 in all were undone";
    check_limit(&[3], 0, 0, Some(none));
}

#[test]
fn a_spike_that_makes_no_sense_and_a_state_that_no_guard_saved_are_refused() -> Result<()> {
    for (factor, memory) in [(1.0, 5), (f64::NAN, 5), (f64::INFINITY, 5), (2.0, 0)] {
        let guard = guard(OnBadStep::Fail, Some(Spike { factor, memory }));
        let error = train(&super::roll_back::memory(), hooks(batch, 1, 0, guard), None).expect_err("no such spike");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        let text = format!("hook nan_guard: a spike of factor {factor} and memory {memory} in the first of 1 values; ");
        assert!(error.to_string().starts_with(&text), "{error}");
    }
    let saver = memory();
    let spike = Some(Spike { factor: 2.0, memory: 3 });
    train(&saver, hooks(batch, 1, 0, guard(OnBadStep::Fail, spike)), None)?;
    let mut damaged = Snapshot::of(&*saver.open(Which::Newest)?.expect("it was saved").variables)?;
    damaged.insert("hook/nan_guard/mean", Tensor::scalar(f64::NAN));
    saver.save(&everstep_tensor::Saving { step: 99, variables: &damaged, metrics: &[], pinned: false })?;
    let error = train(&saver, hooks(batch, 1, 0, guard(OnBadStep::Fail, spike)), None).expect_err("no guard saved it");
    assert_eq!(error.kind(), ErrorKind::DataLoss);
    Ok(())
}

#[test]
fn a_leap_fails_a_training_whose_guard_rolls_nothing_back() {
    let leaping = |position| if position == 4 { 100.0 } else { 1.0 };
    let guard = guard(OnBadStep::Fail, Some(Spike { factor: 10.0, memory: 4 }));
    let error = train(&memory(), hooks(leaping, 1, 0, guard), None).expect_err("it leaps");
    let expected = "hook nan_guard: at step 5 weight is 800, above 10 times its mean, 8; lower the learning rate";
    assert!(error.to_string().starts_with(expected), "{error}");
}
