//! `cargo xtask ci`: everything a change must pass, one stage after the other.

use std::{
    ffi::OsString,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use lexopt::prelude::*;

use crate::{
    Outcome, cases, interop, ops,
    process::{answers, cargo, run, run_quietly},
    suite, tidy,
    workspace::{Package, Workspace},
};

/// One thing a change must pass.
type Stage = fn(&Workspace) -> Outcome;

/// Every stage: quick ones first, so that a fault shows early.
const STAGES: &[(&str, Stage)] = &[
    ("fmt", fmt),
    ("tidy", |_| tidy::tidy(Vec::new())),
    ("clippy", clippy),
    ("test", |_| suite::test(Vec::new())),
    ("alone", alone),
    ("features", features),
    ("cases", |_| cases::cases(Vec::new())),
    ("ops", |_| ops::ops(vec!["--check".into()])),
    ("docs", docs),
    ("deny", deny),
    ("package", package),
    ("interop", |_| interop::interop(Vec::new())),
];

/// The version of cargo-deny that `deny.toml` is written for.
const CARGO_DENY: &str = "cargo-deny@0.20.2";

/// Runs the stages that `words` choose.
pub(crate) fn ci(words: Vec<OsString>) -> Outcome {
    let stages = choose(words)?;
    let workspace = Workspace::load()?;
    let mut times = Vec::new();
    for (name, stage) in stages {
        log::info!("stage {name}");
        let start = Instant::now();
        let result = stage(&workspace);
        times.push((name, start.elapsed(), result.is_ok()));
        if let Err(error) = result {
            print(&times);
            return Err(format!("stage {name}: {error}").into());
        }
    }
    print(&times);
    Ok(())
}

/// The names of the stages, for help and for an error message.
pub(crate) fn names() -> String {
    STAGES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// The stages that `--only` and `--skip` leave, in their order.
fn choose(words: Vec<OsString>) -> Outcome<Vec<(&'static str, Stage)>> {
    let (mut only, mut skip) = (Vec::new(), Vec::new());
    let mut parser = lexopt::Parser::from_args(words);
    while let Some(word) = parser.next()? {
        match word {
            Long("only") => only.extend(listed(parser.value()?)?),
            Long("skip") => skip.extend(listed(parser.value()?)?),
            _ => return Err(word.unexpected().into()),
        }
    }
    let chosen = |name: &str| (only.is_empty() || only.iter().any(|n| n == name)) && !skip.iter().any(|n| n == name);
    Ok(STAGES.iter().filter(|(name, _)| chosen(name)).copied().collect())
}

fn listed(value: OsString) -> Outcome<Vec<String>> {
    let listed = value.string()?.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>();
    match listed.iter().find(|name| !STAGES.iter().any(|(known, _)| known == name)) {
        Some(unknown) => Err(format!("unknown stage `{unknown}`; the stages are {}", names()).into()),
        None => Ok(listed),
    }
}

fn print(times: &[(&str, Duration, bool)]) {
    println!("\nstage       seconds");
    for (name, time, passed) in times {
        println!("{name:<10} {:>8.1}  {}", time.as_secs_f64(), if *passed { "passed" } else { "FAILED" });
    }
    println!("{:<10} {:>8.1}", "together", times.iter().map(|(_, time, _)| time.as_secs_f64()).sum::<f64>());
}

fn fmt(_: &Workspace) -> Outcome {
    run(cargo().args(["fmt", "--all", "--check"]))
}

fn clippy(_: &Workspace) -> Outcome {
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))
}

/// A crate that leans on features which a sibling turned on builds in the workspace, but not for its user.
fn alone(workspace: &Workspace) -> Outcome {
    for package in workspace.published() {
        log::info!("{}", package.name);
        run_quietly(cargo().args(["check", "--all-targets", "--package", &package.name]))?;
    }
    Ok(())
}

fn features(workspace: &Workspace) -> Outcome {
    for package in workspace.published() {
        for arguments in feature_sets(package) {
            log::info!("{} {}", package.name, arguments.join(" "));
            run_quietly(cargo().args(["check", "--package", &package.name]).args(arguments))?;
        }
    }
    Ok(())
}

/// Each feature by itself and none at all; nothing for a package without features, which the other stages build.
fn feature_sets(package: &Package) -> Vec<Vec<&str>> {
    let named = package.features.keys().filter(|feature| *feature != "default");
    let mut sets = named.map(|feature| vec!["--no-default-features", "--features", feature]).collect::<Vec<_>>();
    if !package.features.is_empty() {
        sets.push(vec!["--no-default-features"]);
    }
    sets
}

fn docs(_: &Workspace) -> Outcome {
    let documentation = ["doc", "--workspace", "--no-deps", "--all-features"];
    run(cargo().args(documentation).env("RUSTDOCFLAGS", "-D warnings"))
}

fn deny(workspace: &Workspace) -> Outcome {
    let tools = workspace.root.join("target/tools");
    // Does nothing if that version is there. It runs for seconds and would be optimised for minutes.
    let install = ["install", "--quiet", "--locked", "--debug", CARGO_DENY, "--root"];
    run(cargo().args(install).arg(&tools).env("CARGO_PROFILE_DEV_DEBUG", "none"))?;
    let deny = || deny_in(&tools, &workspace.root);
    run(deny().args(["check", "licenses", "bans", "sources"]))?;
    if !answers(deny().args(["fetch", "db"])) {
        log::warn!("the database of security advisories is out of reach: advisories are not checked");
        return Ok(());
    }
    run(deny().args(["check", "--disable-fetch", "advisories"]))
}

fn deny_in(tools: &Path, root: &Path) -> Command {
    let mut command = Command::new(tools.join("bin/cargo-deny"));
    command.current_dir(root);
    command
}

/// What a registry would get, without building it again.
fn package(_workspace: &Workspace) -> Outcome {
    let output = run_quietly(cargo().args(["package", "--workspace", "--no-verify", "--allow-dirty"]))?;
    let said = String::from_utf8_lossy(&output.stderr);
    match said.lines().find(|line| line.contains("warning")) {
        Some(warning) => Err(format!("`cargo package` warns: {warning}").into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[&str], expected: &[&str]) {
        let chosen = choose(words.iter().map(OsString::from).collect()).unwrap();
        assert_eq!(chosen.iter().map(|(name, _)| *name).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn only_and_skip_choose_stages_in_their_order() {
        check(&["--only", "clippy,fmt"], &["fmt", "clippy"]);
        check(&["--only=fmt,tidy,clippy", "--skip", "tidy"], &["fmt", "clippy"]);
        check(
            &["--skip", "test", "--skip", "interop,deny"],
            &["fmt", "tidy", "clippy", "alone", "features", "cases", "ops", "docs", "package"],
        );
    }

    #[test]
    fn an_unknown_stage_is_named_with_the_known_ones() {
        let error = choose(vec!["--skip".into(), "tets".into()]).unwrap_err().to_string();
        assert!(error.starts_with("unknown stage `tets`; the stages are fmt, tidy"), "{error}");
    }

    #[test]
    fn each_feature_is_checked_by_itself() {
        let features = [("default", vec!["a".to_owned()]), ("a", vec![]), ("b", vec![])];
        let features = features.map(|(name, enabled)| (name.to_owned(), enabled)).into();
        let package = Package { features, ..Package::default() };
        let expected = [
            vec!["--no-default-features", "--features", "a"],
            vec!["--no-default-features", "--features", "b"],
            vec!["--no-default-features"],
        ];
        assert_eq!(feature_sets(&package), expected);
        assert!(feature_sets(&Package::default()).is_empty());
    }
}
