//! Arrays of any type and shape.

use everstep_event::{Array, Elements, Plugin};
use everstep_proto::{
    summary::{Content, DataClass, Value},
    tensor::TensorProto,
    types::DataType,
};

/// A list shorter than its shape goes on with its last element, but not to more than this.
const MOST_REPEATED: u64 = 1 << 24;

pub(crate) fn value(tag: &str, array: &Array) -> Value {
    let tensor = tensor(array.shape(), array.elements());
    match array.plugin() {
        Plugin { name, content } if name.is_empty() && content.is_empty() => {
            Value { tag: tag.to_owned(), metadata: None, value: Some(Content::Tensor(Box::new(tensor))) }
        }
        Plugin { name, content } => super::value(tag, name, content.clone(), DataClass::Tensor, tensor),
    }
}

fn tensor(shape: &[u64], elements: &Elements) -> TensorProto {
    let numbers = |dtype, bytes| super::numbers(dtype, shape.iter().copied(), bytes);
    match elements {
        Elements::Bool(elements) => {
            numbers(DataType::Bool, elements.iter().map(|element| u8::from(*element)).collect())
        }
        Elements::U8(elements) => numbers(DataType::Uint8, elements.to_vec()),
        Elements::I32(elements) => numbers(DataType::Int32, bytes(elements, |element| element.to_le_bytes())),
        Elements::I64(elements) => numbers(DataType::Int64, bytes(elements, |element| element.to_le_bytes())),
        Elements::F32(elements) => numbers(DataType::Float, bytes(elements, |element| element.to_le_bytes())),
        Elements::F64(elements) => numbers(DataType::Double, bytes(elements, |element| element.to_le_bytes())),
        Elements::Bytes(elements) => {
            TensorProto { tensor_shape: super::shape(shape.iter().copied()), ..super::strings(elements.to_vec()) }
        }
        _ => TensorProto::default(),
    }
}

fn bytes<T: Copy, const N: usize>(elements: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    elements.iter().flat_map(|element| bytes(*element)).collect()
}

/// The elements of a tensor; `None` if they are of a type that is not here, or not as many as the shape has.
pub(crate) fn read(tensor: &TensorProto) -> Option<Array> {
    let lengths = tensor.tensor_shape.iter().flat_map(|shape| &shape.dim);
    let shape = lengths.map(|dim| u64::try_from(dim.size).ok()).collect::<Option<Vec<_>>>()?;
    let count = shape.iter().try_fold(1_u64, |count, length| count.checked_mul(*length))?;
    let raw = &*tensor.tensor_content;
    let elements = match DataType::try_from(tensor.dtype).ok()? {
        DataType::Bool => Elements::Bool(elements(raw, &tensor.bool_val, count, |[byte]| byte != 0)?.into()),
        DataType::Uint8 => {
            let listed: Vec<u8> = tensor.int_val.iter().map(|value| *value as u8).collect();
            Elements::U8(elements(raw, &listed, count, |[byte]| byte)?.into())
        }
        DataType::Int32 => Elements::I32(elements(raw, &tensor.int_val, count, i32::from_le_bytes)?.into()),
        DataType::Int64 => Elements::I64(elements(raw, &tensor.int64_val, count, i64::from_le_bytes)?.into()),
        DataType::Float => Elements::F32(elements(raw, &tensor.float_val, count, f32::from_le_bytes)?.into()),
        DataType::Double => Elements::F64(elements(raw, &tensor.double_val, count, f64::from_le_bytes)?.into()),
        DataType::String => Elements::Bytes(repeated(&tensor.string_val, count)?.into()),
        DataType::Invalid | DataType::Bfloat16 | DataType::Half => return None,
    };
    Array::new(shape, elements).ok()
}

/// Elements that are either raw or listed.
fn elements<T: Clone, const N: usize>(
    raw: &[u8],
    listed: &[T],
    count: u64,
    read: impl Fn([u8; N]) -> T,
) -> Option<Vec<T>> {
    if raw.is_empty() {
        return repeated(listed, count);
    }
    let (raw, rest) = raw.as_chunks();
    rest.is_empty().then(|| raw.iter().map(|bytes| read(*bytes)).collect())
}

fn repeated<T: Clone>(listed: &[T], count: u64) -> Option<Vec<T>> {
    let missing = count.checked_sub(listed.len() as u64)?;
    let mut elements = listed.to_vec();
    if missing > 0 {
        let last = listed.last().filter(|_| count <= MOST_REPEATED)?.clone();
        elements.resize(count as usize, last);
    }
    Some(elements)
}

/// The one number of a tensor of any type of numbers.
pub(crate) fn read_scalar(tensor: &TensorProto) -> Option<f64> {
    match read(tensor)?.elements() {
        Elements::F32(elements) => Some(f64::from(*elements.first()?)),
        Elements::F64(elements) => elements.first().copied(),
        Elements::I32(elements) => Some(f64::from(*elements.first()?)),
        Elements::I64(elements) => Some(*elements.first()? as f64),
        _ => None,
    }
}
