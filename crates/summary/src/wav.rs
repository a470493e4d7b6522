//! WAV files: 16-bit PCM, as "Multimedia Programming Interface and Data Specifications 1.0" (1991) has it.

const HEAD: usize = 44;

/// A file of samples between −1 and 1; what lies beyond is clipped, and NaN is silence.
pub(crate) fn encode(sample_rate: u32, channels: u16, samples: &[f32]) -> Vec<u8> {
    let size = (samples.len() * 2) as u32;
    let frame = channels.saturating_mul(2);
    let mut file = Vec::with_capacity(HEAD + samples.len() * 2);
    file.extend(b"RIFF");
    file.extend((size + HEAD as u32 - 8).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(sample_rate.to_le_bytes());
    file.extend(sample_rate.saturating_mul(frame.into()).to_le_bytes());
    file.extend(frame.to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(size.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| amplitude(*sample).to_le_bytes()));
    file
}

/// A cast takes what is too large for the largest, and NaN for 0.
fn amplitude(sample: f32) -> i16 {
    (sample * f32::from(i16::MAX)).round() as i16
}

/// The sample rate and the number of channels that a file says, if its format comes first, as it mostly does.
pub(crate) fn head(file: &[u8]) -> Option<(u32, u16)> {
    let is_wav = file.starts_with(b"RIFF") && file.get(8..16) == Some(b"WAVEfmt ");
    let channels = file.get(22..24).filter(|_| is_wav)?.try_into().ok()?;
    let rate = file.get(24..28)?.try_into().ok()?;
    Some((u32::from_le_bytes(rate), u16::from_le_bytes(channels)))
}
