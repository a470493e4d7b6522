//! A store in memory that fails when it is told.

use std::{
    fmt,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use everstep_object_store::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, memory::InMemory, path::Path,
};
use futures_util::{StreamExt, stream::BoxStream};

/// How a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The store has not done it.
    Undone,
    /// The store has done it, and the answer was lost.
    Unanswered,
}

/// A store in memory of whose requests, counted from 0, those in a range fail.
#[derive(Debug)]
pub(crate) struct Faulty {
    pub(crate) inner: Arc<InMemory>,
    requests: Arc<AtomicUsize>,
    fails: Range<usize>,
    fault: Fault,
}

impl Faulty {
    pub(crate) fn new(inner: Arc<InMemory>, fails: Range<usize>, fault: Fault) -> Self {
        Self { inner, requests: Arc::default(), fails, fault }
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Whether this request fails: before it is made, or after.
    fn fails(&self) -> (bool, bool) {
        let fails = self.fails.contains(&self.requests.fetch_add(1, Ordering::SeqCst));
        (fails && self.fault == Fault::Undone, fails && self.fault == Fault::Unanswered)
    }
}

fn broken() -> Error {
    Error::Generic { store: "Faulty", source: "the connection was lost".into() }
}

macro_rules! faulty {
    ($self:ident, $request:expr) => {{
        let (before, after) = $self.fails();
        if before {
            return Err(broken());
        }
        let answer = $request;
        if after { Err(broken()) } else { answer }
    }};
}

#[async_trait::async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        faulty!(self, self.inner.put_opts(location, payload, options).await)
    }
    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        faulty!(self, self.inner.put_multipart_opts(location, options).await)
    }
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        faulty!(self, self.inner.get_opts(location, options).await)
    }
    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (before, after) = self.fails();
        if before {
            return futures_util::stream::iter([Err(broken())]).boxed();
        }
        let deleted = self.inner.delete_stream(locations);
        deleted.map(move |path| if after { Err(broken()) } else { path }).boxed()
    }
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }
    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        faulty!(self, self.inner.list_with_delimiter(prefix).await)
    }
    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        faulty!(self, self.inner.copy_opts(from, to, options).await)
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Faulty")
    }
}
