//! Engines that do the same work, each in a process of its own.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Instant,
};

use super::{Model, Outcome};

/// The names that `peer_models.py` knows, and the module that each needs.
const FRAMEWORKS: [(&str, &str); 5] = [
    ("tensorflow-session", "tensorflow"),
    ("tensorflow-function", "tensorflow"),
    ("tensorflow-xla", "tensorflow"),
    ("jax", "flax"),
    ("torch", "torch"),
];

/// An engine that can be started on a model.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: String,
    program: PathBuf,
    words: Vec<String>,
}

impl Peer {
    /// This very program.
    pub(crate) fn ours() -> Outcome<Self> {
        Ok(Self { name: "everstep".into(), program: std::env::current_exe()?, words: vec!["work".into()] })
    }

    /// Whether it is worth measuring.
    pub(crate) fn can(&self, model: Model) -> bool {
        self.name != "tensorflow-xla" || model != Model::LogisticRegression
    }

    /// Starts it and waits for the end of its first step.
    pub(crate) fn start(&self, model: Model, threads: usize) -> Outcome<Started> {
        let began = Instant::now();
        let cores: Vec<String> = (0..threads).map(|core| core.to_string()).collect();
        let mut command = Command::new("taskset");
        command.args(["-c", &cores.join(",")]).arg(&self.program).args(&self.words);
        command.args([model.name(), &threads.to_string()]);
        for variable in ["RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
            command.env(variable, threads.to_string());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("taskset (util-linux): {error}"))?;
        let (Some(steps), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the process has no pipes".into());
        };
        let mut started = Started { child, steps, answers: BufReader::new(answers), first_step_s: 0.0 };
        let ready = started.answer()?;
        if ready != "ready" {
            return Err(format!("it did not get ready: {ready:?}").into());
        }
        started.first_step_s = began.elapsed().as_secs_f64();
        Ok(started)
    }
}

/// The peers of which all that they need is there; says of the others what would bring them.
pub(crate) fn installed(pythons: &[String]) -> Vec<Peer> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for (name, module) in FRAMEWORKS {
        match pythons.iter().find(|python| can_import(python, module)) {
            Some(python) => found.push(Peer {
                name: name.into(),
                program: python.into(),
                words: vec![root.join("xtask/interop/peer_models.py").display().to_string(), name.into()],
            }),
            None => eprintln!("{name} is left out: no python can import {module}; name one with --python"),
        }
    }
    found
}

fn can_import(python: &str, module: &str) -> bool {
    let find = format!("import importlib.util, sys; sys.exit(importlib.util.find_spec({module:?}) is None)");
    let status = Command::new(python).args(["-c", &find]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// An engine with its model, ready to train.
#[derive(Debug)]
pub(crate) struct Started {
    child: Child,
    steps: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// From the start of the process to the end of its first step.
    pub(crate) first_step_s: f64,
}

impl Started {
    /// Trains so many steps, which it times itself.
    pub(crate) fn steps_per_s(&mut self, steps: usize) -> Outcome<f64> {
        writeln!(self.steps, "{steps}")?;
        self.steps.flush()?;
        let answer = self.answer()?;
        let seconds: f64 = answer.parse().map_err(|_| format!("it answered {answer:?}, not seconds"))?;
        Ok(steps as f64 / seconds)
    }

    /// The most memory that the process had, in MB of 1,000,000 bytes; NaN where the system does not tell.
    pub(crate) fn peak_rss_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kibibytes.map_or(f64::NAN, |kibibytes| kibibytes * 1024.0 / 1e6)
    }

    fn answer(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(format!("it ended: {}", self.child.wait()?).into());
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _waited = self.child.wait();
    }
}
