//! Sounds.

use everstep_event::{Audio, Sound};
use everstep_proto::{
    Message,
    plugin_data::{AudioEncoding, AudioPluginData},
    summary::{self, DataClass, Value},
    tensor::TensorProto,
};

use crate::wav;

pub(crate) const PLUGIN: &str = "audio";

pub(crate) fn value(tag: &str, clips: &[Audio]) -> Value {
    let content = AudioPluginData { version: 0, encoding: AudioEncoding::Wav as i32 };
    let tensor = super::strings(clips.iter().map(file).collect());
    super::value(tag, PLUGIN, content.encode_to_vec(), DataClass::BlobSequence, tensor)
}

fn file(audio: &Audio) -> Vec<u8> {
    match audio.sound() {
        Sound::Samples(samples) => wav::encode(audio.sample_rate(), audio.channels(), samples),
        Sound::Wav(file) => file.to_vec(),
        _ => Vec::new(),
    }
}

/// The clips of a list; TensorFlow writes a list of pairs of a clip and a label.
pub(crate) fn read(tensor: &TensorProto) -> Option<Vec<Audio>> {
    let axes = tensor.tensor_shape.as_ref().map_or(0, |shape| shape.dim.len());
    let clips = tensor.string_val.iter().step_by(if axes == 2 { 2 } else { 1 });
    clips.map(|file| wav::head(file).map(|(rate, channels)| Audio::wav(rate, channels, file.as_slice()))).collect()
}

/// A sound in TensorFlow 1's form, which other writers still use.
pub(crate) fn read_single(audio: summary::Audio) -> Option<Audio> {
    let channels = u16::try_from(audio.num_channels).ok()?;
    Some(Audio::wav(audio.sample_rate as u32, channels, audio.encoded_audio_string))
}
