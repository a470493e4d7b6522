//! The engine through its public API.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod accumulation;
mod branches;
mod conditions;
mod config;
mod gradients;
mod halves;
mod index;
mod initialisers;
mod kernels;
mod laws;
mod layers;
mod local_variables;
mod metrics;
mod mlp;
mod models;
mod moving_averages;
mod optimization;
mod optimizers;
mod plans;
mod random;
mod random_branches;
mod random_graphs;
mod requests;
mod schedules;
mod semantics;
mod shape;
mod snapshots;
mod sparse;
mod train_op;
mod trajectories;
mod transformer;
