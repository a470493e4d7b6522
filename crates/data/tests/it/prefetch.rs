//! Prefetching changes nothing but the time.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use everstep_data::{Batch, Loader, LoaderOptions, Prefetch, Source};
use everstep_tensor::{Error, ErrorKind, Result};
use proptest::prelude::*;

use crate::{check_error, numbered, outcome, rows};

fn loader(epochs: Option<u64>) -> Loader {
    Loader::new(numbered(50), LoaderOptions { batch: 7, seed: 11, epochs, ..Default::default() }).unwrap()
}

proptest! {
    #[test]
    fn any_order_and_any_number_of_workers_give_the_loader_s_batches(
        workers in 0usize..5,
        depth in 0usize..6,
        jumps in proptest::collection::vec((prop_oneof![0u64..30, any::<u64>()], 0u64..10), 1..6),
    ) {
        let loader = loader(Some(3));
        let ahead = Prefetch::new(loader.clone(), workers, depth).unwrap();
        for (start, len) in jumps {
            for position in start..start.saturating_add(len) {
                prop_assert_eq!(outcome(ahead.batch(position)), outcome(loader.batch(position)));
            }
        }
    }
}

#[test]
fn the_extremes_of_position_are_answered() {
    let loader = loader(None);
    for depth in [0, 1, 3] {
        let ahead = Prefetch::new(loader.clone(), 1, depth).unwrap();
        for position in [u64::MAX - 1, u64::MAX, u64::MAX, 0, 0] {
            assert_eq!(outcome(ahead.batch(position)), outcome(loader.batch(position)));
        }
    }
}

/// A source that tells which position was made on which thread.
fn told(loader: Loader) -> (impl Source + Send + Sync, mpsc::Receiver<(u64, thread::ThreadId)>) {
    let (tell, heard) = mpsc::channel();
    let source = move |position| {
        let batch = loader.batch(position);
        tell.send((position, thread::current().id())).map_err(|_| Error::new(ErrorKind::Internal, "nobody hears"))?;
        batch
    };
    (source, heard)
}

#[test]
fn the_next_batches_are_made_without_being_asked_for() {
    let (source, heard) = told(loader(None));
    let ahead = Prefetch::new(source, 2, 3).unwrap();
    let next = || heard.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(heard.try_recv().is_err(), "nothing is made before the first question");

    for (asked, expected) in [(5, vec![5, 6, 7, 8]), (6, vec![9]), (7, vec![10]), (100, vec![100, 101, 102, 103])] {
        ahead.batch(asked).unwrap();
        let made: Vec<_> = expected.iter().map(|_| next()).collect();
        let mut positions: Vec<u64> = made.iter().map(|(position, _)| *position).collect();
        positions.sort_unstable();
        assert_eq!(positions, expected, "after {asked}");
        let here = thread::current().id();
        assert!(made.iter().all(|(position, by)| (*by == here) == (*position == asked)), "workers make all but a jump");
    }
}

#[test]
fn dropping_ends_every_thread() {
    let held = Arc::new(loader(None));
    let source = {
        let held = held.clone();
        move |position| held.batch(position)
    };
    let ahead = Prefetch::new(source, 4, 8).unwrap();
    ahead.batch(0).unwrap();
    drop(ahead);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn an_error_belongs_to_its_position() {
    let loader = loader(None);
    let failing = {
        let loader = loader.clone();
        move |position| match position {
            3 => Err(Error::new(ErrorKind::DataLoss, "the third is damaged")),
            _ => loader.batch(position),
        }
    };
    let ahead = Prefetch::new(failing, 2, 4).unwrap();
    for position in [0, 1, 2, 4, 5, 2, 3, 3, 4] {
        match position {
            3 => drop(check_error(ahead.batch(3), ErrorKind::DataLoss, &["the third is damaged"])),
            _ => assert_eq!(rows(&ahead.batch(position).unwrap()), rows(&loader.batch(position).unwrap())),
        }
    }
}

#[test]
fn a_panic_of_the_source_reaches_who_asks() {
    let loader = loader(None);
    let panicking = move |position| {
        assert!(position != 2, "position 2");
        loader.batch(position)
    };
    let ahead = Prefetch::new(panicking, 1, 2).unwrap();
    for position in [0, 1, 2, 3, 2, 3] {
        let answer = catch_unwind(AssertUnwindSafe(|| ahead.batch(position).is_ok()));
        assert_eq!(answer.ok(), (position != 2).then_some(true), "at {position}");
    }
}

#[test]
fn several_callers_share_one_prefetch() {
    let loader = loader(Some(4));
    let ahead = Prefetch::new(loader.clone(), 2, 3).unwrap();
    thread::scope(|scope| {
        for caller in 0..4 {
            let (ahead, loader) = (&ahead, &loader);
            scope.spawn(move || {
                for position in (0..40).map(|index| (index * (caller + 1)) % 37) {
                    assert_eq!(outcome(ahead.batch(position)), outcome(loader.batch(position)));
                }
            });
        }
    });
}

#[test]
fn a_feeding_closure_takes_either_source() {
    fn feeding(source: impl Source) -> impl FnMut(u64) -> Result<Vec<(&'static str, everstep_tensor::Tensor)>> {
        move |position| source.batch(position)?.feeds(["x", "row"])
    }
    let ahead = Prefetch::new(loader(None), 1, 1).unwrap();
    let (mut direct, mut ahead) = (feeding(loader(None)), feeding(ahead));
    assert!(direct(9).unwrap()[0].1.bit_eq(&ahead(9).unwrap()[0].1));
    let sharded = move |position| -> Result<Batch> { loader(None).batch_shard(position, 1, 2) };
    assert_eq!(feeding(sharded)(0).unwrap()[1].1.shape(), [3]);
}
