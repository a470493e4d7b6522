//! Events on their way from those who emit them to the thread that writes them.

use everstep_event::{Elements, Event, Picture, Sound, What};
use everstep_proto::Message;

use crate::{encode, record};

/// Events in their order: scalars as the bytes of the file already, all others as they are.
///
/// Encoding a scalar is less work than handing its tag from thread to thread; encoding a picture is the thread's.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    records: Vec<u8>,
    /// Events, each with where its record belongs among the others.
    events: Vec<(usize, Event)>,
    load: Load,
}

/// How much a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) events: usize,
    /// About how many bytes the contents have.
    pub(crate) bytes: usize,
}

impl Batch {
    pub(crate) fn push(&mut self, event: Event) -> Load {
        let before = self.records.len();
        let bytes = if let What::Scalar { tag, value } = &event.what {
            encode::scalar_record(&mut self.records, event.wall_time, event.step, tag, *value);
            self.records.len() - before
        } else {
            let bytes = weight(&event.what);
            self.events.push((before, event));
            bytes
        };
        let load = Load { events: 1, bytes };
        self.load.add(load);
        load
    }

    /// Puts a record of a message that is no event of ours in front of those to come.
    pub(crate) fn push_record(&mut self, payload: &[u8]) {
        record::add(&mut self.records, payload);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.events.is_empty()
    }

    pub(crate) fn load(&self) -> Load {
        self.load
    }

    /// Moves everything behind `bytes`, as the file has it.
    pub(crate) fn drain_into(&mut self, bytes: &mut Vec<u8>) {
        let mut written = 0;
        for (place, event) in self.events.drain(..) {
            bytes.extend(&self.records[written..place]);
            written = place;
            if let Some(message) = encode::message(event) {
                record::add(bytes, &message.encode_to_vec());
            }
        }
        if written == 0 && bytes.is_empty() {
            std::mem::swap(bytes, &mut self.records);
        } else {
            bytes.extend(&self.records[written..]);
        }
        self.records.clear();
        self.load = Load::default();
    }
}

impl Load {
    pub(crate) fn add(&mut self, other: Self) {
        self.events += other.events;
        self.bytes += other.bytes;
    }

    pub(crate) fn remove(&mut self, other: Self) {
        self.events -= other.events;
        self.bytes -= other.bytes;
    }
}

/// About how many bytes the content of an event has.
fn weight(what: &What) -> usize {
    const SMALL: usize = 256;
    SMALL
        + match what {
            What::Histogram { histogram, .. } => 16 * histogram.limits.len(),
            What::Images { images, .. } => images.iter().map(|image| picture(image.picture())).sum(),
            What::Audio { clips, .. } => clips.iter().map(|clip| sound(clip.sound())).sum(),
            What::Text { text, .. } => text.len(),
            What::Tensor { array, .. } => elements(array.elements()),
            What::PrCurve { curve, .. } => 48 * curve.true_positives.len(),
            What::Mesh { mesh, .. } => 12 * mesh.vertices().len() + 12 * mesh.faces().len() + 3 * mesh.colors().len(),
            What::Graph(graph) => graph.len(),
            What::RunMetadata { stats, .. } => {
                stats.devices.iter().map(|device| SMALL * device.nodes.len()).sum::<usize>()
            }
            _ => 0,
        }
}

fn picture(picture: &Picture) -> usize {
    match picture {
        Picture::Pixels(bytes) | Picture::File(bytes) => bytes.len(),
        _ => 0,
    }
}

fn sound(sound: &Sound) -> usize {
    match sound {
        Sound::Samples(samples) => 4 * samples.len(),
        Sound::Wav(file) => file.len(),
        _ => 0,
    }
}

fn elements(elements: &Elements) -> usize {
    match elements {
        Elements::Bytes(elements) => elements.iter().map(Vec::len).sum(),
        elements => 8 * elements.len(),
    }
}
