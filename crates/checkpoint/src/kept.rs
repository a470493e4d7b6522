//! A checkpoint as a list shows it.

use std::collections::BTreeMap;

use crate::name::Stem;

/// A checkpoint that is there, and what is stored with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub(crate) stem: Stem,
    /// The global step.
    pub step: u64,
    /// Where its main file is, for people.
    pub location: String,
    /// The bytes of all its files.
    pub bytes: u64,
    /// When it was saved, in seconds since 1970, if that is known.
    pub saved_at: Option<f64>,
    /// Its measures.
    pub metrics: BTreeMap<String, f64>,
    /// Whether it is never deleted.
    pub pinned: bool,
}
