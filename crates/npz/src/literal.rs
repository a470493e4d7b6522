//! The header of an array: a Python dictionary of three known entries, and nothing else of Python.

use everstep_tensor::{Error, ErrorKind, Result};

use crate::fault;

/// What the header says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// The type of the elements, such as `<f4`.
    pub(crate) descr: String,
    /// Whether the first axis runs fastest.
    pub(crate) fortran_order: bool,
    pub(crate) shape: Vec<usize>,
}

/// # Errors
/// `DataLoss` if the text is no such dictionary; `FailedPrecondition` for the type of a record.
pub(crate) fn parse(text: &str) -> Result<Header> {
    let mut parser = Parser(text);
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    parser.expect('{')?;
    while !parser.take('}') {
        let key = parser.string()?;
        parser.expect(':')?;
        let is_new = match key {
            "descr" => descr.replace(parser.descr()?).is_none(),
            "fortran_order" => fortran_order.replace(parser.truth()?).is_none(),
            "shape" => shape.replace(parser.tuple()?).is_none(),
            _ => false,
        };
        if !is_new {
            return Err(fault(format!("the header has the key {key:?}, which it cannot have, or has twice")));
        }
        if !parser.take(',') {
            parser.expect('}')?;
            break;
        }
    }
    parser.end()?;
    let header = descr.zip(fortran_order).zip(shape);
    let header = header.map(|((descr, fortran_order), shape)| Header { descr: descr.into(), fortran_order, shape });
    header.ok_or_else(|| fault("the header lacks descr, fortran_order or shape"))
}

/// What is left of the text.
struct Parser<'a>(&'a str);

impl<'a> Parser<'a> {
    /// Whether the next character is this one, which is then taken.
    fn take(&mut self, character: char) -> bool {
        self.0 = self.0.trim_ascii_start();
        let rest = self.0.strip_prefix(character);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, character: char) -> Result<()> {
        if self.take(character) { Ok(()) } else { Err(self.unexpected(&format!("{character:?}"))) }
    }

    fn unexpected(&self, wanted: &str) -> Error {
        let found: String = self.0.chars().take(16).collect();
        fault(format!("the header has {found:?} where {wanted} belongs"))
    }

    /// Text between quotes of either kind, without escapes.
    fn string(&mut self) -> Result<&'a str> {
        let quote = if self.take('\'') { '\'' } else { '"' };
        if quote == '"' {
            self.expect('"')?;
        }
        let (text, rest) = self.0.split_once(quote).ok_or_else(|| self.unexpected("a text in quotes"))?;
        self.0 = rest;
        Ok(text)
    }

    fn descr(&mut self) -> Result<&'a str> {
        if self.0.trim_ascii_start().starts_with('[') {
            let message = "the array holds records, which no tensor does; save each field as an array of its own";
            return Err(Error::new(ErrorKind::FailedPrecondition, message));
        }
        self.string()
    }

    fn truth(&mut self) -> Result<bool> {
        self.0 = self.0.trim_ascii_start();
        for (word, truth) in [("True", true), ("False", false)] {
            if let Some(rest) = self.0.strip_prefix(word) {
                self.0 = rest;
                return Ok(truth);
            }
        }
        Err(self.unexpected("True or False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>> {
        let mut numbers = Vec::new();
        self.expect('(')?;
        while !self.take(')') {
            numbers.push(self.number()?);
            if !self.take(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(numbers)
    }

    fn number(&mut self) -> Result<usize> {
        self.0 = self.0.trim_ascii_start();
        let end = self.0.find(|character: char| !character.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        let number = digits.parse().map_err(|_| self.unexpected("a length"))?;
        self.0 = rest;
        Ok(number)
    }

    fn end(&self) -> Result<()> {
        if self.0.trim_ascii().is_empty() { Ok(()) } else { Err(self.unexpected("the end")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_numpy_writes_is_read() {
        let expected = |shape: &[usize]| Header { descr: "<f4".into(), fortran_order: false, shape: shape.to_vec() };
        let check = |text: &str, shape: &[usize]| assert_eq!(parse(text).unwrap(), expected(shape), "{text}");
        check("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }      \n", &[2, 3]);
        check("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", &[2]);
        check("{\"shape\":(),\"descr\":\"<f4\",\"fortran_order\":False}", &[]);
    }

    #[track_caller]
    fn check_refused(text: &str, message: &str) {
        assert_eq!(parse(text).unwrap_err().to_string(), message);
    }

    #[test]
    fn what_is_no_header_is_named() {
        check_refused("", "the header has \"\" where '{' belongs");
        check_refused("{}", "the header lacks descr, fortran_order or shape");
        check_refused("{'descr': __import__('os')", "the header has \"__import__('os')\" where '\"' belongs");
        check_refused("{'shape': (-1,)}", "the header has \"-1,)}\" where a length belongs");
        check_refused(
            "{'shape': (), 'shape': ()}",
            "the header has the key \"shape\", which it cannot have, or has twice",
        );
        check_refused("{'fortran_order': 1}", "the header has \"1}\" where True or False belongs");
    }
}
