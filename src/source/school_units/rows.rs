//! Records of the register into rows. A list of codes becomes one text with
//! blanks between; a coordinate's decimal comma becomes a number.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::encode::encode;
use super::super::figure::{NO_FIGURE, figure};
use crate::config::{RegisterWhat, ValueType};
use crate::decode::DecodeError;
use crate::decode::rows::{Cell, Table};

type Record = Map<String, Value>;
type Columns = &'static [(&'static str, ValueType)];

const T: ValueType = ValueType::Text;
const F: ValueType = ValueType::Float64;

const UNITS: Columns = &[
    ("skolenhetskod", T),
    ("namn", T),
    ("status", T),
    ("kommun_kod", T),
    ("skolenhetstyp", T),
    ("inriktningstyp", T),
    ("skolnamn", T),
    ("skolformer", T),
    ("vux_delar", T),
    ("huvudman_orgnr", T),
    ("huvudman", T),
    ("huvudmannatyp", T),
    ("startdatum", T),
    ("slutdatum", T),
    ("gatuadress", T),
    ("postnummer", T),
    ("postort", T),
    ("sweref_n", F),
    ("sweref_e", F),
    ("latitud", F),
    ("longitud", F),
];
const ORGANIZERS: Columns = &[("orgnr", T), ("namn", T), ("huvudmannatyp", T), ("kommun_kod", T), ("skolformer", T)];
const PROVIDERS: Columns = &[
    ("anordnarkod", T),
    ("orgnr", T),
    ("namn", T),
    ("folkhogskola", T),
    ("betygsratt", T),
    ("betygsratt_fran", T),
    ("betygsratt_till", T),
    ("skolformsdelar", T),
];
const CONTRACTS: Columns = &[
    ("huvudman_orgnr", T),
    ("huvudman", T),
    ("anordnar_orgnr", T),
    ("anordnare", T),
    ("anordnarkod", T),
    ("folkhogskola", T),
    ("status", T),
    ("skolformsdel", T),
    ("giltig_fran", T),
    ("giltig_till", T),
];

pub const fn columns(what: RegisterWhat) -> Columns {
    match what {
        RegisterWhat::SchoolUnits => UNITS,
        RegisterWhat::Organizers => ORGANIZERS,
        RegisterWhat::EducationProviders => PROVIDERS,
        RegisterWhat::Contracts => CONTRACTS,
    }
}

/// Fields of a list that must occur in some row of it.
pub const fn fields(what: RegisterWhat) -> &'static [&'static str] {
    match what {
        RegisterWhat::SchoolUnits => &["schoolUnitCode", "name", "status"],
        RegisterWhat::Organizers => &["organizationNumber", "displayName", "organizerType"],
        RegisterWhat::EducationProviders => &["educationProviderCode", "organizationNumber", "displayName"],
        RegisterWhat::Contracts => &[
            "organizerOrganizationNumber",
            "organizerName",
            "educationProviderCode",
            "educationProviderName",
            "status",
        ],
    }
}

/// What tells a record of a list from all others.
pub fn key(what: RegisterWhat, number: usize, record: &Record) -> Result<Vec<String>, DecodeError> {
    let (fields, digits): (&[&str], &[usize]) = match what {
        RegisterWhat::SchoolUnits => (&["schoolUnitCode"], &[8]),
        RegisterWhat::Organizers => (&["organizationNumber"], &[0]),
        RegisterWhat::EducationProviders => (&["educationProviderCode"], &[8]),
        RegisterWhat::Contracts => (&["organizerOrganizationNumber", "educationProviderCode"], &[0, 8]),
    };
    let part = |(field, digits): (&&str, &usize)| {
        let text = record.get(*field).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| {
            DecodeError::Shape(format!("row {number}: {field} is {}", record.get(*field).unwrap_or(&Value::Null)))
        })?;
        if *digits > 0 && !(text.len() == *digits && text.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(DecodeError::Shape(format!("row {number}: {field} {text:?} is not {digits} digits")));
        }
        Ok(text.to_owned())
    };
    fields.iter().zip(digits).map(part).collect()
}

/// The last part of the path to a record's details.
pub fn detail(key: &[String]) -> String {
    key.iter().map(|part| encode(part)).collect::<Vec<_>>().join("/")
}

/// A row while its columns are filled.
struct Row<'a> {
    number: u64,
    texts: BTreeMap<&'static str, String>,
    table: &'a mut Table,
}

impl<'a> Row<'a> {
    fn new(number: usize, table: &'a mut Table) -> Self {
        Self { number: number as u64, texts: BTreeMap::new(), table }
    }

    /// A text, truth or number; none and an empty text leave the column empty.
    fn put(&mut self, column: &'static str, value: Option<&Value>) -> Result<(), DecodeError> {
        let text = match value {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Bool(truth)) => truth.to_string(),
            Some(Value::Number(number)) => number.to_string(),
            Some(other) => {
                let shown: String = other.to_string().chars().take(60).collect();
                return Err(DecodeError::Shape(format!("row {}: {column} would be {shown}", self.number)));
            }
        };
        if !text.is_empty() {
            self.texts.insert(column, text);
        }
        Ok(())
    }

    /// Codes, with blanks between.
    fn put_codes<'v>(&mut self, column: &'static str, codes: impl Iterator<Item = &'v str>) {
        let text = codes.collect::<Vec<_>>().join(" ");
        if !text.is_empty() {
            self.texts.insert(column, text);
        }
    }

    fn end(self, columns: Columns) -> Result<(), DecodeError> {
        let none = BTreeMap::new();
        for (place, (column, kind)) in columns.iter().enumerate() {
            let cell = match self.texts.get(column) {
                None => Cell::Absent,
                Some(text) if *kind == ValueType::Text => Cell::Text(text),
                Some(text) => figure(text, &none).ok_or_else(|| DecodeError::Cell {
                    row: self.number,
                    column: (*column).to_owned(),
                    value: text.clone(),
                    why: NO_FIGURE,
                })?,
            };
            self.table.push(place, self.number, cell)?;
        }
        self.table.end_row(&vec![true; columns.len()]);
        Ok(())
    }
}

pub fn write_listed(
    what: RegisterWhat,
    number: usize,
    municipality: Option<&str>,
    record: &Record,
    table: &mut Table,
) -> Result<(), DecodeError> {
    let mut row = Row::new(number, table);
    listed(what, record, &mut row)?;
    if let Some(code) = municipality {
        row.texts.insert("kommun_kod", code.to_owned());
    }
    row.end(columns(what))
}

fn listed(what: RegisterWhat, record: &Record, row: &mut Row<'_>) -> Result<(), DecodeError> {
    let pairs: &[(&'static str, &str)] = match what {
        RegisterWhat::SchoolUnits => &[("skolenhetskod", "schoolUnitCode"), ("namn", "name"), ("status", "status")],
        RegisterWhat::Organizers => {
            &[("orgnr", "organizationNumber"), ("namn", "displayName"), ("huvudmannatyp", "organizerType")]
        }
        RegisterWhat::EducationProviders => &[
            ("anordnarkod", "educationProviderCode"),
            ("orgnr", "organizationNumber"),
            ("namn", "displayName"),
            ("folkhogskola", "folkHighschoolName"),
            ("betygsratt", "gradingRight"),
        ],
        RegisterWhat::Contracts => &[
            ("huvudman_orgnr", "organizerOrganizationNumber"),
            ("huvudman", "organizerName"),
            ("anordnar_orgnr", "educationProviderOrganizationNumber"),
            ("anordnare", "educationProviderName"),
            ("anordnarkod", "educationProviderCode"),
            ("folkhogskola", "folkHighschoolName"),
            ("status", "status"),
        ],
    };
    pairs.iter().try_for_each(|(column, field)| row.put(column, record.get(*field)))
}

/// The details of a listed record.
pub fn write_detail(what: RegisterWhat, list: &Record, answer: &Record, table: &mut Table) -> Result<(), DecodeError> {
    let data = answer.get("data").and_then(Value::as_object);
    let Some(facts) = data.and_then(|data| data.get("attributes")?.as_object()) else {
        return Err(DecodeError::Shape("the answer has no data.attributes".to_owned()));
    };
    for field in ["schoolUnitCode", "organizationNumber", "educationProviderCode"] {
        // A contract's own organization number is the organizer's.
        let asked = list
            .get(field)
            .or_else(|| list.get("organizerOrganizationNumber").filter(|_| field == "organizationNumber"));
        let came = data.and_then(|data| data.get(field));
        let is_key = what != RegisterWhat::EducationProviders || field != "organizationNumber";
        if let (Some(asked), Some(came)) = (asked, came)
            && is_key
            && asked != came
        {
            return Err(DecodeError::Shape(format!("{field} is {came}, and {asked} was asked for")));
        }
    }
    let nothing = [Value::Null];
    let parts = match facts.get("schoolTypeParts").and_then(Value::as_array) {
        Some(parts) if what == RegisterWhat::Contracts && !parts.is_empty() => parts.as_slice(),
        _ => &nothing,
    };
    for (number, part) in parts.iter().enumerate() {
        let mut row = Row::new(number, table);
        listed(what, list, &mut row)?;
        match what {
            RegisterWhat::SchoolUnits => unit(facts, answer, &mut row)?,
            RegisterWhat::Organizers => {
                row.put_codes("kommun_kod", field_of(facts.get("municipalities"), "municipalityCode"));
                row.put_codes("skolformer", codes(facts.get("schoolTypes")));
            }
            RegisterWhat::EducationProviders => {
                row.put("betygsratt", facts.get("gradingRights"))?;
                row.put("betygsratt_fran", facts.get("gradingRightsFrom"))?;
                row.put("betygsratt_till", facts.get("gradingRightsTo"))?;
                row.put_codes("skolformsdelar", codes(facts.get("schoolTypeParts")));
            }
            RegisterWhat::Contracts => {
                row.put("status", facts.get("status"))?;
                row.put("skolformsdel", part.get("schoolTypePart"))?;
                row.put("giltig_fran", part.get("validFrom"))?;
                row.put("giltig_till", part.get("validTo"))?;
            }
        }
        row.end(columns(what))?;
    }
    Ok(())
}

fn unit(facts: &Record, answer: &Record, row: &mut Row<'_>) -> Result<(), DecodeError> {
    for (column, field) in [
        ("namn", "displayName"),
        ("status", "status"),
        ("kommun_kod", "municipalityCode"),
        ("skolenhetstyp", "schoolUnitType"),
        ("inriktningstyp", "orientationType"),
        ("skolnamn", "schoolName"),
        ("startdatum", "startdate"),
        ("slutdatum", "endDate"),
    ] {
        row.put(column, facts.get(field))?;
    }
    row.put_codes("skolformer", codes(facts.get("schoolTypes")));
    let adult = facts.get("schoolTypeProperties").and_then(|all| all.get("vux")?.get("schoolTypeParts"));
    row.put_codes("vux_delar", codes(adult));
    let organizer = answer.get("included");
    row.put("huvudman_orgnr", organizer.and_then(|one| one.get("organizationNumber")))?;
    let about = organizer.and_then(|one| one.get("attributes"));
    row.put("huvudman", about.and_then(|one| one.get("displayName")))?;
    row.put("huvudmannatyp", about.and_then(|one| one.get("organizerType")))?;
    let addresses = facts.get("addresses").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let visited = |one: &&Value| one.get("type").and_then(Value::as_str) == Some("BESOKSADRESS");
    let Some(address) = addresses.iter().find(visited) else { return Ok(()) };
    for (column, field) in [("gatuadress", "streetAddress"), ("postnummer", "postalCode"), ("postort", "locality")] {
        row.put(column, address.get(field))?;
    }
    let place = address.get("geoCoordinates");
    for (column, field) in [
        ("sweref_n", "coordinateSweRefN"),
        ("sweref_e", "coordinateSweRefE"),
        ("latitud", "latitude"),
        ("longitud", "longitude"),
    ] {
        row.put(column, place.and_then(|place| place.get(field)))?;
    }
    Ok(())
}

fn codes(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn field_of<'v>(list: Option<&'v Value>, field: &'static str) -> impl Iterator<Item = &'v str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(move |one| one.get(field)?.as_str())
}
