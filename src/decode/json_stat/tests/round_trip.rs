//! Any cube, written in any form, comes back as it was; any damage is an error, never a panic.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

#[derive(Clone, Debug)]
struct Written {
    sizes: Vec<usize>,
    /// The dimension of measures; without it, one measure.
    metric: Option<usize>,
    cells: Vec<(Option<i64>, Option<&'static str>)>,
    sparse: bool,
    status: Form,
    blanks: bool,
}

/// How the symbols are written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    None,
    Array,
    Object,
    /// One text, or a list of one, for all cells.
    One,
    ListOfOne,
}

const FORMS: [Form; 5] = [Form::None, Form::Array, Form::Object, Form::One, Form::ListOfOne];

fn written() -> impl Strategy<Value = Written> {
    let form = prop::sample::select(&FORMS[..]);
    (prop::collection::vec(1_usize..5, 1..5), any::<Option<Index>>(), form, any::<bool>(), any::<bool>()).prop_flat_map(
        |(sizes, metric, status, sparse, blanks)| {
            let cells = sizes.iter().product::<usize>();
            let metric = metric.map(|metric| metric.index(sizes.len()));
            let value = prop_oneof![3 => (-999_999_999_999_999_i64..i64::MAX).prop_map(Some), 1 => Just(None)];
            let symbol =
                prop_oneof![3 => Just(None), 1 => Just(Some("..")), 1 => Just(Some("p")), 1 => Just(Some("\u{e5}\""))];
            // A value beside a symbol for no value is refused, which is no way back.
            let cell = (value, symbol).prop_map(|cell| if cell.1 == Some("..") { (None, cell.1) } else { cell });
            prop::collection::vec(cell, cells).prop_map(move |cells| Written {
                sizes: sizes.clone(),
                metric,
                cells,
                sparse,
                status,
                blanks,
            })
        },
    )
}

fn code(axis: usize, place: usize) -> String {
    format!("{axis}å{place}")
}

/// A number with decimals that a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
fn decimal(value: i64) -> f64 {
    (value % 1_000_000_000) as f64 / 16.0
}

impl Written {
    /// Measures are whole and decimal in turn.
    fn is_whole(&self, flat: usize) -> bool {
        self.metric.is_none_or(|metric| self.places(flat)[metric].is_multiple_of(2))
    }

    fn places(&self, flat: usize) -> Vec<usize> {
        let mut rest = flat;
        let mut places = vec![0; self.sizes.len()];
        for (axis, size) in self.sizes.iter().enumerate().rev() {
            places[axis] = rest % size;
            rest /= size;
        }
        places
    }

    fn body(&self) -> String {
        let ids: Vec<String> = (0..self.sizes.len()).map(|axis| format!("D{axis}")).collect();
        let mut dimension = serde_json::Map::new();
        for (axis, size) in self.sizes.iter().enumerate() {
            // Backwards, so that positions decide.
            let index: serde_json::Map<_, _> =
                (0..*size).rev().map(|place| (code(axis, place), place.into())).collect();
            dimension.insert(ids[axis].clone(), serde_json::json!({ "category": { "index": index } }));
        }
        let values = self.cells.iter().enumerate().map(|(flat, (value, _))| match value {
            Some(value) if !self.is_whole(flat) => serde_json::json!(decimal(*value)),
            value => serde_json::json!(value),
        });
        let value: serde_json::Value = if self.sparse {
            values
                .enumerate()
                .filter(|(_, value)| !value.is_null())
                .map(|(flat, value)| (flat.to_string(), value))
                .collect()
        } else {
            values.collect()
        };
        let symbols = self.cells.iter().map(|(_, symbol)| serde_json::json!(symbol));
        let mut body = serde_json::json!({ "id": ids, "size": self.sizes, "dimension": dimension, "value": value });
        match self.status {
            Form::None => {}
            Form::One => body["status"] = "p".into(),
            Form::ListOfOne => body["status"] = serde_json::json!(["p"]),
            Form::Array => body["status"] = symbols.collect(),
            Form::Object => {
                body["status"] = symbols
                    .enumerate()
                    .filter(|(_, symbol)| !symbol.is_null())
                    .map(|(flat, symbol)| (flat.to_string(), symbol))
                    .collect();
            }
        }
        if self.blanks { serde_json::to_string_pretty(&body).unwrap() } else { body.to_string() }
    }

    fn layout(&self) -> Layout {
        let codes: Vec<Vec<String>> = self
            .sizes
            .iter()
            .enumerate()
            .map(|(axis, size)| (0..*size).map(|place| code(axis, place)).collect())
            .collect();
        let mut asked = match self.metric {
            Some(metric) => layout(&[], Some(&format!("D{metric}")), &[]),
            None => layout(&[], None, &[("", ValueType::Int64)]),
        };
        for (axis, codes) in codes.into_iter().enumerate() {
            if Some(axis) == self.metric {
                asked.measures = codes
                    .iter()
                    .enumerate()
                    .map(|(place, code)| Measure {
                        code: code.clone(),
                        column: format!("m{place}"),
                        kind: if place.is_multiple_of(2) { ValueType::Int64 } else { ValueType::Float64 },
                        decimals: None,
                        unit: None,
                    })
                    .collect();
            } else {
                asked.dimensions.push(Dimension { id: format!("D{axis}"), column: format!("d{axis}"), codes });
            }
        }
        asked
    }

    /// What the batch must say, the slow way: a row per cell of the first measure.
    fn expected(&self) -> Vec<String> {
        let flat = |places: &[usize]| places.iter().zip(&self.sizes).fold(0, |flat, (place, size)| flat * size + place);
        let mut rows = Vec::new();
        for cell in 0..self.cells.len() {
            let mut at = self.places(cell);
            if self.metric.is_some_and(|metric| at[metric] != 0) {
                continue;
            }
            let mut row: Vec<String> = Vec::new();
            row.extend(
                at.iter()
                    .enumerate()
                    .filter(|(axis, _)| Some(*axis) != self.metric)
                    .map(|(axis, place)| code(axis, *place)),
            );
            for measure in 0..self.metric.map_or(1, |metric| self.sizes[metric]) {
                if let Some(metric) = self.metric {
                    at[metric] = measure;
                }
                let (value, symbol) = self.cells[flat(&at)];
                let symbol = match self.status {
                    Form::None => None,
                    Form::Array | Form::Object => symbol,
                    Form::One | Form::ListOfOne => Some("p"),
                };
                let status = match (value, symbol) {
                    (Some(_), Some("p")) => "preliminary",
                    (Some(_), _) => "observed",
                    (None, Some("..")) => "suppressed",
                    (None, _) => "missing",
                };
                let is_whole = self.is_whole(flat(&at));
                let written = |value: i64| if is_whole { value.to_string() } else { format!("{:?}", decimal(value)) };
                row.push(value.map(written).unwrap_or_default());
                row.push(status.to_owned());
                row.push(symbol.unwrap_or_default().to_owned());
            }
            rows.push(row.join("|"));
        }
        rows
    }
}

proptest! {
    #[test]
    fn any_cube_comes_back(cube in written()) {
        prop_assert_eq!(decoded(&cube.body(), &cube.layout()), cube.expected());
    }

    #[test]
    fn a_cut_is_an_error(cube in written(), cut: Index) {
        let body = cube.body();
        let cut = cut.index(body.len());
        prop_assert!(decode(&body.as_bytes()[..cut], &cube.layout()).is_err());
        prop_assert!(metadata(&body.as_bytes()[..cut]).is_err());
    }

    #[test]
    fn damage_never_panics(cube in written(), at: Index, byte: u8) {
        let mut body = cube.body().into_bytes();
        let at = at.index(body.len());
        body[at] = byte;
        let _ = decode(&body, &cube.layout());
        let _ = metadata(&body);
    }

    #[test]
    fn noise_never_panics(body: Vec<u8>) {
        let _ = decode(&body, &plain());
        let _ = metadata(&body);
    }
}
