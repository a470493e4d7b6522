//! Bundles that are not as the format says.

use everstep_checkpoint::Contents;
use everstep_tensor::{ErrorKind, Snapshot, Tensor};

use crate::Files;

fn files() -> Files {
    let variables = Snapshot::from_iter([("a", Tensor::scalar(1i32)), ("b", Tensor::scalar(2i32))]);
    Files::of(&Contents { variables, ..Default::default() }, u64::MAX)
}

#[track_caller]
fn check(files: &Files, kind: ErrorKind, message: &str) {
    let error = files.read().unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
}

#[test]
fn a_fault_names_what_is_wrong() {
    let whole = files();
    let index = |bytes: &[u8]| Files { index: bytes.to_vec(), ..whole.clone() };
    check(&index(b""), ErrorKind::DataLoss, "the index has 0 bytes, the shortest has 48");
    check(&index(&[0; 48]), ErrorKind::DataLoss, "the index does not end as a table does");
    let mut damaged = whole.clone();
    damaged.index[8] ^= 1;
    let message = damaged.read().unwrap_err().to_string();
    assert!(message.starts_with("the checksum of a block of the index is "), "{message}");
}

#[test]
fn data_that_is_not_there_names_the_tensor() {
    let mut files = files();
    let data = files.data.get_mut("data-00000-of-00001").unwrap();
    data.pop();
    check(&files, ErrorKind::DataLoss, "tensor b: it ends at byte 8 of its data file, which has 7");
    files.data.clear();
    check(&files, ErrorKind::NotFound, "tensor a: data-00000-of-00001");
}

#[test]
fn names_that_the_format_keeps_are_refused() {
    for name in ["", "\0a", "everstep/step"] {
        let variables = Snapshot::from_iter([(name, Tensor::scalar(1i32))]);
        let error = Files::try_of(&Contents { variables, ..Default::default() }, 0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{name:?}");
    }
}
