//! What a guard remembers of the steps before, saved with the model.

use everstep_tensor::{Error, ErrorKind, Result, Spec, Tensor, Variables, VariablesMut};

/// What a guard remembers of the steps before, as a set of variables; assigned values are checked when a session
/// begins, because assigning a value of the right dtype and shape must not fail.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Record {
    /// Good steps of which `mean` is the mean.
    count: i64,
    mean: f64,
    undone: i64,
    undone_in_a_row: i64,
}

impl Record {
    const NAMES: [&str; 4] = ["count", "mean", "undone", "undone_in_a_row"];

    /// The mean of the good values, once there are `memory` of them.
    pub(super) fn mean(&self, memory: u64) -> Option<f64> {
        (self.count.unsigned_abs() >= memory).then_some(self.mean)
    }

    /// The mean of the first `memory` values, and then of all, each older one weighing 1 - 1/`memory` of the next.
    pub(super) fn add(&mut self, value: f64, memory: u64) {
        self.count = self.count.saturating_add(1);
        let weight = 1.0 / self.count.unsigned_abs().min(memory) as f64;
        self.mean = self.mean * (1.0 - weight) + value * weight;
    }

    pub(super) fn kept(&mut self) {
        self.undone_in_a_row = 0;
    }

    /// Counts a step that is undone: how many are now, in a row and in total.
    pub(super) fn undo(&mut self) -> (u64, u64) {
        self.undone_in_a_row = self.undone_in_a_row.saturating_add(1);
        self.undone = self.undone.saturating_add(1);
        (self.undone_in_a_row.unsigned_abs(), self.undone.unsigned_abs())
    }

    /// # Errors
    /// `DataLoss` if a restored value is none that a guard has saved.
    pub(super) fn check(&self) -> Result<()> {
        let Self { count, mean, undone, undone_in_a_row } = *self;
        if count >= 0 && undone >= 0 && undone_in_a_row >= 0 && mean.is_finite() {
            return Ok(());
        }
        let message = format!("hook/nan_guard is {self:?}, which no guard has saved; restore another checkpoint");
        Err(Error::new(ErrorKind::DataLoss, message))
    }
}

impl Variables for Record {
    fn specs(&self) -> Vec<Spec> {
        let spec = |name: &str| self.read(name).map(|value| value.spec(name));
        Self::NAMES.into_iter().filter_map(|name| spec(name).ok()).collect()
    }

    fn read(&self, name: &str) -> Result<Tensor> {
        match name {
            "count" => Ok(Tensor::scalar(self.count)),
            "mean" => Ok(Tensor::scalar(self.mean)),
            "undone" => Ok(Tensor::scalar(self.undone)),
            "undone_in_a_row" => Ok(Tensor::scalar(self.undone_in_a_row)),
            _ => {
                let message = format!("a guard's state has no variable {name}; it has {:?}", Self::NAMES);
                Err(Error::new(ErrorKind::NotFound, message))
            }
        }
    }
}

impl VariablesMut for Record {
    fn assign(&mut self, name: &str, value: Tensor) -> Result<()> {
        self.read(name)?.spec(name).check(&value)?;
        match name {
            "count" => self.count = value.item()?,
            "mean" => self.mean = value.item()?,
            "undone" => self.undone = value.item()?,
            _ => self.undone_in_a_row = value.item()?,
        }
        Ok(())
    }
}
