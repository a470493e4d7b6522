//! Fashion-MNIST, from a folder.

use std::path::{Path, PathBuf};

use everstep_tensor::{Error, ErrorKind, Result, Tensor};

use crate::{Dataset, open::damaged, read_idx};

/// Where the Debian package `dataset-fashion-mnist` puts the files.
pub const FASHION_MNIST_DIR: &str = "/usr/share/datasets/fashion-mnist";

const PIXELS: usize = 28 * 28;
const BRIGHTEST: f32 = 255.0;
const CLASSES: u8 = 10;

/// Fashion-MNIST as (train, test): 60,000 and 10,000 images of 28 × 28 pixels, in ten classes of clothing.
///
/// The columns are `x`, `f32[n, 784]` from 0 to 1, and `labels`, `i64[n]` from 0 to 9.
/// The folder holds the four IDX files under their published names, such as `train-images-idx3-ubyte.gz`, or unpacked
/// without `.gz`; [`FASHION_MNIST_DIR`] is one.
///
/// Source: H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
/// Algorithms", 2017, licensed under MIT.
///
/// # Errors
/// `NotFound` naming folder and remedy if a file is missing; `DataLoss` naming the file that is damaged or holds
/// something else.
pub fn fashion_mnist(dir: impl AsRef<Path>) -> Result<(Dataset, Dataset)> {
    let dir = dir.as_ref();
    Ok((part(dir, "train")?, part(dir, "t10k")?))
}

fn part(dir: &Path, part: &str) -> Result<Dataset> {
    let images = find(dir, format!("{part}-images-idx3-ubyte"))?;
    let labels = find(dir, format!("{part}-labels-idx1-ubyte"))?;
    let x = read_images(&images)?;
    let labels = read_labels(&labels, x.shape()[0])?;
    Dataset::new(vec![("x", x), ("labels", labels)])
}

/// The file of that name, compressed or not.
fn find(dir: &Path, name: String) -> Result<PathBuf> {
    let candidates = [dir.join(format!("{name}.gz")), dir.join(&name)];
    candidates.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        let dir = dir.display();
        let message = format!(
            "fashion-mnist is not in {dir}, which has no {name}.gz: bring it with `cargo xtask data fashion-mnist` \
             or install the Debian package dataset-fashion-mnist, and give the folder that holds it"
        );
        Error::new(ErrorKind::NotFound, message)
    })
}

fn read_images(path: &Path) -> Result<Tensor> {
    let images = read_idx(path)?;
    match (images.shape(), images.as_slice::<u8>()) {
        ([len, 28, 28], Ok(pixels)) => {
            Tensor::from_vec([*len, PIXELS], pixels.iter().map(|pixel| f32::from(*pixel) / BRIGHTEST).collect())
        }
        _ => Err(other_content(path, "u8[n, 28, 28]", &images)),
    }
}

fn read_labels(path: &Path, len: usize) -> Result<Tensor> {
    let labels = read_idx(path)?;
    let classes = labels.as_slice::<u8>().unwrap_or(&[]);
    if *labels.shape() != [len] || classes.len() != len {
        return Err(other_content(path, &format!("u8[{len}]"), &labels));
    }
    if let Some(label) = classes.iter().find(|label| **label >= CLASSES) {
        return Err(damaged(format!("{}: a label is {label}, and the classes are 0 to 9", path.display())));
    }
    Tensor::from_vec([len], classes.iter().map(|label| i64::from(*label)).collect())
}

fn other_content(path: &Path, expected: &str, found: &Tensor) -> Error {
    let (dtype, shape) = (found.dtype(), found.shape());
    damaged(format!("{} holds {dtype}{shape:?}, not {expected}", path.display()))
}
