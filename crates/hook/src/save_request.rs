//! What hooks ask of the loop's saves.

/// What hooks asked of the loop's saves; kept by a loop driver.
#[derive(Clone, Debug, Default)]
pub struct SaveRequest {
    reason: Option<String>,
    pinned: bool,
    at_end: bool,
}

impl SaveRequest {
    /// Asks for a save now, and for one of the last step; the first reason is kept.
    pub(crate) fn request(&mut self, reason: impl Into<String>) {
        self.reason.get_or_insert_with(|| reason.into());
        self.at_end = true;
    }

    /// The same, and that what is saved now is never deleted.
    pub(crate) fn request_pinned(&mut self, reason: impl Into<String>) {
        self.request(reason);
        self.pinned = true;
    }

    pub(crate) fn request_at_end(&mut self) {
        self.at_end = true;
    }

    /// For loop drivers: why a save is due, once.
    pub fn take(&mut self) -> Option<String> {
        self.reason.take()
    }

    /// For loop drivers: whether a hook asked, since the last call, that the save be pinned; to be taken with the reason.
    pub fn take_pinned(&mut self) -> bool {
        std::mem::take(&mut self.pinned)
    }

    /// For loop drivers: whether the last step is to be saved when training ends well.
    pub fn is_at_end(&self) -> bool {
        self.at_end
    }
}
