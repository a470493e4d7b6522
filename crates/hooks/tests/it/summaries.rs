//! What declared summaries make of the values they are given.

use std::sync::Arc;

use everstep_event::{Array, Audio, Channels, Elements, Histogram, Image, Memory, PrCurve, Summary, What};
use everstep_hook::{Every, StartedFrom};
use everstep_hooks::SummarySaver;
use everstep_tensor::{ErrorKind, Result, Tensor};

use crate::driver::Driver;

/// What a summary of `values`, the fetches `a` and `b`, says at the first step.
fn said(summary: Summary<&'static str>, values: [fn(u64) -> Tensor; 2]) -> Result<Vec<What>> {
    let (mut driver, sink) = (Driver::new().value("a", values[0]).value("b", values[1]), Arc::new(Memory::new()));
    let mut hook = SummarySaver::new(Every::steps(3), [summary], sink.clone());
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 3)?;
    assert_eq!(driver.times_fetched("a"), 1, "it is asked for in the run that needs it alone");
    Ok(sink.events().into_iter().map(|event| event.what).filter(|what| what.tag().is_some()).collect())
}

fn none(_: u64) -> Tensor {
    Tensor::scalar(0.0f32)
}

fn tensor<T: everstep_tensor::Element>(shape: &[usize], elements: Vec<T>) -> Tensor {
    Tensor::from_vec(shape, elements).expect("as many elements as the shape has")
}

#[track_caller]
fn check(summary: Summary<&'static str>, value: fn(u64) -> Tensor, expected: What) {
    match said(summary, [value, none]) {
        Ok(said) => assert_eq!(said, [expected]),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_histogram_is_of_the_elements_of_any_type() {
    let expected = || What::histogram("h", Histogram::of([-1.0, 0.0, 2.0, 2.0]));
    let summary = || Summary::histogram("h", "a");
    check(summary(), |_| tensor(&[2, 2], vec![-1.0f32, 0.0, 2.0, 2.0]), expected());
    check(summary(), |_| tensor(&[4], vec![-1i64, 0, 2, 2]), expected());
    check(summary(), |_| tensor(&[2], vec![true, false]), What::histogram("h", Histogram::of([1.0, 0.0])));
}

#[test]
fn images_are_the_first_of_a_batch_bytes_as_they_are_and_floats_scaled() -> Result<()> {
    let grey = |pixels: [u8; 2]| Image::new(2, 1, Channels::Grey, pixels);
    let bytes = What::images("i", [grey([0, 7])?, grey([9, 255])?]);
    check(Summary::images("i", "a", 2), |_| tensor(&[3, 1, 2, 1], vec![0u8, 7, 9, 255, 1, 1]), bytes);
    let floats = What::images("i", [grey([0, 255])?, grey([255, 0])?]);
    check(Summary::images("i", "a", 5), |_| tensor(&[2, 1, 2, 1], vec![0.0f64, 0.5, 8.0, 0.0]), floats);
    Ok(())
}

#[test]
fn sounds_are_the_first_of_a_batch_of_one_channel_or_more() -> Result<()> {
    let mono = What::audio("s", [Audio::new(8000, 1, [0.5, -0.5])?]);
    check(Summary::audio("s", "a", 8000, 1), |_| tensor(&[2, 2], vec![0.5f32, -0.5, 0.0, 0.0]), mono);
    let stereo = What::audio("s", [Audio::new(8000, 2, [0.5, -0.5])?]);
    check(Summary::audio("s", "a", 8000, 3), |_| tensor(&[1, 1, 2], vec![0.5f32, -0.5]), stereo);
    Ok(())
}

#[test]
fn a_text_is_a_table_and_a_tensor_is_itself() -> Result<()> {
    let table = "|  | 0 | 1 |\n|---|---|---|\n| 0 | 9 | 1 |\n| 1 | 0.5 | 8 |\n";
    check(Summary::text("t", "a"), |_| tensor(&[2, 2], vec![9.0f32, 1.0, 0.5, 8.0]), What::text("t", table));
    check(Summary::text("t", "a"), |_| Tensor::scalar(0.25f32), What::text("t", "0.25"));
    let array = Array::new([2, 1], Elements::I32([3, 4].into()))?;
    check(Summary::tensor("x", "a"), |_| tensor(&[2, 1], vec![3i32, 4]), What::tensor("x", array));
    Ok(())
}

#[test]
fn a_precision_recall_curve_takes_two_values() -> Result<()> {
    let labels: fn(u64) -> Tensor = |_| tensor(&[3], vec![1i64, 0, 1]);
    let curve = PrCurve::of([(true, 0.875), (false, 0.5), (true, 0.25)], 3)?;
    let summary = || Summary::pr_curve("p", "a", "b", 3);
    let said_of = said(summary(), [labels, |_| tensor(&[3], vec![0.875f32, 0.5, 0.25])])?;
    assert_eq!(said_of, [What::pr_curve("p", curve)]);
    let error = said(summary(), [labels, |_| tensor(&[2], vec![0.5f32, 0.5])]).expect_err("one is missing");
    assert_eq!(error.to_string(), "summary p: there are 3 labels and 2 predictions; give as many");
    Ok(())
}

#[test]
fn several_summaries_share_a_run_and_keep_their_order() -> Result<()> {
    let mut driver =
        Driver::new().value("a", |step| Tensor::scalar(step as f32)).value("b", |_| tensor(&[1], vec![1u8]));
    let sink = Arc::new(Memory::new());
    let summaries = [("one", "a").into(), Summary::pr_curve("two", "b", "b", 2), ("three", "a").into()];
    let mut hook = SummarySaver::new(Every::steps(2), summaries, sink.clone());
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 4)?;
    let events = sink.events();
    let said: Vec<_> = events.iter().filter_map(|e| Some((e.step, &**e.what.tag()?))).collect();
    assert_eq!(said, [(1, "one"), (1, "two"), (1, "three"), (3, "one"), (3, "two"), (3, "three")]);
    Ok(())
}

#[test]
fn a_value_that_does_not_fit_is_an_error_that_names_the_summary() {
    #[track_caller]
    fn check(summary: Summary<&'static str>, value: fn(u64) -> Tensor, expected: &str) {
        let error = said(summary, [value, none]).expect_err("it does not fit");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(error.to_string(), expected);
    }
    let vector: fn(u64) -> Tensor = |_| tensor(&[2], vec![1.0f32, 2.0]);
    check(
        Summary::images("i", "a", 1),
        vector,
        "summary i: images take a shape [images, height, width, channels], not [2]",
    );
    check(
        Summary::images("i", "a", 1),
        |_| tensor(&[1, 1, 1, 5], vec![0u8; 5]),
        "summary i: images have 1 to 4 channels, not 5",
    );
    check(
        Summary::audio("s", "a", 8000, 1),
        vector,
        "summary s: audio takes a shape [sounds, moments] or [sounds, moments, channels], not [2]",
    );
    check(
        Summary::text("t", "a"),
        |_| tensor(&[1, 1, 1], vec![0u8]),
        "summary t: a table takes [columns] or [rows, columns], not [1, 1, 1]",
    );
}
