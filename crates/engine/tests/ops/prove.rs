//! That a check holds, and that it would not if a fault were planted in what it checks.

use std::sync::Arc;

use everstep_tensor::DType;
use proptest::{
    strategy::{BoxedStrategy, Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use crate::{
    entry::{Case, Entry},
    program::Checked,
    subject::{EVERY, Fault, Subject},
};

/// The check of one case by a subject.
pub(crate) type Check<'a> = &'a dyn Fn(&Case, &Arc<Subject>) -> Checked;

/// Cases of a column and dtype.
const CASES: u32 = 6;

/// Cases that a fault may be looked for in: now and then one cannot show it, such as a relu of negative numbers.
const ATTEMPTS: usize = 6;

/// Elements that may be spoiled before a fault of an output counts as unseen.
const ELEMENTS: usize = 24;

/// The check must hold on some cases, on the edges, and fail for each fault.
///
/// The cases are the same every time; `PROPTEST_CASES` asks for more of them.
pub(crate) fn holds(
    entry: &Entry,
    dtype: DType,
    strategy: &BoxedStrategy<Case>,
    edges: &[Case],
    check: Check<'_>,
) -> Checked {
    let sound = Arc::new(Subject::cpu(1));
    let context = |case: &Case, error: String| format!("{} of {dtype}, {case:?}: {error}", entry.name);
    for case in edges {
        check(case, &sound).map_err(|error| context(case, error))?;
    }
    let outcome = runner(CASES).run(strategy, |case| check(&case, &sound).map_err(TestCaseError::fail));
    match outcome {
        Ok(()) => finds_faults(entry, dtype, strategy, check),
        Err(TestError::Fail(error, case)) => Err(context(&case, error.message().to_owned())),
        Err(TestError::Abort(error)) => Err(error.message().to_owned()),
    }
}

/// A runner whose cases are the same every time.
pub(crate) fn runner(count: u32) -> TestRunner {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = Config { cases: asked.unwrap_or(count), failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Every fault shows in one of a few cases.
fn finds_faults(entry: &Entry, dtype: DType, strategy: &BoxedStrategy<Case>, check: Check<'_>) -> Checked {
    let mut runner = runner(1);
    let mut unseen = String::new();
    for _ in 0..ATTEMPTS {
        let case = strategy.new_tree(&mut runner).map_err(|reason| reason.message().to_owned())?.current();
        match shows_faults(entry, &case, &Subject::cpu(1), check) {
            Ok(()) => return Ok(()),
            Err(fault) => unseen = fault,
        }
    }
    Err(format!("{} of {dtype}: {unseen}", entry.name))
}

/// A fault in some element of each kernel and of each value makes the check fail; of a composition some kernel is enough.
pub(crate) fn shows_faults(entry: &Entry, case: &Case, sound: &Subject, check: Check<'_>) -> Checked {
    let subject = Arc::new(Subject::cpu(1));
    check(case, &subject)?;
    if subject.values().iter().sum::<usize>() == 0 {
        return Err("there is no element to plant a fault in".into());
    }
    let is_found = |fault| check(case, &Arc::new(sound.with(fault))).is_err();
    let (mut seen, mut unseen) = (0, Vec::new());
    for (call, outputs) in subject.calls().into_iter().enumerate() {
        let fault = |output, element| Fault::Kernel { call, output, element };
        let faults = |(output, elements): (usize, &usize)| some(*elements).map(move |element| fault(output, element));
        let mut faults = outputs.iter().enumerate().flat_map(faults).peekable();
        match faults.peek().is_none() || faults.any(is_found) {
            true => seen += 1,
            false => unseen.push(call),
        }
    }
    let is_proven = unseen.is_empty() || entry.composed && seen > 0;
    if !is_proven {
        return Err(format!("faults in kernels {unseen:?} are not found: {case:?}"));
    }
    for (value, elements) in subject.values().into_iter().enumerate() {
        let mut single = some(elements).filter(|element| *element != EVERY).peekable();
        if single.peek().is_some() && !single.any(|element| is_found(Fault::Value { value, element })) {
            return Err(format!("a fault in value {value} is not found: {case:?}"));
        }
    }
    Ok(())
}

/// Some of so many elements, the middle one first, and then every one if there are more.
fn some(elements: usize) -> impl Iterator<Item = usize> {
    let stride = elements.div_ceil(ELEMENTS).max(1);
    let single = (0..elements.min(ELEMENTS)).map(move |place| (elements / 2 + place * stride) % elements);
    single.chain((elements > ELEMENTS).then_some(EVERY))
}
