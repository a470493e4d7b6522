//! What TensorFlow writes, and bytes that are TensorFlow's.

use everstep_checkpoint::Contents;
use everstep_tensor::{Bf16, F16, Snapshot, Tensor};

use crate::Files;

/// A bundle of the fixtures.
macro_rules! fixture {
    ($prefix:literal, $($shard:literal),*) => {
        Files {
            index: include_bytes!(concat!("../fixtures/", $prefix, ".index")).to_vec(),
            data: [$(($shard.to_owned(), include_bytes!(concat!("../fixtures/", $prefix, ".", $shard)).to_vec())),*].into(),
        }
    };
}

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
fn check(files: &Files, step: u64, expected: &Snapshot) {
    let contents = files.read().unwrap();
    assert_eq!((contents.step, contents.manifest.len()), (step, 0));
    assert!(contents.variables.bit_eq(expected), "{:?}", contents.variables);
}

#[test]
fn ours_is_byte_for_byte_what_tensorflow_writes() {
    let theirs = fixture!("plain", "data-00000-of-00001");
    check(&theirs, 12, &plain());
    let ours = Files::of(&Contents { step: 12, variables: plain(), ..Default::default() }, u64::MAX);
    assert_eq!(ours, theirs);
}

#[test]
fn narrow_types_are_read() {
    let expected = Snapshot::from_iter([
        ("bf16", Tensor::from_vec([3], [1.0, -2.5, 3.140625].map(Bf16::from_f32).to_vec()).unwrap()),
        ("f16", Tensor::from_vec([2], [1.0, -2.5].map(F16::from_f32).to_vec()).unwrap()),
        ("i16", Tensor::from_vec([2], vec![-32768i32, 32767]).unwrap()),
        ("i8", Tensor::from_vec([2], vec![-128i32, 127]).unwrap()),
        ("u16", Tensor::from_vec([1], vec![65535i32]).unwrap()),
        ("u32", Tensor::from_vec([1], vec![4_294_967_295i64]).unwrap()),
    ]);
    check(&fixture!("narrow", "data-00000-of-00001"), 0, &expected);
}

#[test]
fn partitioned_variables_and_several_data_files_are_read() {
    let expected = Snapshot::from_iter([
        ("global_step", Tensor::scalar(3i64)),
        ("table", Tensor::from_vec([5, 3], (0..15).map(|number| number as f32).collect()).unwrap()),
        ("weight", Tensor::from_vec([3], vec![1.0f32, 2.0, 3.0]).unwrap()),
    ]);
    check(&fixture!("saver/model.ckpt-3", "data-00000-of-00002", "data-00001-of-00002"), 3, &expected);
}

#[test]
fn the_texts_of_an_object_based_checkpoint_are_passed_over() {
    let name = "weight/.ATTRIBUTES/VARIABLE_VALUE";
    let expected = Snapshot::from_iter([(name, Tensor::from_vec([2], vec![1.0f32, 2.0]).unwrap())]);
    check(&fixture!("object", "data-00000-of-00001"), 0, &expected);
}

#[test]
fn a_single_scalar_is_these_bytes() {
    let contents = Contents { variables: Snapshot::from_iter([("v", Tensor::scalar(1.0f32))]), ..Default::default() };
    let files = Files::of(&contents, u64::MAX);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(&files.data["data-00000-of-00001"]), "0000803f");
    let (data, metaindex) =
        ("00000608011a02080100010b760801120028043581a5da2b00000000010000000095ced3f3", "000000000100000000c0f2a1b0");
    let (index, footer) = ("0001027700200000000001000000003e1ea462", "2508320e");
    let padding = "0".repeat(72);
    assert_eq!(hex(&files.index), format!("{data}{metaindex}{index}{footer}{padding}57fb808b247547db"));
}
