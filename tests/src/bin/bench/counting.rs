//! A session that only counts: what is left is the loop.

use everstep::{
    prelude::{Result, Session, Tensor, Variables, VariablesMut},
    session::{Outcome, Request},
    tensor::{Error, ErrorKind, Spec},
};

/// A session that only counts.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    step: i64,
}

impl Session for Counting {
    type Fetch = ();
    type Input = ();

    fn run(&mut self, request: &Request<(), ()>, outcome: &mut Outcome) -> Result<()> {
        self.step += 1;
        if outcome.values.len() != request.fetches.len() {
            outcome.values.resize(request.fetches.len(), Tensor::scalar(0.5f32));
        }
        Ok(())
    }
    fn global_step(&self) -> u64 {
        self.step.cast_unsigned()
    }
    fn variables(&self) -> &dyn Variables {
        self
    }
    fn variables_mut(&mut self) -> &mut dyn VariablesMut {
        self
    }
}

impl Variables for Counting {
    fn specs(&self) -> Vec<Spec> {
        vec![Tensor::scalar(0i64).spec("global_step")]
    }
    fn read(&self, name: &str) -> Result<Tensor> {
        if name == "global_step" { Ok(Tensor::scalar(self.step)) } else { Err(Error::new(ErrorKind::NotFound, name)) }
    }
}

impl VariablesMut for Counting {
    fn assign(&mut self, name: &str, value: Tensor) -> Result<()> {
        self.read(name)?.spec(name).check(&value)?;
        self.step = value.item()?;
        Ok(())
    }
}
