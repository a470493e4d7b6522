//! The laws of a format.

use everstep_checkpoint::Contents;
use everstep_tensor::ErrorKind;
use everstep_testkit::generate;
use proptest::{collection, prelude::*, sample::Index};

use crate::{read, written};

#[track_caller]
fn check_round_trip(contents: &Contents) {
    let bytes = written(contents);
    let opened = read(&bytes).unwrap();
    assert_eq!((opened.step, &opened.manifest), (contents.step, &contents.manifest));
    assert!(opened.variables.bit_eq(&contents.variables));
    assert_eq!(written(&opened), bytes);
}

proptest! {
    #[test]
    fn what_was_written_is_read(step: u64, manifest in collection::btree_map("[a-z_]{1,8}", ".{0,8}", 0..3), variables in generate::snapshot()) {
        let contents = Contents { step, manifest, variables };
        match everstep_npz::write(&contents, &mut Vec::new()) {
            Ok(()) => check_round_trip(&contents),
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::InvalidArgument);
                prop_assert!(contents.variables.iter().any(|(name, _)| !name.is_ascii()), "{}", error);
            }
        }
    }

    #[test]
    fn garbage_gives_a_set_or_an_error(variables in generate::snapshot(), at: Index, byte: u8, cut: Index) {
        let contents = Contents { variables, ..Default::default() };
        prop_assume!(everstep_npz::write(&contents, &mut Vec::new()).is_ok());
        let mut bytes = written(&contents);
        prop_assert!(read(&bytes[..cut.index(bytes.len())]).is_err());
        *at.get_mut(&mut bytes) = byte;
        let _ = read(&bytes);
    }
}
