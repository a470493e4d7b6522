//! The names of the format for the types of elements.

use everstep_tensor::{DType, Encoding, Error, ErrorKind, Result};

/// What every type is called that tensors of ours have or can be widened to.
const NAMES: [(&str, Encoding); 13] = [
    ("BOOL", Encoding::Bool),
    ("U8", Encoding::U8),
    ("I8", Encoding::I8),
    ("I16", Encoding::I16),
    ("U16", Encoding::U16),
    ("F16", Encoding::F16),
    ("BF16", Encoding::Bf16),
    ("I32", Encoding::I32),
    ("U32", Encoding::U32),
    ("F32", Encoding::F32),
    ("F64", Encoding::F64),
    ("I64", Encoding::I64),
    ("U64", Encoding::U64),
];

/// # Errors
/// `FailedPrecondition` for a type that has no tensor here.
pub(crate) fn parse(name: &str) -> Result<Encoding> {
    let known = NAMES.iter().find(|(known, _)| *known == name);
    known.map(|(_, encoding)| *encoding).ok_or_else(|| {
        let message = format!("no tensor has elements of type {name:?}; convert it to F32 where the file is made");
        Error::new(ErrorKind::FailedPrecondition, message)
    })
}

/// What the format calls the dtype.
pub(crate) fn name(dtype: DType) -> &'static str {
    NAMES[rank(dtype)].0
}

/// The place of the dtype in the format's order, which grows with the size of an element.
pub(crate) fn rank(dtype: DType) -> usize {
    let place = NAMES.iter().position(|(_, encoding)| *encoding == Encoding::of(dtype));
    place.expect("every dtype has a name in the format")
}
