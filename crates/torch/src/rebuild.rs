//! Tensors from storages, offsets, shapes and strides.

use std::{collections::BTreeMap, sync::Arc};

use everstep_tensor::{ByteOrder, Encoding, Result, Shared, Tensor};

use crate::{
    archive::Archive,
    fault,
    global::Global,
    pickle::Rebuild,
    unknown,
    value::{Id, Storage, Value},
};

/// Views of the same bytes may have copies of this many times the file's length together.
const COPIES: usize = 4;

pub(crate) struct Rebuilder<'a> {
    archive: &'a Archive<'a>,
    order: ByteOrder,
    /// By the name of its file; so each is verified once.
    storages: BTreeMap<&'a str, Storage>,
    /// What has been made already: equal views are one tensor.
    views: BTreeMap<View, Tensor>,
    /// How many bytes may still be copied.
    budget: usize,
}

/// Which bytes of the file a tensor shows, and how.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct View {
    begin: usize,
    end: usize,
    encoding: Encoding,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

impl<'a> Rebuilder<'a> {
    pub(crate) fn new(archive: &'a Archive<'a>) -> Result<Self> {
        let budget = (**archive.file()).as_ref().len().saturating_mul(COPIES);
        let order = archive.order()?;
        Ok(Self { archive, order, storages: BTreeMap::new(), views: BTreeMap::new(), budget })
    }

    fn tensor(&mut self, arguments: &[Id], encoding: Option<Encoding>, values: &[Value<'a>]) -> Result<Tensor> {
        let [storage, offset, shape, strides, ..] = arguments else {
            return Err(fault("a tensor is made of less than a storage, an offset, a shape and strides"));
        };
        let Value::Storage(storage) = &values[*storage] else { return Err(fault("a tensor is made of no storage")) };
        let encoding = encoding.or(storage.encoding).ok_or_else(|| fault("a tensor's elements are of no type"))?;
        let (shape, strides) = (numbers(*shape, values)?, numbers(*strides, values)?);
        let offset = number(*offset, values)?;
        if shape.len() != strides.len() {
            return Err(fault("a tensor has another number of axes than of strides"));
        }
        let view = View { begin: storage.begin, end: storage.end, encoding, offset, shape, strides };
        if let Some(tensor) = self.views.get(&view) {
            return Ok(tensor.clone());
        }
        let tensor = self.view(&view)?;
        self.views.insert(view, tensor.clone());
        Ok(tensor)
    }

    fn view(&mut self, view: &View) -> Result<Tensor> {
        let encoding = view.encoding;
        let size = encoding.size();
        let held = (view.end - view.begin) / size;
        let elements = view.shape.iter().try_fold(1usize, |product, axis| product.checked_mul(*axis));
        let elements = elements.filter(|elements| *elements <= held);
        let elements = elements.ok_or_else(|| {
            unknown(format!(
                "a tensor of shape {:?} repeats the {held} elements it has; save it after .contiguous()",
                view.shape
            ))
        })?;
        if elements > 0 && last(view).is_none_or(|last| last >= held) {
            return Err(fault(format!("a tensor of shape {:?} ends behind its storage", view.shape)));
        }
        let spent = self.budget.checked_sub(elements * size);
        self.budget =
            spent.ok_or_else(|| unknown("the tensors are views that need many times the file; save clones of them"))?;
        if elements == 0 || is_contiguous(view) {
            let begin = if elements == 0 { view.begin } else { view.begin + view.offset * size };
            return encoding.tensor(
                self.order,
                view.shape.clone(),
                self.archive.file(),
                begin..begin + elements * size,
            );
        }
        let gathered: Shared =
            Arc::new(gather(&(**self.archive.file()).as_ref()[view.begin..view.end], view, elements, size));
        encoding.tensor(self.order, view.shape.clone(), &gathered, 0..elements * size)
    }
}

impl<'a> Rebuild<'a> for Rebuilder<'a> {
    /// The name is `('storage', type, key, device, elements)`.
    fn storage(&mut self, name: &[Id], values: &[Value<'a>]) -> Result<Value<'a>> {
        let name: Vec<&Value<'a>> = name.iter().map(|id| &values[*id]).collect();
        let [Value::Text("storage"), Value::Global(kind), Value::Text(key), _, Value::Int(count)] = name[..] else {
            return Err(fault("the pickle has a persistent name that is no storage's"));
        };
        if let Some(storage) = self.storages.get(key) {
            return Ok(Value::Storage(storage.clone()));
        }
        let encoding = match kind {
            Global::Storage(encoding) => Some(*encoding),
            Global::UntypedStorage => None,
            _ => return Err(fault("the pickle has a storage of no type")),
        };
        let range = self.archive.find(&format!("data/{key}"))?;
        let bytes =
            usize::try_from(*count).ok().and_then(|count| count.checked_mul(encoding.map_or(1, Encoding::size)));
        if bytes != Some(range.len()) {
            return Err(fault(format!("storage {key} has {} bytes, not {count} elements", range.len())));
        }
        let storage = Storage { encoding, begin: range.start, end: range.end };
        self.storages.insert(key, storage.clone());
        Ok(Value::Storage(storage))
    }

    fn call(&mut self, global: Global, arguments: &[Id], values: &[Value<'a>]) -> Result<Value<'a>> {
        match (global, arguments) {
            (Global::OrderedDict, []) => Ok(Value::Dict(Vec::new())),
            (Global::Size, [shape]) => Ok(values[*shape].clone()),
            (Global::RebuildTensor, _) => Ok(Value::Tensor(self.tensor(arguments, None, values)?)),
            (Global::RebuildTensorOfType, [_, _, _, _, _, _, dtype, ..]) => match values[*dtype] {
                Value::Global(Global::Type(encoding)) => {
                    Ok(Value::Tensor(self.tensor(arguments, Some(encoding), values)?))
                }
                _ => Err(fault("a tensor's elements are of no type")),
            },
            (Global::RebuildParameter, [tensor, ..]) => match &values[*tensor] {
                Value::Tensor(tensor) => Ok(Value::Tensor(tensor.clone())),
                _ => Err(fault("a parameter is made of no tensor")),
            },
            _ => Err(unknown(format!("the pickle calls {global:?} in a way that is not known"))),
        }
    }
}

fn number(id: Id, values: &[Value<'_>]) -> Result<usize> {
    match values[id] {
        Value::Int(number) => usize::try_from(number).map_err(|_| fault(format!("{number} is no length"))),
        _ => Err(fault("a length is no number")),
    }
}

fn numbers(id: Id, values: &[Value<'_>]) -> Result<Vec<usize>> {
    match &values[id] {
        Value::Tuple(items) => items.iter().map(|item| number(*item, values)).collect(),
        _ => Err(fault("a shape is no tuple")),
    }
}

/// The element of the storage that is farthest from its begin; there is one.
fn last(view: &View) -> Option<usize> {
    view.shape
        .iter()
        .zip(&view.strides)
        .try_fold(view.offset, |last, (axis, stride)| last.checked_add((axis - 1).checked_mul(*stride)?))
}

fn is_contiguous(view: &View) -> bool {
    let mut expected = 1;
    for (axis, stride) in view.shape.iter().zip(&view.strides).rev() {
        if *axis != 1 && *stride != expected {
            return false;
        }
        expected *= axis;
    }
    true
}

/// The elements in the order of the view.
fn gather(storage: &[u8], view: &View, elements: usize, size: usize) -> Vec<u8> {
    let mut gathered = Vec::with_capacity(elements * size);
    let mut index = vec![0; view.shape.len()];
    for _ in 0..elements {
        let steps = index.iter().zip(&view.strides).map(|(index, stride)| index * stride);
        let place = (view.offset + steps.sum::<usize>()) * size;
        gathered.extend(&storage[place..place + size]);
        for (index, axis) in index.iter_mut().zip(&view.shape).rev() {
            *index += 1;
            if *index < *axis {
                break;
            }
            *index = 0;
        }
    }
    gathered
}
