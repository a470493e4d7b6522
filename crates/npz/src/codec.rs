//! A whole file, read and written.

use std::io::Write;

use everstep_checkpoint::Contents;
use everstep_tensor::{Error, ErrorKind, Result, Shared, Snapshot, Tensor};
use rawzip::{
    ZipArchiveWriter,
    path::{EntryPath, ZipFilePath},
};

use crate::{archive, fault, npy};

/// What the names of arrays end in.
const EXTENSION: &str = ".npy";

/// Writes one file, front to back, without compression; the README says what it holds beside the variables.
///
/// # Errors
/// `InvalidArgument` for a name that the format cannot hold; what writing returns.
pub fn write(contents: &Contents, into: &mut dyn Write) -> Result<()> {
    let mut archive = ZipArchiveWriter::new(into);
    for (name, tensor) in contents.to_tensors()?.iter() {
        let array = format!("{name}{EXTENSION}");
        append(&mut archive, &array, tensor).map_err(|error| error.context(format_args!("tensor {name}")))?;
    }
    archive.finish().map_err(unwritten)?;
    Ok(())
}

/// Reads one file; tensors share its bytes where these are elements as they lie there.
///
/// # Errors
/// `DataLoss` naming the array and what is wrong with it; `FailedPrecondition` for elements of a type that has no
/// tensor, or a compression other than deflate.
pub fn read(file: &Shared) -> Result<Contents> {
    let mut tensors = Snapshot::new();
    let mut count = 0;
    for entry in archive::entries(file)? {
        let Some(name) = entry.name.strip_suffix(EXTENSION) else {
            return Err(fault(format!("{} is no array, for its name does not end in {EXTENSION}", entry.name)));
        };
        let tensor = npy::read(&entry.source, entry.range);
        let tensor = tensor.map_err(|error| error.context(format_args!("tensor {name}")))?;
        tensors.insert(name, tensor);
        count += 1;
        if tensors.len() < count {
            return Err(fault(format!("the name {name} occurs twice")));
        }
    }
    Contents::from_tensors(&tensors)
}

fn append<W: Write>(archive: &mut ZipArchiveWriter<W>, name: &str, tensor: &Tensor) -> Result<()> {
    let (mut entry, config) = archive.new_file(path(name)?).start().map_err(unwritten)?;
    let mut data = config.wrap(&mut entry);
    npy::write(tensor, &mut data)?;
    let (_, output) = data.finish().map_err(unwritten)?;
    entry.finish(output).map_err(unwritten)?;
    Ok(())
}

/// ASCII is kept as it is; other letters only in a path that an archive would not change.
fn path(name: &str) -> Result<EntryPath<'_>> {
    if name.is_ascii() && !name.contains('\0') {
        return Ok(EntryPath::verbatim(name.as_bytes()));
    }
    if ZipFilePath::from_str(name).as_str() == name && !name.contains('\0') {
        return Ok(EntryPath::conformant(name));
    }
    let message = "an archive cannot hold this name; give it one without NUL, `\\`, `//` and `..`";
    Err(Error::new(ErrorKind::InvalidArgument, message))
}

/// The error of the archive, or that of the file below it.
fn unwritten(error: rawzip::Error) -> Error {
    match error.into_kind() {
        rawzip::ErrorKind::IO(error) => error.into(),
        other => Error::new(ErrorKind::InvalidArgument, other.to_string()),
    }
}
