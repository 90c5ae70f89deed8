//! Occasions of adult education that nobody has planned, with the dirt that
//! recorded ones have: CDATA marks, the word `null`, a last day in 2099, two
//! ways to write a time, towns in capitals.

use serde_json::{Value, json};

use crate::sandbox::noise::{between, mix, part};
use crate::sandbox::region::{Level, Region};

/// Area, its name, and its directions.
pub const AREAS: &[(u32, &str, &[(u32, &str)])] = &[
    (1, "Bygg och anläggning", &[(1, "Anläggning (mark, väg, vatten)"), (4, "Arkitektur"), (8, "Byggteknik")]),
    (2, "Data och IT", &[(12, "Databaser"), (10, "Programmeringsteknik"), (14, "Webbdesign"), (208, "Datavetenskap")]),
    (3, "Ekonomi, marknadsföring och administration", &[(27, "Administration"), (22, "Ekonomi"), (19, "Logistik")]),
    (5, "Hantverk", &[(39, "Bageri"), (37, "Frisör"), (42, "Textilhantverk")]),
    (6, "Hotell, restaurang och turism", &[(47, "Hotell"), (49, "Restaurang och storhushåll")]),
    (20, "Förberedande utbildningar", &[(195, "Förutbildningar"), (197, "Kurser för invandrare")]),
    (9, "Teknik och industri", &[(70, "Fordonsteknik"), (72, "El och energi"), (75, "Svets"), (78, "Underhåll")]),
    (12, "Vård och omsorg", &[(110, "Omvårdnad"), (112, "Omsorg"), (115, "Tandvård")]),
];

/// Code, the name on rows, and the system of points.
pub const TYPES: &[(&str, &str, &str)] = &[
    ("vuxgy", "Gymnasial vuxenutbildning", "gy"),
    ("vuxgr", "Grundläggande vuxenutbildning", "gy"),
    ("komvuxcoursepackage", "Yrkespaket eller kurspaket inom kommunal vuxenutbildning", "gy"),
    ("yhprogram", "Yrkeshögskoleutbildning", "yh"),
    ("fhs", "Folkhögskola", "fup"),
    ("vuxsfi", "Svenska för invandrare", "gy"),
];

pub struct Event {
    pub id: String,
    pub title: String,
    pub provider: String,
    /// Code, name, name of the county; a few have none.
    pub place: Option<(String, String, String)>,
    /// A place in `TYPES`.
    pub school: usize,
    pub directions: Vec<u32>,
    pub points: i64,
    pub pace: Option<i64>,
    pub distance: bool,
    pub condition: i64,
    pub start: Option<String>,
    /// As the source would write it.
    pub last: Option<String>,
}

pub fn events(seed: u64, regions: &[Region]) -> Vec<Event> {
    let county = |code: &str| {
        let found = regions.iter().find(|region| region.level == Level::Lan && region.code == code);
        found.map_or_else(String::new, |region| region.name.clone())
    };
    let mut events = Vec::new();
    for region in regions.iter().filter(|region| region.level == Level::Kommun) {
        let count = match region.code.as_str() {
            "0180" => 900,
            "1480" => 420,
            "1280" => 260,
            code => between(mix(seed, &[part("events"), part(code)]), 2, 130),
        };
        let place = (region.code.clone(), region.name.clone(), county(&region.lan));
        events.extend((0..count).map(|number| event(seed, number, Some(place.clone()))));
    }
    // Distance courses that lie nowhere.
    events.extend((0..4).map(|number| event(seed, number, None)));
    events
}

/// The occasion that the source adds when it revises.
pub fn added(seed: u64, regions: &[Region]) -> Option<Event> {
    let region = regions.iter().find(|region| region.code == "1480")?;
    let mut event =
        event(seed, 9_999, Some((region.code.clone(), region.name.clone(), "Västra Götalands län".to_owned())));
    event.directions = vec![1];
    Some(event)
}

#[expect(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "the ranges are small and positive")]
fn event(seed: u64, number: i64, place: Option<(String, String, String)>) -> Event {
    let code = place.as_ref().map_or("", |(code, ..)| code.as_str());
    let draw = |what: &str, below: i64| between(mix(seed, &[part(what), part(code), number as u64]), 0, below);
    let directions: Vec<(u32, &str)> = AREAS.iter().flat_map(|(_, _, directions)| directions.iter().copied()).collect();
    let first = directions[draw("direction", directions.len() as i64) as usize];
    let second = directions[draw("second", directions.len() as i64) as usize];
    let ids = match draw("directions", 40) {
        0 => Vec::new(),
        1..=3 if second.0 != first.0 => vec![first.0, second.0],
        _ => vec![first.0],
    };
    let school = draw("school", TYPES.len() as i64) as usize;
    let flexible = draw("condition", 4) == 0;
    let day = format!("2027-{:02}-{:02}", 1 + draw("month", 12), 1 + draw("day", 28));
    let last = match draw("last", 5) {
        0 => None,
        1 => Some("2099-12-31T00:00:00".to_owned()),
        2 => Some("2026-11-28T23:59:59".to_owned()),
        3 => Some("2026-10-15T00:00:00.000+02:00".to_owned()),
        _ => Some("2026-12-01T00:00:00".to_owned()),
    };
    let name = format!("{} (syntetiskt)", first.1);
    Event {
        id: format!("e.syn.{}{number}", if code.is_empty() { "riket-" } else { code }),
        title: if draw("cdata", 3) == 0 { format!("<![CDATA[{name}]]>") } else { name },
        provider: place
            .as_ref()
            .map_or_else(|| "Distansskolan".to_owned(), |(_, name, _)| format!("{name} vuxenutbildning")),
        school,
        directions: ids,
        points: 100 * (1 + draw("points", 14)),
        pace: (!flexible).then(|| 25 * (1 + draw("pace", 4))),
        distance: place.is_none() || draw("distance", 4) == 0,
        condition: if flexible { 2 } else { 1 },
        start: (!flexible).then_some(day),
        last,
        place,
    }
}

impl Event {
    pub fn listed(&self) -> Value {
        let (code, name, county) = match &self.place {
            Some((code, name, county)) => (json!(code), json!(name), json!(county)),
            None => (Value::Null, Value::Null, Value::Null),
        };
        let town =
            self.place.as_ref().map(|(_, name, _)| if self.points == 700 { name.to_uppercase() } else { name.clone() });
        let pace = self.pace.map_or_else(|| "null".to_owned(), |pace| format!("{pace}.0"));
        let href = format!("http://localhost:9007/planned-educations/v3/adult-education-events/{}", self.id);
        json!({
            "educationEventId": self.id, "providerName": self.provider, "county": county, "municipality": name,
            "geographicalAreaCode": code, "credits": self.points.to_string(), "creditsSystem": TYPES[self.school].2,
            "contractor": null, "location": null, "town": town, "contactInfoAddressCity": town,
            "typeOfSchool": TYPES[self.school].1, "semesterStartFrom": self.start, "paceOfStudy": pace,
            "titleSv": self.title, "extent": null, "distance": self.distance, "recommendedPriorKnowledge": null,
            "lastApplicationDate": self.last, "executionCondition": self.condition,
            "_links": { (self.id.clone()): { "href": href } },
        })
    }
}
