//! `cargo xtask train text`: a transformer learns to write as a text is written.

mod arguments;
mod corpus;
mod model;
mod random;
mod writer;

use std::{ffi::OsString, process::ExitCode, rc::Rc, sync::Arc};

use everstep::{
    hook::Trigger,
    hooks::{Evaluation, Progress, Signals},
    prelude::*,
    session::{Request, Stop},
    train::{EvaluateOptions, evaluate_once},
};

use self::{
    arguments::{Arguments, USAGE},
    corpus::Corpus,
    model::Model,
    writer::Writer,
};
use crate::{exit_code, newest, report::Report, shows_bar, watch::Watch};

/// Trains, tests and reports, as the words after `text` say.
pub(crate) fn run(
    words: impl IntoIterator<Item = OsString>,
    signals: &mut Signals,
    stop: Stop,
) -> std::result::Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments = Arguments::parse(words)?;
    if arguments.help {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    let report = train_and_test(&arguments, signals, stop)?;
    println!("{report}");
    if arguments.json {
        println!("{}", report.json());
    }
    Ok(exit_code(signals))
}

fn train_and_test(arguments: &Arguments, signals: &mut Signals, stop: Stop) -> Result<Report> {
    let corpus = Rc::new(Corpus::open(arguments.file.as_deref(), arguments.context)?);
    let model = Model::new(arguments, corpus.alphabet().len())?;
    let Model { seen, next, logits, loss, train_op, gradient_norm, .. } = model;
    let config = arguments.config();
    let events = Arc::new(EventWriter::create(&arguments.logdir)?);
    let saver = Arc::new(Saver::new(&arguments.logdir, Default::default()));
    let test: Vec<_> = [seen, next].into_iter().zip(corpus.held_out()?).collect();
    let scaffold = Scaffold {
        summaries: model.graph.summaries().to_vec(),
        samples_per_step: Some(arguments.batch as u64),
        graph: Some(model.graph.to_graph_def().into()),
        saver: Some(saver.clone()),
        events: Some(events.clone()),
        ..Default::default()
    };
    let graph = Arc::new(model.graph);

    let mut watch = Watch::new();
    let (seed, pieces, learned) = (arguments.seed, arguments.batch, corpus.clone());
    let feed = Feed::new("feed", move |position| {
        Ok([seen, next].into_iter().zip(learned.batch(seed, position, pieces)?).collect())
    });
    let tests = Every::steps(arguments.test_steps);
    let tested = Evaluation::new(tests, events.clone(), [("loss/held_out", loss)], test.clone());
    let writer = Writer {
        corpus,
        seen,
        logits,
        context: arguments.context,
        temperature: arguments.temperature,
        seed,
        trigger: Trigger::new(Every::steps(arguments.test_steps)),
    };
    let mut hooks: Vec<Box<dyn Hook<GraphSession> + '_>> = vec![
        Box::new(&mut watch),
        Box::new(signals),
        Box::new(feed),
        Box::new(NanGuard::new([("loss", loss), ("gradient norm", gradient_norm)])),
        Box::new(tested),
        Box::new(writer),
        Box::new(StopAtStep::last_step(arguments.steps)),
    ];
    if shows_bar() {
        hooks.push(Box::new(Progress::new(Some(arguments.steps)).loss(loss)));
    } else {
        let every = Every::steps(arguments.steps.div_ceil(20).max(1));
        hooks.push(Box::new(LogValues::new(every, [("loss", loss)]).at_end()));
    }
    let options = TrainOptions {
        scaffold,
        hooks,
        config: config.clone(),
        save_checkpoint_steps: Some(arguments.save_steps),
        stop,
        ..Default::default()
    };
    let last_loss = train(connect(graph.clone()), train_op, Some(&arguments.logdir), options)?;

    let checkpoint = newest(&saver, &arguments.logdir)?;
    let final_ops = Some(Request { feeds: test, ..Request::read(vec![loss]) });
    let tested =
        evaluate_once(connect(graph), &checkpoint, EvaluateOptions { config, final_ops, ..Default::default() })?;
    Ok(Report {
        resumed_at: watch.resumed_at,
        restarts: watch.restarts,
        global_step: checkpoint.step,
        steps_run: watch.steps,
        time: watch.time(),
        loss: last_loss.map(|loss| loss.to_f64()).transpose()?,
        test_accuracy: None,
        held_out_nats: tested.iter().flatten().next().map(|loss| loss.to_f64()).transpose()?,
        checkpoint: checkpoint.location,
        events: events.path().to_owned(),
        logdir: arguments.logdir.clone(),
    })
}
