//! Memory of a tensor's own: zeros that nobody has touched yet.

use std::fmt;

use crate::cast;

/// A cache line, and the widest vector register.
const LINE: usize = 64;
/// What the processor translates at once where the system gives such pages; memory that holds fewer than two of them
/// gains nothing from them.
const HUGE_PAGE: usize = 2 << 20;

/// Bytes that begin at a multiple of 64; large ones at a multiple of 2 MiB, in huge pages where the system has them.
pub(crate) struct Memory {
    memory: Vec<u8>,
    begin: usize,
    length: usize,
}

impl Memory {
    /// So many zeros, not yet touched; `None` if there is no memory for them.
    pub(crate) fn zeroed(length: usize) -> Option<Self> {
        let alignment = if length < 2 * HUGE_PAGE { LINE } else { HUGE_PAGE };
        let memory = cast::zeroed(length.checked_add(alignment - 1)?)?;
        let begin = memory.as_ptr().align_offset(alignment).min(memory.len() - length);
        let zeros = Self { memory, begin, length };
        if alignment == HUGE_PAGE {
            cast::advise_huge_pages(zeros.bytes());
        }
        Some(zeros)
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.memory[self.begin..][..self.length]
    }

    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.begin..][..self.length]
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} bytes)", self.length)
    }
}
