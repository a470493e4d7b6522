//! Tensors as the borrowed views that kernels take.

use everstep_ops::{Data, DataMut};
use everstep_tensor::{Bf16, DType, Error, ErrorKind, F16, Result, Tensor};

/// The first `elements` elements of a tensor that has at least as many.
pub(crate) fn data(tensor: &Tensor, elements: usize) -> Result<Data<'_>> {
    Ok(match tensor.dtype() {
        DType::Bool => Data::Bool(&tensor.as_slice()?[..elements]),
        DType::U8 => Data::U8(&tensor.as_slice()?[..elements]),
        DType::I32 => Data::I32(&tensor.as_slice()?[..elements]),
        DType::I64 => Data::I64(&tensor.as_slice()?[..elements]),
        DType::F32 => Data::F32(&tensor.as_slice()?[..elements]),
        DType::F64 => Data::F64(&tensor.as_slice()?[..elements]),
        DType::Bf16 => Data::Bf16(&Bf16::slice_to_bits(tensor.as_slice()?)[..elements]),
        DType::F16 => Data::F16(&F16::slice_to_bits(tensor.as_slice()?)[..elements]),
        other => return Err(no_kernels(other)),
    })
}

/// The first `elements` elements, to be written, of a tensor that has at least as many and that nobody else holds.
pub(crate) fn data_mut(tensor: &mut Tensor, elements: usize) -> Result<DataMut<'_>> {
    const UNSHARED: &str = "slots, results and variables to be written are held by the session alone";
    Ok(match tensor.dtype() {
        DType::Bool => DataMut::Bool(&mut tensor.get_mut().expect(UNSHARED)[..elements]),
        DType::U8 => DataMut::U8(&mut tensor.get_mut().expect(UNSHARED)[..elements]),
        DType::I32 => DataMut::I32(&mut tensor.get_mut().expect(UNSHARED)[..elements]),
        DType::I64 => DataMut::I64(&mut tensor.get_mut().expect(UNSHARED)[..elements]),
        DType::F32 => DataMut::F32(&mut tensor.get_mut().expect(UNSHARED)[..elements]),
        DType::F64 => DataMut::F64(&mut tensor.get_mut().expect(UNSHARED)[..elements]),
        DType::Bf16 => DataMut::Bf16(&mut Bf16::slice_to_bits_mut(tensor.get_mut().expect(UNSHARED))[..elements]),
        DType::F16 => DataMut::F16(&mut F16::slice_to_bits_mut(tensor.get_mut().expect(UNSHARED))[..elements]),
        other => return Err(no_kernels(other)),
    })
}

fn no_kernels(dtype: DType) -> Error {
    Error::new(ErrorKind::Internal, format!("the kernels do not know {dtype}"))
}
