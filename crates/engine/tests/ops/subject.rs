//! The kernels under test, with a fault planted in one of them or none.

use std::sync::{Arc, Mutex};

use everstep_engine::ops::{Cpu, DataMut, Kernel, KernelError, Kernels, Reference, Target, Update, View, ViewMut};
use everstep_tensor::{Bf16, DType, Element, F16, Tensor};

use crate::array::{Array, tensor};

/// Who computes, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Subject {
    kernels: Arc<dyn Kernels>,
    fault: Option<Fault>,
    calls: Mutex<Vec<Vec<usize>>>,
    values: Mutex<Vec<usize>>,
}

/// Stands for all elements of a tensor: those of a large one cannot all be tried one by one.
pub(crate) const EVERY: usize = usize::MAX;

/// One element that comes out wrong, or every one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Of an output of a kernel, by the number of the kernel in the run.
    Kernel { call: usize, output: usize, element: usize },
    /// Of a fetched value: what a wrong rule of the graph gives.
    Value { value: usize, element: usize },
}

impl Subject {
    /// The fast kernels.
    pub(crate) fn cpu(threads: usize) -> Self {
        Self::over(Arc::new(Cpu::new(threads).unwrap()))
    }

    /// The oracle.
    pub(crate) fn reference() -> Self {
        Self::over(Arc::new(Reference))
    }

    fn over(kernels: Arc<dyn Kernels>) -> Self {
        Self { kernels, fault: None, calls: Mutex::default(), values: Mutex::default() }
    }

    /// The same with that fault.
    pub(crate) fn with(&self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::over(self.kernels.clone()) }
    }

    /// Another run begins.
    pub(crate) fn begin(&self) {
        self.calls.lock().unwrap().clear();
    }

    /// The elements of each output of each kernel of the last run.
    pub(crate) fn calls(&self) -> Vec<Vec<usize>> {
        self.calls.lock().unwrap().clone()
    }

    /// The elements of each value that the last run gave.
    pub(crate) fn values(&self) -> Vec<usize> {
        self.values.lock().unwrap().clone()
    }

    /// What the run gave, with the fault.
    pub(crate) fn end(&self, mut values: Vec<Tensor>) -> Vec<Tensor> {
        *self.values.lock().unwrap() = values.iter().map(Tensor::len).collect();
        if let Some(Fault::Value { value, element }) = self.fault {
            values[value] = spoiled(&values[value], element);
        }
        values
    }

    fn called(&self, outputs: Vec<usize>) -> Option<(usize, usize)> {
        let mut calls = self.calls.lock().unwrap();
        calls.push(outputs);
        match self.fault {
            Some(Fault::Kernel { call, output, element }) if call + 1 == calls.len() => Some((output, element)),
            _ => None,
        }
    }
}

/// The kernels of a subject, as a session takes them.
#[derive(Debug)]
pub(crate) struct Spoiling(pub(crate) Arc<Subject>);

impl Kernels for Spoiling {
    fn run(&self, kernel: &Kernel, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> Result<(), KernelError> {
        self.0.kernels.run(kernel, inputs, outputs)?;
        if let Some((output, element)) = self.0.called(outputs.iter().map(|output| len(&output.data)).collect()) {
            spoil(&mut outputs[output].data, element);
        }
        Ok(())
    }

    fn update(&self, update: &Update, targets: &mut [Target<'_>], inputs: &[View<'_>]) -> Result<(), KernelError> {
        self.0.kernels.update(update, targets, inputs)?;
        if let Some((target, element)) = self.0.called(targets.iter().map(|target| len(&target.next.data)).collect()) {
            spoil(&mut targets[target].next.data, element);
        }
        Ok(())
    }
}

fn len(data: &DataMut<'_>) -> usize {
    match data {
        DataMut::Bool(values) => values.len(),
        DataMut::U8(values) => values.len(),
        DataMut::I32(values) => values.len(),
        DataMut::I64(values) => values.len(),
        DataMut::F32(values) => values.len(),
        DataMut::F64(values) => values.len(),
        DataMut::Bf16(bits) | DataMut::F16(bits) => bits.len(),
    }
}

fn spoil(data: &mut DataMut<'_>, element: usize) {
    match data {
        DataMut::Bool(values) => each(values, element, |value| !value),
        DataMut::U8(values) => each(values, element, |value| value.wrapping_add(1)),
        DataMut::I32(values) => each(values, element, |value| value.wrapping_add(1)),
        DataMut::I64(values) => each(values, element, |value| value.wrapping_add(1)),
        DataMut::F32(values) => each(values, element, |value| off(value.into()) as f32),
        DataMut::F64(values) => each(values, element, off),
        DataMut::Bf16(bits) => {
            each(bits, element, |bits| Bf16::from_f32(off(Bf16::from_bits(bits).to_f64()) as f32).to_bits())
        }
        DataMut::F16(bits) => {
            each(bits, element, |bits| F16::from_f32(off(F16::from_bits(bits).to_f64()) as f32).to_bits())
        }
    }
}

fn each<T: Copy>(values: &mut [T], element: usize, spoil: impl Fn(T) -> T) {
    match element {
        EVERY => values.iter_mut().for_each(|value| *value = spoil(*value)),
        _ => values[element] = spoil(values[element]),
    }
}

/// A number that is wrong by a hundredth: no rounding, but nothing that would show by itself.
fn off(value: f64) -> f64 {
    if value.is_finite() { value + 0.01 * value.abs().max(1.0) } else { 0.5 }
}

fn spoiled(value: &Tensor, element: usize) -> Tensor {
    let mut array = Array::from(value);
    let found = array.values[element];
    array.values[element] = match value.dtype() {
        DType::Bool => 1.0 - found,
        DType::F32 | DType::F64 => off(found),
        _ if found > 0.0 => found - 1.0,
        _ => found + 1.0,
    };
    tensor(value.dtype(), &array)
}
