//! The elements, read by several threads straight into the tensors' memory, and verified while they are in the cache.

use std::{
    num::NonZero,
    sync::{Mutex, PoisonError},
    thread,
};

use everstep_tensor::{ErrorKind, Result, Spec, Tensor};

use super::{check_crc, lost};
use crate::{Stored, codec::Entry, native};

/// What is read at once and verified before the next is read.
const CHUNK: usize = 256 << 10;
/// A tensor of more bytes is cut into pieces of so many, which all threads read; smaller ones are read one a thread.
const PIECE: usize = 8 << 20;
/// More threads read a page cache no faster.
const MOST_THREADS: usize = 8;

/// All elements as one run of bytes, cut into files.
pub(super) struct Elements {
    pub(super) files: Vec<Box<dyn Stored>>,
    /// How much of the run a file holds.
    pub(super) shard: u64,
    /// Where in each file it begins.
    pub(super) first: u64,
}

impl Elements {
    /// The tensors, in the order of the table; and the bytes between them are zero.
    pub(super) fn tensors(&self, specs: &[Spec], entries: &[Entry<'_>]) -> Result<Vec<Tensor>> {
        self.check_gaps(entries)?;
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
        let bytes: u64 = entries.iter().map(|entry| entry.length).sum();
        let threads = if bytes < PIECE as u64 { 1 } else { threads };
        let is_cut = |entry: &Entry<'_>| entry.length > (2 * PIECE) as u64;
        let read = |(spec, entry): (&Spec, &Entry<'_>), threads| {
            self.tensor(spec, entry, threads).map_err(|error| error.context(format_args!("tensor {}", spec.name)))
        };
        let whole = specs.iter().zip(entries).map(|item| (!is_cut(item.1)).then_some(item));
        let mut tensors = in_parallel(threads, whole, |item| item.map(|item| read(item, 1)).transpose())?;
        for (tensor, item) in tensors.iter_mut().zip(specs.iter().zip(entries)) {
            if tensor.is_none() {
                *tensor = Some(read(item, threads)?);
            }
        }
        Ok(tensors.into_iter().flatten().collect())
    }

    /// The zeros between two tensors, fewer than their alignment.
    fn check_gaps(&self, entries: &[Entry<'_>]) -> Result<()> {
        let mut end = 0;
        for entry in entries {
            let mut gap = [0; native::ALIGNMENT as usize];
            let gap = &mut gap[..(entry.offset - end) as usize];
            self.read(end, gap)?;
            if gap.iter().any(|byte| *byte != 0) {
                return Err(lost(format!("tensor {}: the bytes before it are not zero", entry.name)));
            }
            end = entry.offset + entry.length;
        }
        Ok(())
    }

    fn tensor(&self, spec: &Spec, entry: &Entry<'_>, threads: usize) -> Result<Tensor> {
        let tensor = Tensor::filled(spec.dtype, spec.shape.clone(), |bytes| {
            let pieces = bytes.chunks_mut(if threads == 1 { usize::MAX } else { PIECE });
            let at = |index: usize| entry.offset + (index * PIECE) as u64;
            let crcs = in_parallel(threads, pieces.enumerate(), |(index, piece)| {
                self.piece(at(index), piece, spec.dtype.size()).map(|crc| (crc, piece.len()))
            })?;
            let crc = crcs.into_iter().fold(0, |crc, (next, length)| crc32c::crc32c_combine(crc, next, length));
            check_crc("the elements", crc, entry.crc)
        });
        tensor.map_err(|error| if error.kind() == ErrorKind::InvalidArgument { lost(error) } else { error })
    }

    /// Fills `piece` and gives the checksum of what was read.
    fn piece(&self, mut at: u64, piece: &mut [u8], element: usize) -> Result<u32> {
        let mut crc = 0;
        for chunk in piece.chunks_mut(CHUNK) {
            self.read(at, chunk)?;
            crc = crc32c::crc32c_append(crc, chunk);
            at += chunk.len() as u64;
            if cfg!(target_endian = "big") {
                native::swap(chunk, element);
            }
        }
        Ok(crc)
    }

    fn read(&self, mut at: u64, mut buffer: &mut [u8]) -> Result<()> {
        while !buffer.is_empty() {
            let (file, within) = (&self.files[(at / self.shard) as usize], at % self.shard);
            let fits = usize::try_from(self.shard - within).map_or(buffer.len(), |rest| rest.min(buffer.len()));
            let (now, later) = buffer.split_at_mut(fits);
            file.read_at(self.first + within, now)?;
            (at, buffer) = (at + fits as u64, later);
        }
        Ok(())
    }
}

/// What `work` gives for each item, in the items' order; the first error in that order ends it.
fn in_parallel<I: Send, T: Send>(
    threads: usize,
    items: impl Iterator<Item = I> + Send,
    work: impl Fn(I) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    if threads == 1 {
        return items.map(work).collect();
    }
    let items = Mutex::new(items.enumerate());
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || std::iter::from_fn(next).map(|(index, item)| (index, work(item))).collect::<Vec<_>>();
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut done = run();
        for other in others {
            match other.join() {
                Ok(results) => done.extend(results),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
