//! PX and CSV as the server writes them: Windows-1252, line ends of two bytes,
//! long strings cut anywhere, labels in quotes that nothing escapes.

use super::write::{Cut, width};
use crate::sandbox::http::Reply;
use crate::sandbox::pxweb::SOURCE;
use crate::sandbox::pxweb::table::{Content, Group, Role};

/// Where the server cuts a string.
const LINE: usize = 256;

fn encoded(text: &str, content_type: &'static str) -> Reply {
    Reply::new(200, content_type, encoding_rs::WINDOWS_1252.encode(text).0.into_owned())
}

pub fn csv(cut: &Cut<'_>, format: &str, codes: bool) -> Reply {
    // In `csv2` and `csv3` every variable is in the stub.
    let stub = if format == "csv" { cut.stub() } else { cut.axes.len() };
    let word = |group: &Group| format!("\"{}\"", if codes { &group.code } else { &group.label });
    let heads = (0..stub).map(|axis| format!("\"{}\"", if codes { cut.id(axis) } else { cut.label(axis) }));
    let mut head: Vec<String> = heads.collect();
    let heading = width(&cut.axes[stub..]);
    if stub == cut.axes.len() {
        head.push(format!("\"{}\"", if codes { cut.table.id } else { cut.table.about }));
    } else {
        for column in 0..heading {
            let places = cut.places(column);
            let word = |axis: usize| {
                let group = &cut.groups(axis)[places[axis]];
                if codes { group.code.as_str() } else { group.label.as_str() }
            };
            let words: Vec<&str> = (stub..cut.axes.len()).map(word).collect();
            head.push(format!("\"{}\"", words.join(" ")));
        }
    }
    let mut text = format!("{}\r\n", head.join(","));
    for (row, cells) in cut.cells.chunks(heading.max(1)).enumerate() {
        let places = cut.places(row * heading);
        let mut fields: Vec<String> = (0..stub).map(|axis| word(&cut.groups(axis)[places[axis]])).collect();
        fields.extend(cells.iter().map(|cell| cell.text().to_owned()));
        text.push_str(&fields.join(","));
        text.push_str("\r\n");
    }
    encoded(&text, "text/csv; charset=Windows-1252")
}

pub fn px(cut: &Cut<'_>) -> Reply {
    let table = cut.table;
    let stub = cut.stub();
    let metric = (0..cut.axes.len()).find(|axis| cut.role(*axis) == Role::Metric);
    let contents = || -> Vec<(&Group, &Content)> {
        let Some(metric) = metric else { return Vec::new() };
        let all = &table.dimensions[cut.axes[metric].dimension].contents;
        cut.groups(metric).iter().map(|group| (group, &all[group.members[0]])).collect()
    };
    let decimals = contents().iter().map(|(_, content)| content.decimals).max().unwrap_or(0);
    let names = |axes: std::ops::Range<usize>| {
        axes.map(|axis| format!("\"{}\"", cut.label(axis))).collect::<Vec<_>>().join(",")
    };
    let mut file = String::new();
    let mut put = |keyword: &str, value: &str| file.push_str(&format!("{keyword}={value};\r\n"));
    put("CHARSET", "\"ANSI\"");
    put("AXIS-VERSION", "\"2013\"");
    put("CODEPAGE", "\"iso-8859-1\"");
    put("LANGUAGE", "\"sv\"");
    put("DECIMALS", &decimals.to_string());
    put("SHOWDECIMALS", "0");
    put("MATRIX", &format!("\"{}\"", table.id));
    put("SUBJECT-CODE", &format!("\"{}\"", &table.subject.code[..2]));
    put("SUBJECT-AREA", &format!("\"{}\"", table.subject.area));
    put("TITLE", &long(&format!("{}{}", table.label(true), crate::sandbox::pxweb::MARK)));
    put("CONTENTS", &format!("\"{}\"", table.about));
    if stub > 0 {
        put("STUB", &names(0..stub));
    }
    if stub < cut.axes.len() {
        put("HEADING", &names(stub..cut.axes.len()));
    }
    if let Some(metric) = metric {
        put("CONTVARIABLE", &format!("\"{}\"", cut.label(metric)));
    }
    for axis in 0..cut.axes.len() {
        let name = cut.label(axis);
        let list = |text: fn(&Group) -> &String| {
            cut.groups(axis).iter().map(|group| format!("\"{}\"", text(group))).collect::<Vec<_>>().join(",")
        };
        put(&format!("VARIABLECODE(\"{name}\")"), &format!("\"{}\"", cut.id(axis)));
        put(&format!("VALUES(\"{name}\")"), &list(|group| &group.label));
        if cut.role(axis) == Role::Time {
            let scale = match table.time_unit {
                "Monthly" => "M1",
                "Quarterly" => "Q1",
                _ => "A1",
            };
            let periods: Vec<String> =
                cut.groups(axis).iter().map(|group| format!("\"{}\"", group.code.replace(['M', 'K'], ""))).collect();
            put(&format!("TIMEVAL(\"{name}\")"), &format!("TLIST({scale}),{}", periods.join(",")));
        }
        put(&format!("CODES(\"{name}\")"), &list(|group| &group.code));
        if table.dimensions[cut.axes[axis].dimension].elimination.is_some() {
            put(&format!("ELIMINATION(\"{name}\")"), "YES");
        }
    }
    for (group, content) in contents() {
        if let Some(metric) = metric.filter(|_| content.decimals > 0) {
            put(&format!("PRECISION(\"{}\",\"{}\")", cut.label(metric), group.label), &content.decimals.to_string());
        }
        put(
            &format!("LAST-UPDATED(\"{}\")", group.label),
            &format!("\"{}\"", cut.updated.replace(['-', ':'], "").replace('T', " ").replace("00Z", "")),
        );
        put(&format!("UNITS(\"{}\")", group.label), &format!("\"{}\"", content.unit));
        put(&format!("REFPERIOD(\"{}\")", group.label), &format!("\"{}\"", content.reference_period));
    }
    if let Some(next) = table.next_update {
        // As installations write it: in their own time.
        let local = next.to_zoned(jiff::tz::TimeZone::get("Europe/Stockholm").unwrap_or(jiff::tz::TimeZone::UTC));
        put("NEXT-UPDATE", &format!("\"{}\"", local.strftime("%Y%m%d %H:%M")));
    }
    put("SOURCE", &format!("\"{SOURCE}\""));
    for note in &table.notes {
        put("NOTEX", &long(note));
    }
    put("DATASYMBOL1", "\".\"");
    put("DATASYMBOL2", "\"..\"");
    put("DATASYMBOLNIL", "\"-\"");
    // A symbol beside a value is a note on its cell.
    for (flat, cell) in cut.cells.iter().enumerate() {
        if let (Some(_), Some(symbol)) = (&cell.value, &cell.symbol) {
            let places = cut.places(flat);
            let keys: Vec<String> =
                (0..places.len()).map(|axis| format!("\"{}\"", cut.groups(axis)[places[axis]].code)).collect();
            put(&format!("DATANOTECELL({})", keys.join(",")), &format!("\"{symbol}\""));
        }
    }
    file.push_str("DATA=\r\n");
    for cells in cut.cells.chunks(width(&cut.axes[stub..]).max(1)) {
        for cell in cells {
            match &cell.value {
                Some(value) => file.push_str(value),
                None => file.push_str(&format!("\"{}\"", cell.text())),
            }
            file.push(' ');
        }
        file.push_str("\r\n");
    }
    file.push(';');
    encoded(&file, "application/octet-stream; charset=Windows-1252")
}

/// In quotes, and in pieces where it is long: also inside words.
fn long(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters
        .chunks(LINE)
        .map(|piece| format!("\"{}\"", piece.iter().collect::<String>()))
        .collect::<Vec<_>>()
        .join("\r\n")
}
