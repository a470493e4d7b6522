//! Comparisons, to bool.

use everstep_tensor::DType;

use crate::{
    entry::{Builder, Case, Definition, Entry},
    inputs::{self, Numbers},
};

const ORDERED: &[DType] = &[DType::U8, DType::I32, DType::I64, DType::F32, DType::F64];
const ALL: &[DType] = &[DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64];

fn comparison(name: &'static str, build: Builder, definition: Definition) -> Entry {
    Entry::new(name, build)
        .means(definition)
        .on(|dtype| inputs::two(dtype, [Numbers::Signed, Numbers::Between]))
        .edges(edges)
        .large(|| Case::new([inputs::many(Numbers::Signed, &[401, 403]), inputs::many(Numbers::Between, &[403])]))
        .of(ORDERED)
}

/// Each special number with each: equal ones, zeros of both signs, NaN.
fn edges(dtype: DType) -> Vec<Case> {
    let special = match dtype.is_float() {
        true => vec![0.0, -0.0, 1.5, -2.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN],
        false => vec![0.0, 1.0, 7.0, 2.0],
    };
    let count = special.len();
    vec![Case::new([inputs::given(dtype, &[count, 1], &special), inputs::given(dtype, &[count], &special)])]
}

macro_rules! comparison {
    ($name:literal, $method:ident, $holds:expr) => {
        comparison(
            $name,
            |graph, inputs, _| Ok(vec![graph.$method(inputs[0], inputs[1])?]),
            |inputs, _| {
                let holds: fn(&f64, &f64) -> bool = $holds;
                vec![inputs[0].zip(&inputs[1], |x, y| f64::from(u8::from(holds(&x, &y))))]
            },
        )
    };
}

ops! {
    equal, no gradient: comparison!("Equal", equal, f64::eq).of(ALL);
    not_equal, no gradient: comparison!("NotEqual", not_equal, f64::ne).of(ALL);
    less, no gradient: comparison!("Less", less, f64::lt);
    less_equal, no gradient: comparison!("LessEqual", less_equal, f64::le);
    greater, no gradient: comparison!("Greater", greater, f64::gt);
    greater_equal, no gradient: comparison!("GreaterEqual", greater_equal, f64::ge);
}
