//! The held-out part: stratified, deterministic, pinned for the digits.

use everstep_data::{DIGITS_SPLIT_SEED, Dataset, digits, stratified_split};
use everstep_tensor::{ErrorKind, Tensor};
use proptest::prelude::*;

use crate::{check_error, checksum};

/// Samples with these labels, and their numbers.
fn labelled(labels: Vec<i64>) -> Dataset {
    let row = Tensor::from_vec([labels.len()], (0..labels.len() as i64).collect()).unwrap();
    Dataset::new(vec![("row", row), ("labels", Tensor::from_vec([labels.len()], labels).unwrap())]).unwrap()
}

fn column(dataset: &Dataset, name: &str) -> Vec<i64> {
    dataset.all().column(name).unwrap().as_slice().unwrap().to_vec()
}

proptest! {
    #[test]
    fn parts_are_whole_ordered_and_stratified(
        labels in proptest::collection::vec(-2i64..3, 0..100), fraction in 0.0f64..=1.0, seed in any::<u64>(),
    ) {
        let dataset = labelled(labels.clone());
        let (train, test) = stratified_split(&dataset, "labels", fraction, seed).unwrap();
        let parts = [column(&train, "row"), column(&test, "row")];
        prop_assert!(parts.iter().all(|rows| rows.is_sorted()));
        let mut all = parts.concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..labels.len() as i64).collect::<Vec<_>>());
        for class in -2..3 {
            let count = |labels: &[i64]| labels.iter().filter(|label| **label == class).count();
            let expected = (count(&labels) as f64 * fraction).round() as usize;
            prop_assert_eq!(count(&column(&test, "labels")), expected);
        }
        let (_, again) = stratified_split(&dataset, "labels", fraction, seed).unwrap();
        prop_assert_eq!(column(&again, "row"), column(&test, "row"));
    }
}

#[test]
fn a_new_class_leaves_the_others_as_they_were() {
    let few = labelled([1, 2].repeat(20));
    let more = labelled([[1, 2].repeat(20), vec![0; 20]].concat());
    let held_out = |dataset| column(&stratified_split(dataset, "labels", 0.25, 3).unwrap().1, "row");
    assert_eq!(held_out(&few).len(), 10);
    assert_eq!(held_out(&more)[..10], held_out(&few));
}

#[test]
fn seeds_differ() {
    let dataset = labelled(vec![0; 100]);
    let held_out = |seed| column(&stratified_split(&dataset, "labels", 0.5, seed).unwrap().1, "row");
    assert_ne!(held_out(0), held_out(1));
}

/// Published accuracies of the digits are on exactly these samples.
#[test]
fn the_held_out_digits_are_pinned() {
    let all = digits();
    let (train, test) = stratified_split(&all, "labels", 0.2, DIGITS_SPLIT_SEED).unwrap();
    assert_eq!((train.len(), test.len()), (1438, 359));
    let labels = column(&test, "labels");
    let counts: Vec<usize> = (0..10).map(|class| labels.iter().filter(|label| **label == class).count()).collect();
    assert_eq!(counts, [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]);

    let rows = Tensor::from_vec([1797], (0..1797).collect::<Vec<i64>>()).unwrap();
    let numbered = Dataset::new(vec![("row", rows), ("labels", all.all().column("labels").unwrap().clone())]).unwrap();
    let (_, test) = stratified_split(&numbered, "labels", 0.2, DIGITS_SPLIT_SEED).unwrap();
    let rows = column(&test, "row");
    assert_eq!(rows[..8], [4, 6, 8, 12, 13, 14, 22, 23]);
    assert_eq!(checksum(rows.iter().flat_map(|row| row.to_le_bytes())), 0xa019_c852);
}

#[test]
fn what_cannot_be_split_is_refused() {
    let dataset = labelled(vec![0, 1]);
    check_error(stratified_split(&dataset, "class", 0.2, 0), ErrorKind::NotFound, &["class", "row, labels"]);
    for fraction in [-0.1, 1.1, f64::NAN] {
        check_error(stratified_split(&dataset, "labels", fraction, 0), ErrorKind::InvalidArgument, &["from 0 to 1"]);
    }
    let (train, _) = stratified_split(&digits(), "labels", 0.2, 0).unwrap();
    check_error(stratified_split(&train, "x", 0.2, 0), ErrorKind::InvalidArgument, &["labels x", "shape"]);
    let floats = Dataset::new(vec![("labels", Tensor::from_vec([2], vec![0.0f32, 1.0]).unwrap())]).unwrap();
    check_error(stratified_split(&floats, "labels", 0.2, 0), ErrorKind::InvalidArgument, &["labels", "f32"]);
}
