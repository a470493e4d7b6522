//! What each manifest and each README must say.

use super::{
    fault::Fault,
    source::{self, NOT_USED},
};
use crate::workspace::Package;

/// The line of `lib.rs` that makes the README part of the documentation, so that its example runs as a test.
const INCLUDED: &str = r#"#![doc = include_str!("../README.md")]"#;

/// Checks a published package; `readme` and `library` are empty where the file is missing.
pub(super) fn check(package: &Package, readme: &str, library: &str) -> Vec<Fault> {
    let path = package.manifest();
    let mut faults = Vec::new();
    for field in missing(package) {
        faults.push(Fault::new(&path, format!("has no {field}"), format!("add `{field}`")));
    }
    if package.short().split('-').any(source::is_not_used) {
        let what = format!("the name `{}` says nothing", package.name);
        faults.push(Fault::new(&path, what, format!("name what it is for, without {}", NOT_USED.join(", "))));
    }
    if readme.is_empty() {
        let remedy = "say what it is, what it does not do, and show an example that runs";
        faults.push(Fault::new(package.folder.join("README.md"), "is missing", remedy));
    }
    if !library.contains(INCLUDED) {
        let remedy = format!("end the header with `{INCLUDED}`");
        faults.push(Fault::new(package.folder.join("src/lib.rs"), "does not include the README", remedy));
    }
    faults
}

fn missing(package: &Package) -> impl Iterator<Item = &'static str> {
    let fields = [
        ("description", package.description.is_none()),
        ("keywords", package.keywords.is_empty()),
        ("categories", package.categories.is_empty()),
        ("license", package.license.is_none()),
        ("rust-version", package.rust_version.is_none()),
    ];
    fields.into_iter().filter(|(_, missing)| *missing).map(|(field, _)| field)
}

/// Checks that `manifest`, the text of any member's manifest, takes the lints of the workspace.
pub(super) fn lints(package: &Package, manifest: &str) -> Option<Fault> {
    let mut lines = manifest.lines().map(str::trim);
    let inherits = lines.any(|line| line == "[lints]") && lines.next() == Some("workspace = true");
    let remedy = "add `[lints]` with `workspace = true`";
    (!inherits).then(|| Fault::new(package.manifest(), "does not take the lints of the workspace", remedy))
}
