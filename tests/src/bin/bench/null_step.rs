//! What the engine costs a step that does nothing but count.

use std::{hint::black_box, time::Instant};

use everstep::{
    graph::{Graph, Output},
    prelude::{DType, GraphSession, Result, Session, SessionConfig},
    session::{Outcome, Request, Scope},
};

const STEPS: u32 = 300_000;
/// Odd, so that the median is one of them.
const ROUNDS: usize = 9;

/// Steps a second of `global_step += 1` through `GraphSession::run`, the value from before fetched: the median of the
/// rounds.
pub(crate) fn steps_per_s() -> Result<f64> {
    let (graph, stepped) = counting()?;
    let mut session = GraphSession::new(graph, &SessionConfig { intra_op_threads: 1, ..SessionConfig::default() })?;
    session.initialize(Scope::Global)?;
    let (request, mut outcome) = (Request::train(vec![stepped]), Outcome::default());
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..STEPS {
            session.run(black_box(&request), &mut outcome)?;
        }
        rounds.push(f64::from(STEPS) / began.elapsed().as_secs_f64());
    }
    assert_eq!(session.global_step(), u64::from(STEPS) * ROUNDS as u64);
    rounds.sort_by(f64::total_cmp);
    Ok(rounds[ROUNDS / 2])
}

fn counting() -> Result<(Graph, Output)> {
    let mut graph = Graph::new();
    let step = graph.global_step()?;
    let one = graph.scalar("one", DType::I64, 1.0)?;
    let counted = graph.assign_add(step, one)?;
    let stepped = graph.after("stepped", step, &[counted])?;
    Ok((graph, stepped))
}
