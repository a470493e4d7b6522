//! What the program tells at the end.

use std::{fmt, path::PathBuf, time::Duration};

use serde_json::json;

/// What the program tells at the end.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) resumed_at: Option<u64>,
    /// Sessions lost and replaced.
    pub(crate) restarts: u32,
    pub(crate) global_step: u64,
    pub(crate) steps_run: u64,
    pub(crate) time: Duration,
    pub(crate) loss: Option<f64>,
    pub(crate) test_accuracy: Option<f64>,
    /// Of each character of a text held out.
    pub(crate) held_out_nats: Option<f64>,
    pub(crate) checkpoint: String,
    pub(crate) events: PathBuf,
    pub(crate) logdir: PathBuf,
}

impl Report {
    fn steps_per_second(&self) -> f64 {
        if self.steps_run == 0 { 0.0 } else { self.steps_run as f64 / self.time.as_secs_f64() }
    }

    /// One line of JSON.
    pub(crate) fn json(&self) -> String {
        json!({
            "resumed_at": self.resumed_at,
            "restarts": self.restarts,
            "global_step": self.global_step,
            "steps_run": self.steps_run,
            "seconds": self.time.as_secs_f64(),
            "steps_per_s": self.steps_per_second(),
            "loss": self.loss,
            "test_accuracy": self.test_accuracy,
            "held_out_nats": self.held_out_nats,
            "checkpoint": self.checkpoint,
            "events": self.events,
        })
        .to_string()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { restarts, global_step, steps_run, test_accuracy, checkpoint, events, logdir, .. } = self;
        writeln!(f)?;
        match (self.resumed_at, steps_run) {
            (Some(step), 0) => writeln!(f, "  the training was complete at step {step}: no further step was run")?,
            (Some(step), _) => writeln!(f, "  resumed at     step {step}")?,
            (None, _) => {}
        }
        if *restarts > 0 {
            writeln!(f, "  restarts       {restarts}, each in place of a lost session")?;
        }
        writeln!(f, "  step           {global_step}")?;
        if *steps_run > 0 {
            let (seconds, rate) = (self.time.as_secs_f64(), self.steps_per_second());
            writeln!(f, "  steps run      {steps_run} in {seconds:.1} s, {rate:.0} steps/s")?;
        }
        if let Some(loss) = self.loss {
            writeln!(f, "  loss           {loss:.6}")?;
        }
        if let Some(accuracy) = test_accuracy {
            writeln!(f, "  test accuracy  {:.2} %", accuracy * 100.0)?;
        }
        if let Some(nats) = self.held_out_nats {
            writeln!(f, "  held out       {nats:.4} nats a character")?;
        }
        writeln!(f, "  checkpoint     {checkpoint}")?;
        writeln!(f, "  events         {}", events.display())?;
        write!(f, "  see it         tensorboard --logdir {}", logdir.display())
    }
}
