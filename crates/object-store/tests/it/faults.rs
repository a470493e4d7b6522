//! Every request of a save failing, and a process killed before or after each.

use std::{ops::Range, sync::Arc};

use everstep_object_store::object_store::{ObjectStore, memory::InMemory};
use everstep_tensor::{Save, Snapshot, Which};

use crate::{
    model, names, save, saver,
    store::{Fault, Faulty},
};

/// What restores: the step, if its model is whole.
#[track_caller]
fn restored(store: &Arc<dyn ObjectStore>) -> u64 {
    let checkpoint = saver(store).open(Which::Newest).unwrap().unwrap();
    assert!(Snapshot::of(&*checkpoint.variables).unwrap().bit_eq(&model(checkpoint.step)));
    checkpoint.step
}

/// Saves a third step while some requests fail, and tells whether that is kept, and how many requests there were.
#[track_caller]
fn third(fails: Range<usize>, fault: Fault) -> (bool, usize) {
    let inner = Arc::new(InMemory::new());
    let sound: Arc<dyn ObjectStore> = inner.clone();
    {
        let saver = saver(&sound);
        (1..=2).for_each(|step| save(&saver, step).unwrap());
    }
    let faulty = Arc::new(Faulty::new(inner, fails, fault));
    let saved = {
        let store: Arc<dyn ObjectStore> = faulty.clone();
        save(&saver(&store), 3)
    };
    let step = restored(&sound);
    match saved {
        Ok(()) => assert_eq!(step, 3),
        Err(error) => assert!((2..=3).contains(&step), "{step} after {error}"),
    }
    check_goes_on(&sound);
    (step == 3, faulty.requests())
}

/// The place can be saved to by another process, and then nothing is left of what was cut short.
#[track_caller]
fn check_goes_on(store: &Arc<dyn ObjectStore>) {
    // The claim of a killed process ends by its lease.
    let path = "runs/7/.checkpoint.lock".into();
    let remove = everstep_object_store::object_store::ObjectStoreExt::delete(store, &path);
    futures_executor::block_on(remove).ok();
    let saver = saver(store);
    save(&saver, 1000).unwrap();
    assert_eq!(saver.open(Which::Newest).unwrap().unwrap().step, 1000);
    drop(saver);
    let names = names(store);
    let main = |name: &str| format!("{}.everstep", name.split('.').next().unwrap());
    let debris = names.iter().find(|name| *name != "checkpoint" && !names.contains(&main(name)));
    assert_eq!(debris, None, "{names:?}");
}

#[test]
fn whatever_request_fails_nothing_is_lost() {
    let (kept, requests) = third(0..0, Fault::Undone);
    assert!(kept);
    let (mut old, mut new) = (0, 0);
    for request in 0..requests {
        for fault in [Fault::Undone, Fault::Unanswered] {
            // Once, and from then on: the process is killed, or the network goes.
            for fails in [request..request + 1, request..usize::MAX] {
                let count = if third(fails, fault).0 { &mut new } else { &mut old };
                *count += 1;
            }
        }
    }
    println!(
        "{requests} requests, each failing in 2 ways, once and for good: {old} restored the old one, {new} the new one"
    );
    assert!(old > 0 && new > 0);
}
