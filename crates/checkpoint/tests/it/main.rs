//! Tests of the public API.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod formats;
mod killed;
mod logged;
mod native;
mod saver;
