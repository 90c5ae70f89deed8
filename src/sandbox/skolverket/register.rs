//! The stand-in of Skolenhetsregistret v2: whole lists, and details one by one.

use serde_json::{Value, json};

use super::{Skolverket, values};
use crate::sandbox::http::{Ask, Reply};
use crate::sandbox::noise::{between, mix, part};
use crate::sandbox::region::Level;

pub struct Unit {
    pub code: String,
    name: String,
    kommun: String,
    adult: bool,
    active: bool,
}

pub fn units(world: &Skolverket) -> Vec<Unit> {
    let kommuner = world.regions.iter().filter(|region| region.level == Level::Kommun);
    let units = kommuner.enumerate().flat_map(|(place, region)| {
        let count = between(mix(world.seed, &[part("units"), part(&region.code)]), 2, 5);
        (0..count).map(move |number| Unit {
            code: format!("{}", 10_000_000 + place as i64 * 100 + number),
            name: format!("{} skolenhet {number}", region.name),
            kommun: region.code.clone(),
            adult: number == 0,
            active: number != 3,
        })
    });
    units.collect()
}

pub fn answer(world: &Skolverket, ask: &Ask<'_>) -> Reply {
    match ask.segments.as_slice() {
        ["v2", "school-units"] => {
            let (municipalities, types) = (values(ask, "municipality_code"), values(ask, "school_type"));
            let statuses = values(ask, "status");
            let rows = units(world)
                .iter()
                .filter(|unit| municipalities.is_empty() || municipalities.contains(&unit.kommun.as_str()))
                .filter(|unit| types.is_empty() || types.contains(&unit.school()))
                .filter(|unit| statuses.is_empty() || statuses.contains(&unit.status()))
                .map(|unit| json!({ "schoolUnitCode": unit.code, "name": unit.name, "status": unit.status() }))
                .collect();
            list("schoolunit", rows)
        }
        ["v2", "school-units", code] => match units(world).iter().find(|unit| unit.code == *code) {
            Some(unit) => unit.detail(),
            None => missing(),
        },
        ["v2", "organizers"] => {
            let rows = kommuner(world).map(|(code, name)| {
                json!({ "organizationNumber": orgnr(code), "displayName": name, "organizerType": "KOMMUN" })
            });
            list("organizer", rows.collect())
        }
        ["v2", "education-providers"] => list("educationProvider", (0..5).map(provider).collect()),
        ["v2", "contracts"] => {
            let rows = kommuner(world).take(8).enumerate().map(|(place, (code, name))| contract(code, name, place % 5));
            list("contract", rows.collect())
        }
        ["v2", "contracts", organizer, code] => {
            let found = kommuner(world).take(8).enumerate().find(|(_, (kommun, _))| orgnr(kommun) == *organizer);
            match found {
                Some((place, (kommun, name))) if provider_code(place % 5) == *code => {
                    let mut facts = contract(kommun, name, place % 5);
                    facts["schoolTypeParts"] = json!([
                        { "schoolTypePart": "VUXGY", "validFrom": "2024-01-01", "validTo": "2027-12-31" },
                        { "schoolTypePart": "VUXSFI", "validFrom": "2025-01-01" },
                    ]);
                    let data = json!({ "type": "contract", "organizationNumber": organizer,
                                       "educationProviderCode": code, "attributes": facts });
                    Reply::json(200, &json!({ "meta": meta(), "data": data }))
                }
                _ => missing(),
            }
        }
        ["v2", "api-info"] => Reply::json(200, &json!({ "apiName": "skolenhetsregistret", "apiVersion": "2.0" })),
        _ => missing(),
    }
}

impl Unit {
    const fn school(&self) -> &'static str {
        if self.adult { "VUX" } else { "GR" }
    }

    const fn status(&self) -> &'static str {
        if self.active { "AKTIV" } else { "UPPHORT" }
    }

    fn detail(&self) -> Reply {
        let address = json!({
            "type": "BESOKSADRESS", "streetAddress": "Syntetgatan 1", "postalCode": "123 45", "locality": "Ingenstans",
            "geoCoordinates": { "coordinateSweRefN": "6562397,097", "coordinateSweRefE": "679180,062",
                                "latitude": "59.16286545184274", "longitude": "18.134313905557242" },
        });
        let vux = if self.adult { json!({ "schoolTypeParts": ["VUXGR", "VUXGY"] }) } else { Value::Null };
        let facts = json!({
            "displayName": self.name, "status": self.status(), "url": null, "email": "pahitta@pahittat.example",
            "phoneNumber": "070-17406 05", "headMaster": "Påhitta Fantasisson",
            "addresses": [{ "type": "POSTADRESS", "streetAddress": "c/o Fantasisson", "locality": "Ingenstans" }, address],
            "orientationType": "ALLMAN", "schoolUnitType": "SKOLENHET", "schoolName": null,
            "municipalityCode": self.kommun, "schoolTypes": [self.school()], "schoolTypeProperties": { "vux": vux },
            "startdate": "2012-07-01", "endDate": null,
        });
        let data = json!({ "type": "schoolunit", "schoolUnitCode": self.code, "attributes": facts });
        let included = json!({ "type": "organization", "organizationNumber": orgnr(&self.kommun),
                               "attributes": { "displayName": "Huvudman", "organizerType": "KOMMUN" } });
        Reply::json(200, &json!({ "meta": meta(), "data": data, "included": included }))
    }
}

fn kommuner(world: &Skolverket) -> impl Iterator<Item = (&str, &str)> {
    let kommuner = world.regions.iter().filter(|region| region.level == Level::Kommun);
    kommuner.map(|region| (region.code.as_str(), region.name.as_str()))
}

/// An organization number that no one can have.
fn orgnr(kommun: &str) -> String {
    format!("000000{kommun}")
}

fn provider_code(number: usize) -> String {
    format!("{}", 90_000_000 + number)
}

fn provider(number: usize) -> Value {
    json!({ "organizationNumber": format!("00000000{number:02}"), "educationProviderCode": provider_code(number),
            "displayName": format!("Anordnare {number} AB (syntetisk)"), "folkHighschoolName": null,
            "gradingRight": number != 1 })
}

fn contract(kommun: &str, name: &str, number: usize) -> Value {
    json!({ "organizerOrganizationNumber": orgnr(kommun), "organizerName": name,
            "educationProviderOrganizationNumber": format!("00000000{number:02}"),
            "educationProviderName": format!("Anordnare {number} AB (syntetisk)"),
            "educationProviderCode": provider_code(number), "folkHighschoolName": null, "status": "aktiv" })
}

fn meta() -> Value {
    json!({ "extractDate": "2026-11-23T00:06:10.19+01:00" })
}

fn list(kind: &str, rows: Vec<Value>) -> Reply {
    let cells = rows.len() as u64;
    let mut reply = Reply::json(200, &json!({ "meta": meta(), "data": { "type": kind, "attributes": rows } }));
    reply.cells = Some(cells);
    reply
}

fn missing() -> Reply {
    let body = json!({ "type": "about:blank", "title": "Not Found", "status": "404", "detail": "Angiven resurs hittades inte" });
    Reply::json(404, &body)
}
