//! Who can read a graph: TensorFlow's `versions.proto`.

use prost::Message;

/// Who wrote a graph and who can read it.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct VersionDef {
    /// The version of the writer.
    #[prost(int32, tag = "1")]
    pub producer: i32,
    /// The oldest version that can read it.
    #[prost(int32, tag = "2")]
    pub min_consumer: i32,
    /// Versions that can not, because of an error in them.
    #[prost(int32, repeated, tag = "3")]
    pub bad_consumers: Vec<i32>,
}
