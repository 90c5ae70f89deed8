//! Renders a whole site: reads each dataset once, renders every page in
//! parallel, and hashes what it wrote. It writes below `out` alone; making that
//! folder the published site is somebody else's work.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::ReportError;
use super::definition::{Level, Report};
use super::figure::draw;
use super::keys::{Files, Key, keys, list};
use super::load::{AREA, START};
use super::observations::{Fault, Observations, Query, read};
use super::page::{Peer, Place, SiteView, Source};
use super::published::SiteInput;
use crate::nearest::nearest;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedSite {
    /// HTML pages.
    pub pages: usize,
    /// Files of every kind.
    pub files: usize,
    /// Of all files together.
    pub bytes: u64,
    /// Sentences about figures that were left out, in Swedish, as they stand on the start page.
    pub skipped: Vec<String>,
    /// BLAKE3 (hex) over each file's path below `out` and the BLAKE3 of its bytes, in path order.
    pub content_hash: String,
}

/// Renders the report's site into `out`, which should be new or empty.
///
/// Figures whose dataset is not published are left out and named in `skipped`;
/// when no dataset is published at all that is [`ReportError::NotPublished`].
pub fn render(report: &Report, input: &SiteInput, out: &Path) -> Result<RenderedSite, ReportError> {
    for kod in
        input.geography.lan.iter().map(|(kod, _)| kod).chain(input.geography.kommuner.iter().map(|(kod, ..)| kod))
    {
        // Codes become folder names.
        if kod.is_empty() || !kod.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(ReportError::AreaCode { kod: kod.clone() });
        }
    }
    let names: Vec<&str> = report.datasets().into_iter().collect();
    let (ready, waiting): (Vec<&str>, Vec<&str>) =
        names.into_iter().partition(|name| input.published.contains_key(*name));
    if ready.is_empty() {
        let datasets = waiting.into_iter().map(str::to_owned).collect();
        return Err(ReportError::NotPublished { report: report.name.clone(), datasets });
    }
    let skipped: Vec<String> = waiting.iter().map(|name| left_out(report, name)).collect();
    let data = load(report, input, &ready)?;
    let sources: BTreeMap<&str, Source<'_>> = data
        .iter()
        .map(|(name, (_, coverage))| (*name, Source { published: &input.published[*name], coverage: coverage.clone() }))
        .collect();
    let rows = |wanted: usize, dataset: &str| {
        let asked = asked(report, dataset);
        let at = asked.iter().position(|(index, _)| *index == wanted)?;
        data.get(dataset)?.0.get(at)
    };
    let keys = report.keys.iter().enumerate().filter_map(|(at, key)| {
        let dataset = key.series.dataset.as_str();
        Some(Key { key, rows: rows(at, dataset)?, source: sources.get(dataset)? })
    });
    let figures = report.figures.iter().enumerate().filter_map(|(at, figure)| {
        let dataset = figure.series.dataset.as_str();
        Some((figure, rows(report.keys.len() + at, dataset)?, sources.get(dataset)?))
    });
    let rendering = Rendering {
        report,
        input,
        keys: keys.collect(),
        figures: figures.collect(),
        site: Value::from(Serde(SiteView::new(report, input, &sources, skipped.clone()))),
        templates: environment(report)?,
        out,
    };
    let written = rendering.all()?;
    let mut hasher = blake3::Hasher::new();
    for (path, (hash, _)) in &written {
        hasher.update(&(path.len() as u64).to_le_bytes()).update(path.as_bytes()).update(hash.as_bytes());
    }
    Ok(RenderedSite {
        pages: written.keys().filter(|path| path.ends_with(".html")).count(),
        files: written.len(),
        bytes: written.values().map(|(_, bytes)| bytes).sum(),
        skipped,
        content_hash: hasher.finalize().to_hex().to_string(),
    })
}

fn left_out(report: &Report, dataset: &str) -> String {
    let keys = report.keys.iter().filter(|key| key.series.dataset == dataset).map(|key| &key.title);
    let figures = report.figures.iter().filter(|figure| figure.series.dataset == dataset).map(|figure| &figure.title);
    let titles: Vec<String> = keys.chain(figures).map(|title| format!("”{title}”")).collect();
    format!("Datamängden {dataset} är inte publicerad ännu. Därför saknas {}.", titles.join(", "))
}

/// Every query that the report has for a dataset, numbered: key figures first, then figures.
fn asked<'a>(report: &'a Report, dataset: &str) -> Vec<(usize, Query<'a>)> {
    let keys = report.keys.iter().map(|key| Query { series: &key.series, category: None });
    let figures =
        report.figures.iter().map(|figure| Query { series: &figure.series, category: figure.shape.category() });
    keys.chain(figures).enumerate().filter(|(_, query)| query.series.dataset == dataset).collect()
}

type Data<'a> = BTreeMap<&'a str, (Vec<Observations>, super::observations::Coverage)>;

/// Reads the datasets side by side.
fn load<'a>(report: &Report, input: &SiteInput, ready: &[&'a str]) -> Result<Data<'a>, ReportError> {
    thread::scope(|scope| {
        let readers: Vec<_> = ready
            .iter()
            .map(|name| {
                let reader = scope.spawn(move || {
                    let (indices, queries): (Vec<_>, Vec<_>) = asked(report, name).into_iter().unzip();
                    read(name, &input.published[*name], &queries)
                        .map_err(|fault| completed(report, name, &indices, fault))
                });
                (*name, reader)
            })
            .collect();
        readers.into_iter().map(|(name, reader)| Ok((name, joined(reader.join())??))).collect()
    })
}

fn joined<T>(result: thread::Result<T>) -> Result<T, ReportError> {
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        ReportError::Interrupted { reason: text.unwrap_or_else(|| "a thread was lost".to_owned()) }
    })
}

/// Names the figure that a fault is about.
fn completed(report: &Report, dataset: &str, indices: &[usize], fault: Fault) -> ReportError {
    let names: Vec<&str> =
        report.keys.iter().map(|key| &*key.name).chain(report.figures.iter().map(|figure| &*figure.name)).collect();
    let figure =
        |query: usize| indices.get(query).and_then(|at| names.get(*at)).copied().unwrap_or_default().to_owned();
    let report = report.name.clone();
    match fault {
        Fault::Other(error) => error,
        Fault::Ambiguous { query, kod, period, rows } => {
            ReportError::Ambiguous { report, figure: figure(query), kod, period, rows }
        }
        Fault::UnknownColumn { query, column, known } => {
            let nearest = nearest(&column, known.iter().map(String::as_str)).map(str::to_owned);
            let figure = query.map(figure).unwrap_or_default();
            ReportError::UnknownColumn { report, figure, dataset: dataset.to_owned(), column, nearest }
        }
    }
}

fn environment(report: &Report) -> Result<Environment<'_>, ReportError> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    templates.add_filter("odelad", unbroken);
    for (name, text) in &report.templates {
        templates.add_template(name, text).map_err(|source| ReportError::Template {
            report: report.name.clone(),
            template: name.clone(),
            source: Box::new(source),
        })?;
    }
    Ok(templates)
}

/// Keeps spans and ages on one line in headings: `25–64 år`.
fn unbroken(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    let mut kept = String::with_capacity(text.len() + 8);
    for (at, letter) in letters.iter().enumerate() {
        match letter {
            '–' if at > 0 && digit(at - 1) && digit(at + 1) => kept.push_str("\u{2060}–\u{2060}"),
            ' ' if at > 0 && digit(at - 1) && letters[at..].starts_with(&[' ', 'å', 'r']) => kept.push('\u{a0}'),
            letter => kept.push(*letter),
        }
    }
    kept
}

/// Path below `out` → hash and size.
type Written = BTreeMap<String, (blake3::Hash, u64)>;

struct Rendering<'a> {
    report: &'a Report,
    input: &'a SiteInput,
    keys: Vec<Key<'a>>,
    figures: Vec<(&'a super::Figure, &'a Observations, &'a Source<'a>)>,
    site: Value,
    templates: Environment<'a>,
    out: &'a Path,
}

impl Rendering<'_> {
    fn all(&self) -> Result<Written, ReportError> {
        let places = Place::all(&self.input.geography);
        let mut written = self.start()?;
        self.write(&mut written, "style.css".to_owned(), self.report.style.as_bytes())?;
        let next = AtomicUsize::new(0);
        let workers = thread::available_parallelism().map_or(1, usize::from).min(8);
        let parts = thread::scope(|scope| {
            let work = || {
                let mut written = Written::new();
                while let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
                    written.extend(self.area(place)?);
                }
                Ok(written)
            };
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            workers.into_iter().map(|worker| joined(worker.join())?).collect::<Result<Vec<Written>, _>>()
        })?;
        written.extend(parts.into_iter().flatten());
        Ok(written)
    }

    fn start(&self) -> Result<Written, ReportError> {
        let place = Place::RIKET;
        let below: Vec<Peer<'_>> =
            self.input.geography.lan.iter().map(|(kod, namn)| Peer { level: Level::Lan, kod, namn }).collect();
        self.page(START, &place, &below)
    }

    fn area(&self, place: &Place<'_>) -> Result<Written, ReportError> {
        let mut below = Vec::new();
        if place.level == Level::Lan {
            let kommuner = self.input.geography.kommuner_in(place.kod);
            below.extend(kommuner.into_iter().map(|(kod, namn)| Peer { level: Level::Kommun, kod, namn }));
        }
        self.page(AREA, place, &below)
    }

    fn page(&self, template: &str, place: &Place<'_>, below: &[Peer<'_>]) -> Result<Written, ReportError> {
        let (folder, root) = place.folder();
        let mut files: Files = Vec::new();
        let mut keep = |mut more: Files| files.append(&mut more);
        let key_view = keys(&self.keys, place).map(|(view, files)| (keep(files), view).1);
        let list_view = list(&self.keys, place, below).map(|(view, files)| (keep(files), view).1);
        let mut figures = Vec::new();
        if template == AREA {
            for (figure, rows, source) in &self.figures {
                let drawn = draw(figure, rows, source, place);
                keep(drawn.files);
                figures.push(drawn.view);
            }
        }
        let area = context! {
            kod => place.kod,
            namn => place.namn,
            niva => place.level.as_str(),
            lan => place.lan.map(|(kod, namn)| context! { kod, namn }),
        };
        let page = context! {
            site => self.site.clone(),
            root,
            area,
            keys => Value::from(Serde(key_view)),
            list => Value::from(Serde(list_view)),
            figures => Value::from(Serde(figures)),
        };
        let html = self.templates.get_template(template).and_then(|found| found.render(page)).map_err(|source| {
            let (report, template) = (self.report.name.clone(), template.to_owned());
            ReportError::Template { report, template, source: Box::new(source) }
        })?;
        let mut written = Written::new();
        for (name, bytes) in files {
            self.write(&mut written, format!("{folder}{name}"), &bytes)?;
        }
        self.write(&mut written, format!("{folder}index.html"), html.as_bytes())?;
        Ok(written)
    }

    fn write(&self, written: &mut Written, path: String, bytes: &[u8]) -> Result<(), ReportError> {
        let file = self.out.join(&path);
        let folder = file.parent().unwrap_or(self.out);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&file, bytes))
            .map_err(|source| ReportError::Write { file: file.clone(), source })?;
        written.insert(path, (blake3::hash(bytes), bytes.len() as u64));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::unbroken;

    #[test]
    fn spans_and_ages_stay_on_one_line() {
        assert_eq!(unbroken("Arbetslösa, 18–65 år"), "Arbetslösa, 18\u{2060}–\u{2060}65\u{a0}år");
        assert_eq!(unbroken("Hej – då 5 gånger"), "Hej – då 5 gånger");
    }
}
