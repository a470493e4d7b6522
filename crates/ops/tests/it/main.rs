//! The kernels through their public face: against the reference, known values, any number of threads, and bad input.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod against_reference;
mod allocation;
mod epilogue;
mod errors;
mod functions;
mod fused;
mod fusion;
mod half;
mod images;
mod index;
mod known_values;
mod nan;
mod random;
mod shape;
mod tensor;
mod threads;
mod updates;
