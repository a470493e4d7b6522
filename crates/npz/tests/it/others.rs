//! Files that NumPy writes.

use everstep_checkpoint::Contents;
use everstep_tensor::{ErrorKind, F16, Snapshot, Tensor};

use crate::{read, written};

const PLAIN: &[u8] = include_bytes!("../fixtures/plain.npz");

fn plain() -> Snapshot {
    Snapshot::from_iter([
        ("bytes", Tensor::from_vec([2], vec![1u8, 255]).unwrap()),
        ("dense/bias", Tensor::from_vec([3], vec![0.5f32, -0.0, f32::INFINITY]).unwrap()),
        ("dense/kernel", Tensor::from_vec([2, 3], vec![0.0f64, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap()),
        ("empty", Tensor::from_vec([0, 3], Vec::<i32>::new()).unwrap()),
        ("flag", Tensor::from_vec([2], vec![true, false]).unwrap()),
        ("global_step", Tensor::scalar(12i64)),
    ])
}

#[track_caller]
fn check(file: &[u8], step: u64, expected: &Snapshot) {
    let contents = read(file).unwrap();
    assert_eq!((contents.step, contents.manifest.len()), (step, 0));
    assert!(contents.variables.bit_eq(expected), "{:?}", contents.variables);
}

#[test]
fn what_numpy_saved_is_read() {
    check(PLAIN, 12, &plain());
    check(include_bytes!("../fixtures/compressed.npz"), 12, &plain());
}

#[test]
fn headers_are_byte_for_byte_what_numpy_writes() {
    let ours = written(&Contents { step: 12, variables: plain(), ..Default::default() });
    let headers = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let begins = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"\x93NUMPY"));
        begins.map(|at| bytes[at..at + 128].to_vec()).collect()
    };
    assert_eq!(headers(&ours).len(), 6);
    assert_eq!(headers(&ours), headers(PLAIN));
}

#[test]
fn other_orders_and_narrow_types_are_read() {
    let expected = Snapshot::from_iter([
        ("big", Tensor::from_vec([2], vec![1.0f32, -2.5]).unwrap()),
        ("cube", Tensor::from_vec([2, 3, 4], (0..24).collect::<Vec<i32>>()).unwrap()),
        ("fortran", Tensor::from_vec([2, 3], vec![0.0f32, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap()),
        ("half", Tensor::from_vec([2], [1.0, -2.5].map(F16::from_f32).to_vec()).unwrap()),
        ("int8", Tensor::from_vec([2], vec![-128i32, 127]).unwrap()),
        ("uint16", Tensor::from_vec([1], vec![65535i32]).unwrap()),
        ("uint32", Tensor::from_vec([1], vec![4_294_967_295i64]).unwrap()),
        ("uint64", Tensor::from_vec([1], vec![7i64]).unwrap()),
    ]);
    check(include_bytes!("../fixtures/widened.npz"), 0, &expected);
}

#[test]
fn a_type_without_a_tensor_is_named() {
    let error = read(include_bytes!("../fixtures/texts.npz")).unwrap_err();
    let message = "tensor texts: no tensor has elements of NumPy's type \"<U2\"; convert it with astype";
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::FailedPrecondition, message));
}
