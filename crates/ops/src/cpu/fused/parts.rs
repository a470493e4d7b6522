//! Parts of tensors whose type is known when they are computed with, and the registers of each thread.

use std::{cell::RefCell, ops::Range};

use crate::{Data, DataMut, view::DType};

/// Does the same with the elements of each type.
macro_rules! each {
    ($kind:ident, $data:expr, $values:ident => $part:expr) => {
        match $data {
            $kind::Bool($values) => $kind::Bool($part),
            $kind::U8($values) => $kind::U8($part),
            $kind::I32($values) => $kind::I32($part),
            $kind::I64($values) => $kind::I64($part),
            $kind::F32($values) => $kind::F32($part),
            $kind::F64($values) => $kind::F64($part),
            $kind::Bf16($values) => $kind::Bf16($part),
            $kind::F16($values) => $kind::F16($part),
        }
    };
}

pub(super) fn part(data: Data<'_>, range: Range<usize>) -> Data<'_> {
    each!(Data, data, values => &values[range])
}

pub(super) fn part_mut<'a>(data: &'a mut DataMut<'_>, range: Range<usize>) -> DataMut<'a> {
    each!(DataMut, data, values => &mut values[range])
}

pub(super) fn split(data: DataMut<'_>, at: usize) -> [DataMut<'_>; 2] {
    macro_rules! halves {
        ($($variant:ident)*) => {
            match data {
                $(DataMut::$variant(values) => {
                    let (left, right) = values.split_at_mut(at);
                    [DataMut::$variant(left), DataMut::$variant(right)]
                })*
            }
        };
    }
    halves!(Bool U8 I32 I64 F32 F64 Bf16 F16)
}

/// The registers of one thread, those of each dtype numbered from 0; a register is made when it is used first.
#[derive(Debug, Default)]
pub(super) struct Registers([Vec<Option<Register>>; 8]);

/// Elements of one type.
#[derive(Debug)]
pub(super) enum Register {
    Bool(Vec<bool>),
    U8(Vec<u8>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bf16(Vec<u16>),
    F16(Vec<u16>),
}

thread_local! {
    static REGISTERS: RefCell<Registers> = RefCell::default();
}

impl Registers {
    /// Lends the running thread its registers, to work that hands nothing to other threads.
    pub(super) fn with<R>(work: impl FnOnce(&mut Registers) -> R) -> R {
        REGISTERS.with_borrow_mut(work)
    }

    pub(super) fn read(&self, dtype: DType, index: usize, elements: usize) -> Data<'_> {
        let register = self.0[dtype as usize][index].as_ref().expect("a step reads what earlier ones have written");
        macro_rules! first {
            ($($variant:ident)*) => {
                match register {
                    $(Register::$variant(values) => Data::$variant(&values[..elements]),)*
                }
            };
        }
        first!(Bool U8 I32 I64 F32 F64 Bf16 F16)
    }

    /// Takes a register out, so that the others can be read while it is written; [`put`](Self::put) brings it back.
    pub(super) fn take(&mut self, dtype: DType, index: usize) -> Register {
        let bank = &mut self.0[dtype as usize];
        if bank.len() <= index {
            bank.resize_with(index + 1, || None);
        }
        bank[index].take().unwrap_or_else(|| Register::new(dtype))
    }

    pub(super) fn put(&mut self, dtype: DType, index: usize, register: Register) {
        self.0[dtype as usize][index] = Some(register);
    }
}

impl Register {
    /// Elements of a register.
    pub(super) const LENGTH: usize = 2048;

    fn new(dtype: DType) -> Register {
        match dtype {
            DType::Bool => Register::Bool(vec![false; Self::LENGTH]),
            DType::U8 => Register::U8(vec![0; Self::LENGTH]),
            DType::I32 => Register::I32(vec![0; Self::LENGTH]),
            DType::I64 => Register::I64(vec![0; Self::LENGTH]),
            DType::F32 => Register::F32(vec![0.0; Self::LENGTH]),
            DType::F64 => Register::F64(vec![0.0; Self::LENGTH]),
            DType::Bf16 => Register::Bf16(vec![0; Self::LENGTH]),
            DType::F16 => Register::F16(vec![0; Self::LENGTH]),
        }
    }

    pub(super) fn write(&mut self, elements: usize) -> DataMut<'_> {
        macro_rules! first {
            ($($variant:ident)*) => {
                match self {
                    $(Register::$variant(values) => DataMut::$variant(&mut values[..elements]),)*
                }
            };
        }
        first!(Bool U8 I32 I64 F32 F64 Bf16 F16)
    }
}
