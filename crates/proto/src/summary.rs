//! Values under tags: TensorFlow's `summary.proto`.

use prost::{Enumeration, Message, Oneof};

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
    #[prost(oneof = "Content", tags = "2, 4, 5, 6, 8")]
    pub value: Option<Content>,
}

/// What a [`Value`] holds.
#[derive(Clone, PartialEq, Oneof)]
pub enum Content {
    /// A scalar.
    #[prost(float, tag = "2")]
    SimpleValue(f32),
    /// A picture.
    #[prost(message, tag = "4")]
    Image(Image),
    /// A histogram.
    #[prost(message, tag = "5")]
    Histo(Box<HistogramProto>),
    /// A sound.
    #[prost(message, tag = "6")]
    Audio(Audio),
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
    /// What the values are to readers that do not know the plugin.
    #[prost(enumeration = "DataClass", tag = "4")]
    pub data_class: i32,
}

/// What the values of a tag are to readers that do not know its plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum DataClass {
    /// Not said.
    Unknown = 0,
    /// A number.
    Scalar = 1,
    /// A small tensor.
    Tensor = 2,
    /// Files in a list.
    BlobSequence = 3,
}

/// A picture: TensorFlow's `Summary.Image`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Image {
    /// Rows of pixels.
    #[prost(int32, tag = "1")]
    pub height: i32,
    /// Pixels in a row.
    #[prost(int32, tag = "2")]
    pub width: i32,
    /// 1 grey, 2 grey with opacity, 3 RGB, 4 RGBA.
    #[prost(int32, tag = "3")]
    pub colorspace: i32,
    /// The file, in the format of PNG, JPEG or GIF.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded_image_string: Vec<u8>,
}

/// A sound: TensorFlow's `Summary.Audio`.
#[derive(Clone, PartialEq, Message)]
pub struct Audio {
    /// Samples a second, of each channel.
    #[prost(float, tag = "1")]
    pub sample_rate: f32,
    /// How many channels there are.
    #[prost(int64, tag = "2")]
    pub num_channels: i64,
    /// How many samples each channel has.
    #[prost(int64, tag = "3")]
    pub length_frames: i64,
    /// The file.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded_audio_string: Vec<u8>,
    /// Its media type, such as `audio/wav`.
    #[prost(string, tag = "5")]
    pub content_type: String,
}

/// How values are distributed: TensorFlow's `HistogramProto`.
#[derive(Clone, PartialEq, Message)]
pub struct HistogramProto {
    /// The smallest value.
    #[prost(double, tag = "1")]
    pub min: f64,
    /// The largest value.
    #[prost(double, tag = "2")]
    pub max: f64,
    /// How many values there are.
    #[prost(double, tag = "3")]
    pub num: f64,
    /// Their sum.
    #[prost(double, tag = "4")]
    pub sum: f64,
    /// The sum of their squares.
    #[prost(double, tag = "5")]
    pub sum_squares: f64,
    /// Where each bucket ends.
    #[prost(double, repeated, tag = "6")]
    pub bucket_limit: Vec<f64>,
    /// How many values each bucket has.
    #[prost(double, repeated, tag = "7")]
    pub bucket: Vec<f64>,
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
