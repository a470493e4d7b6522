//! Cutting work into blocks, and running them on threads or not: the same blocks either way.

use std::{fmt::Display, ops::Range};

use rayon::ThreadPool;

use super::{
    gemm,
    team::{self, Team},
};
use crate::KernelError;

/// Work below this many elementary operations is not shared by two threads.
///
/// It takes about 10 microseconds; sharing it costs one or two, and five if the other thread sleeps.
const SMALL_FOR_TWO: usize = 1 << 15;
/// Work below this many elementary operations is not shared by more threads.
///
/// Handing work to rayon's threads costs about 10 microseconds; this much work takes about 50.
const SMALL_FOR_MANY: usize = 1 << 17;

/// The threads of one [`crate::Cpu`].
#[derive(Debug)]
pub(super) enum Pool {
    /// None but the caller's.
    Caller,
    /// Two, the caller's among them.
    Two(Team),
    Many(ThreadPool),
}

impl Pool {
    pub(super) fn new(threads: usize) -> Result<Pool, KernelError> {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            _ => threads,
        };
        let refused = |error: &dyn Display| KernelError::new(format!("no {threads} threads, ask for fewer: {error}"));
        match threads {
            1 => Ok(Pool::Caller),
            2 => Team::new(2, gemm::reserve).map(Pool::Two).map_err(|error| refused(&error)),
            _ => rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .thread_name(|index| format!("everstep-ops-{index}"))
                .start_handler(|_| gemm::reserve())
                .build()
                .map(Pool::Many)
                .map_err(|error| refused(&error)),
        }
    }

    /// How many threads may do work at once.
    pub(super) fn threads(&self) -> usize {
        match self {
            Pool::Caller => 1,
            Pool::Two(team) => team.size(),
            Pool::Many(pool) => pool.current_num_threads(),
        }
    }

    /// Runs work of `cost` elementary operations, shared by the threads if that pays and two are not taken by others.
    pub(super) fn enter(&self, cost: usize, work: impl FnOnce(Fork) + Send) {
        match self {
            Pool::Two(team) if cost >= SMALL_FOR_TWO => match team.lead() {
                Some(_lead) => work(Fork::Two),
                None => work(Fork::Caller),
            },
            Pool::Many(pool) if cost >= SMALL_FOR_MANY => pool.install(|| work(Fork::Many)),
            _ => work(Fork::Caller),
        }
    }

    /// Cuts `outputs` into blocks of `block` rows and runs `body` on each, told its first row.
    pub(super) fn blocks<S: Split>(&self, outputs: S, block: usize, cost: usize, body: &(dyn Fn(usize, S) + Sync)) {
        let cost = if outputs.rows() > block { cost } else { 0 };
        self.enter(cost, |fork| fork.blocks(outputs, block, body));
    }
}

/// Who does the halves of divided work.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fork {
    /// The calling thread, one after the other.
    Caller,
    /// The caller's thread and another one.
    Two,
    /// The threads of rayon's pool that the caller is one of.
    Many,
}

impl Fork {
    /// How many threads share the work.
    pub(super) fn threads(self) -> usize {
        match self {
            Fork::Caller => 1,
            Fork::Two => team::size(),
            Fork::Many => rayon::current_num_threads(),
        }
    }

    /// Which of the threads runs this, below [`Pool::threads`].
    pub(super) fn thread(self) -> usize {
        match self {
            Fork::Caller => 0,
            Fork::Two => team::place(),
            Fork::Many => rayon::current_thread_index().unwrap_or(0),
        }
    }

    pub(super) fn join<A: Send, B: Send>(
        self,
        left: impl FnOnce() -> A + Send,
        right: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        match self {
            Fork::Caller => (left(), right()),
            Fork::Two => team::join(left, right),
            Fork::Many => rayon::join(left, right),
        }
    }

    /// Cuts `outputs` into blocks of `block` rows and runs `body` on each, told its first row.
    pub(super) fn blocks<S: Split>(self, outputs: S, block: usize, body: &(dyn Fn(usize, S) + Sync)) {
        self.blocks_from(0, outputs, block.max(1), body);
    }

    fn blocks_from<S: Split>(self, first: usize, outputs: S, block: usize, body: &(dyn Fn(usize, S) + Sync)) {
        let rows = outputs.rows();
        if rows <= block {
            return body(first, outputs);
        }
        let half = rows.div_ceil(block) / 2 * block;
        let (left, right) = outputs.split(half);
        self.join(|| self.blocks_from(first, left, block, body), || self.blocks_from(first + half, right, block, body));
    }
}

/// Outputs that are cut by rows.
pub(super) trait Split: Send + Sized {
    fn rows(&self) -> usize;
    fn split(self, row: usize) -> (Self, Self);
}

/// One row an element.
impl<T: Send> Split for &mut [T] {
    fn rows(&self) -> usize {
        self.len()
    }

    fn split(self, row: usize) -> (Self, Self) {
        self.split_at_mut(row)
    }
}

/// One row a number.
impl Split for Range<usize> {
    fn rows(&self) -> usize {
        self.len()
    }

    fn split(self, row: usize) -> (Self, Self) {
        (self.start..self.start + row, self.start + row..self.end)
    }
}

/// Rows of `width` elements.
#[derive(Debug)]
pub(super) struct Rows<'a, T> {
    pub(super) values: &'a mut [T],
    pub(super) width: usize,
}

impl<T: Send> Split for Rows<'_, T> {
    fn rows(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    fn split(self, row: usize) -> (Self, Self) {
        let (left, right) = self.values.split_at_mut(row * self.width);
        (Rows { values: left, width: self.width }, Rows { values: right, width: self.width })
    }
}

/// Outputs of as many rows each.
impl<A: Split, B: Split> Split for (A, B) {
    fn rows(&self) -> usize {
        self.0.rows()
    }

    fn split(self, row: usize) -> (Self, Self) {
        let (left, right) = self.0.split(row);
        let (other_left, other_right) = self.1.split(row);
        ((left, other_left), (right, other_right))
    }
}
