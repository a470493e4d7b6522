//! The table of crates in `docs/architecture.md` says exactly what the manifests say.

use super::{fault::Fault, markdown};
use crate::workspace::{Dependency, Package};

/// The page with the table, between `<!-- crates -->` and `<!-- /crates -->`.
pub(super) const PAGE: &str = "docs/architecture.md";

/// Columns: crate, one line, dependencies of ours, dependencies from others.
const COLUMNS: usize = 4;

/// Compares the table of `page` with `packages`, both ways.
pub(super) fn check(page: &str, packages: &[Package]) -> Vec<Fault> {
    let Some(rows) = markdown::rows(page, "crates") else {
        let remedy = "write it between `<!-- crates -->` and `<!-- /crates -->`";
        return vec![Fault::new(PAGE, "has no table of crates", remedy)];
    };
    let mut faults = Vec::new();
    for package in packages {
        let named = rows.iter().filter(|row| names(row, package)).collect::<Vec<_>>();
        match named.as_slice() {
            [row] => faults.extend(compare(row, package)),
            [] => {
                faults.push(Fault::new(PAGE, format!("lacks `{}`", package.short()), format!("add {}", line(package))))
            }
            _ => faults.push(Fault::new(PAGE, format!("has `{}` twice", package.short()), "keep one row")),
        }
    }
    let strangers = rows.iter().filter(|row| !packages.iter().any(|package| names(row, package)));
    faults.extend(strangers.map(|row| Fault::new(PAGE, format!("there is no crate {}", row[0]), "delete its row")));
    faults
}

fn names(row: &[&str], package: &Package) -> bool {
    markdown::code(row[0]) == Some(package.short())
}

fn compare(row: &[&str], package: &Package) -> Vec<Fault> {
    let name = package.short();
    if row.len() != COLUMNS {
        let remedy = format!("write {}", line(package));
        return vec![Fault::new(PAGE, format!("`{name}` has {} columns", row.len()), remedy)];
    }
    let mut faults = Vec::new();
    if row[1].is_empty() {
        faults.push(Fault::new(PAGE, format!("`{name}` has no line of description"), "write what it is for"));
    }
    for (found, expected) in [(row[2], cell(package, true)), (row[3], cell(package, false))] {
        if words(found) != words(&expected) {
            faults.push(Fault::new(PAGE, format!("`{name}` says {found}"), format!("its manifest says {expected}")));
        }
    }
    faults
}

/// The row that `package` should have.
fn line(package: &Package) -> String {
    let description = package.description.as_deref().unwrap_or_default();
    format!("| `{}` | {description} | {} | {} |", package.short(), cell(package, true), cell(package, false))
}

/// The dependencies of `package` as a cell: `a`, then (`b`) where `b` is optional, or a dash.
fn cell(package: &Package, ours: bool) -> String {
    let mut listed = package.normal().filter(|dependency| dependency.ours == ours).collect::<Vec<_>>();
    listed.sort_by_key(|dependency| (dependency.optional, dependency.short()));
    let mut entries = listed.into_iter().map(entry).collect::<Vec<_>>();
    entries.dedup();
    if entries.is_empty() { "–".to_owned() } else { entries.join(", ") }
}

fn entry(dependency: &Dependency) -> String {
    let name = dependency.short();
    if dependency.optional { format!("(`{name}`)") } else { format!("`{name}`") }
}

/// What a cell says, whatever its order.
fn words(cell: &str) -> Vec<&str> {
    let mut words = cell.split(',').map(str::trim).collect::<Vec<_>>();
    words.sort_unstable();
    words
}
