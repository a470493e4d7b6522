//! Contents as tensors alone.

use everstep_checkpoint::Contents;
use everstep_tensor::{ErrorKind, Snapshot, Tensor, Variables};

#[track_caller]
fn check(contents: &Contents, names: &[&str]) {
    let tensors = contents.to_tensors().unwrap();
    assert_eq!(tensors.iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
    let back = Contents::from_tensors(&tensors).unwrap();
    assert_eq!((back.step, &back.manifest), (contents.step, &contents.manifest));
    assert!(back.variables.bit_eq(&contents.variables));
}

#[test]
fn step_and_manifest_are_tensors_where_the_variables_do_not_say_the_same() {
    let variables = Snapshot::from_iter([("global_step", Tensor::scalar(7i64))]);
    check(&Contents { step: 7, variables: variables.clone(), ..Default::default() }, &["global_step"]);
    let manifest = [("config".to_owned(), "é".to_owned())].into();
    check(
        &Contents { step: u64::MAX, manifest, variables },
        &["everstep/manifest/config", "everstep/step", "global_step"],
    );
    check(&Contents::default(), &[]);
}

#[test]
fn a_set_of_another_program_has_the_step_of_its_variable() {
    let step = |tensor| Contents::from_tensors(&Snapshot::from_iter([("global_step", tensor)])).unwrap().step;
    assert_eq!(step(Tensor::scalar(7i32)), 7);
    assert_eq!(step(Tensor::scalar(-7i64)), 0);
    assert_eq!(step(Tensor::scalar(7f32)), 0);
}

#[test]
fn names_of_ours_are_neither_taken_nor_believed() {
    let variables = Snapshot::from_iter([("everstep/a", Tensor::scalar(1f32))]);
    let error = Contents { variables, ..Default::default() }.to_tensors().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    for name in ["everstep/step", "everstep/manifest/a"] {
        let error = Contents::from_tensors(&Snapshot::from_iter([(name, Tensor::scalar(1f32))])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DataLoss);
        assert!(error.to_string().starts_with(name), "{error}");
    }
    let kept = Contents::from_tensors(&Snapshot::from_iter([("everstep/other", Tensor::scalar(1f32))])).unwrap();
    assert!(kept.variables.read("everstep/other").is_ok());
}
