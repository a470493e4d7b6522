//! The account of where the time of a training goes.

use std::{sync::Arc, time::Duration};

use everstep_hook::{AfterRun, BeforeRun, Hook, Part, StartedFrom, Times};
use everstep_monitored::{Attempt, Create, Created, Monitored, Options};
use everstep_session::{Clock, Outcome, Request, Session};
use everstep_tensor::{Checkpoint, Result, Save, Saving, Snapshot, Tensor, Variables, VariablesMut, Which};
use everstep_testkit::VirtualClock;

/// A session whose every run takes a second and makes a step.
struct Slow {
    clock: VirtualClock,
    variables: Snapshot,
    step: u64,
}

impl Session for Slow {
    type Fetch = ();
    type Input = ();

    fn run(&mut self, _request: &Request<(), ()>, _outcome: &mut Outcome) -> Result<()> {
        self.clock.sleep(Duration::from_secs(1));
        self.step += 1;
        Ok(())
    }
    fn global_step(&self) -> u64 {
        self.step
    }
    fn variables(&self) -> &dyn Variables {
        &self.variables
    }
    fn variables_mut(&mut self) -> &mut dyn VariablesMut {
        &mut self.variables
    }
}

/// A saver that takes ten minutes and keeps nothing.
struct SlowSave(VirtualClock);

impl Save for SlowSave {
    fn save(&self, _saving: &Saving<'_>) -> Result<()> {
        self.0.sleep(Duration::from_secs(600));
        Ok(())
    }
    fn open(&self, _which: Which) -> Result<Option<Checkpoint>> {
        Ok(None)
    }
}

struct Slows(VirtualClock);

impl Create for Slows {
    type Session = Slow;

    fn create(&mut self, _attempt: &Attempt<'_>) -> Result<Created<Slow>> {
        let variables = Snapshot::from_iter([("global_step", Tensor::scalar(0i64))]);
        Ok(Created::new(Slow { clock: self.0.clone(), variables, step: 0 }, StartedFrom::Fresh))
    }
}

/// A hook that takes so many milliseconds before a run and as many after it.
struct Takes {
    clock: VirtualClock,
    millis: u64,
    feeds: bool,
    saves: bool,
}

impl Hook<Slow> for Takes {
    fn before_run(&mut self, run: &mut BeforeRun<'_, Slow>) -> Result<()> {
        self.clock.sleep(Duration::from_millis(self.millis));
        if self.feeds { run.feed((), Tensor::scalar(1.0)) } else { Ok(()) }
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, Slow>) -> Result<()> {
        self.clock.sleep(Duration::from_millis(self.millis));
        if self.saves {
            run.request_save("told to");
        }
        Ok(())
    }
}

/// What each part takes in the second and third run, in milliseconds: by then it is known who feeds.
fn millis_of_two_runs(times: Option<&Times>) -> [u64; 4] {
    let clock = VirtualClock::new();
    let takes = |millis, feeds, saves| Box::new(Takes { clock: clock.clone(), millis, feeds, saves }) as Box<_>;
    let hooks = vec![takes(1, false, false), takes(10, true, false), takes(100, false, true)];
    let options = Options {
        saver: Some(Arc::new(SlowSave(clock.clone()))),
        clock: Arc::new(clock.clone()),
        times: times.cloned(),
        ..Options::default()
    };
    let mut session = Monitored::begin(Slows(clock.clone()), hooks, options).unwrap();
    session.run(&[], &[]).unwrap();
    let totals = || Part::ALL.map(|part| times.map_or(Duration::ZERO, |times| times.total(part)).as_millis() as u64);
    let before = totals();
    for _ in 0..2 {
        // What the caller does between two runs is nobody's.
        clock.sleep(Duration::from_secs(10_000));
        session.run(&[], &[]).unwrap();
    }
    let after = totals();
    session.finish().unwrap();
    std::array::from_fn(|part| after[part] - before[part])
}

#[test]
fn each_part_is_entered_and_those_who_feed_are_the_input() {
    let times = Times::default();
    assert_eq!(millis_of_two_runs(Some(&times)), [20, 2000, 2 * (1 + 100 + 1 + 10 + 100), 1_200_000]);
    assert_eq!(times.total(Part::Save), Duration::from_secs(1800));
}

#[test]
fn without_an_account_nothing_is_entered() {
    assert_eq!(millis_of_two_runs(None), [0; 4]);
}
