//! One prefix of an object store as a place of checkpoints.

use std::{
    env,
    ffi::OsString,
    fmt,
    io::{Error, ErrorKind, Result},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use everstep_checkpoint::{Claim, Listed, Output, Storage, Stored};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload, path::Path};
use url::Url;

use crate::{claim, output::Upload, runtime::wait, stored::Object};

/// How long a claim holds that is not renewed: so long a directory of a killed process waits for the next one.
const LEASE: Duration = Duration::from_secs(60);

/// One prefix of an object store as a place of checkpoints: `s3://bucket/runs/7`.
///
/// An object appears whole when its upload ends, and not before; so nothing is renamed. The parts of a checkpoint are
/// uploaded first, and the object that commits it last, under its own name: a reader sees it with all its parts, or not
/// at all. Uploads of dead writers never appear; a rule of the bucket may remove their remains.
///
/// A writer claims the place by an object that only one can make, and renews it while it lives; one that was killed
/// holds the place for [`lease`](Self::with_lease) at most. The store must support conditional puts (S3, Google Cloud
/// Storage, Azure and memory do).
///
/// Calls wait for the network, on threads of the crate's own: from async code call them on a thread that may block.
#[derive(Clone)]
pub struct ObjectStorage {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    lease: Duration,
    /// Whether another writer has taken the claim over.
    is_lost: Arc<AtomicBool>,
}

impl ObjectStorage {
    /// The objects whose names begin with `prefix` and a slash; all of the store for an empty one.
    ///
    /// # Errors
    /// `InvalidInput` if the prefix holds an empty segment, `.` or `..`.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Result<Self> {
        let prefix = Path::parse(prefix).map_err(|error| Error::new(ErrorKind::InvalidInput, error))?;
        Ok(Self { store, prefix, lease: LEASE, is_lost: Arc::default() })
    }

    /// The place of this address: `memory:///runs`, `s3://bucket/runs` with the feature `aws` of the crate
    /// `object_store`, `gs://bucket/runs` with its `gcp`, `az://container/runs` with its `azure`; credentials and regions
    /// come from the environment, by the names that the provider's own tools read (`AWS_ACCESS_KEY_ID`, `GOOGLE_SERVICE_ACCOUNT`, `AZURE_STORAGE_ACCOUNT_NAME`, …).
    ///
    /// # Errors
    /// `InvalidInput` for an address that is none, or whose provider's feature is off.
    pub fn at(address: &str) -> Result<Self> {
        let refused = |error: &dyn fmt::Display| {
            let remedy = "name a place such as s3://bucket/run, and turn on aws, gcp or azure of object_store";
            Error::new(ErrorKind::InvalidInput, format!("{address} is no place for checkpoints: {error}; {remedy}"))
        };
        let url = Url::parse(address).map_err(|error| refused(&error))?;
        let option = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?.to_ascii_lowercase(), value.into_string().ok()?))
        };
        let options = env::vars_os().filter_map(option);
        let (store, prefix) = object_store::parse_url_opts(&url, options).map_err(|error| refused(&error))?;
        Ok(Self { store: store.into(), prefix, lease: LEASE, is_lost: Arc::default() })
    }

    /// The same with claims that end so long after their last renewal; a minute by default.
    pub fn with_lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// # Errors
    /// `ResourceBusy` if another writer has taken the claim over, while this one was stopped or cut off.
    fn check_claim(&self) -> Result<()> {
        if !self.is_lost.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::ResourceBusy, "another writer has claimed the place meanwhile; end one of the two"))
    }

    fn path(&self, name: &str) -> Result<Path> {
        let path = if self.prefix.as_ref().is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) };
        Path::parse(path).map_err(|error| Error::new(ErrorKind::InvalidInput, error))
    }
}

impl Storage for ObjectStorage {
    fn location(&self, name: &str) -> String {
        let slash = if name.is_empty() { "" } else { "/" };
        format!("{} {}{slash}{name}", self.store, self.prefix)
    }

    /// Nothing: a prefix is there when an object has it.
    fn prepare(&self) -> Result<()> {
        Ok(())
    }

    fn list(&self) -> Result<Vec<Listed>> {
        let (store, prefix) = (self.store.clone(), self.prefix.clone());
        let found = wait(async move { store.list_with_delimiter(Some(&prefix)).await })?;
        Ok(found.objects.into_iter().filter_map(listed).collect())
    }

    fn open(&self, name: &str) -> Result<Box<dyn Stored>> {
        let (store, path) = (self.store.clone(), self.path(name)?);
        let meta = wait(async move { store.head(&path).await })?;
        Ok(Box::new(Object::new(self.store.clone(), meta)))
    }

    fn create(&self, name: &str) -> Result<Box<dyn Output>> {
        self.check_claim()?;
        Ok(Box::new(Upload::new(self.store.clone(), self.path(name)?)))
    }

    /// A copy, then the removal of the old one; the saver does not need it.
    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let (store, from, to) = (self.store.clone(), self.path(from)?, self.path(to)?);
        wait(async move { store.rename(&from, &to).await })
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.check_claim()?;
        let (store, path) = (self.store.clone(), self.path(name)?);
        wait(async move { store.delete(&path).await })
    }

    /// Nothing: what a store has answered is durable, and listed from then on.
    fn sync(&self) -> Result<()> {
        Ok(())
    }

    fn appears_whole(&self) -> bool {
        true
    }

    fn claim(&self, name: &str, holder: &str) -> Result<Box<dyn Claim>> {
        Ok(Box::new(claim::claim(&self.store, self.path(name)?, holder, self.lease, &self.is_lost)?))
    }
}

/// Writes an object whole, however small.
pub(crate) fn put(store: &Arc<dyn ObjectStore>, path: &Path, bytes: Vec<u8>) -> Result<()> {
    let (store, path) = (store.clone(), path.clone());
    wait(async move { store.put(&path, PutPayload::from(bytes)).await }).map(drop)
}

fn listed(meta: ObjectMeta) -> Option<Listed> {
    let name = meta.location.filename()?.to_owned();
    Some(Listed { name, length: meta.size, modified: Some(meta.last_modified.into()) })
}

impl fmt::Debug for ObjectStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectStorage")
            .field("store", &format_args!("{}", self.store))
            .field("prefix", &self.prefix.as_ref())
            .field("lease", &self.lease)
            .finish()
    }
}
