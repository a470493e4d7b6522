//! The reader: what it knows, what it passes over, and where it stops.

use std::{
    io::ErrorKind,
    time::{Duration, SystemTime},
};

use everstep_event::{Array, Elements, Event, Plugin, What};
use everstep_proto::{
    Message,
    event::{self, LogMessage},
    summary::{Content, PluginData, Summary, SummaryMetadata, Value},
    tensor::TensorProto,
    types::DataType,
};
use everstep_summary::{EventReader, record::RecordWriter};

fn message(what: event::What) -> event::Event {
    event::Event { wall_time: 1.5, step: 7, what: Some(what) }
}

fn file(messages: &[event::Event]) -> Vec<u8> {
    let mut records = RecordWriter::new(Vec::new());
    messages.iter().for_each(|message| records.write(&message.encode_to_vec()).unwrap());
    records.into_inner()
}

fn tensor_value(tag: &str, plugin: Option<&str>, tensor: TensorProto) -> Value {
    let metadata = plugin.map(|name| SummaryMetadata {
        plugin_data: Some(PluginData { plugin_name: name.into(), content: Vec::new() }),
        ..SummaryMetadata::default()
    });
    Value { tag: tag.into(), metadata, value: Some(Content::Tensor(Box::new(tensor))) }
}

fn scalar_value(tag: &str, value: f32) -> Value {
    Value { tag: tag.into(), metadata: None, value: Some(Content::SimpleValue(value)) }
}

fn summary(value: Vec<Value>) -> event::Event {
    message(event::What::Summary(Summary { value }))
}

#[track_caller]
fn check(messages: &[event::Event], expected: &[What]) {
    let events: Vec<Event> = EventReader::new(&*file(messages)).map(Result::unwrap).collect();
    let wall_time = SystemTime::UNIX_EPOCH + Duration::from_millis(1500);
    let expected: Vec<Event> = expected.iter().map(|what| Event { wall_time, step: 7, what: what.clone() }).collect();
    assert_eq!(events, expected);
}

#[test]
fn a_summary_of_several_values_is_several_events() {
    let a = What::Scalar { tag: "a".into(), value: 1.0 };
    let b = What::Scalar { tag: "b".into(), value: 2.0 };
    check(&[summary(vec![scalar_value("a", 1.0), scalar_value("b", 2.0)])], &[a, b]);
}

#[test]
fn scalars_of_tensorflow_2_are_scalars() {
    let float = DataType::Float as i32;
    let listed = TensorProto { dtype: float, float_val: vec![0.5], ..TensorProto::default() };
    let raw = TensorProto { dtype: float, tensor_content: 0.25_f32.to_le_bytes().to_vec(), ..TensorProto::default() };
    let double = DataType::Double as i32;
    let double_listed = TensorProto { dtype: double, double_val: vec![0.1], ..TensorProto::default() };
    let double_raw =
        TensorProto { dtype: double, tensor_content: 0.2_f64.to_le_bytes().to_vec(), ..TensorProto::default() };
    // Only the first value of a tag says what its tensors are.
    let values = vec![
        tensor_value("a", Some("scalars"), listed),
        tensor_value("a", None, raw),
        tensor_value("a", None, double_listed),
        tensor_value("a", None, double_raw),
    ];
    let scalar = |value| What::Scalar { tag: "a".into(), value };
    check(&[summary(values)], &[scalar(0.5), scalar(0.25), scalar(0.1), scalar(0.2)]);
}

#[test]
fn what_is_unknown_is_passed_over() {
    check(
        &[
            message(event::What::FileVersion("brain.Event:2".into())),
            message(event::What::LogMessage(LogMessage::default())),
            message(event::What::MetaGraphDef(vec![1])),
            message(event::What::SessionLog(event::SessionLog::default())),
            event::Event { what: None, ..event::Event::default() },
            summary(vec![
                tensor_value("no type", None, TensorProto::default()),
                Value::default(),
                scalar_value("known", 1.0),
            ]),
        ],
        &[What::Scalar { tag: "known".into(), value: 1.0 }],
    );
}

#[test]
fn a_tensor_that_is_not_as_its_plugin_has_it_is_a_tensor() {
    let other = TensorProto { dtype: DataType::Int64 as i32, int64_val: vec![1], ..TensorProto::default() };
    let array = Array::new([], Elements::I64([1].into())).unwrap();
    let of_plugin = |tag: &str, plugin: &str| {
        let plugin = Plugin { name: plugin.into(), content: Vec::new() };
        What::tensor(tag, array.clone().for_plugin(plugin))
    };
    check(
        &[summary(vec![
            tensor_value("no plugin", None, other.clone()),
            tensor_value("other plugin", Some("mine"), other.clone()),
            tensor_value("no curve", Some("pr_curves"), other.clone()),
            tensor_value("no text", Some("text"), other.clone()),
            tensor_value("integer", Some("scalars"), other),
        ])],
        &[
            What::tensor("no plugin", array.clone()),
            of_plugin("other plugin", "mine"),
            of_plugin("no curve", "pr_curves"),
            of_plugin("no text", "text"),
            What::scalar("integer", 1.0),
        ],
    );
}

#[test]
fn a_sound_record_that_is_no_event_is_an_error_and_then_passed() {
    let mut records = RecordWriter::new(Vec::new());
    records.write(b"\xff\xff\xff").unwrap();
    let scalar = summary(vec![scalar_value("a", 1.0)]);
    let negative = event::Event { step: -1, ..scalar.clone() };
    let timeless = event::Event { wall_time: f64::NAN, ..scalar.clone() };
    for message in [&negative, &timeless, &scalar] {
        records.write(&message.encode_to_vec()).unwrap();
    }
    let events: Vec<_> = EventReader::new(&*records.into_inner()).collect();
    let [undecodable, negative, timeless, Ok(_)] = &*events else { panic!("{events:?}") };
    let said = |result: &std::io::Result<Event>, expected: &str| {
        let error = result.as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().starts_with(expected), "{error}");
    };
    said(undecodable, "cannot use the record at offset 0: a record is no event: ");
    said(negative, "cannot use the record at offset 19: the step -1 of an event is negative");
    said(timeless, "cannot use the record at offset 67: the wall time NaN of an event is no time");
}

#[test]
fn times_before_1970_are_read() {
    let mut early = summary(vec![scalar_value("a", 1.0)]);
    early.wall_time = -1.5;
    let event = EventReader::new(&*file(&[early])).next().unwrap().unwrap();
    assert_eq!(event.wall_time, SystemTime::UNIX_EPOCH - Duration::from_millis(1500));
}

#[test]
fn an_error_about_the_tail_is_said_once() {
    let whole = file(&[summary(vec![scalar_value("a", 1.0)])]);
    let torn = &[&*whole, &whole[..5]].concat();
    let mut reader = EventReader::new(&**torn);
    assert!(reader.next().unwrap().is_ok());
    assert_eq!(reader.next().unwrap().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert!(reader.next().is_none());
    assert!(reader.next().is_none());

    let corrupted = [&*whole, &[0; 16]].concat();
    let mut reader = EventReader::new(&*corrupted);
    assert!(reader.next().unwrap().is_ok());
    assert_eq!(reader.next().unwrap().unwrap_err().kind(), ErrorKind::InvalidData);
    assert!(reader.next().is_none());
}

#[test]
fn a_missing_file_is_named() {
    let error = EventReader::open("no/such/file").unwrap_err();
    assert!(error.to_string().starts_with("cannot open the event file `no/such/file`: "), "{error}");
}
