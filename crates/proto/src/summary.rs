//! Values under tags: TensorFlow's `summary.proto`.

use prost::{Message, Oneof};

use crate::tensor::TensorProto;

/// Values of one step.
#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    /// The values, at most one a tag.
    #[prost(message, repeated, tag = "1")]
    pub value: Vec<Value>,
}

/// One value: TensorFlow's `Summary.Value`.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    /// The name of its series; `/` groups names.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// How to show it; a writer may leave it out after the first value of a tag.
    #[prost(message, optional, tag = "9")]
    pub metadata: Option<SummaryMetadata>,
    /// The value itself; `None` if it is of a kind that is not here.
    #[prost(oneof = "Content", tags = "2, 8")]
    pub value: Option<Content>,
}

/// What a [`Value`] holds.
#[derive(Clone, PartialEq, Oneof)]
pub enum Content {
    /// A scalar.
    #[prost(float, tag = "2")]
    SimpleValue(f32),
    /// A tensor, whose meaning is its plugin's.
    #[prost(message, tag = "8")]
    Tensor(Box<TensorProto>),
}

/// How to show the values of a tag.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SummaryMetadata {
    /// Which plugin of TensorBoard shows them.
    #[prost(message, optional, tag = "1")]
    pub plugin_data: Option<PluginData>,
    /// The name for people; empty means the tag.
    #[prost(string, tag = "2")]
    pub display_name: String,
    /// A description in Markdown.
    #[prost(string, tag = "3")]
    pub summary_description: String,
}

/// A plugin and what it should know: TensorFlow's `SummaryMetadata.PluginData`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PluginData {
    /// Its name: `scalars`, `text`.
    #[prost(string, tag = "1")]
    pub plugin_name: String,
    /// What only the plugin understands.
    #[prost(bytes = "vec", tag = "2")]
    pub content: Vec<u8>,
}
