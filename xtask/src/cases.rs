//! `cargo xtask cases`: each behaviour of the original is a test that passes now, or a difference that is written down.

use std::{collections::BTreeSet, ffi::OsString, fs};

use crate::{
    Outcome, no_options,
    process::{cargo, run_quietly},
    workspace::Workspace,
};

/// At most one of so many cases may be a difference.
const DIFFERENCES: usize = 10;

/// Runs the tests whose names carry a case's number, and accounts for every case.
pub(crate) fn cases(words: Vec<OsString>) -> Outcome {
    no_options(&words)?;
    let root = Workspace::load()?.root;
    let known = known(&fs::read_to_string(root.join("xtask/cases.txt"))?);
    let different = different(&fs::read_to_string(root.join("docs/differences.md"))?);
    let output = run_quietly(cargo().args(["test", "--workspace", "--tests", "--", "case_"]))?;
    let passed = passed(&String::from_utf8_lossy(&output.stdout));
    report(&known, &passed, &different)
}

/// Prints the account and fails where it does not close.
fn report(known: &BTreeSet<u32>, passed: &BTreeSet<u32>, different: &BTreeSet<u32>) -> Outcome {
    let tested = known.intersection(passed).count();
    let differ: BTreeSet<u32> = known.intersection(different).copied().filter(|case| !passed.contains(case)).collect();
    let neither: Vec<u32> =
        known.iter().copied().filter(|case| !passed.contains(case) && !differ.contains(case)).collect();
    println!(
        "{} cases: {tested} pass as tests, {} are differences, {} are neither",
        known.len(),
        differ.len(),
        neither.len()
    );
    let unknown: Vec<u32> = passed.union(different).copied().filter(|case| !known.contains(case)).collect();
    if !unknown.is_empty() {
        return Err(format!(
            "no such case in xtask/cases.txt: {}; mend the name of the test or the page",
            list(&unknown)
        )
        .into());
    }
    if !neither.is_empty() {
        let remedy = "name a test case_<number>_…, or write the difference into docs/differences.md as (case <number>)";
        return Err(format!("neither test nor difference: {}; {remedy}", list(&neither)).into());
    }
    if differ.len() * DIFFERENCES > known.len() {
        return Err(format!("{} differences are more than a tenth of {} cases", differ.len(), known.len()).into());
    }
    Ok(())
}

fn list(cases: &[u32]) -> String {
    cases.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

/// The numbers that begin the lines of `xtask/cases.txt`.
fn known(text: &str) -> BTreeSet<u32> {
    text.lines().filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
}

/// The numbers in `(case 7)` and `(cases 7, 9)` of the page of differences.
fn different(page: &str) -> BTreeSet<u32> {
    let lists = page.split("(case").skip(1).filter_map(|rest| rest.split(')').next());
    lists
        .flat_map(|list| list.split(|letter: char| !letter.is_ascii_digit()))
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// The numbers in the names of the tests that passed: `test hooks::case_7_9_a_name ... ok` is 7 and 9.
fn passed(output: &str) -> BTreeSet<u32> {
    let names = output.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... ok"));
    names.filter_map(|name| name.split("case_").nth(1)).flat_map(numbers).collect()
}

fn numbers(name: &str) -> impl Iterator<Item = u32> {
    name.split('_').map_while(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_each_place() {
        assert_eq!(known("# 5 tests\n\n1 Given y\n22 Given 3 things\n"), [1, 22].into());
        assert_eq!(different("| a (case 7) | (cases 8, 9) | 12 |"), [7, 8, 9].into());
        let output = "test a::case_3_stops ... ok\ntest case_4_5_x_6 ... ok\ntest case_9 ... FAILED\ntest b ... ok\n";
        assert_eq!(passed(output), [3, 4, 5].into());
    }

    #[track_caller]
    fn check(known: &[u32], passed: &[u32], different: &[u32], expected: Result<(), &str>) {
        let set = |numbers: &[u32]| numbers.iter().copied().collect();
        let result = report(&set(known), &set(passed), &set(different)).map_err(|error| error.to_string());
        match expected {
            Ok(()) => assert_eq!(result, Ok(())),
            Err(start) => assert!(result.as_ref().is_err_and(|error| error.starts_with(start)), "{result:?}"),
        }
    }

    #[test]
    fn the_account_must_close() {
        let ten: Vec<u32> = (1..=10).collect();
        check(&ten, &ten, &[], Ok(()));
        check(&ten, &ten[1..], &[1], Ok(()));
        check(&ten, &ten[1..], &[], Err("neither test nor difference: 1;"));
        check(&ten, &ten[2..], &[1, 2], Err("2 differences are more than a tenth"));
        check(&ten, &[1, 99], &[], Err("no such case in xtask/cases.txt: 99"));
    }
}
