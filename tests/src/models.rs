//! The models that are measured: the same layers, losses, optimizers and batches as the peers have.

use std::{fmt, str::FromStr};

use everstep::{
    graph::{Convolution, Graph, Input, Output},
    nn::{
        Activation, Conv2D, Dense, Embedding, Flatten, Layer, LayerNorm, MaxPool2D, PositionalEmbedding, Sequential,
        TransformerBlock, sparse_softmax_cross_entropy,
    },
    optim::{AdamW, Momentum, create_train_op},
    prelude::{DType, Result, Tensor},
};

/// How many batches are trained on in turn.
const BATCHES: usize = 8;
const CLASSES: usize = 10;
const PIXELS: usize = 784;
/// Of the transformer.
const VOCABULARY: usize = 65;
const WIDTH: usize = 128;
const HEADS: usize = 4;
const CONTEXT: usize = 128;
const LAYERS: usize = 4;

/// A model that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// 784-10.
    LogisticRegression,
    /// 784-512-512-10.
    Perceptron,
    /// Convolution 5x5x32, pooling, convolution 5x5x64, pooling, 512, 10.
    Convolutional,
    /// Four decoder layers of width 128 with four heads, a context of 128 and a vocabulary of 65.
    Transformer,
}

impl Model {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::LogisticRegression, Self::Perceptron, Self::Convolutional, Self::Transformer];

    /// As it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::LogisticRegression => "logreg",
            Self::Perceptron => "mlp",
            Self::Convolutional => "cnn",
            Self::Transformer => "transformer",
        }
    }

    /// Samples a step.
    pub fn batch(self) -> usize {
        if self == Self::Transformer { 16 } else { 128 }
    }

    /// How many times as fast as the best peer it ought to be.
    pub fn goal(self) -> f64 {
        match self {
            Self::LogisticRegression => 2.0,
            Self::Perceptron | Self::Transformer => 1.3,
            Self::Convolutional => 1.2,
        }
    }

    /// Floating-point operations of its products a step: forward, by the weights, and by the inputs but the first ones.
    pub fn flop(self) -> f64 {
        let (first, others) = match self {
            Self::LogisticRegression => (PIXELS * CLASSES, 0),
            Self::Perceptron => (PIXELS * 512, 512 * 512 + 512 * CLASSES),
            Self::Convolutional => (28 * 28 * 25 * 32, 14 * 14 * 25 * 32 * 64 + 7 * 7 * 64 * 512 + 512 * CLASSES),
            // The scores are counted whole, though the later half of them is masked.
            Self::Transformer => {
                (0, CONTEXT * (LAYERS * (12 * WIDTH * WIDTH + 2 * CONTEXT * WIDTH) + WIDTH * VOCABULARY))
            }
        };
        2.0 * (self.batch() * (2 * first + 3 * others)) as f64
    }

    /// With the batches that are measured.
    ///
    /// # Errors
    /// If the graph refuses a layer.
    pub fn build(self) -> Result<Network> {
        self.build_for(self.batch())
    }

    /// With batches of so many samples.
    ///
    /// # Errors
    /// If the graph refuses a layer.
    pub fn build_for(self, batch: usize) -> Result<Network> {
        let mut graph = Graph::new();
        let (input, labels, logits) = if self == Self::Transformer {
            let tokens = graph.placeholder("tokens", DType::I32, [batch, CONTEXT])?;
            let next = graph.placeholder("next", DType::I32, [batch * CONTEXT])?;
            (tokens, next, transformer(&mut graph, tokens.into())?)
        } else {
            let images = match self {
                Self::Convolutional => graph.placeholder("images", DType::F32, [batch, 28, 28, 1])?,
                _ => graph.placeholder("images", DType::F32, [batch, PIXELS])?,
            };
            let labels = graph.placeholder("labels", DType::I32, [batch])?;
            (images, labels, self.classifier().build(&mut graph, "classifier", images)?)
        };
        let loss = sparse_softmax_cross_entropy(&mut graph, logits, labels)?;
        let train_op = if self == Self::Transformer {
            create_train_op(&mut graph, loss, &AdamW::default())?
        } else {
            create_train_op(&mut graph, loss, &Momentum { learning_rate: 0.01.into(), momentum: 0.9, nesterov: false })?
        };
        let mut random = Random(88_172_645_463_325_252);
        let batches = (0..BATCHES).map(|_| self.feeds(batch, [input, labels], &mut random)).collect::<Result<_>>()?;
        Ok(Network { graph, train_op: train_op.output, batches })
    }

    fn classifier(self) -> Sequential {
        let relu = |units| Dense { activation: Activation::Relu, ..Dense::new(units) };
        let layers = match self {
            Self::LogisticRegression | Self::Transformer => Sequential::new(),
            Self::Perceptron => Sequential::new().with("hidden_1", relu(512)).with("hidden_2", relu(512)),
            Self::Convolutional => Sequential::new()
                .with("conv_1", convolution(32))
                .with("pool_1", MaxPool2D::new(2))
                .with("conv_2", convolution(64))
                .with("pool_2", MaxPool2D::new(2))
                .with("flatten", Flatten)
                .with("hidden", relu(512)),
        };
        layers.with("logits", Dense::new(CLASSES))
    }

    fn feeds(self, batch: usize, [input, labels]: [Input; 2], random: &mut Random) -> Result<Vec<(Input, Tensor)>> {
        let mut whole = |count: usize, end: usize| -> Vec<i32> { (0..count).map(|_| random.below(end)).collect() };
        if self == Self::Transformer {
            let tokens = Tensor::from_vec([batch, CONTEXT], whole(batch * CONTEXT, VOCABULARY))?;
            let next = Tensor::from_vec([batch * CONTEXT], whole(batch * CONTEXT, VOCABULARY))?;
            return Ok(vec![(input, tokens), (labels, next)]);
        }
        let classes = Tensor::from_vec([batch], whole(batch, CLASSES))?;
        let pixels: Vec<f32> = (0..batch * PIXELS).map(|_| random.unit()).collect();
        let images = match self {
            Self::Convolutional => Tensor::from_vec([batch, 28, 28, 1], pixels)?,
            _ => Tensor::from_vec([batch, PIXELS], pixels)?,
        };
        Ok(vec![(input, images), (labels, classes)])
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Model {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        let names = Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|model| model.name() == name);
        found.ok_or_else(|| format!("there is no model `{name}`; the models are {names}"))
    }
}

/// A model's graph, what trains it, and what it is trained on.
#[derive(Debug)]
pub struct Network {
    /// The model, its loss and its optimizer.
    pub graph: Graph,
    /// The loss, after the updates.
    pub train_op: Output,
    /// The feeds of steps, to be taken in turn.
    pub batches: Vec<Vec<(Input, Tensor)>>,
}

fn convolution(filters: usize) -> Conv2D {
    Conv2D { convolution: Convolution::same(), activation: Activation::Relu, ..Conv2D::new(filters, 5) }
}

fn transformer(graph: &mut Graph, tokens: Output) -> Result<Output> {
    let embedded = Embedding::new(VOCABULARY, WIDTH).build(graph, "tokens_embedding", tokens)?;
    let mut layer = PositionalEmbedding::new(CONTEXT).build(graph, "positions", embedded)?;
    for index in 1..=LAYERS {
        layer = TransformerBlock::new(HEADS).build(graph, &format!("block_{index}"), layer)?;
    }
    let norm = LayerNorm { epsilon: 1e-5, ..LayerNorm::default() }.build(graph, "norm", layer)?;
    let rows = graph.reshape(norm, [-1, WIDTH as isize])?;
    Dense::new(VOCABULARY).build(graph, "logits", rows)
}

/// Marsaglia's generator by shifts (2003): the batches need to be the same each time, not good.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }

    fn below(&mut self, end: usize) -> i32 {
        (self.unit() * end as f32) as i32
    }
}
