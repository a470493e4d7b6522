//! A disk in memory that writes down what is done to it, fails when it is told, and can crash.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use everstep_checkpoint::{Claim, Listed, Output, Storage, Stored};

mod crash;

pub use crash::Crashes;

/// A disk in memory: a [`Storage`] that writes down what is done to it, fails when it is told, and can crash.
///
/// Handles share the disk.
///
/// ```
/// use std::io::{self, Write};
/// use everstep_checkpoint::Storage;
/// use everstep_testkit::Disk;
///
/// let disk = Disk::new();
/// disk.create("note")?.write_all(b"a note")?;
/// // Neither its bytes nor its name are durable: a crash may leave nothing, an empty file, a part, or all.
/// let mut left = Vec::new();
/// disk.crashes(1000, |crashed| left.push(crashed.list().map(|files| files.first().map(|file| file.length))));
/// let left = left.into_iter().collect::<io::Result<std::collections::BTreeSet<_>>>()?;
/// assert_eq!(left.into_iter().collect::<Vec<_>>(), [None, Some(0), Some(1), Some(3), Some(5), Some(6)]);
/// # Ok::<(), io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// What is durable whatever happens.
    settled: Image,
    operations: Vec<Operation>,
    now: Image,
    /// The next file's number.
    next: usize,
    calls: usize,
    fault: Option<Fault>,
    is_claimed: bool,
}

/// Names of files, and what they hold by their numbers.
#[derive(Clone, Debug, Default, Hash, PartialEq, Eq)]
struct Image {
    names: BTreeMap<String, usize>,
    files: BTreeMap<usize, Vec<u8>>,
}

#[derive(Clone, Debug)]
enum Operation {
    Create(String, usize),
    Append(usize, u64, Vec<u8>),
    SyncFile(usize),
    Rename(String, String, usize),
    Remove(String),
    SyncNames,
}

/// From which call on the disk fails, for how many, and how.
#[derive(Clone, Copy, Debug)]
struct Fault {
    from: usize,
    count: usize,
    error: fn() -> io::Error,
}

impl Disk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes everything so far durable, and forgets how it came there.
    pub fn settle(&self) {
        let mut inner = self.lock();
        inner.settled = inner.now.clone();
        inner.operations.clear();
    }

    /// How many operations were asked for, reading ones included.
    pub fn calls(&self) -> usize {
        self.lock().calls
    }

    /// Lets `count` operations fail with this error, after so many more have succeeded; a write that fails has written
    /// half.
    pub fn fail_after(&self, calls: usize, count: usize, error: fn() -> io::Error) {
        let mut inner = self.lock();
        inner.fault = Some(Fault { from: inner.calls + calls, count, error });
    }

    /// Lets nothing fail any more.
    pub fn recover(&self) {
        self.lock().fault = None;
    }

    /// The bytes of a file.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        let inner = self.lock();
        inner.now.names.get(name).map(|number| inner.now.files[number].clone())
    }

    fn with(image: Image) -> Self {
        let next = image.files.keys().last().map_or(0, |last| last + 1);
        Self(Arc::new(Mutex::new(Inner { settled: image.clone(), now: image, next, ..Inner::default() })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disk, if this call does not fail.
    fn call(&self) -> io::Result<MutexGuard<'_, Inner>> {
        let mut inner = self.lock();
        let call = inner.calls;
        inner.calls += 1;
        match inner.fault {
            Some(fault) if (fault.from..fault.from + fault.count).contains(&call) => Err((fault.error)()),
            _ => Ok(inner),
        }
    }

    fn append(&self, number: usize, bytes: &[u8]) {
        let mut inner = self.lock();
        let file = inner.now.files.get(&number).map_or(0, Vec::len) as u64;
        inner.apply(Operation::Append(number, file, bytes.to_vec()));
    }
}

impl Inner {
    fn apply(&mut self, operation: Operation) {
        self.now.apply(&operation);
        self.operations.push(operation);
    }
}

impl Image {
    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Create(name, number) => {
                self.names.insert(name.clone(), *number);
                self.files.entry(*number).or_default();
            }
            Operation::Append(number, at, bytes) => {
                let file = self.files.entry(*number).or_default();
                let end = *at as usize + bytes.len();
                file.resize(file.len().max(end), 0);
                file[*at as usize..end].copy_from_slice(bytes);
            }
            Operation::Rename(from, to, number) => {
                self.names.remove(from);
                self.names.insert(to.clone(), *number);
            }
            Operation::Remove(name) => {
                self.names.remove(name);
            }
            Operation::SyncFile(_) | Operation::SyncNames => {}
        }
    }
}

fn absent(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("there is no {name}"))
}

impl Storage for Disk {
    fn location(&self, name: &str) -> String {
        format!("memory/{name}")
    }

    fn prepare(&self) -> io::Result<()> {
        self.call().map(drop)
    }

    fn list(&self) -> io::Result<Vec<Listed>> {
        let inner = self.call()?;
        let listed = |(name, number): (&String, &usize)| Listed {
            name: name.clone(),
            length: inner.now.files[number].len() as u64,
            modified: None,
        };
        Ok(inner.now.names.iter().map(listed).collect())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Stored>> {
        let inner = self.call()?;
        let number = inner.now.names.get(name).ok_or_else(|| absent(name))?;
        Ok(Box::new(Opened { disk: self.clone(), bytes: inner.now.files[number].clone() }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Output>> {
        let mut inner = self.call()?;
        let number = inner.next;
        inner.next += 1;
        inner.apply(Operation::Create(name.into(), number));
        Ok(Box::new(Created { disk: self.clone(), number }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut inner = self.call()?;
        let number = *inner.now.names.get(from).ok_or_else(|| absent(from))?;
        inner.apply(Operation::Rename(from.into(), to.into(), number));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut inner = self.call()?;
        if !inner.now.names.contains_key(name) {
            return Err(absent(name));
        }
        inner.apply(Operation::Remove(name.into()));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.call()?.apply(Operation::SyncNames);
        Ok(())
    }

    fn claim(&self, _name: &str, _holder: &str) -> io::Result<Box<dyn Claim>> {
        let mut inner = self.call()?;
        if inner.is_claimed {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another handle"));
        }
        inner.is_claimed = true;
        Ok(Box::new(Claimed(self.clone())))
    }
}

/// What a file held when it was opened.
#[derive(Debug)]
struct Opened {
    disk: Disk,
    bytes: Vec<u8>,
}

impl Stored for Opened {
    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        drop(self.disk.call()?);
        let range = usize::try_from(offset).ok().and_then(|offset| Some(offset..offset.checked_add(buffer.len())?));
        let bytes = range.and_then(|range| self.bytes.get(range)).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

#[derive(Debug)]
struct Created {
    disk: Disk,
    number: usize,
}

impl Write for Created {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.disk.call().map(drop) {
            self.disk.append(self.number, &bytes[..bytes.len() / 2]);
            return Err(error);
        }
        self.disk.append(self.number, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output for Created {
    fn sync(&mut self) -> io::Result<()> {
        self.disk.call()?.apply(Operation::SyncFile(self.number));
        Ok(())
    }
}

#[derive(Debug)]
struct Claimed(Disk);

impl Claim for Claimed {}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.0.lock().is_claimed = false;
    }
}
