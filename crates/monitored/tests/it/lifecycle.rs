//! Random hooks, failures, stops and losses against a small executable model of the lifecycle.

use std::{collections::VecDeque, sync::Arc};

use everstep_hook::{AfterRun, BeforeRun, Hook, Start};
use everstep_monitored::{Monitored, Options, Ran, Recovery};
use everstep_session::Session as _;
use everstep_tensor::{Error, ErrorKind, Result};
use everstep_testkit::{Fault, Fetch, MemorySave, Scripted, Server, VirtualClock};
use proptest::prelude::*;

use super::{Hooks, chief};

/// Where something can go wrong, and what does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Begin,
    Created,
    Before,
    After,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    Fails,
    Loses,
    Stops,
}

/// At its so many-eth call of that phase, the hook of that place in the list makes trouble.
#[derive(Clone, Copy, Debug)]
struct Event {
    hook: usize,
    phase: Phase,
    call: usize,
    trouble: Trouble,
}

/// The calls, as text: `begin 0`, `before 2`, …
type Log = std::rc::Rc<std::cell::RefCell<Vec<String>>>;

/// A hook that writes down its calls and makes the trouble that is planned.
struct Troubled {
    place: usize,
    plan: Vec<Event>,
    counts: [usize; 5],
    log: Log,
}

impl Troubled {
    /// Notes a call; gives the trouble planned for it.
    fn note(&mut self, phase: Phase) -> Option<Trouble> {
        let names = ["begin", "created", "before", "after", "end"];
        let count = &mut self.counts[phase as usize];
        *count += 1;
        self.log.borrow_mut().push(format!("{} {}", names[phase as usize], self.place));
        planned(&self.plan, self.place, phase, *count)
    }

    fn error(trouble: Trouble) -> Result<()> {
        match trouble {
            Trouble::Fails => Err(Error::new(ErrorKind::Internal, "planned")),
            Trouble::Loses => Err(Error::new(ErrorKind::Aborted, "planned")),
            Trouble::Stops => Ok(()),
        }
    }
}

fn planned(plan: &[Event], hook: usize, phase: Phase, call: usize) -> Option<Trouble> {
    let fits = |event: &&Event| (event.hook, event.phase, event.call) == (hook, phase, call);
    plan.iter().find(fits).map(|event| event.trouble)
}

impl Hook<Scripted> for Troubled {
    fn begin(&mut self) -> Result<()> {
        self.note(Phase::Begin).map_or(Ok(()), Self::error)
    }
    fn after_create_session(&mut self, _session: &mut Scripted, start: &mut Start<'_>) -> Result<()> {
        let trouble = self.note(Phase::Created);
        if trouble == Some(Trouble::Stops) {
            start.request_stop("planned");
        }
        trouble.map_or(Ok(()), Self::error)
    }
    fn before_run(&mut self, _run: &mut BeforeRun<'_, Scripted>) -> Result<()> {
        self.note(Phase::Before).map_or(Ok(()), Self::error)
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, Scripted>) -> Result<()> {
        let trouble = self.note(Phase::After);
        if trouble == Some(Trouble::Stops) {
            run.request_stop("planned");
        }
        trouble.map_or(Ok(()), Self::error)
    }
    fn end(&mut self, _session: &mut Scripted) -> Result<()> {
        self.note(Phase::End).map_or(Ok(()), Self::error)
    }
    fn failed(&mut self, _error: &Error) {
        self.log.borrow_mut().push(format!("failed {}", self.place));
    }
}

/// The model: what the loop does, in the fewest words.
struct Model {
    hooks: usize,
    plan: Vec<Event>,
    faults: VecDeque<(u64, Fault)>,
    counts: Vec<[usize; 5]>,
    log: Vec<String>,
    stopped: bool,
    /// Updates applied, and runs asked of the engine.
    step: u64,
    runs: u64,
    /// Attempts in a row to replace a session; the first is made even after a stop.
    attempts: u32,
}

/// Why a phase ended early.
enum Early {
    Failed,
    Lost,
}

impl Model {
    fn call(&mut self, hook: usize, phase: Phase, name: &str) -> std::result::Result<(), Early> {
        self.counts[hook][phase as usize] += 1;
        self.log.push(format!("{name} {hook}"));
        match planned(&self.plan, hook, phase, self.counts[hook][phase as usize]) {
            Some(Trouble::Fails) => Err(Early::Failed),
            Some(Trouble::Loses) => Err(Early::Lost),
            Some(Trouble::Stops) if matches!(phase, Phase::Created | Phase::After) => {
                self.stopped = true;
                Ok(())
            }
            Some(Trouble::Stops) | None => Ok(()),
        }
    }

    fn all(&mut self, phase: Phase, name: &str) -> std::result::Result<(), Early> {
        (0..self.hooks).try_for_each(|hook| self.call(hook, phase, name))
    }

    /// Opens sessions until one stands; each loss is another attempt.
    fn open(&mut self) -> std::result::Result<(), Early> {
        loop {
            match self.all(Phase::Created, "created") {
                Err(Early::Lost) => self.attempt()?,
                result => return result,
            }
        }
    }

    fn attempt(&mut self) -> std::result::Result<(), Early> {
        self.attempts += 1;
        if self.stopped && self.attempts > 1 { Err(Early::Failed) } else { Ok(()) }
    }

    fn replace(&mut self) -> std::result::Result<(), Early> {
        self.attempt()?;
        self.open()
    }

    /// The model outlives its sessions: a step that was applied stays.
    fn run(&mut self) -> std::result::Result<(), Early> {
        while !self.stopped {
            match self.all(Phase::Before, "before") {
                Err(Early::Lost) => {
                    self.replace()?;
                    continue;
                }
                result => result?,
            }
            self.runs += 1;
            let fault = self.faults.iter().position(|(at, _)| *at == self.runs);
            let fault = fault.and_then(|index| self.faults.remove(index)).map(|(_, fault)| fault);
            if !matches!(fault, Some(Fault::Before(_))) {
                self.step += 1;
            }
            if let Some(fault) = fault {
                self.replace()?;
                if matches!(fault, Fault::After(_)) {
                    return Ok(());
                }
                continue;
            }
            match self.all(Phase::After, "after") {
                Err(Early::Lost) => return self.replace(),
                Ok(()) => {
                    self.attempts = 0;
                    return Ok(());
                }
                failed => return failed,
            }
        }
        Ok(())
    }

    fn failed(&mut self, began: usize) {
        self.log.extend((0..began).map(|hook| format!("failed {hook}")));
    }

    /// A whole training of so many runs; gives the calls.
    fn train(mut self, runs: usize) -> (Vec<String>, u64) {
        for hook in 0..self.hooks {
            if self.call(hook, Phase::Begin, "begin").is_err() {
                self.failed(hook);
                return (self.log, self.step);
            }
        }
        let mut result = self.open();
        for _ in 0..runs {
            if result.is_ok() && !self.stopped {
                result = self.run();
            }
        }
        match result {
            Ok(()) => (0..self.hooks).for_each(|hook| {
                let _ = self.call(hook, Phase::End, "end");
            }),
            Err(_) => self.failed(self.hooks),
        }
        (self.log, self.step)
    }
}

fn real(hooks: usize, plan: &[Event], server: &Server, runs: usize) -> Vec<String> {
    let log = Log::default();
    let troubled = |place| Troubled { place, plan: plan.to_vec(), counts: [0; 5], log: log.clone() };
    let list: Hooks<'_> = (0..hooks).map(|place| Box::new(troubled(place)) as _).collect();
    let saver = Arc::new(MemorySave::new());
    let recovery = Recovery { attempts: 1000, ..Recovery::default() };
    let clock = Arc::new(VirtualClock::new());
    let options =
        Options { recovery: Recovery { limit: std::time::Duration::MAX, ..recovery }, clock, ..Options::default() };
    if let Ok(mut monitored) = Monitored::begin(chief(server, &saver, true), list, options) {
        for _ in 0..runs {
            if !matches!(monitored.run(&[Fetch::Update], &[]), Ok(Ran::Values(_) | Ran::AppliedUnseen)) {
                break;
            }
        }
        let _ = monitored.finish();
    }
    log.borrow().clone()
}

fn event() -> impl Strategy<Value = Event> {
    use Phase::{After, Before, Begin, Created, End};
    use Trouble::{Fails, Loses, Stops};
    let phase = prop_oneof![1 => Just(Begin), 4 => Just(Created), 4 => Just(Before), 4 => Just(After), 1 => Just(End)];
    let trouble = prop_oneof![1 => Just(Fails), 2 => Just(Loses), 1 => Just(Stops)];
    (0usize..4, phase, 1usize..5, trouble).prop_map(|(hook, phase, call, trouble)| {
        // A hook has no session to lose before there is one, nor when the training has ended.
        let trouble = if matches!(phase, Begin | End) && trouble == Loses { Fails } else { trouble };
        Event { hook, phase, call, trouble }
    })
}

fn fault() -> impl Strategy<Value = (u64, Fault)> {
    let kind = prop_oneof![Just(ErrorKind::Aborted), Just(ErrorKind::Unavailable)];
    (1u64..8, kind, any::<bool>())
        .prop_map(|(run, kind, after)| (run, if after { Fault::After(kind) } else { Fault::Before(kind) }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_calls_is_the_models(
        hooks in 0usize..4,
        plan in proptest::collection::vec(event(), 0..6),
        faults in proptest::collection::vec(fault(), 0..3),
        runs in 0usize..7,
    ) {
        let server = faults.iter().fold(Server::new(), |server, (run, fault)| server.fail_run(*run, *fault));
        let model = Model {
            hooks,
            plan: plan.clone(),
            faults: faults.into_iter().collect(),
            counts: vec![[0; 5]; hooks],
            log: Vec::new(),
            stopped: false,
            step: 0,
            runs: 0,
            attempts: 0,
        };
        let (expected, step) = model.train(runs);
        prop_assert_eq!(real(hooks, &plan, &server, runs), expected);
        prop_assert_eq!(server.session().global_step(), step, "a step was lost or applied twice");
    }
}

#[test]
fn the_model_holds_the_law_of_a_quiet_training() {
    let calm = Model {
        hooks: 2,
        plan: Vec::new(),
        faults: VecDeque::new(),
        counts: vec![[0; 5]; 2],
        log: Vec::new(),
        stopped: false,
        step: 0,
        runs: 0,
        attempts: 0,
    };
    let expected = "begin 0,begin 1,created 0,created 1,before 0,before 1,after 0,after 1,end 0,end 1";
    assert_eq!(calm.train(1).0.join(","), expected);
}
