//! A model of one's own under `train`, with checkpoints and event files, without the graph and the engine.
//! `own_model DIR STEPS` trains to that step; run again with more steps, it goes on where it ended.
#![allow(clippy::print_stdout, reason = "a program prints")]

use everstep_hooks::{Feed, StopAtStep};
use everstep_session::{Outcome, Purpose, Request, Session, connect_fn};
use everstep_tensor::{Error, ErrorKind, Result, Snapshot, Tensor, Variables, VariablesMut};
use everstep_train::{Scaffold, TrainOptions, train};

/// `y = slope * x`, fitted to one point at a step by gradient descent on the squared error.
struct Line(Snapshot);

impl Session for Line {
    type Fetch = Fetch;
    type Input = ();

    fn run(&mut self, request: &Request<Fetch, ()>, outcome: &mut Outcome) -> Result<()> {
        let wrong = |message: &str| Error::new(ErrorKind::InvalidArgument, message);
        let [((), point)] = request.feeds.as_slice() else { return Err(wrong("feed one point")) };
        let [x, y] = *point.as_slice::<f32>()? else { return Err(wrong("a point is x and y")) };
        let slope: f32 = self.0.read("slope")?.item()?;
        if request.fetches.contains(&Fetch::TrainOp) {
            if request.purpose == Purpose::Read {
                return Err(wrong("the train op changes the model, which a reading run may not"));
            }
            self.0.assign("slope", Tensor::scalar(slope - 0.1 * (slope * x - y) * x))?;
            self.0.assign("global_step", Tensor::scalar(self.global_step() as i64 + 1))?;
        }
        outcome.values.clear();
        outcome.values.resize(request.fetches.len(), Tensor::scalar((slope * x - y).powi(2)));
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

#[rustfmt::skip] // One line says it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fetch { TrainOp, Loss }

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let logdir = arguments.next().map_or_else(|| std::env::temp_dir().join("own_model"), Into::into);
    let steps = arguments.next().map_or(Ok(100), |steps| steps.parse())?;
    let model = || Line([("slope", Tensor::scalar(0f32)), ("global_step", Tensor::scalar(0i64))].into_iter().collect());
    let points = Feed::new("points", |position| {
        let x = (position % 7) as f32 / 7.0;
        Ok(vec![((), Tensor::from_vec([2], vec![x, 3.0 * x])?)])
    });
    let scaffold = Scaffold { summaries: vec![("loss".into(), Fetch::Loss)], ..Default::default() };
    let options = TrainOptions { scaffold, hooks: vec![Box::new(points), Box::new(StopAtStep::last_step(steps))], ..Default::default() };
    let loss = train(connect_fn(move |_, _| Ok(model())), Fetch::TrainOp, Some(&logdir), options)?;
    println!("loss {loss:?}, see {}", logdir.display());
    Ok(())
}
