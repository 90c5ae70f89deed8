//! An array of records, one on a line. A missing value is null, never absent.

use std::io::Write;

use super::cells::{Cell, cells, day};
use super::{ExportError, Rows};

pub fn write(out: &mut (dyn Write + Send), rows: &Rows<'_>) -> Result<(), ExportError> {
    let names = rows.manifest.columns.iter().enumerate().map(|(at, column)| {
        let start = if at == 0 { "{" } else { "," };
        format!("{start}{}:", serde_json::Value::from(column.name.as_str()))
    });
    let names: Vec<String> = names.collect();
    let mut text = Vec::new();
    let mut first = true;
    out.write_all(b"[")?;
    rows.each(&mut |batch| {
        let columns = cells(batch);
        text.clear();
        for row in 0..batch.num_rows() {
            text.extend_from_slice(if first { b"\n" } else { b",\n" });
            first = false;
            for (name, column) in names.iter().zip(&columns) {
                text.extend_from_slice(name.as_bytes());
                let written = match column.at(row) {
                    Cell::Null => serde_json::to_writer(&mut text, &()),
                    Cell::Text(value) => serde_json::to_writer(&mut text, value),
                    Cell::Int(value) => serde_json::to_writer(&mut text, &value),
                    Cell::Float(value) => serde_json::to_writer(&mut text, &value),
                    Cell::Date(days) => serde_json::to_writer(&mut text, &day(days)),
                };
                written.map_err(std::io::Error::from)?;
            }
            text.push(b'}');
        }
        Ok(out.write_all(&text)?)
    })?;
    out.write_all(b"\n]\n")?;
    Ok(())
}
