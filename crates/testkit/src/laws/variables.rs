//! Laws 6 and 7: sets of variables.

use everstep_tensor::{DType, ErrorKind, Snapshot, Tensor, Variables, VariablesMut};

/// Law 6: `specs` is ascending, without repeats, and the same each time.
#[track_caller]
pub fn specs_are_sorted_and_stable(set: &dyn Variables) {
    let specs = set.specs();
    assert!(specs.windows(2).all(|pair| pair[0].name < pair[1].name), "the names are not ascending: {specs:?}");
    assert_eq!(specs, set.specs(), "the specs have changed");
    for spec in specs {
        match set.read(&spec.name) {
            Ok(value) => spec.check(&value).expect("a value is of its spec"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{}: {error}", spec.name),
        }
    }
    let unknown = set.read("no such variable").map(|_| ()).expect_err("an unknown name was read");
    assert_eq!(unknown.kind(), ErrorKind::NotFound, "{unknown}");
}

/// Law 7: what was assigned is read back bit for bit, and a value read before stays as it was.
#[track_caller]
pub fn assigned_is_read_back(set: &mut dyn VariablesMut, values: &Snapshot) {
    for (name, value) in values.iter() {
        let before = set
            .read(name)
            .ok()
            .map(|value| (value.clone(), Tensor::from_bytes(value.dtype(), value.shape(), value.bytes())));
        set.assign(name, value.clone()).expect("a value of the spec is assigned");
        assert!(set.read(name).expect("an assigned variable is read").bit_eq(value), "{name} was not read back");
        if let Some((shared, Ok(copied))) = before {
            assert!(shared.bit_eq(&copied), "a value of {name} that was read before has changed");
        }
    }
}

/// Law 7: a value of another dtype or shape, or for an unknown name, is refused and changes nothing.
#[track_caller]
pub fn wrong_assignments_change_nothing(set: &mut dyn VariablesMut) {
    let before = Snapshot::of(&*set).expect("the set is initialised");
    for spec in set.specs() {
        let dtype = if spec.dtype == DType::F32 { DType::F64 } else { DType::F32 };
        let longer: Vec<usize> = spec.shape.iter().copied().chain([3]).collect();
        for wrong in [Tensor::zeros(dtype, &spec.shape), Tensor::zeros(spec.dtype, longer)] {
            let wrong = wrong.expect("a small tensor");
            let error = set.assign(&spec.name, wrong).expect_err("a wrong value was assigned");
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        }
    }
    let error = set.assign("no such variable", Tensor::scalar(0u8)).expect_err("an unknown name was assigned");
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(Snapshot::of(&*set).expect("the set is initialised").bit_eq(&before), "a refused value changed the set");
}
