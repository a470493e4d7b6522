//! The variables of a graph: their values, and for each a second buffer that is kept warm.

use std::ops::Range;

use everstep_graph::{Graph, NodeId, Variable};
use everstep_session::Scope;
use everstep_tensor::{DType, Error, ErrorKind, Result, Spec, Tensor, Variables, VariablesMut};

/// The variables of a graph: the global ones, ascending by name, then the local ones, which runs alone see.
#[derive(Debug)]
pub(crate) struct GraphVariables {
    entries: Vec<Entry>,
    /// How many of them are global.
    globals: usize,
    global_step: usize,
    training_run: Option<usize>,
}

/// A variable.
///
/// Its value is written in place if nobody else holds it. Otherwise the next value goes into the spare buffer, and the
/// buffer that is still being read becomes the spare one: when its reader lets go, it is ready for the next time.
/// A variable that some plan updates is counted with its spare buffer from then on, whether it exists already or not.
#[derive(Debug)]
pub(crate) struct Entry {
    node: NodeId,
    spec: Spec,
    value: Option<Tensor>,
    spare: Option<Tensor>,
    is_updated: bool,
}

impl GraphVariables {
    /// The variables of the graph, none of which has a value.
    pub(crate) fn of(graph: &Graph) -> Result<Self> {
        let (global, local) = (graph.variables(), graph.local_variables());
        let globals = global.len();
        let entry = |variable: Variable| graph.spec_of(variable).map(|spec| Entry::new(variable.node(), spec));
        let entries = global.into_iter().chain(local).map(entry).collect::<Result<Vec<Entry>>>()?;
        let global_step = entries.iter().position(|entry| entry.spec.name == "global_step");
        let run = graph.find_training_run()?;
        let training_run = run.and_then(|run| entries.iter().position(|entry| entry.node == run.node()));
        let global_step = global_step.expect("the session gave the graph one");
        let mut variables = Self { entries, globals, global_step, training_run };
        training_run.into_iter().for_each(|index| variables.entry_mut(index).will_be_updated());
        Ok(variables)
    }

    fn places(&self, scope: Scope) -> Range<usize> {
        match scope {
            Scope::Global => 0..self.globals,
            Scope::Local => self.globals..self.entries.len(),
        }
    }

    pub(crate) fn entry(&self, index: usize) -> &Entry {
        &self.entries[index]
    }

    pub(crate) fn entry_mut(&mut self, index: usize) -> &mut Entry {
        &mut self.entries[index]
    }

    /// The types of all of them.
    pub(crate) fn dtypes(&self) -> Vec<DType> {
        self.entries.iter().map(|entry| entry.spec.dtype).collect()
    }

    /// Which one that node defines.
    pub(crate) fn index_of(&self, node: NodeId) -> usize {
        let found = self.entries.iter().position(|entry| entry.node == node);
        found.expect("every node that defines a variable is listed by the graph")
    }

    pub(crate) fn global_step(&self) -> u64 {
        let step = self.entries[self.global_step].value.as_ref().and_then(|step| step.item::<i64>().ok());
        step.and_then(|step| u64::try_from(step).ok()).unwrap_or(0)
    }

    /// One more training run was made; nothing if the graph does not count them.
    pub(crate) fn count_training_run(&mut self) -> Result<()> {
        let Some(index) = self.training_run else { return Ok(()) };
        let entry = &mut self.entries[index];
        let Ok(run) = entry.value().and_then(Tensor::item::<i64>) else { return Ok(()) };
        let mut next = entry.take_next(false)?;
        next.tensor.make_mut::<i64>()?[0] = run.wrapping_add(1);
        entry.put_next(next);
        Ok(())
    }

    pub(crate) fn uninitialized(&self, scope: Scope) -> Vec<String> {
        let missing = self.entries[self.places(scope)].iter().filter(|entry| entry.value.is_none());
        missing.map(|entry| entry.spec.name.clone()).collect()
    }

    /// Gives every variable of the scope the value that `value` makes; if one cannot be made, none is given.
    pub(crate) fn initialize(&mut self, scope: Scope, value: impl Fn(NodeId, &Spec) -> Result<Tensor>) -> Result<()> {
        let places = self.places(scope);
        let entries = &mut self.entries[places];
        let values = entries.iter().map(|entry| value(entry.node, &entry.spec)).collect::<Result<Vec<Tensor>>>()?;
        for (entry, value) in entries.iter_mut().zip(values) {
            entry.value = Some(value);
        }
        Ok(())
    }

    /// Bytes of all variables, with the second buffers of those that are updated, and of those `updated` besides.
    pub(crate) fn bytes_with(&self, updated: impl Fn(usize) -> bool) -> usize {
        let of = |(index, entry): (usize, &Entry)| match entry.is_updated || updated(index) {
            true => 2 * entry.bytes(),
            false => entry.bytes(),
        };
        self.entries.iter().enumerate().map(of).sum()
    }

    /// Bytes that are held while all variables of the scope get new values.
    pub(crate) fn bytes_to_initialize(&self, scope: Scope) -> usize {
        self.held_bytes() + self.entries[self.places(scope)].iter().map(Entry::bytes).sum::<usize>()
    }

    /// Bytes of the values and second buffers there are.
    pub(crate) fn held_bytes(&self) -> usize {
        self.entries
            .iter()
            .flat_map(|entry| [&entry.value, &entry.spare])
            .flatten()
            .map(|held| held.bytes().len())
            .sum()
    }

    /// Which one of the global ones has that name.
    fn find(&self, name: &str) -> Result<usize> {
        self.entries[self.places(Scope::Global)].binary_search_by(|entry| entry.spec.name.as_str().cmp(name)).map_err(
            |_| {
                let message = format!("there is no variable {name}; specs() lists those there are");
                Error::new(ErrorKind::NotFound, message)
            },
        )
    }
}

impl Variables for GraphVariables {
    fn specs(&self) -> Vec<Spec> {
        self.entries[self.places(Scope::Global)].iter().map(|entry| entry.spec.clone()).collect()
    }
    fn read(&self, name: &str) -> Result<Tensor> {
        self.entries[self.find(name)?].value().cloned()
    }
}

impl VariablesMut for GraphVariables {
    fn assign(&mut self, name: &str, value: Tensor) -> Result<()> {
        let index = self.find(name)?;
        let entry = &mut self.entries[index];
        entry.spec.check(&value)?;
        entry.value = Some(value);
        Ok(())
    }
}

impl Entry {
    fn new(node: NodeId, spec: Spec) -> Self {
        Self { node, spec, value: None, spare: None, is_updated: false }
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }

    /// A plan updates it.
    pub(crate) fn will_be_updated(&mut self) {
        self.is_updated = true;
    }

    /// Bytes of its value.
    fn bytes(&self) -> usize {
        self.spec.shape.iter().product::<usize>() * self.spec.dtype.size()
    }

    /// # Errors
    /// `FailedPrecondition` naming the variable if it has no value.
    pub(crate) fn value(&self) -> Result<&Tensor> {
        self.value.as_ref().ok_or_else(|| {
            let message = format!("variable {} is not initialised; initialise or restore the session", self.spec.name);
            Error::new(ErrorKind::FailedPrecondition, message)
        })
    }

    /// The value, unless it is still to be initialised, or was taken to be written in place.
    pub(crate) fn current(&self) -> Option<&Tensor> {
        self.value.as_ref()
    }

    /// The value before the update that wrote beside it.
    pub(crate) fn before(&self) -> Option<&Tensor> {
        self.spare.as_ref()
    }

    /// Takes the tensor that the next value goes into.
    ///
    /// In place, if nobody else holds the value and it need not be kept; else it is the spare buffer, and the value stays.
    pub(crate) fn take_next(&mut self, keep: bool) -> Result<Next> {
        if !keep && self.value.as_mut().is_some_and(Tensor::is_unique) {
            let tensor = self.value.take().expect("it was just seen");
            return Ok(Next { tensor, in_place: true });
        }
        let tensor = match self.spare.take_if(|spare| spare.is_unique()) {
            Some(spare) => spare,
            None => Tensor::zeros(self.spec.dtype, &self.spec.shape)?,
        };
        Ok(Next { tensor, in_place: false })
    }

    /// Ends what [`take_next`](Self::take_next) began: the tensor holds the next value.
    pub(crate) fn put_next(&mut self, next: Next) {
        let before = self.value.replace(next.tensor);
        if !next.in_place {
            self.spare = before;
        }
    }

    /// Ends what [`take_next`](Self::take_next) began: nothing was written, the value is as before.
    pub(crate) fn put_back(&mut self, next: Next) {
        if next.in_place { self.value = Some(next.tensor) } else { self.spare = Some(next.tensor) }
    }
}

/// The tensor that the next value of a variable goes into.
#[derive(Debug)]
pub(crate) struct Next {
    pub(crate) tensor: Tensor,
    /// Whether it holds the value from before.
    pub(crate) in_place: bool,
}
