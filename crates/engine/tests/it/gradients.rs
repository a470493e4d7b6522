//! The gradient of every differentiable op against central differences, in f64.

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Graph, Input, Output, PartialShape, Reduction, Transpose};
use everstep_session::{Outcome, Request, Session, SessionConfig};
use everstep_tensor::{DType, Result, Tensor};

type OfOne = fn(&mut Graph, Output) -> Result<Output>;
type OfTwo = fn(&mut Graph, Output, Output) -> Result<Output>;

/// Numbers without ties, none near 0, of both signs if asked for.
fn numbers(count: usize, seed: usize, signed: bool) -> Vec<f64> {
    let number = |index: usize| {
        let size = 0.3 + ((index * 59 + seed * 23 + 5) % 101) as f64 / 60.0;
        if signed && (index * 7 + seed).is_multiple_of(2) { -size } else { size }
    };
    (0..count).map(number).collect()
}

fn tensor(shape: &[usize], values: &[f64]) -> Tensor {
    Tensor::from_vec(shape, values.to_vec()).unwrap()
}

/// What to differentiate: the shapes of the inputs, whether they may be negative, and how exact the values are.
pub(crate) struct Case<'a> {
    shapes: &'a [&'a [usize]],
    signed: bool,
    step: f64,
    tolerance: f64,
}

impl<'a> Case<'a> {
    pub(crate) fn of(shapes: &'a [&'a [usize]]) -> Self {
        Self { shapes, signed: true, step: 1e-6, tolerance: 1e-7 }
    }

    pub(crate) fn positive(self) -> Self {
        Self { signed: false, ..self }
    }

    /// With shapes known when the graph is built, and with shapes that only the run knows.
    #[track_caller]
    pub(crate) fn check(&self, build: impl Fn(&mut Graph, &[Output]) -> Result<Output>) {
        self.check_with(&build, |shape| PartialShape::from(shape));
        self.check_with(&build, |shape| shape.iter().map(|_| None).collect());
    }

    /// The loss is a weighted sum of what `build` gives, so that every element counts differently.
    #[track_caller]
    fn check_with(
        &self,
        build: &dyn Fn(&mut Graph, &[Output]) -> Result<Output>,
        known: impl Fn(&[usize]) -> PartialShape,
    ) {
        let mut graph = Graph::new();
        let placeholder = |shape: &&[usize]| graph.placeholder("input", DType::F64, known(shape)).unwrap();
        let inputs: Vec<Input> = self.shapes.iter().map(placeholder).collect();
        let outputs: Vec<Output> = inputs.iter().map(|input| input.output()).collect();
        let value = build(&mut graph, &outputs).unwrap();
        let rank = graph.type_of(value).unwrap().shape.len();
        let anything: PartialShape = (0..rank).map(|_| None).collect();
        let weights = graph.placeholder("weights", DType::F64, anything).unwrap();
        let weighted = graph.mul(value, weights).unwrap();
        let loss = graph.sum(weighted, Axes::all()).unwrap();
        let gradients: Vec<Output> = graph.gradients(loss, &outputs).unwrap().into_iter().map(Option::unwrap).collect();
        graph.verify().unwrap();

        let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
        let mut run = |fetches: Vec<Output>, feeds: Vec<(Input, Tensor)>| {
            let mut outcome = Outcome::default();
            session.run(&Request { feeds, ..Request::read(fetches) }, &mut outcome).unwrap();
            outcome.values
        };
        let mut values: Vec<Vec<f64>> = Vec::new();
        for (index, shape) in self.shapes.iter().enumerate() {
            values.push(numbers(shape.iter().product(), index, self.signed));
        }
        let feeds = |values: &[Vec<f64>]| -> Vec<(Input, Tensor)> {
            let fed = inputs.iter().zip(self.shapes).zip(values);
            fed.map(|((input, shape), values)| (*input, tensor(shape, values))).collect()
        };
        let shape = run(vec![value], feeds(&values))[0].shape().to_vec();
        let weight = tensor(&shape, &numbers(shape.iter().product(), 9, true));
        let weighted_feeds = |values: &[Vec<f64>]| [feeds(values), vec![(weights, weight.clone())]].concat();

        let found = run(gradients, weighted_feeds(&values));
        for (input, gradient) in found.iter().enumerate() {
            assert_eq!(gradient.shape(), self.shapes[input], "the gradient of input {input}");
            for (element, gradient) in gradient.as_slice::<f64>().unwrap().iter().enumerate() {
                let mut loss_at = |offset: f64| {
                    let mut moved = values.clone();
                    moved[input][element] += offset;
                    run(vec![loss], weighted_feeds(&moved))[0].item::<f64>().unwrap()
                };
                let expected = (loss_at(self.step) - loss_at(-self.step)) / (2.0 * self.step);
                let error = (gradient - expected).abs() / expected.abs().max(1.0);
                let place = format!("element {element} of input {input}");
                assert!(error < self.tolerance, "{place}: gradient {gradient}, central difference {expected}");
            }
        }
    }
}

#[test]
fn functions_of_one_element() {
    let functions: [OfOne; 6] = [Graph::neg, Graph::abs, Graph::square, Graph::relu, Graph::tanh, Graph::sigmoid];
    for function in functions {
        Case::of(&[&[2, 3]]).check(|graph, inputs| function(graph, inputs[0]));
    }
    Case::of(&[&[]]).check(|graph, inputs| graph.exp(inputs[0]));
    Case::of(&[&[7]]).positive().check(|graph, inputs| graph.log(inputs[0]));
    Case::of(&[&[7]]).positive().check(|graph, inputs| graph.sqrt(inputs[0]));
}

#[test]
fn functions_of_two_elements() {
    let functions: [OfTwo; 6] = [Graph::add, Graph::sub, Graph::mul, Graph::div, Graph::maximum, Graph::minimum];
    let pairs: [[&[usize]; 2]; 9] = [
        [&[2, 3], &[2, 3]],
        [&[2, 3], &[3]],
        [&[3], &[2, 3]],
        [&[2, 1], &[1, 3]],
        [&[], &[2, 3]],
        [&[2, 3], &[]],
        [&[1, 3], &[4, 2, 3]],
        [&[2, 1, 3], &[4, 1]],
        [&[1, 1], &[1]],
    ];
    for function in functions {
        for pair in pairs {
            Case::of(&pair).check(|graph, inputs| function(graph, inputs[0], inputs[1]));
        }
    }
}

#[test]
fn matrix_products() {
    for (a, b) in [(false, false), (false, true), (true, false), (true, true)] {
        let (left, right): (&[usize], &[usize]) =
            (if a { &[4, 2] } else { &[2, 4] }, if b { &[3, 4] } else { &[4, 3] });
        let transpose = Transpose { a, b };
        Case::of(&[left, right]).check(|graph, inputs| graph.matmul_transposed(inputs[0], inputs[1], transpose));
    }
}

#[test]
fn reductions() {
    for reduction in [Reduction::Sum, Reduction::Mean, Reduction::Max, Reduction::Min] {
        let axes = [Axes::all(), Axes::from([0]), Axes::from([1, 2]), Axes::from([0, -1]), Axes::from([])];
        for axes in axes.iter().flat_map(|axes| [axes.clone(), axes.clone().keep()]) {
            Case::of(&[&[2, 3, 4]]).check(|graph, inputs| graph.reduce(reduction, inputs[0], axes.clone()));
            Case::of(&[&[2, 1, 1]]).check(|graph, inputs| graph.reduce(reduction, inputs[0], axes.clone()));
        }
    }
}

#[test]
fn softmax_and_cross_entropy() {
    Case::of(&[&[3, 4]]).check(|graph, inputs| graph.softmax(inputs[0]));
    Case::of(&[&[2, 2, 3]]).check(|graph, inputs| graph.softmax(inputs[0]));
    Case::of(&[&[3, 4]]).check(|graph, inputs| graph.log_softmax(inputs[0]));
    Case::of(&[&[5]]).check(|graph, inputs| graph.log_softmax(inputs[0]));
    Case::of(&[&[3, 4]]).check(|graph, inputs| {
        let labels = graph.constant("labels", Tensor::from_vec([3], vec![2i64, 0, 3])?)?;
        graph.sparse_softmax_cross_entropy(inputs[0], labels)
    });
}

#[test]
fn identities_and_casts() {
    Case::of(&[&[2, 2]]).check(|graph, inputs| graph.identity("same", inputs[0]));
    Case::of(&[&[2, 2]]).check(|graph, inputs| graph.check_numerics(inputs[0]));
    Case { step: 1e-3, tolerance: 1e-3, ..Case::of(&[&[3]]) }.check(|graph, inputs| {
        let single = graph.cast(inputs[0], DType::F32)?;
        let square = graph.square(single)?;
        graph.cast(square, DType::F64)
    });
}

#[test]
fn a_value_used_twice_gets_both_gradients() {
    Case::of(&[&[2, 3], &[3, 3]]).check(|graph, inputs| {
        let product = graph.matmul(inputs[0], inputs[1])?;
        let bent = graph.tanh(product)?;
        let again = graph.matmul(bent, inputs[1])?;
        graph.add(again, inputs[0])
    });
}
