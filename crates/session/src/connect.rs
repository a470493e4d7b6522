//! How sessions are opened.

use std::fmt;

use everstep_tensor::Result;

use crate::{Deadline, Session, SessionConfig};

/// Opens sessions on a master: the first one, and another when one is lost.
pub trait Connect {
    /// What is opened.
    type Session: Session;

    /// Opens a session; `master` is empty for an engine in this process.
    ///
    /// # Errors
    /// `Unavailable` if the master may answer later; anything else ends the training. A wait must mind `until`.
    fn connect(&mut self, master: &str, config: &SessionConfig, until: &Deadline) -> Result<Self::Session>;
}

/// A closure as [`Connect`]; made by [`connect_fn`].
pub struct ConnectFn<F>(F);

/// A closure as [`Connect`]; its argument types are inferred.
///
/// ```
/// use everstep_session::{Connect, connect_fn};
/// use everstep_testkit::Server;
///
/// let server = Server::new();
/// let connect = connect_fn(|_master, _config| Ok(server.session()));
/// # fn takes(_: impl Connect) {}
/// # takes(connect);
/// ```
pub fn connect_fn<S, F>(open: F) -> ConnectFn<F>
where
    S: Session,
    F: FnMut(&str, &SessionConfig) -> Result<S>,
{
    ConnectFn(open)
}

impl<S, F> Connect for ConnectFn<F>
where
    S: Session,
    F: FnMut(&str, &SessionConfig) -> Result<S>,
{
    type Session = S;

    fn connect(&mut self, master: &str, config: &SessionConfig, _until: &Deadline) -> Result<S> {
        (self.0)(master, config)
    }
}

impl<C: Connect + ?Sized> Connect for &mut C {
    type Session = C::Session;

    fn connect(&mut self, master: &str, config: &SessionConfig, until: &Deadline) -> Result<C::Session> {
        (**self).connect(master, config, until)
    }
}

impl<F> fmt::Debug for ConnectFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectFn")
    }
}
