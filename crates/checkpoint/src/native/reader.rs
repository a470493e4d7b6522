//! The native format, read: every size is checked against the files' before anything is allocated for it.

use std::fmt::Display;

use everstep_tensor::{DType, Error, ErrorKind, Result, Shape, Snapshot, Spec};

use super::{ALIGNMENT, FOOT, HEAD, MAGIC, VERSION, aligned, part};
use crate::{
    Contents, Description, Files, Manifest, Stored,
    codec::{self, Entry, Table},
};

mod elements;

use elements::Elements;

/// The table's bytes and where they begin, of a main file that is in order up to there.
struct Main {
    file: Box<dyn Stored>,
    table: Vec<u8>,
    /// Where the elements end, if they lie in this file.
    end: u64,
}

/// The whole set, every byte of it verified.
pub(super) fn open(files: &Files) -> Result<Contents> {
    let main = Main::open(files)?;
    let table = codec::decode(&main.table)?;
    let specs = check(&table)?;
    let elements = elements_of(files, main.file, main.end, &table)?;
    let values = elements.tensors(&specs, &table.tensors)?;
    let variables = specs.into_iter().map(|spec| spec.name).zip(values).collect::<Snapshot>();
    Ok(Contents { step: table.step, manifest: manifest(&table), variables })
}

/// What the table says, if everything but the elements is in order.
pub(super) fn describe(files: &Files) -> Result<Description> {
    let main = Main::open(files)?;
    let table = codec::decode(&main.table)?;
    let specs = check(&table)?;
    elements_of(files, main.file, main.end, &table)?;
    Ok(Description { step: table.step, manifest: manifest(&table), specs })
}

fn manifest(table: &Table<'_>) -> Manifest {
    table.manifest.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect()
}

impl Main {
    /// Head, table and foot, verified; the file is then of the version that this crate reads.
    fn open(files: &Files) -> Result<Self> {
        let file = files.main()?;
        let (length, least) = (file.length(), (HEAD + FOOT) as u64);
        if length < least {
            return Err(lost(format!("the file has {length} bytes, the shortest has {least}")));
        }
        let (mut head, mut foot) = ([0; HEAD], [0; FOOT]);
        file.read_at(0, &mut head)?;
        file.read_at(length - FOOT as u64, &mut foot)?;
        if !head.starts_with(&MAGIC) {
            return Err(lost("the file does not begin as a checkpoint does"));
        }
        let (claimed, stored) = foot.split_at(8);
        let bytes = u64::from_le_bytes(array(claimed));
        if bytes > length - least {
            return Err(lost("the file does not end as a checkpoint does: it was cut short"));
        }
        let end = length - FOOT as u64 - bytes;
        let mut table = vec![0; size(bytes)?];
        file.read_at(end, &mut table)?;
        let found = super::checksum(&head, &table, claimed);
        check_crc("the table", found, u32::from_le_bytes(array(stored)))?;
        check_version(u32::from_le_bytes(array(&head[8..12])))?;
        if head != super::head() {
            return Err(lost("the bytes before the elements are not zero"));
        }
        Ok(Self { file, table, end })
    }
}

/// The files of the elements, if they are exactly as long as the tensors need.
fn elements_of(files: &Files, main: Box<dyn Stored>, end: u64, table: &Table<'_>) -> Result<Elements> {
    let total = table.tensors.last().map_or(0, |last| last.offset + last.length);
    if table.shard == 0 {
        check_length("the file", end - HEAD as u64, total)?;
        return Ok(Elements { files: vec![main], shard: u64::MAX, first: HEAD as u64 });
    }
    check_length("the main file", end, HEAD as u64)?;
    let mut shards = Vec::new();
    let count = total.div_ceil(table.shard);
    for index in 0..count {
        let shard = files.part(&part(index, count))?;
        let expected = table.shard.min(total - index * table.shard);
        check_length(&format!("shard {index} of {count}"), shard.length(), expected)?;
        shards.push(shard);
    }
    Ok(Elements { files: shards, shard: table.shard, first: 0 })
}

fn check_length(what: &str, found: u64, expected: u64) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(lost(format!("{what} has {found} bytes of elements, the table says {expected}")))
}

/// The specs of the tensors, if these lie as the writer lays them.
fn check(table: &Table<'_>) -> Result<Vec<Spec>> {
    let mut specs: Vec<Spec> = Vec::new();
    let mut end = 0;
    for entry in &table.tensors {
        if specs.last().is_some_and(|previous| previous.name.as_str() >= entry.name) {
            return Err(lost(format!("tensor {}: the names do not ascend", entry.name)));
        }
        let spec = spec(entry).map_err(|error| error.context(format_args!("tensor {}", entry.name)))?;
        end = place(entry, end).map_err(|error| error.context(format_args!("tensor {}", entry.name)))?;
        specs.push(spec);
    }
    if table.manifest.windows(2).any(|notes| notes[0].0 >= notes[1].0) {
        return Err(lost("the names of the notes do not ascend"));
    }
    let is_cut = end > table.shard && table.shard.is_multiple_of(ALIGNMENT);
    if table.shard > 0 && !is_cut {
        return Err(lost(format!("{end} bytes of elements are not cut into shards of {}", table.shard)));
    }
    Ok(specs)
}

/// What the tensor is, if dtype and shape are possible and take as many bytes as the entry says.
fn spec(entry: &Entry<'_>) -> Result<Spec> {
    let dtype = DType::from_name(entry.dtype).ok_or_else(|| lost(format!("the dtype {} is unknown", entry.dtype)))?;
    let shape = entry.shape.iter().map(|axis| size(*axis)).collect::<Result<Vec<_>>>().map(Shape::from)?;
    let bytes = shape.elements().and_then(|elements| elements.checked_mul(dtype.size()));
    if bytes.is_none_or(|bytes| bytes as u64 != entry.length) {
        return Err(lost(format!("{dtype}{shape} does not take {} bytes", entry.length)));
    }
    Ok(Spec { name: entry.name.into(), dtype, shape })
}

/// Where the tensor ends, if it begins at the first place behind `end`.
fn place(entry: &Entry<'_>, end: u64) -> Result<u64> {
    let begin = aligned(end);
    if entry.offset != begin {
        return Err(lost(format!("it is at byte {} of the elements, not at {begin}", entry.offset)));
    }
    let end = begin.checked_add(entry.length).filter(|end| *end < 1 << 62);
    end.ok_or_else(|| lost(format!("its {} bytes are more than a checkpoint can hold", entry.length)))
}

fn check_crc(what: &str, found: u32, stored: u32) -> Result<()> {
    if found == stored {
        return Ok(());
    }
    Err(lost(format!("the checksum of {what} is {found:08x}, stored is {stored:08x}")))
}

/// The checksum was right, so another version is another program's and not damage.
fn check_version(version: u32) -> Result<()> {
    if version == VERSION {
        return Ok(());
    }
    let remedy = "open it with the version of Everstep that wrote it, or move it away";
    let message = format!("the file has format version {version}, this program reads version {VERSION}; {remedy}");
    Err(Error::new(ErrorKind::FailedPrecondition, message))
}

fn lost(message: impl Display) -> Error {
    Error::new(ErrorKind::DataLoss, message.to_string())
}

/// A number of bytes or elements on this machine.
fn size(size: u64) -> Result<usize> {
    let exceeds = |_| Error::new(ErrorKind::ResourceExhausted, format!("{size} exceeds this machine's address space"));
    usize::try_from(size).map_err(exceeds)
}

fn array<const LENGTH: usize>(bytes: &[u8]) -> [u8; LENGTH] {
    bytes.try_into().expect("the slice was cut to this length")
}
