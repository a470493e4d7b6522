//! Truth values: made, combined, and chosen by.

use everstep_tensor::{DType, Tensor};
use proptest::prelude::*;

use crate::{
    array::Array,
    entry::{Builder, Case, Definition, Entry},
    inputs::{self, Numbers},
};

const BOOL: &[DType] = &[DType::Bool];
const ALL: &[DType] = &[DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64];

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn many_bools(shape: &[usize], seed: u64) -> Tensor {
    inputs::filled(DType::Bool, Numbers::Signed, shape, seed)
}

fn connective(name: &'static str, build: Builder, definition: Definition) -> Entry {
    Entry::new(name, build)
        .means(definition)
        .on(|dtype| inputs::two(dtype, [Numbers::Signed, Numbers::Between]))
        .edges(|dtype| {
            let (one, other) = (inputs::given(dtype, &[2, 1], &[0.0, 1.0]), inputs::given(dtype, &[2], &[0.0, 1.0]));
            vec![Case::new([one, other])]
        })
        .large(|| Case::new([many_bools(&[401, 403], 1), many_bools(&[403], 2)]))
        .of(BOOL)
}

macro_rules! connective {
    ($name:literal, $method:ident, $holds:expr) => {
        connective(
            $name,
            |graph, inputs, _| Ok(vec![graph.$method(inputs[0], inputs[1])?]),
            |inputs, _| {
                let holds: fn(bool, bool) -> bool = $holds;
                vec![inputs[0].zip(&inputs[1], |x, y| truth(holds(x != 0.0, y != 0.0)))]
            },
        )
    };
}

/// Tensors in which some elements are special.
fn with_special(dtype: DType) -> BoxedStrategy<Case> {
    let special = |case: Case| {
        let mut array = Array::from(&case.inputs[0]);
        for (element, value) in array.values.iter_mut().enumerate() {
            *value = [*value, f64::NAN, f64::INFINITY, -f64::INFINITY][element % 4];
        }
        Case::new([crate::array::tensor(case.inputs[0].dtype(), &array)])
    };
    inputs::one(dtype, Numbers::Signed).prop_map(special).boxed()
}

macro_rules! classified {
    ($name:literal, $method:ident, $holds:expr) => {
        Entry::new($name, |graph, inputs, _| Ok(vec![graph.$method(inputs[0])?]))
            .means(|inputs, _| {
                let holds: fn(f64) -> bool = $holds;
                vec![inputs[0].map(|x| truth(holds(x)))]
            })
            .on(with_special)
            .large(|| Case::new([inputs::many(Numbers::Signed, &[401, 403])]))
    };
}

/// Inputs (condition, yes, no) of shapes that broadcast.
fn choices(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |([one, other], turn, seed): ([Vec<usize>; 2], usize, u64)| {
        let full = crate::array::broadcast(&one, &other);
        let mut shapes = [one, other, full];
        shapes.rotate_left(turn);
        let [condition, yes, no] = shapes;
        let yes = inputs::filled(dtype, Numbers::Signed, &yes, seed);
        Case::new([many_bools(&condition, seed / 2), yes, inputs::filled(dtype, Numbers::Between, &no, !seed)])
    };
    (inputs::broadcasting(), 0usize..3, any::<u64>()).prop_map(case).boxed()
}

fn chosen(inputs: &[Array]) -> Vec<Array> {
    let shape = inputs.iter().fold(Vec::new(), |shape, input| crate::array::broadcast(&shape, &input.shape));
    let choose = |index: &[usize]| {
        let holds = inputs[0].spread_at(index) != 0.0;
        if holds { inputs[1].spread_at(index) } else { inputs[2].spread_at(index) }
    };
    vec![Array::of(&shape, choose)]
}

ops! {
    logical_and, no gradient: connective!("LogicalAnd", logical_and, |x, y| x && y);
    logical_or, no gradient: connective!("LogicalOr", logical_or, |x, y| x || y);
    logical_xor, no gradient: connective!("LogicalOr", logical_xor, |x, y| x != y);
    logical_not, no gradient: Entry::new("LogicalNot", |graph, inputs, _| Ok(vec![graph.logical_not(inputs[0])?]))
        .means(|inputs, _| vec![inputs[0].map(|x| 1.0 - x)])
        .on(|dtype| inputs::one(dtype, Numbers::Signed))
        .large(|| Case::new([many_bools(&[401, 403], 1)]))
        .of(BOOL);
    is_nan, no gradient: classified!("IsNan", is_nan, f64::is_nan);
    is_inf, no gradient: classified!("IsInf", is_inf, f64::is_infinite);
    is_finite, no gradient: classified!("IsFinite", is_finite, f64::is_finite);
    select_v2: Entry::new("SelectV2", |graph, inputs, _| Ok(vec![graph.select(inputs[0], inputs[1], inputs[2])?]))
        .means(|inputs, _| chosen(inputs))
        .on(choices)
        .large(|| {
            let values = [inputs::many(Numbers::Signed, &[401, 403]), inputs::many(Numbers::Between, &[403])];
            let [yes, no] = values;
            Case::new([many_bools(&[401, 403], 1), yes, no])
        })
        .of(ALL)
        .differentiable(&[1, 2]);
}
