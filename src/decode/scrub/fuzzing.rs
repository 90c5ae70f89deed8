//! What must hold of everything that is kept.

use serde_json::Value;

use super::{Keep, Part, Scalar, Shape, document};

/// Of any bytes: what comes out is JSON of nothing but the kept fields, and the same a second time. What came out.
pub fn scrubbed(bytes: &[u8], kept: &'static [Keep]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    document(&mut &*bytes, &mut out, kept, 1 << 20).ok()?;
    only(&serde_json::from_slice(&out).expect("what is kept is JSON"), kept);
    let mut again = Vec::new();
    let refused = document(&mut out.as_slice(), &mut again, kept, 1 << 20).expect("what is kept is kept again");
    assert_eq!((refused, &again), (0, &out), "nothing is left to drop");
    Some(out)
}

/// Whether nothing but the kept fields is in a value.
pub fn only(value: &Value, kept: &[Keep]) {
    for (name, value) in value.as_object().expect("what is kept has fields") {
        let keep = kept.iter().find(|keep| keep.name == name).expect("only what is in the list is kept");
        part(value, keep.part);
    }
}

fn part(value: &Value, of: Part) {
    match (of, value) {
        (_, Value::Null) => {}
        (Part::Of(kept) | Part::OfOr(kept, _), Value::Object(_)) => only(value, kept),
        (Part::Of(_) | Part::OfOr(..), Value::Array(items)) => items.iter().for_each(|item| part(item, of)),
        (Part::Each(shape), Value::Array(items)) => items.iter().for_each(|item| part(item, Part::Is(shape))),
        (Part::Is(shape) | Part::OfOr(_, shape), _) => scalar(value, shape),
        (Part::Of(_) | Part::Each(_), other) => panic!("{other} has no parts"),
    }
}

fn scalar(value: &Value, shape: Shape) {
    match value {
        Value::String(text) if shape == Shape::Text => assert!(!text.contains("c/o "), "{text}"),
        Value::String(text) => assert!(shape.fits(Scalar::Text(text.as_bytes())), "{text:?} is no {}", shape.as_str()),
        Value::Object(_) | Value::Array(_) => panic!("{value} is no {}", shape.as_str()),
        _ => {}
    }
}
