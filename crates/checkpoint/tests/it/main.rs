//! Tests of the public API.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
#![allow(clippy::print_stdout, reason = "the tests of crashes print how many they tried")]

mod background;
mod crash;
mod formats;
mod killed;
mod logged;
mod native;
mod retention;
mod saver;
mod tensors;
