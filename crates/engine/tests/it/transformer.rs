//! A small transformer: it learns, and to the same bits on any number of threads.

use std::sync::Arc;

use everstep_engine::GraphSession;
use everstep_graph::{Graph, Input, Output};
use everstep_nn::{
    BatchNorm, Dense, Embedding, Layer, LayerNorm, PositionalEmbedding, TransformerBlock, mean_squared_error,
    sparse_softmax_cross_entropy,
};
use everstep_optim::{Adam, Sgd, create_train_op};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, Tensor};

const ALPHABET: usize = 11;

struct Model {
    graph: Arc<Graph>,
    seen: Input,
    next: Input,
    train_op: Output,
    context: usize,
}

impl Model {
    fn new(context: usize, width: usize, layers: usize, dropout: f64) -> Self {
        let mut graph = Graph::new();
        let seen = graph.placeholder("seen", DType::I32, [None, Some(context)]).unwrap();
        let next = graph.placeholder("next", DType::I32, [None]).unwrap();
        let mut value = Embedding::new(ALPHABET, width).build(&mut graph, "characters", seen).unwrap();
        value = PositionalEmbedding::new(context + 3).build(&mut graph, "places", value).unwrap();
        for layer in 0..layers {
            let block = TransformerBlock { dropout, ..TransformerBlock::new(4) };
            value = block.build(&mut graph, &format!("block_{layer}"), value).unwrap();
        }
        value = LayerNorm::default().build(&mut graph, "norm", value).unwrap();
        let rows = graph.reshape(value, [-1, width as isize]).unwrap();
        let logits = Dense::new(ALPHABET).build(&mut graph, "logits", rows).unwrap();
        let loss = sparse_softmax_cross_entropy(&mut graph, logits, next).unwrap();
        let adam = Adam { learning_rate: 0.01.into(), ..Adam::default() };
        let train_op = create_train_op(&mut graph, loss, &adam).unwrap().output;
        Self { graph: graph.into(), seen, next, train_op, context }
    }

    fn open(&self, threads: usize) -> GraphSession {
        let config = SessionConfig { intra_op_threads: threads, seed: 3, ..SessionConfig::default() };
        let mut session = GraphSession::new(self.graph.clone(), &config).unwrap();
        session.initialize(Scope::Global).unwrap();
        session
    }

    /// Sequences in which each character is the one before and how many times the sequence's number.
    fn step(&self, pieces: usize, position: usize) -> Request<Output, Input> {
        let at = |piece: usize, place: usize| ((position + place) * (piece % 3 + 1) % ALPHABET) as i32;
        let all = |shift: usize| -> Vec<i32> {
            (0..pieces).flat_map(|piece| (0..self.context).map(move |place| at(piece, place + shift))).collect()
        };
        let seen = Tensor::from_vec([pieces, self.context], all(0)).unwrap();
        let next = Tensor::from_vec([pieces * self.context], all(1)).unwrap();
        Request { feeds: vec![(self.seen, seen), (self.next, next)], ..Request::train(vec![self.train_op]) }
    }

    /// The losses of some steps, and the variables after them.
    fn trained(&self, threads: usize, pieces: usize, steps: usize) -> (Vec<f64>, Vec<Tensor>) {
        let mut session = self.open(threads);
        let mut outcome = Outcome::default();
        let mut loss = |position: usize| {
            session.run(&self.step(pieces, position), &mut outcome).unwrap();
            outcome.values[0].to_f64().unwrap()
        };
        let losses = (0..steps).map(&mut loss).collect();
        let variables = session.variables();
        (losses, variables.specs().iter().map(|spec| variables.read(&spec.name).unwrap()).collect())
    }
}

#[test]
fn a_transformer_has_the_same_bits_on_any_number_of_threads() {
    let model = Model::new(64, 64, 2, 0.1);
    let (losses, variables) = model.trained(1, 5, 3);
    for threads in [2, 3, 7] {
        let (found, others) = model.trained(threads, 5, 3);
        assert_eq!(found, losses, "{threads} threads");
        for (found, variable) in others.iter().zip(&variables) {
            assert!(found.bit_eq(variable), "a variable differs on {threads} threads");
        }
    }
}

#[test]
fn a_transformer_learns_what_depends_on_the_characters_before() {
    let (losses, _) = Model::new(12, 32, 1, 0.0).trained(1, 6, 200);
    assert!(losses[0] > 2.0 && losses[199] < 0.4, "{losses:?}");
}

/// A step moves the averages toward the batch, and a reading run takes the averages.
#[test]
fn batch_norm_reads_what_training_has_averaged() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None, Some(2)]).unwrap();
    let norm = BatchNorm { momentum: 0.5, epsilon: 0.0, ..BatchNorm::default() };
    let y = norm.build(&mut graph, "norm", x).unwrap();
    let zeros = graph.zeros_like(y).unwrap();
    let loss = mean_squared_error(&mut graph, y, zeros).unwrap();
    let train_op = create_train_op(&mut graph, loss, &Sgd { learning_rate: 0.0.into() }).unwrap().output;
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    session.initialize(Scope::Global).unwrap();
    let feeds = vec![(x, Tensor::from_vec([3, 2], vec![1.0f32, 10.0, 2.0, 20.0, 3.0, 30.0]).unwrap())];
    let mut outcome = Outcome::default();
    session.run(&Request { feeds: feeds.clone(), ..Request::train(vec![train_op, y]) }, &mut outcome).unwrap();
    let normal = outcome.values[1].as_slice::<f32>().unwrap();
    assert!((normal[0] + 1.5f32.sqrt()).abs() < 1e-5 && normal[2].abs() < 1e-6, "{normal:?}");
    let read = |name: &str| session.variables().read(name).unwrap().as_slice::<f32>().unwrap().to_vec();
    assert_eq!(read("norm/moving_mean"), [1.0, 10.0]);
    assert_eq!(read("norm/moving_variance"), [1.0, 50.5]);
    session.run(&Request { feeds, ..Request::read(vec![y]) }, &mut outcome).unwrap();
    let normal = outcome.values[0].as_slice::<f32>().unwrap();
    assert_eq!((normal[0], normal[2]), (0.0, 1.0), "{normal:?}");
    assert!((normal[5] - 20.0 / 50.5f32.sqrt()).abs() < 1e-5, "{normal:?}");
}
