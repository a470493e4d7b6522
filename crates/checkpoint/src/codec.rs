//! The table of the native format and its bytes: the one place that knows bincode.

use std::{fmt, marker::PhantomData};

use bincode::config::{Configuration, Fixint, LittleEndian};
use everstep_tensor::{Error, ErrorKind, Result};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{SeqAccess, Visitor},
};

/// Fixed widths, so that one value has one encoding.
const LAYOUT: Configuration<LittleEndian, Fixint> =
    bincode::config::standard().with_little_endian().with_fixed_int_encoding();

/// The table of version 1; the order of the fields is the format.
#[derive(Serialize, Deserialize)]
pub(crate) struct Table<'a> {
    pub(crate) step: u64,
    #[serde(borrow, deserialize_with = "list")]
    pub(crate) manifest: Vec<(&'a str, &'a str)>,
    /// Bytes of a shard; 0 if the elements lie in the main file.
    pub(crate) shard: u64,
    #[serde(borrow, deserialize_with = "list")]
    pub(crate) tensors: Vec<Entry<'a>>,
}

/// One tensor; the order of the fields is the format.
#[derive(Serialize, Deserialize)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    pub(crate) dtype: &'a str,
    #[serde(deserialize_with = "list")]
    pub(crate) shape: Vec<u64>,
    /// From the first byte of all elements.
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) crc: u32,
}

pub(crate) fn encode(table: &Table<'_>) -> Result<Vec<u8>> {
    let encoded = bincode::serde::encode_to_vec(table, LAYOUT);
    encoded.map_err(|error| Error::new(ErrorKind::Internal, "the table cannot be encoded").with_source(error))
}

/// # Errors
/// `DataLoss` if the bytes are not exactly one table.
pub(crate) fn decode(bytes: &[u8]) -> Result<Table<'_>> {
    match bincode::serde::borrow_decode_from_slice(bytes, LAYOUT) {
        Ok((table, used)) if used == bytes.len() => Ok(table),
        Ok((_, used)) => {
            let message = format!("the table ends at byte {used} of its {}", bytes.len());
            Err(Error::new(ErrorKind::DataLoss, message))
        }
        Err(error) => Err(Error::new(ErrorKind::DataLoss, format!("the table does not decode: {error}"))),
    }
}

/// A list that grows as its elements arrive: the number it claims reserves nothing.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> std::result::Result<Vec<T>, D::Error> {
    struct List<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> std::result::Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(element) = elements.next_element()? {
                list.push(element);
            }
            Ok(list)
        }
    }

    deserializer.deserialize_seq(List(PhantomData))
}
