//! Key figures: an area against its county and the nation, and areas side by side.

use super::csv_file::{self, Names, Record};
use super::definition::{KeyFigure, Level};
use super::figure::column;
use super::observations::{Observation, Observations};
use super::page::{Peer, Place, Source};
use super::view::{Card, Cell, Column, KeysView, ListView, Notes, Origin, Row, Table};
use super::words;

/// A key figure with its rows.
pub(super) struct Key<'a> {
    pub key: &'a KeyFigure,
    pub rows: &'a Observations,
    pub source: &'a Source<'a>,
}

pub(super) type Files = Vec<(String, Vec<u8>)>;

/// The table (and the cards) of an area's own page. `None` when the report has no key figures.
pub(super) fn keys(keys: &[Key<'_>], place: &Place<'_>) -> Option<(KeysView, Files)> {
    let peers = place.peers(&[Level::Lan, Level::Riket]);
    let mut notes = Notes::default();
    let (mut cards, mut rows, mut records, mut shown) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for entry in keys {
        let (key, decimals) = (entry.key, entry.source.decimals(&entry.key.series));
        let Some(period) = entry.rows.latest(place.level, None) else { continue };
        let unit = entry.source.unit(&key.series);
        let mut cells = Vec::new();
        for peer in &peers {
            let row = entry.rows.at(peer.kod, period, None);
            notes.look_for(row, entry.rows, (peer.level, words::definite(peer.level)), Some(&key.title));
            cells.push(Cell::of(row, decimals));
            records.push(record(entry, peer, &period.text, row));
        }
        let here = !entry.rows.of(place.kod).is_empty();
        if key.card && here {
            let compare = peers.iter().zip(&cells).skip(1).map(|(peer, cell)| (words::role(peer.level), cell.clone()));
            cards.push(Card {
                title: key.title.clone(),
                value: cells[0].clone(),
                unit: unit.clone(),
                period: period.swedish(),
                compare: compare.collect(),
            });
        }
        let mut sub = unit.into_iter().chain([period.swedish()]).collect::<Vec<_>>().join(", ");
        if let Some(note) = &key.note {
            sub = format!("{sub}. {note}");
        }
        rows.push(Row { head: key.title.clone(), sub: Some(sub), href: None, cells });
        shown.push(entry);
    }
    if rows.is_empty() {
        return None;
    }
    let table = Table {
        caption: format!("Nyckeltal: {}", place.namn),
        head: "Nyckeltal".to_owned(),
        columns: peers.iter().map(column).collect(),
        rows,
    };
    let (csv, excel, files) = files("nyckeltal", &records);
    let origins = origins(&shown, place);
    Some((KeysView { cards, table, notes: notes.sentences(), origins, csv, excel }, files))
}

/// The areas below a page's own, one row each, then those above them. Columns are the `listed` key figures
/// that the areas have. `None` when there is none.
pub(super) fn list(keys: &[Key<'_>], place: &Place<'_>, below: &[Peer<'_>]) -> Option<(ListView, Files)> {
    let level = below.first()?.level;
    let shown: Vec<&Key<'_>> = keys
        .iter()
        .filter(|entry| entry.key.listed && below.iter().any(|peer| !entry.rows.of(peer.kod).is_empty()))
        .collect();
    if shown.is_empty() {
        return None;
    }
    let above = place.peers(&[Level::Riket]);
    let (_, root) = place.folder();
    let mut notes = Notes::default();
    let (mut rows, mut records) = (Vec::new(), Vec::new());
    for (peer, own) in below.iter().map(|peer| (peer, true)).chain(above.iter().map(|peer| (peer, false))) {
        let mut cells = Vec::new();
        for entry in &shown {
            let Some(period) = entry.rows.latest(level, None) else { continue };
            let row = entry.rows.at(peer.kod, period, None);
            notes.look_for(row, entry.rows, (peer.level, peer.namn), Some(&entry.key.title));
            cells.push(Cell::of(row, entry.source.decimals(&entry.key.series)));
            records.push(record(entry, peer, &period.text, row));
        }
        let (folder, _) = Place { level: peer.level, kod: peer.kod, namn: peer.namn, lan: None }.folder();
        let href = own.then(|| format!("{root}{folder}index.html"));
        rows.push(Row { head: peer.namn.to_owned(), sub: None, href, cells });
    }
    let columns = shown.iter().filter_map(|entry| {
        let period = entry.rows.latest(level, None)?.swedish();
        let unit = entry.source.unit(&entry.key.series);
        let sub = unit.into_iter().chain([period]).collect::<Vec<_>>().join(", ");
        Some(Column { head: entry.key.title.clone(), sub: Some(sub) })
    });
    let mut columns: Vec<Column> = columns.collect();
    gather_words(&mut columns, &mut rows);
    let (caption, head, file) = match level {
        Level::Kommun => (format!("Kommunerna i {}", place.namn), "Kommun", "kommuner"),
        _ => ("Länen".to_owned(), "Län", "lan"),
    };
    let table = Table { caption, head: head.to_owned(), columns, rows };
    let (csv, excel, files) = files(file, &records);
    Some((ListView { table, notes: notes.sentences(), origins: origins(&shown, place), csv, excel }, files))
}

fn record(entry: &Key<'_>, peer: &Peer<'_>, period: &str, row: Option<&Observation>) -> Record {
    Record {
        unit: entry.source.unit(&entry.key.series),
        figure: Some(entry.key.title.clone()),
        level: peer.level,
        kod: peer.kod.to_owned(),
        namn: peer.namn.to_owned(),
        period: period.to_owned(),
        category: None,
        value: row.and_then(|row| row.value),
        status: row.map(|row| row.status),
    }
}

fn files(name: &str, records: &[Record]) -> (String, String, Files) {
    let names = Names { value: "varde", value_title: "Värde", category: None, category_title: "" };
    let (csv, excel) = (format!("{name}.csv"), format!("{name}-excel.csv"));
    let files =
        vec![(csv.clone(), csv_file::machine(records, &names)), (excel.clone(), csv_file::excel(records, &names))];
    (csv, excel, files)
}

/// One per dataset, with the key figures that it gives.
fn origins(shown: &[&Key<'_>], place: &Place<'_>) -> Vec<Origin> {
    let mut origins: Vec<Origin> = Vec::new();
    for entry in shown {
        let series = &entry.key.series;
        match origins.iter_mut().find(|origin| origin.dataset == series.dataset) {
            Some(origin) => origin.figures.push(entry.key.title.clone()),
            None => origins.push(entry.source.origin(place, &series.value, vec![entry.key.title.clone()])),
        }
    }
    origins
}

/// Where all of a column bears the same word, the word moves to the column's head.
fn gather_words(columns: &mut [Column], rows: &mut [Row]) {
    for (at, column) in columns.iter_mut().enumerate() {
        let cells = || rows.iter().filter_map(|row| row.cells.get(at));
        let word = cells().next().and_then(|cell| cell.why);
        let (Some(word), true) = (word, cells().all(|cell| cell.why == word && !cell.missing)) else { continue };
        column.sub = Some(column.sub.iter().map(String::as_str).chain([word]).collect::<Vec<_>>().join(", "));
        for row in rows.iter_mut() {
            if let Some(cell) = row.cells.get_mut(at) {
                cell.why = None;
            }
        }
    }
}
