//! Values that a run reports about itself.

use everstep_event::Summary;
use everstep_tensor::Result;

use crate::{Graph, Output, TensorType, graph::first_free};

/// Each registers a value to be reported and returns its tag.
///
/// The tag is made as in TensorFlow: characters other than letters, digits and `_ . - / \` become `_`, slashes in front
/// disappear, the scope that is being built comes first, and `_1` and so on makes it unique.
impl Graph {
    /// Registers a scalar to be reported, and returns its tag.
    ///
    /// # Errors
    /// If the value is not a scalar.
    #[track_caller]
    pub fn summary_scalar(&mut self, tag: &str, output: impl Into<Output>) -> Result<String> {
        self.declare(Summary::scalar(tag, output.into()), |known| {
            known.shape.is_empty().then_some(()).ok_or("not a scalar; reduce it first")
        })
    }

    /// Registers the distribution of a tensor of any shape to be reported, and returns its tag.
    ///
    /// # Errors
    /// If the value is of another graph.
    #[track_caller]
    pub fn summary_histogram(&mut self, tag: &str, output: impl Into<Output>) -> Result<String> {
        self.declare(Summary::histogram(tag, output.into()), |_| Ok(()))
    }

    /// Registers the distribution of every trainable variable, under its name, and returns the tags.
    ///
    /// A run reports the values from before its update.
    ///
    /// # Errors
    /// Never, as the variables are the graph's own.
    #[track_caller]
    pub fn summary_weights(&mut self) -> Result<Vec<String>> {
        let mut tags = Vec::new();
        for variable in self.trainable_variables() {
            let name = self.spec_of(variable)?.name;
            tags.push(self.summary_histogram(&name, variable)?);
        }
        Ok(tags)
    }

    /// Registers the first so many pictures of a batch `[pictures, height, width, channels]`, and returns the tag.
    ///
    /// Bytes are taken as they are; other numbers are scaled, each picture by itself.
    ///
    /// # Errors
    /// If the value is of another rank, or has not 1 to 4 channels.
    #[track_caller]
    pub fn summary_images(&mut self, tag: &str, output: impl Into<Output>, most: usize) -> Result<String> {
        self.declare(Summary::images(tag, output.into(), most), |known| match &*known.shape {
            [_, _, _, None | Some(1..=4)] => Ok(()),
            _ => Err("no batch of pictures; give it a shape [pictures, height, width, channels] with 1 to 4 channels"),
        })
    }

    /// Registers the first so many sounds of a batch `[sounds, moments]` or `[sounds, moments, channels]`, of so many
    /// samples a second between −1 and 1, and returns the tag.
    ///
    /// # Errors
    /// If the value is of another rank.
    #[track_caller]
    pub fn summary_audio(
        &mut self,
        tag: &str,
        output: impl Into<Output>,
        sample_rate: u32,
        most: usize,
    ) -> Result<String> {
        self.declare(Summary::audio(tag, output.into(), sample_rate, most), |known| match known.shape.len() {
            2 | 3 => Ok(()),
            _ => Err("no batch of sounds; give it a shape [sounds, moments] or [sounds, moments, channels]"),
        })
    }

    /// Registers a tensor to be reported as a table in Markdown, such as a confusion matrix, and returns the tag.
    ///
    /// # Errors
    /// If the value has more than two axes.
    #[track_caller]
    pub fn summary_text(&mut self, tag: &str, output: impl Into<Output>) -> Result<String> {
        self.declare(Summary::text(tag, output.into()), |known| {
            (known.shape.len() <= 2).then_some(()).ok_or("no table; reduce it to two axes at most")
        })
    }

    /// Registers a tensor to be reported as it is, and returns the tag.
    ///
    /// # Errors
    /// If the value is of another graph.
    #[track_caller]
    pub fn summary_tensor(&mut self, tag: &str, output: impl Into<Output>) -> Result<String> {
        self.declare(Summary::tensor(tag, output.into()), |_| Ok(()))
    }

    /// Registers how precision trades against recall, of labels, all but 0 positive, and as many predictions from 0 to 1,
    /// at so many thresholds, and returns the tag.
    ///
    /// # Errors
    /// If a value is of another graph, or the thresholds are fewer than two.
    #[track_caller]
    pub fn summary_pr_curve(
        &mut self,
        tag: &str,
        labels: impl Into<Output>,
        predictions: impl Into<Output>,
        thresholds: usize,
    ) -> Result<String> {
        self.declare(Summary::pr_curve(tag, labels.into(), predictions.into(), thresholds), |_| {
            (thresholds >= 2).then_some(()).ok_or("no curve of fewer than two thresholds; give 201")
        })
    }

    /// What is to be reported, in order of registration.
    pub fn summaries(&self) -> &[Summary<Output>] {
        &self.summaries
    }

    /// Registers a summary under a tag made of its own; `check` says what its first value is not.
    #[track_caller]
    fn declare(
        &mut self,
        summary: Summary<Output>,
        check: impl FnOnce(&TensorType) -> std::result::Result<(), &'static str>,
    ) -> Result<String> {
        for fetch in summary.fetches() {
            self.type_of(*fetch)?;
        }
        let first = summary.fetches()[0];
        let known = self.type_of(first)?;
        if let Err(fault) = check(known) {
            let message = format!("{} is {known}, {fault}", self.edge_name(first));
            return Err(self.refusal(&format!("summary {}", summary.tag()), message));
        }
        if let Some(fetch) = summary.fetches().iter().find(|fetch| self.condition_of(**fetch).is_some()) {
            return Err(self.refusal(&format!("summary {}", summary.tag()), self.says_when(*fetch)));
        }
        let is_free = |tag: &str| self.summaries.iter().all(|summary| &**summary.tag() != tag);
        let tag = first_free(&self.scoped(&clean(summary.tag())), is_free);
        self.summaries.push(summary.with_tag(&*tag));
        Ok(tag)
    }
}

fn clean(tag: &str) -> String {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || "_.-/\\".contains(character);
    tag.trim_start_matches('/').chars().map(|character| if is_allowed(character) { character } else { '_' }).collect()
}
