//! What a run says about itself, as plain data, and where it may go.
#![doc = include_str!("../README.md")]

mod array;
mod audio;
mod event;
mod grid;
mod histogram;
mod hparams;
mod image;
mod layout;
mod memory;
mod mesh;
mod pr_curve;
mod run_stats;
mod sink;
mod summary;
mod table;
mod tee;
mod what;

pub use array::{Array, Elements, Plugin};
pub use audio::{Audio, Sound};
pub use event::Event;
pub use histogram::Histogram;
pub use hparams::{Dataset, Domain, Experiment, Hparam, HparamValue, Metric, Trial, TrialStatus};
pub use image::{Channels, Image, Picture};
pub use layout::{Band, Category, Chart, Curves, Layout};
pub use memory::Memory;
pub use mesh::Mesh;
pub use pr_curve::PrCurve;
pub use run_stats::{DeviceStats, Element, NodeStats, OutputStats, RunStats};
pub use sink::EventSink;
pub use summary::{Summary, SummaryKind};
pub use table::table;
pub use tee::Tee;
pub use what::What;
