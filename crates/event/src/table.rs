//! Tables in Markdown.

/// A table in Markdown, for [`What::text`](crate::What::text): a head, and rows of cells.
///
/// A row that is shorter than the head has empty cells at its end; what is more than the head is left out by TensorBoard.
///
/// ```
/// use everstep_event::table;
///
/// let text = table(&["name", "value"], [["rate", "0.1"], ["a|b", "2\n3"]]);
/// assert_eq!(text, "| name | value |\n|---|---|\n| rate | 0.1 |\n| a\\|b | 2 3 |\n");
/// ```
pub fn table<Row>(head: &[&str], rows: impl IntoIterator<Item = Row>) -> String
where
    Row: IntoIterator<Item: AsRef<str>>,
{
    let mut text = line(head);
    text += &format!("|{}\n", "---|".repeat(head.len()));
    rows.into_iter().for_each(|row| text += &line(row));
    text
}

/// A row: in a cell a bar would end it, and a line break the row.
fn line(cells: impl IntoIterator<Item: AsRef<str>>) -> String {
    let clean = |cell: &str| cell.replace('|', "\\|").replace(['\n', '\r'], " ");
    let cells = cells.into_iter().map(|cell| format!(" {} |", clean(cell.as_ref())));
    format!("|{}\n", cells.collect::<String>())
}
