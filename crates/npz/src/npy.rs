//! One array: NumPy's `.npy`, versions 1 to 3.

use std::{io::Write, ops::Range};

use everstep_tensor::{ByteOrder, DType, Encoding, Error, ErrorKind, Result, Shared, Tensor};

use crate::{
    fault,
    literal::{self, Header},
};

/// The first bytes of an array.
const MAGIC: &[u8] = b"\x93NUMPY";
/// The header and all before it take a multiple of this.
const ALIGNMENT: usize = 64;
/// Spaces that NumPy leaves for the first axis to grow, less those that its length takes.
const GROWTH: usize = 21;

/// The types of elements, by NumPy's kind and size.
///
/// NumPy has no bf16: as the package ml_dtypes writes it, it is two bytes of which NumPy knows nothing.
const TYPES: [(&str, Encoding); 13] = [
    ("b1", Encoding::Bool),
    ("u1", Encoding::U8),
    ("i1", Encoding::I8),
    ("u2", Encoding::U16),
    ("i2", Encoding::I16),
    ("f2", Encoding::F16),
    ("V2", Encoding::Bf16),
    ("u4", Encoding::U32),
    ("i4", Encoding::I32),
    ("f4", Encoding::F32),
    ("u8", Encoding::U64),
    ("i8", Encoding::I64),
    ("f8", Encoding::F64),
];

/// Everything before the elements of a tensor of this dtype and shape.
pub(crate) fn head(encoding: Encoding, shape: &[usize]) -> Vec<u8> {
    let axes = match shape {
        [axis] => format!("({axis},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    };
    let descr = descr(encoding);
    let growth = shape.first().map_or(0, |axis| GROWTH - axis.to_string().len());
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {axes}, }}{:growth$}", "");
    // Version 1 has two bytes for the header's length, version 2 has four.
    let prefix = if header.len() + ALIGNMENT < usize::from(u16::MAX) { MAGIC.len() + 4 } else { MAGIC.len() + 6 };
    let padding = ALIGNMENT - (prefix + header.len() + 1) % ALIGNMENT;
    header.push_str(&" ".repeat(padding));
    header.push('\n');
    let length = header.len() as u32;
    match prefix - MAGIC.len() {
        4 => [MAGIC, &[1, 0], &(length as u16).to_le_bytes(), header.as_bytes()].concat(),
        _ => [MAGIC, &[2, 0], &length.to_le_bytes(), header.as_bytes()].concat(),
    }
}

/// Writes the tensor as one array.
pub(crate) fn write(tensor: &Tensor, into: &mut impl Write) -> std::io::Result<()> {
    into.write_all(&head(Encoding::of(tensor.dtype()), tensor.shape()))?;
    if ByteOrder::NATIVE == ByteOrder::Little || tensor.dtype() == DType::Bool {
        return into.write_all(tensor.bytes());
    }
    let mut bytes = tensor.bytes().to_vec();
    bytes.chunks_exact_mut(tensor.dtype().size()).for_each(<[u8]>::reverse);
    into.write_all(&bytes)
}

/// The array at these bytes of `source`; it shares them where they are elements as they lie there.
pub(crate) fn read(source: &Shared, range: Range<usize>) -> Result<Tensor> {
    let bytes = &(**source).as_ref()[range.clone()];
    let (header, begin) = header(bytes)?;
    let (encoding, order) = encoding(&header.descr)?;
    let elements = range.start + begin..range.end;
    if !header.fortran_order || header.shape.len() < 2 {
        return encoding.tensor(order, header.shape, source, elements);
    }
    let turned: Vec<usize> = header.shape.iter().rev().copied().collect();
    // Checks the number of bytes before anything is allocated by the shape.
    let columns = encoding.tensor(order, turned, source, elements)?;
    transposed(&columns)
}

/// The header, and where the elements begin.
fn header(bytes: &[u8]) -> Result<(Header, usize)> {
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| fault("it does not begin as an array does"))?;
    let (major, length, prefix) = match rest {
        [major @ 1, _, a, b, ..] => (*major, u32::from(u16::from_le_bytes([*a, *b])), MAGIC.len() + 4),
        [major @ (2 | 3), _, a, b, c, d, ..] => (*major, u32::from_le_bytes([*a, *b, *c, *d]), MAGIC.len() + 6),
        _ => return Err(fault("it is of a version that does not exist, or ends before its header")),
    };
    let text = bytes[prefix..].get(..length as usize);
    let text = text.ok_or_else(|| fault(format!("its header takes {length} bytes, more than there are")))?;
    let text = std::str::from_utf8(text).map_err(|_| fault(format!("its header of version {major} is not text")))?;
    Ok((literal::parse(text)?, prefix + length as usize))
}

/// # Errors
/// `FailedPrecondition` for a type that has no tensor.
fn encoding(descr: &str) -> Result<(Encoding, ByteOrder)> {
    let (order, name) = descr.split_at_checked(1).unwrap_or(("", descr));
    let order = match order {
        "<" => Some(ByteOrder::Little),
        ">" => Some(ByteOrder::Big),
        "|" | "=" => Some(ByteOrder::NATIVE),
        _ => None,
    };
    let encoding = TYPES.iter().find(|(known, _)| *known == name).map(|(_, encoding)| *encoding);
    encoding.zip(order).ok_or_else(|| {
        let message = format!("no tensor has elements of NumPy's type {descr:?}; convert it with astype");
        Error::new(ErrorKind::FailedPrecondition, message)
    })
}

fn descr(encoding: Encoding) -> String {
    let name = TYPES.iter().find(|(_, known)| *known == encoding).map_or("", |(name, _)| name);
    let order = if encoding.size() == 1 { '|' } else { '<' };
    format!("{order}{name}")
}

/// The tensor with its axes in reverse.
fn transposed(columns: &Tensor) -> Result<Tensor> {
    let (size, bytes) = (columns.dtype().size(), columns.bytes());
    let shape: Vec<usize> = columns.shape().iter().rev().copied().collect();
    // How far apart in `columns` neighbours on each axis of the result are.
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1;
    for axis in &shape {
        strides.push(stride);
        stride *= axis;
    }
    let mut turned = Vec::with_capacity(bytes.len());
    let mut index = vec![0; shape.len()];
    for _ in 0..columns.len() {
        let place: usize = index.iter().zip(&strides).map(|(index, stride)| index * stride).sum();
        turned.extend(&bytes[place * size..][..size]);
        for (index, axis) in index.iter_mut().zip(&shape).rev() {
            *index += 1;
            if *index < *axis {
                break;
            }
            *index = 0;
        }
    }
    Tensor::from_bytes(columns.dtype(), shape, &turned)
}
