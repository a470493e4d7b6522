//! Sounds.

use std::{
    io::{self, ErrorKind},
    sync::Arc,
};

/// A sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    sample_rate: u32,
    channels: u16,
    sound: Sound,
}

/// How an [`Audio`] holds its sound.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Sound {
    /// Samples between −1 and 1, the channels of one moment side by side.
    Samples(Arc<[f32]>),
    /// A WAV file.
    Wav(Arc<[u8]>),
}

impl Audio {
    /// Samples between −1 and 1, so many a second, the channels of one moment side by side.
    ///
    /// What lies beyond is clipped, and NaN is silence, once a sink writes them.
    ///
    /// # Errors
    ///
    /// `InvalidInput`: the rate or the number of channels is 0, the samples are not as many for each channel, or they
    /// are more than a WAV file of 4 GiB can hold.
    pub fn new(sample_rate: u32, channels: u16, samples: impl Into<Arc<[f32]>>) -> io::Result<Self> {
        let samples = samples.into();
        let fit = samples.len() < (1 << 31) - 64 && samples.len().is_multiple_of(usize::from(channels).max(1));
        if sample_rate == 0 || channels == 0 || !fit {
            let message = format!(
                "{} samples of {channels} channels at {sample_rate} a second are no sound; \
                 give a rate, a channel or more, and as many samples for each, fewer than 2³¹ in all",
                samples.len()
            );
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
        Ok(Self { sample_rate, channels, sound: Sound::Samples(samples) })
    }

    /// A WAV file, which is not looked into.
    pub fn wav(sample_rate: u32, channels: u16, file: impl Into<Arc<[u8]>>) -> Self {
        Self { sample_rate, channels, sound: Sound::Wav(file.into()) }
    }

    /// Samples a second, of each channel.
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// How many channels there are: 1 mono, 2 stereo.
    pub fn channels(&self) -> u16 {
        self.channels
    }

    /// The sound itself.
    pub fn sound(&self) -> &Sound {
        &self.sound
    }
}
