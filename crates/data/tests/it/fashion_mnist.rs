//! Fashion-MNIST from small files of its format.

use std::{fs, path::Path};

use everstep_data::fashion_mnist;
use everstep_tensor::ErrorKind;
use tempfile::TempDir;

use crate::{check_error, gzip};

fn idx(shape: &[u32], elements: &[u8]) -> Vec<u8> {
    let axes = shape.iter().flat_map(|axis| axis.to_be_bytes()).collect::<Vec<u8>>();
    [&[0, 0, 0x08, shape.len() as u8], &axes[..], elements].concat()
}

fn images(len: u32) -> Vec<u8> {
    idx(&[len, 28, 28], &(0..len * 784).map(|pixel| (pixel % 256) as u8).collect::<Vec<u8>>())
}

/// Three samples to train, compressed, and two to test, not compressed.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    write("train-images-idx3-ubyte.gz", &gzip(&images(3)));
    write("train-labels-idx1-ubyte.gz", &gzip(&idx(&[3], &[9, 0, 4])));
    write("t10k-images-idx3-ubyte", &images(2));
    write("t10k-labels-idx1-ubyte", &idx(&[2], &[5, 6]));
    folder
}

#[test]
fn both_parts_are_read() {
    let folder = folder();
    let (train, test) = fashion_mnist(&folder).unwrap();
    assert_eq!((train.len(), test.len()), (3, 2));
    let x = train.all().column("x").unwrap();
    assert_eq!(x.shape(), [3, 784]);
    assert_eq!(x.as_slice::<f32>().unwrap()[254..257], [254.0 / 255.0, 1.0, 0.0]);
    assert_eq!(train.all().column("labels").unwrap().as_slice::<i64>().unwrap(), [9, 0, 4]);
    assert_eq!(test.all().column("labels").unwrap().as_slice::<i64>().unwrap(), [5, 6]);
}

#[test]
fn a_missing_file_is_named_with_folder_and_remedy() {
    let folder = folder();
    fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte")).unwrap();
    let shown = folder.path().display().to_string();
    let parts = ["t10k-labels-idx1-ubyte.gz", "cargo xtask data fashion-mnist", "dataset-fashion-mnist", &shown];
    check_error(fashion_mnist(&folder), ErrorKind::NotFound, &parts);
    check_error(fashion_mnist(Path::new("no/such/folder")), ErrorKind::NotFound, &["no/such/folder"]);
}

#[test]
fn other_content_is_data_loss_naming_the_file() {
    #[track_caller]
    fn check(name: &str, content: &[u8], parts: &[&str]) {
        let folder = folder();
        fs::write(folder.path().join(name), content).unwrap();
        check_error(fashion_mnist(&folder), ErrorKind::DataLoss, &[parts, &[name, "bring the file again"]].concat());
    }
    check("train-images-idx3-ubyte.gz", &gzip(&idx(&[3, 2], &[0; 6])), &["u8[3, 2], not u8[n, 28, 28]"]);
    check("train-labels-idx1-ubyte.gz", &gzip(&idx(&[2], &[0, 1])), &["u8[2], not u8[3]"]);
    check("train-labels-idx1-ubyte.gz", &gzip(&idx(&[3], &[0, 1, 10])), &["a label is 10"]);
    check("t10k-images-idx3-ubyte", &images(2)[..1000], &["but 984 follow"]);
    check("t10k-labels-idx1-ubyte", b"labels", &["not an IDX file"]);
}
