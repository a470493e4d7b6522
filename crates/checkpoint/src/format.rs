//! What a checkpoint file is written and read by.

use std::{fmt, io::Write, path::Path};

use everstep_tensor::{Result, Snapshot};

/// What one checkpoint file holds.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The global step it was saved at.
    pub step: u64,
    /// The instruction set on which a resume gives the same bits, such as `x86_64+avx512f`; may be empty: not known.
    pub instruction_set: String,
    /// The tensors.
    pub variables: Snapshot,
}

/// A file format for checkpoints; the saver does the rest: names, durability, retention.
///
/// Laws: what was written is opened again, bit for bit, NaN payloads and −0 included; equal contents give equal bytes;
/// a file of any bytes gives contents or an error, never a panic, never an allocation larger than the file justifies.
///
/// ```
/// use std::{fs, io::Write, path::Path};
/// use everstep_checkpoint::{Contents, Format};
/// use everstep_tensor::{DType, Error, ErrorKind, Result, Tensor};
///
/// /// Lines of numbers: the step, the instruction set, then name, dtype, shape and bytes of each tensor.
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
///     contents.instruction_set = String::from_utf8(numbers(lines.next()?)?).ok()?;
///     for line in lines {
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
///     fn write(&self, contents: &Contents, into: &mut dyn Write) -> Result<()> {
///         writeln!(into, "{}\n{}", contents.step, list(contents.instruction_set.bytes()))?;
///         for (name, tensor) in contents.variables.iter() {
///             let (name, shape, bytes) = (list(name.bytes()), list(tensor.shape()), list(tensor.bytes()));
///             writeln!(into, "{name}\t{}\t{shape}\t{bytes}", tensor.dtype())?;
///         }
///         Ok(())
///     }
///     fn open(&self, path: &Path) -> Result<Contents> {
///         let damaged = || Error::new(ErrorKind::DataLoss, format!("{} is not a checkpoint in text", path.display()));
///         parse(&fs::read_to_string(path)?).ok_or_else(damaged)
///     }
/// }
///
/// let variables = [("w", Tensor::scalar(-0.0f32))].into_iter().collect();
/// let mut bytes = Vec::new();
/// Text.write(&Contents { step: 3, variables, ..Default::default() }, &mut bytes)?;
/// assert_eq!(bytes, b"3\n\n119\tf32\t\t0,0,0,128\n");
/// assert!(parse(std::str::from_utf8(&bytes)?).is_some_and(|contents| contents.step == 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a checkpoint format",
    note = "implement `Format::extension`, `Format::write` and `Format::open`"
)]
pub trait Format: fmt::Debug + Send + Sync {
    /// What the names of its files end in, without the dot; must be the same for the format's life.
    fn extension(&self) -> &str;

    /// Writes one file, front to back; need not flush.
    ///
    /// # Errors
    /// What writing returns.
    fn write(&self, contents: &Contents, into: &mut dyn Write) -> Result<()>;

    /// Reads one file; must verify all that it returns.
    ///
    /// # Errors
    /// `DataLoss` naming the file, the tensor and what is wrong with it; `FailedPrecondition` if the file may be in
    /// order but this program cannot read it, for then nothing older may take its place in silence.
    fn open(&self, path: &Path) -> Result<Contents>;

    /// The step of a file that is complete as far as can be told without reading the elements, for retention.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn step(&self, path: &Path) -> Result<u64> {
        self.open(path).map(|contents| contents.step)
    }
}
