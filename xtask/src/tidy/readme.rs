//! The table of crates in the root README lists each published crate once, with its description.

use super::{fault::Fault, markdown};
use crate::workspace::Package;

/// The page with the table, between `<!-- table -->` and `<!-- /table -->`.
pub(super) const PAGE: &str = "README.md";

/// Compares the first two columns of the table of `page` with `packages`, both ways.
pub(super) fn check(page: &str, packages: &[Package]) -> Vec<Fault> {
    let Some(rows) = markdown::rows(page, "table") else {
        let remedy = "write it between `<!-- table -->` and `<!-- /table -->`";
        return vec![Fault::new(PAGE, "has no table of crates", remedy)];
    };
    let mut faults = Vec::new();
    for package in packages {
        let name = &package.name;
        let expected = package.description.as_deref().unwrap_or_default();
        let named = rows.iter().filter(|row| markdown::code(row[0]) == Some(name)).collect::<Vec<_>>();
        match named.as_slice() {
            [row] if row.get(1) == Some(&expected) => {}
            [_] => {
                let what = format!("`{name}` is not described as in its manifest");
                faults.push(Fault::new(PAGE, what, format!("write `{expected}`")));
            }
            [] => faults.push(Fault::new(PAGE, format!("lacks `{name}`"), format!("add | `{name}` | {expected} |"))),
            _ => faults.push(Fault::new(PAGE, format!("has `{name}` twice"), "keep one row")),
        }
    }
    let known = |row: &[&str]| packages.iter().any(|package| markdown::code(row[0]) == Some(&package.name));
    let strangers = rows.iter().filter(|row| !known(row));
    faults.extend(strangers.map(|row| Fault::new(PAGE, format!("there is no crate {}", row[0]), "delete its row")));
    faults
}
