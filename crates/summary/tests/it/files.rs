//! The files beside events: embeddings and profiles.

use std::{fs, io::ErrorKind, time::Duration};

use everstep_event::{Channels, DeviceStats, Image, NodeStats, RunStats};
use everstep_proto::{Message, xplane::XSpace};
use everstep_summary::{Embedding, write_profile, write_projector};

fn embedding() -> Embedding {
    let picture = |value| Image::new(1, 2, Channels::Grey, [value, value]).unwrap();
    Embedding {
        name: "digits".into(),
        dimensions: 2,
        points: vec![0.5, -1.0, 2.0, f32::NAN, 0.0, 3.0],
        columns: vec!["label".into(), "note".into()],
        labels: ["a", "b", "c"].map(|label| vec![label.into(), "x\ty\n".into()]).into(),
        pictures: [1, 2, 3].map(picture).into(),
    }
}

#[test]
fn an_embedding_is_a_config_and_its_files() {
    let logdir = tempfile::tempdir().unwrap();
    let one_column = Embedding {
        name: "plain".into(),
        columns: vec!["label".into()],
        labels: vec![vec!["a".into()]; 3],
        pictures: Vec::new(),
        ..embedding()
    };
    write_projector(logdir.path(), &[embedding(), one_column]).unwrap();
    let text = |name: &str| fs::read_to_string(logdir.path().join(name)).unwrap();
    assert_eq!(text("projector/digits/tensors.tsv"), "0.5\t-1\n2\tNaN\n0\t3\n");
    assert_eq!(text("projector/digits/metadata.tsv"), "label\tnote\na\tx y \nb\tx y \nc\tx y \n");
    assert_eq!(text("projector/plain/metadata.tsv"), "a\na\na\n");
    let config = text("projector_config.pbtxt");
    let expected = "embeddings {\n  tensor_name: \"digits\"\n  tensor_path: \"projector/digits/tensors.tsv\"\n  \
                    metadata_path: \"projector/digits/metadata.tsv\"\n  sprite {\n    \
                    image_path: \"projector/digits/sprite.png\"\n    single_image_dim: 1\n    single_image_dim: 2\n  }\n}\n";
    assert!(config.starts_with(expected), "{config}");
    let sprite = fs::read(logdir.path().join("projector/digits/sprite.png")).unwrap();
    assert_eq!(crate::kinds::decoded(&sprite), [1, 2, 1, 2, 3, 0, 3, 0]);
    assert!(!logdir.path().join("projector/plain/sprite.png").exists());
}

#[test]
fn an_embedding_that_does_not_fit_is_refused_before_anything_is_written() {
    let logdir = tempfile::tempdir().unwrap();
    let cases = [
        (Embedding { name: "../x".into(), ..embedding() }, "the name must be"),
        (Embedding { name: "..".into(), ..embedding() }, "the name must be"),
        (Embedding { dimensions: 4, ..embedding() }, "6 numbers are no points of 4 dimensions"),
        (Embedding { dimensions: 0, ..embedding() }, "6 numbers are no points of 0 dimensions"),
        (Embedding { labels: Vec::new(), ..embedding() }, "3 points need as many rows of 2 labels"),
        (Embedding { columns: Vec::new(), ..embedding() }, "labels need names"),
        (Embedding { pictures: embedding().pictures[1..].into(), ..embedding() }, "3 points need as many pictures"),
    ];
    for (embedding, expected) in cases {
        let error = write_projector(logdir.path(), &[embedding]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(fs::read_dir(logdir.path()).unwrap().count(), 0);
}

#[test]
fn a_profile_has_a_line_for_each_thread() {
    let node = |name: &str, thread, start| NodeStats {
        name: name.into(),
        thread,
        start: Duration::from_nanos(start),
        elapsed: Duration::from_nanos(5),
        ..NodeStats::default()
    };
    let nodes = vec![node("a", 0, 100), node("b", 1, 103), node("a", 0, 110)];
    let stats = RunStats { devices: vec![DeviceStats { name: "/device:CPU:0".into(), nodes }] };
    let logdir = tempfile::tempdir().unwrap();
    let path = write_profile(logdir.path(), "step_7", &stats).unwrap();
    assert!(path.starts_with(logdir.path().join("plugins/profile/step_7")));
    let space = XSpace::decode(&*fs::read(path).unwrap()).unwrap();
    let [plane] = &*space.planes else { panic!("{space:?}") };
    let events = |line: usize| plane.lines[line].events.iter().map(|event| (event.offset_ps, event.duration_ps));
    assert_eq!((&*plane.name, plane.lines.len(), plane.event_metadata.len()), ("/host:CPU", 2, 2));
    assert_eq!((plane.lines[0].timestamp_ns, plane.lines[0].duration_ps), (100, 15_000));
    assert!(events(0).eq([(0, 5_000), (10_000, 5_000)]) && events(1).eq([(0, 5_000)]));
    assert_eq!(plane.lines[0].events[0].metadata_id, plane.lines[0].events[1].metadata_id);
    for name in ["", "a/b", ".."] {
        assert_eq!(write_profile(logdir.path(), name, &stats).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
