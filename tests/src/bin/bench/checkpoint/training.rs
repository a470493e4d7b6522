//! A training that rewrites a GiB in every step, and the gaps between its steps.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use everstep::{
    engine::GraphSession,
    graph::{Graph, Initializer, Input, Output},
    prelude::{Result, Session, SessionConfig, Tensor},
    session::{Outcome, Request, Scope},
    tensor::DType,
};

pub(super) const TENSORS: usize = 100;
/// So that all together are a GiB, and a few bytes.
const ELEMENTS: usize = (1_usize << 28).div_ceil(TENSORS);

/// The training and how long each of its steps took.
pub(super) struct Training {
    pub(super) session: GraphSession,
    request: Request<Output, Input>,
    outcome: Outcome,
    pub(super) steps: Vec<Duration>,
}

impl Training {
    pub(super) fn begin() -> Result<Self> {
        let (graph, train_op) = model()?;
        // One core is the writer's.
        let cores = thread::available_parallelism()?.get();
        let config = SessionConfig { intra_op_threads: cores.saturating_sub(1).max(1), ..Default::default() };
        let mut session = GraphSession::new(graph, &config)?;
        session.initialize(Scope::Global)?;
        Ok(Self { session, request: Request::train(vec![train_op]), outcome: Outcome::default(), steps: Vec::new() })
    }

    /// Makes some steps.
    pub(super) fn run(&mut self, steps: usize) -> Result<()> {
        for _ in 0..steps {
            let began = Instant::now();
            self.session.run(&self.request, &mut self.outcome)?;
            self.steps.push(began.elapsed());
        }
        Ok(())
    }

    /// Makes steps until `is_done`, and tells the longest time from the end of one, or from `began`, to the end of the next.
    pub(super) fn longest_gap(&mut self, began: Instant, mut is_done: impl FnMut() -> bool) -> Result<Duration> {
        let (mut last, mut longest) = (began, Duration::ZERO);
        loop {
            self.session.run(&self.request, &mut self.outcome)?;
            let gap = last.elapsed();
            last = Instant::now();
            self.steps.push(gap);
            longest = longest.max(gap);
            if is_done() {
                return Ok(longest);
            }
        }
    }
}

/// A model every variable of which is rewritten in every step, and what trains it.
fn model() -> Result<(Arc<Graph>, Output)> {
    let mut graph = Graph::new();
    let change = graph.constant("change", Tensor::from_vec([ELEMENTS], vec![1.0f32; ELEMENTS])?)?;
    let mut updates = Vec::new();
    for index in 0..TENSORS {
        let variable = graph.variable(&format!("v{index:02}"), DType::F32, [ELEMENTS], Initializer::ZEROS)?;
        updates.push(graph.assign_add(variable, change)?);
    }
    let step = graph.global_step()?;
    let one = graph.scalar("one", DType::I64, 1.0)?;
    updates.push(graph.assign_add(step, one)?);
    let train_op = graph.after("train_op", one, &updates)?;
    Ok((Arc::new(graph), train_op))
}
