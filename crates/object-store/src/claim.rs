//! A claim by an object that only one writer can make, and that it renews while it lives.

use std::{
    io::{Error, ErrorKind, Result},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

use everstep_checkpoint::Claim;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload, UpdateVersion, path::Path};

use crate::runtime::wait;

/// Renewals within a lease, so that one or two may fail.
const RENEWALS: u32 = 4;

/// The claim; dropping it removes the object.
#[derive(Debug)]
pub(crate) struct Lease {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Claim for Lease {}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It has logged what it had to say.
            thread.join().ok();
        }
    }
}

/// The object as its holder knows it.
struct Held {
    store: Arc<dyn ObjectStore>,
    path: Path,
    holder: String,
    version: UpdateVersion,
    is_lost: Arc<AtomicBool>,
}

/// Makes the object, or takes it over from a holder that has not renewed it for a lease; sets `is_lost` when another
/// takes it over in turn.
///
/// # Errors
/// `ResourceBusy` whose text is the holder's name; what the store returns.
pub(crate) fn claim(
    store: &Arc<dyn ObjectStore>,
    path: Path,
    holder: &str,
    lease: Duration,
    is_lost: &Arc<AtomicBool>,
) -> Result<Lease> {
    let (store, holder, is_lost) = (store.clone(), holder.to_owned(), is_lost.clone());
    let version = match put(&store, &path, &holder, PutMode::Create) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => take_over(&store, &path, &holder, lease)?,
        made => made?,
    };
    is_lost.store(false, Ordering::Release);
    let held = Held { store, path, holder, version, is_lost };
    let (end, ended) = channel();
    let renew = move || {
        let mut held = held;
        while ended.recv_timeout(lease / RENEWALS) == Err(RecvTimeoutError::Timeout) {
            if !held.renew() {
                return;
            }
        }
        held.release();
    };
    let thread = thread::Builder::new().name("everstep-claim".into()).spawn(renew)?;
    Ok(Lease { end: Some(end), thread: Some(thread) })
}

/// The version by which this holder has it.
fn take_over(store: &Arc<dyn ObjectStore>, path: &Path, holder: &str, lease: Duration) -> Result<UpdateVersion> {
    let (asked, at) = (store.clone(), path.clone());
    let read = wait(async move {
        let found = asked.get(&at).await?;
        Ok((found.meta.clone(), found.bytes().await?))
    });
    let (meta, text) = match read {
        // It was just given up.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let made = put(store, path, holder, PutMode::Create);
            let quicker = || Error::new(ErrorKind::ResourceBusy, "another writer");
            return made.map_err(|error| if error.kind() == ErrorKind::AlreadyExists { quicker() } else { error });
        }
        read => read?,
    };
    let busy = || Error::new(ErrorKind::ResourceBusy, String::from_utf8_lossy(&text).trim().to_owned());
    if is_live(&meta, lease) {
        return Err(busy());
    }
    let seen = UpdateVersion { e_tag: meta.e_tag, version: meta.version };
    let taken = put(store, path, holder, PutMode::Update(seen));
    if taken.is_ok() {
        log::warn!("took over {path} from {}, which has not renewed it for {lease:?}", String::from_utf8_lossy(&text));
    }
    // Another one was quicker.
    taken.map_err(|error| if is_lost(&error) { busy() } else { error })
}

/// Whether it was renewed less than a lease ago; one that seems to come from the future is.
fn is_live(meta: &ObjectMeta, lease: Duration) -> bool {
    let renewed = SystemTime::from(meta.last_modified);
    SystemTime::now().duration_since(renewed).is_ok_and(|age| age < lease) || renewed > SystemTime::now()
}

fn put(store: &Arc<dyn ObjectStore>, path: &Path, holder: &str, mode: PutMode) -> Result<UpdateVersion> {
    let (store, path, text) = (store.clone(), path.clone(), PutPayload::from(holder.to_owned()));
    wait(async move { store.put_opts(&path, text, mode.into()).await }).map(UpdateVersion::from)
}

impl Held {
    /// Tells whether it is still held, as far as is known.
    fn renew(&mut self) -> bool {
        match put(&self.store, &self.path, &self.holder, PutMode::Update(self.version.clone())) {
            Ok(version) => self.version = version,
            Err(error) if is_lost(&error) => {
                log::error!("{} was taken by another writer, so nothing more is written: {error}", self.path);
                self.is_lost.store(true, Ordering::Release);
                return false;
            }
            Err(error) => log::warn!("cannot renew {}: {error}", self.path),
        }
        true
    }

    /// Removes the object, unless another writer has it meanwhile.
    fn release(self) {
        let (store, path) = (self.store, self.path);
        let seen = self.version.e_tag;
        let removed =
            wait(
                async move { if store.head(&path).await?.e_tag == seen { store.delete(&path).await } else { Ok(()) } },
            );
        if let Err(error) = removed {
            log::warn!("the claim stays until its lease ends: {error}");
        }
    }
}

fn is_lost(error: &Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<object_store::Error>());
    let lost = |inner: &object_store::Error| {
        use object_store::Error::{NotFound, Precondition};
        matches!(inner, Precondition { .. } | NotFound { .. })
    };
    inner.is_some_and(lost)
}
