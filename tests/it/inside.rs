//! A run inside this process, so that each of its durable operations can be
//! watched, refused or recorded: a small pipeline over a file, two datasets and
//! a site of a few pages.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use underlag::config::{self, Overrides};
use underlag::lake::Lake;
use underlag::reference::Reference;
use underlag::run::{self, Options, Progress, Workshop, collect, render_site, settle};

use crate::local::{files_below, reported};
use crate::world::World;

pub const DATASETS: [&str; 2] = ["tal", "tal_igen"];

/// What a reader sees of a dataset: `antal` per kommun.
pub type Seen = BTreeMap<String, i64>;

pub struct Inside {
    world: World,
    disk: TempDir,
    runtime: Runtime,
    fresh: std::cell::Cell<usize>,
}

/// The two editions of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    First,
    Second,
}

impl Edition {
    pub fn seen(self) -> Seen {
        let figures = match self {
            Self::First => [("0114", 10), ("0115", 20), ("1980", 300)],
            Self::Second => [("0114", 11), ("0115", 20), ("1980", 290)],
        };
        figures.map(|(kod, antal)| (kod.to_owned(), antal)).into()
    }

    fn rows(self) -> Value {
        self.seen()
            .iter()
            .map(|(kod, antal)| json!({ "kod": kod, "period": "2024", "antal": antal, "status": null }))
            .collect()
    }
}

impl Inside {
    /// Two counties and three municipalities, so that the site is small.
    pub fn new() -> Self {
        let world = reported();
        let pipeline = world.read("pipelines/lokal/pipeline.toml");
        let again = pipeline[pipeline.find("[dataset.tal]").unwrap()..].replace("dataset.tal", "dataset.tal_igen");
        world.write("pipelines/lokal/pipeline.toml", &format!("{pipeline}\n{again}"));
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference");
        for entry in fs::read_dir(reference).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let kept = |line: &&str| match name.as_str() {
                "lan.csv" => line.starts_with("01,") || line.starts_with("19,"),
                "kommuner.csv" => ["0114,", "0115,", "1980,"].iter().any(|kod| line.starts_with(kod)),
                _ => false,
            };
            let (head, rows): (Vec<&str>, Vec<&str>) = (text.lines().take(2).collect(), text.lines().skip(2).collect());
            let lines: Vec<&str> = head.into_iter().chain(rows.into_iter().filter(kept)).collect();
            world.write(&format!("reference/{name}"), &format!("{}\n", lines.join("\n")));
        }
        let project = env!("CARGO_MANIFEST_DIR");
        world.edit("config/underlag.toml", &format!("{project}/reference"), "../reference");
        // Nothing is lost here when the power goes, so memory will do.
        let memory = Path::new("/dev/shm");
        let disk = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { world, disk, runtime, fresh: std::cell::Cell::new(0) }
    }

    /// What the source says from now on.
    pub fn source_says(&self, edition: Edition) {
        self.world.write("pipelines/lokal/rader.json", &edition.rows().to_string());
    }

    /// A data folder of its own, empty or as another is.
    pub fn fresh(&self, like: Option<&Path>) -> PathBuf {
        let number = self.fresh.replace(self.fresh.get() + 1);
        let data = self.disk.path().canonicalize().unwrap().join(format!("data-{number}"));
        if let Some(like) = like {
            copy_tree(like, &data);
        }
        data
    }

    /// A data folder with the first edition published, and the source at the second.
    pub fn published(&self) -> PathBuf {
        let data = self.fresh(None);
        self.source_says(Edition::First);
        self.run(&data).unwrap();
        self.source_says(Edition::Second);
        data
    }

    /// `underlag run lokal`, with the site; the first error as an operator reads it.
    pub fn run(&self, data: &Path) -> Result<(), String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let overrides = Overrides { data_dir: Some(data.to_owned()), ..Overrides::default() };
        let loaded = config::load(&self.world.path("config/underlag.toml"), &overrides);
        let shown = config::render_all(&loaded.diagnostics, &loaded.files, false);
        let config = loaded.config.unwrap_or_else(|| panic!("{shown}"));
        let reference = Reference::load(&config.reference_dir).unwrap_or_else(|error| panic!("{error:?}"));
        let workshop = Arc::new(Workshop::open(config, reference).map_err(|error| said(&error))?);
        let _lock = workshop.lake.lock().map_err(|error| said(&error))?;
        workshop.reconcile().map_err(|error| said(&error))?;
        settle(&workshop).map_err(|error| said(&error))?;
        let names = ["lokal".to_owned()];
        let progress = Arc::new(Progress::new(|_| ()));
        let running = run::run(&workshop, &names, Options::default(), &progress);
        for verdict in self.runtime.block_on(running) {
            verdict.result.map_err(|error| said(&error))?;
        }
        // A retention that can't be applied now is applied by the next run.
        let _ = collect(&workshop, false);
        render_site(&workshop).map_err(|error| said(&error))?;
        Ok(())
    }

    pub fn completes(&self, data: &Path, when: &str) {
        self.run(data).unwrap_or_else(|error| panic!("{when}: the next run fails: {error}"));
        Self::readers(data, &format!("{when}, after the next run"), &[Some(Edition::Second)]);
        let said = verified(data);
        assert!(said.is_empty(), "{when}: after the next run verify says {said:?}");
        assert!(!data.join("stage/lokal").exists(), "{when}: the stage is left behind");
        assert!(data.join("site/current/index.html").is_file(), "{when}: no site");
    }

    fn readers(data: &Path, when: &str, may_be_seen: &[Option<Edition>]) {
        for dataset in DATASETS {
            let seen = seen(data, dataset).unwrap_or_else(|fault| panic!("{when}: {dataset}: {fault}"));
            let allowed = may_be_seen.iter().any(|edition| edition.map(Edition::seen) == seen);
            assert!(allowed, "{when}: {dataset} shows {seen:?}, not one of {may_be_seen:?}");
        }
        let site = data.join("site/current/");
        if site.exists() {
            for page in files_below(&site) {
                assert!(fs::metadata(&page).unwrap().len() > 0, "{when}: {} is empty", page.display());
            }
            assert!(site.join("index.html").is_file(), "{when}: the site has no front page");
        }
    }
}

/// What must hold on a disk after anything: every reader sees a whole edition, `verify` finds nothing that it does
/// not name, and the next run publishes what the source says now.
pub fn holds(data: &Path, when: &str, may_be_seen: &[Option<Edition>]) {
    Inside::readers(data, when, may_be_seen);
    let said = verified(data);
    assert!(said.is_empty(), "{when}: verify says {said:?}");
}

/// What a reader of `current` finds; an error where it is not whole.
pub fn seen(data: &Path, dataset: &str) -> Result<Option<Seen>, String> {
    let lake = Lake::open(data).map_err(|error| error.to_string())?;
    let Some(manifest) = lake.current(dataset).map_err(|error| error.to_string())? else { return Ok(None) };
    let folder = data.join(format!("datasets/{dataset}/current/"));
    let files = files_below(&folder);
    if files.len() != manifest.files.len() {
        return Err(format!("{} files, the manifest says {}", files.len(), manifest.files.len()));
    }
    let mut seen = Seen::new();
    for file in files {
        let fault = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let reader = File::open(&file).map_err(|error| fault(&error))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(reader).map_err(|error| fault(&error))?;
        for batch in reader.build().map_err(|error| fault(&error))? {
            let batch = batch.map_err(|error| fault(&error))?;
            let column = |name: &str| batch.column_by_name(name).ok_or_else(|| fault(&format!("no column {name}")));
            let codes = arrow::array::AsArray::as_string::<i32>(column("kod")?).clone();
            let figures = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(column("antal")?).clone();
            for row in 0..batch.num_rows() {
                if seen.insert(codes.value(row).to_owned(), figures.value(row)).is_some() {
                    return Err(fault(&"a row comes twice"));
                }
            }
        }
    }
    Ok(Some(seen))
}

/// Everything that `verify` finds wrong, archive and ledger with it. A ledger that is lost is no more than that.
pub fn verified(data: &Path) -> Vec<String> {
    let lake = Lake::open(data).unwrap();
    let report = run::verify(&lake, true).unwrap();
    let mut said: Vec<String> = report.damage.iter().map(ToString::to_string).collect();
    if !data.join("ledger.sqlite").exists() {
        said.retain(|said| said != "ledger.sqlite: it is not there; the next run makes it anew from the manifests");
    }
    said
}

/// A copy with its links as links.
pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&path).unwrap(), &target).unwrap();
        } else if kind.is_dir() {
            copy_tree(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
