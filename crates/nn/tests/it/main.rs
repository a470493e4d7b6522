//! Layers, initialisers, losses and metrics through the public API.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod check;
mod dense;
mod errors;
mod images;
mod initialisers;
mod losses;
mod metrics;
mod norms;
mod sequential;
mod transformer;
