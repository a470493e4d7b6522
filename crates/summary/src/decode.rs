//! TensorFlow's messages as events.

use std::{
    collections::HashMap,
    io::{self, ErrorKind},
    sync::Arc,
    time::{Duration, SystemTime},
};

use everstep_event::{Event, What};
use everstep_proto::{
    DecodeError, Message, event,
    event::SessionStatus,
    summary::{Content, Value},
    tensor::TensorProto,
    types::DataType,
};

/// Turns messages into events, and remembers what the first value of a tag said for all of them.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    plugins: HashMap<String, String>,
}

impl Decoder {
    /// The events of one record: none if it is of an unknown kind, several if it is a summary of several values.
    pub(crate) fn events(&mut self, record: &[u8]) -> io::Result<Vec<Event>> {
        let message = event::Event::decode(record).map_err(undecodable)?;
        let Some(what) = message.what else { return Ok(Vec::new()) };
        let contents = self.contents(what);
        if contents.is_empty() {
            return Ok(Vec::new());
        }
        let (wall_time, step) = (time(message.wall_time)?, step(message.step)?);
        Ok(contents.into_iter().map(|what| Event { wall_time, step, what }).collect())
    }

    fn contents(&mut self, what: event::What) -> Vec<What> {
        match what {
            event::What::Summary(summary) => summary.value.into_iter().filter_map(|value| self.value(value)).collect(),
            event::What::GraphDef(graph) => vec![What::Graph(Arc::from(graph))],
            event::What::SessionLog(log) => session_log(log).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn value(&mut self, value: Value) -> Option<What> {
        let Value { tag, metadata, value } = value;
        if let Some(plugin) = metadata.and_then(|metadata| metadata.plugin_data) {
            self.plugins.entry(tag.clone()).or_insert(plugin.plugin_name);
        }
        match value? {
            Content::SimpleValue(value) => Some(What::Scalar { tag, value: f64::from(value) }),
            Content::Tensor(tensor) => match self.plugins.get(&tag)?.as_str() {
                "scalars" => scalar(&tensor).map(|value| What::Scalar { tag, value }),
                "text" => text(*tensor).map(|text| What::Text { tag, text }),
                _ => None,
            },
        }
    }
}

/// The number in a tensor of one float, listed or raw.
fn scalar(tensor: &TensorProto) -> Option<f64> {
    let raw = &*tensor.tensor_content;
    match DataType::try_from(tensor.dtype).ok()? {
        DataType::Float => {
            tensor.float_val.first().copied().or_else(|| raw.try_into().ok().map(f32::from_le_bytes)).map(f64::from)
        }
        DataType::Double => tensor.double_val.first().copied().or_else(|| raw.try_into().ok().map(f64::from_le_bytes)),
        _ => None,
    }
}

/// The text in a tensor of one string.
fn text(tensor: TensorProto) -> Option<String> {
    let [text] = <[Vec<u8>; 1]>::try_from(tensor.string_val).ok()?;
    String::from_utf8(text).ok()
}

fn session_log(log: event::SessionLog) -> Option<What> {
    match log.status() {
        SessionStatus::Unspecified => None,
        SessionStatus::Start => Some(What::SessionStart),
        SessionStatus::Stop => Some(What::SessionStop),
        SessionStatus::Checkpoint => Some(What::Checkpoint { path: log.checkpoint_path }),
    }
}

fn time(seconds: f64) -> io::Result<SystemTime> {
    let distance = Duration::try_from_secs_f64(seconds.abs()).ok();
    let time = distance.and_then(|distance| match seconds < 0.0 {
        true => SystemTime::UNIX_EPOCH.checked_sub(distance),
        false => SystemTime::UNIX_EPOCH.checked_add(distance),
    });
    time.ok_or_else(|| invalid(format!("the wall time {seconds} of an event is no time")))
}

fn step(step: i64) -> io::Result<u64> {
    u64::try_from(step).map_err(|_| invalid(format!("the step {step} of an event is negative")))
}

fn undecodable(error: DecodeError) -> io::Error {
    invalid(format!("a record is no event: {error}"))
}

fn invalid(message: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, message)
}
