//! The kinds of values: how each is a message, and how it is read from one.

pub(crate) mod array;
pub(crate) mod audio;
pub(crate) mod histogram;
pub(crate) mod hparams;
pub(crate) mod image;
pub(crate) mod layout;
pub(crate) mod mesh;
pub(crate) mod pr_curve;
pub(crate) mod run_stats;
pub(crate) mod text;

use everstep_proto::{
    summary::{Content, DataClass, PluginData, SummaryMetadata, Value},
    tensor::TensorProto,
    tensor_shape::{Dim, TensorShapeProto},
    types::DataType,
};

/// A tensor for a plugin, which knows its tags by the metadata alone.
fn value(tag: &str, plugin: &str, content: Vec<u8>, class: DataClass, tensor: TensorProto) -> Value {
    let plugin_data = Some(PluginData { plugin_name: plugin.to_owned(), content });
    let metadata = Some(SummaryMetadata { plugin_data, data_class: class as i32, ..SummaryMetadata::default() });
    Value { tag: tag.to_owned(), metadata, value: Some(Content::Tensor(Box::new(tensor))) }
}

/// How many values of a tag were `what`, as a curve of its own; nothing if none were.
fn count(tag: &str, what: &str, count: u64) -> Option<Value> {
    let value = Some(Content::SimpleValue(count as f32));
    (count > 0).then(|| Value { tag: format!("{tag}/{what}"), metadata: None, value })
}

fn shape(lengths: impl IntoIterator<Item = u64>) -> Option<TensorShapeProto> {
    let dim = |length: u64| Dim { size: length.cast_signed(), ..Dim::default() };
    Some(TensorShapeProto { dim: lengths.into_iter().map(dim).collect(), unknown_rank: false })
}

/// A tensor of strings along one axis.
fn strings(strings: Vec<Vec<u8>>) -> TensorProto {
    TensorProto {
        dtype: DataType::String as i32,
        tensor_shape: shape([strings.len() as u64]),
        string_val: strings,
        ..TensorProto::default()
    }
}

/// A tensor of one string and no axis.
fn string(string: Vec<u8>) -> TensorProto {
    TensorProto { tensor_shape: shape([]), ..strings(vec![string]) }
}

/// A tensor of numbers, as bytes.
fn numbers(dtype: DataType, lengths: impl IntoIterator<Item = u64>, bytes: Vec<u8>) -> TensorProto {
    TensorProto { dtype: dtype as i32, tensor_shape: shape(lengths), tensor_content: bytes, ..TensorProto::default() }
}
