//! A partitioned variable, put together from its slices.

use everstep_proto::tensor_slice::{Extent, TensorSliceProto};
use everstep_tensor::{Result, Shape};

use crate::fault;

/// A tensor whose parts come one after the other.
pub(crate) struct Assembly {
    shape: Shape,
    /// Bytes of an element.
    element: usize,
    bytes: Vec<u8>,
    covered: Vec<bool>,
}

/// The part of an axis that a slice has: its first index and its length.
type Span = (usize, usize);

impl Assembly {
    /// # Errors
    /// `DataLoss` if the parts, which have `stored` bytes together, cannot cover the tensor.
    pub(crate) fn new(shape: Shape, element: usize, stored: usize) -> Result<Self> {
        if shape.elements().and_then(|elements| elements.checked_mul(element)) != Some(stored) {
            return Err(fault(format!("its slices have {stored} bytes, which its shape {shape} does not take")));
        }
        Ok(Self { shape, element, bytes: vec![0; stored], covered: vec![false; stored / element] })
    }

    /// Puts the bytes of one slice to their place.
    ///
    /// # Errors
    /// `DataLoss` if the slice does not lie within the tensor, has other bytes, or covers what another one did.
    pub(crate) fn add(&mut self, slice: &TensorSliceProto, bytes: &[u8]) -> Result<()> {
        let spans = self.spans(slice)?;
        let elements = spans.iter().try_fold(1, |product: usize, (_, length)| product.checked_mul(*length));
        if elements.and_then(|elements| elements.checked_mul(self.element)) != Some(bytes.len()) {
            return Err(fault(format!("a slice {spans:?} does not take {} bytes", bytes.len())));
        }
        let run = spans.last().map_or(1, |(_, length)| *length);
        if bytes.is_empty() {
            return Ok(());
        }
        for (number, row) in bytes.chunks_exact(run * self.element).enumerate() {
            self.add_row(self.first(&spans, number), row)?;
        }
        Ok(())
    }

    /// The bytes of the whole.
    ///
    /// # Errors
    /// `DataLoss` if something is not covered.
    pub(crate) fn finish(self) -> Result<Vec<u8>> {
        if self.covered.contains(&false) { Err(fault("its slices do not cover it")) } else { Ok(self.bytes) }
    }

    fn spans(&self, slice: &TensorSliceProto) -> Result<Vec<Span>> {
        let fits = || fault(format!("a slice does not lie within its shape {}", self.shape));
        if slice.extent.len() != self.shape.len() {
            return Err(fits());
        }
        let span = |(extent, axis): (&Extent, &usize)| {
            let begin = usize::try_from(extent.start).ok()?;
            let length = extent.length.map_or(axis.checked_sub(begin), |length| usize::try_from(length).ok())?;
            (begin.checked_add(length)? <= *axis).then_some((begin, length))
        };
        slice.extent.iter().zip(&*self.shape).map(span).collect::<Option<_>>().ok_or_else(fits)
    }

    /// The element of the tensor at which row `number` of the slice begins.
    fn first(&self, spans: &[Span], mut number: usize) -> usize {
        let (mut first, mut stride) = (0, 1);
        for (place, ((begin, length), axis)) in spans.iter().zip(&*self.shape).enumerate().rev() {
            let is_row = place + 1 == spans.len();
            let index = if is_row { 0 } else { number % length };
            if !is_row {
                number /= length;
            }
            first += (begin + index) * stride;
            stride *= axis;
        }
        first
    }

    fn add_row(&mut self, first: usize, row: &[u8]) -> Result<()> {
        let covered = &mut self.covered[first..first + row.len() / self.element];
        if covered.contains(&true) {
            return Err(fault("its slices overlap"));
        }
        covered.fill(true);
        self.bytes[first * self.element..][..row.len()].copy_from_slice(row);
        Ok(())
    }
}
