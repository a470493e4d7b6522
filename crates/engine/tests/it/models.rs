//! Whole models: a convolutional and a recurrent one learn, and give the same bits on any number of threads and after a
//! resume.

use everstep_engine::GraphSession;
use everstep_graph::{Convolution, Graph, Input, Output};
use everstep_nn::{
    Activation, Conv2D, Dense, Dropout, Flatten, Gru, Layer, Lstm, MaxPool2D, Returns, Sequential,
    sparse_softmax_cross_entropy,
};
use everstep_optim::{Adam, create_train_op};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{CopyRules, DType, Snapshot, Tensor, copy};

const BATCH: usize = 16;

struct Model {
    graph: Graph,
    samples: Input,
    labels: Input,
    train_op: Output,
    sample: Vec<usize>,
}

impl Model {
    /// Samples of that shape, of three classes.
    fn new(sample: &[usize], layers: &Sequential) -> Self {
        let mut graph = Graph::new();
        let shape =
            [None].into_iter().chain(sample.iter().copied().map(Some)).collect::<everstep_graph::PartialShape>();
        let samples = graph.placeholder("samples", DType::F32, shape).unwrap();
        let labels = graph.placeholder("labels", DType::I64, [None]).unwrap();
        let logits = layers.build(&mut graph, "model", samples).unwrap();
        let loss = sparse_softmax_cross_entropy(&mut graph, logits, labels).unwrap();
        let adam = Adam { learning_rate: 0.01.into(), ..Adam::default() };
        let train_op = create_train_op(&mut graph, loss, &adam).unwrap().output;
        Self { graph, samples, labels, train_op, sample: sample.to_vec() }
    }

    fn open(&self, threads: usize) -> GraphSession {
        let config = SessionConfig { intra_op_threads: threads, seed: 3, ..SessionConfig::default() };
        let mut session = GraphSession::new(self.graph.clone(), &config).unwrap();
        session.initialize(Scope::Global).unwrap();
        session
    }

    /// The losses of the steps of these positions. The class of a sample is where the first of its rows is brightest.
    fn train(&self, session: &mut GraphSession, positions: std::ops::Range<usize>) -> Vec<f32> {
        let size: usize = self.sample.iter().product();
        let row = size / self.sample[0];
        let mut outcome = Outcome::default();
        let mut step = |position: usize| {
            let label = |sample: usize| (sample * 7 + position * 5) % 3;
            let noise = |index: usize| ((index * 37 + position * 101) % 97) as f32 / 97.0;
            let element = |index: usize| {
                let (sample, place) = (index / size, index % size);
                let is_bright = place < row && place * 3 / row == label(sample);
                noise(index) + if is_bright { 2.0 } else { 0.0 }
            };
            let shape: Vec<usize> = [BATCH].into_iter().chain(self.sample.iter().copied()).collect();
            let samples = Tensor::from_vec(shape, (0..BATCH * size).map(element).collect()).unwrap();
            let labels = Tensor::from_vec([BATCH], (0..BATCH).map(|sample| label(sample) as i64).collect()).unwrap();
            let request = Request::train(vec![self.train_op]).feed(self.samples, samples).feed(self.labels, labels);
            session.run(&request, &mut outcome).unwrap();
            outcome.values[0].item::<f32>().unwrap()
        };
        positions.map(&mut step).collect()
    }
}

fn convolutional() -> Model {
    let relu =
        |filters| Conv2D { convolution: Convolution::same(), activation: Activation::Relu, ..Conv2D::new(filters, 5) };
    let layers = Sequential::new()
        .with("conv_1", relu(8))
        .with("pool_1", MaxPool2D::new(2))
        .with("conv_2", relu(16))
        .with("pool_2", MaxPool2D::new(2))
        .with("flatten", Flatten)
        .with("hidden", Dense { activation: Activation::Relu, ..Dense::new(64) })
        .with("dropout", Dropout::new(0.25))
        .with("logits", Dense::new(3));
    Model::new(&[12, 12, 1], &layers)
}

fn recurrent() -> Model {
    let layers = Sequential::new()
        .with("lstm", Lstm { returns: Returns::Sequences, ..Lstm::new(24) })
        .with("gru", Gru::new(24))
        .with("logits", Dense::new(3));
    Model::new(&[6, 9], &layers)
}

/// Bits of all variables after `2 half` steps on so many threads, and after a resume at half the way.
#[track_caller]
fn check(model: &Model, half: usize) {
    let mut whole = model.open(1);
    model.train(&mut whole, 0..2 * half);
    let expected = Snapshot::of(whole.variables()).unwrap();
    for threads in [2, 3, 7] {
        let mut session = model.open(threads);
        model.train(&mut session, 0..half);
        let saved = Snapshot::of(session.variables()).unwrap();
        model.train(&mut session, half..2 * half);
        assert!(Snapshot::of(session.variables()).unwrap().bit_eq(&expected), "{threads} threads give other bits");
        let mut resumed = model.open(threads);
        copy(&saved, resumed.variables_mut(), &CopyRules::default()).unwrap();
        model.train(&mut resumed, half..2 * half);
        assert!(Snapshot::of(resumed.variables()).unwrap().bit_eq(&expected), "a resume gives other bits");
    }
}

#[track_caller]
fn check_learns(model: &Model, steps: usize) {
    let losses = model.train(&mut model.open(2), 0..steps);
    let last = losses[steps - 5..].iter().sum::<f32>() / 5.0;
    assert!(losses[0] > 0.7 && last < 0.1, "the loss went from {} to {last}", losses[0]);
}

#[test]
fn a_convolutional_model_gives_the_same_bits_on_any_threads_and_after_a_resume() {
    check(&convolutional(), 3);
}

#[test]
fn a_recurrent_model_gives_the_same_bits_on_any_threads_and_after_a_resume() {
    check(&recurrent(), 3);
}

#[test]
fn a_convolutional_model_learns() {
    check_learns(&convolutional(), 40);
}

/// What makes the class is seen in the first step alone, and has to be remembered over the others.
#[test]
fn a_recurrent_model_learns() {
    check_learns(&recurrent(), 80);
}
