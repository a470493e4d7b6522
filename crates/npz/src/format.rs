//! The format, for the saver.

use everstep_checkpoint::{Contents, Draft, Files, Format, load};
use everstep_tensor::Result;

/// NumPy's `.npz` as a format of checkpoints.
///
/// ```
/// use std::sync::Arc;
/// use everstep_checkpoint::{Options, Saver};
/// use everstep_npz::Npz;
/// use everstep_tensor::{Save, Saving, Snapshot, Tensor, Which};
///
/// let directory = tempfile::tempdir()?;
/// let options = Options { format: Arc::new(Npz), ..Default::default() };
/// let saver = Saver::new(directory.path(), options);
/// let model = Snapshot::from_iter([("weight", Tensor::scalar(0.5f32))]);
/// saver.save(&Saving { step: 7, variables: &model, metrics: &[], pinned: false })?;
/// saver.finish()?;
/// assert_eq!(saver.open(Which::Newest)?.map(|checkpoint| checkpoint.step), Some(7));
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Npz;

impl Format for Npz {
    fn extension(&self) -> &str {
        "npz"
    }

    fn write(&self, contents: &Contents, draft: &mut Draft) -> Result<()> {
        crate::write(contents, draft.main()?)
    }

    fn open(&self, files: &Files) -> Result<Contents> {
        crate::read(&load(&*files.main()?)?)
    }
}
