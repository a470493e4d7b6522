//! A text as numbers: its alphabet, the part to learn from, and the part held out.

use std::{fs, io::Read, path::Path};

use everstep::prelude::{Error, ErrorKind, Result, Tensor};
use flate2::read::GzDecoder;

use super::random::Random;

/// Nine plays of the First Folio; THIRD_PARTY.md says where it comes from.
static FIRST_FOLIO: &[u8] = include_bytes!("first_folio.txt.gz");

/// Pieces of the text held out that a test sees.
const TESTED: usize = 128;

/// A text as numbers, each the place of a character in its alphabet.
#[derive(Debug)]
pub(crate) struct Corpus {
    alphabet: Vec<char>,
    learned: Vec<i32>,
    held_out: Vec<i32>,
    context: usize,
}

impl Corpus {
    /// The text of a file, or the First Folio, to be read in pieces of `context` characters.
    ///
    /// # Errors
    /// `NotFound` or what else keeps the file from being read; `InvalidArgument` if it is not UTF-8, or too short.
    pub(crate) fn open(file: Option<&Path>, context: usize) -> Result<Self> {
        let text = match file {
            Some(file) => read(file)?,
            None => first_folio()?,
        };
        Self::new(&text, context)
    }

    /// The last tenth of the text is held out.
    fn new(text: &str, context: usize) -> Result<Self> {
        let mut alphabet: Vec<char> = text.chars().collect();
        alphabet.sort_unstable();
        alphabet.dedup();
        let place = |character| alphabet.binary_search(&character).unwrap_or_default() as i32;
        let mut learned: Vec<i32> = text.chars().map(place).collect();
        let held_out = learned.split_off(learned.len() - learned.len() / 10);
        if held_out.len() <= context {
            let (all, held) = (learned.len() + held_out.len(), held_out.len());
            let message = format!(
                "of {all} characters {held} are held out, which is no piece of {context} and the next; take a longer text \
                 or a shorter --context"
            );
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        Ok(Self { alphabet, learned, held_out, context })
    }

    /// The characters there are, in order.
    pub(crate) fn alphabet(&self) -> &[char] {
        &self.alphabet
    }

    /// The places of a text's characters; those that are not in the alphabet are left out.
    pub(crate) fn places(&self, text: &str) -> Vec<i32> {
        text.chars()
            .filter_map(|character| self.alphabet.binary_search(&character).ok())
            .map(|place| place as i32)
            .collect()
    }

    /// So many random pieces of the text to learn from, and the characters that follow each of theirs.
    ///
    /// They are a function of seed and position.
    pub(crate) fn batch(&self, seed: u64, position: u64, pieces: usize) -> Result<[Tensor; 2]> {
        let mut random = Random::new(seed, position);
        let most = (self.learned.len() - self.context) as u64;
        let starts: Vec<usize> = (0..pieces).map(|_| (random.next() % most) as usize).collect();
        self.pieces(&self.learned, &starts)
    }

    /// Pieces of the text held out, evenly spread over it.
    pub(crate) fn held_out(&self) -> Result<[Tensor; 2]> {
        let most = self.held_out.len() - self.context;
        let pieces = TESTED.min(most.div_ceil(self.context));
        let starts: Vec<usize> = (0..pieces).map(|piece| piece * most / pieces).collect();
        self.pieces(&self.held_out, &starts)
    }

    fn pieces(&self, text: &[i32], starts: &[usize]) -> Result<[Tensor; 2]> {
        let all = |shift: usize| -> Vec<i32> {
            starts.iter().flat_map(|start| &text[start + shift..start + shift + self.context]).copied().collect()
        };
        let (seen, next) = (all(0), all(1));
        Ok([
            Tensor::from_vec([starts.len(), self.context], seen)?,
            Tensor::from_vec([starts.len() * self.context], next)?,
        ])
    }
}

fn read(file: &Path) -> Result<String> {
    let bytes = fs::read(file).map_err(|error| {
        let message = format!("{}: {error}; give a text by --file", file.display());
        Error::new(ErrorKind::NotFound, message)
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let message = format!("{}: {error}; give a text in UTF-8", file.display());
        Error::new(ErrorKind::InvalidArgument, message)
    })
}

fn first_folio() -> Result<String> {
    let mut text = String::new();
    let unpacked = GzDecoder::new(FIRST_FOLIO).read_to_string(&mut text);
    unpacked.map_err(|error| Error::new(ErrorKind::DataLoss, format!("the text in the program: {error}")))?;
    Ok(text)
}
