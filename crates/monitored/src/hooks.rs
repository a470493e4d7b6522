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
    /// `InvalidArgument` if the states of two hooks would share a place in a checkpoint.
    pub(crate) fn new(hooks: Vec<Box<dyn Hook<S> + 'a>>) -> Result<Self> {
        let mut entries: Vec<Entry<'a, S>> = Vec::with_capacity(hooks.len());
        for mut hook in hooks {
            let initial = hook.state().map(|state| Snapshot::of(&*state)).transpose()?;
            let stateful = entries.iter().filter(|entry| entry.initial.is_some()).map(|entry| entry.hook.name());
            if initial.is_some() {
                check_name(hook.name(), stateful)?;
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

    /// Gives every hook its state and then the session; an error comes with the number of hooks that were told.
    pub(crate) fn start(
        &mut self,
        session: &mut S,
        restart: &Restart<'_>,
        stop: &Stop,
        save: &mut SaveRequest,
    ) -> std::result::Result<(), (Error, usize)> {
        self.restore(restart).map_err(|error| (error, 0))?;
        for (index, hook) in self.iter_mut().enumerate() {
            let mut start = Start::new(restart.restarts, restart.from, stop, save);
            start.applied_unseen = restart.unseen_from.is_some_and(|from| index >= from);
            hook.after_create_session(session, &mut start).map_err(|error| (at(hook, error), index + 1))?;
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

    /// Asks every hook whether these variables may be saved.
    pub(crate) fn before_save(&mut self, step: u64, variables: &dyn Variables) -> Result<()> {
        self.iter_mut().try_for_each(|hook| hook.before_save(step, variables).map_err(|error| at(hook, error)))
    }

    /// What hooks have measured of the model as it is at this step.
    pub(crate) fn metrics(&self, step: u64) -> Vec<(String, f64)> {
        self.0.iter().flat_map(|entry| entry.hook.metrics(step)).cloned().collect()
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

/// States lie in a checkpoint as `hook/<name>/…`, so no name may be another's, or lie below it.
fn check_name<'n>(name: &str, mut others: impl Iterator<Item = &'n str>) -> Result<()> {
    let below = |name: &str, other: &str| name.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'));
    let clash = others.find(|other| *other == name || below(name, other) || below(other, name));
    let message = match clash {
        Some(other) if other == name => format!("two hooks with state are named {name}; give one of them another name"),
        Some(other) => {
            format!("hooks with state are named {name} and {other}, one below the other; rename one of them")
        }
        None if name.is_empty() => "a hook with state has no name; give it one".into(),
        None => return Ok(()),
    };
    Err(Error::new(ErrorKind::InvalidArgument, message))
}

/// The error, led by the hook it came from; its kind stays.
pub(crate) fn at<S: Session>(hook: &(dyn Hook<S> + '_), error: Error) -> Error {
    error.context(format!("hook {}", hook.name()))
}
