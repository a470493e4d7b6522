//! The memory of intermediate and fetched results, shared by all plans of a session.

use everstep_tensor::{Result, Tensor};

use crate::{liveness::Slot, place::Place, plan::Fetched};

/// The memory of intermediate and fetched results.
///
/// Between runs every slot holds a tensor. A tensor is taken out while a kernel writes it, so that the kernel may read all others.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    slots: Vec<Option<Tensor>>,
    results: Vec<Option<Tensor>>,
    /// Bytes of the fetched results of that plan which has most of them.
    most_fetched: usize,
}

impl Arena {
    /// For each slot of a plan one of the arena; those that are too short are replaced.
    ///
    /// # Errors
    /// What `check` says of the bytes that slots and fetched results of any plan will have; nothing has changed then.
    pub(crate) fn reserve(
        &mut self,
        slots: &[Slot],
        fetched: usize,
        check: impl FnOnce(usize) -> Result<()>,
    ) -> Result<Vec<usize>> {
        let mut longest_first: Vec<usize> = (0..slots.len()).collect();
        longest_first.sort_by_key(|slot| std::cmp::Reverse(slots[*slot].elements));
        let mut needed: Vec<Slot> = self.slots.iter().flatten().map(slot_of).collect();
        let mut places = vec![usize::MAX; slots.len()];
        for index in longest_first {
            places[index] = reserve_one(&mut needed, slots[index], &places);
        }
        let most_fetched = self.most_fetched.max(fetched);
        check(needed.iter().map(|slot| slot.bytes()).sum::<usize>() + most_fetched)?;
        self.most_fetched = most_fetched;
        self.slots.resize_with(needed.len(), || None);
        for (tensor, slot) in self.slots.iter_mut().zip(needed) {
            if tensor.as_ref().is_none_or(|tensor| tensor.len() < slot.elements) {
                *tensor = Some(Tensor::zeros(slot.dtype, [slot.elements])?);
            }
        }
        Ok(places)
    }

    /// Bytes of all slots.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.iter().flatten().map(|tensor| tensor.bytes().len()).sum()
    }

    /// Makes a tensor ready for each fetched result: one of the values of the last outcome if nobody else holds it.
    pub(crate) fn prepare_results(&mut self, wanted: &[Fetched], last: &mut Vec<Tensor>) -> Result<()> {
        self.results.clear();
        self.results.resize_with(wanted.len(), || None);
        for (position, value) in last.drain(..).enumerate() {
            if let Some(index) = wanted.iter().position(|fetched| fetched.position == position) {
                self.results[index] = Some(value);
            }
        }
        for (place, fetched) in self.results.iter_mut().zip(wanted) {
            if !place.as_mut().is_some_and(|tensor| fetched.fits(tensor)) {
                *place = Some(Tensor::zeros(fetched.dtype, &fetched.shape)?);
            }
        }
        Ok(())
    }

    /// Lets go of the results, which are the outcome's now.
    pub(crate) fn release_results(&mut self) {
        self.results.clear();
    }

    /// The tensor at a slot or result.
    pub(crate) fn get(&self, place: Place) -> Option<&Tensor> {
        match place {
            Place::Slot(index) => self.slots[index].as_ref(),
            Place::Result(index) => self.results[index].as_ref(),
            _ => None,
        }
    }

    /// Where the tensor at a slot or result is kept.
    pub(crate) fn at(&mut self, place: Place) -> Option<&mut Option<Tensor>> {
        match place {
            Place::Slot(index) => Some(&mut self.slots[index]),
            Place::Result(index) => Some(&mut self.results[index]),
            _ => None,
        }
    }
}

/// The first slot of that dtype which is not taken, lengthened to hold `wanted`; a new one if there is none.
fn reserve_one(slots: &mut Vec<Slot>, wanted: Slot, taken: &[usize]) -> usize {
    let is_free = |index: &usize| !taken.contains(index) && slots[*index].dtype == wanted.dtype;
    let index = (0..slots.len()).find(is_free).unwrap_or(slots.len());
    match slots.get_mut(index) {
        Some(slot) => slot.elements = slot.elements.max(wanted.elements),
        None => slots.push(wanted),
    }
    index
}

fn slot_of(tensor: &Tensor) -> Slot {
    Slot { dtype: tensor.dtype(), elements: tensor.len() }
}
