//! What a run told, for the caller.

use everstep_hook::{AfterRun, BeforeRun, Hook};
use everstep_session::{RunMetadata, Session};
use everstep_tensor::Result;

/// Clears and fills the caller's metadata on every run.
pub(crate) struct Metadata<'a>(pub(crate) &'a mut RunMetadata);

impl Metadata<'_> {
    fn fill<S: Session>(&mut self, run: &AfterRun<'_, S>) {
        if let Some(metadata) = run.metadata() {
            self.0.clone_from(metadata);
        }
    }
}

impl<S: Session> Hook<S> for Metadata<'_> {
    fn name(&self) -> &str {
        "run_metadata"
    }
    fn before_run(&mut self, _run: &mut BeforeRun<'_, S>) -> Result<()> {
        *self.0 = RunMetadata::default();
        Ok(())
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.fill(run);
        Ok(())
    }
    fn undone(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.fill(run);
        Ok(())
    }
}
