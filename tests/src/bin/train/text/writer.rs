//! A hook of the program's own: it prints what the model writes.

use std::rc::Rc;

use everstep::{
    graph::{Input, Output},
    hook::Trigger,
    prelude::{AfterRun, GraphSession, Hook, Result, Session, Tensor},
    session::{Outcome, Purpose, Request},
};

use super::{corpus::Corpus, random::Random};

/// Characters of a sample.
const LENGTH: usize = 240;

/// Prints a sample of what the model writes, now and then.
pub(crate) struct Writer {
    pub(crate) corpus: Rc<Corpus>,
    pub(crate) seen: Input,
    pub(crate) logits: Output,
    pub(crate) context: usize,
    pub(crate) temperature: f64,
    pub(crate) seed: u64,
    pub(crate) trigger: Trigger,
}

impl Writer {
    /// What the model writes at this step after an empty line.
    fn sample(&self, session: &mut GraphSession) -> Result<String> {
        let mut random = Random::new(self.seed, session.global_step());
        let mut text = self.corpus.places("\n");
        text.resize(1, 0);
        let mut outcome = Outcome::default();
        while text.len() <= LENGTH {
            let mut seen = text[text.len().saturating_sub(self.context)..].to_vec();
            let last = seen.len() - 1;
            // What stands behind the last character is not seen by it.
            seen.resize(self.context, 0);
            let feeds = vec![(self.seen, Tensor::from_vec([1, self.context], seen)?)];
            session.run(&Request { feeds, ..Request::read(vec![self.logits]) }, &mut outcome)?;
            let logits = outcome.values[0].as_slice::<f32>()?;
            let alphabet = self.corpus.alphabet().len();
            text.push(self.choose(&logits[last * alphabet..(last + 1) * alphabet], random.share()));
        }
        Ok(text[1..].iter().map(|place| self.corpus.alphabet()[*place as usize]).collect())
    }

    /// The character at which the probabilities up to it exceed `share`.
    fn choose(&self, logits: &[f32], share: f64) -> i32 {
        let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let power = |logit: &f32| (f64::from(logit - greatest) / self.temperature).exp();
        let sum: f64 = logits.iter().map(power).sum();
        let mut rest = share * sum;
        let place = logits.iter().position(|logit| {
            rest -= power(logit);
            rest < 0.0
        });
        place.unwrap_or(logits.len() - 1) as i32
    }
}

impl Hook<GraphSession> for Writer {
    fn name(&self) -> &str {
        "writer"
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, GraphSession>) -> Result<()> {
        let step = run.global_step();
        if run.purpose() == Purpose::Train && self.trigger.is_due(step) {
            self.trigger.done(step);
            println!("--- step {step} ---\n{}", self.sample(run.session())?);
        }
        Ok(())
    }
}
