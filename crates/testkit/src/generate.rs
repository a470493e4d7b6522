//! Generators of tensors and sets, for property tests.

use everstep_tensor::{DType, Snapshot, Tensor};
use proptest::{collection, prelude::*, prop_oneof, sample};

/// Any dtype.
pub fn dtype() -> impl Strategy<Value = DType> {
    sample::select(&DType::ALL[..])
}

/// Any shape of up to `max_rank` axes, each of length 0 to 4.
pub fn shape(max_rank: usize) -> impl Strategy<Value = Vec<usize>> {
    collection::vec(0usize..=4, 0..=max_rank)
}

/// Any tensor of up to seven axes, with any bits: NaN payloads, −0, infinities.
pub fn tensor() -> impl Strategy<Value = Tensor> {
    (dtype(), prop_oneof![shape(3), collection::vec(1usize..=2, 4..=7)])
        .prop_flat_map(|(dtype, shape)| {
            let bytes = shape.iter().product::<usize>() * dtype.size();
            (Just(dtype), Just(shape), collection::vec(any::<u8>(), bytes))
        })
        .prop_map(|(dtype, shape, mut bytes)| {
            if dtype == DType::Bool {
                bytes.iter_mut().for_each(|byte| *byte &= 1);
            }
            Tensor::from_bytes(dtype, shape, &bytes).expect("the bytes fill the shape and bools are 0 or 1")
        })
}

/// Any set of up to six tensors, under names with slashes, spaces and letters beyond ASCII.
pub fn snapshot() -> impl Strategy<Value = Snapshot> {
    collection::btree_map("[a-zA-Zé0-9_ /.-]{1,12}", tensor(), 0..=6).prop_map(Snapshot::from_iter)
}
