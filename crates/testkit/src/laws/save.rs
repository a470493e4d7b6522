//! What every saver must do.

use everstep_tensor::{Save, Saving, Snapshot, Tensor, VariablesMut, Which};

/// A saver that kept nothing opens nothing; then it opens what it was given, the newest by step, unharmed by later
/// assignments to the set that was saved.
#[track_caller]
pub fn saver_keeps_the_newest(saver: &dyn Save, variables: &Snapshot) {
    let newest = || saver.open(Which::Newest).expect("the newest is opened");
    assert!(newest().is_none(), "something is there before the first save");
    let mut set = variables.clone();
    set.insert("changing", Tensor::scalar(0i64));
    for step in [1, 2, 5] {
        set.assign("changing", Tensor::scalar(step as i64)).expect("of the same spec");
        saver.save(&Saving { step, variables: &set, metrics: &[], pinned: false }).expect("a set is saved");
    }
    set.assign("changing", Tensor::scalar(-1i64)).expect("of the same spec");
    saver.finish().expect("all is durable");

    let checkpoint = newest().expect("three sets were saved");
    assert_eq!(checkpoint.step, 5);
    set.assign("changing", Tensor::scalar(5i64)).expect("of the same spec");
    assert!(Snapshot::of(&*checkpoint.variables).expect("a checkpoint is read").bit_eq(&set), "another set was opened");

    let of = |which| saver.open(which).expect("a step is opened").map(|checkpoint| checkpoint.step);
    assert_eq!(of(Which::NewestBefore(5)), Some(2));
    assert_eq!(of(Which::Step(2)), Some(2));
    assert_eq!(of(Which::Step(3)), None);
    assert_eq!(of(Which::NewestBefore(1)), None);
}
