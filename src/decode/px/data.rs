//! The cells after `DATA=`: numbers, and symbols in quotes or bare, parted by
//! blanks, commas, semicolons or line breaks; with `KEYS`, rows that begin with
//! the values of the stub. What the format leaves out of such a file are rows of
//! zeros and nothing else, by its own definition.

use super::file::File;
use crate::decode::DecodeError;
use crate::decode::json_stat::foreign::{Filling, cells};
use crate::decode::number::{self, Number};

/// A sparse file may be this many times its own size, and this large in any case.
const SPARSE_CELLS_PER_BYTE: usize = 64;
const SPARSE_CELLS: usize = 5_000_000;

/// Cells that notes may be spread over, beyond the cells there are.
const NOTED: usize = 1_000_000;

pub(super) struct Data {
    pub(super) filling: Filling,
    /// The first cell that holds a number with decimals, per code of the variable that was asked about.
    pub(super) fractions: Vec<bool>,
}

/// Reads all cells. `by` is the variable for whose codes it is told whether any value has decimals.
pub(super) fn read(body: &[u8], file: &File, by: Option<usize>) -> Result<Data, DecodeError> {
    let sizes = || file.variables.iter().map(|one| one.codes.len());
    let total = cells(sizes())?;
    let mut reader = Reader { body, at: file.data(), last: file.data(), file };
    let (stride, codes) = match by {
        Some(by) => {
            let after = file.variables[by + 1..].iter().map(|one| one.codes.len()).product();
            (after, file.variables[by].codes.len())
        }
        None => (total.max(1), 1),
    };
    let keyed = file.all("KEYS");
    let mut data = Data { filling: Filling::new(0), fractions: vec![false; codes] };
    if keyed.is_empty() {
        // Two bytes at least per cell: a lying table can't ask for more memory than the body earns.
        if total > (body.len() - reader.at.min(body.len())).div_ceil(2) {
            return Err(reader.short(total));
        }
        data.filling = Filling::new(total);
        for at in 0..total {
            data.take(&mut reader, at, stride, total)?;
        }
    } else {
        if total > SPARSE_CELLS.max(body.len().saturating_mul(SPARSE_CELLS_PER_BYTE)) {
            return Err(DecodeError::Shape(format!("{total} cells are more than a sparse file of this size may have")));
        }
        let row: usize = file.variables[file.stub..].iter().map(|one| one.codes.len()).product();
        data.filling = Filling::new(total);
        for at in 0..total {
            data.filling.put(at, Number::Whole(0));
        }
        let mut seen = vec![false; total.checked_div(row).unwrap_or(0)];
        while let Some(start) = reader.keys()? {
            let offset = reader.at;
            if std::mem::replace(&mut seen[start], true) {
                return Err(fault_at(offset, "the row of these keys comes twice"));
            }
            for at in start * row..(start + 1) * row {
                data.take(&mut reader, at, stride, total)?;
            }
        }
    }
    reader.end(!keyed.is_empty())?;
    notes(file, &mut data.filling, total)?;
    Ok(data)
}

impl Data {
    fn take(&mut self, reader: &mut Reader<'_>, at: usize, stride: usize, total: usize) -> Result<(), DecodeError> {
        match reader.cell(total)? {
            Cell::Number(number) => {
                self.filling.put(at, number);
                if number.whole().is_none() {
                    let code = at / stride % self.fractions.len();
                    self.fractions[code] = true;
                }
                Ok(())
            }
            Cell::Symbol(symbol) => self.filling.absent(at, &symbol),
        }
    }
}

enum Cell {
    Number(Number),
    Symbol(String),
}

struct Reader<'a> {
    body: &'a [u8],
    at: usize,
    /// Where the last cell ended.
    last: usize,
    file: &'a File,
}

fn fault_at(offset: usize, reason: impl Into<String>) -> DecodeError {
    DecodeError::Keyword { keyword: "DATA".to_owned(), offset: offset as u64, reason: reason.into() }
}

impl Reader<'_> {
    fn short(&self, total: usize) -> DecodeError {
        fault_at(self.body.len(), format!("the file ends before the last of {total} cells"))
    }

    /// The next byte that parts nothing. A semicolon parts cells too, but ends them if nothing follows.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | b';' | 0x1a) = self.body.get(self.at) {
            self.at += 1;
        }
        self.body.get(self.at).copied()
    }

    fn cell(&mut self, total: usize) -> Result<Cell, DecodeError> {
        let cell = match self.peek() {
            None => return Err(self.short(total)),
            Some(b'"') => Cell::Symbol(self.quoted()?),
            Some(_) => self.bare()?,
        };
        self.last = self.at;
        Ok(cell)
    }

    fn quoted(&mut self) -> Result<String, DecodeError> {
        let start = self.at + 1;
        let Some(length) = self.body[start..].iter().position(|byte| *byte == b'"') else {
            return Err(fault_at(self.at, "a text that begins here has no end"));
        };
        self.at = start + length + 1;
        Ok(self.file.charset().decode(&self.body[start..start + length]).trim().to_owned())
    }

    fn bare(&mut self) -> Result<Cell, DecodeError> {
        let start = self.at;
        if let Some((number, end)) = number::scan(self.body, start)
            && self.body.get(end).is_none_or(|byte| ends_a_cell(*byte))
        {
            self.at = end;
            return Ok(Cell::Number(number));
        }
        while self.body.get(self.at).is_some_and(|byte| !ends_a_cell(*byte)) {
            self.at += 1;
        }
        let word = &self.body[start..self.at];
        // Some programs leave out the zero before the decimals, or write a plus sign.
        let text = String::from_utf8_lossy(word);
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", text.strip_prefix('+').unwrap_or(&text)),
        };
        let zero = if digits.starts_with('.') { "0" } else { "" };
        if let Some(number) = number::parse(&format!("{sign}{zero}{digits}")) {
            return Ok(Cell::Number(number));
        }
        // A symbol without its quotes: dots, a dash, a colon.
        if word.iter().all(|byte| b".-:*".contains(byte)) {
            return Ok(Cell::Symbol(text.into_owned()));
        }
        let shown: String = text.chars().take(40).collect();
        Err(fault_at(start, format!("{shown:?} is neither a number nor a symbol")))
    }

    /// The place of the row whose keys stand here; nothing at the end of the file.
    fn keys(&mut self) -> Result<Option<usize>, DecodeError> {
        if self.peek().is_none() {
            return Ok(None);
        }
        let mut row = 0;
        for variable in &self.file.variables[..self.file.stub] {
            if self.peek() != Some(b'"') {
                return Err(fault_at(self.at, format!("expected the key of {:?}, in quotes", variable.name)));
            }
            let start = self.at;
            let key = self.quoted()?;
            let Some(place) = variable.place(&key) else {
                return Err(fault_at(start, format!("{:?} has no value {key:?}", variable.name)));
            };
            row = row * variable.codes.len() + place;
        }
        Ok(Some(row))
    }

    /// All cells are there. Some programs leave out the last semicolon; then a blank must tell that the last cell is
    /// whole, and rows with keys, of which any number may follow, can't do without.
    fn end(&mut self, keyed: bool) -> Result<(), DecodeError> {
        if self.peek().is_some() {
            return Err(fault_at(self.at, "more follows after the last cell"));
        }
        let rest = &self.body[self.last.min(self.body.len())..];
        if rest.contains(&b';') || !keyed && !rest.is_empty() {
            return Ok(());
        }
        Err(fault_at(self.body.len(), "the file ends before the `;` after the last cell"))
    }
}

const fn ends_a_cell(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b';' | b'"' | 0x1a)
}

/// `DATANOTECELL`: marks on cells, by a value or `*` for each variable. A symbol in the place of a value stays.
fn notes(file: &File, filling: &mut Filling, total: usize) -> Result<(), DecodeError> {
    let mut left = total.saturating_add(NOTED);
    for note in file.all("DATANOTECELL") {
        let Some(symbol) = note.text() else { continue };
        if note.keys.len() != file.variables.len() {
            let (keys, variables) = (note.keys.len(), file.variables.len());
            return Err(note.fault(format!("{keys} values for {variables} variables")));
        }
        let mut places = vec![0_usize];
        for (variable, key) in file.variables.iter().zip(&note.keys) {
            let size = variable.codes.len();
            let chosen: Vec<usize> = if key.trim() == "*" {
                (0..size).collect()
            } else {
                match variable.place(key) {
                    Some(place) => vec![place],
                    None => return Err(note.fault(format!("{:?} has no value {key:?}", variable.name))),
                }
            };
            let spread = places.len().saturating_mul(chosen.len());
            if spread > left {
                return Err(note.fault("the notes are spread over more cells than is reasonable"));
            }
            places = places.iter().flat_map(|place| chosen.iter().map(move |one| place * size + one)).collect();
        }
        left -= places.len();
        for place in places {
            if !filling.is_marked(place) {
                filling.mark(place, symbol)?;
            }
        }
    }
    Ok(())
}
