//! `datapackage.json`: the version described by the Frictionless Data Package
//! standard, for tools that read that.

use serde_json::{Value, json};

use super::catalogue::{Lake, LakeError, version_key};
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

impl Lake {
    /// Writes a published version's descriptor as its manifest gives it.
    pub fn renew_descriptor(&self, manifest: &Manifest) -> Result<(), LakeError> {
        let key = format!("{}/datapackage.json", version_key(&manifest.dataset, &manifest.version));
        let fault = |error: serde_json::Error| LakeError::Manifest { place: key.clone(), reason: error.to_string() };
        let mut bytes = serde_json::to_vec_pretty(&datapackage(manifest)).map_err(fault)?;
        bytes.push(b'\n');
        Ok(self.storage().write(&key, &bytes)?)
    }
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
