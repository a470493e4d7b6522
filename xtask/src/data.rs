//! `cargo xtask data`: brings a data set and checks that it is the one we mean.

use std::{
    ffi::OsString,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use lexopt::prelude::*;
use sha2::{Digest, Sha256};

use crate::{
    Outcome,
    process::{answers, run, run_quietly},
    workspace::Workspace,
};

/// The Debian package of Fashion-MNIST, and where it puts its files.
const PACKAGE: &str = "dataset-fashion-mnist";
const INSTALLED: &str = "usr/share/datasets/fashion-mnist";

/// The files of that package (version 0.0~git20200523.55506a9-1) and their SHA-256.
///
/// Debian compresses the files anew, so these are not the digests of the files on Zalando's server.
const FASHION_MNIST: [(&str, &str); 4] = [
    ("train-images-idx3-ubyte.gz", "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"),
    ("train-labels-idx1-ubyte.gz", "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"),
    ("t10k-images-idx3-ubyte.gz", "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"),
    ("t10k-labels-idx1-ubyte.gz", "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"),
];

/// Brings the data set that `words` name.
pub(crate) fn data(words: Vec<OsString>) -> Outcome {
    let mut name = None;
    let mut folder = None;
    let mut parser = lexopt::Parser::from_args(words);
    while let Some(word) = parser.next()? {
        match word {
            Long("dir") => folder = Some(PathBuf::from(parser.value()?)),
            Value(value) if name.is_none() => name = Some(value.string()?),
            _ => return Err(word.unexpected().into()),
        }
    }
    match name.as_deref() {
        Some("digits") => println!("the digits are part of the repository: nothing to bring"),
        Some("fashion-mnist") => fashion_mnist(folder)?,
        Some(other) => return Err(format!("unknown data set `{other}`; known are digits, fashion-mnist").into()),
        None => return Err("which data set? `cargo xtask data digits` or `cargo xtask data fashion-mnist`".into()),
    }
    Ok(())
}

fn fashion_mnist(folder: Option<PathBuf>) -> Outcome {
    let root = Workspace::load()?.root;
    let folder = folder.unwrap_or_else(|| root.join("target/data/fashion-mnist"));
    if FASHION_MNIST.iter().any(|(name, _)| !folder.join(name).exists()) {
        bring(&folder, &root.join("target/data/package"))?;
    }
    verify(&folder, &FASHION_MNIST)?;
    println!("Fashion-MNIST is in {}; SHA-256 of its four files verified", folder.display());
    Ok(())
}

/// Copies the files that `folder` lacks, from the installed package or from one unpacked in `scratch`.
fn bring(folder: &Path, scratch: &Path) -> Outcome {
    let installed = Path::new("/").join(INSTALLED);
    let source = if installed.is_dir() { installed } else { unpack(scratch)? };
    create(folder)?;
    for (name, _) in FASHION_MNIST.iter().filter(|(name, _)| !folder.join(name).exists()) {
        let (from, to) = (source.join(name), folder.join(name));
        copy(&from, &to).map_err(|error| format!("cannot copy {} to {}: {error}", from.display(), to.display()))?;
    }
    Ok(())
}

/// Copies under another name first, so that an interrupted copy is not taken for the file.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let partial = to.with_extension("partial");
    fs::copy(from, &partial)?;
    fs::rename(partial, to)
}

/// Downloads the Debian package and unpacks it below `scratch`, which needs no rights; returns the folder of its data.
fn unpack(scratch: &Path) -> Outcome<PathBuf> {
    for program in ["apt-get", "dpkg"] {
        if !answers(Command::new(program).arg("--version")) {
            return Err(unreachable(&format!("this machine has no {program}")).into());
        }
    }
    if scratch.exists() {
        fs::remove_dir_all(scratch)?;
    }
    create(scratch)?;
    download(scratch)?;
    let archive = fs::read_dir(scratch)?.filter_map(Result::ok).map(|entry| entry.path());
    let archive = archive.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "deb"));
    let archive = archive.ok_or_else(|| format!("apt-get left no package in {}", scratch.display()))?;
    run(Command::new("dpkg").arg("-x").arg(archive).arg(scratch))?;
    Ok(scratch.join(INSTALLED))
}

/// A fresh machine has no lists of packages, so a first failure is answered with an update of the lists.
fn download(scratch: &Path) -> Outcome {
    // Without its sandbox apt-get writes where the caller may write.
    log::info!("downloading the Debian package {PACKAGE}");
    let fetch = ["-o", "APT::Sandbox::User=root", "download", PACKAGE];
    if answers(Command::new("apt-get").args(fetch).current_dir(scratch)) {
        return Ok(());
    }
    let update = run_quietly(Command::new("apt-get").arg("update"));
    let fetched = update.and_then(|_| run_quietly(Command::new("apt-get").args(fetch).current_dir(scratch)));
    fetched.map(drop).map_err(|error| unreachable(&error.to_string()).into())
}

fn unreachable(why: &str) -> String {
    let names = FASHION_MNIST.map(|(name, _)| name).join(", ");
    format!(
        "cannot bring the package {PACKAGE}: {why}; \
         put {names} into a folder and pass it to the train program with --data FOLDER"
    )
}

fn create(folder: &Path) -> Outcome {
    Ok(fs::create_dir_all(folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?)
}

/// Compares every file with its digest and names the first that differs.
fn verify(folder: &Path, files: &[(&str, &str)]) -> Outcome {
    for (name, expected) in files {
        let path = folder.join(name);
        let bytes = fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let found = hexadecimal(&Sha256::digest(bytes));
        if found != *expected {
            let path = path.display();
            return Err(format!("{path} has SHA-256 {found}, expected {expected}: delete it and try again").into());
        }
    }
    Ok(())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_as_sha256sum_writes_it() {
        let digest = hexadecimal(&Sha256::digest(b"abc"));
        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn verify_names_the_file_that_differs_or_is_missing() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let wrong = verify(folder, &[("Cargo.toml", "00")]).unwrap_err().to_string();
        assert!(wrong.contains("Cargo.toml has SHA-256 ") && wrong.contains("expected 00"), "{wrong}");
        let missing = verify(folder, &[("no-such-file", "00")]).unwrap_err().to_string();
        assert!(missing.contains("cannot read") && missing.contains("no-such-file"), "{missing}");
    }

    #[test]
    fn an_unknown_data_set_is_named_with_the_known_ones() {
        let error = data(vec!["cats".into()]).unwrap_err().to_string();
        assert_eq!(error, "unknown data set `cats`; known are digits, fashion-mnist");
    }
}
