//! Events as TensorFlow's messages.

use std::time::{Duration, SystemTime};

use everstep_event::{Event, What};
use everstep_proto::{
    event::{self, SessionStatus, TaggedRunMetadata},
    summary::{Content, Summary, Value},
};

use crate::{
    kinds::{array, audio, histogram, hparams, image, layout, mesh, pr_curve, run_stats, text},
    record,
};

/// The first message of each file: the format, in whole seconds.
pub(crate) fn file_version(now: SystemTime) -> event::Event {
    let wall_time = seconds(now).floor();
    event::Event { wall_time, step: 0, what: Some(event::What::FileVersion("brain.Event:2".to_owned())) }
}

/// The message of an event; `None` if the event is of a kind that event files do not have.
///
/// The step must be one that the format can hold.
pub(crate) fn message(event: Event) -> Option<event::Event> {
    let wall_time = seconds(event.wall_time);
    let what = what(event.what, wall_time)?;
    Some(event::Event { wall_time, step: event.step.cast_signed(), what: Some(what) })
}

fn what(what: What, seconds: f64) -> Option<event::What> {
    Some(match what {
        What::Graph(graph) => event::What::GraphDef(graph.to_vec()),
        What::RunMetadata { tag, stats } => {
            let (tag, run_metadata) = (tag.to_string(), run_stats::encode(&stats));
            event::What::TaggedRunMetadata(TaggedRunMetadata { tag, run_metadata })
        }
        What::SessionStart => session_log(SessionStatus::Start, String::new()),
        What::SessionStop => session_log(SessionStatus::Stop, String::new()),
        What::Checkpoint { path } => session_log(SessionStatus::Checkpoint, path),
        what => event::What::Summary(Summary { value: values(what, seconds)? }),
    })
}

fn values(what: What, seconds: f64) -> Option<Vec<Value>> {
    Some(match what {
        What::Scalar { tag, value } => vec![scalar(&tag, value)],
        What::Histogram { tag, histogram } => histogram::values(&tag, &histogram),
        What::Images { tag, images } => vec![image::value(&tag, &images)],
        What::Audio { tag, clips } => vec![audio::value(&tag, &clips)],
        What::Text { tag, text } => vec![text::value(&tag, text)],
        What::Tensor { tag, array } => vec![array::value(&tag, &array)],
        What::PrCurve { tag, curve } => pr_curve::values(&tag, &curve),
        What::Mesh { tag, mesh } => mesh::values(&tag, &mesh),
        What::Experiment(experiment) => vec![hparams::experiment(&experiment, seconds)],
        What::TrialStart(trial) => vec![hparams::trial(&trial, seconds)],
        What::TrialEnd(status) => vec![hparams::end(status, seconds)],
        What::Layout(layout) => vec![layout::value(&layout)],
        _ => return None,
    })
}

/// The oldest form of a scalar: the shortest, and the one that every reader knows, from TensorFlow 1's to TensorBoard's
/// present ones, which turn it into the form of the `scalars` plugin as they load it (and keep 32 bits of it anyway).
fn scalar(tag: &str, value: f64) -> Value {
    Value { tag: tag.to_owned(), metadata: None, value: Some(Content::SimpleValue(value as f32)) }
}

/// Adds the record of a scalar, without the message in between: scalars are many.
pub(crate) fn scalar_record(records: &mut Vec<u8>, wall_time: SystemTime, step: u64, tag: &str, value: f64) {
    let tag_length = if tag.is_empty() { 0 } else { 1 + varint_length(tag.len() as u64) + tag.len() };
    let value_length = tag_length + 5;
    let summary_length = 1 + varint_length(value_length as u64) + value_length;
    let start = record::begin(records);
    let seconds = seconds(wall_time);
    // Of numbers without presence, zero is left out.
    if seconds.to_bits() != 0 {
        records.push(0x09);
        records.extend(seconds.to_le_bytes());
    }
    if step != 0 {
        records.push(0x10);
        varint(records, step);
    }
    records.push(0x2a);
    varint(records, summary_length as u64);
    records.push(0x0a);
    varint(records, value_length as u64);
    if !tag.is_empty() {
        records.push(0x0a);
        varint(records, tag.len() as u64);
        records.extend(tag.as_bytes());
    }
    records.push(0x15);
    records.extend((value as f32).to_le_bytes());
    record::end(records, start);
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn varint_length(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// The path is the remark, too: in TensorFlow's own files the field of the path lacks the step.
fn session_log(status: SessionStatus, checkpoint_path: String) -> event::What {
    let msg = checkpoint_path.clone();
    event::What::SessionLog(event::SessionLog { status: status as i32, checkpoint_path, msg })
}

/// Seconds since 1970, to about a microsecond.
fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.as_ref().map_or_else(|before| -before.duration().as_secs_f64(), Duration::as_secs_f64)
}
