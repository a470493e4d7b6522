//! Whole trainings over testkit's scripted session: by the loop driver, and by a loop written out as hooks' law has it.

use std::sync::Arc;

use everstep_hook::{AfterRun, BeforeRun, Feeders, Hook, SaveRequest, Start, StartedFrom, Verdict};
use everstep_monitored::{Attempt, Create, Created, Monitored, Options, Union};
use everstep_session::{Outcome, Request, Scope, Session, Stop};
use everstep_tensor::{Checkpoint, CopyRules, Prefixed, Result, Save, Saving, Snapshot, Variables, Which, copy};
use everstep_testkit::{Fetch, Scripted, Server};

pub(crate) type Hooks<'a> = Vec<Box<dyn Hook<Scripted> + 'a>>;

/// Runs of a training that is dropped, as if it had been killed, before its end; all if it is not.
pub(crate) type Runs = Option<u64>;

/// Restores the newest checkpoint, or initialises the model.
struct Chief(Arc<dyn Save>);

impl Create for Chief {
    type Session = Scripted;

    fn create(&mut self, _: &Attempt<'_>) -> Result<Created<Scripted>> {
        let (session, checkpoint) = open(&*self.0)?;
        let mut created = Created::new(session, started_from(checkpoint.as_ref()));
        created.hook_states = checkpoint.map(|checkpoint| checkpoint.variables);
        Ok(created)
    }
}

fn started_from(checkpoint: Option<&Checkpoint>) -> StartedFrom {
    checkpoint.map_or(StartedFrom::Fresh, |checkpoint| StartedFrom::Restored(checkpoint.step))
}

fn open(saver: &dyn Save) -> Result<(Scripted, Option<Checkpoint>)> {
    let mut session = Server::new().session();
    session.initialize(Scope::Global)?;
    let checkpoint = saver.open(Which::Newest)?;
    if let Some(checkpoint) = &checkpoint {
        let rules = CopyRules { allow_unused: true, ..CopyRules::default() };
        copy(&*checkpoint.variables, session.variables_mut(), &rules)?;
    }
    Ok((session, checkpoint))
}

/// Trains with the loop driver; the model of a training that ended.
pub(crate) fn train(saver: &Arc<dyn Save>, hooks: Hooks<'_>, runs: Runs) -> Result<Option<Snapshot>> {
    let options = Options { saver: Some(saver.clone()), ..Options::default() };
    let mut monitored = Monitored::begin(Chief(saver.clone()), hooks, options)?;
    let mut made = 0;
    while !monitored.should_stop() {
        if runs == Some(made) {
            return Ok(None);
        }
        made += 1;
        monitored.run(&[Fetch::Update], &[])?;
    }
    let session = monitored.finish()?.expect("it ended well");
    Snapshot::of(session.variables()).map(Some)
}

/// The same with the loop that the law of hooks describes: every hook judges before any hook acts.
pub(crate) fn train_by_the_law(saver: &Arc<dyn Save>, hooks: Hooks<'_>, runs: Runs) -> Result<Option<Snapshot>> {
    let (mut session, checkpoint) = open(&**saver)?;
    let mut by_law = ByLaw { saver, hooks, stop: Stop::default(), save: SaveRequest::default(), saved_step: None };
    by_law.start(&mut session, checkpoint)?;
    let mut made = 0;
    while !by_law.stop.is_requested() {
        if runs == Some(made) {
            return Ok(None);
        }
        made += 1;
        by_law.run(&mut session)?;
    }
    by_law.hooks.iter_mut().try_for_each(|hook| hook.end(&mut session))?;
    if by_law.save.is_at_end() {
        by_law.save(&session)?;
    }
    Snapshot::of(session.variables()).map(Some)
}

struct ByLaw<'s, 'a> {
    saver: &'s Arc<dyn Save>,
    hooks: Hooks<'a>,
    stop: Stop,
    save: SaveRequest,
    saved_step: Option<u64>,
}

impl ByLaw<'_, '_> {
    fn start(&mut self, session: &mut Scripted, checkpoint: Option<Checkpoint>) -> Result<()> {
        self.saved_step = checkpoint.as_ref().map(|checkpoint| checkpoint.step);
        for hook in &mut self.hooks {
            hook.begin()?;
            let prefix = format!("hook/{}/", hook.name());
            if let (Some(state), Some(checkpoint)) = (hook.state(), &checkpoint) {
                copy(&Prefixed::new(&prefix, &*checkpoint.variables), state, &CopyRules::default())?;
            }
        }
        let from = started_from(checkpoint.as_ref());
        for hook in &mut self.hooks {
            hook.after_create_session(session, &mut Start::new(0, from, &self.stop, &mut self.save))?;
        }
        self.save_if_asked(session)
    }

    fn run(&mut self, session: &mut Scripted) -> Result<()> {
        let mut request = Request::train(vec![Fetch::Update]);
        let mut feeders = Feeders::new(self.hooks.iter().map(|hook| hook.name().to_owned()));
        let mut ranges = Vec::new();
        for (index, hook) in self.hooks.iter_mut().enumerate() {
            feeders.hook(index);
            let from = request.fetches.len();
            hook.before_run(&mut BeforeRun::new(session, &mut request, &mut feeders))?;
            ranges.push(from..request.fetches.len());
        }
        let step_before = session.global_step();
        let mut outcome = Outcome::default();
        session.run(&request, &mut outcome)?;
        let mut verdict = Verdict::Kept;
        for act in [false, true] {
            for (hook, range) in self.hooks.iter_mut().zip(&ranges) {
                let values = &outcome.values[range.clone()];
                let mut run = AfterRun::new(session, &request, values, None, step_before, &self.stop, &mut self.save);
                match (act, verdict) {
                    (false, _) => {
                        if hook.judge(&mut run)? == Verdict::Undone {
                            verdict = Verdict::Undone;
                        }
                    }
                    (true, Verdict::Kept) => hook.after_run(&mut run)?,
                    (true, Verdict::Undone) => hook.undone(&mut run)?,
                }
            }
        }
        self.save_if_asked(session)
    }

    fn save_if_asked(&mut self, session: &Scripted) -> Result<()> {
        self.save.take().map_or(Ok(()), |_| self.save(session))
    }

    /// Once per step, with the hooks' states.
    fn save(&mut self, session: &Scripted) -> Result<()> {
        let step = session.global_step();
        if self.saved_step.replace(step) == Some(step) {
            return Ok(());
        }
        let mut parts: Vec<(String, &dyn Variables)> = vec![(String::new(), session.variables())];
        for hook in &mut self.hooks {
            let prefix = format!("hook/{}/", hook.name());
            parts.extend(hook.state().map(|state| (prefix, &*state as &dyn Variables)));
        }
        self.saver.save(&Saving { step, variables: &Union::new(parts), metrics: &[], pinned: false })
    }
}
