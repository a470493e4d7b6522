//! The memory of intermediate and fetched results, shared by all plans of a session.

use everstep_tensor::{DType, Result, Tensor};

use crate::{liveness::Slot, place::Place, plan::Fetched};

/// The memory of intermediate and fetched results.
///
/// A tensor is taken out while a kernel writes it, so that the kernel may read all others.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    slots: Vec<Option<Tensor>>,
    results: Vec<Option<Tensor>>,
}

impl Arena {
    /// For each slot of a plan one of the arena; those that are too short are replaced.
    pub(crate) fn reserve(&mut self, slots: &[Slot]) -> Result<Vec<usize>> {
        let mut longest_first: Vec<usize> = (0..slots.len()).collect();
        longest_first.sort_by_key(|slot| std::cmp::Reverse(slots[*slot].elements));
        let mut places = vec![usize::MAX; slots.len()];
        for index in longest_first {
            places[index] = self.reserve_one(slots[index], &places)?;
        }
        Ok(places)
    }

    fn reserve_one(&mut self, slot: Slot, taken: &[usize]) -> Result<usize> {
        let is_free =
            |index: &usize| !taken.contains(index) && self.dtype(*index).is_none_or(|dtype| dtype == slot.dtype);
        let index = (0..self.slots.len()).find(is_free).unwrap_or(self.slots.len());
        if index == self.slots.len() {
            self.slots.push(None);
        }
        if self.slots[index].as_ref().is_none_or(|tensor| tensor.len() < slot.elements) {
            self.slots[index] = Some(Tensor::zeros(slot.dtype, [slot.elements])?);
        }
        Ok(index)
    }

    fn dtype(&self, slot: usize) -> Option<DType> {
        self.slots[slot].as_ref().map(Tensor::dtype)
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
