//! The law of the loader: a batch is a pure function of seed and position.

use std::collections::BTreeMap;

use everstep_data::{LastBatch, Loader, LoaderOptions, Shuffle};
use everstep_tensor::ErrorKind;
use proptest::prelude::*;

use crate::{check_error, numbered, outcome, rows};

fn loader(len: usize, options: LoaderOptions) -> Loader {
    Loader::new(numbered(len), options).unwrap()
}

/// The rows of one epoch in order.
fn epoch(loader: &Loader, epoch: u64) -> Vec<i64> {
    let batches = loader.batches_per_epoch();
    (epoch * batches..(epoch + 1) * batches).flat_map(|position| rows(&loader.batch(position).unwrap())).collect()
}

fn sorted(mut rows: Vec<i64>) -> Vec<i64> {
    rows.sort_unstable();
    rows
}

fn any_last() -> impl Strategy<Value = LastBatch> {
    prop_oneof![Just(LastBatch::Partial), Just(LastBatch::Drop), Just(LastBatch::Wrap)]
}

fn any_options() -> impl Strategy<Value = (usize, LoaderOptions)> {
    let shuffle = prop_oneof![Just(Shuffle::None), Just(Shuffle::PerEpoch)];
    (1usize..60, 1usize..20, any::<u64>(), shuffle, any_last(), proptest::option::of(0u64..5)).prop_map(
        |(more, batch, seed, shuffle, last, epochs)| {
            (batch + more, LoaderOptions { batch, seed, shuffle, last, epochs })
        },
    )
}

proptest! {
    #[test]
    fn a_batch_depends_on_its_position_alone(
        (len, options) in any_options(),
        positions in proptest::collection::vec(prop_oneof![0u64..100, any::<u64>()], 1..30),
    ) {
        let shared = loader(len, options.clone());
        let mut seen = BTreeMap::new();
        for position in positions {
            let fresh = outcome(loader(len, options.clone()).batch(position));
            prop_assert_eq!(&outcome(shared.batch(position)), &fresh);
            prop_assert_eq!(seen.entry(position).or_insert_with(|| fresh.clone()), &fresh);
        }
    }

    #[test]
    fn every_epoch_is_a_permutation(
        len in 1usize..200, batch in 1usize..50, seed in any::<u64>(), number in 0u64..1_000_000_000_000,
    ) {
        let loader = loader(len, LoaderOptions { batch, seed, ..Default::default() });
        prop_assert_eq!(sorted(epoch(&loader, number)), (0..len as i64).collect::<Vec<_>>());
    }

    /// Two orders of 40 rows are equal by chance once in 10^47.
    #[test]
    fn epochs_and_seeds_differ(seed in any::<u64>(), others in any::<(u64, u32, u32)>()) {
        let (other, first, second) = (others.0, u64::from(others.1), u64::from(others.2));
        let of = |seed| loader(40, LoaderOptions { seed, ..Default::default() });
        prop_assume!(other != seed && first != second);
        prop_assert_ne!(epoch(&of(seed), first), epoch(&of(seed), second));
        prop_assert_ne!(epoch(&of(seed), first), epoch(&of(other), first));
    }

    #[test]
    fn shards_joined_are_the_batch((len, options) in any_options(), position in 0u64..1000, of in 1usize..30) {
        let loader = loader(len, options);
        let whole = outcome(loader.batch(position));
        let shards = (0..of).map(|rank| outcome(loader.batch_shard(position, rank, of)));
        let shards = shards.collect::<Result<Vec<_>, _>>();
        prop_assert_eq!(shards.clone().map(|shards| shards.concat()), whole);
        if let Ok(shards) = shards {
            let lengths = || shards.iter().map(Vec::len);
            prop_assert!(lengths().max().unwrap() - lengths().min().unwrap() <= 1);
        }
    }

    #[test]
    fn full_batches_come_first(len in 1usize..100, batch in 1usize..100, last in any_last()) {
        prop_assume!(batch <= len || last == LastBatch::Partial);
        let loader = loader(len, LoaderOptions { batch, last, ..Default::default() });
        for position in 0..loader.batches_per_epoch() - 1 {
            prop_assert_eq!(loader.batch(position).unwrap().len(), batch);
        }
    }
}

/// A changed order would break the resume of every training that is under way.
#[test]
fn the_order_is_pinned() {
    let loader = loader(10, LoaderOptions { batch: 4, ..Default::default() });
    assert_eq!(rows(&loader.batch(0).unwrap()), [9, 7, 8, 4]);
    assert_eq!(rows(&loader.batch(1).unwrap()), [2, 6, 0, 1]);
    assert_eq!(rows(&loader.batch(2).unwrap()), [5, 3]);
    assert_eq!(rows(&loader.batch(3).unwrap()), [5, 1, 8, 2]);
}

#[test]
fn without_shuffling_the_order_is_the_dataset_s() {
    let loader = loader(5, LoaderOptions { batch: 2, shuffle: Shuffle::None, ..Default::default() });
    assert_eq!(epoch(&loader, 0), [0, 1, 2, 3, 4]);
    assert_eq!(epoch(&loader, 9), [0, 1, 2, 3, 4]);
}

#[test]
fn the_last_batch_is_kept_dropped_or_filled() {
    #[track_caller]
    fn check(last: LastBatch, expected: &[&[i64]]) {
        let options = LoaderOptions { batch: 3, shuffle: Shuffle::None, last, epochs: Some(1), ..Default::default() };
        let loader = loader(5, options);
        assert_eq!(loader.batches_per_epoch(), expected.len() as u64);
        for (position, expected) in (0..).zip(expected) {
            assert_eq!(rows(&loader.batch(position).unwrap()), *expected);
        }
        assert_eq!(outcome(loader.batch(expected.len() as u64)), Err(ErrorKind::EndOfInput));
    }
    check(LastBatch::Partial, &[&[0, 1, 2], &[3, 4]]);
    check(LastBatch::Drop, &[&[0, 1, 2]]);
    check(LastBatch::Wrap, &[&[0, 1, 2], &[3, 4, 0]]);
}

#[test]
fn wrapping_keeps_to_the_order_of_its_epoch() {
    let loader = loader(10, LoaderOptions { batch: 4, last: LastBatch::Wrap, ..Default::default() });
    assert_eq!(rows(&loader.batch(2).unwrap()), [5, 3, 9, 7]);
}

#[test]
fn what_divides_evenly_leaves_nothing_over() {
    for last in [LastBatch::Partial, LastBatch::Drop, LastBatch::Wrap] {
        let loader = loader(6, LoaderOptions { batch: 3, last, ..Default::default() });
        assert_eq!(loader.batches_per_epoch(), 2);
        assert_eq!(sorted(epoch(&loader, 1)), [0, 1, 2, 3, 4, 5]);
    }
}

/// If seeking walked, this would not end within a lifetime.
#[test]
fn a_far_position_costs_what_a_near_one_does() {
    let loader = loader(1000, LoaderOptions { batch: 8, seed: 5, ..Default::default() });
    for position in [10, 1_000_000_000, u64::MAX / 2, u64::MAX] {
        assert_eq!(loader.batch(position).unwrap().len(), 8);
    }
    let (batches, far) = (loader.batches_per_epoch(), 1_000_000_000_000);
    assert_eq!(sorted(epoch(&loader, far)), (0..1000).collect::<Vec<_>>());
    assert_eq!(rows(&loader.batch(far * batches).unwrap()), epoch(&loader, far)[..8]);
}

#[test]
fn the_input_ends_after_its_epochs() {
    let loader = loader(10, LoaderOptions { batch: 4, epochs: Some(2), ..Default::default() });
    assert!(loader.batch(5).is_ok());
    for position in [6, 7, u64::MAX] {
        let message = check_error(loader.batch(position), ErrorKind::EndOfInput, &["2 epochs of 3 batches"]);
        assert!(message.to_string().contains(&position.to_string()));
    }
}

#[test]
fn options_without_a_batch_are_refused() {
    let refused = |len, options, part| {
        check_error(Loader::new(numbered(len), options), ErrorKind::InvalidArgument, &[part]);
    };
    let of = |batch, last| LoaderOptions { batch, last, ..Default::default() };
    refused(3, of(0, LastBatch::Partial), "a batch of 0");
    refused(0, of(1, LastBatch::Partial), "no sample");
    refused(3, of(4, LastBatch::Drop), "3 samples do not fill a batch of 4");
    refused(3, of(usize::MAX, LastBatch::Wrap), "take a smaller one");
    assert_eq!(loader(3, of(usize::MAX, LastBatch::Partial)).batch(7).unwrap().len(), 3);
}

#[test]
fn a_replica_that_is_not_there_is_refused() {
    let loader = loader(3, LoaderOptions::default());
    check_error(loader.batch_shard(0, 2, 2), ErrorKind::InvalidArgument, &["replica 2 of 2"]);
    check_error(loader.batch_shard(0, 0, 0), ErrorKind::InvalidArgument, &["replica 0 of 0"]);
}
