//! An object that is read, block by block.

use std::{
    collections::VecDeque,
    fmt,
    io::{Error, ErrorKind, Result},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore};

use crate::runtime::wait;

/// What is asked for at once: a request costs as much time as a few of these megabytes.
const BLOCK: u64 = 8 << 20;
/// Blocks that are kept, for the threads that read one behind the other.
const KEPT: usize = 16;

/// An object as it was when it was opened.
pub(crate) struct Object {
    store: Arc<dyn ObjectStore>,
    meta: ObjectMeta,
    /// Those read last, the newest in front.
    blocks: Mutex<VecDeque<(u64, Block)>>,
}

type Block = Arc<dyn AsRef<[u8]> + Send + Sync>;

impl Object {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, meta: ObjectMeta) -> Self {
        Self { store, meta, blocks: Mutex::default() }
    }

    /// The block of this number, kept or read.
    fn block(&self, number: u64) -> Result<Block> {
        let kept = || self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, block)) = kept().iter().find(|(kept, _)| *kept == number) {
            return Ok(block.clone());
        }
        let begin = number * BLOCK;
        let block = self.read(begin..self.meta.size.min(begin + BLOCK))?;
        let mut blocks = kept();
        blocks.push_front((number, block.clone()));
        blocks.truncate(KEPT);
        Ok(block)
    }

    /// Of the object that was opened: another one of the name is not it.
    fn read(&self, range: Range<u64>) -> Result<Block> {
        let (store, path, length) = (self.store.clone(), self.meta.location.clone(), range.end - range.start);
        let options = GetOptions {
            if_match: self.meta.e_tag.clone(),
            range: Some(GetRange::Bounded(range)),
            ..GetOptions::default()
        };
        let bytes = wait(async move { store.get_opts(&path, options).await?.bytes().await })?;
        if bytes.len() as u64 != length {
            let message = format!("the store gave {} bytes of {} for {length}", bytes.len(), self.meta.location);
            return Err(Error::new(ErrorKind::UnexpectedEof, message));
        }
        Ok(Arc::new(bytes))
    }
}

impl everstep_checkpoint::Stored for Object {
    fn length(&self) -> u64 {
        self.meta.size
    }

    fn read_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> Result<()> {
        if offset.checked_add(buffer.len() as u64).is_none_or(|end| end > self.meta.size) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        while !buffer.is_empty() {
            let block = self.block(offset / BLOCK)?;
            let rest = &(*block).as_ref()[(offset % BLOCK) as usize..];
            let (now, later) = buffer.split_at_mut(rest.len().min(buffer.len()));
            now.copy_from_slice(&rest[..now.len()]);
            (offset, buffer) = (offset + now.len() as u64, later);
        }
        Ok(())
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("meta", &self.meta).finish_non_exhaustive()
    }
}
