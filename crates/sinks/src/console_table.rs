//! Scalars as a table for people.

use std::{
    fmt,
    io::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use everstep_event::{Event, EventSink, What};

/// Prints scalars as a table: a row for each step, a column for each tag; passes over the rest.
///
/// A row is printed when a scalar of another step comes, or at [`flush`](EventSink::flush). A tag that comes later adds a
/// column, and the head is printed anew.
///
/// ```
/// use everstep_event::{Event, EventSink};
/// use everstep_sinks::ConsoleTable;
///
/// let table = ConsoleTable::new(Vec::new());
/// for (step, loss) in [(1, 0.5), (101, 0.015625)] {
///     table.emit(Event::scalar(step, "loss", loss))?;
///     table.emit(Event::scalar(step, "accuracy", 1.0 - loss))?;
/// }
/// let text = String::from_utf8(table.into_inner()?).expect("a table is text");
/// let lines: Vec<&str> = text.lines().collect();
/// assert_eq!(lines[0], "     step         loss     accuracy");
/// assert_eq!(lines[2], "      101     0.015625     0.984375");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct ConsoleTable<W: Write>(Mutex<Table<W>>);

struct Table<W: Write> {
    output: W,
    /// The tags that are wanted; all if there are none.
    wanted: Vec<String>,
    columns: Vec<Arc<str>>,
    /// How many columns the last head had.
    headed: usize,
    /// The step whose row is being gathered, and its values by column.
    row: Option<(u64, Vec<Option<f64>>)>,
}

impl<W: Write> ConsoleTable<W> {
    /// A table of every scalar.
    pub fn new(output: W) -> Self {
        Self(Mutex::new(Table { output, wanted: Vec::new(), columns: Vec::new(), headed: 0, row: None }))
    }

    /// The same with columns for these tags alone, in this order.
    pub fn tags(self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.lock().wanted.extend(tags.into_iter().map(Into::into));
        self
    }

    /// The output, with the last row.
    ///
    /// # Errors
    /// What the output returns.
    pub fn into_inner(self) -> io::Result<W> {
        let mut table = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        table.print()?;
        Ok(table.output)
    }

    /// A row is printed from what was gathered before, so a poisoned lock guards a whole one.
    fn lock(&self) -> MutexGuard<'_, Table<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write + Send> EventSink for ConsoleTable<W> {
    fn emit(&self, event: Event) -> io::Result<()> {
        let What::Scalar { tag, value } = event.what else { return Ok(()) };
        self.lock().add(event.step, tag, value)
    }

    fn flush(&self) -> io::Result<()> {
        let mut table = self.lock();
        table.print()?;
        table.output.flush()
    }
}

impl<W: Write> Table<W> {
    fn add(&mut self, step: u64, tag: Arc<str>, value: f64) -> io::Result<()> {
        if !self.wanted.is_empty() && !self.wanted.iter().any(|wanted| **wanted == *tag) {
            return Ok(());
        }
        if self.row.as_ref().is_some_and(|(gathered, _)| *gathered != step) {
            self.print()?;
        }
        let column = self.column(tag);
        let (_, values) = self.row.get_or_insert_with(|| (step, Vec::new()));
        values.resize(values.len().max(column + 1), None);
        values[column] = Some(value);
        Ok(())
    }

    /// The place of a tag's column, which is made if need be, in the order wanted.
    fn column(&mut self, tag: Arc<str>) -> usize {
        if self.columns.is_empty() && !self.wanted.is_empty() {
            self.columns = self.wanted.iter().map(|tag| Arc::from(&**tag)).collect();
        }
        self.columns.iter().position(|column| *column == tag).unwrap_or_else(|| {
            self.columns.push(tag);
            self.columns.len() - 1
        })
    }

    /// Prints the row that was gathered, below a head if that has changed.
    fn print(&mut self) -> io::Result<()> {
        let Some((step, mut values)) = self.row.take() else { return Ok(()) };
        if self.headed < self.columns.len() {
            self.headed = self.columns.len();
            let columns = self.columns.iter().map(|tag| format!("  {tag:>11}"));
            writeln!(self.output, "{:>9}{}", "step", columns.collect::<String>())?;
        }
        values.resize(self.columns.len(), None);
        let cells = self.columns.iter().zip(values).map(|(tag, value)| {
            let width = tag.chars().count().max(11);
            format!("  {:>width$}", value.map_or(String::new(), text))
        });
        let line = cells.collect::<String>();
        writeln!(self.output, "{step:>9}{}", line.trim_end())
    }
}

/// Six significant digits, with an exponent if the number is tiny or huge.
fn text(value: f64) -> String {
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    let plain = rounded == 0.0 || !rounded.is_finite() || (1e-4..1e9).contains(&rounded.abs());
    if plain { rounded.to_string() } else { format!("{rounded:e}") }
}

impl<W: Write> fmt::Debug for ConsoleTable<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleTable").field("columns", &self.lock().columns).finish_non_exhaustive()
    }
}
