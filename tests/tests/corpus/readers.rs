//! Each reader over bytes, in memory of a multiple of theirs: for the fuzz targets, and for the test that replays what
//! they found.

use std::{alloc::System, fs, sync::Arc};

use cap::Cap;

use everstep_checkpoint::{Files, Format, Native};
use everstep_tensor::Shared;

/// A reader, and how many times the bytes of its input it may take.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// Its name, and that of the folder of its corpus.
    pub name: &'static str,
    /// A list of what was decoded is greater than its bytes; deflate alone makes a thousand of one.
    times: usize,
    read: fn(&[u8]),
}

/// The native format.
pub const NATIVE: Reader = Reader { name: "native", times: 32, read: native };
/// safetensors.
pub const SAFETENSORS: Reader = Reader { name: "safetensors", times: 32, read: safetensors };
/// TensorFlow's bundle.
pub const TENSOR_BUNDLE: Reader = Reader { name: "tensor-bundle", times: 64, read: tensor_bundle };
/// NumPy's archive.
pub const NPZ: Reader = Reader { name: "npz", times: 1100, read: npz };
/// PyTorch's archive.
pub const TORCH: Reader = Reader { name: "torch", times: 128, read: torch };
/// TensorBoard's event files.
pub const EVENTS: Reader = Reader { name: "events", times: 32, read: events };

/// Memory that a reader may take whatever its input: for tables, buffers of files, messages.
const FREE: usize = 1 << 20;

impl Reader {
    /// Reads the input; what it takes beyond its share is not given, which ends the process.
    pub fn run(&self, allocator: &Cap<System>, input: &[u8]) {
        let limit = allocator.allocated() + FREE + self.times * input.len();
        allocator.set_limit(limit).expect("the limit is above what is taken");
        (self.read)(input);
        allocator.set_limit(usize::MAX).expect("there is no limit");
    }
}

/// Opens a file of these bytes in the native format, and describes it; then the same under the right checksum.
fn native(input: &[u8]) {
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
fn safetensors(input: &[u8]) {
    let _ = everstep_safetensors::read(&shared(input));
}

/// Reads a bundle whose index is as long as the first two bytes say; the rest is each of its data files.
fn tensor_bundle(input: &[u8]) {
    let Some((length, rest)) = input.split_first_chunk() else { return };
    let (index, data) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
    let data = shared(data);
    let _ = everstep_tensor_bundle::read(index, &mut |_| Ok(data.clone()));
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = everstep_tensor_bundle::CheckpointState::parse(text);
    }
}

/// Reads a file of NumPy.
fn npz(input: &[u8]) {
    let _ = everstep_npz::read(&shared(input));
}

/// Reads a file of PyTorch.
fn torch(input: &[u8]) {
    let _ = everstep_torch::read(&shared(input));
}

/// Reads the events of a file; then of one whose only record is the input.
fn events(input: &[u8]) {
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
