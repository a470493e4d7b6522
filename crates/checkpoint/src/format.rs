//! What a checkpoint is written and read by.

use std::{collections::BTreeMap, fmt};

use everstep_tensor::{Result, Snapshot, Spec, Variables};

use crate::{Draft, Files};

/// What a checkpoint says about itself and the run that made it, beside its step and its tensors; name to text.
pub type Manifest = BTreeMap<String, String>;

/// What one checkpoint holds.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The global step it was saved at.
    pub step: u64,
    /// What the saver and the run noted: `instruction_set`, `saved_at`, `config`; may be empty.
    pub manifest: Manifest,
    /// The tensors.
    pub variables: Snapshot,
}

/// What can be told of a checkpoint without reading its elements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// The global step it was saved at.
    pub step: u64,
    /// As of [`Contents`].
    pub manifest: Manifest,
    /// Names, dtypes and shapes of the tensors, ascending by name.
    pub specs: Vec<Spec>,
}

impl Contents {
    /// Step, manifest and specs.
    pub fn description(&self) -> Description {
        Description { step: self.step, manifest: self.manifest.clone(), specs: self.variables.specs() }
    }
}

/// A format of checkpoints; the saver does the rest: names, durability, retention.
///
/// A checkpoint is a main file `<stem>.<extension>` and any number of parts `<stem>.<suffix>` beside it: the data files
/// of TensorFlow's `.index`, the shards of a large model. The saver chooses the stem, which no other checkpoint in the
/// place had, makes all files durable, and lets the main one appear last: a checkpoint is there if its main file is.
/// Files are read and written through [`Files`] and [`Draft`] alone, for they need not lie on a local disk.
/// The saver itself keeps the state file `checkpoint` (TensorFlow's, in text), pins and later measures; a format does
/// not.
/// Without a saver, [`write`](crate::write) and [`read`](crate::read) take [`Files`] of any name.
///
/// Laws: what was written is opened again, bit for bit, NaN payloads and −0 included, and so are the step and the
/// manifest; equal contents give equal bytes; files of any bytes give contents or an error, never a panic, never an
/// allocation larger than a small multiple of the files.
///
/// ```
/// use everstep_checkpoint::{Contents, Draft, Files, Format, read, write};
/// use everstep_tensor::{DType, Error, ErrorKind, Result, Tensor};
///
/// /// Lines of numbers: the step; name and text of each note; name, dtype, shape and bytes of each tensor.
/// #[derive(Debug)]
/// struct Text;
///
/// fn list<T: ToString>(numbers: impl IntoIterator<Item = T>) -> String {
///     numbers.into_iter().map(|number| number.to_string()).collect::<Vec<_>>().join(",")
/// }
///
/// fn numbers<T: std::str::FromStr>(list: &str) -> Option<Vec<T>> {
///     list.split_terminator(',').map(|number| number.parse().ok()).collect()
/// }
///
/// fn parse(text: &str) -> Option<Contents> {
///     let mut lines = text.lines();
///     let mut contents = Contents { step: lines.next()?.parse().ok()?, ..Default::default() };
///     for line in lines {
///         if let Some((name, text)) = line.strip_prefix("note\t").and_then(|line| line.split_once('\t')) {
///             let (name, text) = (String::from_utf8(numbers(name)?).ok()?, String::from_utf8(numbers(text)?).ok()?);
///             contents.manifest.insert(name, text);
///             continue;
///         }
///         let [name, dtype, shape, bytes] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
///         let (dtype, shape, bytes) = (DType::from_name(dtype)?, numbers::<usize>(shape)?, numbers(bytes)?);
///         // Without this, a shape that claims more than the bytes would be allocated first.
///         if shape.iter().try_fold(dtype.size(), |size, axis| size.checked_mul(*axis))? != bytes.len() {
///             return None;
///         }
///         let tensor = Tensor::from_bytes(dtype, shape, &bytes).ok()?;
///         contents.variables.insert(String::from_utf8(numbers(name)?).ok()?, tensor);
///     }
///     Some(contents)
/// }
///
/// impl Format for Text {
///     fn extension(&self) -> &str {
///         "text"
///     }
///     fn write(&self, contents: &Contents, draft: &mut Draft) -> Result<()> {
///         let into = draft.main()?;
///         writeln!(into, "{}", contents.step)?;
///         for (name, text) in &contents.manifest {
///             writeln!(into, "note\t{}\t{}", list(name.bytes()), list(text.bytes()))?;
///         }
///         for (name, tensor) in contents.variables.iter() {
///             let (name, shape, bytes) = (list(name.bytes()), list(tensor.shape()), list(tensor.bytes()));
///             writeln!(into, "{name}\t{}\t{shape}\t{bytes}", tensor.dtype())?;
///         }
///         Ok(())
///     }
///     fn open(&self, files: &Files) -> Result<Contents> {
///         let file = files.main()?;
///         let mut bytes = vec![0; file.length() as usize];
///         file.read_at(0, &mut bytes)?;
///         let text = String::from_utf8(bytes).ok();
///         text.and_then(|text| parse(&text)).ok_or_else(|| Error::new(ErrorKind::DataLoss, "it is no checkpoint in text"))
///     }
/// }
///
/// let variables = [("w", Tensor::scalar(-0.0f32))].into_iter().collect();
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("model.text");
/// let files = Files::at(&path)?;
/// write(&files, &Text, &Contents { step: 3, variables, ..Default::default() })?;
/// assert_eq!(std::fs::read(&path)?, b"3\n119\tf32\t\t0,0,0,128\n");
/// assert_eq!(read(&files, &Text)?.step, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a checkpoint format",
    note = "implement `Format::extension`, `Format::write` and `Format::open`"
)]
pub trait Format: fmt::Debug + Send + Sync {
    /// What the names of its main files end in, without the dot; must be the same for the format's life.
    fn extension(&self) -> &str;

    /// Whether a file `<stem>.<suffix>` is a part that this format may have written beside `<stem>.<extension>`.
    ///
    /// Such a file without a main one is what a dead writer left, and is removed; one with it goes when it goes.
    fn is_part(&self, _suffix: &str) -> bool {
        false
    }

    /// Writes the parts, if any, and the main file; need not flush.
    ///
    /// # Errors
    /// What writing returns; `InvalidArgument` for contents that the format cannot hold; `FailedPrecondition`
    /// from a format that is only read.
    fn write(&self, contents: &Contents, draft: &mut Draft) -> Result<()>;

    /// Reads a checkpoint; must verify all that it returns.
    ///
    /// # Errors
    /// `DataLoss` naming the tensor and what is wrong with it (the caller adds where it is); `FailedPrecondition` if
    /// the files may be in order but this program cannot read them, for then nothing older may take their place in
    /// silence.
    fn open(&self, files: &Files) -> Result<Contents>;

    /// Describes a checkpoint that is complete as far as can be told without reading the elements: the cheap
    /// verification, by which retention counts and lists are made.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn describe(&self, files: &Files) -> Result<Description> {
        self.open(files).map(|contents| contents.description())
    }
}
