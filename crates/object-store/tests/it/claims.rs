//! Two writers of one place.

use std::{
    io::{ErrorKind, Write},
    sync::Arc,
    thread,
    time::Duration,
};

use everstep_checkpoint::Storage;
use everstep_object_store::object_store::{ObjectStore, memory::InMemory};
use everstep_tensor::ErrorKind as Kind;

use crate::{save, saver, storage};

fn store() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

#[test]
fn a_second_writer_is_refused_and_told_by_whom() {
    let store = store();
    let first = saver(&store);
    save(&first, 1).unwrap();
    let error = save(&saver(&store), 2).unwrap_err();
    assert_eq!(error.kind(), Kind::FailedPrecondition);
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    drop(first);
    save(&saver(&store), 2).unwrap();
}

#[test]
fn of_many_that_claim_at_once_one_does() {
    let store = store();
    let claims: Vec<_> = thread::scope(|scope| {
        let claim = |index: usize| storage(&store).claim("claim", &format!("writer {index}"));
        let claims: Vec<_> = (0..8).map(|index| scope.spawn(move || claim(index))).collect();
        claims.into_iter().map(|claim| claim.join().unwrap()).collect()
    });
    assert_eq!(claims.iter().filter(|claim| claim.is_ok()).count(), 1);
    let refused = claims.iter().filter_map(|claim| claim.as_ref().err());
    refused.for_each(|error| assert_eq!(error.kind(), ErrorKind::ResourceBusy));
}

#[test]
fn a_claim_is_renewed_and_one_that_is_not_is_taken_over() {
    let store = store();
    let lease = Duration::from_millis(200);
    // As a killed process leaves it.
    let mut left = storage(&store).create("claim").unwrap();
    left.write_all(b"process 1 on another host").unwrap();
    left.sync().unwrap();
    let fresh = storage(&store).with_lease(Duration::from_secs(3600)).claim("claim", "me").unwrap_err();
    assert_eq!((fresh.kind(), fresh.to_string().as_str()), (ErrorKind::ResourceBusy, "process 1 on another host"));

    let claim = |holder: &str| storage(&store).with_lease(lease).claim("claim", holder);
    let held = loop {
        // Not by the clock of the test, but by that of the store: however slow it is, the lease ends.
        match claim("me") {
            Ok(held) => break held,
            Err(error) => assert_eq!(error.kind(), ErrorKind::ResourceBusy),
        }
        thread::yield_now();
    };
    let refused = storage(&store).with_lease(Duration::from_secs(3600)).claim("claim", "another").unwrap_err();
    assert_eq!((refused.kind(), refused.to_string().as_str()), (ErrorKind::ResourceBusy, "me"));
    drop(held);
    claim("another").unwrap();
}

#[test]
fn who_has_lost_the_claim_writes_nothing_more() {
    let store = store();
    let first = storage(&store).with_lease(Duration::from_millis(40));
    let _claim = first.claim("claim", "first").unwrap();
    // Another has taken it over while the first one was stopped.
    let mut taken = storage(&store).create("claim").unwrap();
    taken.write_all(b"second").unwrap();
    taken.sync().unwrap();
    let error = loop {
        match first.create("file") {
            Ok(_) => thread::yield_now(),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::ResourceBusy);
}
