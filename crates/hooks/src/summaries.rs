//! Declared summaries, and the events that their values make.

use std::{io, sync::Arc};

use everstep_event::{
    Array, Audio, Channels, Elements, Event, EventSink, Histogram, Image, PrCurve, Summary, SummaryKind, What, table,
};
use everstep_tensor::{Bf16, DType, Element, Error, ErrorKind, F16, Result, Tensor};

use crate::{sending, text};

/// Tags and kinds, in the order in which the values come.
#[derive(Clone, Debug)]
pub(crate) struct Summaries(Vec<Declared>);

#[derive(Clone, Debug)]
struct Declared {
    tag: Arc<str>,
    kind: SummaryKind,
    /// How many values it takes.
    values: usize,
}

impl Summaries {
    /// The declarations without their fetches, and the fetches, each with its tag.
    pub(crate) fn split<F: Clone>(
        declared: impl IntoIterator<Item = impl Into<Summary<F>>>,
    ) -> (Self, Vec<(String, F)>) {
        let (mut kept, mut fetches) = (Vec::new(), Vec::new());
        for summary in declared {
            let summary: Summary<F> = summary.into();
            let tag = summary.tag();
            fetches.extend(summary.fetches().iter().map(|fetch| (tag.to_string(), fetch.clone())));
            kept.push(Declared { tag: tag.clone(), kind: summary.kind(), values: summary.fetches().len() });
        }
        (Self(kept), fetches)
    }

    /// Says the values, one for each fetch.
    pub(crate) fn say(&self, sink: &dyn EventSink, step: u64, mut values: &[Tensor]) -> Result<()> {
        for Declared { tag, kind, values: count } in &self.0 {
            let own;
            (own, values) = values.split_at(*count);
            let what = content(tag, *kind, own).map_err(|error| error.context(format!("summary {tag}")))?;
            sending::event(sink, Event::now(step, what), &format!("summary {tag}"))?;
        }
        Ok(())
    }

    pub(crate) fn tags(&self) -> Vec<&str> {
        self.0.iter().map(|declared| &*declared.tag).collect()
    }
}

fn content(tag: &Arc<str>, kind: SummaryKind, values: &[Tensor]) -> Result<What> {
    let tag = tag.clone();
    match (kind, values) {
        (SummaryKind::Scalar, [value]) => {
            let not_one = |error: Error| error.context("a scalar takes one number (its mean, a norm)");
            Ok(What::scalar(tag, value.to_f64().map_err(not_one)?))
        }
        (SummaryKind::Histogram, [value]) => Ok(What::histogram(tag, Histogram::of(numbers(value)?))),
        (SummaryKind::Images { most }, [value]) => Ok(What::images(tag, images(value, most)?)),
        (SummaryKind::Audio { sample_rate, most }, [value]) => Ok(What::audio(tag, audio(value, sample_rate, most)?)),
        (SummaryKind::Text, [value]) => Ok(What::text(tag, markdown(value)?)),
        (SummaryKind::Tensor, [value]) => Ok(What::tensor(tag, array(value)?)),
        (SummaryKind::PrCurve { thresholds }, [labels, predictions]) => {
            Ok(What::pr_curve(tag, pr_curve(labels, predictions, thresholds)?))
        }
        _ => Err(refusal(format!("{} values are no {kind:?} that this version knows", values.len()))),
    }
}

fn refusal(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

/// The elements, row by row.
fn numbers(tensor: &Tensor) -> Result<Vec<f64>> {
    fn each<T: Element>(tensor: &Tensor, number: impl Fn(T) -> f64) -> Result<Vec<f64>> {
        Ok(tensor.as_slice::<T>()?.iter().map(|element| number(*element)).collect())
    }
    match tensor.dtype() {
        DType::Bool => each::<bool>(tensor, |x| f64::from(u8::from(x))),
        DType::U8 => each::<u8>(tensor, f64::from),
        DType::I32 => each::<i32>(tensor, f64::from),
        DType::I64 => each::<i64>(tensor, |x| x as f64),
        DType::F32 => each::<f32>(tensor, f64::from),
        DType::F64 => each::<f64>(tensor, |x| x),
        DType::Bf16 => each::<Bf16>(tensor, Element::to_f64),
        DType::F16 => each::<F16>(tensor, Element::to_f64),
        other => Err(refusal(format!("elements of type {other} are no numbers"))),
    }
}

fn images(tensor: &Tensor, most: usize) -> Result<Vec<Image>> {
    let [count, height, width, channels] = *tensor.shape() else {
        let message = format!("images take a shape [images, height, width, channels], not {:?}", tensor.shape());
        return Err(refusal(message));
    };
    let kind = match channels {
        1 => Channels::Grey,
        2 => Channels::GreyAlpha,
        3 => Channels::Rgb,
        4 => Channels::Rgba,
        _ => return Err(refusal(format!("images have 1 to 4 channels, not {channels}"))),
    };
    let length =
        |length: usize| u32::try_from(length).map_err(|_| refusal(format!("an image has no side of {length}")));
    let (width, height, size) = (length(width)?, length(height)?, height * width * channels);
    let parts = (0..count.min(most)).map(|index| index * size..(index + 1) * size);
    let made: io::Result<Vec<Image>> = if tensor.dtype() == DType::U8 {
        let bytes: &[u8] = tensor.as_slice()?;
        parts.map(|part| Image::new(width, height, kind, &bytes[part])).collect()
    } else {
        let numbers = floats(tensor)?;
        parts.map(|part| Image::scaled(width, height, kind, &numbers[part])).collect()
    };
    Ok(made?)
}

/// The elements in single precision.
fn floats(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(numbers(tensor)?.into_iter().map(|number| number as f32).collect())
}

fn audio(tensor: &Tensor, sample_rate: u32, most: usize) -> Result<Vec<Audio>> {
    let (count, moments, channels) = match *tensor.shape() {
        [count, moments] => (count, moments, 1),
        [count, moments, channels] => (count, moments, channels),
        ref other => {
            let message =
                format!("audio takes a shape [sounds, moments] or [sounds, moments, channels], not {other:?}");
            return Err(refusal(message));
        }
    };
    let narrow = u16::try_from(channels).map_err(|_| refusal(format!("a sound cannot have {channels} channels")))?;
    let (samples, size) = (floats(tensor)?, moments * channels);
    let each = |index: usize| Audio::new(sample_rate, narrow, &samples[index * size..(index + 1) * size]);
    (0..count.min(most)).map(|index| each(index).map_err(Error::from)).collect()
}

/// A table whose head numbers the columns.
fn markdown(tensor: &Tensor) -> Result<String> {
    let (rows, columns) = match *tensor.shape() {
        [] => return Ok(numbers(tensor)?.into_iter().map(text::number).collect()),
        [columns] => (1, columns),
        [rows, columns] => (rows, columns),
        ref other => return Err(refusal(format!("a table takes [columns] or [rows, columns], not {other:?}"))),
    };
    let cells: Vec<String> = numbers(tensor)?.into_iter().map(text::number).collect();
    let named = |row: usize| std::iter::once(row.to_string()).chain(cells[row * columns..(row + 1) * columns].to_vec());
    let head: Vec<String> =
        std::iter::once(String::new()).chain((0..columns).map(|column| column.to_string())).collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    Ok(table(&head, (0..rows).map(named)))
}

fn array(tensor: &Tensor) -> Result<Array> {
    let elements = match tensor.dtype() {
        DType::Bool => Elements::Bool(tensor.as_slice()?.into()),
        DType::U8 => Elements::U8(tensor.as_slice()?.into()),
        DType::I32 => Elements::I32(tensor.as_slice()?.into()),
        DType::I64 => Elements::I64(tensor.as_slice()?.into()),
        DType::F32 => Elements::F32(tensor.as_slice()?.into()),
        DType::F64 => Elements::F64(tensor.as_slice()?.into()),
        DType::Bf16 => Elements::F32(tensor.as_slice::<Bf16>()?.iter().map(|x| x.to_f32()).collect()),
        DType::F16 => Elements::F32(tensor.as_slice::<F16>()?.iter().map(|x| x.to_f32()).collect()),
        other => return Err(refusal(format!("event files have no elements of type {other}"))),
    };
    let shape: Vec<u64> = tensor.shape().iter().map(|length| *length as u64).collect();
    Ok(Array::new(shape, elements)?)
}

fn pr_curve(labels: &Tensor, predictions: &Tensor, thresholds: usize) -> Result<PrCurve> {
    if labels.len() != predictions.len() {
        let message = format!("there are {} labels and {} predictions; give as many", labels.len(), predictions.len());
        return Err(refusal(message));
    }
    let labels = numbers(labels)?.into_iter().map(|label| label != 0.0);
    Ok(PrCurve::of(labels.zip(numbers(predictions)?), thresholds)?)
}
