//! The native format, read: every size is checked against the file's length before anything is allocated for it.

use std::fmt::Display;

use everstep_tensor::{DType, Error, ErrorKind, Result, Shape, Snapshot, Spec, Tensor};

use super::{ALIGNMENT, CHECKSUM, MAGIC, PREFIX, VERSION, aligned, swap};
use crate::{
    Contents, Description, Files, Manifest, Stored,
    codec::{self, Entry, Header},
};

/// A file that is read front to back.
struct Source {
    file: Box<dyn Stored>,
    length: u64,
    at: u64,
}

/// The whole file, every byte of it verified.
pub(super) fn open(files: &Files) -> Result<Contents> {
    let mut source = Source::open(files)?;
    let head = source.head()?;
    let header = codec::decode(&head[PREFIX..head.len() - CHECKSUM])?;
    let specs = check(&header, head.len() as u64, source.length)?;
    let variables = source.tensors(specs, &header.tensors, head.len() as u64)?;
    Ok(Contents { step: header.step, manifest: manifest(&header), variables })
}

/// What the header says, if everything but the elements is in order.
pub(super) fn describe(files: &Files) -> Result<Description> {
    let mut source = Source::open(files)?;
    let head = source.head()?;
    let header = codec::decode(&head[PREFIX..head.len() - CHECKSUM])?;
    let specs = check(&header, head.len() as u64, source.length)?;
    Ok(Description { step: header.step, manifest: manifest(&header), specs })
}

fn manifest(header: &Header<'_>) -> Manifest {
    header.manifest.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect()
}

impl Source {
    fn open(files: &Files) -> Result<Self> {
        let file = files.main()?;
        Ok(Self { length: file.length(), file, at: 0 })
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<()> {
        self.file.read_at(self.at, buffer)?;
        self.at += buffer.len() as u64;
        Ok(())
    }

    /// Prefix, header and checksum, verified; the file is then of the version that this crate reads.
    fn head(&mut self) -> Result<Vec<u8>> {
        let least = (PREFIX + CHECKSUM) as u64;
        if self.length < least {
            return Err(lost(format!("the file has {} bytes, the shortest has {least}", self.length)));
        }
        let mut head = vec![0; PREFIX];
        self.read(&mut head)?;
        if !head.starts_with(&MAGIC) {
            return Err(lost("the file does not begin as a checkpoint does"));
        }
        let header = u64::from_le_bytes(array(&head[12..PREFIX]));
        if header > self.length - least {
            let end = header.saturating_add(least);
            return Err(lost(format!("the header ends at byte {end}, the file has {} bytes", self.length)));
        }
        head.resize(size(least + header)?, 0);
        self.read(&mut head[PREFIX..])?;
        let (checked, stored) = head.split_at(head.len() - CHECKSUM);
        check_crc("the header", checked, u32::from_le_bytes(array(stored)))?;
        check_version(u32::from_le_bytes(array(&head[8..12])))?;
        Ok(head)
    }

    fn tensors(&mut self, specs: Vec<Spec>, entries: &[Entry<'_>], head: u64) -> Result<Snapshot> {
        let mut end = head;
        let mut scratch = Vec::new();
        let mut tensors = Snapshot::new();
        for (spec, entry) in specs.into_iter().zip(entries) {
            let begin = aligned(head) + entry.offset;
            let tensor = self.padding(begin - end).and_then(|()| self.tensor(&spec, entry, &mut scratch));
            tensors.insert(&spec.name, tensor.map_err(|error| error.context(format_args!("tensor {}", spec.name)))?);
            end = begin + entry.length;
        }
        Ok(tensors)
    }

    /// The zeros before a tensor, fewer than its alignment.
    fn padding(&mut self, length: u64) -> Result<()> {
        let mut padding = [0; ALIGNMENT as usize];
        self.read(&mut padding[..length as usize])?;
        if padding == [0; ALIGNMENT as usize] { Ok(()) } else { Err(lost("the bytes before it are not zero")) }
    }

    /// One tensor by way of `scratch`, which is kept from one to the next.
    fn tensor(&mut self, spec: &Spec, entry: &Entry<'_>, scratch: &mut Vec<u8>) -> Result<Tensor> {
        scratch.resize(size(entry.length)?, 0);
        self.read(scratch)?;
        check_crc("the elements", scratch, entry.crc)?;
        if cfg!(target_endian = "big") {
            swap(scratch, spec.dtype.size());
        }
        Tensor::from_bytes(spec.dtype, &spec.shape, scratch).map_err(lost)
    }
}

/// The specs of the tensors, if these lie as the writer lays them and the file is exactly as long as they need.
fn check(header: &Header<'_>, head: u64, length: u64) -> Result<Vec<Spec>> {
    let mut specs: Vec<Spec> = Vec::new();
    let mut end = head;
    for entry in &header.tensors {
        if specs.last().is_some_and(|previous| previous.name.as_str() >= entry.name) {
            return Err(lost(format!("tensor {}: the names do not ascend", entry.name)));
        }
        let spec = spec(entry).map_err(|error| error.context(format_args!("tensor {}", entry.name)))?;
        end = place(entry, aligned(head), aligned(end), length)
            .map_err(|error| error.context(format_args!("tensor {}", entry.name)))?;
        specs.push(spec);
    }
    if end != length {
        return Err(lost(format!("the file has {} bytes behind its last tensor", length - end)));
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

/// The byte of the file at which the tensor ends, if it begins at byte `begin` and lies within the file.
fn place(entry: &Entry<'_>, first: u64, begin: u64, length: u64) -> Result<u64> {
    if first.checked_add(entry.offset) != Some(begin) {
        return Err(lost(format!("it is at byte {} of the elements, not at {}", entry.offset, begin - first)));
    }
    let end = begin.checked_add(entry.length).filter(|end| *end <= length);
    end.ok_or_else(|| lost(format!("its {} bytes from byte {begin} on exceed the file's {length}", entry.length)))
}

fn check_crc(what: &str, bytes: &[u8], stored: u32) -> Result<()> {
    let found = crc32c::crc32c(bytes);
    if found == stored {
        return Ok(());
    }
    Err(lost(format!("the checksum of {what} is {found:08x}, stored is {stored:08x}")))
}

/// The header's checksum was right, so another version is another program's and not damage.
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
