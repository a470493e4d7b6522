//! Updates of variables of two bytes: computed in f32, block by block, and rounded once when they are stored.

use std::array;

use super::{
    super::{
        half::{round, widen},
        pool::{Pool, Split},
    },
    BLOCK, begin, update,
};
use crate::{Data, DataMut, Target, Update, View, ViewMut, element::Element, view::DType};

/// The most targets beside the variable.
const SLOTS: usize = 3;
/// The most inputs of an update.
const INPUTS: usize = 10;

/// An update of a variable of two bytes, whose slots are f32; its gradient, if it has one, is of either type.
pub(super) fn update_half(pool: &Pool, kind: &Update, targets: &mut [Target<'_>], inputs: &[View<'_>]) {
    let place = kind.variable();
    let format = targets[place].next.data.as_data().dtype();
    let (mut old, mut old_slots, mut slots) = (None, [None; SLOTS], array::from_fn(|_| &mut [][..]));
    let mut variable = &mut [][..];
    let mut free = slots.iter_mut().zip(&mut old_slots);
    for (index, target) in targets.iter_mut().enumerate() {
        if index == place {
            (old, variable) = (target.from.map(|old| u16::slice(old.data)), u16::slice_mut(&mut target.next.data));
        } else if let Some((slot, old)) = free.next() {
            (*old, *slot) = (target.from.map(|old| f32::slice(old.data)), f32::slice_mut(&mut target.next.data));
        }
    }
    let gradient = kind.dense_input().map(|input| inputs[input].data);
    let count = kind.targets();
    let step = Step { kind, format, place, count, inputs, gradient, old, old_slots };
    let part = Part { variable, slots };
    if *kind == Update::Lamb {
        // Its steps are as long as the whole variable allows.
        let elements = part.rows();
        return step.apply(pool, 0, part, &mut vec![0.0; elements], &mut vec![0.0; elements]);
    }
    let cost = part.rows() * 8;
    pool.blocks(part, BLOCK, cost, &|first, part: Part<'_>| {
        let length = part.rows();
        step.apply(&Pool::Caller, first, part, &mut [0.0; BLOCK][..length], &mut [0.0; BLOCK][..length]);
    });
}

/// What is done to each block.
struct Step<'a> {
    kind: &'a Update,
    format: DType,
    /// Which target the variable is.
    place: usize,
    /// How many targets there are.
    count: usize,
    inputs: &'a [View<'a>],
    /// In f32 or the variable's format, if there is one.
    gradient: Option<Data<'a>>,
    old: Option<&'a [u16]>,
    old_slots: [Option<&'a [f32]>; SLOTS],
}

/// Elements of the variable and of its slots.
struct Part<'a> {
    variable: &'a mut [u16],
    slots: [&'a mut [f32]; SLOTS],
}

impl Split for Part<'_> {
    fn rows(&self) -> usize {
        self.variable.len()
    }

    fn split(self, row: usize) -> (Self, Self) {
        let (left, right) = self.variable.split_at_mut(row);
        let [mut lefts, mut rights] = [(); 2].map(|()| array::from_fn(|_| &mut [][..]));
        for ((slot, left), right) in self.slots.into_iter().zip(&mut lefts).zip(&mut rights) {
            let length = slot.len();
            (*left, *right) = slot.split_at_mut(row.min(length));
        }
        (Part { variable: left, slots: lefts }, Part { variable: right, slots: rights })
    }
}

impl Step<'_> {
    /// The elements from `first` on, with room for the variable and its gradient as f32.
    fn apply(&self, pool: &Pool, first: usize, part: Part<'_>, value: &mut [f32], gradient: &mut [f32]) {
        let Part { variable, slots } = part;
        let (length, shape) = (variable.len(), [variable.len()]);
        let of_block = |bits: &[u16], to: &mut [f32]| {
            let input = View { shape: &shape, data: bits_of(self.format, bits) };
            widen(pool, input, &mut ViewMut { shape: &shape, data: DataMut::F32(to) });
        };
        of_block(self.old.map_or(&*variable, |old| &old[first..first + length]), value);
        let block = first..first + length;
        let gradient = match self.gradient {
            Some(Data::F32(gradient)) => &gradient[block],
            Some(bits) => {
                of_block(&u16::slice(bits)[block], gradient);
                &*gradient
            }
            None => &*gradient,
        };
        let mut inputs = [View { shape: &[], data: Data::Bool(&[]) }; INPUTS];
        inputs[..self.inputs.len()].copy_from_slice(self.inputs);
        if let Some(input) = self.kind.dense_input() {
            inputs[input] = View { shape: &shape, data: Data::F32(gradient) };
        }
        let mut slots = slots.into_iter().zip(self.old_slots);
        let mut value = Some(&mut *value);
        let mut targets: [Target<'_>; SLOTS + 1] = array::from_fn(|index| {
            let elements = match index == self.place {
                true => value.take().expect("there is one variable"),
                false => slots.next().map_or(&mut [][..], |(slot, old)| {
                    begin(slot, old, first);
                    slot
                }),
            };
            Target { next: ViewMut { shape: &shape, data: DataMut::F32(elements) }, from: None }
        });
        update(pool, self.kind, &mut targets[..self.count], &inputs[..self.inputs.len()]);
        let updated = targets[self.place].next.as_view();
        let data = match self.format {
            DType::Bf16 => DataMut::Bf16(variable),
            _ => DataMut::F16(variable),
        };
        round(pool, updated, &mut ViewMut { shape: &shape, data });
    }
}

fn bits_of(format: DType, bits: &[u16]) -> Data<'_> {
    match format {
        DType::Bf16 => Data::Bf16(bits),
        _ => Data::F16(bits),
    }
}
