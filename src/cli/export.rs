//! `underlag export`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use crate::codes;
use crate::export::{self, About, ExportError, Format, Rows};
use crate::lake::{Lake, Manifest};
use crate::nearest::nearest;
use crate::run::stockholm;
use crate::store::{StoreError, Whole, place_file};

use super::context::Place;
use super::exit::{Exit, Failure};
use super::{text, vintage};

/// Codes keep their leading zeros in parquet, json and xlsx whatever opens them. Excel takes the codes of a CSV file
/// for numbers: import it (Data > From Text/CSV, type Text), or ask for xlsx. Beside a csv, csv-sv or json file,
/// FILE.om.txt says what the figures are, whom they go back to and whether they are synthetic; parquet carries that
/// in its metadata and xlsx in a sheet of its own.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  underlag export befolkning -o befolkning.xlsx\n  underlag export befolkning --as-of 2026-03-01 --area 0180 --format csv-sv -o stockholm.csv"
)]
pub struct Export {
    /// Name of the dataset
    dataset: String,
    /// The version that readers were given at the end of this day (Swedish time), or at a time like 2026-03-01T12:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "version")]
    as_of: Option<String>,
    /// A version by its id or number [default: the current one]
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Only this area: its own rows and, for a county's two digits, those of everything in the county
    #[arg(long, value_name = "KOD")]
    area: Option<String>,
    /// What to write [default: by the file's extension]
    #[arg(long, value_enum)]
    format: Option<FormatWord>,
    /// The file to write, whole or not at all; - is stdout (csv, csv-sv, json)
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatWord {
    /// One file with the types, titles and credits of the published ones
    Parquet,
    /// UTF-8, comma, decimal point
    Csv,
    /// For Excel in Swedish: UTF-8 with byte-order mark, semicolon, decimal comma
    CsvSv,
    /// An array of records
    Json,
    /// Two sheets: the rows, and what they are
    Xlsx,
}

impl From<FormatWord> for Format {
    fn from(word: FormatWord) -> Self {
        match word {
            FormatWord::Parquet => Self::Parquet,
            FormatWord::Csv => Self::Csv,
            FormatWord::CsvSv => Self::CsvSv,
            FormatWord::Json => Self::Json,
            FormatWord::Xlsx => Self::Xlsx,
        }
    }
}

impl Export {
    pub fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, _) = place.load()?;
        let to_stdout = self.output == Path::new("-");
        let format = self.format(to_stdout)?;
        let as_of = self.as_of.as_deref().map(vintage::moment).transpose()?;
        let lake = Lake::look(&config)?;
        let configured: Vec<String> =
            config.pipelines.values().flat_map(|pipeline| pipeline.datasets.keys().cloned()).collect();
        vintage::known(&lake, &self.dataset, &configured)?;
        let manifest = match (as_of, &self.version) {
            (Some(at), _) => vintage::at(&lake, &self.dataset, at)?,
            (None, Some(word)) => vintage::version(&lake, &self.dataset, word)?,
            (None, None) => vintage::current(&lake, &self.dataset)?,
        };
        vintage::with_rows(&lake, &manifest)?;
        let rows = Rows::of(&lake, &manifest, self.area.as_deref())?;
        let count = rows.count()?;
        if count == 0
            && let Some(area) = &self.area
        {
            return Err(unknown_area(area, &rows)?);
        }
        let withdrawn = lake.withdrawn(&self.dataset)?.remove(&manifest.version).map(|(reason, _)| reason);
        let about = About::new(&manifest, rows.area(), count, as_of, withdrawn.as_deref(), &stockholm());
        if let Some(reason) = &withdrawn {
            text::note(&format!("warning: {} {} is withdrawn: {reason}", self.dataset, manifest.version));
        }
        if to_stdout {
            let mut out = io::BufWriter::new(io::stdout());
            let written = export::write(&mut out, format, &rows, &about, None).and_then(|()| Ok(out.flush()?));
            match written {
                // A reader that went away (`| head`) has all it wanted.
                Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
                other => other.map_err(|error| failure(error, Path::new("stdout"), format))?,
            }
        } else {
            self.place(format, &rows, &about)?;
        }
        self.tell(&manifest, count, to_stdout);
        Ok(Exit::Done)
    }

    fn format(&self, to_stdout: bool) -> Result<Format, Failure> {
        let formats = "parquet, csv, csv-sv, json, xlsx";
        let format = self.format.map(Format::from).or_else(|| Format::of(&self.output)).ok_or_else(|| {
            let error = anyhow!("what to write can't be told from {:?}", self.output.display().to_string());
            Failure::usage(codes::USAGE, error).hint(format!("say --format: {formats}"))
        })?;
        if to_stdout && !format.is_text() {
            let error = anyhow!("{} is not written to stdout", format.as_str());
            return Err(Failure::usage(codes::USAGE, error).hint("name a file with -o, or ask for csv, csv-sv or json"));
        }
        Ok(format)
    }

    fn place(&self, format: Format, rows: &Rows<'_>, about: &About) -> Result<(), Failure> {
        let stored = |error: StoreError| Failure::from(crate::lake::LakeError::from(error));
        let mut file = Whole::create(&self.output).map_err(stored)?;
        let folder = self.output.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        export::write(&mut file, format, rows, about, Some(folder))
            .map_err(|error| failure(error, &self.output, format))?;
        if format.is_text() {
            // First, so that no file stands without it.
            let mut beside = self.output.as_os_str().to_owned();
            beside.push(".om.txt");
            place_file(Path::new(&beside), about.text().as_bytes()).map_err(stored)?;
        }
        file.place().map_err(stored)
    }

    fn tell(&self, manifest: &Manifest, count: u64, to_stdout: bool) {
        let Manifest { dataset, version, credit, .. } = manifest;
        let area = self.area.as_ref().map(|area| format!(" of {area}")).unwrap_or_default();
        let synthetic = if manifest.synthetic { ", SYNTETISKA DATA" } else { "" };
        let to = if to_stdout { String::new() } else { format!(" to {}", self.output.display()) };
        text::note(&format!("{dataset} {version}: {count} rows{area}{to}\n{credit}{synthetic}"));
    }
}

fn failure(error: ExportError, output: &Path, format: Format) -> Failure {
    match error {
        ExportError::Lake(error) => error.into(),
        ExportError::Write(source) => {
            Failure::from(crate::lake::LakeError::from(StoreError::new("write", output, source)))
        }
        error @ ExportError::TooManyRows { .. } => {
            let hint = "choose an area with --area, or write csv or parquet, which have no limit";
            Failure::coded(codes::NOT_POSSIBLE, error).hint(hint)
        }
        error @ ExportError::Workbook(_) => {
            let hint = format!("{} has limits that csv and parquet lack", format.as_str());
            Failure::coded(codes::NOT_POSSIBLE, error).hint(hint)
        }
    }
}

/// The area whose code or name is nearest.
fn unknown_area(area: &str, rows: &Rows<'_>) -> Result<Failure, Failure> {
    let areas = rows.areas()?;
    let told = |code: &str| format!("{code} {}", areas.get(code).map(String::as_str).unwrap_or_default());
    let by_code = nearest(area, areas.keys().map(String::as_str)).map(str::to_owned);
    let by_name = || {
        let name = nearest(area, areas.values().map(String::as_str))?;
        areas.iter().find(|(_, other)| *other == name).map(|(code, _)| code.clone())
    };
    let hint = match by_code.or_else(by_name) {
        Some(code) => format!("did you mean {}?", told(&code).trim_end()),
        None => format!(
            "it has {} areas, such as {}",
            areas.len(),
            areas.keys().take(5).cloned().collect::<Vec<_>>().join(", ")
        ),
    };
    let Manifest { dataset, version, .. } = rows.manifest;
    Ok(Failure::usage(codes::NO_SUCH_THING, anyhow!("{dataset} {version} has no area {area:?}")).hint(hint))
}
