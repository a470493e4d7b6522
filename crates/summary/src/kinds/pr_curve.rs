//! Precision-recall curves.

use everstep_event::{Elements, PrCurve};
use everstep_proto::{
    Message,
    plugin_data::PrCurvePluginData,
    summary::{DataClass, Value},
    tensor::TensorProto,
    types::DataType,
};

pub(crate) const PLUGIN: &str = "pr_curves";

const NAN: &str = "nan";

/// The rows: true and false positives, true and false negatives, precision, recall.
pub(crate) fn values(tag: &str, curve: &PrCurve) -> Vec<Value> {
    let counts = [&curve.true_positives, &curve.false_positives, &curve.true_negatives, &curve.false_negatives];
    let (precision, recall) = (curve.precision(), curve.recall());
    let rows = counts.into_iter().flat_map(|row| &**row).chain(&precision).chain(&recall);
    let thresholds = precision.len();
    let bytes = rows.flat_map(|cell| cell.to_le_bytes()).collect();
    let tensor = super::numbers(DataType::Double, [6, thresholds as u64], bytes);
    let content = PrCurvePluginData { version: 0, num_thresholds: thresholds as u32 };
    [super::value(tag, PLUGIN, content.encode_to_vec(), DataClass::Tensor, tensor)]
        .into_iter()
        .chain(super::count(tag, NAN, curve.nan))
        .collect()
}

pub(crate) fn read(tensor: &TensorProto) -> Option<PrCurve> {
    let array = super::array::read(tensor)?;
    let &[6, thresholds] = array.shape() else { return None };
    let cells: Vec<f64> = match array.elements() {
        Elements::F32(cells) => cells.iter().map(|cell| f64::from(*cell)).collect(),
        Elements::F64(cells) => cells.to_vec(),
        _ => return None,
    };
    let row = |index: usize| cells[index * thresholds as usize..][..thresholds as usize].into();
    Some(PrCurve {
        true_positives: row(0),
        false_positives: row(1),
        true_negatives: row(2),
        false_negatives: row(3),
        nan: 0,
    })
}

/// Takes up the curve beside it: what follows its tag, and the value.
pub(crate) fn take(curve: &mut PrCurve, what: &str, count: f32) -> bool {
    if what == NAN {
        curve.nan = count as u64;
    }
    what == NAN
}
