//! Each reader over bytes, for the fuzz targets and for the test that replays what they found.

use std::{fs, sync::Arc};

use everstep_checkpoint::{Files, Format, Native};
use everstep_tensor::Shared;

/// Opens a file of these bytes in the native format, and describes it; then the same under the right checksum.
pub fn native(input: &[u8]) {
    open_native(input);
    let Some((checked, _)) = input.split_last_chunk::<4>() else { return };
    let Some((rest, length)) = checked.split_last_chunk::<8>() else { return };
    let table = usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| rest.len().checked_sub(length));
    if let (Some(head), Some(table)) = (input.get(..64), table) {
        let crc = [head, &rest[table..], length].iter().fold(0, |crc, part| crc32c::crc32c_append(crc, part));
        open_native(&[checked, &crc.to_le_bytes()].concat());
    }
}

fn open_native(input: &[u8]) {
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let path = folder.join(format!("everstep-corpus-{}-{:?}", std::process::id(), std::thread::current().id()));
    fs::write(&path, input).expect("a temporary file can be written");
    let files = Files::at(&path).expect("the name is text");
    let opened = Native::default().open(&files);
    let described = Native::default().describe(&files);
    // What opens can be described; the other way round elements may be damaged.
    assert!(opened.is_err() || described.is_ok());
    fs::remove_file(&path).expect("it was written above");
}

/// Reads a safetensors file.
pub fn safetensors(input: &[u8]) {
    let _ = everstep_safetensors::read(&shared(input));
}

/// Reads a bundle whose index is as long as the first two bytes say; the rest is each of its data files.
pub fn tensor_bundle(input: &[u8]) {
    let Some((length, rest)) = input.split_first_chunk() else { return };
    let (index, data) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
    let data = shared(data);
    let _ = everstep_tensor_bundle::read(index, &mut |_| Ok(data.clone()));
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = everstep_tensor_bundle::CheckpointState::parse(text);
    }
}

/// Reads a file of NumPy.
pub fn npz(input: &[u8]) {
    let _ = everstep_npz::read(&shared(input));
}

/// Reads a file of PyTorch.
pub fn torch(input: &[u8]) {
    let _ = everstep_torch::read(&shared(input));
}

/// Reads the events of a file; then of one whose only record is the input.
pub fn events(input: &[u8]) {
    let masked = |bytes: &[u8]| crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes();
    let length = (input.len() as u64).to_le_bytes();
    let record = [&length[..], &masked(&length), input, &masked(input)].concat();
    for file in [input, &record] {
        everstep_summary::EventReader::new(file).take(input.len() + 2).for_each(drop);
    }
}

fn shared(input: &[u8]) -> Shared {
    Arc::new(input.to_vec())
}
