//! Events as JSON.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use everstep_event::{
    Array, Audio, Curves, Domain, Elements, Event, Experiment, Histogram, Hparam, HparamValue, Image, Layout, Mesh,
    NodeStats, Picture, PrCurve, RunStats, Sound, Trial, What,
};
use serde_json::{Map, Value, json};

use crate::csv::seconds;

/// An event as a JSON object: `wall_time` in seconds since 1970, `step`, `kind`, the `tag` of the kinds that have one, and
/// the fields of its kind under the names they have in Rust.
///
/// A number that is not finite is the text `NaN`, `Infinity` or `-Infinity`, and bytes are Base64, as in the JSON form of
/// protocol buffers. A kind that this crate does not know has no fields.
///
/// ```
/// use everstep_event::Event;
///
/// let json = everstep_sinks::json(&Event::scalar(3, "loss", f64::NAN));
/// assert_eq!((&json["kind"], &json["tag"], &json["value"]), (&"scalar".into(), &"loss".into(), &"NaN".into()));
/// ```
pub fn json(event: &Event) -> Value {
    let mut object = Map::new();
    object.insert("wall_time".to_owned(), number(seconds(event.wall_time)));
    object.insert("step".to_owned(), event.step.into());
    object.insert("kind".to_owned(), kind(&event.what).into());
    if let Some(tag) = event.what.tag() {
        object.insert("tag".to_owned(), Value::from(&**tag));
    }
    if let Value::Object(fields) = fields(&event.what) {
        object.extend(fields);
    }
    Value::Object(object)
}

/// The name of a kind, as [`json()`] has it: `scalar`, `histogram`, `images`, …; `unknown` for one that this crate does
/// not know.
pub fn kind(what: &What) -> &'static str {
    match what {
        What::Scalar { .. } => "scalar",
        What::Histogram { .. } => "histogram",
        What::Images { .. } => "images",
        What::Audio { .. } => "audio",
        What::Text { .. } => "text",
        What::Tensor { .. } => "tensor",
        What::PrCurve { .. } => "pr_curve",
        What::Mesh { .. } => "mesh",
        What::Experiment(_) => "experiment",
        What::TrialStart(_) => "trial_start",
        What::TrialEnd(_) => "trial_end",
        What::Layout(_) => "layout",
        What::Graph(_) => "graph",
        What::RunMetadata { .. } => "run_metadata",
        What::SessionStart => "session_start",
        What::SessionStop => "session_stop",
        What::Checkpoint { .. } => "checkpoint",
        _ => "unknown",
    }
}

/// The fields of a kind, but for the tag.
fn fields(what: &What) -> Value {
    match what {
        What::Scalar { value, .. } => json!({"value": number(*value)}),
        What::Histogram { histogram, .. } => self::histogram(histogram),
        What::Images { images, .. } => json!({"images": each(images, image)}),
        What::Audio { clips, .. } => json!({"clips": each(clips, audio)}),
        What::Text { text, .. } => json!({"text": text}),
        What::Tensor { array, .. } => self::array(array),
        What::PrCurve { curve, .. } => pr_curve(curve),
        What::Mesh { mesh, .. } => self::mesh(mesh),
        What::Experiment(experiment) => self::experiment(experiment),
        What::TrialStart(trial) => self::trial(trial),
        What::TrialEnd(status) => json!({"status": format!("{status:?}").to_lowercase()}),
        What::Layout(layout) => self::layout(layout),
        What::Graph(graph) => json!({"graph_def": bytes(graph)}),
        What::RunMetadata { stats, .. } => run_stats(stats),
        What::SessionStart => Value::Null,
        What::SessionStop => Value::Null,
        What::Checkpoint { path } => json!({"path": path}),
        _ => Value::Null,
    }
}

fn number(value: f64) -> Value {
    match value {
        value if value.is_finite() => value.into(),
        value if value.is_nan() => "NaN".into(),
        value if value > 0.0 => "Infinity".into(),
        _ => "-Infinity".into(),
    }
}

fn bytes(bytes: &[u8]) -> Value {
    STANDARD.encode(bytes).into()
}

fn each<T>(items: &[T], value: impl Fn(&T) -> Value) -> Value {
    items.iter().map(value).collect()
}

fn numbers<T: Copy + Into<f64>>(values: &[T]) -> Value {
    each(values, |value| number((*value).into()))
}

fn histogram(histogram: &Histogram) -> Value {
    let Histogram { min, max, sum, sum_squares, limits, counts, nan, positive_infinity, negative_infinity } = histogram;
    json!({
        "min": number(*min),
        "max": number(*max),
        "sum": number(*sum),
        "sum_squares": number(*sum_squares),
        "limits": numbers(limits),
        "counts": numbers(counts),
        "nan": nan,
        "positive_infinity": positive_infinity,
        "negative_infinity": negative_infinity,
    })
}

fn image(image: &Image) -> Value {
    let (name, data) = match image.picture() {
        Picture::Pixels(pixels) => ("pixels", bytes(pixels)),
        Picture::File(file) => ("file", bytes(file)),
        _ => ("unknown", Value::Null),
    };
    json!({"width": image.width(), "height": image.height(), "channels": image.channels() as u8, name: data})
}

fn audio(audio: &Audio) -> Value {
    let (name, data) = match audio.sound() {
        Sound::Samples(samples) => ("samples", numbers(samples)),
        Sound::Wav(file) => ("wav", bytes(file)),
        _ => ("unknown", Value::Null),
    };
    json!({"sample_rate": audio.sample_rate(), "channels": audio.channels(), name: data})
}

fn array(array: &Array) -> Value {
    let (dtype, elements) = match array.elements() {
        Elements::Bool(elements) => ("bool", json!(**elements)),
        Elements::U8(elements) => ("u8", json!(**elements)),
        Elements::I32(elements) => ("i32", json!(**elements)),
        Elements::I64(elements) => ("i64", json!(**elements)),
        Elements::F32(elements) => ("f32", numbers(elements)),
        Elements::F64(elements) => ("f64", numbers(elements)),
        Elements::Bytes(elements) => ("bytes", each(elements, |element| bytes(element))),
        _ => ("unknown", Value::Null),
    };
    let plugin = json!({"name": array.plugin().name, "content": bytes(&array.plugin().content)});
    json!({"shape": array.shape(), "dtype": dtype, "elements": elements, "plugin": plugin})
}

fn pr_curve(curve: &PrCurve) -> Value {
    json!({
        "true_positives": numbers(&curve.true_positives),
        "false_positives": numbers(&curve.false_positives),
        "true_negatives": numbers(&curve.true_negatives),
        "false_negatives": numbers(&curve.false_negatives),
        "nan": curve.nan,
    })
}

fn mesh(mesh: &Mesh) -> Value {
    json!({
        "vertices": each(mesh.vertices(), |vertex| numbers(vertex)),
        "faces": mesh.faces(),
        "colors": mesh.colors(),
        "config": mesh.config(),
    })
}

fn experiment(experiment: &Experiment) -> Value {
    let metric = |metric: &everstep_event::Metric| {
        json!({
            "tag": metric.tag,
            "group": metric.group,
            "display_name": metric.display_name,
            "description": metric.description,
            "dataset": format!("{:?}", metric.dataset).to_lowercase(),
        })
    };
    json!({
        "name": experiment.name,
        "description": experiment.description,
        "user": experiment.user,
        "hparams": each(&experiment.hparams, hparam),
        "metrics": each(&experiment.metrics, metric),
    })
}

fn hparam(hparam: &Hparam) -> Value {
    let domain = match &hparam.domain {
        Domain::Number => json!("number"),
        Domain::Text => json!("text"),
        Domain::Bool => json!("bool"),
        Domain::Interval { min, max } => json!({"min": number(*min), "max": number(*max)}),
        Domain::OneOf(values) => each(values, hparam_value),
        _ => Value::Null,
    };
    let Hparam { name, display_name, description, .. } = hparam;
    json!({"name": name, "display_name": display_name, "description": description, "domain": domain})
}

fn hparam_value(value: &HparamValue) -> Value {
    match value {
        HparamValue::Number(value) => number(*value),
        HparamValue::Text(text) => json!(text),
        HparamValue::Bool(value) => json!(value),
    }
}

fn trial(trial: &Trial) -> Value {
    let hparams: Map<_, _> = trial.hparams.iter().map(|(name, value)| (name.clone(), hparam_value(value))).collect();
    let Trial { group, model_uri, monitor_url, .. } = trial;
    json!({"hparams": hparams, "group": group, "model_uri": model_uri, "monitor_url": monitor_url})
}

fn layout(layout: &Layout) -> Value {
    let chart = |chart: &everstep_event::Chart| match &chart.curves {
        Curves::Lines(tags) => json!({"title": chart.title, "lines": tags}),
        Curves::Bands(bands) => {
            let band = |band: &everstep_event::Band| json!([band.value, band.lower, band.upper]);
            json!({"title": chart.title, "bands": each(bands, band)})
        }
        _ => json!({"title": chart.title}),
    };
    let category = |category: &everstep_event::Category| json!({"title": category.title, "closed": category.closed, "charts": each(&category.charts, chart)});
    json!({"categories": each(&layout.categories, category)})
}

fn run_stats(stats: &RunStats) -> Value {
    let device =
        |device: &everstep_event::DeviceStats| json!({"name": device.name, "nodes": each(&device.nodes, node)});
    json!({"devices": each(&stats.devices, device)})
}

/// Times in nanoseconds.
fn node(node: &NodeStats) -> Value {
    let output = |output: &everstep_event::OutputStats| {
        let element = format!("{:?}", output.element).to_lowercase();
        json!({"element": element, "shape": output.shape, "bytes": output.bytes})
    };
    json!({
        "name": node.name,
        "label": node.label,
        "thread": node.thread,
        "start_ns": node.start.as_nanos() as u64,
        "elapsed_ns": node.elapsed.as_nanos() as u64,
        "bytes": node.bytes,
        "live_bytes": node.live_bytes,
        "outputs": each(&node.outputs, output),
    })
}
