//! The crate through its public face.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use std::{collections::BTreeMap, fmt::Debug};

use everstep_proto::{
    Message,
    attr_value::{Attr, AttrValue, ListValue},
    event::{Event, LogLevel, LogMessage, SessionLog, SessionStatus, TaggedRunMetadata, What},
    graph::GraphDef,
    node_def::NodeDef,
    summary::{Content, DataClass, PluginData, Summary, SummaryMetadata, Value},
    tensor::TensorProto,
    tensor_shape::{Dim, TensorShapeProto},
    types::DataType,
    versions::VersionDef,
};
use proptest::{collection::vec, prelude::*};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The message has these bytes, and these bytes are the message.
#[track_caller]
fn check<M: Message + Default + PartialEq + Debug>(message: M, bytes: &str) {
    let encoded = message.encode_to_vec();
    assert_eq!(hex(&encoded), bytes.replace(' ', ""));
    assert_eq!(M::decode(&*encoded).unwrap(), message);
}

fn event(what: What) -> Event {
    Event { what: Some(what), ..Event::default() }
}

fn attr(value: Attr) -> AttrValue {
    AttrValue { value: Some(value) }
}

#[test]
fn a_file_version_has_the_bytes_that_tensorflow_writes() {
    check(
        Event { wall_time: 1_500_000_000.0, step: 0, what: Some(What::FileVersion("brain.Event:2".into())) },
        "09 000000c00b5ad641 1a0d 627261696e2e4576656e743a32",
    );
}

#[test]
fn events_have_their_field_numbers() {
    check(Event { step: 300, ..Event::default() }, "10 ac02");
    check(event(What::GraphDef(vec![1, 2])), "22 02 0102");
    check(event(What::Summary(Summary::default())), "2a 00");
    let message = LogMessage { level: LogLevel::Warn as i32, message: "x".into() };
    check(event(What::LogMessage(message)), "32 05 081e 120178");
    let status = SessionStatus::Checkpoint as i32;
    let log = SessionLog { status, checkpoint_path: "p".into(), msg: "m".into() };
    check(event(What::SessionLog(log)), "3a 08 0803 120170 1a016d");
    let metadata = TaggedRunMetadata { tag: "t".into(), run_metadata: vec![7] };
    check(event(What::TaggedRunMetadata(metadata)), "42 06 0a0174 120107");
    check(event(What::MetaGraphDef(vec![3])), "4a 01 03");
}

#[test]
fn summaries_have_their_field_numbers() {
    let scalar = Value { tag: "a".into(), metadata: None, value: Some(Content::SimpleValue(1.0)) };
    check(Summary { value: vec![scalar] }, "0a 08 0a0161 150000803f");
    let zero = Value { value: Some(Content::SimpleValue(0.0)), ..Value::default() };
    check(zero, "15 00000000");
    let plugin = PluginData { plugin_name: "text".into(), content: vec![9] };
    let metadata = SummaryMetadata {
        plugin_data: Some(plugin),
        display_name: "d".into(),
        summary_description: "s".into(),
        data_class: DataClass::Tensor as i32,
    };
    let tensor = TensorProto { dtype: DataType::String as i32, string_val: vec![b"x".to_vec()], ..Default::default() };
    check(
        Value { tag: "t".into(), metadata: Some(metadata), value: Some(Content::Tensor(Box::new(tensor))) },
        "0a0174 4205 0807 420178 4a13 0a09 0a0474657874 120109 120164 1a0173 2002",
    );
}

#[test]
fn tensors_have_their_field_numbers() {
    let shape = TensorShapeProto {
        dim: vec![Dim { size: -1, name: "n".into() }, Dim { size: 3, name: String::new() }],
        unknown_rank: true,
    };
    check(
        TensorProto {
            dtype: DataType::Int64 as i32,
            tensor_shape: Some(shape),
            tensor_content: vec![1],
            float_val: vec![1.0],
            double_val: vec![1.0],
            int_val: vec![2],
            string_val: vec![vec![3]],
            int64_val: vec![4],
            bool_val: vec![true],
            half_val: vec![5],
        },
        "0809 1216 120e08ffffffffffffffffff01 12016e 12020803 1801 \
         220101 2a040000803f 3208000000000000f03f 3a0102 420103 520104 5a0101 6a0105",
    );
}

#[test]
fn graphs_have_their_field_numbers() {
    let node = NodeDef {
        name: "y".into(),
        op: "Add".into(),
        input: vec!["a".into(), "b".into()],
        device: "cpu".into(),
        attr: BTreeMap::from([("T".into(), attr(Attr::Type(DataType::Float as i32)))]),
    };
    let versions = VersionDef { producer: 5, min_consumer: 6, bad_consumers: vec![7] };
    check(
        GraphDef { node: vec![node], versions: Some(versions) },
        "0a1c 0a0179 1203416464 1a0161 1a0162 2203637075 2a070a0154 12023001 2207 0805 1006 1a0107",
    );
}

#[test]
fn attributes_have_their_field_numbers() {
    check(attr(Attr::S(b"s".to_vec())), "12 0173");
    check(attr(Attr::I(0)), "18 00");
    check(attr(Attr::F(1.0)), "25 0000803f");
    check(attr(Attr::B(false)), "28 00");
    check(attr(Attr::Type(DataType::Bool as i32)), "30 0a");
    check(attr(Attr::Shape(TensorShapeProto::default())), "3a 00");
    check(attr(Attr::Tensor(TensorProto::default())), "42 00");
    let list = ListValue {
        s: vec![vec![1]],
        i: vec![2],
        f: vec![1.0],
        b: vec![true],
        r#type: vec![3],
        shape: vec![TensorShapeProto::default()],
        tensor: vec![TensorProto::default()],
    };
    check(attr(Attr::List(list)), "0a16 120101 1a0102 22040000803f 2a0101 320103 3a00 4200");
}

#[test]
fn unknown_fields_and_kinds_are_passed_over() {
    // Field 10 is the writer's name, which is not here; the step behind it is still read.
    let bytes = [0x52, 0x03, 0x0a, 0x01, b'w', 0x10, 0x05];
    assert_eq!(Event::decode(&bytes[..]).unwrap(), Event { step: 5, ..Event::default() });
    // Field 3 of a value is TensorFlow's first form of a histogram, which is not here.
    let bytes = [0x0a, 0x01, b'h', 0x1a, 0x00];
    assert_eq!(Value::decode(&bytes[..]).unwrap(), Value { tag: "h".into(), metadata: None, value: None });
    // A type of elements without a name keeps its number.
    let bytes = [0x08, 0x0e];
    assert_eq!(TensorProto::decode(&bytes[..]).unwrap().dtype, 14);
}

#[test]
fn equal_nodes_have_equal_bytes_whatever_the_order_of_attributes() {
    let node = |names: [&str; 3]| NodeDef {
        attr: names.into_iter().map(|name| (name.to_owned(), attr(Attr::B(true)))).collect(),
        ..NodeDef::default()
    };
    assert_eq!(node(["a", "b", "c"]).encode_to_vec(), node(["c", "a", "b"]).encode_to_vec());
}

fn any_tensor() -> impl Strategy<Value = TensorProto> {
    (any::<i32>(), vec(any::<i64>(), 0..4), vec(-1e30_f32..1e30, 0..4), vec(vec(any::<u8>(), 0..4), 0..3)).prop_map(
        |(dtype, sizes, float_val, string_val)| {
            let dim = sizes.into_iter().map(|size| Dim { size, name: String::new() }).collect();
            let tensor_shape = Some(TensorShapeProto { dim, unknown_rank: false });
            TensorProto { dtype, tensor_shape, float_val, string_val, ..TensorProto::default() }
        },
    )
}

fn any_what() -> impl Strategy<Value = What> {
    let value = (".{0,8}", any_tensor()).prop_map(|(tag, tensor)| {
        let value = vec![Value { tag, metadata: None, value: Some(Content::Tensor(Box::new(tensor))) }];
        What::Summary(Summary { value })
    });
    let log = (any::<i32>(), ".{0,8}", ".{0,8}")
        .prop_map(|(status, checkpoint_path, msg)| What::SessionLog(SessionLog { status, checkpoint_path, msg }));
    prop_oneof![".{0,8}".prop_map(What::FileVersion), vec(any::<u8>(), 0..32).prop_map(What::GraphDef), value, log]
}

/// What any bytes happen to mean is a message like any other (compared as bytes: a NaN does not equal itself).
fn settles<M: Message + Default>(bytes: &[u8]) {
    let Ok(message) = M::decode(bytes) else { return };
    let again = message.encode_to_vec();
    assert_eq!(M::decode(&*again).unwrap().encode_to_vec(), again);
}

proptest! {
    #[test]
    fn decoding_gives_back_what_was_encoded(wall_time in -1e12..1e12, step: i64, what in any_what()) {
        let event = Event { wall_time, step, what: Some(what) };
        prop_assert_eq!(Event::decode(&*event.encode_to_vec()).unwrap(), event);
    }

    #[test]
    fn decoding_garbage_never_panics(bytes in vec(any::<u8>(), 0..256)) {
        settles::<Event>(&bytes);
        settles::<GraphDef>(&bytes);
    }

    #[test]
    fn decoding_damaged_events_never_panics(what in any_what(), at: prop::sample::Index, byte: u8) {
        let mut bytes = event(what).encode_to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        settles::<Event>(&bytes);
    }
}
