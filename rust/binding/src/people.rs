//! Recipients, copied out of Python objects a chunk at a time.
//!
//! Everything is read while the interpreter is held and nothing of it after: the chunk owns its text
//! in one buffer, so that planning runs without the interpreter.

use std::ops::Range;

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping, PyString, PyTuple};

/// A piece of a chunk's text.
type Piece = Range<usize>;

/// People of one chunk.
#[derive(Default)]
pub(crate) struct Chunk {
    text: String,
    entries: Vec<Entry>,
    values: Vec<(Piece, Piece)>,
}

enum Entry {
    Recipient { fields: [Option<Piece>; FIELDS], values: Range<usize> },
    Excluded { id: Piece, reason: Piece },
}

const FIELDS: usize = 5;

/// One of a chunk, as the planner takes it.
pub(crate) enum Person<'a> {
    Recipient {
        id: &'a str,
        phone: Option<&'a str>,
        email: Option<&'a str>,
        name: Option<&'a str>,
        language: Option<&'a str>,
        /// Index range into the values given beside it.
        values: Range<usize>,
    },
    /// Somebody whom the caller does not want to reach, with the reason.
    Excluded { id: &'a str, reason: &'a str },
}

impl Chunk {
    /// Reads a list of `Recipient` and `Excluded`. What is wrong with single people goes to
    /// `problem`, and they are left out: the plan is refused then.
    ///
    /// # Errors
    /// `TypeError` where something else is in the list.
    pub(crate) fn read(list: &Bound<'_, PyList>, problem: &mut dyn FnMut(String)) -> PyResult<Self> {
        let mut chunk = Self::default();
        chunk.entries.reserve(list.len());
        for item in list {
            chunk.add(&item, problem)?;
        }
        Ok(chunk)
    }

    /// Every value of every recipient, names first.
    pub(crate) fn values(&self) -> Vec<(&str, &str)> {
        let piece = |piece: &Piece| &self.text[piece.clone()];
        self.values.iter().map(|(name, value)| (piece(name), piece(value))).collect()
    }

    pub(crate) fn people(&self) -> impl Iterator<Item = Person<'_>> {
        let piece = |piece: &Piece| &self.text[piece.clone()];
        self.entries.iter().map(move |entry| match entry {
            Entry::Excluded { id, reason } => Person::Excluded { id: piece(id), reason: piece(reason) },
            Entry::Recipient { fields, values } => {
                let [id, phone, email, name, language] =
                    fields.each_ref().map(|field| field.as_ref().map(piece));
                let values = values.clone();
                Person::Recipient { id: id.unwrap_or(""), phone, email, name, language, values }
            }
        })
    }

    fn add(&mut self, item: &Bound<'_, PyAny>, problem: &mut dyn FnMut(String)) -> PyResult<()> {
        let py = item.py();
        if item.is_instance_of::<PyTuple>() {
            return self.exclude(item);
        }
        let names = [
            intern!(py, "id"),
            intern!(py, "phone"),
            intern!(py, "email"),
            intern!(py, "name"),
            intern!(py, "language"),
        ];
        let mut fields = [const { None }; FIELDS];
        for (at, name) in names.into_iter().enumerate() {
            let value = item.getattr(name).map_err(|_| stranger(item))?;
            if value.is_none() && at > 0 {
                continue;
            }
            match self.copy(&value) {
                Ok(piece) => fields[at] = Some(piece),
                Err(why) => {
                    problem(format!("recipient {}: {name} {why}", shown(item)));
                    return Ok(());
                }
            }
        }
        let first = self.values.len();
        let values = item.getattr(intern!(py, "values")).map_err(|_| stranger(item))?;
        if let Err(why) = self.copy_values(&values)? {
            problem(format!("recipient {}: values {why}", shown(item)));
            return Ok(());
        }
        self.entries.push(Entry::Recipient { fields, values: first..self.values.len() });
        Ok(())
    }

    fn exclude(&mut self, item: &Bound<'_, PyAny>) -> PyResult<()> {
        let (id, _channel, reason): (String, String, String) = item.extract().map_err(|_| stranger(item))?;
        let (id, reason) = (self.put(&id), self.put(&reason));
        self.entries.push(Entry::Excluded { id, reason });
        Ok(())
    }

    /// Copies the template values; the inner result says what is wrong with them.
    fn copy_values(&mut self, values: &Bound<'_, PyAny>) -> PyResult<Result<(), String>> {
        if let Ok(dict) = values.cast::<PyDict>() {
            for (name, value) in dict {
                if let Err(why) = self.copy_value(&name, &value) {
                    return Ok(Err(why));
                }
            }
            return Ok(Ok(()));
        }
        let Ok(mapping) = values.cast::<PyMapping>() else {
            return Ok(Err(format!("must be a mapping, not {}", kind(values))));
        };
        for pair in mapping.items()? {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
            if let Err(why) = self.copy_value(&name, &value) {
                return Ok(Err(why));
            }
        }
        Ok(Ok(()))
    }

    fn copy_value(&mut self, name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> Result<(), String> {
        let name_piece = self.copy(name).map_err(|why| format!("have a name that {why}"))?;
        let value = self.copy(value).map_err(|why| format!("[{}] {why}", repr(name)))?;
        self.values.push((name_piece, value));
        Ok(())
    }

    fn copy(&mut self, value: &Bound<'_, PyAny>) -> Result<Piece, String> {
        let Ok(text) = value.cast::<PyString>() else {
            return Err(format!("must be a str, not {}", kind(value)));
        };
        let text = text.to_str().map_err(|_| "holds half a character (a lone surrogate)".to_owned())?;
        Ok(self.put(text))
    }

    fn put(&mut self, text: &str) -> Piece {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }
}

fn stranger(item: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!("to: must hold Recipient (or Excluded), not {}", kind(item)))
}

fn kind(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string())
}

fn shown(item: &Bound<'_, PyAny>) -> String {
    item.getattr(intern!(item.py(), "id")).map_or_else(|_| "?".into(), |id| repr(&id))
}

fn repr(value: &Bound<'_, PyAny>) -> String {
    value.repr().map_or_else(|_| "?".into(), |text| text.to_string_lossy().into_owned())
}
