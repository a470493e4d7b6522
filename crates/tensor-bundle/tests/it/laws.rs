//! The laws of a format.

use everstep_checkpoint::Contents;
use everstep_tensor::{ErrorKind, Snapshot, Tensor};
use everstep_testkit::generate;
use proptest::{collection, prelude::*, sample::Index};

use crate::Files;

#[track_caller]
fn check_round_trip(contents: &Contents, limit: u64) {
    let files = Files::of(contents, limit);
    let opened = files.read().unwrap();
    assert_eq!((opened.step, &opened.manifest), (contents.step, &contents.manifest));
    assert!(opened.variables.bit_eq(&contents.variables), "{opened:?}");
    assert_eq!(Files::of(&opened, limit), files);
}

proptest! {
    #[test]
    fn what_was_written_is_read(step: u64, manifest in collection::btree_map("[a-z_]{1,8}", ".{0,8}", 0..3), variables in generate::snapshot(), limit in 0u64..256) {
        check_round_trip(&Contents { step, manifest, variables }, limit);
    }

    #[test]
    fn garbage_is_an_error(bytes in collection::vec(any::<u8>(), 0..64)) {
        let magic = 0xdb47_7524_8b80_fb57_u64.to_le_bytes();
        for index in [bytes.clone(), [&bytes[..], &magic].concat()] {
            let error = Files { index, data: Default::default() }.read().unwrap_err();
            prop_assert_eq!(error.kind(), ErrorKind::DataLoss);
        }
    }

    #[test]
    fn a_changed_byte_is_an_error(variables in generate::snapshot(), at: Index, mask in 1u8..) {
        let mut files = Files::of(&Contents { variables, ..Default::default() }, 64);
        // The footer's zeros are not looked at; every byte before it is under a checksum.
        let at = at.index(files.index.len() - 48);
        files.index[at] ^= mask;
        prop_assert_eq!(files.read().unwrap_err().kind(), ErrorKind::DataLoss);
    }

    #[test]
    fn a_changed_element_is_an_error(values in collection::vec(any::<i32>(), 1..20), at: Index, mask in 1u8..) {
        let variables = Snapshot::from_iter([("a", Tensor::from_vec([values.len()], values).unwrap())]);
        let mut files = Files::of(&Contents { variables, ..Default::default() }, 64);
        let data = files.data.values_mut().next().unwrap();
        *at.get_mut(data) ^= mask;
        prop_assert_eq!(files.read().unwrap_err().kind(), ErrorKind::DataLoss);
    }
}

#[test]
fn an_index_of_many_blocks_is_read() {
    let name = |number: usize| format!("layer_{number:05}/{}", "long_name_".repeat(number % 40));
    let variables = (0..20_000).map(|number| (name(number), Tensor::scalar(number as i32)));
    let contents = Contents { step: 3, variables: variables.collect(), ..Default::default() };
    assert!(Files::of(&contents, u64::MAX).index.len() > 2 * 262_144);
    check_round_trip(&contents, 30_000);
}

#[test]
fn data_files_end_where_they_would_exceed_the_limit() {
    let variables = ["a", "b", "c"].map(|name| (name, Tensor::from_vec([2], vec![1.0f32, 2.0]).unwrap()));
    let contents = Contents { variables: Snapshot::from_iter(variables), ..Default::default() };
    let sizes =
        |limit| Files::of(&contents, limit).data.into_iter().map(|(name, data)| (name, data.len())).collect::<Vec<_>>();
    let named =
        |names: &[(&str, usize)]| names.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect::<Vec<_>>();
    assert_eq!(sizes(16), named(&[("data-00000-of-00002", 16), ("data-00001-of-00002", 8)]));
    assert_eq!(sizes(u64::MAX), named(&[("data-00000-of-00001", 24)]));
    assert_eq!(sizes(0).len(), 3);
    let none = Files::of(&Contents::default(), 0);
    assert_eq!(none.data.into_iter().collect::<Vec<_>>(), [("data-00000-of-00001".to_owned(), Vec::new())]);
}
