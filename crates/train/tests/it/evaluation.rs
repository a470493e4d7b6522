//! Evaluating checkpoints.

use std::{sync::Arc, time::Duration};

use everstep_event::{Memory, What};
use everstep_hook::{BeforeRun, Hook};
use everstep_hooks::{StopAfterEvals, SummaryAtEnd, SummarySaver};
use everstep_session::{Clock as _, Deadline, Request, Session, Stop, connect_fn};
use everstep_tensor::{Error, ErrorKind, Result, Save, Saving, Snapshot, Tensor, Which};
use everstep_testkit::{Call, Calls, Fault, Fetch, Input, MemorySave, Scripted, Server, VirtualClock};
use everstep_train::{
    CheckpointsOptions, EvaluateOptions, checkpoints, evaluate_once, evaluate_repeatedly, wait_for_new_checkpoint,
};

type Evaluation<'a> = EvaluateOptions<'a, Scripted>;

fn saver(steps: &[u64]) -> Arc<MemorySave> {
    let saver = Arc::new(MemorySave::new());
    steps.iter().for_each(|step| save(&saver, *step));
    saver
}

/// A model whose weight is its step.
fn save(saver: &MemorySave, step: u64) {
    let position = ("hook/feed/position", Tensor::scalar(9i64));
    let model = [("global_step", Tensor::scalar(step as i64)), ("w", Tensor::scalar(step as f32)), position];
    let variables = Snapshot::from_iter(model);
    saver.save(&Saving { step, variables: &variables, metrics: &[], pinned: false }).unwrap();
}

fn evaluate(saver: &MemorySave, options: Evaluation<'_>) -> Result<Option<Vec<f64>>> {
    on(&Server::new(), saver, options)
}

fn on(server: &Server, saver: &MemorySave, options: Evaluation<'_>) -> Result<Option<Vec<f64>>> {
    let checkpoint = saver.open(Which::Newest)?.unwrap();
    let connect = connect_fn(|_, _| Ok(server.session()));
    let values = evaluate_once(connect, &checkpoint, options)?;
    values.map(|values| values.iter().map(Tensor::to_f64).collect()).transpose()
}

fn five_runs<'a>() -> Evaluation<'a> {
    Evaluation { eval_ops: vec![Fetch::Weight], hooks: vec![Box::new(StopAfterEvals::new(5))], ..Default::default() }
}

#[test]
fn case_376_eval_ops_run_to_their_limit_and_then_the_final_ops() {
    let server = Server::new();
    let final_ops = Some(Request::read(vec![Fetch::Weight, Fetch::Fed]).feed(Input::X, Tensor::scalar(14.0f32)));
    let values = on(&server, &saver(&[2, 7]), Evaluation { final_ops, ..five_runs() });
    assert_eq!((values.unwrap(), server.runs()), (Some(vec![7.0, 14.0]), 6));
    assert_eq!(evaluate(&saver(&[7]), five_runs()).unwrap(), None, "no final ops, no values");
}

#[test]
fn case_377_final_ops_alone_need_no_run() {
    let server = Server::new();
    let final_ops = Some(Request::read(vec![Fetch::Fed]).feed(Input::X, Tensor::scalar(9.0f32)));
    let values = on(&server, &saver(&[1]), Evaluation { final_ops, ..Default::default() });
    assert_eq!((values.unwrap(), server.runs()), (Some(vec![9.0]), 1));
}

#[test]
fn case_385_the_callers_hooks_are_lent() {
    let mut limit = StopAfterEvals::new(3);
    let options = Evaluation { eval_ops: vec![Fetch::Weight], hooks: vec![Box::new(&mut limit)], ..Default::default() };
    evaluate(&saver(&[1]), options).unwrap();
    assert_eq!(limit.done(), 3);
}

#[test]
fn used_up_input_ends_an_evaluation_well() {
    struct Three(u32);
    impl<S: Session> Hook<S> for Three {
        fn before_run(&mut self, _run: &mut BeforeRun<'_, S>) -> Result<()> {
            self.0 += 1;
            if self.0 > 3 { Err(Error::new(ErrorKind::EndOfInput, "three batches")) } else { Ok(()) }
        }
    }
    let calls = Calls::new();
    let hooks: Vec<Box<dyn Hook<Scripted>>> =
        vec![Box::new(Three(0)), Box::new(StopAfterEvals::endless()), Box::new(calls.recorder("a"))];
    let server = Server::new();
    on(&server, &saver(&[1]), Evaluation { eval_ops: vec![Fetch::Weight], hooks, ..Default::default() }).unwrap();
    assert_eq!((server.runs(), calls.of("a").last()), (3, Some(&Call::End { step: 1 })));
}

#[test]
fn a_lost_session_starts_the_evaluation_anew() {
    let server = Server::new().fail_run(3, Fault::Before(ErrorKind::Unavailable));
    on(&server, &saver(&[4]), five_runs()).unwrap();
    assert_eq!(server.runs(), 3 + 5, "the count of evaluations is the session's");
}

#[test]
fn case_382_383_summaries_at_the_end_reach_the_sink() {
    let check = |summaries: Vec<(&str, Fetch)>, expected: usize| {
        let events = Arc::new(Memory::new());
        let at_end = SummaryAtEnd::new(summaries, events.clone()).feed(Input::X, Tensor::scalar(0.25f32));
        let graph = SummarySaver::new(everstep_hook::Every::NEVER, Vec::<(String, Fetch)>::new(), events.clone());
        let mut options = five_runs();
        options.hooks.push(Box::new(graph.graph(Arc::new([1]))));
        options.hooks.push(Box::new(at_end));
        evaluate(&saver(&[6]), options).unwrap();
        let scalars = events.events().into_iter().filter(|event| matches!(event.what, What::Scalar { .. })).count();
        assert_eq!(scalars, expected);
        assert!(events.events().iter().any(|event| matches!(event.what, What::Graph(_))));
        events
    };
    let events = check(vec![("weight", Fetch::Weight), ("fed", Fetch::Fed)], 2);
    assert_eq!((events.scalars("weight"), events.scalars("fed")), (vec![(6, 6.0)], vec![(6, 0.25)]));
    check(Vec::new(), 0);
}

#[test]
fn a_checkpoint_of_another_model_is_not_evaluated() {
    let saver = Arc::new(MemorySave::new());
    let other = Snapshot::from_iter([("global_step", Tensor::scalar(3i64))]);
    saver.save(&Saving { step: 3, variables: &other, metrics: &[], pinned: false }).unwrap();
    let error = evaluate(&saver, five_runs()).unwrap_err();
    assert!(error.to_string().contains("missing in the source: w"), "{error}");
}

fn waiting<'a>(clock: &VirtualClock, timeout: Option<u64>) -> CheckpointsOptions<'a> {
    let timeout = timeout.map(Duration::from_millis);
    CheckpointsOptions { timeout, clock: Arc::new(clock.clone()), ..Default::default() }
}

#[test]
fn case_371_no_checkpoint_and_no_time_is_nothing() {
    let clock = VirtualClock::new();
    assert_eq!(checkpoints(saver(&[]), waiting(&clock, Some(0))).count(), 0);
    assert_eq!(clock.now(), Duration::ZERO);
}

#[test]
fn case_373_a_timeout_function_decides() {
    let clock = VirtualClock::new();
    let mut calls = 0;
    let is_end = || {
        calls += 1;
        calls == 4
    };
    let options = CheckpointsOptions { timeout_fn: Some(Box::new(is_end)), ..waiting(&clock, Some(100)) };
    assert_eq!(checkpoints(saver(&[]), options).count(), 0);
    assert_eq!(calls, 4);
}

#[test]
fn case_374_a_wait_is_as_long_as_its_timeout() {
    let clock = VirtualClock::new();
    let limit = Some(Duration::from_secs(1));
    let until = Deadline::new("waiting", limit, Arc::new(clock.clone()), Stop::default());
    let found = wait_for_new_checkpoint(&*saver(&[]), None, Duration::from_millis(500), &until).unwrap();
    assert!(found.is_none());
    assert!((500..=1100).contains(&clock.now().as_millis()), "{:?}", clock.now());
    let until = Deadline::new("waiting", limit, Arc::new(clock), Stop::default());
    let newest = wait_for_new_checkpoint(&*saver(&[3, 5]), Some(3), Duration::from_secs(9), &until).unwrap();
    assert_eq!(newest.map(|checkpoint| checkpoint.step), Some(5));
}

#[test]
fn checkpoints_come_newest_first_and_once_each_with_an_interval_between() {
    let (clock, kept) = (VirtualClock::new(), saver(&[1, 2]));
    let min_interval = Duration::from_secs(10);
    let mut all = checkpoints(kept.clone(), CheckpointsOptions { min_interval, ..waiting(&clock, Some(500)) });
    assert_eq!(all.next().unwrap().unwrap().step, 2);
    [5, 9].into_iter().for_each(|step| save(&kept, step));
    assert_eq!(all.next().unwrap().unwrap().step, 9);
    assert_eq!(clock.now(), min_interval);
    assert!(all.next().is_none());
}

#[test]
fn a_stop_ends_the_wait_for_checkpoints() {
    let clock = VirtualClock::new();
    let stop = Stop::default();
    stop.request("enough");
    assert_eq!(checkpoints(saver(&[]), CheckpointsOptions { stop, ..waiting(&clock, None) }).count(), 0);
}

fn repeatedly(saver: &Arc<MemorySave>, waiting: CheckpointsOptions<'_>, limit: Option<u64>) -> (Option<f64>, u64) {
    let server = Server::new();
    let options = |_step| Evaluation { final_ops: Some(Request::read(vec![Fetch::Weight])), ..five_runs() };
    let connect = connect_fn(|_, _| Ok(server.session()));
    let values = evaluate_repeatedly(connect, saver.clone(), waiting, limit, options).unwrap();
    (values.map(|values| values[0].to_f64().unwrap()), server.runs())
}

#[test]
fn case_379_no_checkpoint_in_time_is_no_evaluation() {
    let clock = VirtualClock::new();
    assert_eq!(repeatedly(&saver(&[]), waiting(&clock, Some(6000)), None), (None, 0));
    assert!((5..=7).contains(&clock.now().as_secs()));
}

#[test]
fn case_380_one_checkpoint_is_evaluated_once() {
    let clock = VirtualClock::new();
    let mut calls = 0;
    let is_end = || {
        calls += 1;
        calls == 4
    };
    let options = CheckpointsOptions { timeout_fn: Some(Box::new(is_end)), ..waiting(&clock, Some(1000)) };
    assert_eq!(repeatedly(&saver(&[3]), options, Some(2)), (Some(3.0), 6));
    assert_eq!(calls, 4);
    assert_eq!(repeatedly(&saver(&[3]), waiting(&clock, None), Some(1)), (Some(3.0), 6), "the limit ends it");
    assert_eq!(repeatedly(&saver(&[3]), waiting(&clock, None), Some(0)), (None, 0));
}

#[test]
fn case_386_runs_of_several_evaluations() {
    let server = Server::new();
    let limit = StopAfterEvals::new(6).evals_per_run(2);
    let options = Evaluation { eval_ops: vec![Fetch::Weight], hooks: vec![Box::new(limit)], ..Default::default() };
    on(&server, &saver(&[1]), options).unwrap();
    assert_eq!(server.runs(), 3);
}
