//! Where batches come from.

use everstep_tensor::Result;

use crate::Batch;

/// Where batches come from: a [`Loader`](crate::Loader), a [`Prefetch`](crate::Prefetch) over any other source, or a
/// closure.
///
/// A batch must be a pure function of its position: whoever asks, in whatever order, on whatever thread, gets the same.
/// Augmentation is therefore a closure over a loader whose randomness is drawn from the position.
///
/// ```
/// use everstep_data::{Batch, Loader, LoaderOptions, Source, digits};
/// use everstep_tensor::Result;
///
/// /// Every batch twice.
/// struct Twice(Loader);
///
/// impl Source for Twice {
///     fn batch(&self, position: u64) -> Result<Batch> {
///         self.0.batch(position / 2)
///     }
/// }
///
/// let loader = Loader::new(digits(), LoaderOptions::default())?;
/// let sources: [Box<dyn Source>; 2] = [Box::new(Twice(loader.clone())), Box::new(move |p: u64| loader.batch(p / 2))];
/// for source in sources {
///     assert!(source.batch(6)?.columns()[0].bit_eq(&source.batch(7)?.columns()[0]));
/// }
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of batches",
    note = "give a `Loader`, a `Prefetch`, or a closure `Fn(u64) -> Result<Batch>`"
)]
pub trait Source {
    /// The batch at `position`, counted from 0 over all epochs.
    ///
    /// # Errors
    /// `EndOfInput` past the last batch; what getting it returns.
    fn batch(&self, position: u64) -> Result<Batch>;
}

impl<F: Fn(u64) -> Result<Batch>> Source for F {
    fn batch(&self, position: u64) -> Result<Batch> {
        self(position)
    }
}
