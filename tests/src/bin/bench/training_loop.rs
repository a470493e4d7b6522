//! What the loop and its hooks cost a step.

use std::{path::Path, time::Instant};

use everstep::{
    monitored::Ran,
    prelude::{AfterRun, BeforeRun, Hook, Result, Session},
    session::connect_fn,
    train::{MonitoredTrainingSession, TrainOptions},
};
use serde_json::json;

use crate::{counting::Counting, null_step, peers};

const STEPS: u32 = 1_000_000;
/// Odd, so that the median is one of them.
const ROUNDS: usize = 9;

/// A hook that looks and asks for nothing.
struct Idle(u64);

impl<S: Session> Hook<S> for Idle {
    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        self.0 = self.0.max(run.global_step());
        Ok(())
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.0 = self.0.max(run.global_step());
        Ok(())
    }
}

/// Nanoseconds of one step: the median of the rounds.
fn measure(directory: Option<&Path>, options: TrainOptions<'_, Counting>) -> Result<f64> {
    let connect = connect_fn(|_, _| Ok(Counting::default()));
    let mut session = MonitoredTrainingSession::begin(connect, directory, options)?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..STEPS {
            match session.run(&[()], &[])? {
                Ran::Values(values) => std::hint::black_box(values),
                Ran::Undone(_) | Ran::AppliedUnseen | Ran::Stopped => unreachable!("nothing stops, is lost or undone"),
            };
        }
        rounds.push(began.elapsed().as_nanos() as f64 / f64::from(STEPS));
    }
    session.finish()?;
    rounds.sort_by(f64::total_cmp);
    Ok(rounds[ROUNDS / 2])
}

fn bare<'a>() -> TrainOptions<'a, Counting> {
    TrainOptions {
        save_checkpoint_secs: None,
        save_summaries_steps: None,
        log_step_count_steps: None,
        ..Default::default()
    }
}

/// Measures and prints.
pub(crate) fn bench(json: bool) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let bare_run_ns = measure(None, bare())?;
    let idle = || (0..10).map(|_| Box::new(Idle(0)) as _).collect();
    let ten_idle_hooks_ns = measure(None, TrainOptions { hooks: idle(), ..bare() })? - bare_run_ns;
    let directory = std::env::temp_dir().join(format!("everstep-bench-{}", std::process::id()));
    let default_hooks = measure(Some(&directory), TrainOptions::default());
    std::fs::remove_dir_all(&directory)?;
    let default_hooks_steps_per_s = 1e9 / default_hooks?;
    let null_steps_per_s = null_step::steps_per_s()?;

    println!("the loop on a session that only counts, one thread, median of {ROUNDS} rounds of {STEPS} steps");
    println!("  a bare run                {bare_run_ns:>12.1} ns          goal: at most 200");
    println!("  ten idle hooks            {ten_idle_hooks_ns:>12.1} ns more     goal: at most 500 more");
    println!("  the default hooks         {default_hooks_steps_per_s:>12.0} steps/s     goal: at least 1000000");
    println!("  the engine's null step    {null_steps_per_s:>12.0} steps/s     goal: at least 3000000");
    let tensorflow = tensorflow();
    match &tensorflow {
        Some(steps_per_s) => {
            println!("  TensorFlow's session with its default hooks {steps_per_s:>8.0} steps/s");
            println!("  ratio                     {:>12.1}", default_hooks_steps_per_s / steps_per_s);
        }
        None => println!("  TensorFlow is not installed for python3: nothing to compare with"),
    }
    if json {
        let report = json!({
            "bare_run_ns": bare_run_ns,
            "ten_idle_hooks_ns": ten_idle_hooks_ns,
            "default_hooks_steps_per_s": default_hooks_steps_per_s,
            "null_steps_per_s": null_steps_per_s,
            "tensorflow_default_hooks_steps_per_s": tensorflow,
        });
        println!("{report}");
    }
    Ok(())
}

/// The same null step through TensorFlow, where it is installed.
fn tensorflow() -> Option<f64> {
    peers::ask("bench_loop.py", &[])?["default_hooks_steps_per_s"].as_f64()
}
