//! A model of one's own under `train`, with checkpoints and event files, without the graph and the engine.
//! `own_model [DIR]` makes 100 steps; run again, it goes on where it ended.
#![allow(clippy::print_stdout, reason = "a program prints")]

use everstep_hooks::{Feed, StopAtStep};
use everstep_session::{Outcome, Purpose, Request, Session, connect_fn};
use everstep_tensor::{Error, ErrorKind, Result, Snapshot, Tensor, Variables, VariablesMut};
use everstep_train::{Scaffold, TrainOptions, train};

/// `y = slope * x`, fitted to one point of `y = 3 x` a step, by gradient descent on the squared error.
struct Line(Snapshot);

impl Session for Line {
    type Fetch = Fetch;
    type Input = ();

    fn run(&mut self, request: &Request<Fetch, ()>, outcome: &mut Outcome) -> Result<()> {
        let wrong = |message: &str| Error::new(ErrorKind::InvalidArgument, message);
        let [((), x)] = request.feeds.as_slice() else { return Err(wrong("feed x, once")) };
        let (x, slope) = (x.item::<f32>()?, self.0.read("slope")?.item::<f32>()?);
        let error = slope * x - 3.0 * x;
        if request.fetches.contains(&Fetch::TrainOp) {
            if request.purpose != Purpose::Train {
                return Err(wrong("the train op changes the model, which a training run alone may"));
            }
            self.0.assign("slope", Tensor::scalar(slope - 0.1 * error * x))?;
            self.0.assign("global_step", Tensor::scalar(self.global_step() as i64 + 1))?;
        }
        outcome.values = vec![Tensor::scalar(error * error); request.fetches.len()];
        Ok(())
    }
    fn global_step(&self) -> u64 {
        self.0.read("global_step").and_then(|step| step.item::<i64>()).map_or(0, |step| step as u64)
    }
    fn variables(&self) -> &dyn Variables {
        &self.0
    }
    fn variables_mut(&mut self) -> &mut dyn VariablesMut {
        &mut self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fetch {
    TrainOp,
    Loss,
}

fn main() -> Result<()> {
    let logdir = std::env::args().nth(1).map_or_else(|| std::env::temp_dir().join("own_model"), Into::into);
    let model = || Snapshot::from_iter([("slope", Tensor::scalar(0f32)), ("global_step", Tensor::scalar(0i64))]);
    let feed = Feed::new("x", |position| Ok(vec![((), Tensor::scalar((position % 7 + 1) as f32 / 8.0))]));
    let scaffold = Scaffold { summaries: vec![("loss", Fetch::Loss).into()], ..Default::default() };
    let stop = StopAtStep::num_steps(100);
    let options = TrainOptions { scaffold, hooks: vec![Box::new(feed), Box::new(stop)], ..Default::default() };
    let loss = train(connect_fn(|_, _| Ok(Line(model()))), Fetch::TrainOp, Some(&logdir), options)?;
    println!("loss {loss:?}, kept in {}", logdir.display());
    Ok(())
}
