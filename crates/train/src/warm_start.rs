//! Values of another training for a new model.

use std::fmt;

use everstep_session::Session;
use everstep_tensor::{CopyRules, Result, Variables, copy};

/// Values of another training that a new model starts from: a checkpoint that was opened, a file of another program.
///
/// ```
/// use everstep_tensor::{CopyRules, Snapshot, Tensor};
/// use everstep_train::WarmStart;
///
/// let trained = Snapshot::from_iter([("encoder/kernel", Tensor::scalar(0.5f32))]);
/// let mut warm_start = WarmStart::new(trained);
/// warm_start.rules.rename = vec![("backbone/".into(), "encoder/".into())];
/// ```
pub struct WarmStart<'a> {
    /// What it starts from.
    pub from: Box<dyn Variables + 'a>,
    /// How it may differ from the model.
    pub rules: CopyRules,
}

impl<'a> WarmStart<'a> {
    /// Takes every variable that both have, but for `global_step`: the training begins at step 0.
    pub fn new(from: impl Variables + 'a) -> Self {
        let keep = vec!["global_step".into()];
        let rules = CopyRules { allow_missing: true, allow_unused: true, keep, ..CopyRules::default() };
        Self { from: Box::new(from), rules }
    }

    /// All or nothing; what was taken and what was not is logged.
    pub(crate) fn apply<S: Session>(&self, session: &mut S) -> Result<()> {
        let report = copy(&*self.from, session.variables_mut(), &self.rules);
        let report = report.map_err(|error| error.context("the model cannot start from these values"))?;
        log::info!("warm start: {report}");
        Ok(())
    }
}

impl fmt::Debug for WarmStart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WarmStart").field("rules", &self.rules).finish_non_exhaustive()
    }
}
