//! More places for the events of a training run: CSV, JSON lines, a table on the console.
#![doc = include_str!("../README.md")]

mod console_table;
mod csv;
mod json;
mod json_lines;
mod lines;

pub use console_table::ConsoleTable;
pub use csv::Csv;
pub use json::{json, kind};
pub use json_lines::JsonLines;
