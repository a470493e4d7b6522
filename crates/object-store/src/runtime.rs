//! The threads on which requests are made, and the waiting for them.

use std::{
    future::Future,
    io,
    sync::{OnceLock, mpsc},
};

use object_store::Error;
use tokio::runtime::{Builder, Handle, Runtime};

/// Requests wait for the network; two threads take what comes.
const THREADS: usize = 2;

/// One runtime for the process, which is never dropped: savers come and go, and may end within another runtime.
pub(crate) fn handle() -> io::Result<&'static Handle> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if RUNTIME.get().is_none() {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(THREADS).thread_name("everstep-store").enable_all().build()?;
        // Another thread may have been quicker: its runtime stays.
        if let Err(second) = RUNTIME.set(runtime) {
            second.shutdown_background();
        }
    }
    Ok(RUNTIME.get().expect("it was just set").handle())
}

/// Makes a request and waits for it, from any thread, one of another runtime included.
pub(crate) fn wait<T: Send + 'static>(
    request: impl Future<Output = object_store::Result<T>> + Send + 'static,
) -> io::Result<T> {
    let (answer, answered) = mpsc::sync_channel(1);
    handle()?.spawn(async move {
        // Whoever asked waits below, unless the process ends.
        answer.send(request.await).ok();
    });
    let ended = |_| io::Error::other("the request to the object store panicked");
    answered.recv().map_err(ended)?.map_err(explained)
}

/// The kind by which the saver decides, and what the store says.
pub(crate) fn explained(error: Error) -> io::Error {
    let kind = match &error {
        Error::NotFound { .. } => io::ErrorKind::NotFound,
        Error::AlreadyExists { .. } => io::ErrorKind::AlreadyExists,
        Error::InvalidPath { .. } => io::ErrorKind::InvalidInput,
        Error::NotSupported { .. } | Error::NotImplemented { .. } => io::ErrorKind::Unsupported,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
