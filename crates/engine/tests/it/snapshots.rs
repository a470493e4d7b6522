//! A snapshot is a list of pointers, and never changes.

use everstep_optim::Adam;
use everstep_session::{Outcome, Request, Session};
use everstep_tensor::{Snapshot, Tensor};

use crate::mlp::Mlp;

/// The same bits in memory of its own.
fn copied(set: &Snapshot) -> Snapshot {
    set.iter()
        .map(|(name, value)| (name, Tensor::from_bytes(value.dtype(), value.shape(), value.bytes()).unwrap()))
        .collect()
}

#[test]
fn a_snapshot_never_changes() {
    let mlp = Mlp::new(&Adam { learning_rate: 0.1.into(), ..Adam::default() }, 8);
    let (mut watched, mut alone) = (mlp.ready(1), mlp.ready(1));
    let mut kept: Vec<(Snapshot, Snapshot)> = Vec::new();
    for position in 0..12 {
        // Some steps have no snapshot before them, some have several alive.
        if position % 4 != 1 {
            let snapshot = Snapshot::of(watched.variables()).unwrap();
            kept.push((copied(&snapshot), snapshot));
        }
        if position % 3 == 2 {
            kept.remove(0);
        }
        watched.run(&mlp.step(6, position), &mut Outcome::default()).unwrap();
        alone.run(&mlp.step(6, position), &mut Outcome::default()).unwrap();
        assert!(kept.iter().all(|(before, snapshot)| before.bit_eq(snapshot)), "step {position} changed a snapshot");
    }
    let (watched, alone) = (Snapshot::of(watched.variables()).unwrap(), Snapshot::of(alone.variables()).unwrap());
    assert!(watched.bit_eq(&alone), "a session that is watched trains in another way");
}

#[test]
fn a_fetched_variable_is_the_one_from_before() {
    let mlp = Mlp::new(&Adam::default(), 8);
    let mut session = mlp.ready(1);
    let mut outcome = Outcome::default();
    let mut previous = session.variables().read("hidden/bias").unwrap();
    let fetches = vec![mlp.graph.find_variable("hidden/bias").unwrap().output(), mlp.train.output];
    for position in 0..4 {
        let request = Request { fetches: fetches.clone(), ..mlp.step(6, position) };
        session.run(&request, &mut outcome).unwrap();
        assert!(outcome.values[0].bit_eq(&previous));
        let next = session.variables().read("hidden/bias").unwrap();
        assert!(!next.bit_eq(&previous), "the step trained nothing");
        previous = next;
    }
}

#[test]
fn an_assigned_tensor_stays_its_owners() {
    let mlp = Mlp::new(&Adam::default(), 8);
    let mut session = mlp.ready(1);
    let mine = Tensor::from_vec([8], vec![0.25f32; 8]).unwrap();
    session.variables_mut().assign("hidden/bias", mine.clone()).unwrap();
    session.run(&mlp.step(6, 0), &mut Outcome::default()).unwrap();
    assert_eq!(mine.as_slice::<f32>().unwrap(), [0.25; 8]);
    assert!(!session.variables().read("hidden/bias").unwrap().bit_eq(&mine));
}
