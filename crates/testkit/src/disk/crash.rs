//! Every state in which a crash can leave a disk.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::{Disk, Image, Operation};

/// Subsets of up to so many operations that are not durable are all tried.
const ALL_SUBSETS: usize = 10;

/// How many states were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crashes {
    /// Places between two operations at which the power could fail.
    pub moments: u64,
    /// Sets of operations that reached the disk, torn last writes included.
    pub tried: u64,
    /// Of these, those that were drawn at random, because there were too many.
    pub sampled: u64,
    /// Different disks, each of which was checked.
    pub different: u64,
}

/// What has been done to the disk so far, and what a crash has been found to leave.
struct Search<'a, F> {
    settled: &'a Image,
    operations: &'a [Operation],
    seen: HashSet<u64>,
    counts: Crashes,
    check: F,
}

impl Disk {
    /// Calls `check` with every disk that a crash can leave since [`settle`](Disk::settle), each once.
    ///
    /// The power fails after any number of operations. Bytes are then durable if their file was synced since, names if
    /// the names were; of all others any subset may have reached the disk, and the last write a part of it. Up to 10
    /// such operations all subsets are tried; beyond that, `samples` in all are drawn, the same in each call.
    pub fn crashes(&self, samples: u64, check: impl FnMut(&Disk)) -> Crashes {
        let (settled, operations) = {
            let inner = self.lock();
            (inner.settled.clone(), inner.operations.clone())
        };
        let loose: Vec<Vec<usize>> = (0..=operations.len()).map(|end| loose(&operations[..end])).collect();
        let many = loose.iter().filter(|loose| loose.len() > ALL_SUBSETS).count() as u64;
        let mut search = Search {
            settled: &settled,
            operations: &operations,
            seen: HashSet::new(),
            counts: Crashes::default(),
            check,
        };
        for (end, loose) in loose.iter().enumerate() {
            search.counts.moments += 1;
            if loose.len() <= ALL_SUBSETS {
                (0..1 << loose.len()).for_each(|subset| search.crash(end, loose, subset));
            } else {
                let drawn = (samples / many.max(1)).max(1);
                (0..drawn).for_each(|draw| search.crash(end, loose, random(end as u64, draw)));
                search.counts.sampled += drawn;
            }
        }
        search.counts
    }
}

impl<F: FnMut(&Disk)> Search<'_, F> {
    /// The power fails before operation `end`, and of the `loose` ones those in `subset` reached the disk.
    fn crash(&mut self, end: usize, loose: &[usize], subset: u64) {
        // More than 64 of them: the later ones share the draws of the earlier.
        let is_lost =
            |index: usize| loose.iter().position(|at| *at == index).is_some_and(|bit| subset >> (bit % 64) & 1 == 0);
        let left: Vec<usize> = (0..end).filter(|index| !is_lost(*index)).collect();
        self.leave(&left, None);
        let last = left.last().copied().filter(|last| last + 1 == end);
        if let Some(Operation::Append(_, _, bytes)) = last.map(|last| &self.operations[last]) {
            [1, bytes.len() / 2, bytes.len().saturating_sub(1)]
                .into_iter()
                .for_each(|torn| self.leave(&left, Some(torn)));
        }
    }

    /// These operations reached the disk, of the last one perhaps only its first bytes.
    fn leave(&mut self, left: &[usize], torn: Option<usize>) {
        self.counts.tried += 1;
        let mut image = self.settled.clone();
        for index in left {
            match (&self.operations[*index], torn) {
                (Operation::Append(number, at, bytes), Some(torn)) if Some(index) == left.last() => {
                    image.apply(&Operation::Append(*number, *at, bytes[..torn.min(bytes.len())].to_vec()));
                }
                (operation, _) => image.apply(operation),
            }
        }
        image.forget_nameless();
        let mut hasher = DefaultHasher::new();
        image.hash(&mut hasher);
        if self.seen.insert(hasher.finish()) {
            self.counts.different += 1;
            (self.check)(&Disk::with(image));
        }
    }
}

impl Image {
    fn forget_nameless(&mut self) {
        let named: HashSet<usize> = self.names.values().copied().collect();
        self.files.retain(|number, _| named.contains(number));
        // A name whose bytes never came is an empty file.
        for number in named {
            self.files.entry(number).or_default();
        }
    }
}

/// The operations that are not durable when the power fails behind the last one.
fn loose(operations: &[Operation]) -> Vec<usize> {
    let is_loose = |(index, operation): (usize, &Operation)| {
        let later = &operations[index + 1..];
        let durable = match operation {
            Operation::Append(file, ..) => {
                later.iter().any(|op| matches!(op, Operation::SyncFile(synced) if synced == file))
            }
            Operation::Create(..) | Operation::Rename(..) | Operation::Remove(_) => {
                later.iter().any(|op| matches!(op, Operation::SyncNames))
            }
            Operation::SyncFile(_) | Operation::SyncNames => true,
        };
        (!durable).then_some(index)
    };
    operations.iter().enumerate().filter_map(is_loose).collect()
}

/// SplitMix64 of two numbers.
fn random(a: u64, b: u64) -> u64 {
    let mut x = (a << 32 ^ b).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}
