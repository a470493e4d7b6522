//! The names of Python that state dictionaries use: each is known here, and none is ever called.

use everstep_tensor::{Encoding, Result};

use crate::unknown;

/// A name that a pickle may mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Global {
    OrderedDict,
    Size,
    /// A tensor from a storage, an offset, a shape and strides.
    RebuildTensor,
    /// The same, with the type of its elements.
    RebuildTensorOfType,
    /// A parameter from its tensor.
    RebuildParameter,
    /// The type of a storage.
    Storage(Encoding),
    /// A storage of bytes.
    UntypedStorage,
    /// A type of elements.
    Type(Encoding),
}

/// # Errors
/// `FailedPrecondition` for every other name.
pub(crate) fn parse(module: &str, name: &str) -> Result<Global> {
    let known = match (module, name) {
        ("collections", "OrderedDict") => Some(Global::OrderedDict),
        ("torch", "Size") => Some(Global::Size),
        ("torch._utils", "_rebuild_tensor_v2") => Some(Global::RebuildTensor),
        ("torch._utils", "_rebuild_tensor_v3") => Some(Global::RebuildTensorOfType),
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => Some(Global::RebuildParameter),
        ("torch" | "torch.storage", "UntypedStorage") => Some(Global::UntypedStorage),
        ("torch", name) => match name.strip_suffix("Storage") {
            Some(kind) => storage(kind).map(Global::Storage),
            None => dtype(name).map(Global::Type),
        },
        _ => None,
    };
    known.ok_or_else(|| {
        unknown(format!(
            "the pickle names {module}.{name}, which a state dictionary does not need; save model.state_dict()"
        ))
    })
}

fn storage(kind: &str) -> Option<Encoding> {
    Some(match kind {
        "Bool" => Encoding::Bool,
        "Byte" => Encoding::U8,
        "Char" => Encoding::I8,
        "Short" => Encoding::I16,
        "Int" => Encoding::I32,
        "Long" => Encoding::I64,
        "Half" => Encoding::F16,
        "BFloat16" => Encoding::Bf16,
        "Float" => Encoding::F32,
        "Double" => Encoding::F64,
        _ => return None,
    })
}

fn dtype(name: &str) -> Option<Encoding> {
    Some(match name {
        "bool" => Encoding::Bool,
        "uint8" => Encoding::U8,
        "int8" => Encoding::I8,
        "uint16" => Encoding::U16,
        "int16" => Encoding::I16,
        "uint32" => Encoding::U32,
        "int32" => Encoding::I32,
        "uint64" => Encoding::U64,
        "int64" => Encoding::I64,
        "float16" => Encoding::F16,
        "bfloat16" => Encoding::Bf16,
        "float32" => Encoding::F32,
        "float64" => Encoding::F64,
        _ => return None,
    })
}
