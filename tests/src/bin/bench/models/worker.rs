//! Our side of the comparison: a process that trains a model as many steps as it is told.

use std::{io::BufRead, time::Instant};

use everstep::{
    graph::{Input, Output},
    prelude::{GraphSession, Session, SessionConfig},
    session::{Outcome as Ran, Request, Scope},
};
use everstep_tests::models::Model;

use super::Outcome;

/// As often as the peers do.
const STEPS_BETWEEN_LOSSES: usize = 100;

/// Takes the first step, says `ready`, and then answers each number of steps with the seconds that they took.
pub(crate) fn work(model: &str, threads: &str) -> Outcome {
    let mut training = Training::new(model.parse()?, threads.parse()?)?;
    training.run(1)?;
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let steps = line?.parse()?;
        let began = Instant::now();
        training.run(steps)?;
        println!("{}", began.elapsed().as_secs_f64());
    }
    Ok(())
}

/// A model in a session, with the batches that it is trained on in turn.
struct Training {
    session: GraphSession,
    requests: Vec<Request<Output, Input>>,
    ran: Ran,
    step: usize,
}

impl Training {
    fn new(model: Model, threads: usize) -> Outcome<Self> {
        let network = model.build()?;
        let config = SessionConfig { intra_op_threads: threads, ..SessionConfig::default() };
        let mut session = GraphSession::new(network.graph, &config)?;
        session.initialize(Scope::Global)?;
        let request = |feeds| Request { feeds, ..Request::train(vec![network.train_op]) };
        let requests = network.batches.into_iter().map(request).collect();
        Ok(Self { session, requests, ran: Ran::default(), step: 0 })
    }

    fn run(&mut self, steps: usize) -> Outcome {
        for left in (0..steps).rev() {
            let request = &self.requests[self.step % self.requests.len()];
            self.session.run(request, &mut self.ran)?;
            self.step += 1;
            if left == 0 || self.step.is_multiple_of(STEPS_BETWEEN_LOSSES) {
                let loss: f32 = self.ran.values[0].item()?;
                if !loss.is_finite() {
                    return Err(format!("the loss is {loss} after {} steps", self.step).into());
                }
            }
        }
        Ok(())
    }
}
