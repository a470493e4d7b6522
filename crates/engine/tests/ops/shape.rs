//! Ops that move elements without computing with them, and their adjoints.

use everstep_graph::{Graph, Length, Output, PadMode, Section};
use everstep_tensor::{DType, Result};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    array::Array,
    entry::{Builder, Case, Entry},
    inputs::{self, Numbers, list},
    rules::pulled_back,
};

const ALL: &[DType] = &[DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64];

/// Attributes for a tensor of that shape, by chance.
type Choose = fn(&[usize], &mut Chance) -> Value;

/// Small numbers by chance, the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// A tensor of some rank, with attributes.
fn cases(dtype: DType, ranks: std::ops::RangeInclusive<usize>, choose: Choose) -> BoxedStrategy<Case> {
    let case = move |(shape, seed): (Vec<usize>, u64)| {
        let attributes = choose(&shape, &mut Chance(seed));
        Case::new([inputs::filled(dtype, Numbers::Signed, &shape, seed)]).with(attributes)
    };
    (prop::collection::vec(1usize..=4, ranks), any::<u64>()).prop_map(case).boxed()
}

/// An op of one tensor that has a gradient.
fn moves(name: &'static str, build: Builder) -> Entry {
    Entry::new(name, build).of(ALL).differentiable(&[0])
}

fn one(output: Result<Output>) -> Result<Vec<Output>> {
    output.map(|output| vec![output])
}

fn integers(attributes: &Value, name: &str) -> Vec<isize> {
    attributes[name].as_array().unwrap().iter().map(|number| number.as_i64().unwrap() as isize).collect()
}

fn number(attributes: &Value, name: &str) -> usize {
    attributes[name].as_u64().unwrap() as usize
}

/// The elements of an input, each from where `source` says.
fn moved(input: &Array, shape: &[usize], source: impl Fn(&[usize]) -> Vec<usize>) -> Vec<Array> {
    vec![Array::of(shape, |index| input.at(&source(index)))]
}

/// The first input in that shape.
fn reshaped(input: &Array, shape: &[usize]) -> Vec<Array> {
    vec![Array::new(shape, input.values.clone())]
}

fn reshape(attributes: &Value, elements: usize) -> Vec<usize> {
    let lengths = integers(attributes, "shape");
    let known: usize = lengths.iter().filter(|length| **length >= 0).map(|length| *length as usize).product();
    lengths.iter().map(|length| usize::try_from(*length).unwrap_or_else(|_| elements / known)).collect()
}

/// Where along an axis, and how far from one to the next; `begin`, `end` and `step` of each axis, all in bounds.
fn sliced(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let (begin, end, step) = (integers(attributes, "begin"), integers(attributes, "end"), integers(attributes, "step"));
    let places = |axis: usize| -> Vec<usize> {
        let mut at = begin[axis];
        let mut places = Vec::new();
        while (step[axis] > 0 && at < end[axis]) || (step[axis] < 0 && at > end[axis]) {
            places.push(at as usize);
            at += step[axis];
        }
        places
    };
    let each: Vec<Vec<usize>> = (0..begin.len()).map(places).collect();
    let shape: Vec<usize> = each.iter().map(Vec::len).collect();
    moved(&inputs[0], &shape, |index| index.iter().zip(&each).map(|(index, places)| places[*index]).collect())
}

/// A begin, an end and a step for each axis; an end of -1 is before the first element.
fn slices(shape: &[usize], chance: &mut Chance) -> Value {
    let (mut begins, mut ends, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    for length in shape {
        let (one, other) = (chance.below(*length) as i64, chance.below(*length) as i64);
        let (low, high, step) = (one.min(other), one.max(other), 1 + chance.below(2) as i64);
        let (begin, end, step) = if chance.below(2) == 0 { (low, high + 1, step) } else { (high, low - 1, -step) };
        begins.push(begin);
        ends.push(end);
        steps.push(step);
    }
    json!({ "begin": begins, "end": ends, "step": steps })
}

fn sections(attributes: &Value) -> Vec<Section> {
    let (begin, end, step) = (integers(attributes, "begin"), integers(attributes, "end"), integers(attributes, "step"));
    let section = |axis: usize| Section::Range {
        begin: Some(begin[axis]),
        end: (end[axis] >= 0).then_some(end[axis]),
        step: step[axis],
    };
    (0..begin.len()).map(section).collect()
}

/// As `strided_slice`, one section for each axis.
fn slice(graph: &mut Graph, input: Output, attributes: &Value) -> Result<Output> {
    graph.strided_slice(input, &sections(attributes))
}

/// The adjoint of an op that moves the first input: the gradient, the second one, is added to where elements came from.
fn adjoint(inputs: &[Array], forward: impl Fn(&[Array]) -> Vec<Array>) -> Vec<Array> {
    let count = inputs[0].values.len();
    let places = Array::new(&inputs[0].shape, (0..count).map(|place| place as f64).collect());
    let sources = &forward(&[places])[0];
    let mut sums = vec![0.0; count];
    for (source, gradient) in sources.values.iter().zip(&inputs[1].values) {
        sums[*source as usize] += gradient;
    }
    vec![Array::new(&inputs[0].shape, sums)]
}

/// Inputs (a tensor, the gradient of what the op makes of it).
fn with_gradient(
    cases: BoxedStrategy<Case>,
    dtype: DType,
    forward: fn(&[Array], &Value) -> Vec<Array>,
) -> BoxedStrategy<Case> {
    let with = move |(case, seed): (Case, u64)| {
        let result = forward(&case.arrays(), &case.attributes);
        let gradient = inputs::filled(dtype, Numbers::Between, &result[0].shape, seed);
        Case::new([case.inputs[0].clone(), gradient]).with(case.attributes)
    };
    (cases, any::<u64>()).prop_map(with).boxed()
}

/// A large tensor and a gradient of that shape.
fn large_with(shape: [usize; 2], gradient: [usize; 2], attributes: Value) -> Case {
    let inputs = [inputs::many(Numbers::Signed, &shape), inputs::many(Numbers::Between, &gradient)];
    Case::new(inputs).with(attributes)
}

fn large(attributes: Value) -> Case {
    Case::new([inputs::many(Numbers::Signed, &[401, 403])]).with(attributes)
}

fn mode(attributes: &Value) -> PadMode {
    match attributes["mode"].as_str() {
        Some("REFLECT") => PadMode::Reflect,
        Some(_) => PadMode::Symmetric,
        None => PadMode::Constant(attributes["value"].as_f64().unwrap()),
    }
}

fn paddings(attributes: &Value) -> Vec<(usize, usize)> {
    list(attributes, "paddings").chunks(2).map(|pair| (pair[0], pair[1])).collect()
}

fn padded(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let (input, paddings, mode) = (&inputs[0], paddings(attributes), mode(attributes));
    let shape: Vec<usize> =
        input.shape.iter().zip(&paddings).map(|(length, (before, after))| length + before + after).collect();
    let source = |axis: usize, place: usize| -> Option<usize> {
        let (length, before) = (input.shape[axis] as isize, paddings[axis].0 as isize);
        let place = place as isize - before;
        let edge = isize::from(mode == PadMode::Reflect);
        let found = match mode {
            PadMode::Constant(_) => (0..length).contains(&place).then_some(place)?,
            _ if place < 0 => -place - 1 + edge,
            _ if place >= length => 2 * length - 1 - edge - place,
            _ => place,
        };
        Some(found as usize)
    };
    let element = |index: &[usize]| {
        let found: Option<Vec<usize>> = index.iter().enumerate().map(|(axis, place)| source(axis, *place)).collect();
        match (found, mode) {
            (Some(found), _) => input.at(&found),
            (None, PadMode::Constant(value)) => value,
            (None, _) => unreachable!("a mirrored place has a source"),
        }
    };
    vec![Array::of(&shape, element)]
}

fn any_paddings(shape: &[usize], chance: &mut Chance) -> Value {
    let paddings: Vec<usize> = shape.iter().flat_map(|_| [chance.below(3), chance.below(3)]).collect();
    json!({ "paddings": paddings, "value": 1.0 })
}

fn mirrored_paddings(shape: &[usize], chance: &mut Chance) -> Value {
    let reflects = chance.below(2) == 0;
    let most = |length: usize| if reflects { length } else { length + 1 };
    let paddings: Vec<usize> =
        shape.iter().flat_map(|length| [chance.below(most(*length)), chance.below(most(*length))]).collect();
    json!({ "paddings": paddings, "mode": if reflects { "REFLECT" } else { "SYMMETRIC" } })
}

fn tiled(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let input = &inputs[0];
    let shape: Vec<usize> =
        input.shape.iter().zip(list(attributes, "multiples")).map(|(length, times)| length * times).collect();
    moved(input, &shape, |index| index.iter().zip(&input.shape).map(|(index, length)| index % length).collect())
}

fn multiples(shape: &[usize], chance: &mut Chance) -> Value {
    json!({ "multiples": shape.iter().map(|_| 1 + chance.below(3)).collect::<Vec<usize>>() })
}

/// Three tensors that are equal but along an axis, or along none.
fn joined(dtype: DType, is_stack: bool) -> BoxedStrategy<Case> {
    let case = move |(shape, lengths, seed): (Vec<usize>, [usize; 3], u64)| {
        let axis = Chance(seed).below(shape.len());
        let tensor = |part: usize| {
            let mut shape = shape.clone();
            if !is_stack {
                shape[axis] = lengths[part];
            }
            inputs::filled(dtype, Numbers::Signed, &shape, seed.wrapping_add(part as u64))
        };
        Case::new([tensor(0), tensor(1), tensor(2)]).with(json!({ "axis": axis }))
    };
    (prop::collection::vec(1usize..=3, 1..=3), prop::array::uniform3(1usize..=3), any::<u64>()).prop_map(case).boxed()
}

fn large_join() -> Case {
    let tensor = || inputs::many(Numbers::Signed, &[401, 203]);
    Case::new([tensor(), tensor(), tensor()]).with(json!({ "axis": 1 }))
}

fn concatenated(inputs: &[Array], axis: usize) -> Array {
    let mut shape = inputs[0].shape.clone();
    shape[axis] = inputs.iter().map(|input| input.shape[axis]).sum();
    Array::of(&shape, |index| {
        let (mut index, mut part) = (index.to_vec(), 0);
        while index[axis] >= inputs[part].shape[axis] {
            index[axis] -= inputs[part].shape[axis];
            part += 1;
        }
        inputs[part].at(&index)
    })
}

fn packed(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let axis = number(attributes, "axis");
    let wide: Vec<Array> = inputs
        .iter()
        .map(|input| {
            let mut shape = input.shape.clone();
            shape.insert(axis, 1);
            Array::new(&shape, input.values.clone())
        })
        .collect();
    vec![concatenated(&wide, axis)]
}

/// The part of an axis from `before` on.
fn part(input: &Array, axis: usize, before: usize, size: usize) -> Array {
    let mut shape = input.shape.clone();
    shape[axis] = size;
    moved(input, &shape, |index| {
        let mut index = index.to_vec();
        index[axis] += before;
        index
    })
    .remove(0)
}

fn split(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let (axis, mut before) = (number(attributes, "axis"), 0);
    let mut cut = |size: &usize| {
        let cut = part(&inputs[0], axis, before, *size);
        before += size;
        cut
    };
    list(attributes, "sizes").iter().map(&mut cut).collect()
}

fn unpacked(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let axis = number(attributes, "axis");
    let mut shape = inputs[0].shape.clone();
    let count = shape.remove(axis);
    (0..count).map(|place| Array::new(&shape, part(&inputs[0], axis, place, 1).values)).collect()
}

/// Inputs (two tensors that are concatenated, the gradient of the whole); the gradient of the second.
fn parts(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(case, seed): (Case, u64)| {
        let arrays = case.arrays();
        let whole = concatenated(&arrays[..2], number(&case.attributes, "axis"));
        let gradient = inputs::filled(dtype, Numbers::Between, &whole.shape, seed);
        Case::new([case.inputs[0].clone(), case.inputs[1].clone(), gradient]).with(case.attributes)
    };
    (joined(dtype, false), any::<u64>()).prop_map(case).boxed()
}

/// A tensor that is repeated to the shape of a second one.
fn spread(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(axes, drop, seed): (Vec<(usize, bool)>, usize, u64)| {
        let shape: Vec<usize> = axes.iter().map(|(length, _)| *length).collect();
        let repeated = axes.iter().map(|(length, repeat)| if *repeat { 1 } else { *length });
        let input: Vec<usize> = repeated.skip(drop.min(axes.len())).collect();
        let like = inputs::filled(dtype, Numbers::Signed, &shape, !seed);
        Case::new([inputs::filled(dtype, Numbers::Signed, &input, seed), like]).with(json!({ "shape": shape }))
    };
    (prop::collection::vec((2usize..=3, any::<bool>()), 0..=3), 0usize..=1, any::<u64>()).prop_map(case).boxed()
}

fn spread_to(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    vec![Array::of(&list(attributes, "shape"), |index| inputs[0].spread_at(index))]
}

fn axis_of(shape: &[usize], chance: &mut Chance) -> Value {
    json!({ "axis": chance.below(shape.len()) })
}

fn place_of(shape: &[usize], chance: &mut Chance) -> Value {
    json!({ "axis": chance.below(shape.len() + 1) })
}

fn like(name: &'static str, build: Builder) -> Entry {
    Entry::new(name, build).of(ALL).on(|dtype| inputs::one(dtype, Numbers::Signed)).large(|| large(json!({})))
}

ops! {
    reshape: moves("Reshape", |graph, inputs, attributes| {
            one(graph.reshape(inputs[0], integers(attributes, "shape").into_iter().map(Length::from)))
        })
        .means(|inputs, attributes| reshaped(&inputs[0], &reshape(attributes, inputs[0].values.len())))
        .on(|dtype| cases(dtype, 1..=3, |shape, chance| {
            let mut lengths: Vec<i64> = shape.iter().rev().map(|length| *length as i64).collect();
            if chance.below(2) == 0 {
                lengths[0] = -1;
            }
            json!({ "shape": lengths })
        }))
        .large(|| large(json!({ "shape": [403, -1] })));
    reshape_like, no tensorflow: moves("ReshapeLike", |graph, inputs, _| one(graph.reshape_like(inputs[0], inputs[1])))
        .means(|inputs, _| reshaped(&inputs[0], &inputs[1].shape))
        .on(|dtype| (cases(dtype, 1..=3, |_, _| json!({})), any::<u64>()).prop_map(move |(case, seed)| {
            let shape: Vec<usize> = case.inputs[0].shape().iter().rev().copied().collect();
            Case::new([case.inputs[0].clone(), inputs::filled(dtype, Numbers::Signed, &shape, seed)])
        }).boxed())
        .large(|| large_with([401, 403], [403, 401], json!({})));
    transpose: moves("Transpose", |graph, inputs, attributes| {
            one(graph.transpose(inputs[0], &integers(attributes, "perm")))
        })
        .means(|inputs, attributes| {
            let axes = list(attributes, "perm");
            let shape: Vec<usize> = axes.iter().map(|axis| inputs[0].shape[*axis]).collect();
            moved(&inputs[0], &shape, |index| {
                let mut source = vec![0; axes.len()];
                axes.iter().zip(index).for_each(|(axis, index)| source[*axis] = *index);
                source
            })
        })
        .on(|dtype| cases(dtype, 2..=4, |shape, chance| {
            let mut axes: Vec<usize> = (0..shape.len()).collect();
            (1..axes.len()).for_each(|axis| axes.swap(axis, chance.below(axis + 1)));
            json!({ "perm": axes })
        }))
        .large(|| large(json!({ "perm": [1, 0] })));
    reverse_v2: moves("ReverseV2", |graph, inputs, attributes| {
            one(graph.reverse(inputs[0], crate::reductions::axes(&integers(attributes, "axis"))))
        })
        .means(|inputs, attributes| {
            let axes = list(attributes, "axis");
            moved(&inputs[0], &inputs[0].shape, |index| {
                let mut source = index.to_vec();
                axes.iter().for_each(|axis| source[*axis] = inputs[0].shape[*axis] - 1 - index[*axis]);
                source
            })
        })
        .on(|dtype| cases(dtype, 1..=3, |shape, chance| {
            let axes: Vec<usize> = (0..shape.len()).filter(|_| chance.below(2) == 0).collect();
            json!({ "axis": axes })
        }))
        .large(|| large(json!({ "axis": [1] })));
    expand_dims: moves("ExpandDims", |graph, inputs, attributes| {
            one(graph.expand_dims(inputs[0], number(attributes, "axis") as isize))
        })
        .means(|inputs, attributes| {
            let mut shape = inputs[0].shape.clone();
            shape.insert(number(attributes, "axis"), 1);
            reshaped(&inputs[0], &shape)
        })
        .on(|dtype| cases(dtype, 0..=3, place_of))
        .large(|| large(json!({ "axis": 1 })));
    squeeze: moves("Squeeze", |graph, inputs, attributes| {
            let wide = graph.expand_dims(inputs[0], number(attributes, "axis") as isize)?;
            one(graph.squeeze(wide, [number(attributes, "axis") as isize]))
        })
        .means(|inputs, _| vec![inputs[0].clone()])
        .on(|dtype| cases(dtype, 0..=3, place_of))
        .large(|| large(json!({ "axis": 1 })));
    concat_v2: moves("ConcatV2", |graph, inputs, attributes| {
            one(graph.concat(inputs, number(attributes, "axis") as isize))
        })
        .means(|inputs, attributes| vec![concatenated(inputs, number(attributes, "axis"))])
        .on(|dtype| joined(dtype, false))
        .large(large_join)
        .differentiable(&[0, 1, 2]);
    concat_part, no gradient, no tensorflow: Entry::new("ConcatPart", |graph, inputs, attributes| {
            let whole = graph.concat(&inputs[..2], number(attributes, "axis") as isize)?;
            pulled_back(graph, whole, inputs[2], inputs[1])
        })
        .means(|inputs, attributes| {
            let (axis, before) = (number(attributes, "axis"), &inputs[0].shape);
            vec![part(&inputs[2], axis, before[axis], inputs[1].shape[axis])]
        })
        .on(parts)
        .large(|| {
            let tensor = || inputs::many(Numbers::Signed, &[401, 403]);
            let gradient = inputs::many(Numbers::Between, &[401, 806]);
            Case::new([tensor(), tensor(), gradient]).with(json!({ "axis": 1 }))
        });
    pack: moves("Pack", |graph, inputs, attributes| one(graph.stack(inputs, number(attributes, "axis") as isize)))
        .means(packed)
        .on(|dtype| joined(dtype, true))
        .large(large_join)
        .differentiable(&[0, 1, 2]);
    split_v: moves("SplitV", |graph, inputs, attributes| {
            graph.split(inputs[0], number(attributes, "axis") as isize, &list(attributes, "sizes"))
        })
        .means(split)
        .on(|dtype| cases(dtype, 1..=3, |shape, chance| {
            let axis = chance.below(shape.len());
            let first = 1 + chance.below(shape[axis]);
            let sizes: Vec<usize> = [first, shape[axis] - first].into_iter().filter(|size| *size > 0).collect();
            json!({ "axis": axis, "sizes": sizes })
        }))
        .large(|| large(json!({ "axis": 1, "sizes": [300, 103] })));
    unpack: Entry { symbolic: false, ..moves("Unpack", |graph, inputs, attributes| {
            graph.unstack(inputs[0], number(attributes, "axis") as isize)
        }) }
        .means(unpacked)
        .on(|dtype| cases(dtype, 1..=3, axis_of))
        .large(|| Case::new([inputs::many(Numbers::Signed, &[5, 40_003])]).with(json!({ "axis": 0 })));
    strided_slice: moves("StridedSlice", |graph, inputs, attributes| one(slice(graph, inputs[0], attributes)))
        .means(sliced)
        .on(|dtype| cases(dtype, 1..=3, slices))
        .large(|| large(json!({ "begin": [400, 1], "end": [-1, 403], "step": [-1, 1] })));
    strided_slice_grad, no gradient: Entry::new("StridedSliceGrad", |graph, inputs, attributes| {
            let value = slice(graph, inputs[0], attributes)?;
            pulled_back(graph, value, inputs[1], inputs[0])
        })
        .means(|inputs, attributes| adjoint(inputs, |places| sliced(places, attributes)))
        .on(|dtype| with_gradient(cases(dtype, 1..=3, slices), dtype, sliced))
        .large(|| large_with([401, 403], [401, 402], json!({ "begin": [400, 1], "end": [-1, 403], "step": [-1, 1] })));
    pad_v2: moves("PadV2", |graph, inputs, attributes| {
            one(graph.pad(inputs[0], &paddings(attributes), mode(attributes)))
        })
        .means(padded)
        .on(|dtype| cases(dtype, 0..=3, any_paddings))
        .large(|| large(json!({ "paddings": [1, 2, 3, 4], "value": 0.5 })));
    mirror_pad: moves("MirrorPad", |graph, inputs, attributes| {
            one(graph.pad(inputs[0], &paddings(attributes), mode(attributes)))
        })
        .means(padded)
        .on(|dtype| cases(dtype, 0..=3, mirrored_paddings))
        .large(|| large(json!({ "paddings": [1, 2, 3, 4], "mode": "REFLECT" })));
    mirror_pad_grad, no gradient: Entry::new("MirrorPadGrad", |graph, inputs, attributes| {
            let value = graph.pad(inputs[0], &paddings(attributes), mode(attributes))?;
            pulled_back(graph, value, inputs[1], inputs[0])
        })
        .means(|inputs, attributes| adjoint(inputs, |places| padded(places, attributes)))
        .on(|dtype| with_gradient(cases(dtype, 1..=3, mirrored_paddings), dtype, padded))
        .large(|| large_with([401, 403], [404, 410], json!({ "paddings": [1, 2, 3, 4], "mode": "SYMMETRIC" })))
        .roundings(16.0);
    tile: moves("Tile", |graph, inputs, attributes| one(graph.tile(inputs[0], &list(attributes, "multiples"))))
        .means(tiled)
        .on(|dtype| cases(dtype, 0..=3, multiples))
        .edges(|dtype| vec![Case::new([inputs::filled(dtype, Numbers::Signed, &[2], 1)]).with(json!({ "multiples": [0] }))])
        .large(|| Case::new([inputs::many(Numbers::Signed, &[101, 203])]).with(json!({ "multiples": [3, 5] })))
        .roundings(16.0);
    tile_grad, no gradient: Entry::new("TileGrad", |graph, inputs, attributes| {
            let value = graph.tile(inputs[0], &list(attributes, "multiples"))?;
            pulled_back(graph, value, inputs[1], inputs[0])
        })
        .means(|inputs, attributes| adjoint(inputs, |places| tiled(places, attributes)))
        .on(|dtype| with_gradient(cases(dtype, 1..=3, multiples), dtype, tiled))
        .large(|| large_with([101, 203], [303, 1015], json!({ "multiples": [3, 5] })))
        .roundings(16.0);
    broadcast_to: moves("BroadcastTo", |graph, inputs, attributes| {
            one(graph.broadcast_to(inputs[0], &list(attributes, "shape")))
        })
        .means(spread_to)
        .on(|dtype| spread(dtype).prop_map(|case| Case::new([case.inputs[0].clone()]).with(case.attributes)).boxed())
        .large(|| Case::new([inputs::many(Numbers::Signed, &[403])]).with(json!({ "shape": [401, 403] })))
        .roundings(16.0);
    broadcast_like, no tensorflow: moves("BroadcastLike", |graph, inputs, _| {
            one(graph.broadcast_like(inputs[0], inputs[1]))
        })
        .means(spread_to)
        .on(spread)
        .large(|| {
            let inputs = [inputs::many(Numbers::Signed, &[403]), inputs::many(Numbers::Signed, &[401, 403])];
            Case::new(inputs).with(json!({ "shape": [401, 403] }))
        })
        .roundings(16.0);
    zeros_like, no gradient: like("ZerosLike", |graph, inputs, _| one(graph.zeros_like(inputs[0])))
        .means(|inputs, _| vec![inputs[0].map(|_| 0.0)]);
    ones_like, no gradient: like("OnesLike", |graph, inputs, _| one(graph.ones_like(inputs[0])))
        .means(|inputs, _| vec![inputs[0].map(|_| 1.0)]);
    fill_like, no gradient, no tensorflow: like("FillLike", |graph, inputs, _| one(graph.fill_like(inputs[0], 3.0)))
        .of(&[DType::U8, DType::I32, DType::I64, DType::F32, DType::F64])
        .means(|inputs, _| vec![inputs[0].map(|_| 3.0)]);
    shape, no gradient: like("Shape", |graph, inputs, _| one(graph.shape_of(inputs[0])))
        .on(|dtype| cases(dtype, 1..=3, |_, _| json!({})))
        .means(|inputs, _| {
            let lengths = inputs[0].shape.iter().map(|length| *length as f64).collect();
            vec![Array::new(&[inputs[0].shape.len()], lengths)]
        });
    size, no gradient: like("Size", |graph, inputs, _| one(graph.size_of(inputs[0])))
        .means(|inputs, _| vec![Array::new(&[], vec![inputs[0].values.len() as f64])]);
}
