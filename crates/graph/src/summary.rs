//! Values that a run reports about itself.

use everstep_tensor::Result;

use crate::{Graph, Output, graph::first_free};

/// A scalar that is written to the event file under a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The name of its curve, unique in the graph.
    pub tag: String,
    /// The scalar.
    pub output: Output,
}

impl Graph {
    /// Registers a scalar to be reported, and returns its tag.
    ///
    /// The tag is made as in TensorFlow: characters other than letters, digits and `_ . - / \` become `_`, slashes in
    /// front disappear, the scope that is being built comes first, and `_1` and so on makes it unique.
    ///
    /// # Errors
    /// If the value is not a scalar.
    #[track_caller]
    pub fn summary_scalar(&mut self, tag: &str, output: impl Into<Output>) -> Result<String> {
        let output = output.into();
        let known = self.type_of(output)?;
        if !known.shape.is_empty() {
            let message = format!("{} is {known}, not a scalar; reduce it first", self.edge_name(output));
            return Err(self.refusal(&format!("summary {tag}"), message));
        }
        let tag = first_free(&self.scoped(&clean(tag)), |tag| self.summaries.iter().all(|summary| summary.tag != tag));
        self.summaries.push(Summary { tag: tag.clone(), output });
        Ok(tag)
    }

    /// What is to be reported, in order of registration.
    pub fn summaries(&self) -> &[Summary] {
        &self.summaries
    }
}

fn clean(tag: &str) -> String {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || "_.-/\\".contains(character);
    tag.trim_start_matches('/').chars().map(|character| if is_allowed(character) { character } else { '_' }).collect()
}
