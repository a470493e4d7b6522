//! An object that is written: it appears when its upload ends.

use std::{
    fmt,
    io::{self, Write},
    mem,
    sync::Arc,
};

use everstep_checkpoint::Output;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart, path::Path};

use crate::{
    runtime::{handle, wait},
    storage::put,
};

/// What is sent at once; ten thousand such parts, the most that a store takes, are 160 GB.
const PART: usize = 16 << 20;
/// Parts that are on their way at a time.
const MOST_PARTS: usize = 4;

/// An object that is written front to back: in one request if it is small, else in parts.
pub(crate) struct Upload {
    store: Arc<dyn ObjectStore>,
    path: Path,
    begun: Vec<u8>,
    parts: Option<WriteMultipart>,
}

impl Upload {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, path: Path) -> Self {
        Self { store, path, begun: Vec::new(), parts: None }
    }

    /// Sends the part that was begun, once few enough are on their way.
    fn send(&mut self) -> io::Result<()> {
        let mut parts = match self.parts.take() {
            Some(parts) => parts,
            None => self.begin()?,
        };
        let part = mem::take(&mut self.begun);
        let sent = async move {
            parts.wait_for_capacity(MOST_PARTS).await?;
            parts.put(part.into());
            Ok(parts)
        };
        self.parts = Some(wait(sent)?);
        Ok(())
    }

    fn begin(&self) -> io::Result<WriteMultipart> {
        let (store, path) = (self.store.clone(), self.path.clone());
        let upload = wait(async move { store.put_multipart(&path).await })?;
        Ok(WriteMultipart::new_with_chunk_size(upload, PART))
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.begun.len() == PART {
            self.send()?;
        }
        let taken = bytes.len().min(PART - self.begun.len());
        self.begun.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output for Upload {
    /// Ends the upload: from here on the object is there.
    fn sync(&mut self) -> io::Result<()> {
        if self.parts.is_none() {
            return put(&self.store, &self.path, mem::take(&mut self.begun));
        }
        self.send()?;
        let parts = self.parts.take().expect("a part was just sent");
        wait(async move { parts.finish().await }).map(drop)
    }
}

/// Gives up what was not ended.
impl Drop for Upload {
    fn drop(&mut self) {
        if let (Some(parts), Ok(handle)) = (self.parts.take(), handle()) {
            // What stays of it never appears.
            handle.spawn(parts.abort());
        }
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("path", &self.path.as_ref()).finish_non_exhaustive()
    }
}
