//! The one error type of the contract.

use std::{error::Error as StdError, fmt, io};

/// What went wrong: a kind to branch on, a message for people, and the error it came from.
///
/// It is one pointer wide, so that a `Result` of the hot path stays small.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The result of everything in the contract that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// What a caller can do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input is used up; training ends well.
    EndOfInput,
    /// The session was lost in mid-flight; it is opened anew.
    Aborted,
    /// The session cannot be reached; it is opened anew.
    Unavailable,
    /// The model left the finite numbers; never recovered, the divergence policy decides.
    Diverged,
    /// The request makes no sense as it is; nothing was done.
    InvalidArgument,
    /// What was named does not exist.
    NotFound,
    /// The state does not allow it; something else must come first.
    FailedPrecondition,
    /// It took longer than it was given.
    DeadlineExceeded,
    /// Stored data is damaged or incomplete.
    DataLoss,
    /// No disk, memory or quota is left.
    ResourceExhausted,
    /// A stop was requested while it waited.
    Cancelled,
    /// A fault of the implementation or of the system below it.
    Internal,
}

impl Error {
    /// An error of that kind; `message` names the thing, the value and the remedy, in lower case and without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), source: None }))
    }

    /// The same error, with what caused it.
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error, its message led by where it happened: `{context}: {message}`.
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// What a caller can branch on.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the session is lost and may be opened anew: `Aborted` or `Unavailable`.
    pub fn is_lost_session(&self) -> bool {
        matches!(self.kind(), ErrorKind::Aborted | ErrorKind::Unavailable)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0.kind, self.0.message)?;
        self.0.source.as_ref().map_or(Ok(()), |source| write!(f, " (caused by {source:?})"))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// The kind follows the system's: a missing file is `NotFound`, a full disk `ResourceExhausted`, missing permission
/// `FailedPrecondition`, the rest `Internal`.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => ErrorKind::NotFound,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::OutOfMemory => {
                ErrorKind::ResourceExhausted
            }
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::AlreadyExists => ErrorKind::FailedPrecondition,
            io::ErrorKind::TimedOut => ErrorKind::DeadlineExceeded,
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => ErrorKind::DataLoss,
            _ => ErrorKind::Internal,
        };
        Self::new(kind, error.to_string()).with_source(error)
    }
}
