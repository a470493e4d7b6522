//! `cargo xtask help`: every command and its options, in one place.

use std::ffi::OsString;

use crate::{COMMANDS, Outcome, no_options};

const TEXT: &str = "\
The chores of the Everstep workspace.

usage: cargo xtask COMMAND [OPTIONS]

  train [digits|fashion-mnist|text] [OPTIONS]
      Build the train program with optimisation and run it: a classifier of images, or a
      transformer that learns to write as a text is written; its own --help lists its options.
  bench loop|summary [--json]
      What the loop, its hooks and the engine cost a step, or what it costs to write scalars, in release mode;
      it judges nothing.
  bench checkpoint [--json]
      What 50 saves of 1 GiB cost a training that rewrites all of it in every step, the rate of
      the writes beside that of the bare disk, and of restores; it judges nothing.
  bench kernels [--json] [WORD]...
      What single kernels do on 1 and on 2 threads, those that have one of the words in their names:
      products and convolutions in GFLOP/s beside the machine's peak; judges nothing.
  bench models [--json] [--threads N]... [--model NAME]... [--peers [--python PATH]...]
      Steps a second of whole models, with the share of the machine's peak, memory and the time to
      the first step, beside TensorFlow, jax and torch if asked for and installed; judges nothing.
  killed-saves [--rounds N]
      Kills a process that saves as fast as it can, again and again (default 200 times), and looks
      whether every restart restores a verified state.
  killed-events [--rounds N]
      Kills processes that write a million events each, at random moments (default 10), and checks
      that every event they had flushed is there, in order, and nothing else.
  events show|tail|scalars|export DIR [OPTIONS]
      What the event files of a log directory hold, for people and for other programs; its own
      --help lists its options.
  plot DIR... [-o FILE] [--tag TAG] [--smooth WEIGHT]
      Draws the curves of runs, one over the other, as an SVG picture.
  checkpoint list|show|verify|diff|convert|prune PATH [OPTIONS]
      Looks at checkpoints of every format, compares, converts and prunes them; its own --help
      lists the options.
  data digits|fashion-mnist [--dir DIR]
      Bring a data set and check it. The digits are part of the repository; Fashion-MNIST goes
      to DIR (default target/data/fashion-mnist).
  test
      All tests of the workspace, and the examples in its documentation.
  tidy
      What the compiler does not check: dependencies against docs/architecture.md, who may not
      know whom, READMEs, manifests, sources, white space.
  cases
      Runs the tests that carry the number of a behaviour of the original loop, and accounts for
      every number of xtask/cases.txt: it passes as a test, or docs/differences.md says why not.
  ops [--check]
      Runs the catalogue of ops, prints what is tested of each, and writes docs/ops.md, or
      compares it; a hole is an error.
  fuzz READER SECONDS
      Random bytes, guided by coverage, into native, safetensors, tensor-bundle, npz, torch or
      events; what they reach joins fuzz/corpus, which the tests replay.
  interop [--pages] [--tensorflow]
      Short trainings that say something of every kind, read back with TensorBoard's own readers
      and compared value for value, and random events of every kind, with its protocol messages;
      --pages opens its pages in headless Chromium as well. The checkpoint of a run is read and
      written again by NumPy and safetensors, and by TensorFlow if asked for: that of an interpreter
      in EVERSTEP_PYTHON (a list as PATH is one), else one that is installed in target/interop.
  ci [--only STAGE,STAGE] [--skip STAGE,STAGE]
      Everything a change must pass, in order: fmt, tidy, clippy, test, alone, features,
      cases, ops, docs, deny, package, interop. Stops at the first failure and prints the time of
      each stage.
  help
      This text.

RUST_LOG sets what is logged (default info).";

/// Prints what each command does.
pub(crate) fn help(words: Vec<OsString>) -> Outcome {
    no_options(&words)?;
    println!("{TEXT}");
    Ok(())
}

/// The names of all commands, for an error message.
pub(crate) fn names() -> String {
    COMMANDS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_describes_every_command_and_every_stage() {
        for (name, _) in COMMANDS {
            assert!(TEXT.contains(&format!("\n  {name}")), "help does not describe `{name}`");
        }
        let text = TEXT.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&crate::ci::names()), "help does not list the stages of ci");
    }
}
