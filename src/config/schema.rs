//! JSON Schema of the configuration files, for editors, from the same key
//! tables that the files are checked by. It promises less than `check`: a
//! schema can't know whether a source or an SQL file exists.

use serde_json::{Map, Value, json};

use super::keys::{FILES, Kind, Shape};

/// A schema (draft 2020-12) per configuration file: `underlag`, `sources`, `areas`, `pipeline`.
pub fn json_schemas() -> Vec<(&'static str, Value)> {
    FILES
        .iter()
        .map(|(name, shape)| {
            let mut schema = Map::new();
            schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
            schema.insert("title".to_owned(), json!(format!("{name}.toml")));
            schema.extend(of_shape(shape));
            (*name, Value::Object(schema))
        })
        .collect()
}

fn of_shape(shape: &Shape) -> Map<String, Value> {
    let mut properties = Map::new();
    for key in shape.keys {
        let mut property = of_kind(&key.kind);
        property.insert("description".to_owned(), json!(key.about));
        if let Some(default) = key.default {
            property.insert("default".to_owned(), default_value(&key.kind, default));
        }
        properties.insert(key.name.to_owned(), Value::Object(property));
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("description".to_owned(), json!(shape.about));
    schema.insert("properties".to_owned(), Value::Object(properties));
    let required: Vec<&str> = shape.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    if shape.one_of {
        schema.insert("minProperties".to_owned(), json!(1));
        schema.insert("maxProperties".to_owned(), json!(1));
    }
    schema
}

fn of_kind(kind: &Kind) -> Map<String, Value> {
    let schema = match kind {
        Kind::Text(rule) => match rule.pattern {
            Some(pattern) => json!({ "type": "string", "pattern": pattern }),
            None => json!({ "type": "string" }),
        },
        Kind::OneOf(values) => json!({ "type": "string", "enum": values }),
        Kind::Integer { min, max } if min == max => json!({ "type": "integer", "const": min }),
        Kind::Integer { min, max: i64::MAX } => json!({ "type": "integer", "minimum": min }),
        Kind::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Number => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Kind::AnyNumber => json!({ "type": "number" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::List { item, may_be_empty } => json!({
            "type": "array",
            "items": of_kind(item),
            "minItems": u8::from(!may_be_empty),
            "uniqueItems": true,
        }),
        Kind::Either(single, list) => json!({ "anyOf": [of_kind(single), of_kind(list)] }),
        Kind::Map { key, value } => free_keys(key.pattern, of_kind(value)),
        Kind::Table(shape) => Value::Object(of_shape(shape)),
        Kind::Tables { key, shape } => free_keys(key.pattern, of_shape(shape)),
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

fn free_keys(pattern: Option<&str>, value: Map<String, Value>) -> Value {
    match pattern {
        Some(pattern) => {
            json!({ "type": "object", "propertyNames": { "pattern": pattern }, "additionalProperties": value })
        }
        None => json!({ "type": "object", "additionalProperties": value }),
    }
}

/// A default as the kind's JSON type; texts stay texts.
fn default_value(kind: &Kind, default: &str) -> Value {
    match kind {
        Kind::Text(_) | Kind::OneOf(_) | Kind::Either(..) => json!(default),
        _ => serde_json::from_str(default).unwrap_or_else(|_| json!(default)),
    }
}
