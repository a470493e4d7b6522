//! The JSON header: parsed without believing it, and written in one way only.

use std::{borrow::Cow, collections::BTreeMap, fmt, fmt::Write};

use everstep_tensor::{Encoding, Result, Snapshot, Tensor};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};

use crate::{dtype, fault};

/// The name that no tensor can have.
pub(crate) const METADATA: &str = "__metadata__";

/// What the header says.
pub(crate) struct Header {
    pub(crate) metadata: BTreeMap<String, String>,
    /// In the order of their bytes in the file, without gaps.
    pub(crate) entries: Vec<Entry>,
}

/// One tensor; its bytes are counted from the end of the header.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) encoding: Encoding,
    pub(crate) shape: Vec<usize>,
    pub(crate) begin: usize,
    pub(crate) end: usize,
}

impl Header {
    /// # Errors
    /// `DataLoss` if the text is no header, or the tensors do not cover exactly `data` bytes; `FailedPrecondition` for
    /// elements of a type that no tensor can have.
    pub(crate) fn parse(json: &[u8], data: usize) -> Result<Self> {
        let raw: Raw<'_> =
            serde_json::from_slice(json).map_err(|error| fault(format!("the header does not parse: {error}")))?;
        let mut entries = raw.tensors.into_iter().map(|(name, info)| entry(name, &info)).collect::<Result<Vec<_>>>()?;
        entries.sort_by_key(|entry| (entry.begin, entry.end));
        check_places(&entries, data)?;
        Ok(Self { metadata: raw.metadata, entries })
    }
}

/// The tensors in the order in which they lie in the file: the widest first, so that each is aligned.
pub(crate) fn ordered(variables: &Snapshot) -> Vec<(&str, &Tensor)> {
    let mut tensors: Vec<_> = variables.iter().collect();
    tensors.sort_by_key(|(_, tensor)| std::cmp::Reverse(dtype::rank(tensor.dtype())));
    tensors
}

/// The header's text, padded so that what follows is aligned to 8 bytes.
pub(crate) fn text(metadata: &BTreeMap<String, String>, tensors: &[(&str, &Tensor)]) -> String {
    let mut text = format!("{{{}:{}", quoted(METADATA), serde_json::json!(metadata));
    let mut end = 0;
    for (name, tensor) in tensors {
        let (begin, dtype, shape) = (end, dtype::name(tensor.dtype()), list(tensor.shape()));
        end += tensor.bytes().len();
        let name = quoted(name);
        let entry = format!(r#",{name}:{{"dtype":"{dtype}","shape":[{shape}],"data_offsets":[{begin},{end}]}}"#);
        text.push_str(&entry);
    }
    text.push('}');
    let padding = text.len().next_multiple_of(8) - text.len();
    write!(text, "{:padding$}", "").expect("a string takes what is written");
    text
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}

fn entry(name: String, info: &Info<'_>) -> Result<Entry> {
    let in_tensor = |error: everstep_tensor::Error| error.context(format_args!("tensor {name}"));
    let encoding = dtype::parse(&info.dtype).map_err(in_tensor)?;
    let [begin, end] = info.data_offsets;
    let elements = info.shape.iter().try_fold(encoding.size(), |product, axis| product.checked_mul(*axis));
    if elements.is_none() || elements != end.checked_sub(begin) {
        let message = format!("{}{:?} does not take bytes {begin} to {end}", info.dtype, info.shape);
        return Err(in_tensor(fault(message)));
    }
    Ok(Entry { encoding, shape: info.shape.clone(), begin, end, name })
}

/// One behind the other, from the first byte to the last, so that no byte is hidden and none belongs to two.
fn check_places(entries: &[Entry], data: usize) -> Result<()> {
    let mut end = 0;
    for entry in entries {
        if entry.begin != end {
            return Err(fault(format!("tensor {}: it begins at byte {}, not at {end}", entry.name, entry.begin)));
        }
        end = entry.end;
    }
    if end == data {
        return Ok(());
    }
    Err(fault(format!("the tensors end at byte {end} of the data, which has {data} bytes")))
}

/// The header as it stands, each name once.
struct Raw<'a> {
    metadata: BTreeMap<String, String>,
    tensors: BTreeMap<String, Info<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Info<'a> {
    #[serde(borrow)]
    dtype: Cow<'a, str>,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

impl<'de> Deserialize<'de> for Raw<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Raw<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Raw<'de>, A::Error> {
                let mut metadata = None;
                let mut tensors = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    let is_new = if name == METADATA {
                        metadata.replace(map.next_value()?).is_none()
                    } else {
                        tensors.insert(name.clone(), map.next_value()?).is_none()
                    };
                    if !is_new {
                        return Err(A::Error::custom(format_args!("the name {name} occurs twice")));
                    }
                }
                Ok(Raw { metadata: metadata.unwrap_or_default(), tensors })
            }
        }

        deserializer.deserialize_map(Entries)
    }
}
