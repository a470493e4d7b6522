//! IDX files, the format of the MNIST family.
//!
//! Two zero bytes, the code of the element type, the rank, the length of each axis as a big-endian `u32`, then the
//! elements, big-endian, row-major (Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits").

use std::{
    io::{self, Read},
    path::Path,
};

use everstep_tensor::{DType, Element, Error, ErrorKind, Result, Shape, Tensor};

use crate::open::{damaged, failed, open};

/// Reads an IDX file, plain or compressed with gzip, into a tensor of the file's shape.
///
/// Elements are u8 (code 0x08), i32 (0x0C), f32 (0x0D) or f64 (0x0E).
/// Memory grows with what is read, not with what the header promises.
///
/// # Errors
/// `NotFound` if there is no file; `DataLoss` if it is no IDX file, is damaged, or holds fewer or more bytes than its
/// header says; `InvalidArgument` for elements that no dtype holds (i8 and i16).
pub fn read_idx(path: impl AsRef<Path>) -> Result<Tensor> {
    let path = path.as_ref();
    open(path).and_then(|mut content| decode(&mut content)).map_err(|error| error.context(path.display()))
}

fn decode(content: &mut dyn Read) -> Result<Tensor> {
    let [first, second, code, rank] = header(content)?;
    if [first, second] != [0, 0] || rank == 0 {
        let cause = format!("not an IDX file: it begins with {:02x?}", [first, second, code, rank]);
        return Err(damaged(cause));
    }
    let dtype = dtype(code)?;
    let shape = shape(content, rank)?;
    let bytes = elements(content, dtype, &shape)?;
    match dtype {
        DType::I32 => Tensor::from_vec(shape, big_endian(&bytes, i32::from_be_bytes)),
        DType::F32 => Tensor::from_vec(shape, big_endian(&bytes, f32::from_be_bytes)),
        DType::F64 => Tensor::from_vec(shape, big_endian(&bytes, f64::from_be_bytes)),
        _ => Tensor::from_vec(shape, bytes),
    }
}

fn dtype(code: u8) -> Result<DType> {
    match code {
        0x08 => Ok(DType::U8),
        0x0c => Ok(DType::I32),
        0x0d => Ok(DType::F32),
        0x0e => Ok(DType::F64),
        0x09 | 0x0b => {
            let bits = if code == 0x09 { 8 } else { 16 };
            let message = format!("its elements are i{bits}, which no tensor holds; write them as u8, i32, f32 or f64");
            Err(Error::new(ErrorKind::InvalidArgument, message))
        }
        _ => Err(damaged(format!("IDX knows no element type {code:#04x}"))),
    }
}

fn shape(content: &mut dyn Read, rank: u8) -> Result<Shape> {
    let axis = |_| header(content).map(|length| u32::from_be_bytes(length) as usize);
    (0..rank).map(axis).collect::<Result<Vec<usize>>>().map(Shape::from)
}

fn header(content: &mut dyn Read) -> Result<[u8; 4]> {
    let mut word = [0; 4];
    match content.read_exact(&mut word) {
        Ok(()) => Ok(word),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(damaged("the file ends in its IDX header")),
        Err(error) => Err(failed(error)),
    }
}

/// The bytes that the header promises, no more and no less, up to the end of the content.
fn elements(content: &mut dyn Read, dtype: DType, shape: &Shape) -> Result<Vec<u8>> {
    let promised = shape.elements().and_then(|elements| elements.checked_mul(dtype.size())).map(|len| len as u64);
    let mut bytes = Vec::new();
    content.take(promised.unwrap_or(0).saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    let found = bytes.len() as u64;
    match promised {
        Some(promised) if found == promised => Ok(bytes),
        Some(promised) if found > promised => {
            Err(damaged(format!("the IDX header says {dtype}{shape}, {promised} bytes, and more follow")))
        }
        Some(promised) => {
            Err(damaged(format!("the IDX header says {dtype}{shape}, {promised} bytes, but {found} follow")))
        }
        None => Err(damaged(format!("the IDX header says {dtype}{shape}, more than memory can hold"))),
    }
}

fn big_endian<T: Element, const SIZE: usize>(bytes: &[u8], decode: fn([u8; SIZE]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|element| decode(*element)).collect()
}
