//! What no op takes, and the limits of what it takes.

use everstep_graph::{
    AttentionOp, AttentionPass, BatchNormOp, BatchNormPass, Binary, Convolution, ConvolutionOp, ConvolutionPass, Graph,
    IndexOp, Initializer, Law, NormKind, NormOp, NormPass, Op, RandomOp, Section, ShapeOp, Taken, TensorType,
    UpdateRule,
};
use everstep_tensor::DType;

use crate::infer::parse;

/// What an op makes of such inputs: its outputs' types, or what the refusal says.
fn infer(op: &Op, inputs: &[&str]) -> Result<String, String> {
    let inputs: Vec<TensorType> = inputs.iter().map(|text| parse(text)).collect();
    let text = |outputs: Vec<TensorType>| outputs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    op.infer(&inputs).map(text).map_err(|error| error.to_string())
}

#[track_caller]
fn gives(op: &Op, inputs: &[&str], expected: &str) {
    assert_eq!(infer(op, inputs), Ok(expected.to_owned()));
}

#[track_caller]
fn refuses(op: &Op, inputs: &[&str], why: &str) {
    let refusal = infer(op, inputs).expect_err(why);
    assert!(refusal.contains(why), "{refusal}");
}

fn draw(law: Law, dtype: DType) -> Op {
    Op::Random(RandomOp::Draw { law, dtype, shape: Some([3].into()), stream: "stream".into() })
}

#[test]
fn laws_of_random_numbers() {
    let uniform = |low, high| draw(Law::Uniform { low, high }, DType::F32);
    gives(&uniform(1.0, 1.0), &["i64[]"], "f32[3]");
    gives(&uniform(-1.5, 2.0), &["i64[]"], "f32[3]");
    for (low, high) in [(1.0, 0.5), (f64::NAN, 1.0), (f64::MIN, f64::MAX), (0.0, f64::INFINITY)] {
        refuses(&uniform(low, high), &["i64[]"], "makes no sense");
    }
    for law in [|mean, stddev| Law::Normal { mean, stddev }, |mean, stddev| Law::TruncatedNormal { mean, stddev }] {
        gives(&draw(law(-1.0, 0.0), DType::F64), &["i64[]"], "f64[3]");
        for (mean, stddev) in [(0.0, -1.0), (f64::INFINITY, 1.0), (0.0, f64::INFINITY), (0.0, f64::NAN)] {
            refuses(&draw(law(mean, stddev), DType::F32), &["i64[]"], "the deviation not negative");
        }
    }
    for probability in [0.0, 1.0] {
        gives(&draw(Law::Bernoulli { probability }, DType::Bool), &["i64[]"], "bool[3]");
    }
    refuses(&draw(Law::Bernoulli { probability: 1.5 }, DType::Bool), &["i64[]"], "no probability");
    refuses(&draw(Law::Bernoulli { probability: 0.5 }, DType::F32), &["i64[]"], "bool");
}

#[test]
fn whole_random_numbers() {
    let whole = |low, high, dtype| draw(Law::UniformInt { low, high }, dtype);
    let (least, beyond) = (i64::from(i32::MIN), 1 << 31);
    gives(&whole(least, beyond, DType::I32), &["i64[]"], "i32[3]");
    gives(&whole(least - 1, beyond + 1, DType::I64), &["i64[]"], "i64[3]");
    refuses(&whole(least - 1, 0, DType::I32), &["i64[]"], "does not fit i32");
    refuses(&whole(0, beyond + 1, DType::I32), &["i64[]"], "does not fit i32");
    refuses(&whole(3, 3, DType::I64), &["i64[]"], "no whole number");
    refuses(&whole(0, 3, DType::F32), &["i64[]"], "i32 or i64");
}

#[test]
fn the_number_of_the_run() {
    let dropout = Op::Random(RandomOp::Dropout { rate: 0.5, stream: "stream".into() });
    gives(&dropout, &["f32[?, 2]", "i64[]"], "f32[?, 2]");
    for run in ["i32[]", "i64[1]"] {
        refuses(&dropout, &["f32[2]", run], "give an i64 scalar");
    }
}

#[test]
fn initial_values() {
    let variable = |shape: &[usize], initializer| {
        let made = Graph::new().variable("v", DType::F32, shape, initializer);
        made.map(|_| ()).map_err(|error| error.to_string())
    };
    let refused = |shape: &[usize], initializer, why: &str| {
        let refusal = variable(shape, initializer).expect_err(why);
        assert!(refusal.contains(why), "{refusal}");
    };
    variable(&[3, 2], Initializer::Orthogonal { gain: 1.5 }).unwrap();
    refused(&[3], Initializer::Orthogonal { gain: 1.0 }, "no matrix to be orthogonal");
    refused(&[3, 2], Initializer::Orthogonal { gain: f64::NAN }, "give a finite one");
    variable(&[2], Initializer::Uniform { low: -1.0, high: 3.0 }).unwrap();
    for (low, high) in [(2.0, 1.0), (0.75 * f64::MIN, 0.75 * f64::MAX)] {
        refused(&[2], Initializer::Uniform { low, high }, "give finite bounds");
    }
    variable(&[2], Initializer::Normal { mean: -1.0, stddev: 0.0 }).unwrap();
    for (mean, stddev) in [(f64::NAN, 1.0), (0.0, f64::INFINITY), (0.0, -0.5)] {
        refused(&[2], Initializer::Normal { mean, stddev }, "the deviation not negative");
        refused(&[2], Initializer::TruncatedNormal { mean, stddev }, "the deviation not negative");
    }
}

#[test]
fn normalisations() {
    let norm = |kind, epsilon| Op::Norm(NormOp { pass: NormPass::Forward, kind, epsilon });
    gives(&norm(NormKind::Layer, 0.0), &["f32[2, 6]", "f32[6]", "f32[6]"], "f32[2, 6] f32[2] f32[2]");
    gives(&norm(NormKind::Group(3), 0.5), &["f32[2, 5, 6]", "f32[6]", "f32[6]"], "f32[2, 5, 6] f32[2, 3] f32[2, 3]");
    refuses(&norm(NormKind::Group(4), 0.5), &["f32[2, 6]", "f32[6]", "f32[6]"], "makes no 4 groups");
    refuses(&norm(NormKind::Group(2), 0.5), &["f32[6]", "f32[6]", "f32[6]"], "has no batch and channels");
    refuses(&norm(NormKind::Layer, 0.5), &["f32[]", "f32[6]", "f32[6]"], "a scalar has no last axis");
    refuses(&norm(NormKind::Layer, 0.5), &["f32[2, 6]", "f64[6]", "f32[6]"], "differ");
    refuses(&norm(NormKind::Layer, 0.5), &["i64[2, 6]", "i64[6]", "i64[6]"], "floats");
    let batch = |epsilon| Op::BatchNorm(BatchNormOp { pass: BatchNormPass::Forward, epsilon });
    for epsilon in [-0.5, f64::INFINITY, f64::NAN] {
        refuses(&norm(NormKind::Layer, epsilon), &["f32[2, 6]", "f32[6]", "f32[6]"], "that is not negative");
        refuses(&batch(epsilon), &["f32[2, 6]"; 5], "that is not negative");
    }
}

#[test]
fn attention() {
    let op = |pass, masked| Op::Attention(AttentionOp { pass, scale: None, causal: false, masked });
    let forward = op(AttentionPass::Forward, true);
    let [q, k] = ["f32[2, 5, 3, 4]", "f32[2, 7, 3, 4]"];
    gives(&forward, &[q, k, k, "bool[2, 7]"], "f32[2, 5, 3, 4] f32[2, 3, 5]");
    refuses(&forward, &[q, k, k, "bool[2, 5]"], "the mask is [2, 5], it must be [2, 7]");
    refuses(&forward, &[q, k, k, "f32[2, 7]"], "a mask of bool");
    let gradient = op(AttentionPass::Gradient, false);
    let logarithms = "f32[2, 3, 5]";
    gives(&gradient, &[q, q, k, k, q, logarithms], "f32[2, 5, 3, 4] f32[2, 7, 3, 4] f32[2, 7, 3, 4]");
    refuses(&gradient, &[k, q, k, k, q, logarithms], "the gradient is");
    refuses(&gradient, &[q, q, k, k, k, logarithms], "the result is");
    refuses(&gradient, &[q, q, k, k, q, "f32[2, 3, 7]"], "the logarithms is");
    let empty = ["f32[2, 5, 3, 0]", "f32[2, 7, 3, 0]", "f32[2, 7, 3, 4]"];
    refuses(&op(AttentionPass::Forward, false), &empty, "have no depth");
    refuses(&op(AttentionPass::Forward, false), &[q, q, k], "do not fit");
}

#[test]
fn convolutions() {
    let forward =
        |convolution| Op::Convolution(ConvolutionOp { pass: ConvolutionPass::Forward, depthwise: false, convolution });
    let strided = Convolution { strides: [2, 3], ..Convolution::same() };
    // Of a filter that is not known, the same padding tells the length nevertheless.
    gives(&forward(strided), &["f32[?, 9, 9, 4]", "f32[?, ?, 4, 8]"], "f32[?, 5, 3, 8]");
    gives(&forward(Convolution::valid()), &["f32[?, 9, 9, 4]", "f32[?, 2, 4, 8]"], "f32[?, ?, 8, 8]");
    gives(&forward(strided), &["f32[1, 9, 9, 4]", "f32[3, 3, 2, 8]"], "f32[1, 5, 3, 8]");
    refuses(&forward(strided), &["f32[1, 9, 9, 4]", "f32[3, 3, 3, 8]"], "make no whole groups");
    refuses(&forward(strided), &["f32[1, 9, 9, 4]", "f32[3, 3, 2, 5]"], "make no whole groups");
    gives(&forward(strided), &["f32[1, 9, 9, 0]", "f32[3, 3, 2, 5]"], "f32[1, 5, 3, 5]");
}

#[test]
fn moved_elements() {
    let shape = Op::Shape;
    gives(&shape(ShapeOp::Tile(vec![0, 2])), &["f32[?, 3]"], "f32[0, 6]");
    refuses(&shape(ShapeOp::Tile(vec![2, usize::MAX])), &["f32[?, 3]"], "exceed every memory");
    gives(&shape(ShapeOp::Reverse(vec![1])), &["u8[?, 3]"], "u8[?, 3]");
    refuses(&shape(ShapeOp::Reverse(vec![2])), &["u8[?, 3]"], "there is no axis 2");
    refuses(&shape(ShapeOp::Unpack { axis: 0, count: 0 }), &["u8[0, 3]"], "at least 1");
    refuses(&shape(ShapeOp::Unpack { axis: 0, count: 2 }), &["u8[3]"], "does not have length 2");
    gives(&shape(ShapeOp::Unpack { axis: 0, count: 2 }), &["u8[?, 3]"], "u8[3] u8[3]");
    refuses(&shape(ShapeOp::ReshapeLike), &["u8[3]"], "it takes 2 inputs, 1 were given");
    refuses(&shape(ShapeOp::Concat(0)), &[], "at least one input");
}

/// NumPy's rule of what a slice takes of five elements.
#[test]
fn sections_of_an_axis() {
    let of = |section: Section| section.of(5).map(|Taken { first, count, step }| (first, count, step));
    assert_eq!(of(0.into()), Some((0, 1, 1)));
    assert_eq!(of((-1).into()), Some((4, 1, 1)));
    assert_eq!(of((-5).into()), Some((0, 1, 1)));
    assert_eq!((of(5.into()), of((-6).into())), (None, None));
    assert_eq!(of((0..5).into()), Some((0, 5, 1)));
    assert_eq!(of((0..0).into()), Some((0, 0, 1)));
    assert_eq!(of((-2..9).into()), Some((3, 2, 1)));
    let backward = |begin, end, step| of(Section::Range { begin, end, step });
    assert_eq!(backward(None, None, -2), Some((4, 3, -2)));
    assert_eq!(backward(Some(0), None, -1), Some((0, 1, -1)));
    assert_eq!(backward(Some(3), Some(0), -1), Some((3, 3, -1)));
    assert_eq!(backward(Some(1), Some(3), -1), Some((0, 0, -1)));
    assert_eq!(of(Section::NewAxis), None);
}

#[test]
fn pairs_and_updates() {
    for function in [Binary::Pow, Binary::DivNoNan] {
        refuses(&Op::Binary(function), &["i64[2]", "i64[2]"], "floats");
        gives(&Op::Binary(function), &["f64[2]", "f64[]"], "f64[2]");
    }
    gives(&Op::Binary(Binary::Mul), &["i64[2]", "i64[2]"], "i64[2]");
    refuses(&Op::Binary(Binary::Mul), &["bool[2]", "bool[2]"], "bool");
    let top_k_grad = Op::Index(IndexOp::TopKGrad);
    gives(&top_k_grad, &["f32[4, 2]", "i32[4, 2]", "f32[4, 9]"], "f32[4, 9]");
    refuses(&top_k_grad, &["f32[4, 2]", "i32[4, 3]", "f32[4, 9]"], "do not belong");
    refuses(&top_k_grad, &["f32[4, 2]", "i32[4, 2]", "f32[5, 9]"], "do not belong");
    // The change of a variable of two bytes may be f32; its rate always is.
    let descent = Op::Update(UpdateRule::GradientDescent);
    for (change, fits) in [("bf16[2]", true), ("f32[2]", true), ("f16[2]", false)] {
        assert_eq!(infer(&descent, &["bf16[2]", "f32[]", change]).is_ok(), fits, "{change}");
    }
    refuses(&descent, &["bf16[2]", "bf16[]", "bf16[2]"], "differ");
    refuses(&Op::Update(UpdateRule::Assign), &["bf16[2]", "f32[2]"], "differ");
}
