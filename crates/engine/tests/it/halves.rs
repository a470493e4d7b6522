//! Models whose variables are bf16 or f16.

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Graph, Initializer, Input, Output};
use everstep_nn::{Activation, Dense, Embedding, Layer, LayerNorm};
use everstep_optim::{
    Adafactor, Adagrad, Adam, AdamW, ExponentialMovingAverage, Lamb, Lion, LossScale, Momentum, Optimizer, RmsProp,
    Sgd, TrainOpOptions, averaged, clip_by_global_norm_fn, create_train_op, create_train_op_with,
};
use everstep_session::{GraphOptimization, Outcome, Purpose, Request, Scope, Session, SessionConfig};
use everstep_tensor::{Bf16, CopyRules, DType, F16, Snapshot, Tensor, copy};

const HALVES: [DType; 2] = [DType::Bf16, DType::F16];

/// A regression by two layers, computed in `dtype` up to the error, which is f32.
struct Model {
    graph: Graph,
    inputs: [Input; 2],
    loss: Output,
}

impl Model {
    fn new(dtype: DType) -> Self {
        let mut graph = Graph::new();
        let x = graph.placeholder("x", DType::F32, [None, Some(6)]).unwrap();
        let y = graph.placeholder("y", DType::F32, [None, Some(1)]).unwrap();
        let narrow = graph.cast(x, dtype).unwrap();
        let tanh = Dense { activation: Activation::Tanh, ..Dense::new(16) };
        let hidden = tanh.build(&mut graph, "hidden", narrow).unwrap();
        let hidden = LayerNorm::default().build(&mut graph, "norm", hidden).unwrap();
        let found = Dense::new(1).build(&mut graph, "output", hidden).unwrap();
        let found = graph.cast(found, DType::F32).unwrap();
        let errors = graph.squared_difference(found, y).unwrap();
        let loss = graph.mean(errors, Axes::all()).unwrap();
        Self { graph, inputs: [x, y], loss }
    }

    fn step(&self, train: Output, position: usize) -> Request<Output, Input> {
        let x: Vec<f32> = (0..32 * 6).map(|index| ((index * 37 + position * 11) % 17) as f32 / 8.0 - 1.0).collect();
        let y = x.chunks_exact(6).map(|row| row[0] * row[1] - 0.5 * row[2] + 0.25).collect();
        let [of_x, of_y] = self.inputs;
        let request = Request::train(vec![train]).feed(of_x, Tensor::from_vec([32, 6], x).unwrap());
        request.feed(of_y, Tensor::from_vec([32, 1], y).unwrap())
    }
}

fn open(graph: &Graph, config: &SessionConfig) -> GraphSession {
    let mut session = GraphSession::new(graph.clone(), config).unwrap();
    session.initialize(Scope::Global).unwrap();
    session
}

fn run(session: &mut GraphSession, request: &Request<Output, Input>) -> f64 {
    let mut outcome = Outcome::default();
    session.run(request, &mut outcome).unwrap();
    outcome.values[0].to_f64().unwrap()
}

fn optimizers() -> Vec<Box<dyn Optimizer>> {
    vec![
        Box::new(Sgd { learning_rate: 0.05.into() }),
        Box::new(Momentum { learning_rate: 0.02.into(), momentum: 0.9, nesterov: true }),
        Box::new(Adam { learning_rate: 0.01.into(), ..Adam::default() }),
        Box::new(AdamW { learning_rate: 0.01.into(), ..AdamW::default() }),
        Box::new(Adagrad { learning_rate: 0.1.into(), ..Adagrad::default() }),
        Box::new(RmsProp { learning_rate: 0.005.into(), ..RmsProp::default() }),
        Box::new(Lion { learning_rate: 0.005.into(), ..Lion::default() }),
        Box::new(Lamb { learning_rate: 0.02.into(), ..Lamb::default() }),
        Box::new(Adafactor { learning_rate: 0.05.into(), ..Adafactor::default() }),
        Box::new(ExponentialMovingAverage::of(Adam { learning_rate: 0.01.into(), ..Adam::default() }, 0.9)),
    ]
}

/// Every optimizer trains them, keeps its slots in f32, and gives the same bits with fusion and without, on any number of
/// threads, and after a resume.
#[test]
fn they_are_trained_by_every_optimizer() {
    for dtype in HALVES {
        let count = if dtype == DType::Bf16 { usize::MAX } else { 3 };
        for optimizer in optimizers().into_iter().take(count) {
            let mut model = Model::new(dtype);
            let train = create_train_op(&mut model.graph, model.loss, &*optimizer).unwrap().output;
            model.graph.verify().unwrap();
            let config = SessionConfig { intra_op_threads: 1, seed: 3, ..SessionConfig::default() };
            let mut whole = open(&model.graph, &config);
            let losses: Vec<f64> = (0..28).map(|step| run(&mut whole, &model.step(train, step % 4))).collect();
            let [start, end] = [&losses[..4], &losses[24..]].map(|losses| losses.iter().sum::<f64>());
            assert!(end < 0.85 * start, "{} of {dtype}: {start} to {end}", optimizer.name());
            let expected = Snapshot::of(whole.variables()).unwrap();
            let trainable = ["hidden/bias", "hidden/kernel", "norm/beta", "norm/gamma", "output/bias", "output/kernel"];
            for spec in whole.variables().specs().iter().filter(|spec| spec.dtype.is_float()) {
                let is_weight = trainable.contains(&&*spec.name);
                assert_eq!(spec.dtype, if is_weight { dtype } else { DType::F32 }, "{}", spec.name);
            }

            let unfused = SessionConfig { graph_optimization: GraphOptimization::Off, ..config.clone() };
            let threads: &[usize] = if optimizer.name() == "Adam" { &[2, 3, 7] } else { &[3] };
            let threaded = |threads: &usize| SessionConfig { intra_op_threads: *threads, ..config.clone() };
            for config in threads.iter().map(threaded).chain([unfused]) {
                let mut other = open(&model.graph, &config);
                for step in 0..15 {
                    run(&mut other, &model.step(train, step % 4));
                }
                let kept = Snapshot::of(other.variables()).unwrap();
                let mut resumed = open(&model.graph, &SessionConfig { intra_op_threads: 1, ..config.clone() });
                copy(&kept, resumed.variables_mut(), &CopyRules::default()).unwrap();
                for step in 15..28 {
                    run(&mut resumed, &model.step(train, step % 4));
                }
                let found = Snapshot::of(resumed.variables()).unwrap();
                assert!(found.bit_eq(&expected), "{} of {dtype}: {config:?}", optimizer.name());
            }
        }
    }
}

/// A gradient too small for f16 is zero, but not if the loss was scaled; it is divided again in f32.
#[test]
fn a_scaled_loss_brings_small_gradients_through_f16() {
    let moved = |loss_scale: Option<LossScale>| {
        let mut graph = Graph::new();
        let weight = graph.variable("weight", DType::F16, [], Initializer::ONES).unwrap();
        let small = graph.scalar("small", DType::F16, 2f64.powi(-14)).unwrap();
        let product = graph.mul(weight, small).unwrap();
        let product = graph.cast(product, DType::F32).unwrap();
        let loss = graph.square(product).unwrap();
        let options = TrainOpOptions { loss_scale, ..TrainOpOptions::default() };
        let sgd = Sgd { learning_rate: 2f64.powi(20).into() };
        let train = create_train_op_with(&mut graph, loss, &sgd, options).unwrap();
        let mut session = open(&graph, &SessionConfig::default());
        run(&mut session, &Request::train(vec![train.output]));
        session.variables().read("weight").unwrap().item::<F16>().unwrap().to_f32()
    };
    assert_eq!(moved(None), 1.0);
    assert_eq!(moved(Some(LossScale::Fixed(1024.0))), 1.0 - 2f32.powi(-7));
    assert_eq!(moved(Some(LossScale::Dynamic { initial_scale: 32768.0, growth_steps: 10 })), 1.0 - 2f32.powi(-7));
}

/// What is gathered over several runs, clipped by its length and averaged is f32 until the variable is stored.
#[test]
fn gradients_are_gathered_and_clipped_in_f32() {
    for dtype in HALVES {
        let mut model = Model::new(dtype);
        let options = TrainOpOptions {
            gradient_accumulation_steps: 2,
            loss_scale: Some(LossScale::dynamic()),
            transform_grads_fn: Some(Box::new(clip_by_global_norm_fn(0.5))),
            ..TrainOpOptions::default()
        };
        let optimizer = ExponentialMovingAverage::of(Adam { learning_rate: 0.02.into(), ..Adam::default() }, 0.5);
        let train = create_train_op_with(&mut model.graph, model.loss, &optimizer, options).unwrap();
        let [evaluated] = averaged(&mut model.graph, [model.loss]).unwrap();
        model.graph.verify().unwrap();
        let mut session = open(&model.graph, &SessionConfig { seed: 1, ..SessionConfig::default() });
        let first = run(&mut session, &model.step(train.output, 0));
        for step in 1..60 {
            run(&mut session, &model.step(train.output, step % 4));
        }
        let last = run(&mut session, &Request { purpose: Purpose::Read, ..model.step(evaluated, 0) });
        assert!(last < 0.6 * first, "{dtype}: {first} to {last}");
        let sum = session.variables().read("hidden/kernel/GradientAccumulator").unwrap();
        assert_eq!(sum.dtype(), DType::F32);
    }
}

#[test]
fn embeddings_are_trained_by_their_whole_gradient() {
    for dtype in HALVES {
        let mut graph = Graph::new();
        let words = graph.placeholder("words", DType::I64, [None]).unwrap();
        let embedding = Embedding { dtype, ..Embedding::new(9, 4) };
        let vectors = embedding.build(&mut graph, "embedding", words).unwrap();
        let one = graph.scalar("one", dtype, 1.0).unwrap();
        let errors = graph.squared_difference(vectors, one).unwrap();
        let loss = graph.mean(errors, Axes::all()).unwrap();
        let train = create_train_op(&mut graph, loss, &Sgd { learning_rate: 1.0.into() }).unwrap();
        let mut session = open(&graph, &SessionConfig::default());
        let before = session.variables().read("embedding/embeddings").unwrap();
        let words_of_run = Tensor::from_vec([3], vec![2i64, 7, 2]).unwrap();
        let request = Request::train(vec![train.output]).feed(words, words_of_run);
        let losses: Vec<f64> = (0..8).map(|_| run(&mut session, &request)).collect();
        assert!(losses[7] < 0.5 * losses[0], "{losses:?}");
        let after = session.variables().read("embedding/embeddings").unwrap();
        let row = |tensor: &Tensor, row: usize| tensor.bytes()[row * 8..row * 8 + 8].to_vec();
        let changed: Vec<usize> = (0..9).filter(|index| row(&before, *index) != row(&after, *index)).collect();
        assert_eq!(changed, [2, 7]);
    }
}

/// A cast to two bytes and back is no identity, alone, fused and of a constant.
#[test]
fn rounding_is_never_removed() {
    for optimization in [GraphOptimization::On, GraphOptimization::Off] {
        let mut graph = Graph::new();
        let x = graph.placeholder("x", DType::F32, [None]).unwrap();
        let third = graph.scalar("third", DType::F32, 1.0 / 3.0).unwrap();
        let rounded = |graph: &mut Graph, value: Output| {
            let narrow = graph.cast(value, DType::Bf16).unwrap();
            graph.cast(narrow, DType::F32).unwrap()
        };
        let alone = rounded(&mut graph, x.output());
        let product = graph.mul(x, third).unwrap();
        let product = rounded(&mut graph, product);
        let fused = graph.add(product, x).unwrap();
        let constant = rounded(&mut graph, third);
        let config = SessionConfig { graph_optimization: optimization, ..SessionConfig::default() };
        let mut session = open(&graph, &config);
        let mut outcome = Outcome::default();
        let request =
            Request::read(vec![alone, fused, constant]).feed(x, Tensor::from_vec([1], vec![1.01f32]).unwrap());
        session.run(&request, &mut outcome).unwrap();
        let number = |index: usize| outcome.values[index].to_f64().unwrap() as f32;
        assert_eq!(number(0), 1.0078125);
        assert_eq!(number(1), Bf16::from_f32(1.01 * (1.0 / 3.0)).to_f32() + 1.01);
        assert_eq!(number(2), 0.333_984_38);
    }
}

/// The initial values are those of f32, rounded; an initialiser and a constant of two bytes are taken as they are.
#[test]
fn variables_begin_as_their_initialisers_say() {
    let initialisers = [
        Initializer::Constant(0.1),
        Initializer::Uniform { low: -1.0, high: 1.0 },
        Initializer::Normal { mean: 0.0, stddev: 1.0 },
        Initializer::TruncatedNormal { mean: 0.0, stddev: 1.0 },
        Initializer::Orthogonal { gain: 1.5 },
    ];
    for initial in initialisers {
        let value = |dtype| {
            let mut graph = Graph::new();
            graph.variable("w", dtype, [4, 6], initial.clone()).unwrap();
            open(&graph, &SessionConfig { seed: 9, ..SessionConfig::default() }).variables().read("w").unwrap()
        };
        let single = value(DType::F32);
        let single = single.as_slice::<f32>().unwrap();
        let bf16 = value(DType::Bf16);
        let expected: Vec<u16> = single.iter().map(|x| Bf16::from_f32(*x).to_bits()).collect();
        assert_eq!(Bf16::slice_to_bits(bf16.as_slice().unwrap()), expected);
        let f16 = value(DType::F16);
        let expected: Vec<u16> = single.iter().map(|x| F16::from_f32(*x).to_bits()).collect();
        assert_eq!(F16::slice_to_bits(f16.as_slice().unwrap()), expected);
    }
    let mut graph = Graph::new();
    let given = Tensor::from_vec([2], vec![F16::from_bits(0x7e01), F16::from_bits(0x8000)]).unwrap();
    graph.variable("w", DType::F16, [2], Initializer::Value(given.clone())).unwrap();
    let constant = graph.constant("given", given.clone()).unwrap();
    let mut session = open(&graph, &SessionConfig::default());
    assert!(session.variables().read("w").unwrap().bit_eq(&given));
    let mut outcome = Outcome::default();
    session.run(&Request::read(vec![constant]), &mut outcome).unwrap();
    assert!(outcome.values[0].bit_eq(&given));
}
