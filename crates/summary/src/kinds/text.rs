//! Texts.

use everstep_proto::{
    summary::{DataClass, Value},
    tensor::TensorProto,
};

pub(crate) const PLUGIN: &str = "text";

pub(crate) fn value(tag: &str, text: String) -> Value {
    super::value(tag, PLUGIN, Vec::new(), DataClass::Tensor, super::string(text.into_bytes()))
}

/// The text in a tensor of one string; one of several strings is a table, and no text.
pub(crate) fn read(tensor: &TensorProto) -> Option<String> {
    let [text] = &*tensor.string_val else { return None };
    String::from_utf8(text.clone()).ok()
}
