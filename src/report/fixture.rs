//! Published datasets in a temporary folder: few areas with known traps, or all
//! of them with plausible inventions.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use jiff::Timestamp;
use parquet::arrow::ArrowWriter;

use crate::config::Publisher;
use crate::lake::{ColumnInfo, FileInfo, Manifest, SourceInfo, VersionId};

use super::{Geography, Published, SiteInput};

#[derive(Clone, Default)]
pub(super) struct Line {
    pub niva: &'static str,
    pub kod: String,
    pub namn: String,
    pub lan: String,
    pub period: String,
    pub start: i32,
    /// In the order of the dataset's own columns.
    pub codes: Vec<String>,
    pub value: Option<f64>,
    pub status: &'static str,
}

pub(super) struct Made {
    pub name: &'static str,
    pub title: &'static str,
    pub codes: &'static [&'static str],
    pub value: &'static str,
    pub unit: Option<&'static str>,
    pub whole: bool,
    pub credit: &'static str,
    pub source: &'static str,
    pub perturbed: bool,
}

pub(super) const BEFOLKNING: Made = Made {
    name: "befolkning",
    title: "Befolkning efter ålder och kön",
    codes: &["alder", "alder_text", "kon", "kon_text"],
    value: "folkmangd",
    unit: Some("personer"),
    whole: true,
    credit: "Källa: SCB",
    source: "SCB",
    perturbed: true,
};

pub(super) const NYCKELTAL: Made = Made {
    name: "nyckeltal",
    title: "Nyckeltal för vuxenutbildning och arbetsmarknad",
    codes: &["kpi", "titel", "kon"],
    value: "varde",
    unit: None,
    whole: false,
    credit: "Källa: Kolada",
    source: "Kolada",
    perturbed: false,
};

pub(super) const ANNONSER: Made = Made {
    name: "annonser",
    title: "Platsannonser efter yrkesgrupp",
    codes: &["ssyk", "yrkesgrupp", "yrkesomrade"],
    value: "antal",
    unit: Some("annonser"),
    whole: true,
    credit: "Beräknad av Region Exempel med underlag från Arbetsförmedlingen, hämtat 2026-11-20",
    source: "Arbetsförmedlingen",
    perturbed: false,
};

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Writes `lines` as one file per county folder, in the folder that a site finds beside itself.
pub(super) fn publish(root: &Path, made: &Made, synthetic: bool, lines: &[Line]) -> Published {
    let version = VersionId::new(3, at("2026-11-21T05:10:00Z"), "1a2b3c4d5e6f");
    let data = root.join(format!("datasets/{}/versions/{version}/data", made.name));
    let mut folders: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        folders.entry(&line.lan).or_default().push(line);
    }
    let files = folders.iter().map(|(lan, lines)| file(&data, lan, &version, made, lines)).collect();
    let text = |name: &str, title: &str| ColumnInfo {
        name: name.to_owned(),
        kind: "text".to_owned(),
        title: title.to_owned(),
        unit: None,
        decimals: None,
        measure: false,
        perturbation: None,
        ratio: None,
    };
    let mut columns: Vec<ColumnInfo> = vec![text("niva", "Nivå"), text("kod", "Kod"), text("namn", "Namn")];
    columns.extend(made.codes.iter().map(|code| {
        let title = match *code {
            "alder_text" => "Ålder",
            "titel" => "Nyckeltal",
            "yrkesgrupp" => "Yrkesgrupp",
            other => other,
        };
        text(code, title)
    }));
    columns.push(ColumnInfo {
        kind: if made.whole { "int64" } else { "float64" }.to_owned(),
        unit: made.unit.map(str::to_owned),
        measure: true,
        perturbation: made.perturbed.then(|| "ckm".to_owned()),
        ..text(made.value, "Värde")
    });
    let source = SourceInfo {
        source: made.source.to_lowercase(),
        credit: made.source.to_owned(),
        licence: "CC0-1.0".to_owned(),
        synthetic,
        stamp: None,
        metadata: None,
        rows: lines.len() as u64,
        fetched_at: at("2026-11-20T22:30:00Z"),
        answers: Vec::new(),
        notes: Vec::new(),
    };
    let manifest = Manifest {
        format: crate::lake::FORMAT,
        dataset: made.name.to_owned(),
        title: made.title.to_owned(),
        description: String::new(),
        pipeline: made.name.to_owned(),
        version,
        created_at: at("2026-11-21T05:10:00Z"),
        program: "underlag/test".to_owned(),
        config_hash: String::new(),
        recipe: None,
        sql_hash: None,
        content_hash: "1a2b3c4d5e6f".to_owned(),
        rows: lines.len() as u64,
        columns,
        key: Vec::new(),
        files,
        contract: None,
        checks: Vec::new(),
        kinds: Vec::new(),
        change: None,
        acts: Vec::new(),
        carried: Vec::new(),
        accepted: Vec::new(),
        sources: BTreeMap::from([("x".to_owned(), source)]),
        inputs: BTreeMap::new(),
        credits: Vec::new(),
        fetched_at: jiff::Timestamp::UNIX_EPOCH,
        credit: made.credit.to_owned(),
        licences: vec!["CC0-1.0".to_owned()],
        synthetic,
        previous: None,
    };
    // The feed lies beside the versions, as the lake writes it.
    fs::write(root.join(format!("datasets/{}/changes.atom", made.name)), "<feed/>").unwrap();
    let files = manifest.files.iter().map(|file| data.join(&file.path)).collect();
    Published { manifest, files, checked_at: at("2026-11-22T05:00:00Z"), notices: Vec::new() }
}

fn file(data: &Path, lan: &str, version: &VersionId, made: &Made, lines: &[&Line]) -> FileInfo {
    let texts = |of: &dyn Fn(&Line) -> String| -> ArrayRef {
        Arc::new(lines.iter().map(|line| Some(of(line))).collect::<StringArray>())
    };
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("niva".to_owned(), texts(&|line| line.niva.to_owned())),
        ("kod".to_owned(), texts(&|line| line.kod.clone())),
        ("namn".to_owned(), texts(&|line| line.namn.clone())),
        ("lan".to_owned(), texts(&|line| line.lan.clone())),
        ("period".to_owned(), texts(&|line| line.period.clone())),
        (
            "period_start".to_owned(),
            Arc::new(
                lines.iter().map(|line| line.start).collect::<Vec<_>>().into_iter().map(Some).collect::<Date32Array>(),
            ),
        ),
    ];
    for (at, code) in made.codes.iter().enumerate() {
        columns.push(((*code).to_owned(), texts(&|line| line.codes[at].clone())));
    }
    let values = lines.iter().map(|line| line.value);
    #[expect(clippy::cast_possible_truncation, reason = "small inventions")]
    let values: ArrayRef = if made.whole {
        Arc::new(values.map(|value| value.map(|value| value as i64)).collect::<Int64Array>())
    } else {
        Arc::new(values.collect::<Float64Array>())
    };
    columns.push((made.value.to_owned(), values));
    columns.push((format!("{}_status", made.value), texts(&|line| line.status.to_owned())));
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = format!("lan-{lan}/{version}.parquet");
    let full = data.join(&path);
    fs::create_dir_all(full.parent().unwrap()).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(&full).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    FileInfo { path, rows: lines.len() as u64, size: full.metadata().unwrap().len(), blake3: String::new() }
}

pub(super) fn input(published: Vec<Published>, geography: Geography) -> SiteInput {
    SiteInput {
        published: published.into_iter().map(|one| (one.manifest.dataset.clone(), one)).collect(),
        publisher: Publisher { name: "Region Exempel".to_owned(), contact: "statistik@example.org".to_owned() },
        geography,
    }
}

pub(super) fn reports_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reports")
}
