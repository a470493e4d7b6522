//! What hooks add to the caller's run: fetches, feeds and options.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use everstep_hook::{AfterRun, BeforeRun, Hook, StartedFrom};
use everstep_monitored::{Attempt, Create, Created, Monitored, Options, Ran};
use everstep_session::{Outcome, Request, RunMetadata, RunOptions, Session};
use everstep_tensor::{ErrorKind, Result, Snapshot, Tensor, Variables, VariablesMut};

/// Adds up three inputs; tells what it was asked.
struct Adder {
    requests: Requests,
    variables: Snapshot,
}

type Requests = Arc<Mutex<Vec<Request<Fetch, usize>>>>;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fetch {
    /// What was fed to that input, by default 0 to the first, 5 to the second and 10 to the third.
    Input(usize),
    /// The sum of the inputs.
    Sum,
}

impl Session for Adder {
    type Fetch = Fetch;
    type Input = usize;

    fn run(&mut self, request: &Request<Fetch, usize>, outcome: &mut Outcome) -> Result<()> {
        let mut inputs = [0.0, 5.0, 10.0];
        for (input, value) in &request.feeds {
            inputs[*input] = value.item()?;
        }
        outcome.values.clear();
        outcome.values.extend(request.fetches.iter().map(|fetch| match fetch {
            Fetch::Input(input) => Tensor::scalar(inputs[*input]),
            Fetch::Sum => Tensor::scalar(inputs.iter().sum::<f64>()),
        }));
        outcome.metadata = request.options.trace.then(RunMetadata::default);
        self.requests.lock().unwrap().push(request.clone());
        Ok(())
    }
    fn global_step(&self) -> u64 {
        0
    }
    fn variables(&self) -> &dyn Variables {
        &self.variables
    }
    fn variables_mut(&mut self) -> &mut dyn VariablesMut {
        &mut self.variables
    }
}

struct Adders(Requests);

impl Create for Adders {
    type Session = Adder;

    fn create(&mut self, _attempt: &Attempt<'_>) -> Result<Created<Adder>> {
        let variables = Snapshot::from_iter([("global_step", Tensor::scalar(0i64))]);
        Ok(Created::new(Adder { requests: self.0.clone(), variables }, StartedFrom::Fresh))
    }
}

/// Adds what it is told to every run, and remembers what it was given.
#[derive(Default)]
struct Adds {
    fetch: Option<Fetch>,
    feed: Option<(usize, f64)>,
    trace: bool,
    timeout: Option<u64>,
    values: Vec<f64>,
    was_traced: bool,
}

impl Hook<Adder> for Adds {
    fn before_run(&mut self, run: &mut BeforeRun<'_, Adder>) -> Result<()> {
        self.fetch.into_iter().for_each(|fetch| run.fetch(fetch));
        if self.trace {
            run.trace();
        }
        self.timeout.into_iter().for_each(|secs| run.timeout(Duration::from_secs(secs)));
        self.feed.map_or(Ok(()), |(input, value)| run.feed(input, Tensor::scalar(value)))
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, Adder>) -> Result<()> {
        self.values = run.values().iter().map(Tensor::to_f64).collect::<Result<_>>()?;
        self.was_traced = run.metadata().is_some();
        Ok(())
    }
}

/// One run with two hooks: the caller's values, and the request as the session got it.
fn run(
    hooks: &mut [Adds],
    options: RunOptions,
    fetches: &[Fetch],
    feeds: &[(usize, Tensor)],
) -> Result<(Vec<f64>, Request<Fetch, usize>)> {
    let requests = Requests::default();
    let hooks = hooks.iter_mut().map(|hook| Box::new(hook) as Box<dyn Hook<Adder> + '_>).collect();
    let options = Options { run_options: options, ..Options::default() };
    let mut monitored = Monitored::begin(Adders(requests.clone()), hooks, options)?;
    let Ran::Values(values) = monitored.run(fetches, feeds)? else { panic!("nothing stops the run") };
    let values = values.iter().map(Tensor::to_f64).collect::<Result<_>>()?;
    let asked = requests.lock().unwrap().pop().unwrap();
    Ok((values, asked))
}

fn secs(secs: u64) -> Option<Duration> {
    Some(Duration::from_secs(secs))
}

#[test]
fn case_65_without_hooks_feeds_and_options_reach_the_session_unchanged() {
    let options = RunOptions { trace: true, timeout: secs(3) };
    let feeds = [(2, Tensor::scalar(7.0))];
    let (values, asked) = run(&mut [], options, &[Fetch::Sum, Fetch::Input(2)], &feeds).unwrap();
    assert_eq!(values, [12.0, 7.0]);
    assert_eq!((asked.fetches, asked.options), (vec![Fetch::Sum, Fetch::Input(2)], options));
    let [(2, fed)] = asked.feeds.as_slice() else { panic!("{:?}", asked.feeds) };
    assert!(fed.bit_eq(&feeds[0].1));
}

#[test]
fn case_68_hooks_fetch_in_the_callers_run() {
    let mut hooks = [1, 2].map(|input| Adds { fetch: Some(Fetch::Input(input)), ..Adds::default() });
    let (values, asked) = run(&mut hooks, RunOptions::default(), &[Fetch::Input(0)], &[]).unwrap();
    assert_eq!(values, [0.0]);
    assert_eq!(hooks.map(|hook| hook.values), [[5.0], [10.0]]);
    assert_eq!(asked.fetches.len(), 3, "one run served all");
}

#[test]
fn case_71_two_hooks_that_feed_one_input_are_refused() {
    let mut hooks = [5.0, 6.0].map(|value| Adds { feed: Some((0, value)), ..Adds::default() });
    let error = run(&mut hooks, RunOptions::default(), &[Fetch::Sum], &[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("let one of them feed it"), "{error}");
}

/// What hooks ask for beside the caller's own options, as (trace, timeout in seconds).
#[track_caller]
fn check_merged(caller: (bool, Option<u64>), asked: [(bool, Option<u64>); 2], expected: (bool, Option<u64>)) {
    let options = |(trace, timeout): (bool, Option<u64>)| RunOptions { trace, timeout: timeout.and_then(secs) };
    let mut hooks = asked.map(|(trace, timeout)| Adds { trace, timeout, ..Adds::default() });
    let (_, request) = run(&mut hooks, options(caller), &[Fetch::Sum], &[]).unwrap();
    assert_eq!(request.options, options(expected));
    assert_eq!(hooks.map(|hook| hook.was_traced), [expected.0; 2], "every hook sees the trace");
}

#[test]
fn hooks_may_add_a_trace_and_shorten_the_timeout_but_take_nothing_away() {
    check_merged((false, None), [(false, None), (false, None)], (false, None));
    check_merged((false, None), [(false, Some(30)), (true, Some(60))], (true, Some(30)));
    check_merged((true, Some(30)), [(false, Some(60)), (false, None)], (true, Some(30)));
    check_merged((false, Some(60)), [(true, None), (false, Some(30))], (true, Some(30)));
}

/// Asks for a trace and a timeout in its first run alone.
#[derive(Default)]
struct Once {
    runs: u64,
    traced: Vec<bool>,
}

impl Hook<Adder> for Once {
    fn before_run(&mut self, run: &mut BeforeRun<'_, Adder>) -> Result<()> {
        self.runs += 1;
        if self.runs == 1 {
            run.trace();
            run.timeout(Duration::from_secs(1));
        }
        Ok(())
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, Adder>) -> Result<()> {
        self.traced.push(run.metadata().is_some());
        Ok(())
    }
}

#[test]
fn what_is_asked_of_one_run_is_not_asked_of_the_next() {
    let (requests, mut once) = (Requests::default(), Once::default());
    let mut monitored =
        Monitored::begin(Adders(requests.clone()), vec![Box::new(&mut once)], Options::default()).unwrap();
    monitored.run(&[Fetch::Sum], &[]).unwrap();
    assert!(monitored.metadata().is_some());
    monitored.run(&[Fetch::Sum], &[]).unwrap();
    assert!(monitored.metadata().is_none());
    monitored.finish().unwrap();
    assert_eq!(once.traced, [true, false]);
    let options: Vec<RunOptions> = requests.lock().unwrap().iter().map(|request| request.options).collect();
    assert_eq!(options, [RunOptions { trace: true, timeout: secs(1) }, RunOptions::default()]);
}
