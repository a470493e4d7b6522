//! A whole file, read and written.

use std::{collections::BTreeMap, io::Write};

use everstep_checkpoint::{Contents, Description, Manifest, Stored};
use everstep_tensor::{ByteOrder, DType, Error, ErrorKind, Result, Shared, Snapshot, Spec, Tensor};

use crate::{
    fault,
    header::{self, Entry, Header, METADATA},
};

/// The bytes of the header's length.
const PREFIX: usize = 8;
/// The longest header that readers of the format take.
const LONGEST: u64 = 100_000_000;
/// The keys of the metadata that are ours.
const STEP: &str = "everstep.step";
const MANIFEST: &str = "everstep.manifest.";
const SLOTS: &str = "everstep.slots";

/// Writes one file, front to back; the README says what the metadata holds.
///
/// # Errors
/// `InvalidArgument` for the name `__metadata__`, or names that need a longer header than readers take; what writing
/// returns.
pub fn write(contents: &Contents, into: &mut dyn Write) -> Result<()> {
    let tensors = header::ordered(&contents.variables);
    if tensors.iter().any(|(name, _)| *name == METADATA) {
        let message = format!("the format keeps the name {METADATA} for itself; give the variable another one");
        return Err(Error::new(ErrorKind::InvalidArgument, message));
    }
    let header = header::text(&metadata(contents), &tensors);
    if header.len() as u64 > LONGEST {
        let message = format!("a header of {} bytes exceeds {LONGEST}; save fewer variables", header.len());
        return Err(Error::new(ErrorKind::InvalidArgument, message));
    }
    into.write_all(&(header.len() as u64).to_le_bytes())?;
    into.write_all(header.as_bytes())?;
    tensors.iter().try_for_each(|(_, tensor)| elements(tensor, into))
}

/// Reads one file; tensors share its bytes where these are elements as they lie there.
///
/// A file of another program has the step of its scalar `global_step`, else 0.
///
/// # Errors
/// `DataLoss` naming the tensor and what is wrong with it; `FailedPrecondition` for elements of a type that has no
/// tensor.
pub fn read(file: &Shared) -> Result<Contents> {
    let bytes = (**file).as_ref();
    let length = bytes.len() as u64;
    let first = match bytes.first_chunk() {
        Some(prefix) => first(*prefix, length)?,
        None => return Err(short(length)),
    };
    let header = Header::parse(&bytes[PREFIX..first], bytes.len() - first)?;
    let mut variables = Snapshot::new();
    for entry in header.entries {
        let range = first + entry.begin..first + entry.end;
        let tensor = entry.encoding.tensor(ByteOrder::Little, entry.shape, file, range);
        variables.insert(&entry.name, tensor.map_err(|error| error.context(format_args!("tensor {}", entry.name)))?);
    }
    contents(&header.metadata, variables)
}

/// What the header alone tells; `None` for the step if the tensors have to tell it.
pub(crate) fn describe(file: &dyn Stored) -> Result<Option<Description>> {
    let length = file.length();
    let mut prefix = [0; PREFIX];
    if length < PREFIX as u64 {
        return Err(short(length));
    }
    file.read_at(0, &mut prefix)?;
    let first = first(prefix, length)?;
    let mut json = vec![0; first - PREFIX];
    file.read_at(PREFIX as u64, &mut json)?;
    let data = usize::try_from(length - first as u64).unwrap_or(usize::MAX);
    let Header { metadata, entries } = Header::parse(&json, data)?;
    let Some(step) = metadata.get(STEP) else { return Ok(None) };
    let spec = |entry: Entry| Spec { name: entry.name, dtype: entry.encoding.dtype(), shape: entry.shape.into() };
    let mut specs: Vec<Spec> = entries.into_iter().map(spec).collect();
    specs.sort_unstable_by(|left, right| left.name.cmp(&right.name));
    Ok(Some(Description { step: number(step)?, manifest: manifest(&metadata), specs }))
}

/// The byte at which the data begin, in a file of so many bytes.
fn first(prefix: [u8; PREFIX], length: u64) -> Result<usize> {
    let (header, rest) = (u64::from_le_bytes(prefix), length - PREFIX as u64);
    if header > rest.min(LONGEST) {
        return Err(fault(format!("the header takes {header} bytes, the file has {rest} and {LONGEST} is most")));
    }
    Ok(PREFIX + header as usize)
}

fn short(length: u64) -> Error {
    fault(format!("the file has {length} bytes, the shortest has {PREFIX}"))
}

fn metadata(contents: &Contents) -> BTreeMap<String, String> {
    let notes = contents.manifest.iter().map(|(key, text)| (format!("{MANIFEST}{key}"), text.clone()));
    let mut metadata: BTreeMap<String, String> = notes.collect();
    metadata.insert(STEP.into(), contents.step.to_string());
    let slots = slots(&contents.variables);
    if !slots.is_empty() {
        metadata.insert(SLOTS.into(), serde_json::json!(slots).to_string());
    }
    metadata
}

/// The optimizer's variables: those named `variable/slot` beside a variable of that name.
fn slots(variables: &Snapshot) -> Vec<&str> {
    let names: std::collections::BTreeSet<&str> = variables.iter().map(|(name, _)| name).collect();
    let is_slot = |name: &&str| name.rsplit_once('/').is_some_and(|(variable, _)| names.contains(variable));
    names.iter().copied().filter(is_slot).collect()
}

fn contents(metadata: &BTreeMap<String, String>, variables: Snapshot) -> Result<Contents> {
    let Some(step) = metadata.get(STEP) else {
        return Contents::from_tensors(&variables);
    };
    Ok(Contents { step: number(step)?, manifest: manifest(metadata), variables })
}

fn number(step: &str) -> Result<u64> {
    step.parse().map_err(|_| fault(format!("the step {step:?} in the metadata is no number")))
}

fn manifest(metadata: &BTreeMap<String, String>) -> Manifest {
    let note = |(key, text): (&String, &String)| Some((key.strip_prefix(MANIFEST)?.to_owned(), text.clone()));
    metadata.iter().filter_map(note).collect()
}

fn elements(tensor: &Tensor, into: &mut dyn Write) -> Result<()> {
    if ByteOrder::NATIVE == ByteOrder::Little || tensor.dtype() == DType::Bool {
        return Ok(into.write_all(tensor.bytes())?);
    }
    let mut bytes = tensor.bytes().to_vec();
    bytes.chunks_exact_mut(tensor.dtype().size()).for_each(<[u8]>::reverse);
    Ok(into.write_all(&bytes)?)
}
