//! Yrkesbarometern: 219 occupations for the nation and each län, of which some
//! stand for several SSYK groups and some are a part of one; more than a quarter
//! are not assessed. Revised, it is the next omgång, in the same place.

use std::sync::OnceLock;

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::super::http::{Ask, Reply};
use super::super::noise::{mix, part};
use super::Lists;

const FILE: &str = "yrkesbarometer.json";
const OCCUPATIONS: usize = 219;

pub struct Barometer {
    editions: [OnceLock<String>; 2],
}

/// A barometer occupation.
struct Occupation<'a> {
    id: String,
    name: String,
    field: &'a str,
    /// Positions of its SSYK groups.
    groups: Vec<usize>,
    /// It is only a part of its group.
    part: bool,
}

impl Barometer {
    pub const fn new() -> Self {
        Self { editions: [const { OnceLock::new() }; 2] }
    }

    pub fn answer(&self, lists: &Lists, ask: &Ask<'_>, updated: Timestamp) -> Reply {
        if ask.segments != [FILE] {
            return Reply::new(404, "text/plain; charset=utf-8", "Not Found");
        }
        let distortion = ask.distortion;
        let revised = distortion.revise;
        let edition = self.editions[usize::from(revised)].get_or_init(|| document(&rows(lists, revised)));
        let strange = distortion.unknown_kommun || distortion.duplicate_kommun || distortion.lost_code.is_some();
        let body = if strange { distorted(lists, ask) } else { edition.clone() };
        let day = if revised { 24.hours() } else { 0.hours() };
        let modified = httpdate::fmt_http_date(updated.checked_add(day).unwrap_or(updated).into());
        let tag = format!("\"{}\"", &blake3::hash(body.as_bytes()).to_hex()[..32]);
        let same = match (ask.header)("if-none-match") {
            Some(tags) => tags.split(',').any(|one| one.trim().trim_start_matches("W/") == tag),
            None => (ask.header)("if-modified-since").is_some_and(|since| since == modified),
        };
        let mut reply =
            Reply::new(if same { 304 } else { 200 }, "application/json", if same { String::new() } else { body })
                .with("ETag", tag)
                .with("Last-Modified", modified);
        reply.cells = Some((OCCUPATIONS * (lists.lan.len() + 1)) as u64);
        reply
    }
}

fn document(rows: &[Value]) -> String {
    let rows: Vec<String> = rows.iter().map(Value::to_string).collect();
    format!("[{}]", rows.join(","))
}

/// The wrong data that can be ordered: a län that nobody knows, the first row twice, an occupation that is gone.
fn distorted(lists: &Lists, ask: &Ask<'_>) -> String {
    let mut rows = rows(lists, ask.distortion.revise);
    if ask.distortion.unknown_kommun {
        rows[1]["lan"] = json!("99");
    }
    if ask.distortion.lost_code.is_some() {
        let first = rows[0]["yb_concept_id"].clone();
        rows.retain(|row| row["yb_concept_id"] != first);
    }
    if ask.distortion.duplicate_kommun {
        rows.insert(1, rows[0].clone());
    }
    document(&rows)
}

fn occupations(lists: &Lists) -> Vec<Occupation<'_>> {
    let groups = lists.groups.len();
    (0..OCCUPATIONS)
        .map(|number| {
            let mut own: Vec<usize> = (number * groups / OCCUPATIONS..(number + 1) * groups / OCCUPATIONS).collect();
            // Every tenth shares the last group of the one before it, and stands for nothing else.
            let part = number % 10 == 9;
            if part {
                own = vec![own[0] - 1];
            }
            let group = &lists.groups[own[0]];
            let name = if part { format!("{}, specialiserade", group.label) } else { group.label.clone() };
            let id = format!("Yb{:02}_{:03}_syn", number / 100, number % 100);
            Occupation { id, name, field: &group.field, groups: own, part }
        })
        .collect()
}

fn rows(lists: &Lists, revised: bool) -> Vec<Value> {
    let areas: Vec<(&str, &str)> = std::iter::once(("00", "Riket"))
        .chain(lists.lan.iter().map(|lan| (lan.code.as_str(), lan.name.as_str())))
        .collect();
    let mut rows = Vec::with_capacity(OCCUPATIONS * areas.len());
    for occupation in occupations(lists) {
        for (code, name) in &areas {
            rows.push(row(lists, &occupation, code, name, revised));
        }
    }
    rows
}

fn row(lists: &Lists, occupation: &Occupation<'_>, code: &str, name: &str, revised: bool) -> Value {
    let hash = |what: &str| mix(lists.seed, &[part(&occupation.id), part(code), part(what)]);
    let pick = |what: &str, words: &[&'static str]| {
        // The next omgång judges one in twelve otherwise.
        let turn = u64::from(revised && hash(what).is_multiple_of(12));
        words[usize::try_from((hash(what) / 16 + turn) % words.len() as u64).unwrap_or_default()]
    };
    let silent = hash("underlag") % 100 < 28;
    let situation = pick("situation", &["överskott", "balans", "paradox", "brist"]);
    let chances = match situation {
        "överskott" => "små",
        "balans" => "medelstora",
        _ => "stora",
    };
    let outlook = pick("prognos", &["öka", "öka", "vara oförändrad", "minska"]);
    let text = if silent {
        "På grund av begränsat underlag görs ingen bedömning. (SYNTETISKA DATA)".to_owned()
    } else {
        format!("Möjligheterna till arbete bedöms vara {chances}: {name}. (SYNTETISKA DATA)")
    };
    let said = |word: &str| if silent { Value::Null } else { json!(word) };
    let codes: Vec<&str> = occupation.groups.iter().map(|group| lists.groups[*group].ssyk.as_str()).collect();
    let labels: Vec<&str> = occupation.groups.iter().map(|group| lists.groups[*group].label.as_str()).collect();
    let paradox = if !silent && situation == "paradox" { json!(["deltidsarbete"]) } else { json!([]) };
    json!({
        "yrkesomrade": occupation.field,
        "yb_yrke": occupation.name,
        "yb_concept_id": occupation.id,
        "lan": code,
        "antal_ssyk": codes.len(),
        "del_av_ssyk": u8::from(occupation.part),
        "ssyk": codes.join(","),
        "ssyk_text": labels.join(", "),
        "yb_beskrivning": null,
        "jobbmojligheter": said(chances),
        "rekryteringssituation": said(situation),
        "paradox": paradox,
        "prognos": said(outlook),
        "text_jobbmojligheter": text,
        "text_rekryteringssituation": text,
        "hogsta_bedomningsniva": if code == "00" { said("nationellt") } else { said(pick("niva", &["län", "nuts2", "nuts1"])) },
        "delvis_helt": said(pick("delvis", &["helt", "delvis"])),
        "omgang": if revised { "2026-2" } else { "2026-1" },
        "taxonomi_version": 31,
    })
}
