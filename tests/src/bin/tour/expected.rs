//! What a reader must find of the events that were said, in the form of `xtask/interop/read_kinds.py`.

use std::{collections::BTreeMap, fmt::Write as _};

use everstep::{
    event::{Audio, Curves, Elements, Histogram, HparamValue, Image, Layout, Mesh, Picture, PrCurve, Sound, What},
    prelude::Event,
    summary::History,
};
use serde_json::{Map, Value, json};

/// Runs, and the events of each that hold.
#[derive(Default)]
pub(crate) struct Expected(BTreeMap<String, History>);

impl Expected {
    pub(crate) fn add(&mut self, run: &str, events: Vec<Event>) {
        self.0.entry(run.to_owned()).or_default().extend(events);
    }

    pub(crate) fn into_json(self) -> Value {
        let runs = self.0.into_iter().map(|(run, history)| (run, of_run(&history)));
        Value::Object(runs.collect())
    }
}

/// The kinds of a run: series by tag, and what there is once.
fn of_run(history: &History) -> Value {
    let mut run = Map::new();
    for Event { step, what, .. } in history.events() {
        say(&mut run, *step, what);
    }
    Value::Object(run)
}

fn say(run: &mut Map<String, Value>, step: u64, what: &What) {
    match what {
        What::Scalar { tag, value } => point(run, "scalars", tag, json!([step, number(f64::from(*value as f32))])),
        What::Histogram { tag, histogram } => {
            point(run, "histograms", tag, json!([step, buckets(histogram)]));
            let counts =
                [("nan", histogram.nan), ("inf", histogram.positive_infinity), ("-inf", histogram.negative_infinity)];
            for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
                point(run, "scalars", &format!("{tag}/{name}"), json!([step, count as f64]));
            }
        }
        What::Images { tag, images } => {
            point(run, "images", tag, json!([step, images.iter().map(image).collect::<Value>()]));
        }
        What::Audio { tag, clips } => {
            point(run, "audio", tag, json!([step, clips.iter().map(sound).collect::<Value>()]));
        }
        What::Text { tag, text } => point(run, "text", tag, json!([step, text])),
        What::Tensor { tag, array } => {
            if let Elements::F32(elements) = array.elements() {
                point(run, "tensors", tag, json!([step, array.shape(), numbers(elements)]));
            }
        }
        What::PrCurve { tag, curve } => point(run, "pr_curves", tag, pr_curve(step, curve)),
        What::Mesh { tag, mesh } => point(run, "mesh", tag, mesh_parts(step, mesh)),
        What::TrialStart(trial) => {
            let hparams = trial.hparams.iter().map(|(name, value)| (name.clone(), hparam(value)));
            run.insert("hparams".to_owned(), Value::Object(hparams.collect()));
        }
        What::TrialEnd(status) => {
            let status = format!("STATUS_{}", format!("{status:?}").to_uppercase());
            run.insert("status".to_owned(), status.into());
        }
        What::Layout(layout) => {
            run.insert("layout".to_owned(), self::layout(layout));
        }
        What::RunMetadata { tag, .. } => list(run, "run_metadata").push(json!(**tag)),
        _ => {}
    }
}

fn point(run: &mut Map<String, Value>, kind: &str, tag: &str, point: Value) {
    let series = run.entry(kind).or_insert_with(|| json!({}));
    if let Value::Object(series) = series {
        list(series, tag).push(point);
    }
}

fn list<'m>(map: &'m mut Map<String, Value>, name: &str) -> &'m mut Vec<Value> {
    let Value::Array(list) = map.entry(name).or_insert_with(|| json!([])) else {
        unreachable!("under this name there are lists alone")
    };
    list
}

fn number(value: f64) -> Value {
    match value {
        value if value.is_finite() => value.into(),
        value if value.is_nan() => "NaN".into(),
        value if value > 0.0 => "Infinity".into(),
        _ => "-Infinity".into(),
    }
}

fn numbers<T: Copy + Into<f64>>(values: &[T]) -> Value {
    values.iter().map(|value| number((*value).into())).collect()
}

/// TensorBoard's columns: no empty buckets at the ends, which end where the values do; in single precision.
fn buckets(histogram: &Histogram) -> Value {
    let Histogram { limits, counts, min, max, .. } = histogram;
    let is_full = |count: &f64| *count > 0.0;
    let Some(first) = counts.iter().position(is_full) else { return json!([]) };
    let last = counts.iter().rposition(is_full).unwrap_or(first);
    let single = |value: f64| f64::from(value as f32);
    let bucket = |index: usize| {
        let left = if index == first { *min } else { limits[index - 1] };
        let right = if index == last { *max } else { limits[index] };
        json!([single(left), single(right), single(counts[index])])
    };
    (first..=last).map(bucket).collect()
}

fn image(image: &Image) -> Value {
    let pixels = match image.picture() {
        Picture::Pixels(pixels) => hex(pixels),
        _ => String::new(),
    };
    json!([image.width(), image.height(), image.channels() as u8, pixels])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes any number of letters");
        text
    })
}

fn sound(audio: &Audio) -> Value {
    let amplitude = |sample: &f32| (sample * f32::from(i16::MAX)).round() as i16;
    let samples = match audio.sound() {
        Sound::Samples(samples) => samples.iter().map(amplitude).collect(),
        _ => Vec::new(),
    };
    json!([audio.sample_rate(), audio.channels(), samples])
}

fn pr_curve(step: u64, curve: &PrCurve) -> Value {
    let PrCurve { true_positives, false_positives, true_negatives, false_negatives, .. } = curve;
    let rows = [true_positives, false_positives, true_negatives, false_negatives].map(|row| numbers(row));
    std::iter::once(json!(step)).chain(rows).collect()
}

fn mesh_parts(step: u64, mesh: &Mesh) -> Value {
    let vertices: Value = mesh.vertices().iter().map(|vertex| numbers(vertex)).collect();
    let faces: Value = mesh.faces().iter().map(|face| numbers(face)).collect();
    let colors: Value = mesh.colors().iter().map(|color| numbers(color)).collect();
    json!([step, vertices, faces, colors])
}

fn hparam(value: &HparamValue) -> Value {
    match value {
        HparamValue::Number(value) => number(*value),
        HparamValue::Text(text) => json!(text),
        HparamValue::Bool(value) => json!(value),
    }
}

fn layout(layout: &Layout) -> Value {
    let curves = |curves: &Curves| match curves {
        Curves::Lines(tags) => json!(tags),
        Curves::Bands(bands) => bands.iter().map(|band| json!([band.value, band.lower, band.upper])).collect(),
        _ => Value::Null,
    };
    let category = |category: &everstep::event::Category| {
        let charts: Value = category.charts.iter().map(|chart| json!([chart.title, curves(&chart.curves)])).collect();
        json!([category.title, category.closed, charts])
    };
    layout.categories.iter().map(category).collect()
}
