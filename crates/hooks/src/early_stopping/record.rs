//! What is known of a metric, as a set of variables.

use everstep_tensor::{Error, ErrorKind, Result, Snapshot, Spec, Tensor, Variables, VariablesMut};

/// What is known of a metric, kept as the variables that a checkpoint holds; their sense is checked when a session
/// begins, because assigning a value of the right dtype and shape must not fail.
#[derive(Clone, Debug)]
pub(super) struct Record(Snapshot);

const BEST: &str = "best";
const BEST_STEP: &str = "best_step";
const LAST_STEP: &str = "last_step";
const WAITS: &str = "waits";

impl Default for Record {
    fn default() -> Self {
        let best = [(BEST, Tensor::scalar(f64::NAN))];
        let counts = [(BEST_STEP, -1), (LAST_STEP, -1), (WAITS, 0)];
        Self(best.into_iter().chain(counts.map(|(name, count)| (name, Tensor::scalar::<i64>(count)))).collect())
    }
}

impl Record {
    /// Notes a look at this step, and the value if it is the best.
    pub(super) fn look(&mut self, step: u64, best: Option<f64>) {
        if let Some(best) = best {
            self.0.insert(BEST, Tensor::scalar(best));
            self.set(BEST_STEP, step);
        }
        self.set(LAST_STEP, step);
        self.set(WAITS, if best.is_some() { 0 } else { self.waits() + 1 });
    }

    pub(super) fn best(&self) -> Option<(u64, f64)> {
        let best = self.0.read(BEST).and_then(|best| best.item::<f64>()).ok()?;
        self.count(BEST_STEP).map(|step| (step, best))
    }

    pub(super) fn last_step(&self) -> Option<u64> {
        self.count(LAST_STEP)
    }

    pub(super) fn waits(&self) -> u64 {
        self.count(WAITS).unwrap_or(0)
    }

    /// # Errors
    /// `DataLoss` naming a variable that makes no sense.
    pub(super) fn check(&self, hook: &str) -> Result<()> {
        let refuse = |name: &str, value: String, sense: &str| {
            let message = format!("hook/{hook}/{name} is {value}, and {sense}; restore another checkpoint");
            Err(Error::new(ErrorKind::DataLoss, message))
        };
        for (name, least) in [(BEST_STEP, -1), (LAST_STEP, -1), (WAITS, 0)] {
            let value = self.0.read(name)?.item::<i64>()?;
            if value < least {
                return refuse(name, value.to_string(), "it is never so low");
            }
        }
        match self.best() {
            Some((step, best)) if best.is_nan() => {
                refuse(BEST, best.to_string(), &format!("step {step} gave a number"))
            }
            _ => Ok(()),
        }
    }

    /// A count that is not negative: −1 is none.
    fn count(&self, name: &str) -> Option<u64> {
        self.0.read(name).and_then(|count| count.item::<i64>()).ok()?.try_into().ok()
    }

    fn set(&mut self, name: &str, count: u64) {
        self.0.insert(name, Tensor::scalar(i64::try_from(count).unwrap_or(i64::MAX)));
    }
}

impl Variables for Record {
    fn specs(&self) -> Vec<Spec> {
        self.0.specs()
    }
    fn read(&self, name: &str) -> Result<Tensor> {
        self.0.read(name)
    }
}

impl VariablesMut for Record {
    fn assign(&mut self, name: &str, value: Tensor) -> Result<()> {
        self.0.assign(name, value)
    }
}
