//! Files that other programs write, and what they make of ours.

use everstep_checkpoint::Contents;
use everstep_tensor::{Bf16, ErrorKind, F16, Snapshot, Tensor};
use safetensors::{Dtype, SafeTensors};

use crate::{read, written};

fn numpy() -> Snapshot {
    Snapshot::from_iter([
        ("dense/bias", Tensor::from_vec([3], vec![0.5f32, -0.0, f32::INFINITY]).unwrap()),
        ("dense/kernel", Tensor::from_vec([2, 3], vec![0.0f64, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap()),
        ("empty", Tensor::from_vec([0, 3], Vec::<i32>::new()).unwrap()),
        ("flag", Tensor::from_vec([2], vec![true, false]).unwrap()),
        ("global_step", Tensor::scalar(12i64)),
        ("bytes", Tensor::from_vec([2], vec![1u8, 255]).unwrap()),
    ])
}

#[test]
fn what_numpy_saved_is_read() {
    let contents = read(include_bytes!("../fixtures/numpy.safetensors")).unwrap();
    assert!(contents.variables.bit_eq(&numpy()), "{:?}", contents.variables);
    assert_eq!((contents.step, contents.manifest.len()), (12, 0));
}

#[test]
fn what_pytorch_saved_in_narrow_types_is_read() {
    let variables = read(include_bytes!("../fixtures/widened.safetensors")).unwrap().variables;
    let expected = Snapshot::from_iter([
        ("bf16", Tensor::from_vec([3], [1.0, -2.5, 3.140625].map(Bf16::from_f32).to_vec()).unwrap()),
        (
            "f16",
            Tensor::from_vec([4], [1.0, -2.5, 1.0 / 16384.0, 1.0 / 16777216.0].map(F16::from_f32).to_vec()).unwrap(),
        ),
        ("i16", Tensor::from_vec([2], vec![-32768i32, 32767]).unwrap()),
        ("i8", Tensor::from_vec([2], vec![-128i32, 127]).unwrap()),
    ]);
    assert!(variables.bit_eq(&expected), "{variables:?}");
}

#[test]
fn a_type_without_a_tensor_is_named() {
    let error = read(include_bytes!("../fixtures/fp8.safetensors")).unwrap_err();
    let message = r#"tensor fp8: no tensor has elements of type "F8_E4M3"; convert it to F32 where the file is made"#;
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::FailedPrecondition, message));
}

#[test]
fn the_reference_reads_ours() {
    let mut variables = numpy();
    variables.insert("dense/bias/Adam", Tensor::scalar(0.5f32));
    let bytes =
        written(&Contents { step: 7, manifest: [("note".into(), "test".into())].into(), variables: variables.clone() });
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut names = file.names();
    names.sort();
    assert!(names.iter().copied().eq(variables.iter().map(|(name, _)| name)));
    for (name, tensor) in variables.iter() {
        let view = file.tensor(name).unwrap();
        assert_eq!((view.shape(), view.data()), (tensor.shape(), tensor.bytes()), "{name}");
    }
    assert_eq!(file.tensor("flag").unwrap().dtype(), Dtype::BOOL);
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().as_ref().unwrap();
    let found = ["everstep.step", "everstep.manifest.note", "everstep.slots"].map(|key| metadata[key].as_str());
    assert_eq!(found, ["7", "test", r#"["dense/bias/Adam"]"#]);
}
