//! PxWeb's CSV. `csv` has the stub's variables as columns of labels and a column
//! for each combination of the heading's values; `csv2` has every variable as a
//! column and the cells in the last; `csv3` is `csv2` with codes. Known from
//! PCAxis.Core's and PxWebApi 2's own writers; the character set is whatever the
//! server is set to, so that it is found out by reading.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::record_batch::RecordBatch;

use super::target::Target;
use crate::decode::json::begins;
use crate::decode::json_stat::CubeMeta;
use crate::decode::{DecodeError, Layout};

const EXPECTED: &str = "a CSV file of PxWeb";

/// The answer as a batch of `layout.schema()`. `meta` is what the source said of the table: its names for dimensions
/// and codes, and the order of its dimensions.
///
/// # Errors
/// When a column or a row is none that was asked for, when cells are missing or come twice, and when a value can't be
/// what its measure says.
pub fn csv(body: &[u8], layout: &Layout, meta: &CubeMeta) -> Result<RecordBatch, DecodeError> {
    let bytes = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let not_the_format = || DecodeError::NotTheFormat { expected: EXPECTED, begins: begins(bytes) };
    if matches!(bytes.trim_ascii_start().first(), None | Some(b'<' | b'{' | b'[')) {
        return Err(not_the_format());
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
    };
    let mut target = Target::new(layout, meta)?;
    let mut records = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&text))
        .from_reader(text.as_bytes())
        .into_records();
    let mut next = || {
        records.next().transpose().map_err(|error| {
            let offset = error.position().map_or(0, csv::Position::byte);
            DecodeError::Broken { offset, reason: error.to_string() }
        })
    };
    let mut head = next()?.ok_or_else(not_the_format)?;
    // A title may stand on a line of its own before the columns.
    if head.len() == 1 {
        head = next()?.ok_or_else(not_the_format)?;
    }
    let columns = Columns::read(&head, &target)?;
    // Every row ends its line, so that a last number is known to be whole; a row without labels does not.
    if !columns.stub.is_empty() && !text.ends_with('\n') {
        return Err(DecodeError::Broken { offset: body.len() as u64, reason: "the last line has no end".to_owned() });
    }
    let mut row = 0;
    let mut places = vec![0; target.axes.len()];
    while let Some(record) = next()? {
        row += 1;
        if record.len() != head.len() {
            return Err(DecodeError::Shape(format!(
                "row {row} has {} fields, the first line {}",
                record.len(),
                head.len()
            )));
        }
        let mut rest = usize::try_from(row - 1).unwrap_or(usize::MAX);
        let mut expected = vec![0; columns.stub.len()];
        for (expected, axis) in expected.iter_mut().zip(&columns.stub).rev() {
            let size = target.axes[*axis].codes.len();
            (*expected, rest) = (rest % size, rest / size);
        }
        for ((field, axis), expected) in record.iter().skip(columns.skipped).zip(&columns.stub).zip(expected) {
            let of = &target.axes[*axis];
            places[*axis] = of.place(field, expected).ok_or_else(|| DecodeError::Cell {
                row,
                column: of.id.clone(),
                value: field.to_owned(),
                why: "which was not asked for or is not the only one of that name",
            })?;
        }
        for (field, heading) in record.iter().skip(columns.skipped + columns.stub.len()).zip(&columns.heading) {
            for (axis, place) in heading {
                places[*axis] = *place;
            }
            target.put(&places, field, row)?;
        }
    }
    target.batch()
}

struct Columns {
    /// An empty column comes first where there is no stub.
    skipped: usize,
    /// The axis of each column of labels.
    stub: Vec<usize>,
    /// Of each column of cells, the place on every axis of the heading.
    heading: Vec<Vec<(usize, usize)>>,
}

impl Columns {
    fn read(head: &csv::StringRecord, target: &Target<'_>) -> Result<Self, DecodeError> {
        let skipped = usize::from(head.get(0) == Some(""));
        let mut stub = Vec::new();
        for name in head.iter().skip(skipped) {
            let Some(axis) = target.axes.iter().position(|axis| axis.is_called(name)) else { break };
            if stub.contains(&axis) {
                return Err(DecodeError::Shape(format!("dimension {:?} has two columns", target.axes[axis].id)));
            }
            stub.push(axis);
        }
        let columns: Vec<&str> = head.iter().skip(skipped + stub.len()).collect();
        let others: Vec<usize> = (0..target.axes.len()).filter(|axis| !stub.contains(axis)).collect();
        let width: usize = others.iter().map(|axis| target.axes[*axis].codes.len()).product();
        if columns.len() != width {
            let names: Vec<&str> = others.iter().map(|axis| target.axes[*axis].id.as_str()).collect();
            return Err(DecodeError::Shape(format!(
                "{width} columns of cells were expected, for {}, but there are {}",
                if names.is_empty() { "the only value".to_owned() } else { names.join(" × ") },
                columns.len()
            )));
        }
        if others.is_empty() {
            return Ok(Self { skipped, stub, heading: vec![Vec::new()] });
        }
        let combination = |mut at: usize| -> Vec<(usize, usize)> {
            let mut places: Vec<(usize, usize)> = Vec::with_capacity(others.len());
            for axis in others.iter().rev() {
                let size = target.axes[*axis].codes.len();
                places.push((*axis, at % size));
                at /= size;
            }
            places.reverse();
            places
        };
        let named = |places: &[(usize, usize)], codes: bool| -> String {
            let word = |(axis, place): &(usize, usize)| {
                let axis = &target.axes[*axis];
                squeezed(if codes { &axis.codes[*place] } else { &axis.labels[*place] })
            };
            places.iter().map(word).collect::<Vec<_>>().join(" ")
        };
        let mut known: HashMap<String, Option<usize>> = HashMap::new();
        for at in 0..width {
            let places = combination(at);
            let (label, code) = (named(&places, false), named(&places, true));
            if label != code {
                known.entry(code).and_modify(|place| *place = None).or_insert(Some(at));
            }
            known.entry(label).and_modify(|place| *place = None).or_insert(Some(at));
        }
        let heading = columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let name = squeezed(column);
                let places = combination(at);
                if named(&places, false) == name || named(&places, true) == name {
                    return Ok(places);
                }
                let place = known.get(&name).copied().flatten();
                place.map(combination).ok_or_else(|| {
                    DecodeError::Shape(format!(
                        "column {column:?} is neither a dimension nor a combination that was asked for"
                    ))
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { skipped, stub, heading })
    }
}

/// With single blanks, since labels are written with stray ones here and there.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What parts the fields: what follows the first field in quotes, else the likeliest of the first line.
fn delimiter(text: &str) -> u8 {
    const KNOWN: [u8; 3] = *b",;\t";
    for line in text.lines() {
        let after =
            line.strip_prefix('"').and_then(|rest| rest.split_once('"')).and_then(|(_, rest)| rest.bytes().next());
        if let Some(byte) = after.filter(|byte| KNOWN.contains(byte)) {
            return byte;
        }
        let counted = KNOWN.map(|byte| (line.bytes().filter(|one| *one == byte).count(), byte));
        if !line.starts_with('"')
            && let Some((count, byte)) = counted.into_iter().max_by_key(|(count, _)| *count)
            && count > 0
        {
            return byte;
        }
    }
    b','
}
