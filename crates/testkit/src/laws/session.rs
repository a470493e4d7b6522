//! Laws 1 to 5: sessions.

use everstep_session::{Outcome, Purpose, Request, Scope, Session};
use everstep_tensor::{CopyRules, ErrorKind, Snapshot, Tensor, copy};

use super::{specs_are_sorted_and_stable, wrong_assignments_change_nothing};

/// What the laws need to know of an engine: how to open a session on a model, and what to ask of it.
pub struct SessionLaws<'a, S: Session> {
    /// Opens a session that is not initialised, always on the same model.
    pub open: &'a dyn Fn() -> S,
    /// What advances the step by one.
    pub train: S::Fetch,
    /// What can be computed without a change.
    pub reads: Vec<S::Fetch>,
    /// What the run of a position is fed.
    pub feeds: &'a dyn Fn(u64) -> Vec<(S::Input, Tensor)>,
    /// Feeds that make no sense, each to be refused.
    pub wrong_feeds: Vec<Vec<(S::Input, Tensor)>>,
}

impl<S: Session> SessionLaws<'_, S> {
    /// Checks all of them, over `steps` steps.
    #[track_caller]
    pub fn check(&self, steps: u64) {
        self.values_are_in_order();
        self.wrong_requests_run_nothing();
        self.reading_changes_nothing();
        self.the_step_is_a_variable();
        self.resume_is_exact(steps);
        let mut session = self.ready();
        specs_are_sorted_and_stable(session.variables());
        wrong_assignments_change_nothing(session.variables_mut());
    }

    /// Law 1: one value per fetch, in order; a fetch asked twice is computed once.
    #[track_caller]
    pub fn values_are_in_order(&self) {
        let mut session = self.ready();
        let run = |session: &mut S, fetches: Vec<S::Fetch>| {
            let mut outcome = Outcome::default();
            let request = Request { feeds: (self.feeds)(0), ..Request::read(fetches) };
            session.run(&request, &mut outcome).expect("a reading run succeeds");
            outcome.values
        };
        let alone: Vec<Tensor> =
            self.reads.iter().map(|fetch| run(&mut session, vec![fetch.clone()]).remove(0)).collect();
        let backwards: Vec<S::Fetch> = self.reads.iter().rev().chain(&self.reads).cloned().collect();
        let together = run(&mut session, backwards);
        let expected = alone.iter().rev().chain(&alone);
        assert_eq!(together.len(), alone.len() * 2, "one value per fetch");
        for (index, (value, expected)) in together.iter().zip(expected).enumerate() {
            assert!(value.bit_eq(expected), "value {index} is {value:?}, alone it was {expected:?}");
        }
        let mut outcome = Outcome::default();
        let twice = Request { feeds: (self.feeds)(0), ..Request::train(vec![self.train.clone(), self.train.clone()]) };
        session.run(&twice, &mut outcome).expect("a training run succeeds");
        assert_eq!(session.global_step(), 1, "a fetch asked twice was computed twice");
        assert!(outcome.values[0].bit_eq(&outcome.values[1]), "one computation has one value");
    }

    /// Law 2: a request that makes no sense is `InvalidArgument`, and then nothing ran.
    #[track_caller]
    pub fn wrong_requests_run_nothing(&self) {
        let mut session = self.ready();
        let before = state(&session);
        let twice: Vec<_> = (self.feeds)(0).into_iter().flat_map(|feed| [feed.clone(), feed]).collect();
        let wrong = self.wrong_feeds.iter().cloned().chain((!twice.is_empty()).then_some(twice));
        for feeds in wrong {
            let request = Request { feeds, ..Request::train(vec![self.train.clone()]) };
            let error = session.run(&request, &mut Outcome::default()).expect_err("a wrong request was run");
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            assert!(state(&session).bit_eq(&before), "a refused request changed the model: {error}");
        }
    }

    /// Law 3: a run whose purpose is reading or evaluating changes neither the step nor any variable that is listed.
    #[track_caller]
    pub fn reading_changes_nothing(&self) {
        let mut session = self.ready();
        let before = state(&session);
        let mut outcome = Outcome::default();
        let reading = Request { feeds: (self.feeds)(0), ..Request::read(self.reads.clone()) };
        session.run(&reading, &mut outcome).expect("a reading run succeeds");
        for purpose in [Purpose::Read, Purpose::Evaluate] {
            let training = Request { purpose, feeds: (self.feeds)(0), ..Request::read(vec![self.train.clone()]) };
            if let Err(error) = session.run(&training, &mut outcome) {
                assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            }
        }
        assert!(state(&session).bit_eq(&before), "a reading run changed the model");
    }

    /// Law 4: the variable `global_step` and `global_step()` agree; assigning it sets it.
    #[track_caller]
    pub fn the_step_is_a_variable(&self) {
        let mut session = self.ready();
        let agree = |session: &S| {
            let variable = session.variables().read("global_step").expect("there is a variable global_step");
            let step = variable.item::<i64>().expect("global_step is an i64 scalar");
            assert_eq!(Ok(session.global_step()), u64::try_from(step), "the step and its variable differ");
        };
        agree(&session);
        self.step(&mut session, 0);
        agree(&session);
        assert_eq!(session.global_step(), 1);
        session.variables_mut().assign("global_step", Tensor::scalar(41i64)).expect("the step is assigned");
        agree(&session);
        self.step(&mut session, 1);
        assert_eq!(session.global_step(), 42);
    }

    /// Law 5: 2n steps are n steps, a save, a new session, a restore and n steps, bit for bit; twice in a row.
    #[track_caller]
    pub fn resume_is_exact(&self, steps: u64) {
        let mut whole = self.ready();
        let mut saved = state(&whole);
        for position in 0..2 * steps {
            self.step(&mut whole, position);
        }
        for half in 0..2 {
            let mut session = (self.open)();
            session.initialize(Scope::Global).expect("variables are initialised");
            session.initialize(Scope::Local).expect("local variables are initialised");
            copy(&saved, &mut session.variables_mut(), &CopyRules::default()).expect("a state is restored");
            for position in half * steps..(half + 1) * steps {
                self.step(&mut session, position);
            }
            saved = state(&session);
        }
        assert!(saved.bit_eq(&state(&whole)), "a resumed run differs from a whole one");
    }

    fn ready(&self) -> S {
        let mut session = (self.open)();
        session.initialize(Scope::Global).expect("variables are initialised");
        session.initialize(Scope::Local).expect("local variables are initialised");
        session.publish().expect("the model is published");
        assert_eq!(session.uninitialized(Scope::Global).expect("it can be told"), [""; 0], "not all are initialised");
        session
    }

    fn step(&self, session: &mut S, position: u64) {
        let request = Request { feeds: (self.feeds)(position), ..Request::train(vec![self.train.clone()]) };
        session.run(&request, &mut Outcome::default()).expect("a training run succeeds");
    }
}

/// The variables, in memory that nothing shares.
fn state<S: Session>(session: &S) -> Snapshot {
    let shared = Snapshot::of(session.variables()).expect("variables are read");
    let copied = |(name, value): (&str, &Tensor)| {
        let value = Tensor::from_bytes(value.dtype(), value.shape(), value.bytes()).expect("a tensor's own bytes");
        (name.to_owned(), value)
    };
    shared.iter().map(copied).collect()
}

impl<S: Session> std::fmt::Debug for SessionLaws<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionLaws").field("train", &self.train).field("reads", &self.reads).finish_non_exhaustive()
    }
}
