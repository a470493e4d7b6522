//! What a hook makes of a run.

/// What a hook makes of a run, before any hook acts on it; one that answers [`Undone`](Self::Undone) is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a loop must not show an undone run to the hooks as one that was made"]
pub enum Verdict {
    /// The run counts.
    Kept,
    /// The hook has brought the session back to what it was before the run.
    Undone,
}
