//! The state file `checkpoint`, by which TensorFlow finds the newest checkpoint of a directory.

use std::fmt;

use everstep_tensor::{Error, ErrorKind, Result};

use crate::fault;

/// What the state file `checkpoint` of a directory says, by TensorFlow's `checkpoint_state.proto`.
///
/// Its text, by `Display`, is the file.
///
/// ```
/// use everstep_tensor_bundle::CheckpointState;
///
/// let state = CheckpointState::of(vec!["model.ckpt-3".into(), "model.ckpt-7".into()]);
/// let text = state.to_string();
/// assert!(text.starts_with("model_checkpoint_path: \"model.ckpt-7\"\n"));
/// assert_eq!(CheckpointState::parse(&text)?, state);
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckpointState {
    /// The newest checkpoint: its prefix, without `.index`; relative to the directory, or absolute.
    pub model_checkpoint_path: String,
    /// Every checkpoint, oldest first.
    pub all_model_checkpoint_paths: Vec<String>,
    /// When each of them was made, in seconds since 1970; as many, or none.
    pub all_model_checkpoint_timestamps: Vec<f64>,
    /// When the last one was made that is kept for good.
    pub last_preserved_timestamp: Option<f64>,
}

impl CheckpointState {
    /// The state of these prefixes, oldest first.
    pub fn of(prefixes: Vec<String>) -> Self {
        let newest = prefixes.last().cloned().unwrap_or_default();
        Self { model_checkpoint_path: newest, all_model_checkpoint_paths: prefixes, ..Self::default() }
    }

    /// Reads the text of a state file; fields that are not here are passed over.
    ///
    /// # Errors
    /// `DataLoss` naming the line that is no field; `InvalidArgument` if there are times, but not one for each path.
    pub fn parse(text: &str) -> Result<Self> {
        let mut state = Self::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                state.field(line).map_err(|error| error.context(format_args!("line {}", number + 1)))?;
            }
        }
        let (paths, times) = (state.all_model_checkpoint_paths.len(), state.all_model_checkpoint_timestamps.len());
        if times != 0 && times != paths {
            let message = format!("there are {paths} paths and {times} times; give one for each path, or none");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        Ok(state)
    }

    fn field(&mut self, line: &str) -> Result<()> {
        let (name, value) = line.split_once(':').ok_or_else(|| fault(format!("{line:?} is no field")))?;
        let (name, value) = (name.trim_end(), value.trim());
        let number = || value.parse::<f64>().map_err(|_| fault(format!("{value:?} is no number")));
        match name {
            "model_checkpoint_path" => self.model_checkpoint_path = unquote(value)?,
            "all_model_checkpoint_paths" => self.all_model_checkpoint_paths.push(unquote(value)?),
            "all_model_checkpoint_timestamps" => self.all_model_checkpoint_timestamps.push(number()?),
            "last_preserved_timestamp" => self.last_preserved_timestamp = Some(number()?),
            _ => {}
        }
        Ok(())
    }
}

impl fmt::Display for CheckpointState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "model_checkpoint_path: {}", quote(&self.model_checkpoint_path))?;
        for path in &self.all_model_checkpoint_paths {
            writeln!(f, "all_model_checkpoint_paths: {}", quote(path))?;
        }
        for time in &self.all_model_checkpoint_timestamps {
            writeln!(f, "all_model_checkpoint_timestamps: {time}")?;
        }
        self.last_preserved_timestamp.map_or(Ok(()), |time| writeln!(f, "last_preserved_timestamp: {time}"))
    }
}

/// In double quotes; what is not printable ASCII as octal numbers of its bytes.
fn quote(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'\n' => "\\n".into(),
        b'\r' => "\\r".into(),
        b'\t' => "\\t".into(),
        b'"' | b'\'' | b'\\' => format!("\\{}", byte as char),
        b' '..=b'~' => (byte as char).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    format!("\"{}\"", text.bytes().map(escape).collect::<String>())
}

/// The text between quotes of either kind.
fn unquote(value: &str) -> Result<String> {
    let no_text = || fault(format!("{value:?} is no text in quotes"));
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\'')).ok_or_else(no_text)?;
    let inner = value[1..].strip_suffix(quote).ok_or_else(no_text)?;
    let mut bytes = Vec::new();
    let mut rest = inner.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let (byte, after) = escaped(rest).ok_or_else(no_text)?;
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| no_text())
}

/// The byte that an escape stands for, and what follows it.
fn escaped(rest: &[u8]) -> Option<(u8, &[u8])> {
    let (&first, after) = rest.split_first()?;
    let number = |digits: &[u8], radix| u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok();
    let count = |rest: &[u8], most: usize, radix: u32| {
        rest.iter().take(most).take_while(|byte| (**byte as char).is_digit(radix)).count()
    };
    match first {
        b'n' => Some((b'\n', after)),
        b'r' => Some((b'\r', after)),
        b't' => Some((b'\t', after)),
        b'"' | b'\'' | b'\\' => Some((first, after)),
        b'x' => {
            let (digits, after) = after.split_at(count(after, 2, 16));
            Some((number(digits, 16)?, after))
        }
        _ => {
            let (digits, after) = rest.split_at(count(rest, 3, 8));
            Some((number(digits, 8)?, after))
        }
    }
}
