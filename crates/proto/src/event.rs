//! What one record of an event file holds: TensorFlow's `event.proto`.

use prost::{Enumeration, Message, Oneof};

use crate::summary::Summary;

/// One record of an event file.
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    /// When it was written, in seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// The global step it belongs to.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// What it says; `None` if it is of a kind that is not here.
    #[prost(oneof = "What", tags = "3, 4, 5, 6, 7, 8, 9")]
    pub what: Option<What>,
}

/// The content of an [`Event`].
#[derive(Clone, PartialEq, Oneof)]
pub enum What {
    /// The format of the file, in its first record: `brain.Event:2`.
    #[prost(string, tag = "3")]
    FileVersion(String),
    /// An encoded [`GraphDef`](crate::graph::GraphDef).
    #[prost(bytes, tag = "4")]
    GraphDef(Vec<u8>),
    /// Values under tags.
    #[prost(message, tag = "5")]
    Summary(Summary),
    /// A line of a log.
    #[prost(message, tag = "6")]
    LogMessage(LogMessage),
    /// A session started, stopped or saved.
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
    /// What was measured of one run.
    #[prost(message, tag = "8")]
    TaggedRunMetadata(TaggedRunMetadata),
    /// An encoded `MetaGraphDef`.
    #[prost(bytes, tag = "9")]
    MetaGraphDef(Vec<u8>),
}

/// A line of a log.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LogMessage {
    /// How grave it is.
    #[prost(enumeration = "LogLevel", tag = "1")]
    pub level: i32,
    /// The line.
    #[prost(string, tag = "2")]
    pub message: String,
}

/// How grave a [`LogMessage`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum LogLevel {
    /// Not said.
    Unknown = 0,
    /// Of use while searching for an error.
    Debugging = 10,
    /// Worth knowing.
    Info = 20,
    /// Perhaps wrong.
    Warn = 30,
    /// Wrong.
    Error = 40,
    /// The end of the program.
    Fatal = 50,
}

/// A session started, stopped or saved.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SessionLog {
    /// Which of them.
    #[prost(enumeration = "SessionStatus", tag = "1")]
    pub status: i32,
    /// Where the checkpoint is, if it saved.
    #[prost(string, tag = "2")]
    pub checkpoint_path: String,
    /// A remark.
    #[prost(string, tag = "3")]
    pub msg: String,
}

/// What a session did, in a [`SessionLog`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum SessionStatus {
    /// Not said.
    Unspecified = 0,
    /// It started; some readers then forget what earlier sessions said of this step and of later ones.
    Start = 1,
    /// It ended well.
    Stop = 2,
    /// It saved a checkpoint.
    Checkpoint = 3,
}

/// What was measured of one run, under a tag.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TaggedRunMetadata {
    /// The name of the run; unique in a file.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// An encoded `RunMetadata`.
    #[prost(bytes = "vec", tag = "2")]
    pub run_metadata: Vec<u8>,
}
