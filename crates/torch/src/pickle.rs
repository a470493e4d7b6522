//! A pickle, read as data: the opcodes that dictionaries of tensors need, and no call of anything.

use std::collections::BTreeMap;

use everstep_tensor::Result;

use crate::{
    fault, global,
    global::Global,
    unknown,
    value::{Id, Value},
};

/// What makes tensors of what a pickle says.
pub(crate) trait Rebuild<'a> {
    /// The storage that a persistent name stands for.
    fn storage(&mut self, name: &[Id], values: &[Value<'a>]) -> Result<Value<'a>>;
    /// What `global(arguments)` would be.
    fn call(&mut self, global: Global, arguments: &[Id], values: &[Value<'a>]) -> Result<Value<'a>>;
}

/// All values of a pickle, and which one it is.
///
/// # Errors
/// `DataLoss` if the bytes are no pickle; `FailedPrecondition` for an opcode or a name that is not known.
pub(crate) fn parse<'a>(bytes: &'a [u8], rebuild: &mut dyn Rebuild<'a>) -> Result<(Vec<Value<'a>>, Id)> {
    let mut machine = Machine {
        rest: bytes,
        values: vec![Value::None, Value::Bool(false), Value::Bool(true)],
        stack: Vec::new(),
        marks: Vec::new(),
        memo: BTreeMap::new(),
        rebuild,
    };
    loop {
        if let Some(id) = machine.step()? {
            return Ok((machine.values, id));
        }
    }
}

/// The values that every pickle shares.
const NONE: Id = 0;
const FALSE: Id = 1;
const TRUE: Id = 2;

struct Machine<'a, 'r> {
    rest: &'a [u8],
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// How long the stack was at each mark.
    marks: Vec<usize>,
    memo: BTreeMap<u64, Id>,
    rebuild: &'r mut dyn Rebuild<'a>,
}

impl<'a> Machine<'a, '_> {
    /// Takes one opcode; the value of the whole at the last one.
    fn step(&mut self) -> Result<Option<Id>> {
        let opcode = self.bytes(1)?[0];
        match opcode {
            // PROTO and FRAME
            0x80 => drop(self.bytes(1)?),
            0x95 => drop(self.bytes(8)?),
            b'.' => return self.pop().map(Some),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.popped()?),
            b'N' => self.stack.push(NONE),
            0x89 => self.stack.push(FALSE),
            0x88 => self.stack.push(TRUE),
            b'K' | b'M' | b'J' | 0x8a | b'G' => self.number(opcode)?,
            b'X' | 0x8c | 0x8d => self.text(opcode)?,
            b'C' | b'B' | 0x8e => self.blob(opcode)?,
            b'q' | b'r' | 0x94 => self.remember(opcode)?,
            b'h' | b'j' => self.recall(opcode)?,
            b')' | 0x85 | 0x86 | 0x87 | b't' => self.tuple(opcode)?,
            b']' => self.push(Value::List(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            b'a' | b'e' => self.append(opcode)?,
            b's' | b'u' => self.set(opcode)?,
            b'c' | 0x93 => self.global(opcode)?,
            b'Q' | b'R' | b'b' => self.make(opcode)?,
            _ => {
                return Err(unknown(format!(
                    "the pickle has the opcode {opcode:#04x}, which no state dictionary needs"
                )));
            }
        }
        Ok(None)
    }

    fn number(&mut self, opcode: u8) -> Result<()> {
        let value = match opcode {
            b'K' => Value::Int(self.unsigned(1)? as i64),
            b'M' => Value::Int(self.unsigned(2)? as i64),
            b'J' => Value::Int(i64::from(self.unsigned(4)? as i32)),
            b'G' => Value::Float(f64::from_bits(self.unsigned(8)?.swap_bytes())),
            _ => Value::Int(self.long()?),
        };
        self.push(value);
        Ok(())
    }

    /// Two's complement of any length, of which eight bytes are known here.
    fn long(&mut self) -> Result<i64> {
        let length = self.unsigned(1)?;
        let bytes = self.bytes(length)?;
        let Some(last) = bytes.last() else { return Ok(0) };
        let mut wide = [if *last < 0x80 { 0 } else { 0xff }; 8];
        let place =
            wide.get_mut(..bytes.len()).ok_or_else(|| unknown("the pickle has a number of more than 64 bits"))?;
        place.copy_from_slice(bytes);
        Ok(i64::from_le_bytes(wide))
    }

    fn text(&mut self, opcode: u8) -> Result<()> {
        let length = self.unsigned(match opcode {
            b'X' => 4,
            0x8c => 1,
            _ => 8,
        })?;
        let text = std::str::from_utf8(self.bytes(length)?).map_err(|_| fault("a text of the pickle is not UTF-8"))?;
        self.push(Value::Text(text));
        Ok(())
    }

    fn blob(&mut self, opcode: u8) -> Result<()> {
        let length = self.unsigned(match opcode {
            b'C' => 1,
            b'B' => 4,
            _ => 8,
        })?;
        self.bytes(length)?;
        self.push(Value::Bytes);
        Ok(())
    }

    fn remember(&mut self, opcode: u8) -> Result<()> {
        let key = match opcode {
            b'q' => self.unsigned(1)?,
            b'r' => self.unsigned(4)?,
            _ => self.memo.len() as u64,
        };
        let id = self.pop()?;
        self.stack.push(id);
        self.memo.insert(key, id);
        Ok(())
    }

    fn recall(&mut self, opcode: u8) -> Result<()> {
        let key = self.unsigned(if opcode == b'h' { 1 } else { 4 })?;
        let id = self.memo.get(&key).ok_or_else(|| fault(format!("the pickle recalls {key}, which it never kept")))?;
        self.stack.push(*id);
        Ok(())
    }

    fn tuple(&mut self, opcode: u8) -> Result<()> {
        let items = match opcode {
            b't' => self.popped()?,
            b')' => Vec::new(),
            _ => self.last(usize::from(opcode - 0x84))?,
        };
        self.push(Value::Tuple(items));
        Ok(())
    }

    fn append(&mut self, opcode: u8) -> Result<()> {
        let items = if opcode == b'a' { vec![self.pop()?] } else { self.popped()? };
        match self.top()? {
            Value::List(list) => list.extend(items),
            _ => return Err(fault("the pickle appends to what is no list")),
        }
        Ok(())
    }

    fn set(&mut self, opcode: u8) -> Result<()> {
        let items = if opcode == b's' { self.last(2)? } else { self.popped()? };
        match self.top()? {
            Value::Dict(dict) => dict.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1]))),
            _ => return Err(fault("the pickle sets an item of what is no dictionary")),
        }
        Ok(())
    }

    fn global(&mut self, opcode: u8) -> Result<()> {
        let (module, name) = match opcode {
            b'c' => (self.line()?, self.line()?),
            _ => match self.last(2)?[..] {
                [module, name] => match (&self.values[module], &self.values[name]) {
                    (Value::Text(module), Value::Text(name)) => (*module, *name),
                    _ => return Err(fault("the pickle names something by what is no text")),
                },
                _ => return Err(fault("the pickle lacks a name")),
            },
        };
        let global = global::parse(module, name)?;
        self.push(Value::Global(global));
        Ok(())
    }

    /// What stands for a call in Python: a storage by its name, an object, its state.
    fn make(&mut self, opcode: u8) -> Result<()> {
        let argument = self.pop()?;
        let value = match (opcode, &self.values[argument]) {
            // The state of a dictionary is its metadata, which tensors do not need.
            (b'b', _) => {
                return match self.top()? {
                    Value::Dict(_) | Value::Tensor(_) => Ok(()),
                    _ => Err(unknown("the pickle gives a state to what is no dictionary")),
                };
            }
            (b'Q', Value::Tuple(name)) => self.rebuild.storage(name, &self.values)?,
            (b'R', Value::Tuple(arguments)) => {
                let callee = self.stack.pop().ok_or_else(empty)?;
                let Value::Global(global) = self.values[callee] else {
                    return Err(fault("the pickle calls what is no name"));
                };
                self.rebuild.call(global, arguments, &self.values)?
            }
            _ => return Err(fault("the pickle calls with what is no tuple")),
        };
        self.push(value);
        Ok(())
    }

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn pop(&mut self) -> Result<Id> {
        // What stands before a mark is not taken without it.
        let least = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= least {
            return Err(empty());
        }
        self.stack.pop().ok_or_else(empty)
    }

    fn last(&mut self, count: usize) -> Result<Vec<Id>> {
        let mut items = (0..count).map(|_| self.pop()).collect::<Result<Vec<_>>>()?;
        items.reverse();
        Ok(items)
    }

    /// All above the last mark.
    fn popped(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().ok_or_else(|| fault("the pickle goes back to a mark that it never made"))?;
        Ok(self.stack.split_off(mark))
    }

    fn top(&mut self) -> Result<&mut Value<'a>> {
        let id = *self.stack.last().ok_or_else(empty)?;
        Ok(&mut self.values[id])
    }

    fn bytes(&mut self, length: u64) -> Result<&'a [u8]> {
        let split = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let (taken, rest) = split.ok_or_else(|| fault("the pickle ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn unsigned(&mut self, length: u64) -> Result<u64> {
        Ok(self.bytes(length)?.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    fn line(&mut self) -> Result<&'a str> {
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let line = self.bytes(end.ok_or_else(|| fault("the pickle ends too early"))? as u64)?;
        self.bytes(1)?;
        std::str::from_utf8(line).map_err(|_| fault("a name of the pickle is not UTF-8"))
    }
}

fn empty() -> everstep_tensor::Error {
    fault("the pickle takes what it never made")
}
