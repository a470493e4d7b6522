//! An immutable n-dimensional host array.

use std::{any::Any, fmt, sync::Arc};

use crate::{
    Bf16, DType, Element, Error, ErrorKind, F16, Result, Shape, Spec, cast,
    storage::{Shared, Storage},
};

/// An immutable n-dimensional host array, row-major.
///
/// Cloning shares the elements; whoever holds the only handle may write in place ([`Tensor::get_mut`]).
/// Elements lie in memory of the tensor's own (aligned to 64 bytes), in a vector or array that was handed over, or in
/// bytes that somebody else keeps, such as a mapped file.
#[derive(Clone)]
pub struct Tensor {
    dtype: DType,
    shape: Shape,
    storage: Arc<Storage>,
}

impl Tensor {
    /// A tensor of zeros (`false` for bool).
    ///
    /// # Errors
    /// `ResourceExhausted` if there is no memory for it, or its number of bytes exceeds the address space.
    pub fn zeros(dtype: DType, shape: impl Into<Shape>) -> Result<Self> {
        let shape = shape.into();
        let bytes = byte_len(dtype, &shape)?;
        let storage = Storage::zeroed(bytes).ok_or_else(|| {
            let message = format!("there is no memory for {bytes} bytes of {dtype}{shape}; make it smaller");
            Error::new(ErrorKind::ResourceExhausted, message)
        })?;
        Ok(Self { dtype, shape, storage: Arc::new(storage) })
    }

    /// A tensor of rank 0.
    pub fn scalar<T: Element>(value: T) -> Self {
        let storage = keep(vec![value]);
        Self { dtype: T::DTYPE, shape: Shape::SCALAR, storage: Arc::new(storage) }
    }

    /// A tensor that keeps `elements`, without a copy (but for bool).
    ///
    /// # Errors
    /// `InvalidArgument` if the shape does not hold exactly these elements.
    ///
    /// ```
    /// let matrix = everstep_tensor::Tensor::from_vec([2, 3], vec![1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
    /// assert_eq!(matrix.shape(), [2, 3]);
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    pub fn from_vec<T: Element>(shape: impl Into<Shape>, elements: Vec<T>) -> Result<Self> {
        let shape = shape.into();
        if shape.elements() != Some(elements.len()) {
            let message = format!("shape {shape} does not hold {} elements; give a shape that does", elements.len());
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        Ok(Self { dtype: T::DTYPE, shape, storage: Arc::new(keep(elements)) })
    }

    /// A tensor whose elements are these bytes, native-endian, copied.
    ///
    /// # Errors
    /// `InvalidArgument` if the number of bytes is not the shape's, or a bool is neither 0 nor 1.
    pub fn from_bytes(dtype: DType, shape: impl Into<Shape>, bytes: &[u8]) -> Result<Self> {
        let shape = shape.into();
        let expected = byte_len(dtype, &shape)?;
        if bytes.len() != expected {
            let message = format!("{dtype}{shape} takes {expected} bytes, {} were given", bytes.len());
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        Self::filled(dtype, shape, |elements| {
            elements.copy_from_slice(bytes);
            Ok(())
        })
    }

    /// A tensor whose elements `fill` writes as native-endian bytes, over zeros: what is read from a file is not copied.
    ///
    /// # Errors
    /// What `fill` returns; `InvalidArgument` if it leaves a bool that is neither 0 nor 1; as [`zeros`](Self::zeros).
    ///
    /// ```
    /// use everstep_tensor::{DType, Error, Tensor};
    ///
    /// let mut file: &[u8] = &[1, 2, 3, 4];
    /// let tensor = Tensor::filled(DType::U8, [4], |bytes| Ok(std::io::Read::read_exact(&mut file, bytes)?))?;
    /// assert_eq!(tensor.as_slice::<u8>()?, [1, 2, 3, 4]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn filled(dtype: DType, shape: impl Into<Shape>, fill: impl FnOnce(&mut [u8]) -> Result<()>) -> Result<Self> {
        let mut tensor = Self::zeros(dtype, shape)?;
        let length = tensor.byte_len();
        let storage = Arc::get_mut(&mut tensor.storage).and_then(Storage::bytes_mut);
        fill(&mut storage.expect("the storage was made here")[..length])?;
        if !is_valid(dtype, tensor.bytes()) {
            return Err(Error::new(ErrorKind::InvalidArgument, "a bool's byte is neither 0 nor 1"));
        }
        Ok(tensor)
    }

    /// A tensor over bytes that somebody else keeps, native-endian, from byte `offset` on, without a copy.
    ///
    /// # Errors
    /// `InvalidArgument` if the bytes are too few, not aligned to the dtype's size, or a bool is neither 0 nor 1.
    pub fn from_shared(dtype: DType, shape: impl Into<Shape>, source: Shared, offset: usize) -> Result<Self> {
        let shape = shape.into();
        let expected = byte_len(dtype, &shape)?;
        let storage = Storage::Shared(source, offset);
        let Some(bytes) = storage.bytes().get(..expected) else {
            let message = format!("{dtype}{shape} takes {expected} bytes from byte {offset} on, which are not there");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        };
        if expected > 0 && !is_valid(dtype, bytes) {
            let message =
                format!("the bytes from {offset} on are not aligned for {dtype}, or not valid elements of it");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        Ok(Self { dtype, shape, storage: Arc::new(storage) })
    }

    /// The type of the elements.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The lengths of the axes, outermost first.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there is no element.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Name, dtype and shape, for a set that holds the tensor under `name`.
    pub fn spec(&self, name: impl Into<String>) -> Spec {
        Spec { name: name.into(), dtype: self.dtype, shape: self.shape.clone() }
    }

    /// The elements as native-endian bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.storage.bytes()[..self.byte_len()]
    }

    /// The elements, row-major.
    ///
    /// # Errors
    /// `InvalidArgument` if `T` is not the tensor's dtype.
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        self.check_dtype(T::DTYPE)?;
        if self.is_empty() {
            return Ok(&[]);
        }
        cast::elements(self.bytes()).ok_or_else(|| Error::new(ErrorKind::Internal, "the shared bytes have changed"))
    }

    /// The elements to be written in place, or `None` if another handle shares them, they are somebody else's
    /// (a mapped file), or `T` is not the tensor's dtype.
    pub fn get_mut<T: Element>(&mut self) -> Option<&mut [T]> {
        let len = self.byte_len();
        let bytes = (T::DTYPE == self.dtype).then(|| Arc::get_mut(&mut self.storage))??.bytes_mut()?;
        cast::elements_mut(&mut bytes[..len])
    }

    /// Whether [`Tensor::get_mut`] would give the elements without a copy.
    #[inline]
    pub fn is_unique(&mut self) -> bool {
        Arc::get_mut(&mut self.storage).is_some_and(|storage| !matches!(storage, Storage::Shared(..)))
    }

    /// The elements to be written, after a copy if they are shared.
    ///
    /// # Errors
    /// `InvalidArgument` if `T` is not the tensor's dtype.
    pub fn make_mut<T: Element>(&mut self) -> Result<&mut [T]> {
        self.check_dtype(T::DTYPE)?;
        if !self.is_unique() {
            *self = Self::from_bytes(self.dtype, &self.shape, self.bytes())?;
        }
        Ok(self.get_mut().expect("the elements are unshared and of that dtype"))
    }

    /// Takes the value of `other` without sharing its elements; in place where dtype and shape are the same and nobody
    /// else holds the elements, so that a loop that keeps a value allocates nothing.
    ///
    /// # Errors
    /// `ResourceExhausted` if there is no memory for another tensor.
    pub fn copy_from(&mut self, other: &Self) -> Result<()> {
        if self.dtype == other.dtype && self.shape == other.shape && self.is_unique() {
            let len = self.byte_len();
            let storage = Arc::get_mut(&mut self.storage).and_then(Storage::bytes_mut);
            storage.expect("the elements are unshared")[..len].copy_from_slice(other.bytes());
        } else {
            *self = Self::from_bytes(other.dtype, &other.shape, other.bytes())?;
        }
        Ok(())
    }

    /// The same elements under another shape, shared.
    ///
    /// # Errors
    /// `InvalidArgument` if the number of elements differs.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Self> {
        let shape = shape.into();
        if shape.elements() != Some(self.len()) {
            let message = format!("{} has {} elements, which shape {shape} does not hold", self.shape, self.len());
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        Ok(Self { dtype: self.dtype, shape, storage: self.storage.clone() })
    }

    /// The only element, as `T`.
    ///
    /// # Errors
    /// `InvalidArgument` if there is not exactly one, or `T` is not the tensor's dtype.
    pub fn item<T: Element>(&self) -> Result<T> {
        match self.as_slice()? {
            [element] => Ok(*element),
            _ => Err(Error::new(ErrorKind::InvalidArgument, format!("{self:?} is not a single element"))),
        }
    }

    /// The only element as the nearest `f64`, whatever the dtype.
    ///
    /// # Errors
    /// `InvalidArgument` if there is not exactly one.
    pub fn to_f64(&self) -> Result<f64> {
        match self.dtype {
            DType::Bool => self.item::<bool>().map(Element::to_f64),
            DType::U8 => self.item::<u8>().map(Element::to_f64),
            DType::I32 => self.item::<i32>().map(Element::to_f64),
            DType::I64 => self.item::<i64>().map(Element::to_f64),
            DType::F32 => self.item::<f32>().map(Element::to_f64),
            DType::F64 => self.item(),
            DType::Bf16 => self.item::<Bf16>().map(Element::to_f64),
            DType::F16 => self.item::<F16>().map(Element::to_f64),
        }
    }

    /// Whether every element is finite; true for integers and bools.
    pub fn is_finite(&self) -> bool {
        match self.dtype {
            DType::F32 => self.as_slice::<f32>().is_ok_and(|elements| elements.iter().all(|x| x.is_finite())),
            DType::F64 => self.as_slice::<f64>().is_ok_and(|elements| elements.iter().all(|x| x.is_finite())),
            DType::Bf16 => {
                self.as_slice::<Bf16>().is_ok_and(|elements| elements.iter().all(|x| x.to_f32().is_finite()))
            }
            DType::F16 => self.as_slice::<F16>().is_ok_and(|elements| elements.iter().all(|x| x.to_f32().is_finite())),
            _ => true,
        }
    }

    /// Whether dtype, shape and every bit of the elements are equal: a NaN equals itself, and −0 differs from 0.
    pub fn bit_eq(&self, other: &Self) -> bool {
        self.dtype == other.dtype && self.shape == other.shape && self.bytes() == other.bytes()
    }

    #[inline]
    fn byte_len(&self) -> usize {
        self.len() * self.dtype.size()
    }

    #[inline]
    fn check_dtype(&self, wanted: DType) -> Result<()> {
        if wanted == self.dtype { Ok(()) } else { Err(self.other_dtype(wanted)) }
    }

    #[cold]
    fn other_dtype(&self, wanted: DType) -> Error {
        let message = format!("the tensor holds {}, not {wanted}; read it as {}", self.dtype, self.dtype);
        Error::new(ErrorKind::InvalidArgument, message)
    }
}

/// Dtype, shape and the first few elements.
impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{} ", self.dtype, self.shape)?;
        match self.dtype {
            DType::Bool => first_few::<bool>(self, f),
            DType::U8 => first_few::<u8>(self, f),
            DType::I32 => first_few::<i32>(self, f),
            DType::I64 => first_few::<i64>(self, f),
            DType::F32 => first_few::<f32>(self, f),
            DType::F64 => first_few::<f64>(self, f),
            DType::Bf16 => first_few::<Bf16>(self, f),
            DType::F16 => first_few::<F16>(self, f),
        }
    }
}

fn first_few<T: Element>(tensor: &Tensor, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const SHOWN: usize = 8;
    let elements = tensor.as_slice::<T>().unwrap_or(&[]);
    f.debug_list().entries(&elements[..elements.len().min(SHOWN)]).finish()?;
    if elements.len() > SHOWN { write!(f, " and {} more", elements.len() - SHOWN) } else { Ok(()) }
}

fn byte_len(dtype: DType, shape: &Shape) -> Result<usize> {
    let bytes = shape.elements().and_then(|elements| elements.checked_mul(dtype.size()));
    bytes.filter(|bytes| isize::try_from(*bytes).is_ok()).ok_or_else(|| {
        Error::new(ErrorKind::ResourceExhausted, format!("a tensor {dtype}{shape} exceeds the address space"))
    })
}

fn is_valid(dtype: DType, bytes: &[u8]) -> bool {
    match dtype {
        DType::Bool => cast::elements::<bool>(bytes).is_some(),
        DType::U8 => true,
        DType::I32 => cast::elements::<i32>(bytes).is_some(),
        DType::I64 => cast::elements::<i64>(bytes).is_some(),
        DType::F32 => cast::elements::<f32>(bytes).is_some(),
        DType::F64 => cast::elements::<f64>(bytes).is_some(),
        DType::Bf16 => cast::elements::<Bf16>(bytes).is_some(),
        DType::F16 => cast::elements::<F16>(bytes).is_some(),
    }
}

/// A storage that keeps the vector; a bool's bytes are copied, because a storage's bytes can all be written.
fn keep<T: Element>(elements: Vec<T>) -> Storage {
    fn same<T: 'static, U: 'static>(elements: Vec<T>) -> Vec<U> {
        let mut elements = Some(elements);
        let elements = (&mut elements as &mut dyn Any).downcast_mut::<Option<Vec<U>>>().and_then(Option::take);
        elements.expect("the dtype tells the type of the elements")
    }
    match T::DTYPE {
        DType::Bool => Storage::U8(cast::bytes(&elements).to_vec()),
        DType::U8 => Storage::U8(same(elements)),
        DType::I32 => Storage::I32(same(elements)),
        DType::I64 => Storage::I64(same(elements)),
        DType::F32 => Storage::F32(same(elements)),
        DType::F64 => Storage::F64(same(elements)),
        DType::Bf16 => Storage::Bf16(same(elements)),
        DType::F16 => Storage::F16(same(elements)),
    }
}
