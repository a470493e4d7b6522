//! Where checkpoints lie: one flat place of named files, and the few operations that the saver needs of it.

use std::{
    fmt,
    io::{self, Write},
    time::SystemTime,
};

/// One flat place of named files: a directory, a bucket's prefix, memory.
///
/// The saver's commit rule is built of these operations: the parts of a checkpoint are written under names that were
/// never used before, then the file that commits it under a temporary name; each is synced, the names are synced, the
/// last file gets its name by [`rename`](Self::rename), the names are synced again.
///
/// Obligations: what [`Output::sync`] has acknowledged survives the end of the process and of the machine, under a
/// name once [`sync`](Self::sync) has acknowledged that too; a rename shows the old file or the new one, never neither
/// and never a mixture. In a store where a file appears only when it is whole
/// ([`appears_whole`](Self::appears_whole)) the file that commits is written last, under its own name, and nothing is
/// renamed.
///
/// Names have no folders; errors are the system's, and the saver adds where and what to do.
///
/// ```
/// use std::io::Write;
/// use everstep_checkpoint::{Local, Storage};
///
/// let directory = tempfile::tempdir()?;
/// let storage = Local::new(directory.path().join("run"));
/// assert!(storage.list()?.is_empty());
///
/// storage.prepare()?;
/// let mut file = storage.create(".note.tmp")?;
/// file.write_all(b"a note")?;
/// file.sync()?;
/// storage.rename(".note.tmp", "note")?;
/// storage.sync()?;
///
/// let note = storage.open("note")?;
/// let mut text = [0; 4];
/// note.read_at(2, &mut text)?;
/// assert_eq!((note.length(), &text), (6, b"note"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Storage: fmt::Debug + Send + Sync {
    /// Where the file of this name is or would be, for people: a path, an address; the place itself for an empty name.
    fn location(&self, name: &str) -> String;

    /// Makes the place, durably; nothing if it is there.
    ///
    /// # Errors
    /// What the system returns.
    fn prepare(&self) -> io::Result<()>;

    /// The files that are there, in any order; none if there is no such place.
    ///
    /// # Errors
    /// What the system returns.
    fn list(&self) -> io::Result<Vec<Listed>>;

    /// Opens a file to be read; what is read later is what the name meant now, even if the file is replaced or removed.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    fn open(&self, name: &str) -> io::Result<Box<dyn Stored>>;

    /// Opens an empty file to be written, in place of what had the name.
    ///
    /// # Errors
    /// What the system returns.
    fn create(&self, name: &str) -> io::Result<Box<dyn Output>>;

    /// Gives a file another name, in place of what had that name.
    ///
    /// # Errors
    /// What the system returns; then both names are as before.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes every creation, renaming and removal so far durable.
    ///
    /// # Errors
    /// What the system returns; then none of them may be relied on.
    fn sync(&self) -> io::Result<()>;

    /// Whether a file that is created appears under its name only when its [`Output::sync`] returns, whole and durable, in
    /// place of what had the name; until then a reader sees what was there before.
    fn appears_whole(&self) -> bool {
        false
    }

    /// Claims the place for one writer, who calls itself `holder`, until the claim is dropped or the process ends;
    /// the file of this name may serve for it.
    ///
    /// # Errors
    /// `ResourceBusy` whose text is the name of the writer who holds it; `Unsupported` where claims cannot be made.
    fn claim(&self, name: &str, holder: &str) -> io::Result<Box<dyn Claim>>;
}

/// A file as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub length: u64,
    /// When it was last written, if that is known.
    pub modified: Option<SystemTime>,
}

/// A file that is read at any place, by several threads at once.
pub trait Stored: fmt::Debug + Send + Sync {
    /// Its length in bytes when it was opened.
    fn length(&self) -> u64;

    /// Fills `buffer` with the bytes from byte `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file ends before; what the system returns.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// A file that is written front to back.
pub trait Output: Write + fmt::Debug + Send {
    /// Makes everything that was written durable; nothing is written afterwards.
    ///
    /// # Errors
    /// What the system returns; then none of it may be relied on.
    fn sync(&mut self) -> io::Result<()>;
}

/// A place claimed by one writer, until this is dropped.
pub trait Claim: fmt::Debug + Send + Sync {}
