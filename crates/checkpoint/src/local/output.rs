//! A file of the local disk, written past the page cache by a thread of its own.
//!
//! Large files are written in aligned blocks by `O_DIRECT`, where the system has it: the blocks go to the disk while the
//! next one is filled, nothing is copied into the page cache, and there is little left to do when the file is synced.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    mem,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use crate::{Output, platform};

/// What is written at once.
const BLOCK: usize = 8 << 20;
/// Blocks begin in memory, and in the file, at multiples of this: the widest sector there is.
const ALIGNMENT: usize = 4096;
/// Blocks that are filled, wait or are written at a time.
const BLOCKS: usize = 3;

/// A file that is written front to back.
#[derive(Debug)]
pub(super) struct LocalOutput {
    path: PathBuf,
    file: File,
    block: Block,
    /// From the first full block on.
    writer: Option<Writer>,
}

/// Bytes that begin at a multiple of `ALIGNMENT` in memory.
#[derive(Debug)]
struct Block {
    memory: Vec<u8>,
    begin: usize,
}

/// The thread, what it is given, and what it gives back.
#[derive(Debug)]
struct Writer {
    full: SyncSender<Block>,
    empty: Receiver<Block>,
    thread: JoinHandle<io::Result<()>>,
}

impl LocalOutput {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        Ok(Self { path: path.to_owned(), file, block: Block::new(0), writer: None })
    }

    /// Hands the full block to the thread, and takes an empty one.
    fn pass_on(&mut self) -> io::Result<()> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => Writer::start(&self.path, &self.file)?,
        };
        let full = mem::replace(&mut self.block, Block::new(0));
        match writer.full.send(full).ok().and_then(|()| writer.empty.recv().ok()) {
            Some(empty) => {
                self.block = empty;
                self.writer = Some(writer);
                Ok(())
            }
            None => Err(writer.end().err().unwrap_or_else(|| io::Error::other("the thread that writes has ended"))),
        }
    }
}

impl Write for LocalOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.is_full() {
            self.pass_on()?;
        }
        Ok(self.block.take(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output for LocalOutput {
    /// The last block, which is not whole, goes through the page cache.
    fn sync(&mut self) -> io::Result<()> {
        if let Some(writer) = self.writer.take() {
            writer.end()?;
        }
        platform::append(&mut self.file, self.block.bytes())?;
        self.file.sync_all()
    }
}

impl Writer {
    fn start(path: &Path, file: &File) -> io::Result<Self> {
        let file = direct(path).or_else(|_| file.try_clone())?;
        let plain = OpenOptions::new().write(true).open(path)?;
        let ((full, given), (gives, empty)) = (sync_channel::<Block>(BLOCKS), sync_channel(BLOCKS));
        for _ in 1..BLOCKS {
            gives.send(Block::new(BLOCK)).map_err(io::Error::other)?;
        }
        let write = move || {
            let mut at = 0;
            for mut block in given {
                // Where the disk refuses direct writes after all, they go through the page cache.
                let written = platform::write_all_at(&file, at, block.bytes());
                written.or_else(|_| platform::write_all_at(&plain, at, block.bytes()))?;
                at += block.bytes().len() as u64;
                block.clear();
                // Whoever filled it may have ended.
                gives.send(block).ok();
            }
            Ok(())
        };
        let thread = thread::Builder::new().name("everstep-disk".into()).spawn(write)?;
        Ok(Self { full, empty, thread })
    }

    /// Waits until all is written.
    fn end(self) -> io::Result<()> {
        drop(self.full);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes panicked")))
    }
}

/// The file once more, past the page cache.
#[cfg(target_os = "linux")]
fn direct(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    OpenOptions::new().write(true).custom_flags(libc::O_DIRECT).open(path)
}

#[cfg(not(target_os = "linux"))]
fn direct(_path: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Block {
    /// An empty one; memory comes with the first bytes, or at once.
    fn new(capacity: usize) -> Self {
        let mut memory = Vec::new();
        if capacity > 0 {
            memory.reserve_exact(capacity + ALIGNMENT);
        }
        let mut block = Self { memory, begin: 0 };
        block.clear();
        block
    }

    fn clear(&mut self) {
        self.memory.clear();
        self.begin = self.memory.as_ptr().align_offset(ALIGNMENT);
        if self.memory.capacity() >= BLOCK + ALIGNMENT {
            self.memory.resize(self.begin, 0);
        }
    }

    fn bytes(&self) -> &[u8] {
        self.memory.get(self.begin..).unwrap_or(&[])
    }

    fn is_full(&self) -> bool {
        self.bytes().len() == BLOCK
    }

    /// Takes as many of these bytes as fit, and tells how many.
    fn take(&mut self, bytes: &[u8]) -> usize {
        if self.memory.capacity() == 0 {
            *self = Self::new(BLOCK);
        }
        let taken = bytes.len().min(BLOCK - self.bytes().len());
        self.memory.extend_from_slice(&bytes[..taken]);
        taken
    }
}
