//! One figure on one page: the rows that it shows, as chart, table, notes and CSV.

use std::sync::Arc;

use super::chart::{Bar, BarChart, Line, LineChart};
use super::csv_file::{self, Names, Record};
use super::definition::{Figure, Level, Shape};
use super::number::Number;
use super::observations::{Observation, Observations};
use super::page::{Peer, Place, Source, span};
use super::period::Period;
use super::view::{Cell, Column, FigureView, Notes, Row, Table};
use super::words;

/// A figure and the files that stand beside its page.
pub(super) struct Drawn {
    pub view: FigureView,
    pub files: Vec<(String, Vec<u8>)>,
}

struct Content {
    /// When it is about: `2015–2024`.
    when: Option<String>,
    svg: Option<String>,
    absent: Option<String>,
    table: Option<Table>,
    notes: Vec<String>,
    records: Vec<Record>,
}

pub(super) fn draw(figure: &Figure, rows: &Observations, source: &Source<'_>, place: &Place<'_>) -> Drawn {
    let drawing = Drawing { figure, rows, place, decimals: source.decimals(&figure.series), source };
    let mut content = match &figure.shape {
        Shape::Line { compare } => drawing.line(compare),
        Shape::Bar { top, .. } => drawing.bar(*top),
        Shape::Table { compare, .. } => drawing.table(compare),
    };
    content.notes.extend(figure.note.clone());

    let series = &figure.series;
    let category = figure.shape.category();
    let names = Names {
        value: &series.value,
        value_title: &figure.title,
        category: category.map(|(category, _)| category),
        category_title: drawing.category_title(),
    };
    let (csv, excel) = (format!("{}.csv", figure.name), format!("{}-excel.csv", figure.name));
    let files = vec![
        (csv.clone(), csv_file::machine(&content.records, &names)),
        (excel.clone(), csv_file::excel(&content.records, &names)),
    ];
    let measure = [source.unit(series), content.when].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let view = FigureView {
        id: figure.name.clone(),
        title: figure.title.clone(),
        text: figure.text.clone(),
        measure,
        svg: content.svg,
        absent: content.absent,
        table: content.table,
        notes: content.notes,
        origin: source.origin(place, &series.value, Vec::new()),
        csv,
        excel,
    };
    Drawn { view, files }
}

struct Drawing<'a> {
    figure: &'a Figure,
    rows: &'a Observations,
    source: &'a Source<'a>,
    place: &'a Place<'a>,
    decimals: Option<u8>,
}

impl Drawing<'_> {
    fn category_title(&self) -> &str {
        self.figure.shape.category().map_or("", |(category, label)| self.source.title(label.unwrap_or(category)))
    }

    /// Said where the page's own area is not in the figure.
    fn not_here(&self) -> String {
        format!("Uppgiften redovisas inte för {}.", words::definite(self.place.level))
    }

    fn caption(&self, when: Option<&str>) -> String {
        let measure = [self.source.unit(&self.figure.series), when.map(str::to_owned)];
        let measure = measure.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let namn = self.place.namn;
        if measure.is_empty() {
            format!("{}: {namn}", self.figure.title)
        } else {
            format!("{}: {namn} ({measure})", self.figure.title)
        }
    }

    fn line(&self, compare: &[Level]) -> Content {
        let mut notes = Notes::default();
        let mut peers = self.place.peers(compare);
        peers.retain(|peer| {
            let some = !self.rows.of(peer.kod).is_empty();
            if !some {
                notes.look_for(None, self.rows, (peer.level, words::definite(peer.level)), None);
            }
            some
        });
        let absent = self.rows.of(self.place.kod).is_empty().then(|| self.not_here());
        let mut periods: Vec<Period> =
            peers.iter().flat_map(|peer| self.rows.of(peer.kod)).map(|row| row.period.clone()).collect();
        periods.sort();
        periods.dedup();
        let (Some(first), Some(last)) = (periods.first(), periods.last()) else {
            return Content { when: None, svg: None, absent, table: None, notes: notes.sentences(), records: vec![] };
        };
        let when = span(&first.swedish(), &last.swedish());

        let mut records = Vec::new();
        for peer in &peers {
            for period in &periods {
                let row = self.rows.at(peer.kod, period, None);
                notes.look_for(row, self.rows, (peer.level, words::definite(peer.level)), None);
                records.push(self.record(peer, period, row, None));
            }
        }
        let table_rows = periods.iter().map(|period| Row {
            head: period.swedish(),
            sub: None,
            href: None,
            cells: peers.iter().map(|peer| Cell::of(self.rows.at(peer.kod, period, None), self.decimals)).collect(),
        });
        let table = Table {
            caption: self.caption(Some(&when)),
            head: "Period".to_owned(),
            columns: peers.iter().map(column).collect(),
            rows: table_rows.collect(),
        };

        let lines: Vec<Line> = peers
            .iter()
            .map(|peer| Line {
                name: words::role(peer.level).to_owned(),
                style: style(peer, self.place),
                values: periods.iter().map(|period| self.value(peer.kod, period)).collect(),
            })
            .filter(|line| line.values.iter().any(Option::is_some))
            .collect();
        let mut sentences = notes.sentences();
        let svg = (!lines.is_empty()).then(|| {
            let description = self.line_description(&peers, &periods);
            let (id, title) = (&*self.figure.name, &*self.caption(Some(&when)));
            let chart = LineChart { id, title, description: &description, periods: &periods, lines: &lines };
            let (svg, from_zero) = chart.svg();
            if !from_zero {
                sentences.push("Den lodräta axeln börjar inte vid noll.".to_owned());
            }
            svg
        });
        Content { when: Some(when), svg, absent, table: Some(table), notes: sentences, records }
    }

    fn value(&self, kod: &str, period: &Period) -> Option<f64> {
        Some(self.rows.at(kod, period, None)?.value?.to_f64())
    }

    fn line_description(&self, peers: &[Peer<'_>], periods: &[Period]) -> String {
        let mut text = "Linjediagram.".to_owned();
        for peer in peers {
            let known: Vec<&Observation> = periods
                .iter()
                .filter_map(|period| self.rows.at(peer.kod, period, None))
                .filter(|row| row.value.is_some())
                .collect();
            let shown = |row: &Observation| Cell::of(Some(row), self.decimals).text;
            if let (Some(first), Some(last)) = (known.first(), known.last()) {
                text.push_str(&format!(
                    " {}: {} ({}) till {} ({}).",
                    peer.namn,
                    shown(first),
                    first.period.swedish(),
                    shown(last),
                    last.period.swedish()
                ));
            }
        }
        text
    }

    fn bar(&self, top: Option<usize>) -> Content {
        let mut notes = Notes::default();
        let peers = self.place.peers(&[]);
        let peer = &peers[0];
        let period = self.rows.latest(self.place.level, None);
        let (Some(period), false) = (period, self.rows.of(peer.kod).is_empty()) else {
            let absent = Some(self.not_here());
            return Content { when: None, svg: None, absent, table: None, notes: vec![], records: vec![] };
        };
        let mut extra = Vec::new();
        let shown: Vec<(Arc<str>, Option<&Observation>)> = match top {
            Some(top) => self.largest(peer.kod, period, top, &mut notes, &mut extra),
            None => {
                let all = self.categories().into_iter();
                all.map(|code| (code.clone(), self.rows.at(peer.kod, period, Some(&*code)))).collect()
            }
        };
        let when = period.swedish();
        let (mut bars, mut rows, mut records) = (Vec::new(), Vec::new(), Vec::new());
        for (code, row) in &shown {
            notes.look_for(*row, self.rows, (peer.level, words::definite(peer.level)), None);
            let label = self.label(code, *row);
            let cell = Cell::of(*row, self.decimals);
            let text = match cell.why {
                Some(why) => format!("{} {why}", cell.text),
                None => cell.text.clone(),
            };
            let value = row.and_then(|row| row.value).map(Number::to_f64);
            bars.push(Bar { label: label.clone(), value, text });
            records.push(self.record(peer, period, *row, Some(code)));
            rows.push(Row { sub: code_beside(code, &label), head: label, href: None, cells: vec![cell] });
        }
        let table = Table {
            caption: self.caption(Some(&when)),
            head: self.category_title().to_owned(),
            columns: vec![column(peer)],
            rows,
        };
        let svg = bars.iter().any(|bar| bar.value.is_some()).then(|| {
            let mut description = "Stapeldiagram.".to_owned();
            for bar in &bars {
                description.push_str(&format!(" {}: {}.", bar.label, bar.text));
            }
            let (id, title) = (&*self.figure.name, &*self.caption(Some(&when)));
            BarChart { id, title, description: &description, bars: &bars }.svg()
        });
        let absent = svg.is_none().then(|| "Det finns inget värde att visa.".to_owned());
        let table = (!table.rows.is_empty()).then_some(table);
        let notes = notes.sentences().into_iter().chain(extra).collect();
        Content { when: Some(when), svg, absent, table, notes, records }
    }

    /// The categories with the largest values, above zero; equal values by code.
    fn largest(
        &self,
        kod: &str,
        period: &Period,
        top: usize,
        notes: &mut Notes,
        extra: &mut Vec<String>,
    ) -> Vec<(Arc<str>, Option<&Observation>)> {
        let mut ranked: Vec<(f64, Arc<str>, &Observation)> = Vec::new();
        let mut without = 0_usize;
        for row in self.rows.of(kod).iter().filter(|row| row.period == *period) {
            match (row.value.map(Number::to_f64), &row.category) {
                (Some(value), Some(code)) if value > 0.0 => ranked.push((value, code.clone(), row)),
                (None, _) => {
                    without += 1;
                    notes.see(row);
                }
                _ => {}
            }
        }
        ranked.sort_by(|(a, a_code, _), (b, b_code, _)| b.total_cmp(a).then_with(|| a_code.cmp(b_code)));
        // Values are compared as published, so that equal means equal.
        if let (Some((last, ..)), Some((next, ..))) = (ranked.get(top - 1), ranked.get(top))
            && last.total_cmp(next).is_eq()
        {
            extra.push(format!(
                "Fler har lika mycket som den sista i diagrammet; de {top} som visas är valda i kodordning."
            ));
        }
        if without > 0 {
            extra.push(format!("Värde saknas för {without} av dem som kunde ha visats."));
        }
        ranked.into_iter().take(top).map(|(_, code, row)| (code, Some(row))).collect()
    }

    fn table(&self, compare: &[Level]) -> Content {
        let mut notes = Notes::default();
        let peers = self.place.peers(compare);
        let (mut rows, mut records) = (Vec::new(), Vec::new());
        for code in self.categories() {
            let Some(period) = self.rows.latest(self.place.level, Some(&code)) else { continue };
            let mut cells = Vec::new();
            let mut label = None;
            for peer in &peers {
                let row = self.rows.at(peer.kod, period, Some(&*code));
                notes.look_for(row, self.rows, (peer.level, words::definite(peer.level)), None);
                cells.push(Cell::of(row, self.decimals));
                records.push(self.record(peer, period, row, Some(&code)));
                label = label.or_else(|| row.and_then(|row| row.label.clone()));
            }
            let head = label.map_or_else(|| self.label(&code, None), |label| label.to_string());
            let sub = code_beside(&code, &head).into_iter().chain([period.swedish()]).collect::<Vec<_>>().join(", ");
            rows.push(Row { head, sub: Some(sub), href: None, cells });
        }
        let absent = rows.is_empty().then(|| self.not_here());
        let table = Table {
            caption: self.caption(None),
            head: self.category_title().to_owned(),
            columns: peers.iter().map(column).collect(),
            rows,
        };
        let table = (!table.rows.is_empty()).then_some(table);
        Content { when: None, svg: None, absent, table, notes: notes.sentences(), records }
    }

    /// In the order of the report's own list of codes, else in code order.
    fn categories(&self) -> Vec<Arc<str>> {
        let all = self.rows.categories.keys();
        let column = self.figure.shape.category().map(|(category, _)| category);
        let listed = self.figure.series.filters.iter().find(|filter| Some(&*filter.column) == column);
        let mut codes: Vec<Arc<str>> = all.cloned().collect();
        if let Some(filter) = listed {
            codes.sort_by_key(|code| filter.codes.iter().position(|listed| **listed == **code));
        }
        codes
    }

    fn label(&self, code: &Arc<str>, row: Option<&Observation>) -> String {
        let own = row.and_then(|row| row.label.clone());
        own.or_else(|| self.rows.categories.get(code).cloned()).unwrap_or_else(|| code.clone()).to_string()
    }

    fn record(&self, peer: &Peer<'_>, period: &Period, row: Option<&Observation>, code: Option<&Arc<str>>) -> Record {
        Record {
            figure: None,
            unit: self.source.unit(&self.figure.series),
            level: peer.level,
            kod: peer.kod.to_owned(),
            namn: peer.namn.to_owned(),
            period: period.text.to_string(),
            category: code.map(|code| (code.to_string(), self.label(code, row))),
            value: row.and_then(|row| row.value),
            status: row.map(|row| row.status),
        }
    }
}

/// A peer as the head of a column: what it is here, and its name.
pub(super) fn column(peer: &Peer<'_>) -> Column {
    match peer.level {
        Level::Riket => Column { head: peer.namn.to_owned(), sub: None },
        level => Column { head: words::role(level).to_owned(), sub: Some(peer.namn.to_owned()) },
    }
}

/// The page's own area is always drawn as the first.
fn style(peer: &Peer<'_>, place: &Place<'_>) -> usize {
    match peer.level {
        level if level == place.level => 0,
        Level::Kommun => 0,
        Level::Lan => 1,
        Level::Riket => 2,
    }
}

/// The code, where the label does not say it already.
fn code_beside(code: &str, label: &str) -> Option<String> {
    (code != label && !label.starts_with(code)).then(|| code.to_owned())
}
