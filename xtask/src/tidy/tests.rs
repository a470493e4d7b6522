//! The checks on small texts.

use std::path::Path;

use super::{architecture, fault::Fault, limits, manifest, readme, source};
use crate::workspace::{Dependency, Package};

fn package(name: &str, dependencies: &[&str]) -> Package {
    Package {
        name: format!("everstep-{name}"),
        folder: format!("crates/{name}").into(),
        published: true,
        description: Some(format!("the {name}")),
        license: Some("MIT".to_owned()),
        rust_version: Some("1.95".to_owned()),
        keywords: vec!["everstep".to_owned()],
        categories: vec!["science".to_owned()],
        dependencies: dependencies.iter().map(|written| dependency(written)).collect(),
        ..Package::default()
    }
}

/// A dependency written as in the table: `session` is ours, `+log` is not, `(+serde)` is optional.
fn dependency(written: &str) -> Dependency {
    let name = written.trim_matches(['(', ')']);
    let (ours, name) = match name.strip_prefix('+') {
        Some(name) => (false, name.to_owned()),
        None => (true, format!("everstep-{name}")),
    };
    Dependency { name, ours, optional: written.starts_with('('), build: false }
}

#[track_caller]
fn check(found: Vec<Fault>, expected: &[&str]) {
    assert_eq!(found.iter().map(Fault::to_string).collect::<Vec<_>>(), expected);
}

fn page(name: &str, rows: &str) -> String {
    format!("# Page\n<!-- {name} -->\n\n| a | b | c | d |\n|---|---|---|---|\n{rows}\n<!-- /{name} -->\n")
}

#[test]
fn the_architecture_agrees_with_the_manifests() {
    let packages = [package("hook", &["tensor", "session"]), package("hooks", &["hook", "(+serde)", "+log"])];
    let exact = "| `hook` | hooks | `session`, `tensor` | – |\n| `hooks` | more | `hook` | `log`, (`serde`) |";
    check(architecture::check(&page("crates", exact), &packages), &[]);

    let wrong = "| `hook` |  | `session` | – |\n| `hooks` | more | `hook` | `log`, `serde` |\n| `ghost` | | | |";
    let faults = architecture::check(&page("crates", wrong), &packages);
    check(
        faults,
        &[
            "docs/architecture.md: `hook` has no line of description: write what it is for",
            "docs/architecture.md: `hook` says `session`: its manifest says `session`, `tensor`",
            "docs/architecture.md: `hooks` says `log`, `serde`: its manifest says `log`, (`serde`)",
            "docs/architecture.md: there is no crate `ghost`: delete its row",
        ],
    );
}

#[test]
fn the_architecture_has_each_crate_once() {
    let packages = [package("hook", &["tensor"]), package("event", &[])];
    let twice = "| `event` | e | – | – |\n| `event` | e | – | – |";
    check(
        architecture::check(&page("crates", twice), &packages),
        &[
            "docs/architecture.md: lacks `hook`: add | `hook` | the hook | `tensor` | – |",
            "docs/architecture.md: has `event` twice: keep one row",
        ],
    );
    check(
        architecture::check("no table", &packages),
        &["docs/architecture.md: has no table of crates: write it between `<!-- crates -->` and `<!-- /crates -->`"],
    );
}

#[test]
fn a_forbidden_dependency_is_shown_with_its_way() {
    let packages = [
        package("hooks", &["hook"]),
        package("hook", &["tensor", "(monitored)"]),
        package("monitored", &["graph"]),
        package("graph", &["tensor"]),
        package("tensor", &[]),
    ];
    check(
        limits::check(&packages),
        &[
            "crates/hooks/Cargo.toml: knows what it must not: hooks → hook → monitored → graph: \
             cut one of these dependencies",
            "crates/hook/Cargo.toml: knows what it must not: hook → monitored → graph: cut one of these dependencies",
            "crates/monitored/Cargo.toml: knows what it must not: monitored → graph: cut one of these dependencies",
        ],
    );
    check(limits::check(&[package("engine", &["graph", "ops"]), package("graph", &["proto"])]), &[]);
}

#[test]
fn a_contract_is_free_of_third_parties() {
    check(limits::check(&[package("tensor", &["(+serde)", "(+ndarray)"]), package("summary", &["+log"])]), &[]);

    let mut tensor = package("tensor", &["+libc"]);
    tensor.has_build_script = true;
    tensor.features.insert("default".to_owned(), vec!["serde".to_owned()]);
    check(
        limits::check(&[tensor]),
        &[
            "crates/tensor/Cargo.toml: a contract crate depends on `libc`: \
             remove it or make it optional and off by default",
            "crates/tensor/Cargo.toml: a contract crate has default features: make them opt-in",
            "crates/tensor/Cargo.toml: a contract crate has a build script: remove it",
        ],
    );
}

#[test]
fn a_manifest_is_complete() {
    let library = "//! Hooks.\n#![doc = include_str!(\"../README.md\")]\n";
    check(manifest::check(&package("hook", &[]), "# hook", library), &[]);

    let bare = Package { name: "everstep-io-utils".to_owned(), folder: "crates/x".into(), ..Package::default() };
    check(
        manifest::check(&bare, "", "//! Hooks."),
        &[
            "crates/x/Cargo.toml: has no description: add `description`",
            "crates/x/Cargo.toml: has no keywords: add `keywords`",
            "crates/x/Cargo.toml: has no categories: add `categories`",
            "crates/x/Cargo.toml: has no license: add `license`",
            "crates/x/Cargo.toml: has no rust-version: add `rust-version`",
            "crates/x/Cargo.toml: the name `everstep-io-utils` says nothing: \
             name what it is for, without trainer, callback, manager, helper, util, common, base, misc",
            "crates/x/README.md: is missing: say what it is, what it does not do, and show an example that runs",
            "crates/x/src/lib.rs: does not include the README: \
             end the header with `#![doc = include_str!(\"../README.md\")]`",
        ],
    );
}

#[test]
fn a_manifest_takes_the_lints_of_the_workspace() {
    let hook = package("hook", &[]);
    assert!(manifest::lints(&hook, "[package]\n\n[lints]\nworkspace = true\n").is_none());
    let fault = manifest::lints(&hook, "[package]\nlicense.workspace = true\n[lints.rust]\n");
    check(
        fault.into_iter().collect(),
        &["crates/hook/Cargo.toml: does not take the lints of the workspace: add `[lints]` with `workspace = true`"],
    );
}

#[test]
fn the_readme_lists_each_crate_with_its_description() {
    let packages = [package("hook", &[]), package("event", &[]), package("train", &[])];
    let rows = "| [`everstep-hook`](crates/hook) | the hook | 3 s |\n| `everstep-event` | events |\n| `x` | y |";
    check(
        readme::check(&page("table", rows), &packages),
        &[
            "README.md: `everstep-event` is not described as in its manifest: write `the event`",
            "README.md: lacks `everstep-train`: add | `everstep-train` | the train |",
            "README.md: there is no crate `x`: delete its row",
        ],
    );
}

#[track_caller]
fn check_source(path: &str, text: &str, expected: &[&str]) {
    check(source::check(Path::new(path), text), expected);
}

#[test]
fn a_source_starts_with_what_it_is_for() {
    check_source("src/noun.rs", "//! A noun.\n", &[]);
    check_source("README.md", "# A noun\n", &[]);
    let expected = "src/noun.rs: does not start with `//!`: say in its first line what the file is for";
    check_source("src/noun.rs", "mod noun;\n", &[expected]);
    let expected = "src/helpers.rs: the name `helpers` says nothing: name the noun that it holds";
    check_source("src/helpers.rs", "//! Help.\n", &[expected]);
}

#[test]
fn white_space_is_found_with_its_line() {
    check_source(
        "a.md",
        "one \ntwo\n\tthree\n",
        &["a.md: line 1 ends with white space: remove it", "a.md: line 3 has a tab: write spaces"],
    );
}

#[test]
fn unsafe_is_code_and_not_a_word() {
    let lines = [
        ("fn f() { unsafe { g() } }", true),
        ("unsafe impl Send for F {}", true),
        ("#![allow(unsafe_code, reason = \"because\")]", true),
        ("let c = '\"'; unsafe { g() }", true),
        ("// unsafe { g() }", false),
        ("/// What is unsafe about it.", false),
        ("let word = \"unsafe\";", false),
        ("let word = \"an \\\"unsafe\\\" word\";", false),
        ("let unsafely = 1;", false),
    ];
    for (line, expected) in lines {
        let text = format!("//! A noun.\n{line}\n");
        let faults = source::check(Path::new("crates/hook/src/noun.rs"), &text);
        assert_eq!(!faults.is_empty(), expected, "{line}");
        check_source("crates/ops/src/kernel.rs", &text, &[]);
        check_source("crates/tensor/src/cast.rs", &text, &[]);
        check_source("crates/hook/tests/it/noun.rs", &text, &[]);
    }
    let expected = "crates/hook/src/noun.rs: line 2 is unsafe: \
                    only crates/tensor/src/cast.rs and crates/ops/src may; find a safe way";
    check_source("crates/hook/src/noun.rs", "//! A noun.\nunsafe { g() }\n", &[expected]);
}

#[test]
fn only_our_texts_are_read() {
    for ours in ["a.rs", "b/c.md", "xtask/interop/read_events.py", ".ci/run", "deny.toml"] {
        assert!(source::is_text(Path::new(ours)), "{ours}");
    }
    assert!(!source::is_text(Path::new("digits.csv.gz")));
    for (folder, kept) in [("crates", true), (".ci", true), ("target", false), (".git", false), ("runs", false)] {
        assert_eq!(source::is_kept(Path::new(folder)), kept, "{folder}");
    }
    assert!(source::is_long(Path::new("a.rs"), &"x\n".repeat(501)));
    assert!(!source::is_long(Path::new("a.rs"), &"x\n".repeat(500)));
}
