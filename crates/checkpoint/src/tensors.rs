//! Contents as tensors alone, for formats that hold nothing else.

use everstep_tensor::{DType, Error, ErrorKind, Result, Snapshot, Tensor, Variables};

use crate::Contents;

/// What the names of our own tensors begin with.
const OURS: &str = "everstep/";
/// The step, where the variables do not tell it.
const STEP: &str = "everstep/step";
/// What stands before a key of the manifest.
const MANIFEST: &str = "everstep/manifest/";
/// The variable by which other programs keep the step.
const GLOBAL_STEP: &str = "global_step";

impl Contents {
    /// Everything as tensors, for a format that holds nothing else.
    ///
    /// The manifest becomes tensors `everstep/manifest/<key>` of bytes, and the step a scalar `everstep/step`, which is
    /// left out where the scalar `global_step` says the same.
    ///
    /// # Errors
    /// `InvalidArgument` for a variable whose name begins with `everstep/`.
    pub fn to_tensors(&self) -> Result<Snapshot> {
        let mut tensors = self.variables.clone();
        if let Some((name, _)) = tensors.iter().find(|(name, _)| name.starts_with(OURS)) {
            let message = format!("the name {name} begins with {OURS}, which is ours; give the variable another one");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        if global_step(&self.variables).unwrap_or(0) != self.step {
            tensors.insert(STEP, Tensor::scalar(self.step as i64));
        }
        for (key, text) in &self.manifest {
            let text = Tensor::from_vec([text.len()], text.clone().into_bytes())?;
            tensors.insert(format!("{MANIFEST}{key}"), text);
        }
        Ok(tensors)
    }

    /// The contents of which [`to_tensors`](Self::to_tensors) made these tensors, or which another program wrote: the
    /// step is then that of the scalar `global_step`, or 0 if there is none.
    ///
    /// # Errors
    /// `DataLoss` if step or manifest are not as they were made.
    pub fn from_tensors(tensors: &Snapshot) -> Result<Self> {
        let mut contents = Self::default();
        let mut step = None;
        for (name, tensor) in tensors.iter() {
            let damaged = || Error::new(ErrorKind::DataLoss, format!("{name} is {tensor:?}, which it cannot be"));
            if name == STEP {
                step = Some(tensor.item::<i64>().map_err(|_| damaged())? as u64);
            } else if let Some(key) = name.strip_prefix(MANIFEST) {
                let text = tensor.as_slice::<u8>().ok().and_then(|text| String::from_utf8(text.to_vec()).ok());
                contents.manifest.insert(key.to_owned(), text.ok_or_else(damaged)?);
            } else {
                contents.variables.insert(name, tensor.clone());
            }
        }
        contents.step = step.or_else(|| global_step(&contents.variables)).unwrap_or(0);
        Ok(contents)
    }
}

fn global_step(variables: &Snapshot) -> Option<u64> {
    let step = variables.read(GLOBAL_STEP).ok()?;
    let step = match step.dtype() {
        DType::I32 => step.item::<i32>().ok()?.into(),
        _ => step.item::<i64>().ok()?,
    };
    u64::try_from(step).ok()
}
