//! Checkpoints by their paths, whatever their format.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use everstep_checkpoint::{Contents, Description, Files, Format, Native, read};
use everstep_npz::Npz;
use everstep_safetensors::Safetensors;
use everstep_tensor::{Error, ErrorKind, Result};
use everstep_tensor_bundle::TensorBundle;

use crate::torch::Torch;

/// A checkpoint that is there.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) format: Box<dyn Format>,
    pub(crate) files: Files,
}

impl Found {
    /// The one at `path`: a file, a prefix of TensorFlow's, or the newest of a directory.
    pub(crate) fn at(path: &Path) -> Result<Self> {
        if path.is_dir() {
            let none = || Error::new(ErrorKind::NotFound, format!("{} has no checkpoint", path.display()));
            let all = Self::all(path)?.into_iter().map(|found| (found.describe().map_or(0, |about| about.step), found));
            return all.max_by_key(|(step, _)| *step).map(|(_, found)| found).ok_or_else(none);
        }
        let mut index = OsString::from(path);
        index.push(".index");
        if !path.exists() && Path::new(&index).exists() {
            return Self::file(Path::new(&index));
        }
        Self::file(path)
    }

    /// All of a directory, by their names.
    pub(crate) fn all(dir: &Path) -> Result<Vec<Self>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(dir).map_err(|error| Error::from(error).context(dir.display()))? {
            paths.push(entry?.path());
        }
        paths.sort();
        Ok(paths.iter().filter(|path| path.is_file()).filter_map(|path| Self::file(path).ok()).collect())
    }

    fn file(path: &Path) -> Result<Self> {
        let format = format(path)?;
        Ok(Self { path: path.into(), format, files: Files::at(path)? })
    }

    pub(crate) fn read(&self) -> Result<Contents> {
        read(&self.files, &*self.format)
    }

    pub(crate) fn describe(&self) -> Result<Description> {
        self.format.describe(&self.files).map_err(|error| error.context(self.path.display()))
    }

    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The bytes of all its files.
    pub(crate) fn bytes(&self) -> u64 {
        let dir = self.path.parent().filter(|dir| *dir != Path::new("")).unwrap_or(Path::new("."));
        let belongs = |name: &str| {
            let suffix = name.strip_prefix(self.files.stem()).and_then(|rest| rest.strip_prefix('.'));
            name == self.name() || suffix.is_some_and(|suffix| self.format.is_part(suffix))
        };
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        let files = entries.filter(|entry| entry.file_name().to_str().is_some_and(belongs));
        files.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
    }
}

/// The format that the name ends in.
pub(crate) fn format(path: &Path) -> Result<Box<dyn Format>> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("everstep") => Ok(Box::new(Native::default())),
        Some("safetensors") => Ok(Box::new(Safetensors)),
        Some("npz") => Ok(Box::new(Npz)),
        Some("index") => Ok(Box::new(TensorBundle::default())),
        Some("pt" | "pth") => Ok(Box::new(Torch)),
        _ => {
            let endings = ".everstep, .safetensors, .npz, .index, .pt or .pth";
            let message = format!("the name of {} does not tell its format; it must end in {endings}", path.display());
            Err(Error::new(ErrorKind::InvalidArgument, message))
        }
    }
}
