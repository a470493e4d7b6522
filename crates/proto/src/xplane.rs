//! A profile: the `xplane.proto` of TensorFlow's profiler.

use prost::Message;

/// A profile.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct XSpace {
    /// The planes.
    #[prost(message, repeated, tag = "1")]
    pub planes: Vec<XPlane>,
    /// The machines.
    #[prost(string, repeated, tag = "4")]
    pub hostnames: Vec<String>,
}

/// A device.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct XPlane {
    /// Its number.
    #[prost(int64, tag = "1")]
    pub id: i64,
    /// Its name; `/host:CPU` for the processor.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Its threads.
    #[prost(message, repeated, tag = "3")]
    pub lines: Vec<XLine>,
    /// What its events are; on the wire a map.
    #[prost(message, repeated, tag = "4")]
    pub event_metadata: Vec<XEventMetadataEntry>,
}

/// A thread.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct XLine {
    /// Its number.
    #[prost(int64, tag = "1")]
    pub id: i64,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// When it began, in nanoseconds since 1970.
    #[prost(int64, tag = "3")]
    pub timestamp_ns: i64,
    /// What it did.
    #[prost(message, repeated, tag = "4")]
    pub events: Vec<XEvent>,
    /// How long, in picoseconds.
    #[prost(int64, tag = "9")]
    pub duration_ps: i64,
}

/// Something that a thread did.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct XEvent {
    /// What it was.
    #[prost(int64, tag = "1")]
    pub metadata_id: i64,
    /// When it began, in picoseconds since the line did.
    #[prost(int64, tag = "2")]
    pub offset_ps: i64,
    /// How long it took, in picoseconds.
    #[prost(int64, tag = "3")]
    pub duration_ps: i64,
}

/// What an event is, by its number.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct XEventMetadataEntry {
    /// The number.
    #[prost(int64, tag = "1")]
    pub key: i64,
    /// What it is.
    #[prost(message, optional, tag = "2")]
    pub value: Option<XEventMetadata>,
}

/// What an event is.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct XEventMetadata {
    /// Its number.
    #[prost(int64, tag = "1")]
    pub id: i64,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Its name for people.
    #[prost(string, tag = "4")]
    pub display_name: String,
}
