//! The sharing of slots.

use everstep_tensor::DType::{self, F32, I64};

use super::{Lifetime, Slot, live_bytes, share_slots};

#[track_caller]
fn check(values: &[(DType, usize, usize, usize)], places: &[usize], slots: &[(DType, usize)]) {
    let lifetime = |&(dtype, elements, made, needed): &_| Lifetime { dtype, elements, made, needed };
    let slot = |&(dtype, elements): &_| Slot { dtype, elements };
    let (found_places, found_slots) = share_slots(&values.iter().map(lifetime).collect::<Vec<_>>());
    assert_eq!(found_places, places);
    assert_eq!(found_slots, slots.iter().map(slot).collect::<Vec<_>>());
}

#[test]
fn a_chain_takes_two_slots() {
    let chain = [(F32, 8, 0, 1), (F32, 8, 1, 2), (F32, 8, 2, 3), (F32, 4, 3, 3)];
    check(&chain, &[0, 1, 0, 1], &[(F32, 8), (F32, 8)]);
}

#[test]
fn what_is_needed_to_the_end_is_never_overwritten() {
    let kept = [(F32, 8, 0, usize::MAX), (F32, 8, 1, usize::MAX), (F32, 8, 2, 2)];
    check(&kept, &[0, 1, 2], &[(F32, 8); 3]);
}

#[test]
fn dtypes_do_not_mix() {
    check(&[(F32, 8, 0, 0), (I64, 8, 1, 1), (F32, 8, 2, 2)], &[0, 1, 0], &[(F32, 8), (I64, 8)]);
}

#[test]
fn outputs_of_one_instruction_lie_apart() {
    check(&[(F32, 8, 0, 0), (F32, 8, 0, 0)], &[0, 1], &[(F32, 8); 2]);
}

#[test]
fn the_least_slot_that_holds_it_is_taken_else_the_longest_grows() {
    let values = [(F32, 2, 0, 0), (F32, 9, 0, 0), (F32, 5, 1, 1), (F32, 4, 1, 1), (F32, 12, 2, 2)];
    check(&values, &[0, 1, 1, 0, 1], &[(F32, 4), (F32, 12)]);
}

#[test]
fn live_bytes_are_those_of_the_values_needed_then() {
    let lifetime = |(dtype, elements, made, needed)| Lifetime { dtype, elements, made, needed };
    let values = [(F32, 2, 0, 1), (I64, 1, 1, usize::MAX), (F32, 4, 2, 2)].map(lifetime);
    assert_eq!(live_bytes(&values, 4), [8, 16, 24, 8, 8]);
    assert_eq!(live_bytes(&[], 0), [0]);
}
