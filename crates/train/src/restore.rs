//! A checkpoint into a session.

use everstep_session::{Scope, Session};
use everstep_tensor::{Checkpoint, CopyRules, Result, Save, Spec, Tensor, Variables, Which, compare, copy};

/// Where hooks' states lie in a checkpoint, beside the model's variables.
const HOOK: &str = "hook/";

/// Restores the model of a kept checkpoint into a session; `None` if nothing that fits was kept.
///
/// All or nothing; hooks' states are passed over. Variables that the rules let be missing get their initial values.
///
/// # Errors
/// What opening the checkpoint returns; `FailedPrecondition` naming the checkpoint and everything in it that does not
/// fit the model.
pub fn restore<S: Session>(
    saver: &dyn Save,
    which: Which,
    session: &mut S,
    rules: &CopyRules,
) -> Result<Option<Checkpoint>> {
    let Some(checkpoint) = saver.open(which)? else { return Ok(None) };
    restore_from(&checkpoint, session, rules)?;
    Ok(Some(checkpoint))
}

/// The same from an opened checkpoint.
pub(crate) fn restore_from<S: Session>(checkpoint: &Checkpoint, session: &mut S, rules: &CopyRules) -> Result<()> {
    let model = Model(&*checkpoint.variables);
    let report = compare(&model, session.variables(), rules);
    report.check(rules).map_err(|error| {
        let remedy = "choose another directory, or restore by other rules";
        error.context(format!("checkpoint {} is not one of this model ({remedy})", checkpoint.location))
    })?;
    let keeps = !report.missing.is_empty() || !rules.keep.is_empty();
    if keeps && !session.uninitialized(Scope::Global)?.is_empty() {
        session.initialize(Scope::Global)?;
    }
    copy(&model, session.variables_mut(), rules)?;
    if !report.missing.is_empty() {
        log::warn!("not in checkpoint {}: {}", checkpoint.location, report.missing.join(", "));
    }
    Ok(())
}

/// A checkpoint without hooks' states.
struct Model<'a>(&'a dyn Variables);

impl Variables for Model<'_> {
    fn specs(&self) -> Vec<Spec> {
        self.0.specs().into_iter().filter(|spec| !spec.name.starts_with(HOOK)).collect()
    }
    fn read(&self, name: &str) -> Result<Tensor> {
        self.0.read(name)
    }
}
