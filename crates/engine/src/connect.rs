//! Opening sessions on a graph, for the training loop.

use std::sync::Arc;

use everstep_graph::Graph;
use everstep_session::{Connect, SessionConfig, connect_fn};
use everstep_tensor::{Error, ErrorKind};

use crate::GraphSession;

/// Opens a [`GraphSession`] on the graph each time the training loop needs one.
///
/// The master must be empty, which is the engine in this process; another one is `InvalidArgument`.
pub fn connect(graph: impl Into<Arc<Graph>>) -> impl Connect<Session = GraphSession> {
    let graph = graph.into();
    connect_fn(move |master: &str, config: &SessionConfig| {
        if master.is_empty() {
            return GraphSession::new(graph.clone(), config);
        }
        let message = format!("there is no engine for master {master:?}; leave it empty for the one in this process");
        Err(Error::new(ErrorKind::InvalidArgument, message))
    })
}
