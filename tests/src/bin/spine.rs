//! A stranger's training: a model, a saver, a sink of events and hooks of their own under `train`, without the graph
//! and without the engine. `spine DIR STEPS` trains to that step and prints the step it resumed at.
#![allow(clippy::print_stdout, reason = "a program prints")]

use std::{fs, io::Write as _, path::PathBuf, sync::Arc};

use everstep_event::{Event, EventSink, What};
use everstep_hook::{AfterRun, BeforeRun, Every, Hook, Start, StartedFrom};
use everstep_hooks::{CheckpointSaver, StopAtStep};
use everstep_session::{Outcome, Purpose, Request, Session, connect_fn};
use everstep_tensor::{
    Checkpoint, DType, Error, ErrorKind, Result, Save, Saving, Snapshot, Tensor, Variables, VariablesMut, Which,
};
use everstep_train::{Scaffold, TrainOptions, train};

/// Linear regression by hand: `y = w x + b`, squared error, gradient descent with momentum.
struct Line(Snapshot);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fetch {
    TrainOp,
    Loss,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point;

impl Line {
    fn new() -> Self {
        let zeros = ["b", "w", "w_velocity"].map(|name| (name, Tensor::scalar(0.0f64)));
        Self(zeros.into_iter().chain([("global_step", Tensor::scalar(0i64))]).collect())
    }
    fn get(&self, name: &str) -> Result<f64> {
        self.0.read(name)?.item()
    }
}

impl Session for Line {
    type Fetch = Fetch;
    type Input = Point;

    fn run(&mut self, request: &Request<Fetch, Point>, outcome: &mut Outcome) -> Result<()> {
        let wrong = |message: &str| Error::new(ErrorKind::InvalidArgument, message);
        let [(Point, point)] = request.feeds.as_slice() else { return Err(wrong("feed one point")) };
        let [x, y] = *point.as_slice::<f64>()? else { return Err(wrong("a point is x and y")) };
        let error = self.get("w")? * x + self.get("b")? - y;
        if request.fetches.contains(&Fetch::TrainOp) {
            if request.purpose != Purpose::Train {
                return Err(wrong("the train op changes the model, which a training run alone may"));
            }
            let velocity = 0.9 * self.get("w_velocity")? + error * x;
            let (w, b) = (self.get("w")? - 0.01 * velocity, self.get("b")? - 0.01 * error);
            for (name, value) in [("w_velocity", velocity), ("w", w), ("b", b)] {
                self.0.assign(name, Tensor::scalar(value))?;
            }
            self.0.assign("global_step", Tensor::scalar(self.global_step() as i64 + 1))?;
        }
        outcome.values.clear();
        outcome.values.resize(request.fetches.len(), Tensor::scalar(error * error));
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

/// Feeds points of a line; what is saved of it is its position.
struct Points(Snapshot);

impl Hook<Line> for Points {
    fn name(&self) -> &str {
        "points"
    }
    fn state(&mut self) -> Option<&mut dyn VariablesMut> {
        Some(&mut self.0)
    }
    fn after_create_session(&mut self, _session: &mut Line, start: &mut Start<'_>) -> Result<()> {
        if let StartedFrom::Restored(step) = start.from {
            println!("resumed at step {step}");
        }
        Ok(())
    }
    fn before_run(&mut self, run: &mut BeforeRun<'_, Line>) -> Result<()> {
        let position: i64 = self.0.read("position")?.item()?;
        let x = (position * 7 % 11) as f64 / 5.0 - 1.0;
        run.feed(Point, Tensor::from_vec([2], vec![x, 3.0 * x + 0.5])?)
    }
    fn after_run(&mut self, _run: &mut AfterRun<'_, Line>) -> Result<()> {
        let position: i64 = self.0.read("position")?.item()?;
        self.0.assign("position", Tensor::scalar(position + 1))
    }
}

/// Keeps the newest set in a text file, one variable a line: name, dtype and bytes.
struct TextFile(PathBuf);

impl Save for TextFile {
    fn save(&self, saving: &Saving<'_>) -> Result<()> {
        let temporary = self.0.with_extension("tmp");
        let mut file = fs::File::create(&temporary)?;
        for (name, value) in Snapshot::of(saving.variables)?.iter() {
            let bytes: String = value.bytes().iter().map(|byte| format!(" {byte}")).collect();
            writeln!(file, "{name} {}{bytes}", value.dtype())?;
        }
        file.sync_all()?;
        Ok(fs::rename(temporary, &self.0)?)
    }
    fn open(&self, _which: Which) -> Result<Option<Checkpoint>> {
        let Ok(text) = fs::read_to_string(&self.0) else { return Ok(None) };
        let variable = |line: &str| {
            let mut words = line.split(' ');
            let (name, dtype) = (words.next()?, DType::from_name(words.next()?)?);
            let bytes: Option<Vec<u8>> = words.map(|byte| byte.parse().ok()).collect();
            Some((name.to_owned(), Tensor::from_bytes(dtype, [], &bytes?).ok()?))
        };
        let location = self.0.display().to_string();
        let damaged = || Error::new(ErrorKind::DataLoss, format!("{location} is damaged; remove it to start anew"));
        let variables: Snapshot = text.lines().map(variable).collect::<Option<_>>().ok_or_else(damaged)?;
        let step = variables.read("global_step")?.item::<i64>()? as u64;
        Ok(Some(Checkpoint { step, location, variables: Box::new(variables) }))
    }
}

/// Appends scalars to a file.
struct Curve(fs::File);

impl EventSink for Curve {
    fn emit(&self, event: Event) -> std::io::Result<()> {
        if let What::Scalar { tag, value } = event.what {
            writeln!(&self.0, "{} {tag} {value}", event.step)?;
        }
        Ok(())
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().ok_or("spine DIR STEPS")?);
    let steps = arguments.next().ok_or("spine DIR STEPS")?;
    fs::create_dir_all(&directory)?;
    let curve = fs::OpenOptions::new().create(true).append(true).open(directory.join("curve.txt"))?;
    let points = Points(Snapshot::from_iter([("position", Tensor::scalar(0i64))]));
    let hooks: Vec<Box<dyn Hook<Line>>> = vec![
        Box::new(points),
        Box::new(CheckpointSaver::new(Every::steps(3))),
        Box::new(StopAtStep::last_step(steps.parse()?)),
    ];
    let scaffold = Scaffold {
        summaries: vec![("loss", Fetch::Loss).into()],
        saver: Some(Arc::new(TextFile(directory.join("model.txt")))),
        events: Some(Arc::new(Curve(curve))),
        ..Scaffold::default()
    };
    let options = TrainOptions { scaffold, hooks, ..TrainOptions::default() };
    let loss = train(connect_fn(|_, _| Ok(Line::new())), Fetch::TrainOp, None, options)?;
    println!("loss {loss:?}");
    Ok(())
}
