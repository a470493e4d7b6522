//! Tables of numbers in CSV files.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
};

use everstep_tensor::{Error, ErrorKind, Result, Tensor};

use crate::open::{failed, open};

/// Reads a CSV file, plain or compressed with gzip, into a tensor `f32[rows, columns]`.
///
/// Every line is a row of finite numbers with commas between them; spaces and quotes around a number and empty lines are
/// allowed, a header line is not.
///
/// # Errors
/// `NotFound` if there is no file; `DataLoss` naming line and field of what is not a finite number, the line that has
/// more or fewer fields than the first, a file without a row, or damage of the compressed data.
pub fn read_csv(path: impl AsRef<Path>) -> Result<Tensor> {
    let path = path.as_ref();
    open(path).and_then(decode).map_err(|error| error.context(path.display()))
}

pub(crate) fn decode(content: impl Read) -> Result<Tensor> {
    let mut elements = Vec::new();
    let (mut rows, mut columns) = (0, 0);
    for (line, text) in (1..).zip(BufReader::new(content).split(b'\n')) {
        let text = text.map_err(failed)?;
        if text.trim_ascii().is_empty() {
            continue;
        }
        let before = elements.len();
        read_row(line, &text, &mut elements)?;
        let found = elements.len() - before;
        if rows > 0 && found != columns {
            return Err(faulty(format!("line {line} has {found} fields, the first has {columns}; give each as many")));
        }
        (rows, columns) = (rows + 1, found);
    }
    if rows == 0 {
        return Err(faulty("the table has no row; give a file with a line of numbers for each".into()));
    }
    Tensor::from_vec([rows, columns], elements)
}

fn read_row(line: usize, text: &[u8], elements: &mut Vec<f32>) -> Result<()> {
    const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    for (field, found) in (1..).zip(text.split(|byte| *byte == b',')) {
        elements.push(number(found).ok_or_else(|| not_a_number(line, field, found))?);
    }
    Ok(())
}

fn number(field: &[u8]) -> Option<f32> {
    let field = field.trim_ascii();
    let unquoted = field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\"")).unwrap_or(field);
    let number: f32 = str::from_utf8(unquoted).ok()?.trim().parse().ok()?;
    number.is_finite().then_some(number)
}

fn not_a_number(line: usize, field: usize, found: &[u8]) -> Error {
    const SHOWN: usize = 32;
    let found = found.trim_ascii();
    let found = String::from_utf8_lossy(&found[..found.len().min(SHOWN)]);
    let remedy = if line == 1 { "write a number, or remove the line if it is a header" } else { "write a number" };
    faulty(format!("line {line}, field {field}: {found:?} is not a finite f32; {remedy}"))
}

fn faulty(message: String) -> Error {
    Error::new(ErrorKind::DataLoss, message)
}
