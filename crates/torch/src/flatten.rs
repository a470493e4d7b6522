//! The tensors of a file by their names, nested dictionaries joined by `/`.

use everstep_tensor::{Result, Shared, Snapshot, Tensor};

use crate::{
    archive::Archive,
    fault, pickle,
    rebuild::Rebuilder,
    unknown,
    value::{Id, Value},
};

/// Dictionaries within dictionaries.
const DEEPEST: usize = 64;
/// Names may be this many times as long as the pickle, for each repeats those of the dictionaries around it.
const NAMES: usize = 64;

/// Reads the tensors of a file that `torch.save` wrote.
///
/// Numbers and truth values, such as an epoch or a learning rate, become scalars of `i64`, `f64` and `bool`; texts and
/// `None` are passed over. A tensor that is saved alone has the name `tensor`.
///
/// # Errors
/// `DataLoss` naming what is wrong; `FailedPrecondition` naming what no state dictionary needs: an opcode, a name of
/// Python, an object.
pub fn read(file: &Shared) -> Result<Snapshot> {
    let archive = Archive::open(file)?;
    let bytes = archive.bytes("data.pkl")?;
    let (values, root) = pickle::parse(bytes, &mut Rebuilder::new(&archive)?)?;
    let mut flat = Flat { values, tensors: Snapshot::new(), visits: bytes.len(), names: bytes.len() * NAMES };
    let name = if matches!(flat.values[root], Value::Tensor(_)) { "tensor" } else { "" };
    flat.take(name, root, DEEPEST)?;
    Ok(flat.tensors)
}

struct Flat<'a> {
    values: Vec<Value<'a>>,
    tensors: Snapshot,
    /// How many values may still be looked at: each has taken a byte at least, if none is there twice.
    visits: usize,
    /// How many bytes of names may still be made.
    names: usize,
}

impl Flat<'_> {
    fn take(&mut self, name: &str, id: Id, depth: usize) -> Result<()> {
        let visits = self.visits.checked_sub(1).filter(|_| depth > 0);
        self.visits =
            visits.ok_or_else(|| unknown("the pickle's dictionaries hold each other; save them one by one"))?;
        match &self.values[id] {
            Value::None | Value::Text(_) | Value::Bytes | Value::Global(_) => Ok(()),
            Value::Bool(truth) => self.keep(name, Tensor::scalar(*truth)),
            Value::Int(number) => self.keep(name, Tensor::scalar(*number)),
            Value::Float(number) => self.keep(name, Tensor::scalar(*number)),
            Value::Tensor(tensor) => self.keep(name, tensor.clone()),
            Value::Storage(_) => Err(unknown(format!("{name} is a storage and no tensor; save a tensor of it"))),
            Value::Tuple(items) | Value::List(items) => {
                let items = items.clone();
                items
                    .iter()
                    .enumerate()
                    .try_for_each(|(place, item)| self.take_in(name, &place.to_string(), *item, depth))
            }
            Value::Dict(items) => {
                let items = items.clone();
                items.iter().try_for_each(|(key, item)| {
                    let key = self.key(*key)?;
                    self.take_in(name, &key, *item, depth)
                })
            }
        }
    }

    fn take_in(&mut self, outer: &str, key: &str, id: Id, depth: usize) -> Result<()> {
        let length = outer.len() + key.len() + 1;
        let names = self.names.checked_sub(length);
        self.names =
            names.ok_or_else(|| unknown("the names of the pickle are many times as long as it is; save it flat"))?;
        let name = if outer.is_empty() { key.to_owned() } else { format!("{outer}/{key}") };
        self.take(&name, id, depth - 1)
    }

    fn key(&self, id: Id) -> Result<String> {
        match &self.values[id] {
            Value::Text(text) => Ok((*text).to_owned()),
            Value::Int(number) => Ok(number.to_string()),
            other => Err(unknown(format!("a dictionary has the key {other:?}; use texts or numbers"))),
        }
    }

    fn keep(&mut self, name: &str, tensor: Tensor) -> Result<()> {
        let count = self.tensors.len();
        self.tensors.insert(name, tensor);
        if self.tensors.len() > count {
            return Ok(());
        }
        Err(fault(format!("the name {name} occurs twice")))
    }
}
