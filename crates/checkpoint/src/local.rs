//! A directory of the local file system.

use std::{
    fs::{self, DirEntry, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{Claim, Listed, Output, Storage, Stored, platform};

mod output;

use output::LocalOutput;

/// A directory of the local file system, or of one that is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local(PathBuf);

impl Local {
    /// This directory, which is made when something is first saved there.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.0
    }

    /// The path of the file of this name.
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Storage for Local {
    fn location(&self, name: &str) -> String {
        if name.is_empty() { self.0.display().to_string() } else { self.path_of(name).display().to_string() }
    }

    /// With the directories above it.
    fn prepare(&self) -> io::Result<()> {
        let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let created: Vec<&Path> = self.0.ancestors().take_while(missing).collect();
        let sync = |path: &Path| path.parent().map_or(Ok(()), platform::sync_directory);
        fs::create_dir_all(&self.0).and_then(|()| created.into_iter().try_for_each(sync))
    }

    fn list(&self) -> io::Result<Vec<Listed>> {
        match fs::read_dir(&self.0) {
            Ok(entries) => entries.filter_map(|entry| entry.map(listed).transpose()).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Stored>> {
        let file = File::open(self.path_of(name))?;
        let length = file.metadata()?.len();
        Ok(Box::new(LocalFile { file, length }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Output>> {
        Ok(Box::new(LocalOutput::create(&self.path_of(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path_of(from), self.path_of(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path_of(name))
    }

    fn sync(&self) -> io::Result<()> {
        platform::sync_directory(&self.0)
    }

    /// By a lock of the file of this name, in which the holder stands; the file stays when the lock ends.
    fn claim(&self, name: &str, holder: &str) -> io::Result<Box<dyn Claim>> {
        let path = self.path_of(name);
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(&path).unwrap_or_else(|_| "another process".into());
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, holder.trim().to_owned()));
            }
        }
        file.set_len(0)?;
        file.write_all(holder.as_bytes())?;
        Ok(Box::new(Lock { _file: file }))
    }
}

/// `None` for a name that is not text, which nothing of the saver's has.
fn listed(entry: DirEntry) -> Option<Listed> {
    let metadata = entry.metadata().ok();
    let length = metadata.as_ref().map_or(0, |metadata| metadata.len());
    let modified = metadata.and_then(|metadata| metadata.modified().ok());
    entry.file_name().into_string().ok().map(|name| Listed { name, length, modified })
}

#[derive(Debug)]
struct LocalFile {
    file: File,
    length: u64,
}

impl Stored for LocalFile {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        platform::read_exact_at(&self.file, offset, buffer)
    }
}

/// The lock ends with the handle.
#[derive(Debug)]
struct Lock {
    _file: File,
}

impl Claim for Lock {}
