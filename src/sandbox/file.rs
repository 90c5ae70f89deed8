//! The file server: job advertisements per occupation group and place, as a nested
//! map from the one's taxonomy id to the other's to a count. Places without an
//! advertisement are left out; the nation is the sum of its län and of its kommuner.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the figures are invented, far below the limits, and rounding is what is meant"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use jiff::{Timestamp, ToSpan};

use super::http::{Ask, Reply};
use super::lists::text;
use super::noise::{mix, part, unit};
use super::population::{AGES, Population};
use super::region::{Level, Region, UNKNOWN};
use crate::reference::Reference;

pub const ADVERTISEMENTS: &str = "ssyk_region_kommun_annonser_2024.json";
/// About as many advertisements as a year has.
const ADVERTISEMENTS_A_YEAR: f64 = 700_000.0;

pub struct Files {
    ready: OnceLock<File>,
    revised: OnceLock<File>,
    examples: OnceLock<BTreeMap<String, File>>,
    revised_examples: OnceLock<BTreeMap<String, File>>,
}

struct File {
    body: Vec<u8>,
    etag: String,
    modified: Timestamp,
}

impl File {
    fn new(body: Vec<u8>, updated: Timestamp, revised: bool) -> Self {
        let etag = format!("\"{}\"", &blake3::hash(&body).to_hex()[..32]);
        let day = if revised { 24.hours() } else { 0.hours() };
        Self { body, etag, modified: updated.checked_add(day).unwrap_or(updated) }
    }

    /// The file, or only that it is the same as what the caller has.
    fn reply(&self, ask: &Ask<'_>, content_type: &'static str, body: impl FnOnce(&[u8]) -> Vec<u8>) -> Reply {
        let same = match (ask.header)("if-none-match") {
            Some(tags) => {
                tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == self.etag || tag.trim() == "*")
            }
            None => (ask.header)("if-modified-since")
                .and_then(|date| httpdate::parse_http_date(&date).ok())
                .is_some_and(|since| std::time::SystemTime::from(self.modified) <= since),
        };
        let body = if same { Vec::new() } else { body(&self.body) };
        Reply::new(if same { 304 } else { 200 }, content_type, body)
            .with("ETag", &self.etag)
            .with("Last-Modified", http_date(self.modified))
    }
}

impl Files {
    pub const fn new() -> Self {
        Self {
            ready: OnceLock::new(),
            revised: OnceLock::new(),
            examples: OnceLock::new(),
            revised_examples: OnceLock::new(),
        }
    }

    pub fn answer(
        &self,
        ask: &Ask<'_>,
        updated: Timestamp,
        make: impl Fn(bool) -> String,
        make_examples: impl Fn(bool) -> BTreeMap<String, Vec<u8>>,
    ) -> Reply {
        let revised = ask.distortion.revise;
        if ask.segments == [ADVERTISEMENTS] {
            let file = if revised { &self.revised } else { &self.ready }
                .get_or_init(|| File::new(make(revised).into_bytes(), updated, revised));
            return file.reply(ask, "application/json", |body| distorted(body, ask));
        }
        let examples = if revised { &self.revised_examples } else { &self.examples }.get_or_init(|| {
            let files = make_examples(revised).into_iter();
            files.map(|(path, body)| (path, File::new(body, updated, revised))).collect()
        });
        let path = ask.segments.join("/");
        match examples.get(&path) {
            Some(file) => file.reply(ask, content_type(&path), <[u8]>::to_vec),
            None => Reply::new(404, "text/plain; charset=utf-8", "Not Found"),
        }
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "xml" => "application/xml",
        "zip" => "application/zip",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}

fn http_date(at: Timestamp) -> String {
    httpdate::fmt_http_date(at.into())
}

/// The wrong data that can be ordered for this file: the first occupation group twice, or one lost.
fn distorted(body: &[u8], ask: &Ask<'_>) -> Vec<u8> {
    let body = &*String::from_utf8_lossy(body);
    let first = body.find('}').map_or("", |end| &body[2..=end]);
    if ask.distortion.duplicate_kommun {
        return format!("{{\n{first},\n{}", &body[2..]).into_bytes();
    }
    if ask.distortion.lost_code.is_some() {
        return format!("{{\n{}", body[2 + first.len()..].trim_start_matches([',', '\n'])).into_bytes();
    }
    body.as_bytes().to_vec()
}

/// Writes the map for all occupation groups and places of the reference lists.
pub fn advertisements(
    reference: &Reference,
    regions: &[Region],
    people: &Population,
    seed: u64,
    revised: bool,
) -> String {
    let (Some(groups), Some(places)) = (reference.tables.get("ssyk"), reference.tables.get("platser")) else {
        return "{}".to_owned();
    };
    let id_of = |code: &str| -> Option<String> {
        (0..places.num_rows())
            .find(|row| text(places, "kod", *row) == code)
            .map(|row| text(places, "taxonomi_id", row))
            .or_else(|| (code == UNKNOWN).then(|| "okan_dKo_mmun".to_owned()))
    };
    let ids: Vec<Option<String>> = regions.iter().map(|region| id_of(&region.code)).collect();
    let shares: Vec<f64> = (0..regions.len()).map(|at| people.exact(at, 0, 0, AGES, 0) as f64).collect();
    // The places that each kommun is part of: its län and the nation.
    let wholes: Vec<Vec<usize>> = regions
        .iter()
        .map(|region| {
            let contains =
                |other: &Region| other.level == Level::Riket || other.level == Level::Lan && other.code == region.lan;
            let places = regions.iter().enumerate().filter(|(_, other)| contains(other));
            places.map(|(at, _)| at).collect()
        })
        .collect();
    let nation = shares.first().copied().unwrap_or_default().max(1.0);
    let weights: Vec<f64> = (0..groups.num_rows())
        .map(|row| {
            let weight = unit(mix(seed, &[part(&text(groups, "ssyk", row)), 1]));
            0.02 + weight * weight * weight
        })
        .collect();
    let whole: f64 = weights.iter().sum();

    let mut out = String::from("{");
    for (row, weight) in weights.iter().enumerate() {
        let group = text(groups, "ssyk", row);
        let expected = ADVERTISEMENTS_A_YEAR * weight / whole;
        let mut counts = vec![0_u64; regions.len()];
        for (at, region) in regions.iter().enumerate().filter(|(_, region)| region.level == Level::Kommun) {
            let key = mix(seed, &[part(&group), part(&region.code), 2]);
            let mean = expected * shares[at] / nation * (0.4 + 1.2 * unit(key));
            // The fraction decides by chance, so that small means leave most places without any.
            let chance = unit(mix(key, &[3]));
            let mut count = mean as u64 + u64::from(mean - mean.floor() > chance);
            if revised && count > 0 && key.is_multiple_of(40) {
                count += 1;
            }
            for whole in &wholes[at] {
                counts[*whole] += count;
            }
            counts[at] = count;
        }
        let comma = if row > 0 { "," } else { "" };
        let _ = write!(out, "{comma}\n\"{}\":{{", text(groups, "taxonomi_id", row));
        let mut comma = "";
        for (id, count) in ids.iter().zip(&counts).filter(|(_, count)| **count > 0) {
            if let Some(id) = id {
                let _ = write!(out, "{comma}\"{id}\":{count}");
                comma = ",";
            }
        }
        out.push('}');
    }
    out.push_str("\n}\n");
    out
}
