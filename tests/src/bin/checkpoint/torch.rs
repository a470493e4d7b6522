//! PyTorch's files as a format that is only read.

use everstep_checkpoint::{Contents, Draft, Files, Format, load};
use everstep_tensor::{Error, ErrorKind, Result};

#[derive(Debug)]
pub(crate) struct Torch;

impl Format for Torch {
    fn extension(&self) -> &str {
        "pt"
    }

    fn write(&self, _contents: &Contents, _draft: &mut Draft) -> Result<()> {
        let message = "PyTorch's files are only read; write .safetensors, which PyTorch reads";
        Err(Error::new(ErrorKind::FailedPrecondition, message))
    }

    fn open(&self, files: &Files) -> Result<Contents> {
        Contents::from_tensors(&everstep_torch::read(&load(&*files.main()?)?)?)
    }
}
