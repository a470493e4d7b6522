//! Where a tensor's elements lie: memory of our own, a vector that was handed over, or bytes that somebody else keeps.

use std::{fmt, sync::Arc};

use crate::{Bf16, F16, cast, memory::Memory};

/// Bytes that somebody else keeps, such as a mapped file.
pub type Shared = Arc<dyn AsRef<[u8]> + Send + Sync>;

pub(crate) enum Storage {
    Own(Memory),
    U8(Vec<u8>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bf16(Vec<Bf16>),
    F16(Vec<F16>),
    /// Read only; from this byte on.
    Shared(Shared, usize),
}

impl Storage {
    /// Zeros, not yet touched; `None` if there is no memory for them.
    pub(crate) fn zeroed(bytes: usize) -> Option<Self> {
        Memory::zeroed(bytes).map(Self::Own)
    }

    /// At least the bytes that the storage was made for.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(memory) => memory.bytes(),
            Self::U8(vector) => vector,
            Self::I32(vector) => cast::bytes(vector),
            Self::I64(vector) => cast::bytes(vector),
            Self::F32(vector) => cast::bytes(vector),
            Self::F64(vector) => cast::bytes(vector),
            Self::Bf16(vector) => cast::bytes(vector),
            Self::F16(vector) => cast::bytes(vector),
            Self::Shared(source, from) => (**source).as_ref().get(*from..).unwrap_or(&[]),
        }
    }

    /// `None` where the bytes are somebody else's.
    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        match self {
            Self::Own(memory) => Some(memory.bytes_mut()),
            Self::U8(vector) => Some(vector),
            Self::I32(vector) => Some(cast::bytes_mut(vector)),
            Self::I64(vector) => Some(cast::bytes_mut(vector)),
            Self::F32(vector) => Some(cast::bytes_mut(vector)),
            Self::F64(vector) => Some(cast::bytes_mut(vector)),
            Self::Bf16(vector) => Some(cast::bytes_mut(vector)),
            Self::F16(vector) => Some(cast::bytes_mut(vector)),
            Self::Shared(..) => None,
        }
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Storage({} bytes)", self.bytes().len())
    }
}
