//! The laws of a format.

use everstep_checkpoint::Contents;
use everstep_testkit::generate;
use proptest::{collection, prelude::*};

use crate::{file, read, written};

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
        check_round_trip(&Contents { step, manifest, variables });
    }

    #[test]
    fn garbage_is_an_error(bytes in collection::vec(any::<u8>(), 0..64), json in r#"[{}\[\]",:a0-9]{0,48}"#) {
        prop_assert!(read(&bytes).is_err());
        if let Ok(contents) = read(&file(&json, &[])) {
            check_round_trip(&contents);
        }
    }

    #[test]
    fn a_changed_byte_gives_a_set_or_an_error(variables in generate::snapshot(), at: prop::sample::Index, byte: u8) {
        let mut bytes = written(&Contents { variables, ..Default::default() });
        *at.get_mut(&mut bytes) = byte;
        if let Ok(contents) = read(&bytes) {
            check_round_trip(&contents);
        }
    }
}
