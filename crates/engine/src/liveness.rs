//! Which values can lie in the same slot, because none is needed any longer when the next one is made.

use everstep_tensor::DType;

/// A value to be placed: computed by instruction `made`, needed last by instruction `needed`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    pub(crate) dtype: DType,
    pub(crate) elements: usize,
    pub(crate) made: usize,
    pub(crate) needed: usize,
}

/// A slot: the dtype of all values in it, and the number of elements of the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) dtype: DType,
    pub(crate) elements: usize,
}

impl Slot {
    /// Bytes of all its elements.
    pub(crate) fn bytes(self) -> usize {
        self.elements * self.dtype.size()
    }
}

/// Bytes of the values that are needed while each instruction runs, and last those that are needed to the end.
pub(crate) fn live_bytes(values: &[Lifetime], instructions: usize) -> Vec<usize> {
    let (mut made, mut done) = (vec![0; instructions + 1], vec![0; instructions + 1]);
    for value in values {
        let bytes = value.elements * value.dtype.size();
        made[value.made] += bytes;
        done[value.needed.min(instructions)] += bytes;
    }
    let mut held = 0;
    let live = made.into_iter().zip(done).map(|(made, done)| {
        let live = held + made;
        held = live - done;
        live
    });
    live.collect()
}

/// The slot of each value, and the slots; the values are in the order in which they are made.
///
/// A value takes the least free slot that holds it, or lengthens the longest free one. A slot becomes free after the
/// instruction that needs its value last, so that an instruction never writes what it reads.
pub(crate) fn share_slots(values: &[Lifetime]) -> (Vec<usize>, Vec<Slot>) {
    let mut slots: Vec<Slot> = Vec::new();
    // Up to which instruction the slot is taken.
    let mut taken: Vec<usize> = Vec::new();
    let mut places = Vec::with_capacity(values.len());
    for value in values {
        let free = || (0..slots.len()).filter(|slot| taken[*slot] < value.made && slots[*slot].dtype == value.dtype);
        let fitting = free().filter(|slot| slots[*slot].elements >= value.elements);
        let chosen =
            fitting.min_by_key(|slot| slots[*slot].elements).or(free().max_by_key(|slot| slots[*slot].elements));
        let slot = chosen.unwrap_or_else(|| {
            slots.push(Slot { dtype: value.dtype, elements: 0 });
            taken.push(0);
            slots.len() - 1
        });
        slots[slot].elements = slots[slot].elements.max(value.elements);
        taken[slot] = value.needed;
        places.push(slot);
    }
    (places, slots)
}

#[cfg(test)]
mod tests;
