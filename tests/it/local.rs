//! A pipeline over a JSON file of this machine, so that most of the program can
//! be tried without a server; and published rows read back as text.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::world::World;

/// A published row, column by column; a null is empty.
pub type Row = BTreeMap<String, String>;

/// The pipeline `lokal` with the dataset `tal`: `antal` per kommun and year, from `rader.json`.
pub fn local(rows: &Value) -> World {
    let world = World::new();
    world.write(
        "pipelines/lokal/pipeline.toml",
        "version = 1\ntitle = \"Lokal\"\n\n\
         [fetch.rader.file]\npath = \"rader.json\"\nformat = \"json-records\"\n\
         columns = { kod = \"text\", period = \"text\", antal = \"int64\", status = \"text\" }\n\n\
         [dataset.tal]\ntitle = \"Tal per kommun\"\nsql = \"tal.sql\"\nkey = [\"kod\", \"period\"]\n\n\
         [dataset.tal.column.antal]\ntype = \"int64\"\ntitle = \"Antal\"\nunit = \"antal\"\nadditive = true\n",
    );
    world.write(
        "pipelines/lokal/tal.sql",
        "SELECT\n    'kommun' AS niva,\n    kod,\n    period,\n    antal,\n    coalesce(status, antal_status) AS antal_status\nFROM rader\n",
    );
    world.write("pipelines/lokal/rader.json", &rows.to_string());
    world
}

/// Three municipalities of Stockholm, one year.
pub fn three() -> Value {
    serde_json::json!([
        { "kod": "0114", "period": "2024", "antal": 10, "status": null },
        { "kod": "0115", "period": "2024", "antal": 20, "status": null },
        { "kod": "0180", "period": "2024", "antal": 300, "status": null },
    ])
}

/// The same with a report `oversikt` that shows it: the shipped pages, one key figure.
pub fn reported() -> World {
    let world = local(&three()).with_reports();
    world.write(
        "reports/oversikt/report.toml",
        "version = 1\ntitle = \"Prov\"\ndescription = \"Ett prov\"\n\n[key.antal]\ntitle = \"Antal\"\n\
         dataset = \"tal\"\nvalue = \"antal\"\ncard = true\nlisted = true\n",
    );
    world
}

/// Every row of a dataset's current version, folder by folder in their order.
pub fn rows(world: &World, dataset: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for file in files_below(&world.path(&format!("data/datasets/{dataset}/current/"))) {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&file).unwrap()).unwrap().build().unwrap();
        for batch in reader {
            let batch = batch.unwrap();
            let options = FormatOptions::new().with_null("");
            let columns: Vec<_> = batch
                .schema()
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| {
                    (field.name().clone(), ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
                })
                .collect();
            for row in 0..batch.num_rows() {
                rows.push(columns.iter().map(|(name, column)| (name.clone(), column.value(row).to_string())).collect());
            }
        }
    }
    rows
}

/// The files below a folder, sorted by path.
pub fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}
