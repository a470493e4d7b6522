//! A scripted session, a virtual clock, a captured log, and a loop that drives one hook.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use everstep_hook::{AfterRun, BeforeRun, Feeders, Hook, SaveRequest, Start, StartedFrom, Verdict};
use everstep_session::{Clock, Outcome, Request, RunMetadata, Session, Stop};
use everstep_tensor::{Error, ErrorKind, Result, Snapshot, Tensor, Variables, VariablesMut};

/// A session whose every fetch but `train` is a scripted function of the step that the run reaches.
pub(crate) struct Scripted {
    variables: Snapshot,
    step: u64,
    pub(crate) steps_per_run: u64,
    script: BTreeMap<&'static str, fn(u64) -> Tensor>,
    /// What the next run fails with, before it changes anything.
    pub(crate) failure: Option<Error>,
    /// What a run that is traced tells.
    pub(crate) trace: Option<RunMetadata>,
    /// What was fetched and fed in each run.
    pub(crate) fetched: Vec<Vec<&'static str>>,
    pub(crate) fed: Vec<Vec<(&'static str, Tensor)>>,
}

impl Session for Scripted {
    type Fetch = &'static str;
    type Input = &'static str;

    fn run(&mut self, request: &Request<&'static str, &'static str>, outcome: &mut Outcome) -> Result<()> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        if request.fetches.contains(&"train") {
            self.step += self.steps_per_run;
        }
        self.fetched.push(request.fetches.clone());
        self.fed.push(request.feeds.clone());
        let value = |fetch: &&'static str| match self.script.get(fetch) {
            Some(value) => Ok(value(self.step)),
            None if *fetch == "train" => Ok(Tensor::scalar(self.step as i64)),
            None => Err(Error::new(ErrorKind::InvalidArgument, format!("unknown fetch {fetch}"))),
        };
        outcome.metadata = self.trace.clone().filter(|_| request.options.trace);
        outcome.values = request.fetches.iter().map(value).collect::<Result<_>>()?;
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

/// A clock that only a test moves.
#[derive(Debug, Default)]
pub(crate) struct Virtual(AtomicU64);

impl Clock for Virtual {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
    fn sleep(&self, time: Duration) {
        self.0.fetch_add(time.as_millis() as u64, Ordering::SeqCst);
    }
}

/// A loop over a scripted session that shows every run to one hook.
pub(crate) struct Driver {
    pub(crate) session: Scripted,
    pub(crate) clock: Arc<Virtual>,
    /// Whether the hook is asked for its verdict on each run.
    pub(crate) judges: bool,
    /// How much time passes before each run.
    pub(crate) millis_per_run: u64,
    /// The steps at which the hook asked for a save.
    pub(crate) saves: Vec<u64>,
    pub(crate) save: SaveRequest,
    pub(crate) stop: Stop,
}

impl Driver {
    pub(crate) fn new() -> Self {
        let session = Scripted {
            variables: Snapshot::new(),
            step: 0,
            steps_per_run: 1,
            script: BTreeMap::new(),
            failure: None,
            trace: None,
            fetched: Vec::new(),
            fed: Vec::new(),
        };
        Self {
            session,
            clock: Arc::default(),
            judges: false,
            millis_per_run: 0,
            saves: Vec::new(),
            save: SaveRequest::default(),
            stop: Stop::default(),
        }
    }

    pub(crate) fn value(mut self, fetch: &'static str, value: fn(u64) -> Tensor) -> Self {
        self.session.script.insert(fetch, value);
        self
    }

    /// Gives the hook a session that began so; `applied_unseen` as in [`Start`].
    pub(crate) fn open(
        &mut self,
        hook: &mut dyn Hook<Scripted>,
        from: StartedFrom,
        applied_unseen: bool,
    ) -> Result<()> {
        self.session.step = match from {
            StartedFrom::Fresh => 0,
            StartedFrom::Restored(step) | StartedFrom::Live(step) => step,
        };
        let mut start = Start::new(0, from, &self.stop, &mut self.save);
        start.applied_unseen = applied_unseen;
        hook.after_create_session(&mut self.session, &mut start)?;
        self.note_save();
        Ok(())
    }

    pub(crate) fn start(&mut self, hook: &mut dyn Hook<Scripted>, from: StartedFrom) -> Result<()> {
        self.open(hook, from, false)
    }

    pub(crate) fn train(&mut self, hook: &mut dyn Hook<Scripted>, runs: u64) -> Result<()> {
        (0..runs).try_for_each(|_| self.run(hook, Request::train(vec!["train"])))
    }

    pub(crate) fn read(&mut self, hook: &mut dyn Hook<Scripted>) -> Result<()> {
        self.run(hook, Request::read(vec![]))
    }

    pub(crate) fn run(
        &mut self,
        hook: &mut dyn Hook<Scripted>,
        mut request: Request<&'static str, &'static str>,
    ) -> Result<()> {
        self.clock.sleep(Duration::from_millis(self.millis_per_run));
        let mut feeders = Feeders::new([hook.name().to_owned()]);
        feeders.start(request.feeds.len());
        feeders.hook(0);
        let own = request.fetches.len();
        hook.before_run(&mut BeforeRun::new(&mut self.session, &mut request, &mut feeders))?;
        let step_before = self.session.global_step();
        let mut outcome = Outcome::default();
        self.session.run(&request, &mut outcome)?;
        let (values, metadata) = (&outcome.values[own..], outcome.metadata.as_ref());
        let Self { session, stop, save, judges, .. } = self;
        let mut run = AfterRun::new(session, &request, values, metadata, step_before, stop, save);
        let verdict = if *judges { hook.judge(&mut run)? } else { Verdict::Kept };
        match verdict {
            Verdict::Kept => hook.after_run(&mut run)?,
            Verdict::Undone => hook.undone(&mut run)?,
        }
        self.note_save();
        Ok(())
    }

    pub(crate) fn end(&mut self, hook: &mut dyn Hook<Scripted>) -> Result<()> {
        hook.end(&mut self.session)
    }

    /// How often `fetch` was computed.
    pub(crate) fn times_fetched(&self, fetch: &str) -> usize {
        self.session.fetched.iter().flatten().filter(|fetched| **fetched == fetch).count()
    }

    fn note_save(&mut self) {
        if self.save.take().is_some() {
            self.saves.push(self.session.step);
        }
    }
}

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Captured;

impl log::Log for Captured {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        LINES.with_borrow_mut(|lines| lines.push(format!("{}: {}", record.level(), record.args())));
    }
    fn flush(&self) {}
}

/// Begins to capture what this thread logs.
pub(crate) fn capture_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Captured).expect("nobody else sets a logger in this test");
        log::set_max_level(log::LevelFilter::Info);
    });
    LINES.with_borrow_mut(Vec::clear);
}

/// The lines that this thread logged since it began, `LEVEL: text`.
pub(crate) fn logged() -> Vec<String> {
    LINES.with_borrow(Clone::clone)
}
