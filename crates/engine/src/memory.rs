//! The limit on the memory of a session.

use everstep_tensor::{Error, ErrorKind, Result};

/// The most bytes that a session's tensors may take, if that is limited.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MemoryLimit(pub(crate) Option<u64>);

impl MemoryLimit {
    /// # Errors
    /// `ResourceExhausted` naming the limit and what is needed: bytes of variables and of results.
    pub(crate) fn check(self, what: &str, variables: usize, results: usize) -> Result<()> {
        let needed = variables.saturating_add(results);
        let Some(limit) = self.0.filter(|limit| needed as u64 > *limit) else { return Ok(()) };
        let message = format!(
            "{what} needs {needed} bytes ({variables} of variables, {results} of results) and memory_limit is {limit}; \
             raise it, or make the model or the batch smaller"
        );
        Err(Error::new(ErrorKind::ResourceExhausted, message))
    }
}
