//! TensorFlow's messages as events.

use std::{
    collections::HashMap,
    io::{self, ErrorKind},
    sync::Arc,
    time::{Duration, SystemTime},
};

use everstep_event::{Event, Plugin, What};
use everstep_proto::{
    DecodeError, Message, event,
    event::{SessionStatus, TaggedRunMetadata},
    summary::{Content, Summary, Value},
    tensor::TensorProto,
};

use crate::kinds::{array, audio, histogram, hparams, image, layout, mesh, pr_curve, run_stats, text};

/// Turns messages into events, and remembers what a value said for the later ones of its tag.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    plugins: HashMap<String, Plugin>,
}

impl Decoder {
    /// The events of one record: none if it is of an unknown kind, several if it is a summary of several values.
    pub(crate) fn events(&mut self, record: &[u8]) -> io::Result<Vec<Event>> {
        let message = event::Event::decode(record).map_err(undecodable)?;
        let Some(what) = message.what else { return Ok(Vec::new()) };
        let contents = self.contents(what)?;
        if contents.is_empty() {
            return Ok(Vec::new());
        }
        let (wall_time, step) = (time(message.wall_time)?, step(message.step)?);
        Ok(contents.into_iter().map(|what| Event { wall_time, step, what }).collect())
    }

    fn contents(&mut self, what: event::What) -> io::Result<Vec<What>> {
        Ok(match what {
            event::What::Summary(summary) => self.summary(summary),
            event::What::GraphDef(graph) => vec![What::Graph(Arc::from(graph))],
            event::What::SessionLog(log) => session_log(log).into_iter().collect(),
            event::What::TaggedRunMetadata(TaggedRunMetadata { tag, run_metadata }) => {
                let stats = run_stats::decode(&run_metadata).map_err(undecodable)?;
                vec![What::run_metadata(tag, stats)]
            }
            _ => Vec::new(),
        })
    }

    /// The values of a summary, several of which may be one.
    fn summary(&mut self, summary: Summary) -> Vec<What> {
        let mut contents = Vec::new();
        for value in summary.value {
            self.remember(&value);
            if !contents.last_mut().is_some_and(|last| self.take(last, &value)) {
                contents.extend(self.value(value));
            }
        }
        contents
    }

    fn remember(&mut self, value: &Value) {
        let plugin = value.metadata.as_ref().and_then(|metadata| metadata.plugin_data.as_ref());
        if let Some(plugin) = plugin {
            let (name, content) = (plugin.plugin_name.clone(), plugin.content.clone());
            self.plugins.insert(value.tag.clone(), Plugin { name, content });
        }
    }

    /// Whether a value is a part of the one before it, which then has it.
    fn take(&self, last: &mut What, value: &Value) -> bool {
        match (last, &value.value) {
            (What::Histogram { tag, histogram }, Some(Content::SimpleValue(count))) => {
                beside(&value.tag, tag).is_some_and(|what| histogram::take(Arc::make_mut(histogram), what, *count))
            }
            (What::PrCurve { tag, curve }, Some(Content::SimpleValue(count))) => {
                beside(&value.tag, tag).is_some_and(|what| pr_curve::take(Arc::make_mut(curve), what, *count))
            }
            (What::Mesh { tag, mesh }, Some(Content::Tensor(tensor))) => {
                let plugin = self.plugins.get(&value.tag).filter(|plugin| plugin.name == mesh::PLUGIN);
                let whole = plugin.and_then(|plugin| mesh::take(tag, mesh, &plugin.content, tensor));
                whole.map(|whole| *mesh = Arc::new(whole)).is_some()
            }
            _ => false,
        }
    }

    fn value(&self, value: Value) -> Option<What> {
        let Value { tag, metadata, value } = value;
        let tag = || Arc::from(&*tag);
        match value {
            Some(Content::SimpleValue(value)) => Some(What::Scalar { tag: tag(), value: f64::from(value) }),
            Some(Content::Image(image)) => Some(What::images(tag(), [image::read_single(image)?])),
            Some(Content::Histo(histogram)) => Some(What::histogram(tag(), histogram::read(*histogram)?)),
            Some(Content::Audio(audio)) => Some(What::audio(tag(), [audio::read_single(audio)?])),
            Some(Content::Tensor(tensor)) => {
                let plugin = self.plugins.get(&*tag());
                plugin.and_then(|plugin| of_plugin(tag(), plugin, &tensor)).or_else(|| {
                    let array = array::read(&tensor)?;
                    Some(What::tensor(tag(), array.for_plugin(plugin.cloned().unwrap_or_default())))
                })
            }
            // Some writers of hyperparameters leave out the tensor, which is empty anyway.
            None => metadata?
                .plugin_data
                .filter(|plugin| plugin.plugin_name == hparams::PLUGIN)
                .and_then(|plugin| hparams::read(&plugin.content)),
        }
    }
}

/// A tensor of a plugin that is known here, if it is as that plugin has it.
fn of_plugin(tag: Arc<str>, plugin: &Plugin, tensor: &TensorProto) -> Option<What> {
    match &*plugin.name {
        "scalars" => array::read_scalar(tensor).map(|value| What::Scalar { tag, value }),
        text::PLUGIN => text::read(tensor).map(|text| What::Text { tag, text }),
        histogram::PLUGIN => histogram::read_columns(tensor).map(|histogram| What::histogram(tag, histogram)),
        image::PLUGIN => image::read(tensor).map(|images| What::images(tag, images)),
        audio::PLUGIN => audio::read(tensor).map(|clips| What::audio(tag, clips)),
        pr_curve::PLUGIN => pr_curve::read(tensor).map(|curve| What::pr_curve(tag, curve)),
        mesh::PLUGIN => mesh::read(&plugin.content, tensor).map(|(tag, mesh)| What::mesh(tag, mesh)),
        layout::PLUGIN => layout::read(tensor).map(|layout| What::Layout(Arc::new(layout))),
        hparams::PLUGIN => hparams::read(&plugin.content),
        _ => None,
    }
}

/// What follows the tag of a value, in that of a curve beside it.
fn beside<'a>(tag: &'a str, of: &str) -> Option<&'a str> {
    tag.strip_prefix(of)?.strip_prefix('/')
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
