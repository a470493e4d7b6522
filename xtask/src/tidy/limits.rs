//! Who may not know whom, directly or through others, with any feature.

use std::collections::{HashSet, VecDeque};

use super::fault::Fault;
use crate::workspace::Package;

/// Each of the first never knows any of the second.
const NEVER: &[(&[&str], &[&str])] = &[
    (&["train", "hooks", "monitored", "hook", "session", "checkpoint", "summary"], &["graph", "ops", "engine"]),
    (&["hooks", "monitored"], &["checkpoint", "summary"]),
    (&["checkpoint"], &["session", "hook", "summary"]),
    (&["summary"], &["session", "hook", "checkpoint"]),
    (&["graph"], &["ops", "engine", "session"]),
];

/// The contracts: without a third-party dependency by default, and without a build script.
const CONTRACTS: &[&str] = &["tensor", "session", "hook", "event"];

/// Every limit that `packages` break.
pub(super) fn check(packages: &[Package]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (knowing, known) in NEVER {
        for package in packages.iter().filter(|package| knowing.contains(&package.short())) {
            let ways = known.iter().filter_map(|target| way(packages, package, target));
            faults.extend(ways.map(|way| {
                let what = format!("knows what it must not: {}", way.join(" → "));
                Fault::new(package.manifest(), what, "cut one of these dependencies")
            }));
        }
    }
    faults.extend(packages.iter().filter(|package| CONTRACTS.contains(&package.short())).flat_map(contract));
    faults
}

/// The shortest way from `start` to the crate `target`, through normal dependencies, optional ones included.
fn way<'a>(packages: &'a [Package], start: &'a Package, target: &str) -> Option<Vec<&'a str>> {
    let mut seen = HashSet::from([start.short()]);
    let mut queue = VecDeque::from([vec![start.short()]]);
    while let Some(way) = queue.pop_front() {
        let last = *way.last()?;
        if last == target {
            return Some(way);
        }
        let package = packages.iter().find(|package| package.short() == last);
        for dependency in package.into_iter().flat_map(Package::normal).filter(|dependency| dependency.ours) {
            if seen.insert(dependency.short()) {
                queue.push_back(way.iter().copied().chain([dependency.short()]).collect());
            }
        }
    }
    None
}

fn contract(package: &Package) -> Vec<Fault> {
    let path = package.manifest();
    let foreign = package.dependencies.iter().filter(|dependency| !dependency.ours && !dependency.optional);
    let mut faults = foreign
        .map(|dependency| {
            let what = format!("a contract crate depends on `{}`", dependency.name);
            Fault::new(&path, what, "remove it or make it optional and off by default")
        })
        .collect::<Vec<_>>();
    if package.features.get("default").is_some_and(|enabled| !enabled.is_empty()) {
        faults.push(Fault::new(&path, "a contract crate has default features", "make them opt-in"));
    }
    if package.has_build_script {
        faults.push(Fault::new(&path, "a contract crate has a build script", "remove it"));
    }
    faults
}
