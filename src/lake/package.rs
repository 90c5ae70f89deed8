//! `datapackage.json`: the version described by the Frictionless Data Package
//! standard, for tools that read that.

use serde_json::{Value, json};

use super::manifest::{ColumnInfo, Manifest};

/// The descriptor of a version, its paths relative to the version's folder.
pub fn datapackage(manifest: &Manifest) -> Value {
    let fields: Vec<Value> = manifest.columns.iter().map(field).collect();
    let paths: Vec<String> = manifest.files.iter().map(|file| format!("data/{}", file.path)).collect();
    json!({
        "name": manifest.dataset.replace('_', "-"),
        "title": manifest.title,
        "description": manifest.description,
        "version": manifest.version,
        "created": manifest.created_at,
        "licenses": manifest.licences.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        "sources": manifest.sources.values().map(|source| json!({ "title": source.credit })).collect::<Vec<_>>(),
        "resources": [{
            "name": manifest.dataset.replace('_', "-"),
            "path": paths,
            "format": "parquet",
            "mediatype": "application/vnd.apache.parquet",
            "bytes": manifest.files.iter().map(|file| file.size).sum::<u64>(),
            "schema": { "fields": fields, "primaryKey": manifest.key, "missingValues": [] },
        }],
    })
}

fn field(column: &ColumnInfo) -> Value {
    let kind = match column.kind.as_str() {
        "int64" => "integer",
        "float64" => "number",
        "date" => "date",
        _ => "string",
    };
    let mut field = json!({ "name": column.name, "title": column.title, "type": kind });
    if let Some(unit) = &column.unit {
        field["unit"] = json!(unit);
    }
    field
}
