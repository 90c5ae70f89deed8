//! The schema and the checker can't differ: both are held against each other
//! key by key, and the schema's patterns against what the checker accepts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::json_schemas;
use super::super::keys::{FILES, Kind, Shape};

/// Every key of a shape, as `fetch.*.pxweb.table`.
fn declared(shape: &Shape, path: &str, into: &mut BTreeSet<String>) {
    for key in shape.keys {
        let path = format!("{path}.{}", key.name);
        match &key.kind {
            Kind::Table(inner) => declared(inner, &path, into),
            Kind::Tables { shape: inner, .. } => declared(inner, &format!("{path}.*"), into),
            _ => {}
        }
        into.insert(path);
    }
}

/// The same of a JSON Schema.
fn described(schema: &Value, path: &str, into: &mut BTreeSet<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        for (name, property) in properties {
            let path = format!("{path}.{name}");
            assert!(property["description"].as_str().is_some_and(|text| !text.is_empty()), "{path} is not described");
            described(property, &path, into);
            into.insert(path);
        }
        assert_eq!(schema["additionalProperties"], false, "{path} must refuse unknown keys");
    }
    if schema["additionalProperties"].is_object() {
        described(&schema["additionalProperties"], &format!("{path}.*"), into);
    }
}

#[test]
fn the_schema_has_every_key_that_is_accepted_and_no_other() {
    let schemas = json_schemas();
    assert_eq!(schemas.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["underlag", "sources", "areas", "pipeline"]);
    for ((name, shape), (_, schema)) in FILES.iter().zip(&schemas) {
        let (mut accepted, mut shown) = (BTreeSet::new(), BTreeSet::new());
        declared(shape, name, &mut accepted);
        described(schema, name, &mut shown);
        assert_eq!(accepted, shown);
        assert!(accepted.len() > 3, "{name}");
    }
}

#[test]
fn required_keys_are_required_in_the_schema() {
    let (_, pipeline) = &json_schemas()[3];
    assert_eq!(pipeline["required"], serde_json::json!(["version", "title", "dataset"]));
    let pxweb = &pipeline["properties"]["fetch"]["additionalProperties"]["properties"]["pxweb"];
    assert_eq!(pxweb["required"], serde_json::json!(["source", "table", "select", "measures"]));
    assert_eq!(pipeline["properties"]["version"]["const"], 1);
}
