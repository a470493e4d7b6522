//! Every kind of event, through a file and back.

use std::io::Read;

use everstep_event::{
    Array, Audio, Band, Category, Channels, Chart, Curves, Dataset, DeviceStats, Domain, Element, Elements, Event,
    EventSink, Experiment, Histogram, Hparam, HparamValue, Image, Layout, Mesh, Metric, NodeStats, OutputStats,
    Picture, Plugin, PrCurve, RunStats, Sound, Trial, TrialStatus, What,
};
use everstep_proto::{
    Message, event,
    summary::{self, Content, DataClass, HistogramProto, PluginData, Summary, SummaryMetadata, Value},
    tensor::TensorProto,
    types::DataType,
};
use everstep_summary::{
    EventReader, EventWriter,
    record::{RecordReader, RecordWriter},
};
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    strategy::ValueTree,
    test_runner::TestRunner,
};

/// What a file gives back of these contents.
fn through_a_file(contents: &[What]) -> Vec<What> {
    let folder = tempfile::tempdir().unwrap();
    let writer = EventWriter::create(folder.path()).unwrap();
    contents.iter().for_each(|what| writer.emit(Event::now(7, what.clone())).unwrap());
    writer.close().unwrap();
    EventReader::open(writer.path()).unwrap().map(|event| event.unwrap().what).collect()
}

/// The message that a file has of an event.
fn message(what: What) -> event::Event {
    let folder = tempfile::tempdir().unwrap();
    let writer = EventWriter::create(folder.path()).unwrap();
    writer.emit(Event::now(7, what)).unwrap();
    writer.close().unwrap();
    let bytes = std::fs::read(writer.path()).unwrap();
    let mut records = RecordReader::new(&*bytes);
    records.read().unwrap();
    event::Event::decode(records.read().unwrap().unwrap()).unwrap()
}

fn values(what: What) -> Vec<Value> {
    let Some(event::What::Summary(summary)) = message(what).what else { panic!("no summary") };
    summary.value
}

fn read(values: Vec<Value>) -> Vec<What> {
    let mut records = RecordWriter::new(Vec::new());
    let event = event::Event { what: Some(event::What::Summary(Summary { value: values })), ..Default::default() };
    records.write(&event.encode_to_vec()).unwrap();
    EventReader::new(&*records.into_inner()).map(|event| event.unwrap().what).collect()
}

#[test]
fn a_histogram_has_the_buckets_that_tensorflow_gives_it() {
    let histogram = Histogram::of([-1.0, 0.0, 2.0, 2.0]);
    let [value] = &*values(What::histogram("h", histogram)) else { panic!("one value") };
    let Some(Content::Histo(proto)) = &value.value else { panic!("{value:?}") };
    assert_eq!((proto.num, proto.sum, proto.sum_squares, proto.min, proto.max), (4.0, 3.0, 9.0, -1.0, 2.0));
    let buckets: Vec<(f64, f64)> = proto.bucket_limit.iter().copied().zip(proto.bucket.iter().copied()).collect();
    let expected = [
        (-1.008_971_027_943_753_6, 0.0),
        (-0.917_246_389_039_776, 1.0),
        (0.0, 0.0),
        (1e-12, 1.0),
        (1.966_199_095_558_571_3, 0.0),
        (2.162_819_005_114_428_7, 2.0),
        (f64::MAX, 0.0),
    ];
    assert_eq!(buckets, expected);
}

#[test]
fn values_that_are_not_finite_are_curves_beside_the_histogram() {
    let histogram = Histogram::of([1.0, f64::NAN, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    let values = values(What::histogram("h", histogram.clone()));
    let tags: Vec<&str> = values.iter().map(|value| &*value.tag).collect();
    assert_eq!(tags, ["h", "h/nan", "h/inf", "h/-inf"]);
    assert_eq!(values[1].value, Some(Content::SimpleValue(2.0)));
    assert_eq!(through_a_file(&[What::histogram("h", histogram.clone())]), [What::histogram("h", histogram)]);
}

#[test]
fn a_curve_of_a_similar_name_is_a_curve() {
    let histogram = What::histogram("h", Histogram::of([1.0]));
    let contents = [histogram, What::scalar("h/nan", 3.0), What::scalar("h/other", 3.0)];
    assert_eq!(through_a_file(&contents), contents);
}

/// An image is a file once it was written; the pixels are those of before.
#[test]
fn pictures_of_all_channels_have_their_pixels_in_a_png() {
    for channels in [Channels::Grey, Channels::GreyAlpha, Channels::Rgb, Channels::Rgba] {
        // Large enough for several blocks of the uncompressed form.
        let (width, height) = (173, 211);
        let count = width * height * channels as u32;
        let pixels: Vec<u8> = (0..count).map(|index| (index % 251 * (index % 7)) as u8).collect();
        let image = Image::new(width, height, channels, pixels.clone()).unwrap();
        let read = through_a_file(&[What::images("i", [image.clone(), image])]);
        let [What::Images { images, .. }] = &*read else { panic!("{read:?}") };
        assert_eq!(images.len(), 2);
        for image in &**images {
            assert_eq!((image.width(), image.height(), image.channels()), (width, height, channels));
            let Picture::File(file) = image.picture() else { panic!("no file") };
            assert_eq!(decoded(file), pixels);
        }
    }
}

/// The bytes of a PNG's rows, which must be unfiltered and in chunks whose checksums fit.
pub(crate) fn decoded(file: &[u8]) -> Vec<u8> {
    let mut rest = file.strip_prefix(b"\x89PNG\r\n\x1a\n").unwrap();
    let (mut data, mut width, mut kind) = (Vec::new(), 0, [0; 4]);
    while kind != *b"IEND" {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        kind = rest[4..8].try_into().unwrap();
        let mut checksum = flate2::Crc::new();
        checksum.update(&rest[4..8 + length]);
        assert_eq!(checksum.sum().to_be_bytes(), rest[8 + length..12 + length]);
        match &kind {
            b"IHDR" => {
                assert_eq!(rest[16], 8, "bits");
                let channels = [1, 0, 3, 0, 2, 0, 4][rest[17] as usize];
                width = u32::from_be_bytes(rest[8..12].try_into().unwrap()) as usize * channels;
            }
            b"IDAT" => data.extend(&rest[8..8 + length]),
            _ => assert_eq!(length, 0),
        }
        rest = &rest[12 + length..];
    }
    assert!(rest.is_empty());
    let mut rows = Vec::new();
    flate2::read::ZlibDecoder::new(&*data).read_to_end(&mut rows).unwrap();
    let rows = rows.chunks_exact(width + 1).inspect(|row| assert_eq!(row[0], 0, "filtered"));
    rows.flat_map(|row| row[1..].to_vec()).collect()
}

#[test]
fn a_sound_is_a_wav_file_of_16_bits() {
    let audio = Audio::new(8000, 2, [0.0, 1.0, -1.0, 2.0, f32::NAN, 0.5]).unwrap();
    let read = through_a_file(&[What::audio("a", [audio])]);
    let [What::Audio { clips, .. }] = &*read else { panic!("{read:?}") };
    assert_eq!((clips[0].sample_rate(), clips[0].channels()), (8000, 2));
    let Sound::Wav(file) = clips[0].sound() else { panic!("no file") };
    assert_eq!(file.len(), 44 + 12);
    assert_eq!(&file[..4], b"RIFF");
    assert_eq!(u32::from_le_bytes(file[4..8].try_into().unwrap()), 36 + 12);
    assert_eq!(u32::from_le_bytes(file[28..32].try_into().unwrap()), 8000 * 4);
    let samples: Vec<i16> = file[44..].as_chunks().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect();
    assert_eq!(samples, [0, 32767, -32767, 32767, 0, 16384]);
}

#[test]
fn each_plugin_knows_its_tags() {
    let pixel = Image::new(1, 1, Channels::Grey, [0]).unwrap();
    let cases = [
        (What::histogram("t", Histogram::of([1.0])), "histograms", DataClass::Tensor),
        (What::images("t", [pixel]), "images", DataClass::BlobSequence),
        (What::audio("t", []), "audio", DataClass::BlobSequence),
        (What::text("t", "x"), "text", DataClass::Tensor),
        (What::pr_curve("t", PrCurve::of([(true, 0.5)], 2).unwrap()), "pr_curves", DataClass::Tensor),
        (What::mesh("t", Mesh::points([[0.0; 3]])), "mesh", DataClass::Tensor),
        (What::TrialEnd(TrialStatus::Success), "hparams", DataClass::Tensor),
        (What::Layout(Layout::default().into()), "custom_scalars", DataClass::Tensor),
    ];
    for (what, name, class) in cases {
        let values = values(what);
        let metadata = values[0].metadata.as_ref().unwrap();
        assert_eq!(metadata.plugin_data.as_ref().unwrap().plugin_name, name);
        assert_eq!(metadata.data_class(), class);
    }
}

#[test]
fn the_forms_of_other_writers_are_read() {
    let value = |tag: &str, value| Value { tag: tag.into(), metadata: None, value: Some(value) };
    let image = summary::Image { height: 2, width: 3, colorspace: 1, encoded_image_string: b"file".to_vec() };
    let audio = summary::Audio {
        sample_rate: 8000.0,
        num_channels: 1,
        encoded_audio_string: b"file".to_vec(),
        ..Default::default()
    };
    let bad = HistogramProto { bucket_limit: vec![1.0], ..HistogramProto::default() };
    let plugin_data = Some(PluginData { plugin_name: "histograms".into(), content: Vec::new() });
    let columns = TensorProto {
        dtype: DataType::Float as i32,
        float_val: vec![-1.0, 0.5, 3.0, 0.5, 2.0, 1.0],
        tensor_shape: TensorProto::default().tensor_shape,
        ..TensorProto::default()
    };
    let columns = TensorProto { tensor_shape: Some(shape([2, 3])), ..columns };
    let columns = Value {
        metadata: Some(SummaryMetadata { plugin_data, ..SummaryMetadata::default() }),
        ..value("columns", Content::Tensor(Box::new(columns)))
    };
    let read = read(vec![
        value("image", Content::Image(image)),
        value("audio", Content::Audio(audio)),
        value("bad", Content::Histo(Box::new(bad))),
        columns,
    ]);
    assert_eq!(read[0], What::images("image", [Image::file(3, 2, Channels::Grey, *b"file")]));
    assert_eq!(read[1], What::audio("audio", [Audio::wav(8000, 1, *b"file")]));
    let [_, _, What::Histogram { histogram, .. }] = &*read else { panic!("{read:?}") };
    assert_eq!((histogram.min, histogram.max, histogram.count()), (-1.0, 2.0, 4.0));
    assert_eq!((&*histogram.limits, &*histogram.counts), (&[0.5, 2.0][..], &[3.0, 1.0][..]));
    assert!(histogram.sum.is_nan());
}

fn shape(lengths: impl IntoIterator<Item = i64>) -> everstep_proto::tensor_shape::TensorShapeProto {
    let dim = |size| everstep_proto::tensor_shape::Dim { size, name: String::new() };
    everstep_proto::tensor_shape::TensorShapeProto { dim: lengths.into_iter().map(dim).collect(), unknown_rank: false }
}

#[test]
fn a_shape_that_only_claims_takes_no_memory() {
    let claim = |dims: &[i64]| TensorProto {
        dtype: DataType::Float as i32,
        float_val: vec![1.0],
        tensor_shape: Some(shape(dims.iter().copied())),
        ..TensorProto::default()
    };
    let value = |tensor| Value { tag: "t".into(), metadata: None, value: Some(Content::Tensor(Box::new(tensor))) };
    for dims in [&[i64::MAX][..], &[1 << 40], &[1 << 20, 1 << 20, 1 << 30], &[-1]] {
        assert_eq!(read(vec![value(claim(dims))]), []);
    }
    let repeated = Array::new([2, 2], Elements::F32([1.0; 4].into())).unwrap();
    assert_eq!(read(vec![value(claim(&[2, 2]))]), [What::tensor("t", repeated)]);
}

fn number() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("a NaN does not equal itself", |value| !value.is_nan())
}

fn any_array() -> impl Strategy<Value = Array> {
    let elements = prop_oneof![
        vec(any::<bool>(), 0..5).prop_map(|elements| Elements::Bool(elements.into())),
        vec(any::<u8>(), 0..5).prop_map(|elements| Elements::U8(elements.into())),
        vec(any::<i32>(), 0..5).prop_map(|elements| Elements::I32(elements.into())),
        vec(any::<i64>(), 0..5).prop_map(|elements| Elements::I64(elements.into())),
        vec(number(), 0..5).prop_map(|elements| Elements::F64(elements.into())),
        vec(number(), 0..5).prop_map(|elements| Elements::F32(elements.iter().map(|value| *value as f32).collect())),
        vec(vec(any::<u8>(), 0..4), 0..5).prop_map(|elements| Elements::Bytes(elements.into())),
    ];
    // A value without a plugin has that of an earlier one of its tag, so that it may not come back as it was.
    let plugin = ("mine.{0,3}", vec(any::<u8>(), 0..4)).prop_map(|(name, content)| Plugin { name, content });
    (elements, plugin)
        .prop_map(|(elements, plugin)| Array::new([1, elements.len() as u64], elements).unwrap().for_plugin(plugin))
}

fn any_histogram() -> impl Strategy<Value = Histogram> {
    let bad = prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)];
    let values = vec(prop_oneof![4 => -1e30..1e30, 1 => bad], 0..20);
    (values, 0..9_usize, any::<bool>()).prop_map(|(values, buckets, adaptive)| {
        if adaptive { Histogram::adaptive(values, buckets) } else { Histogram::of(values) }
    })
}

fn any_mesh() -> impl Strategy<Value = Mesh> {
    let numbers = || [-1e6_f32..1e6, -1e6_f32..1e6, -1e6_f32..1e6];
    (vec((numbers(), any::<[u8; 3]>()), 1..5), any::<bool>(), any::<bool>(), "(|\\{\"camera\": 1\\})").prop_map(
        |(points, with_faces, with_colors, config)| {
            let (vertices, colors): (Vec<_>, Vec<_>) = points.into_iter().unzip();
            let last = vertices.len() as u32 - 1;
            let mesh = Mesh::points(vertices).with_config(config);
            let mesh = if with_faces { mesh.with_faces([[0, last / 2, last]]).unwrap() } else { mesh };
            if with_colors { mesh.with_colors(colors).unwrap() } else { mesh }
        },
    )
}

fn any_hparam_value() -> impl Strategy<Value = HparamValue> {
    prop_oneof![
        number().prop_map(HparamValue::Number),
        ".{0,5}".prop_map(HparamValue::Text),
        any::<bool>().prop_map(HparamValue::Bool)
    ]
}

fn any_experiment() -> impl Strategy<Value = Experiment> {
    let domain = prop_oneof![
        Just(Domain::Unknown),
        Just(Domain::Number),
        Just(Domain::Text),
        Just(Domain::Bool),
        (number(), number()).prop_map(|(min, max)| Domain::Interval { min, max }),
        vec(any_hparam_value(), 0..3).prop_map(Domain::OneOf),
    ];
    let hparam = (".{0,5}", ".{0,5}", ".{0,5}", domain).prop_map(|(name, display_name, description, domain)| Hparam {
        name,
        display_name,
        description,
        domain,
    });
    let dataset = prop_oneof![Just(Dataset::Unknown), Just(Dataset::Training), Just(Dataset::Validation)];
    let metric = (".{0,5}", ".{0,5}", ".{0,5}", ".{0,5}", dataset).prop_map(
        |(tag, group, display_name, description, dataset)| Metric { tag, group, display_name, description, dataset },
    );
    (".{0,5}", ".{0,5}", ".{0,5}", vec(hparam, 0..3), vec(metric, 0..3)).prop_map(
        |(name, description, user, hparams, metrics)| Experiment { name, description, user, hparams, metrics },
    )
}

fn any_trial() -> impl Strategy<Value = Trial> {
    (btree_map(".{1,5}", any_hparam_value(), 0..4), ".{0,5}", ".{0,5}", ".{0,5}").prop_map(
        |(hparams, group, model_uri, monitor_url)| {
            let hparams = hparams.into_iter().collect();
            Trial { hparams, group, model_uri, monitor_url }
        },
    )
}

fn any_layout() -> impl Strategy<Value = Layout> {
    let band = (".{0,5}", ".{0,5}", ".{0,5}").prop_map(|(value, lower, upper)| Band { value, lower, upper });
    let curves = prop_oneof![vec(".{0,5}", 0..3).prop_map(Curves::Lines), vec(band, 0..3).prop_map(Curves::Bands)];
    let chart = (".{0,5}", curves).prop_map(|(title, curves)| Chart { title, curves });
    let category = (".{0,5}", any::<bool>(), vec(chart, 0..3)).prop_map(|(title, closed, charts)| Category {
        title,
        closed,
        charts,
    });
    vec(category, 0..3).prop_map(|categories| Layout { categories })
}

fn any_run_stats() -> impl Strategy<Value = RunStats> {
    let element = prop_oneof![
        Just(Element::Other),
        Just(Element::Bool),
        Just(Element::U8),
        Just(Element::I32),
        Just(Element::I64),
        Just(Element::F32),
        Just(Element::F64),
        Just(Element::Bytes)
    ];
    let output = (element, vec(0..1_u64 << 40, 0..3), 0..1_u64 << 60).prop_map(|(element, shape, bytes)| OutputStats {
        element,
        shape,
        bytes,
    });
    let nanos = || (0..1_u64 << 62).prop_map(std::time::Duration::from_nanos);
    let node = (".{0,5}", ".{0,9}", any::<u32>(), nanos(), nanos(), 0..1_u64 << 60, 0..1_u64 << 60, vec(output, 0..3))
        .prop_map(|(name, label, thread, start, elapsed, bytes, live_bytes, outputs)| NodeStats {
            name,
            label,
            thread,
            start,
            elapsed,
            bytes,
            live_bytes,
            outputs,
        });
    let device = (".{0,5}", vec(node, 0..3)).prop_map(|(name, nodes)| DeviceStats { name, nodes });
    vec(device, 0..3).prop_map(|devices| RunStats { devices })
}

/// Contents that come back as they are, of every kind.
fn any_what() -> impl Strategy<Value = What> {
    let tag = || "[a-z/]{1,6}";
    let status = prop_oneof![
        Just(TrialStatus::Unknown),
        Just(TrialStatus::Success),
        Just(TrialStatus::Failure),
        Just(TrialStatus::Running)
    ];
    let file = || vec(any::<u8>(), 0..20);
    let pr_curve = (vec((any::<bool>(), prop_oneof![4 => -0.5..1.5, 1 => Just(f64::NAN)]), 0..20), 2..9_usize)
        .prop_map(|(predictions, thresholds)| PrCurve::of(predictions, thresholds).unwrap());
    prop_oneof![
        (tag(), any::<f32>().prop_filter("a NaN does not equal itself", |value| !value.is_nan()))
            .prop_map(|(tag, value)| What::scalar(tag, value.into())),
        (tag(), any_histogram()).prop_map(|(tag, histogram)| What::histogram(tag, histogram)),
        (tag(), 1..9_u32, 1..9_u32, vec(file(), 1..3)).prop_map(|(tag, width, height, files)| {
            What::images(tag, files.into_iter().map(|file| Image::file(width, height, Channels::Rgb, file)))
        }),
        (tag(), vec(any::<i16>().prop_map(|sample| f32::from(sample) / 32767.0), 0..9))
            .prop_map(|(tag, samples)| What::audio(tag, [wav(&samples)])),
        (tag(), ".{0,20}").prop_map(|(tag, text)| What::text(tag, text)),
        (tag(), any_array()).prop_map(|(tag, array)| What::tensor(tag, array)),
        (tag(), pr_curve).prop_map(|(tag, curve)| What::pr_curve(tag, curve)),
        (tag(), any_mesh()).prop_map(|(tag, mesh)| What::mesh(tag, mesh)),
        any_experiment().prop_map(|experiment| What::Experiment(experiment.into())),
        any_trial().prop_map(|trial| What::TrialStart(trial.into())),
        status.prop_map(What::TrialEnd),
        any_layout().prop_map(|layout| What::Layout(layout.into())),
        vec(any::<u8>(), 0..20).prop_map(|graph| What::Graph(graph.into())),
        (tag(), any_run_stats()).prop_map(|(tag, stats)| What::run_metadata(tag, stats)),
        Just(What::SessionStart),
        Just(What::SessionStop),
        ".{0,10}".prop_map(|path| What::Checkpoint { path }),
    ]
}

/// A sound as a file has it.
fn wav(samples: &[f32]) -> Audio {
    let read = through_a_file(&[What::audio("a", [Audio::new(8000, 1, samples).unwrap()])]);
    let [What::Audio { clips, .. }] = &*read else { panic!("{read:?}") };
    clips[0].clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_kind_comes_back_as_it_was(contents in vec(any_what(), 1..12)) {
        prop_assert_eq!(through_a_file(&contents), contents);
    }

    /// Whatever a record holds, it is events or an error.
    #[test]
    fn a_record_of_anything_does_not_panic(record in vec(any::<u8>(), 0..64), what in any_what(), at in any::<prop::sample::Index>()) {
        let mut message = message(what).encode_to_vec();
        let at = at.index(message.len());
        message.splice(at..(at + record.len()).min(message.len()), record);
        let mut records = RecordWriter::new(Vec::new());
        records.write(&message).unwrap();
        for event in EventReader::new(&*records.into_inner()) {
            let _ = event;
        }
    }
}

/// Leaves a file of every kind, as `cargo xtask interop` has it read by TensorBoard's protocol messages.
#[test]
fn a_run_of_anything_is_written() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("any-kind");
    let _ = std::fs::remove_dir_all(&folder);
    let writer = EventWriter::create(&folder).unwrap();
    let mut runner = TestRunner::default();
    for step in 0..500 {
        let what = any_what().new_tree(&mut runner).unwrap().current();
        writer.emit(Event::now(step, what)).unwrap();
    }
    writer.close().unwrap();
    assert_eq!(EventReader::open(writer.path()).unwrap().map(Result::unwrap).count(), 500);
}
