//! The catalogue of ops: each op has one entry, and from it a test for each column of `docs/ops.md`.
//!
//! `cargo xtask ops` runs these tests and prints the table; how an entry is written is said at [`entry::Entry`].
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod array;
mod close;
mod columns;
mod entry;
mod forms;
mod golden;
mod halves;
mod inputs;
mod program;
mod prove;
mod subject;

/// A module for each op with a test for each column, named `op::column`.
///
/// An op that has no derivative says `no gradient`, which is tested, and one that TensorFlow cannot be asked for says
/// `no tensorflow`; both are dashes in the table.
macro_rules! ops {
    ($($op:ident $(, no $dash:ident)* : $entry:expr;)*) => {$(
        mod $op {
            use super::*;

            fn entry() -> crate::entry::Entry {
                $entry
            }

            crate::column!(forward, entry);
            crate::column!(reference, entry);
            crate::column!(threads, entry);
            crate::column!(forms, entry);
            crate::column!(half_precision, entry);
            crate::gradient_columns!(entry $(, $dash)*);
            crate::tensorflow_column!(entry $(, $dash)*);
        }
    )*};
}

macro_rules! column {
    ($column:ident, $entry:ident) => {
        #[test]
        fn $column() {
            crate::columns::$column(&$entry()).unwrap_or_else(|error| panic!("{error}"));
        }
    };
}

macro_rules! gradient_columns {
    ($entry:ident, gradient $($rest:tt)*) => { crate::column!(no_gradient, $entry); };
    ($entry:ident, $other:ident $($rest:tt)*) => { crate::gradient_columns!($entry $($rest)*); };
    ($entry:ident) => {
        crate::column!(gradient, $entry);
        crate::column!(differences, $entry);
    };
}

macro_rules! tensorflow_column {
    ($entry:ident, tensorflow $($rest:tt)*) => {
        #[test]
        fn no_tensorflow() {
            crate::columns::no_tensorflow(module_path!()).unwrap_or_else(|error| panic!("{error}"));
        }
    };
    ($entry:ident, $other:ident $($rest:tt)*) => { crate::tensorflow_column!($entry $($rest)*); };
    ($entry:ident) => {
        #[test]
        fn tensorflow() {
            crate::columns::tensorflow(&$entry(), module_path!()).unwrap_or_else(|error| panic!("{error}"));
        }
    };
}

pub(crate) use {column, gradient_columns, tensorflow_column};

mod attention;
mod batch_norm;
mod binary;
mod compare;
mod images;
mod index;
mod logic;
mod losses;
mod matrix;
mod norms;
mod random;
mod reductions;
mod rows;
mod rules;
mod shape;
mod softmax;
mod structure;
mod unary;
mod updates;
