//! The format, for the saver.

use everstep_checkpoint::{Contents, Draft, Files, Format, load};
use everstep_tensor::Result;

use crate::{bundle, writer};

/// What the name of the index ends in.
const EXTENSION: &str = "index";

/// TensorFlow's tensor bundle as a format of checkpoints: `model.ckpt-7.index`, `model.ckpt-7.data-00000-of-00001`.
///
/// ```
/// use std::sync::Arc;
/// use everstep_checkpoint::{Options, Saver};
/// use everstep_tensor::{Save, Saving, Snapshot, Tensor, Which};
/// use everstep_tensor_bundle::TensorBundle;
///
/// let directory = tempfile::tempdir()?;
/// let options = Options { format: Arc::new(TensorBundle::default()), ..Default::default() };
/// let saver = Saver::new(directory.path(), options);
/// let model = Snapshot::from_iter([("weight", Tensor::scalar(0.5f32))]);
/// saver.save(&Saving { step: 7, variables: &model, metrics: &[], pinned: false })?;
/// saver.finish()?;
/// assert_eq!(saver.open(Which::Newest)?.map(|checkpoint| checkpoint.step), Some(7));
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TensorBundle {
    /// The most bytes of a data file, but for a tensor that alone has more.
    pub shard_bytes: u64,
}

impl Default for TensorBundle {
    /// Data files of up to 2 GiB.
    fn default() -> Self {
        Self { shard_bytes: 2 << 30 }
    }
}

impl Format for TensorBundle {
    fn extension(&self) -> &str {
        EXTENSION
    }

    fn is_part(&self, suffix: &str) -> bool {
        let numbers = suffix.strip_prefix("data-").and_then(|rest| rest.split_once("-of-"));
        let is_number = |text: &str| text.len() >= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
        numbers.is_some_and(|(number, of)| is_number(number) && is_number(of))
    }

    fn write(&self, contents: &Contents, draft: &mut Draft) -> Result<()> {
        let index = writer::write(contents, self.shard_bytes, |shard, bytes| {
            let part = draft.part(&shard.to_string())?;
            bytes.iter().try_for_each(|bytes| Ok(part.write_all(bytes)?))
        })?;
        Ok(draft.main()?.write_all(&index)?)
    }

    fn open(&self, files: &Files) -> Result<Contents> {
        let index = load(&*files.main()?)?;
        bundle::read((*index).as_ref(), &mut |shard| load(&*files.part(&shard.to_string())?))
    }
}
