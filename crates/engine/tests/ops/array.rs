//! Numbers with a shape, in f64: what definitions are written with.

use everstep_tensor::{Bf16, DType, Element, F16, Tensor};

/// The elements of a tensor of any dtype as f64, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

impl Array {
    pub(crate) fn new(shape: &[usize], values: Vec<f64>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "a definition gave too many or too few elements");
        Self { shape: shape.to_vec(), values }
    }

    /// Element by element, told the index of each along every axis.
    pub(crate) fn of(shape: &[usize], element: impl FnMut(&[usize]) -> f64) -> Self {
        Self::new(shape, indices(shape).iter().map(Vec::as_slice).map(element).collect())
    }

    pub(crate) fn at(&self, index: &[usize]) -> f64 {
        let place = index.iter().zip(&self.shape).fold(0, |place, (index, length)| place * length + index);
        self.values[place]
    }

    pub(crate) fn map(&self, function: impl FnMut(f64) -> f64) -> Self {
        Self::new(&self.shape, self.values.iter().copied().map(function).collect())
    }

    /// A function of each pair of elements, by NumPy's broadcasting.
    pub(crate) fn zip(&self, other: &Self, function: impl Fn(f64, f64) -> f64) -> Self {
        let shape = broadcast(&self.shape, &other.shape);
        Self::of(&shape, |index| function(self.spread_at(index), other.spread_at(index)))
    }

    /// The element that broadcasting puts at `index`, which may have more axes than the array.
    pub(crate) fn spread_at(&self, index: &[usize]) -> f64 {
        let index = &index[index.len() - self.shape.len()..];
        let own = index.iter().zip(&self.shape).map(|(index, length)| if *length == 1 { 0 } else { *index });
        self.at(&own.collect::<Vec<usize>>())
    }

    /// The elements along `axes` combined into one, which is told them in order.
    pub(crate) fn reduce(&self, axes: &[usize], keep_dims: bool, combine: impl Fn(&[f64]) -> f64) -> Self {
        let ones = |(axis, length): (usize, &usize)| if axes.contains(&axis) { 1 } else { *length };
        let kept: Vec<usize> = self.shape.iter().enumerate().map(ones).collect();
        let mut groups = vec![Vec::new(); kept.iter().product()];
        for index in indices(&self.shape) {
            let place = |place: usize, axis: usize| place * kept[axis] + if kept[axis] == 1 { 0 } else { index[axis] };
            groups[(0..kept.len()).fold(0, place)].push(self.at(&index));
        }
        let values = groups.iter().map(|group| combine(group)).collect();
        let without = self.shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, length)| *length);
        let shape = if keep_dims { kept } else { without.collect() };
        Self::new(&shape, values)
    }

    /// The greatest size of a finite element.
    pub(crate) fn size(&self) -> f64 {
        self.values.iter().filter(|value| value.is_finite()).fold(0.0, |size, value| value.abs().max(size))
    }
}

/// The index of each element along every axis, in order.
pub(crate) fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![Vec::new()], |indices, length| {
        let extended = |index: Vec<usize>| (0..*length).map(move |last| [index.clone(), vec![last]].concat());
        indices.into_iter().flat_map(extended).collect()
    })
}

/// NumPy's rule for two shapes that fit.
pub(crate) fn broadcast(one: &[usize], other: &[usize]) -> Vec<usize> {
    let rank = one.len().max(other.len());
    let padded = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    let longer = |axis| if padded(one, axis) == 1 { padded(other, axis) } else { padded(one, axis) };
    (0..rank).map(longer).collect()
}

impl From<&Tensor> for Array {
    fn from(tensor: &Tensor) -> Self {
        fn wide<T: Element>(tensor: &Tensor) -> Vec<f64> {
            tensor.as_slice::<T>().unwrap().iter().map(|element| element.to_f64()).collect()
        }
        let values = match tensor.dtype() {
            DType::Bool => wide::<bool>(tensor),
            DType::U8 => wide::<u8>(tensor),
            DType::I32 => wide::<i32>(tensor),
            DType::I64 => wide::<i64>(tensor),
            DType::F32 => wide::<f32>(tensor),
            DType::F64 => wide::<f64>(tensor),
            DType::Bf16 => wide::<Bf16>(tensor),
            DType::F16 => wide::<F16>(tensor),
            other => panic!("the catalogue does not know {other}"),
        };
        Self::new(tensor.shape(), values)
    }
}

/// The numbers rounded to a dtype; to bool it is "not zero", integers saturate.
pub(crate) fn tensor(dtype: DType, array: &Array) -> Tensor {
    let (shape, values) = (array.shape.as_slice(), array.values.iter().copied());
    let tensor = match dtype {
        DType::Bool => Tensor::from_vec(shape, values.map(|value| value != 0.0).collect()),
        DType::U8 => Tensor::from_vec(shape, values.map(|value| value as u8).collect()),
        DType::I32 => Tensor::from_vec(shape, values.map(|value| value as i32).collect()),
        DType::I64 => Tensor::from_vec(shape, values.map(|value| value as i64).collect()),
        DType::F32 => Tensor::from_vec(shape, values.map(|value| value as f32).collect()),
        DType::F64 => Tensor::from_vec(shape, values.collect()),
        DType::Bf16 => Tensor::from_vec(shape, values.map(|value| Bf16::from_f32(value as f32)).collect()),
        DType::F16 => Tensor::from_vec(shape, values.map(|value| F16::from_f32(value as f32)).collect()),
        other => panic!("the catalogue does not know {other}"),
    };
    tensor.unwrap()
}
