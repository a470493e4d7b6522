//! Several sets side by side, as one.

use everstep_tensor::{Error, ErrorKind, Result, Spec, Tensor, Variables};

/// Several sets side by side, each under its prefix: a session's variables and hooks' states, made when a save is due.
///
/// A name belongs to the last part whose prefix it begins with and that has it.
pub struct Union<'a>(Vec<(String, &'a dyn Variables)>);

impl<'a> Union<'a> {
    /// The parts, each with its prefix (empty for none).
    pub fn new(parts: impl IntoIterator<Item = (String, &'a dyn Variables)>) -> Self {
        Self(parts.into_iter().collect())
    }
}

impl Variables for Union<'_> {
    fn specs(&self) -> Vec<Spec> {
        let prefixed = |(prefix, set): &(String, &dyn Variables)| {
            let prefix = prefix.clone();
            set.specs().into_iter().map(move |spec| Spec { name: format!("{prefix}{}", spec.name), ..spec })
        };
        let mut all: Vec<Spec> = self.0.iter().flat_map(prefixed).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn read(&self, name: &str) -> Result<Tensor> {
        for (prefix, set) in self.0.iter().rev() {
            let Some(rest) = name.strip_prefix(prefix.as_str()) else { continue };
            match set.read(rest) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                found => return found,
            }
        }
        Err(Error::new(ErrorKind::NotFound, format!("there is no variable {name}")))
    }
}

impl std::fmt::Debug for Union<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(prefix, _)| prefix)).finish()
    }
}
