//! The list of hooks, and what each has been told.

use everstep_hook::{Hook, SaveRequest, Start, StartedFrom};
use everstep_session::{Session, Stop};
use everstep_tensor::{CopyRules, Error, ErrorKind, Prefixed, Result, Snapshot, Variables, copy};

/// A hook, the state it began with, and whether it has still to be told an end.
struct Entry<'a, S: Session> {
    hook: Box<dyn Hook<S> + 'a>,
    initial: Option<Snapshot>,
    began: bool,
}

/// The list of hooks; every phase goes through it in order.
pub(crate) struct Hooks<'a, S: Session>(Vec<Entry<'a, S>>);

/// How the coming session came to be, as far as it is the same for all hooks.
pub(crate) struct Restart<'a> {
    pub(crate) restarts: u32,
    pub(crate) from: StartedFrom,
    /// Hooks from this place on have not seen the answer of a run that was applied.
    pub(crate) unseen_from: Option<usize>,
    pub(crate) states: Option<&'a dyn Variables>,
    pub(crate) rules: &'a CopyRules,
}

impl<'a, S: Session> Hooks<'a, S> {
    /// # Errors
    /// `InvalidArgument` if two hooks with state share a name.
    pub(crate) fn new(hooks: Vec<Box<dyn Hook<S> + 'a>>) -> Result<Self> {
        let mut entries: Vec<Entry<'a, S>> = Vec::with_capacity(hooks.len());
        for mut hook in hooks {
            let initial = hook.state().map(|state| Snapshot::of(&*state)).transpose()?;
            let twin = |entry: &Entry<'a, S>| entry.initial.is_some() && entry.hook.name() == hook.name();
            if initial.is_some() && entries.iter().any(twin) {
                let message = format!("two hooks with state are named {}; give one of them another name", hook.name());
                return Err(Error::new(ErrorKind::InvalidArgument, message));
            }
            entries.push(Entry { hook, initial, began: false });
        }
        Ok(Self(entries))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|entry| entry.hook.name().to_owned())
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut (dyn Hook<S> + 'a)> {
        self.0.iter_mut().map(|entry| &mut *entry.hook)
    }

    pub(crate) fn begin(&mut self) -> Result<()> {
        for entry in &mut self.0 {
            entry.hook.begin().map_err(|error| at(&*entry.hook, error))?;
            entry.began = true;
        }
        Ok(())
    }

    /// Gives every hook its state and then the session.
    pub(crate) fn start(
        &mut self,
        session: &mut S,
        restart: &Restart<'_>,
        stop: &Stop,
        save: &mut SaveRequest,
    ) -> Result<()> {
        self.restore(restart)?;
        for (index, hook) in self.iter_mut().enumerate() {
            let mut start = Start::new(restart.restarts, restart.from, stop, save);
            start.applied_unseen = restart.unseen_from.is_some_and(|from| index >= from);
            hook.after_create_session(session, &mut start).map_err(|error| at(hook, error))?;
        }
        Ok(())
    }

    /// A live model keeps its hooks' states; otherwise they go back to what they began with, and to what was saved.
    fn restore(&mut self, restart: &Restart<'_>) -> Result<()> {
        if matches!(restart.from, StartedFrom::Live(_)) {
            return Ok(());
        }
        for Entry { hook, initial, .. } in &mut self.0 {
            let Some(initial) = initial else { continue };
            let name = hook.name().to_owned();
            let Some(state) = hook.state() else { continue };
            copy(initial, state, &CopyRules::default()).map_err(|error| error.context(format!("hook {name}")))?;
            let Some(states) = restart.states else { continue };
            let prefix = format!("hook/{name}/");
            let CopyRules { allow_missing, allow_unused, .. } = *restart.rules;
            let rules = CopyRules { allow_missing, allow_unused, ..CopyRules::default() };
            copy(&Prefixed::new(&prefix, states), state, &rules).map_err(|error| {
                error.context(format!("the checkpoint's state of hook {name}; restore by other rules, or start anew"))
            })?;
        }
        Ok(())
    }

    /// Hooks' states, each under `hook/<name>/`.
    pub(crate) fn states(&mut self) -> Vec<(String, &dyn Variables)> {
        let named = self.0.iter_mut().map(|Entry { hook, .. }| (format!("hook/{}/", hook.name()), hook));
        named.filter_map(|(prefix, hook)| hook.state().map(|state| (prefix, &*state as &dyn Variables))).collect()
    }

    /// Every hook that began is told; the first error is returned.
    pub(crate) fn end(&mut self, session: &mut S) -> Result<()> {
        let mut result = Ok(());
        for Entry { hook, began, .. } in self.0.iter_mut().filter(|entry| entry.began) {
            *began = false;
            result = result.and(hook.end(session).map_err(|error| at(&**hook, error)));
        }
        result
    }

    /// Every hook that began and was told no end is told.
    pub(crate) fn failed(&mut self, error: &Error) {
        for Entry { hook, began, .. } in self.0.iter_mut().filter(|entry| entry.began) {
            *began = false;
            hook.failed(error);
        }
    }
}

/// The error, led by the hook it came from; its kind stays.
pub(crate) fn at<S: Session>(hook: &(dyn Hook<S> + '_), error: Error) -> Error {
    error.context(format!("hook {}", hook.name()))
}
