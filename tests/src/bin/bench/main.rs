//! `cargo xtask bench`: measures, in release mode; it judges nothing.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

mod checkpoint;
mod counting;
mod kernels;
mod models;
mod null_step;
mod peak;
mod peers;
mod summary_writer;
mod training_loop;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask bench loop|summary|checkpoint [--json]
       cargo xtask bench kernels [--json] [WORD]...
       cargo xtask bench models [--json] [--threads N]... [--model NAME]... [--peers [--python PATH]...]
  loop        what the loop and its hooks cost a step, on a session that only counts, on one thread, and
              what the engine costs such a step; beside it TensorFlow's MonitoredTrainingSession,
              where python3 can import tensorflow
  summary     what it costs to write scalars to an event file; beside it the writers of TensorFlow,
              torch and tensorboardX, those that python3 can import
  checkpoint  what 50 saves of 1 GiB cost a training that rewrites all of it in every step, and what
              a restore takes; beside it torch.save, TensorFlow's Saver and Orbax, where python3 can
              import them; needs 4 GiB of memory and 3 GiB in the directory for temporary files
  kernels     single kernels on 1 and on 2 threads, those that have one of the words in their names: products of
              matrices and convolutions in GFLOP/s beside the machine's peak, passes over elements in GB/s
  models      steps a second of whole models (logreg, mlp, cnn, transformer), beside the machine's peak, with
              the most memory of the process and the time to its first step; on 1 and on 2 threads if
              nothing is said. With --peers beside TensorFlow, jax and torch, as far as one of the
              pythons can import them: the best one and ours in rounds that alternate
EVERSTEP_PYTHON lists the interpreters to ask in place of python3, as PATH lists folders.";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["loop"] => training_loop::bench(false),
        ["loop", "--json"] => training_loop::bench(true),
        ["summary"] => summary_writer::bench(false),
        ["summary", "--json"] => summary_writer::bench(true),
        ["checkpoint"] => checkpoint::bench(false),
        ["checkpoint", "--json"] => checkpoint::bench(true),
        ["kernels", ref words @ ..] => kernels::bench(words),
        ["models", ref words @ ..] => models::bench(words),
        // The process in which `models` measures ours.
        ["work", model, threads] => models::work(model, threads),
        ["--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            let words = words.join(" ");
            eprintln!(
                "error: there is no such bench: {words}; there are `loop`, `summary`, `checkpoint`, `kernels` and `models`, with --json if you like"
            );
            return ExitCode::FAILURE;
        }
    };
    result.map_or_else(
        |error| {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}
