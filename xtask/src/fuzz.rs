//! `cargo xtask fuzz`: random bytes, guided by coverage, into a reader.

use std::{ffi::OsString, fs, path::Path, process::Command};

use crate::{
    Outcome,
    process::{cargo, run},
    workspace::Workspace,
};

/// The readers; each has a target in `fuzz/` of this name.
const READERS: [&str; 6] = ["native", "safetensors", "tensor-bundle", "npz", "torch", "events"];

/// The release that the targets are written for.
const CARGO_FUZZ: &str = "cargo-fuzz@0.13.1";

/// Fuzzes one reader for so many seconds, then puts the smallest corpus of the same coverage beside the one there is.
pub(crate) fn fuzz(words: Vec<OsString>) -> Outcome {
    let (reader, seconds) = parse(&words)?;
    let root = Workspace::load()?.root;
    let tools = root.join("target/tools");
    run(cargo().args(["install", "--quiet", "--locked", CARGO_FUZZ, "--root"]).arg(&tools))?;
    let (corpus, found) = (format!("corpus/{reader}"), format!("corpus.found/{reader}"));
    fs::create_dir_all(root.join("fuzz").join(&found))?;
    fs::create_dir_all(root.join("fuzz").join(&corpus))?;
    let limits = ["-max_len=4096".to_owned(), "-timeout=10".to_owned(), "-rss_limit_mb=2048".to_owned()];
    let time = format!("-max_total_time={seconds}");
    run(cargo_fuzz(&tools, &root).args(["run", &reader, &found, &corpus, "--"]).args(&limits).arg(time))?;
    run(cargo_fuzz(&tools, &root).args(["run", &reader, &corpus, &found, "--", "-merge=1"]).args(&limits))
}

fn parse(words: &[OsString]) -> Outcome<(String, u64)> {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    match &words[..] {
        [reader, seconds] if READERS.contains(&reader.as_str()) => Ok((reader.clone(), seconds.parse()?)),
        _ => Err(format!("name a reader and seconds; the readers are {}", READERS.join(", ")).into()),
    }
}

/// The sanitizers of a stable compiler are behind its door for the nightly one.
fn cargo_fuzz(tools: &Path, root: &Path) -> Command {
    let mut command = Command::new(tools.join("bin/cargo-fuzz"));
    command.current_dir(root.join("fuzz")).env("RUSTC_BOOTSTRAP", "1");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_and_seconds_are_taken() {
        assert_eq!(parse(&["npz".into(), "60".into()]).unwrap(), ("npz".to_owned(), 60));
        assert!(parse(&["nothing".into(), "60".into()]).unwrap_err().to_string().contains("native"));
        assert!(parse(&["npz".into(), "long".into()]).is_err());
    }
}
