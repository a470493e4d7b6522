//! The order: pinned numbers, a permutation at every length, and no order preferred.

use std::collections::{BTreeMap, BTreeSet};

use super::{Permutation, output};

#[track_caller]
fn check(len: usize, seed: u64, stream: u64, expected: &[usize]) {
    let order = Permutation::new(len, seed, stream);
    let first: Vec<usize> = (0..expected.len()).map(|index| order.row(index)).collect();
    assert_eq!(first, expected);
}

#[test]
fn split_mix_gives_its_published_numbers() {
    assert_eq!([output(0, 0), output(0, 1)], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    assert_eq!(output(1_234_567, 0), 6_457_827_717_110_365_317);
}

/// Computed by a second program, written from the publications.
#[test]
fn orders_are_pinned() {
    check(10, 0, 0, &[9, 7, 8, 4, 2, 6, 0, 1, 5, 3]);
    check(10, 0, 1, &[5, 1, 8, 2, 6, 3, 7, 4, 9, 0]);
    check(10, 1, 0, &[0, 8, 6, 5, 4, 3, 7, 2, 1, 9]);
    check(1, 5, 5, &[0]);
    check(1797, 42, 3, &[322, 556, 1306, 1435, 1160, 315, 1198, 536]);
    check(60_000, u64::MAX, 1_000_000_000, &[6496, 36657, 789, 58239, 10223, 54895, 38823, 15405]);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_longest_order_is_pinned() {
    check(usize::MAX, 7, 11, &[4_197_589_157_549_458_750, 14_620_517_630_298_370_408, 12_545_761_197_305_192_197]);
}

#[test]
fn every_length_is_a_permutation() {
    for len in (0..200).chain([1023, 1024, 1025, 10_007]) {
        let order = Permutation::new(len, 3, len as u64);
        let rows: BTreeSet<usize> = (0..len).map(|index| order.row(index)).collect();
        assert!(rows.into_iter().eq(0..len), "of length {len}");
    }
}

/// Chi-squared over all orders of a few rows, below the value that chance exceeds once in a thousand.
#[test]
fn no_order_is_preferred() {
    const EACH: usize = 200;
    for (len, orders, critical) in [(2, 2, 10.83), (3, 6, 20.52), (4, 24, 49.73), (5, 120, 173.6)] {
        for (seeds, streams) in [(orders * EACH, 1), (1, orders * EACH)] {
            let mut counts = BTreeMap::<Vec<usize>, usize>::new();
            for (seed, stream) in (0..seeds).flat_map(|seed| (0..streams).map(move |stream| (seed, stream))) {
                let order = Permutation::new(len, seed as u64, stream as u64);
                *counts.entry((0..len).map(|index| order.row(index)).collect()).or_default() += 1;
            }
            assert_eq!(counts.len(), orders);
            let square = |count: &usize| (*count as f64 - EACH as f64).powi(2) / EACH as f64;
            let chi_squared: f64 = counts.values().map(square).sum();
            assert!(chi_squared < critical, "{chi_squared} for {len} rows over {seeds} seeds");
        }
    }
}
