//! The files of one checkpoint, as a format reads and writes them.

use std::{
    ffi::OsStr,
    fmt,
    io::{self, BufWriter, Write},
    path::Path,
    sync::Arc,
};

use everstep_tensor::{DType, Error, ErrorKind, Result, Shared, Tensor};

use crate::{Contents, Format, Local, Output, Storage, Stored, name};

/// Small writes are gathered to this many bytes; greater ones pass through.
const GATHERED: usize = 64 << 10;

/// The files of one checkpoint, to be read: its main file, and beside it the parts that share its stem.
#[derive(Clone, Debug)]
pub struct Files {
    storage: Arc<dyn Storage>,
    main: String,
}

impl Files {
    /// The checkpoint whose main file has this name.
    pub fn new(storage: Arc<dyn Storage>, main: impl Into<String>) -> Self {
        Self { storage, main: main.into() }
    }

    /// The checkpoint whose main file is this one on a local disk, of any name.
    ///
    /// # Errors
    /// `InvalidArgument` if the path does not end in a name in UTF-8.
    pub fn at(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let Some(name) = path.file_name().and_then(OsStr::to_str) else {
            let message = format!("{} does not end in a name in UTF-8; name a file", path.display());
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        };
        Ok(Self::new(Arc::new(Local::new(path.parent().unwrap_or(Path::new("")))), name))
    }

    /// The name of the main file without its extension: what the names of all files begin with.
    pub fn stem(&self) -> &str {
        stem(&self.main)
    }

    /// Where the main file is, for people.
    pub fn location(&self) -> String {
        self.storage.location(&self.main)
    }

    /// Opens the main file.
    ///
    /// # Errors
    /// `NotFound` if there is none; what the storage returns.
    pub fn main(&self) -> Result<Box<dyn Stored>> {
        self.open(&self.main)
    }

    /// Opens the part `<stem>.<suffix>`.
    ///
    /// # Errors
    /// `DataLoss` if there is none, for a checkpoint without a part of it is damaged; what the storage returns.
    pub fn part(&self, suffix: &str) -> Result<Box<dyn Stored>> {
        let name = format!("{}.{suffix}", self.stem());
        self.open(&name).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::new(ErrorKind::DataLoss, format!("its part {name} is missing")),
            _ => error,
        })
    }

    fn open(&self, name: &str) -> Result<Box<dyn Stored>> {
        Ok(self.storage.open(name)?)
    }
}

/// The files of one checkpoint, to be written one after the other: what is begun ends the file before.
pub struct Draft {
    storage: Arc<dyn Storage>,
    main: String,
    temporary: String,
    /// The names that `discard` removes.
    names: Vec<String>,
    begun: Option<BufWriter<Counted>>,
    /// Whether the main file is the one that was begun last.
    is_main: bool,
    /// The main file of a storage where it appears when it is synced: that comes last.
    last: Option<BufWriter<Counted>>,
    has_main: bool,
    has_parts: bool,
    bytes: u64,
}

impl Draft {
    /// The checkpoint whose main file will have this name, and a temporary one until it is committed.
    pub(crate) fn new(storage: Arc<dyn Storage>, main: String) -> Self {
        let temporary = if storage.appears_whole() { main.clone() } else { name::temporary(&main) };
        Self {
            storage,
            main,
            temporary,
            names: Vec::new(),
            begun: None,
            is_main: false,
            last: None,
            has_main: false,
            has_parts: false,
            bytes: 0,
        }
    }

    /// The name of the main file without its extension: what the names of all files begin with.
    pub fn stem(&self) -> &str {
        stem(&self.main)
    }

    /// Begins the main file, by whose appearance the checkpoint is committed; every checkpoint has one.
    ///
    /// # Errors
    /// What ending the file before, or the storage, returns.
    pub fn main(&mut self) -> Result<&mut dyn Write> {
        self.end()?;
        (self.has_main, self.is_main) = (true, true);
        self.begin(self.temporary.clone())
    }

    /// Begins the part `<stem>.<suffix>`; [`Format::is_part`] must know the suffix.
    ///
    /// # Errors
    /// What ending the file before, or the storage, returns.
    pub fn part(&mut self, suffix: &str) -> Result<&mut dyn Write> {
        self.end()?;
        (self.has_parts, self.is_main) = (true, false);
        self.begin(format!("{}.{suffix}", self.stem()))
    }

    fn file(&mut self) -> io::Result<&mut BufWriter<Counted>> {
        self.begun.as_mut().ok_or_else(|| io::Error::other("no file was begun; `Draft::main` begins one"))
    }

    /// Makes all files durable and gives the main file its name; tells how many bytes the checkpoint has.
    pub(crate) fn commit(&mut self) -> Result<u64> {
        self.end()?;
        if !self.has_main {
            let message = format!("the format has written no main file for {}; `Draft::main` begins it", self.main);
            return Err(Error::new(ErrorKind::Internal, message));
        }
        if self.has_parts {
            // The main file must not appear before what it speaks of.
            self.storage.sync()?;
        }
        match self.last.take() {
            Some(mut main) => main.get_mut().output.sync()?,
            None => self.storage.rename(&self.temporary, &self.main)?,
        }
        // From here on it is there, durable or not.
        self.names.clear();
        self.storage.sync()?;
        Ok(self.bytes)
    }

    /// Removes what was written; what is left where even this fails is debris for the next writer to sweep.
    pub(crate) fn discard(&mut self) {
        (self.begun, self.last) = (None, None);
        for name in self.names.drain(..).rev() {
            let removed = self.storage.remove(&name);
            // As long as the main file may be there, its parts must be, too.
            if name == self.main && removed.is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
                return;
            }
        }
    }

    fn begin(&mut self, name: String) -> Result<&mut dyn Write> {
        let file = Counted { output: self.storage.create(&name)?, bytes: 0 };
        self.names.push(name);
        Ok(self.begun.insert(BufWriter::with_capacity(GATHERED, file)))
    }

    fn end(&mut self) -> Result<()> {
        let Some(mut file) = self.begun.take() else { return Ok(()) };
        file.flush()?;
        self.bytes += file.get_ref().bytes;
        if self.is_main && self.storage.appears_whole() {
            self.last = Some(file);
            return Ok(());
        }
        Ok(file.get_mut().output.sync()?)
    }
}

/// To the file that was begun last.
impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file()?.flush()
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { main, names, .. } = self;
        f.debug_struct("Draft").field("main", main).field("names", names).finish_non_exhaustive()
    }
}

/// An output that counts its bytes.
struct Counted {
    output: Box<dyn Output>,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// Writes a checkpoint without a saver: whole and durable, or not at all.
///
/// # Errors
/// What the format or the storage returns.
///
/// ```
/// use everstep_checkpoint::{Contents, Files, Native, read, write};
/// use everstep_tensor::Tensor;
///
/// let directory = tempfile::tempdir()?;
/// let files = Files::at(directory.path().join("model.everstep"))?;
/// let variables = [("weight", Tensor::scalar(0.5f32))].into_iter().collect();
/// write(&files, &Native::default(), &Contents { step: 3, variables, ..Default::default() })?;
/// assert_eq!(read(&files, &Native::default())?.step, 3);
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
pub fn write(files: &Files, format: &dyn Format, contents: &Contents) -> Result<()> {
    let Files { storage, main } = files.clone();
    let mut draft = Draft::new(storage, main);
    let written = format.write(contents, &mut draft).and_then(|()| draft.commit());
    written.map(drop).map_err(|error| {
        draft.discard();
        error.context(format_args!("cannot write {}", files.location()))
    })
}

/// Reads a checkpoint without a saver; every byte is verified.
///
/// # Errors
/// As [`Format::open`], naming where it is.
pub fn read(files: &Files, format: &dyn Format) -> Result<Contents> {
    format.open(files).map_err(|error| error.context(files.location()))
}

/// All bytes of a file, for formats whose tensors share them; they begin at a multiple of 64 in memory.
///
/// # Errors
/// `ResourceExhausted` if there is no memory for them; what reading returns.
pub fn load(file: &dyn Stored) -> Result<Shared> {
    struct Loaded(Tensor);

    impl AsRef<[u8]> for Loaded {
        fn as_ref(&self) -> &[u8] {
            self.0.bytes()
        }
    }

    let length = usize::try_from(file.length()).unwrap_or(usize::MAX);
    let mut bytes = Tensor::zeros(DType::U8, [length])?;
    file.read_at(0, bytes.get_mut::<u8>().expect("the tensor was made here"))?;
    Ok(Arc::new(Loaded(bytes)))
}

fn stem(main: &str) -> &str {
    main.rsplit_once('.').map_or(main, |(stem, _)| stem)
}
