//! TensorFlow's numbers for the types of elements.

use everstep_proto::types::DataType;
use everstep_tensor::{DType, Encoding};

/// Texts, handles and serialised objects.
const BOOKKEEPING: [i32; 3] = [DataType::String as i32, 20, 21];

const NUMBERS: [(i32, Encoding); 13] = [
    (DataType::Float as i32, Encoding::F32),
    (DataType::Double as i32, Encoding::F64),
    (DataType::Int32 as i32, Encoding::I32),
    (DataType::Uint8 as i32, Encoding::U8),
    (5, Encoding::I16),
    (6, Encoding::I8),
    (DataType::Int64 as i32, Encoding::I64),
    (DataType::Bool as i32, Encoding::Bool),
    (14, Encoding::Bf16),
    (17, Encoding::U16),
    (19, Encoding::F16),
    (22, Encoding::U32),
    (23, Encoding::U64),
];

/// `None` for a type that has no tensor here.
pub(crate) fn encoding(number: i32) -> Option<Encoding> {
    NUMBERS.iter().find(|(known, _)| *known == number).map(|(_, encoding)| *encoding)
}

/// Whether TensorFlow keeps such entries for itself, beside the variables.
pub(crate) fn is_bookkeeping(number: i32) -> bool {
    BOOKKEEPING.contains(&number)
}

pub(crate) fn number(dtype: DType) -> i32 {
    let known = NUMBERS.iter().find(|(_, encoding)| *encoding == Encoding::of(dtype));
    known.expect("every dtype has a number").0
}
