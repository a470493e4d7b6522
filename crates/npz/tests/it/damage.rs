//! Files that are not as the format says.

use everstep_checkpoint::Contents;
use everstep_tensor::{ErrorKind, Snapshot, Tensor};

use crate::{read, written};

fn file() -> Vec<u8> {
    let variables = Snapshot::from_iter([("a", Tensor::scalar(1i32)), ("b", Tensor::scalar(0x0102_0304i32))]);
    written(&Contents { variables, ..Default::default() })
}

#[track_caller]
fn check(bytes: &[u8], message: &str) {
    let error = read(bytes).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::DataLoss, message));
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    while let Some(at) = bytes.windows(from.len()).position(|window| window == from) {
        bytes[at..at + from.len()].copy_from_slice(to);
    }
    bytes
}

#[test]
fn a_fault_names_the_array_and_what_is_wrong() {
    check(b"", "Missing end of central directory");
    check(&replaced(&file(), b"b.npy", b"b.txt"), "b.txt is no array, for its name does not end in .npy");
    check(&replaced(&file(), b"b.npy", b"a.npy"), "the name a occurs twice");
    let error = read(&replaced(&file(), &[4, 3, 2, 1], &[4, 3, 2, 0])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DataLoss);
    assert!(error.to_string().starts_with("b.npy: "), "{error}");
}

#[test]
fn a_name_that_no_archive_holds_is_refused() {
    for name in ["a\0b", "é//b"] {
        let variables = Snapshot::from_iter([(name, Tensor::scalar(1i32))]);
        let error = everstep_npz::write(&Contents { variables, ..Default::default() }, &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{name:?}");
    }
}
