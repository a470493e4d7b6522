//! What a pickle can make here: plain data, and tensors.

use everstep_tensor::{Encoding, Tensor};

use crate::global::Global;

/// The number of a value in the list of all that were made, so that values may hold each other without end.
pub(crate) type Id = usize;

#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    Bytes,
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Global),
    Storage(Storage),
    Tensor(Tensor),
}

/// The bytes that tensors are views of.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    /// `None` if each view tells how it reads the bytes.
    pub(crate) encoding: Option<Encoding>,
    /// Where the bytes lie in the file.
    pub(crate) begin: usize,
    pub(crate) end: usize,
}
