//! Who feeds what in a run.

use everstep_tensor::{Error, ErrorKind, Result, Tensor};

/// Who feeds what in a run, so that a conflict names both sides; kept by a loop driver from run to run.
#[derive(Clone, Debug, Default)]
pub struct Feeders {
    names: Vec<String>,
    of_feed: Vec<usize>,
    current: usize,
}

impl Feeders {
    /// For loop drivers: `names` are the hooks' names in list order.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let caller = std::iter::once("the caller".to_owned());
        let named = names.into_iter().map(|name| format!("hook {name}"));
        Self { names: caller.chain(named).collect(), ..Self::default() }
    }

    /// For loop drivers: a run begins with this many feeds of the caller's.
    pub fn start(&mut self, caller_feeds: usize) {
        self.of_feed.clear();
        self.of_feed.resize(caller_feeds, 0);
    }

    /// For loop drivers: what comes is fed by the hook of this index in the list.
    pub fn hook(&mut self, index: usize) {
        self.current = index + 1;
    }

    pub(crate) fn feed<I: Eq + std::fmt::Debug>(
        &mut self,
        feeds: &mut Vec<(I, Tensor)>,
        input: I,
        value: Tensor,
    ) -> Result<()> {
        if let Some(index) = feeds.iter().position(|(fed, _)| *fed == input) {
            let (first, second) = (self.name(self.of_feed.get(index).copied()), self.name(Some(self.current)));
            let message = format!("{input:?} is fed by {first} and by {second}; let one of them feed it");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        feeds.push((input, value));
        self.of_feed.push(self.current);
        Ok(())
    }

    fn name(&self, index: Option<usize>) -> &str {
        index.and_then(|index| self.names.get(index)).map_or("somebody", String::as_str)
    }
}
