//! Tables in Markdown.

/// The rows of the table between `<!-- name -->` and `<!-- /name -->`, without its head; `None` without the markers.
pub(super) fn rows<'a>(page: &'a str, name: &str) -> Option<Vec<Vec<&'a str>>> {
    let (_, rest) = page.split_once(&format!("<!-- {name} -->"))?;
    let (table, _) = rest.split_once(&format!("<!-- /{name} -->"))?;
    let lines = table.lines().map(str::trim).filter(|line| line.starts_with('|'));
    Some(lines.skip(2).map(cells).collect())
}

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

/// The first `code` of a cell.
pub(super) fn code(cell: &str) -> Option<&str> {
    cell.split('`').nth(1)
}
