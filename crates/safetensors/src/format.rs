//! The format, for the saver.

use everstep_checkpoint::{Contents, Description, Draft, Files, Format, load};
use everstep_tensor::Result;

use crate::codec;

/// Safetensors as a format of checkpoints.
///
/// ```
/// use std::sync::Arc;
/// use everstep_checkpoint::{Options, Saver};
/// use everstep_safetensors::Safetensors;
/// use everstep_tensor::{Save, Saving, Snapshot, Tensor, Which};
///
/// let directory = tempfile::tempdir()?;
/// let options = Options { format: Arc::new(Safetensors), ..Default::default() };
/// let saver = Saver::new(directory.path(), options);
/// let model = Snapshot::from_iter([("weight", Tensor::scalar(0.5f32))]);
/// saver.save(&Saving { step: 7, variables: &model, metrics: &[], pinned: false })?;
/// saver.finish()?;
/// assert_eq!(saver.open(Which::Newest)?.map(|checkpoint| checkpoint.step), Some(7));
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Safetensors;

impl Format for Safetensors {
    fn extension(&self) -> &str {
        "safetensors"
    }

    fn write(&self, contents: &Contents, draft: &mut Draft) -> Result<()> {
        codec::write(contents, draft.main()?)
    }

    fn open(&self, files: &Files) -> Result<Contents> {
        codec::read(&load(&*files.main()?)?)
    }

    fn describe(&self, files: &Files) -> Result<Description> {
        match codec::describe(&*files.main()?)? {
            Some(description) => Ok(description),
            None => Ok(self.open(files)?.description()),
        }
    }
}
