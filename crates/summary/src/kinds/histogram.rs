//! Histograms.
//!
//! They are written as TensorFlow's `HistogramProto` and not in the three columns of the plugin, which know neither sum
//! nor squares; TensorBoard and its readers turn one into the other as they load it.
//! NaN and infinities are curves of their own beside the histogram, at the steps that have any.

use everstep_event::{Elements, Histogram};
use everstep_proto::{
    summary::{Content, DataClass, HistogramProto, PluginData, SummaryMetadata, Value},
    tensor::TensorProto,
};

pub(crate) const PLUGIN: &str = "histograms";

const NAN: &str = "nan";
const POSITIVE_INFINITY: &str = "inf";
const NEGATIVE_INFINITY: &str = "-inf";

pub(crate) fn values(tag: &str, histogram: &Histogram) -> Vec<Value> {
    let plugin_data = Some(PluginData { plugin_name: PLUGIN.to_owned(), content: Vec::new() });
    let class = DataClass::Tensor as i32;
    let metadata = Some(SummaryMetadata { plugin_data, data_class: class, ..SummaryMetadata::default() });
    let value = Some(Content::Histo(Box::new(proto(histogram))));
    [Value { tag: tag.to_owned(), metadata, value }]
        .into_iter()
        .chain(super::count(tag, NAN, histogram.nan))
        .chain(super::count(tag, POSITIVE_INFINITY, histogram.positive_infinity))
        .chain(super::count(tag, NEGATIVE_INFINITY, histogram.negative_infinity))
        .collect()
}

fn proto(histogram: &Histogram) -> HistogramProto {
    HistogramProto {
        min: histogram.min,
        max: histogram.max,
        num: histogram.count(),
        sum: histogram.sum,
        sum_squares: histogram.sum_squares,
        bucket_limit: histogram.limits.to_vec(),
        bucket: histogram.counts.to_vec(),
    }
}

/// A histogram; `None` if its buckets have not as many limits.
pub(crate) fn read(proto: HistogramProto) -> Option<Histogram> {
    (proto.bucket_limit.len() == proto.bucket.len()).then(|| Histogram {
        min: proto.min,
        max: proto.max,
        sum: proto.sum,
        sum_squares: proto.sum_squares,
        limits: proto.bucket_limit.into(),
        counts: proto.bucket.into(),
        nan: 0,
        positive_infinity: 0,
        negative_infinity: 0,
    })
}

/// A histogram in TensorFlow 2's columns: where a bucket begins, where it ends, how many it has.
pub(crate) fn read_columns(tensor: &TensorProto) -> Option<Histogram> {
    let array = super::array::read(tensor)?;
    let (&[_, 3], Elements::F32(_) | Elements::F64(_)) = (array.shape(), array.elements()) else { return None };
    let cells: Vec<f64> = match array.elements() {
        Elements::F32(cells) => cells.iter().map(|cell| f64::from(*cell)).collect(),
        Elements::F64(cells) => cells.to_vec(),
        _ => return None,
    };
    let (rows, _) = cells.as_chunks::<3>();
    Some(Histogram {
        min: rows.first().map_or(f64::MAX, |[start, ..]| *start),
        max: rows.last().map_or(f64::MIN, |[_, end, _]| *end),
        sum: f64::NAN,
        sum_squares: f64::NAN,
        limits: rows.iter().map(|[_, end, _]| *end).collect(),
        counts: rows.iter().map(|[.., count]| *count).collect(),
        nan: 0,
        positive_infinity: 0,
        negative_infinity: 0,
    })
}

/// Takes up one of the curves beside a histogram: what follows its tag, and the value.
pub(crate) fn take(histogram: &mut Histogram, what: &str, count: f32) -> bool {
    let place = match what {
        NAN => &mut histogram.nan,
        POSITIVE_INFINITY => &mut histogram.positive_infinity,
        NEGATIVE_INFINITY => &mut histogram.negative_infinity,
        _ => return false,
    };
    *place = count as u64;
    true
}
