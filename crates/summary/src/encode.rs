//! Events as TensorFlow's messages.

use std::{
    io::{self, ErrorKind},
    time::{Duration, SystemTime},
};

use everstep_event::{Event, What};
use everstep_proto::{
    event,
    summary::{Content, PluginData, Summary, SummaryMetadata, Value},
    tensor::TensorProto,
    tensor_shape::TensorShapeProto,
    types::DataType,
};

/// The first message of each file: the format, in whole seconds.
pub(crate) fn file_version(now: SystemTime) -> event::Event {
    let wall_time = seconds(now).floor();
    event::Event { wall_time, step: 0, what: Some(event::What::FileVersion("brain.Event:2".to_owned())) }
}

/// The message of an event; `None` if the event is of a kind that event files do not have.
pub(crate) fn message(event: Event) -> io::Result<Option<event::Event>> {
    let step = i64::try_from(event.step).map_err(|_| {
        let message = format!("step {} is beyond {}, the last that an event file can hold", event.step, i64::MAX);
        io::Error::new(ErrorKind::InvalidInput, message)
    })?;
    let wall_time = seconds(event.wall_time);
    Ok(what(event.what).map(|what| event::Event { wall_time, step, what: Some(what) }))
}

fn what(what: What) -> Option<event::What> {
    Some(match what {
        What::Scalar { tag, value } => scalar(tag, value),
        What::Text { tag, text } => self::text(tag, text),
        What::Graph(graph) => event::What::GraphDef(graph.to_vec()),
        What::SessionStart => session_log(event::SessionStatus::Start, String::new()),
        What::SessionStop => session_log(event::SessionStatus::Stop, String::new()),
        What::Checkpoint { path } => session_log(event::SessionStatus::Checkpoint, path),
        _ => return None,
    })
}

/// The oldest form of a scalar: the shortest, and the one that every reader knows, from TensorFlow 1's to TensorBoard's
/// present ones, which turn it into the form of the `scalars` plugin as they load it (and keep 32 bits of it anyway).
fn scalar(tag: String, value: f64) -> event::What {
    summary(Value { tag, metadata: None, value: Some(Content::SimpleValue(value as f32)) })
}

/// A tensor of one string for the `text` plugin, which knows its tags by the metadata alone.
fn text(tag: String, text: String) -> event::What {
    let plugin = PluginData { plugin_name: "text".to_owned(), content: Vec::new() };
    let metadata = SummaryMetadata { plugin_data: Some(plugin), ..SummaryMetadata::default() };
    let tensor = TensorProto {
        dtype: DataType::String as i32,
        tensor_shape: Some(TensorShapeProto::default()),
        string_val: vec![text.into_bytes()],
        ..TensorProto::default()
    };
    summary(Value { tag, metadata: Some(metadata), value: Some(Content::Tensor(Box::new(tensor))) })
}

fn summary(value: Value) -> event::What {
    event::What::Summary(Summary { value: vec![value] })
}

/// The path is the remark, too: in TensorFlow's own files the field of the path lacks the step.
fn session_log(status: event::SessionStatus, checkpoint_path: String) -> event::What {
    let msg = checkpoint_path.clone();
    event::What::SessionLog(event::SessionLog { status: status as i32, checkpoint_path, msg })
}

/// Seconds since 1970, to about a microsecond.
fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.as_ref().map_or_else(|before| -before.duration().as_secs_f64(), Duration::as_secs_f64)
}
