//! What Eurostat says of a dataset apart from its data: title and dates from
//! its dataflow (JSON), dimensions and codes from its content constraint (XML).

use quick_xml::Reader;
use quick_xml::events::Event;
use serde::Deserialize;

use super::super::SourceError;
use super::super::answer::parse;
use super::super::encode::encode;
use crate::decode::DecodeError;
use crate::fetch::{Answer, Courier, Expect, FetchError, Request};

/// The dimension of periods, as JSON-stat calls it; SDMX calls it `TIME_PERIOD`.
pub const TIME: &str = "time";

/// No dataset has as many codes; what goes on beyond is no description.
const MAX_CODES: usize = 1_000_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dataflow {
    pub title: String,
    /// When data and structure were updated last.
    pub stamp: Option<String>,
    pub updated: Option<String>,
    /// The first and last period.
    pub periods: Option<(String, String)>,
    pub observations: Option<u64>,
}

/// Dimensions in the dataset's order, each with the codes that it has data for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Structure {
    pub dimensions: Vec<(String, Vec<String>)>,
    /// Whether the periods are listed; else only the answers tell.
    pub periods_known: bool,
}

#[derive(Deserialize)]
struct Flow {
    #[serde(default)]
    label: String,
    #[serde(default)]
    extension: Extension,
}

#[derive(Default, Deserialize)]
struct Extension {
    #[serde(default)]
    annotation: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    date: Option<String>,
}

pub fn dataflow_path(dataset: &str) -> String {
    format!("/sdmx/2.1/dataflow/ESTAT/{}?format=JSON&lang=en", encode(&dataset.to_uppercase()))
}

pub fn constraint_path(dataset: &str) -> String {
    format!("/sdmx/2.1/contentconstraint/ESTAT/{}", encode(&dataset.to_uppercase()))
}

pub async fn dataflow(courier: &Courier, dataset: &str) -> Result<Dataflow, SourceError> {
    let answer = courier.ask_for_edition(&Request::get(dataflow_path(dataset)), Expect::Json).await;
    let answer = answer.map_err(|error| unknown_table(error, dataset))?;
    let flow = read_dataflow(&answer)?;
    // It dates the structure, too.
    courier.stands(&answer, &[Request::get(constraint_path(dataset))]);
    courier.accept(&answer)?;
    Ok(flow)
}

pub fn read_dataflow(answer: &Answer) -> Result<Dataflow, SourceError> {
    let flow: Flow = parse(answer)?;
    let find = |kind: &str| flow.extension.annotation.iter().find(|annotation| annotation.kind == kind);
    let date = |kind: &str| find(kind).and_then(|one| one.date.clone().or_else(|| one.title.clone()));
    let title = |kind: &str| find(kind).and_then(|one| one.title.clone());
    let (data, structure) = (date("UPDATE_DATA"), date("UPDATE_STRUCTURE"));
    Ok(Dataflow {
        title: flow.label.trim().to_owned(),
        stamp: data.as_ref().map(|data| format!("{data} {}", structure.unwrap_or_default()).trim_end().to_owned()),
        updated: data,
        periods: title("OBS_PERIOD_OVERALL_OLDEST").zip(title("OBS_PERIOD_OVERALL_LATEST")),
        observations: title("OBS_COUNT").and_then(|count| count.trim().parse().ok()),
    })
}

/// The structure, and the address that told it.
pub async fn structure(courier: &Courier, dataset: &str) -> Result<(Structure, String), SourceError> {
    let answer = courier.ask(&Request::get(constraint_path(dataset)), Expect::Any).await;
    let answer = answer.map_err(|error| unknown_table(error, dataset))?;
    let structure = read_constraint(&answer.body).map_err(|error| SourceError::decode(&answer, error))?;
    courier.accept(&answer)?;
    Ok((structure, answer.record.url))
}

fn unknown_table(error: FetchError, table: &str) -> SourceError {
    match error {
        FetchError::Refused { source_name: name, url, status: 404, .. }
        | FetchError::Nothing { source_name: name, url, status: 404, .. } => {
            SourceError::UnknownTable { name, table: table.to_owned(), url }
        }
        error => error.into(),
    }
}

/// Reads the first region of a content constraint: a `KeyValue` per dimension with a `Value` per code.
pub fn read_constraint(body: &[u8]) -> Result<Structure, DecodeError> {
    const EXPECTED: &str = "an SDMX content constraint";
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let begins = || String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
    let mut reader = Reader::from_reader(body);
    let mut structure = Structure::default();
    let (mut inside, mut seen, mut in_value, mut codes) = (false, false, false, 0_usize);
    let mut text = String::new();
    let mut depth = 0_u32;
    loop {
        let at = reader.buffer_position();
        let event = reader.read_event().map_err(|error| DecodeError::Broken {
            offset: reader.error_position().max(at),
            reason: error.to_string(),
        })?;
        match event {
            Event::Eof if depth > 0 => {
                let reason = "it ends inside an element".to_owned();
                return Err(DecodeError::Broken { offset: body.len() as u64, reason });
            }
            Event::Eof => break,
            Event::Start(start) => {
                depth += 1;
                match start.local_name().as_ref() {
                    b"CubeRegion" => inside = !std::mem::replace(&mut seen, true),
                    b"KeyValue" if inside => {
                        let id = start.try_get_attribute("id").ok().flatten();
                        let id = id.and_then(|id| String::from_utf8(id.value.into_owned()).ok()).unwrap_or_default();
                        let id =
                            if id.eq_ignore_ascii_case("TIME_PERIOD") { TIME.to_owned() } else { id.to_lowercase() };
                        if id.is_empty() || structure.dimensions.iter().any(|(known, _)| *known == id) {
                            return Err(DecodeError::Shape(format!("a dimension is called {id:?}, or comes twice")));
                        }
                        structure.dimensions.push((id, Vec::new()));
                    }
                    b"Value" if inside => {
                        in_value = true;
                        text.clear();
                    }
                    _ => {}
                }
            }
            Event::Text(part) if in_value => match part.decode() {
                Ok(part) => text.push_str(&part),
                Err(error) => return Err(DecodeError::Broken { offset: at, reason: error.to_string() }),
            },
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                match end.local_name().as_ref() {
                    b"CubeRegion" => inside = false,
                    b"Value" if std::mem::take(&mut in_value) => {
                        codes += 1;
                        if codes > MAX_CODES {
                            return Err(DecodeError::Shape(format!("the dataset has more than {MAX_CODES} codes")));
                        }
                        if let Some((_, list)) = structure.dimensions.last_mut() {
                            list.push(text.trim().to_owned());
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    if !seen || structure.dimensions.is_empty() {
        return Err(DecodeError::NotTheFormat { expected: EXPECTED, begins: begins() });
    }
    for (id, codes) in &mut structure.dimensions {
        if id == TIME {
            codes.sort_unstable();
        }
        if codes.is_empty() && id != TIME {
            return Err(DecodeError::Shape(format!("dimension {id:?} has no code")));
        }
        let mut seen = std::collections::BTreeSet::new();
        if let Some(code) = codes.iter().find(|code| code.is_empty() || !seen.insert(code.as_str())) {
            return Err(DecodeError::Shape(format!("dimension {id:?} has the code {code:?} twice, or an empty one")));
        }
    }
    structure.periods_known = structure.dimensions.iter().any(|(id, codes)| id == TIME && !codes.is_empty());
    if !structure.dimensions.iter().any(|(id, _)| id == TIME) {
        structure.dimensions.push((TIME.to_owned(), Vec::new()));
    }
    Ok(structure)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSTRAINT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<m:Structure xmlns:m="m" xmlns:s="s" xmlns:c="c"><m:Structures><s:Constraints>
<s:ContentConstraint id="TRNG_LFSE_04"><s:ConstraintAttachment><s:Dataflow/></s:ConstraintAttachment>
<s:CubeRegion include="true"><c:KeyValue id="freq"><c:Value>A</c:Value></c:KeyValue>
<c:KeyValue id="geo"><c:Value>SE</c:Value><c:Value> SE11 </c:Value></c:KeyValue>
<c:KeyValue id="TIME_PERIOD"><c:Value>2024</c:Value><c:Value>2023</c:Value></c:KeyValue></s:CubeRegion>
</s:ContentConstraint></s:Constraints></m:Structures></m:Structure>"#;

    #[test]
    fn dimensions_and_codes_are_read_in_their_order() {
        let structure = read_constraint(CONSTRAINT.as_bytes()).unwrap();
        assert!(structure.periods_known);
        let told: Vec<(&str, Vec<&str>)> = structure
            .dimensions
            .iter()
            .map(|(id, codes)| (id.as_str(), codes.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(told, [("freq", vec!["A"]), ("geo", vec!["SE", "SE11"]), ("time", vec!["2023", "2024"])]);
    }

    #[test]
    fn a_range_of_periods_lists_none() {
        let range = "<c:TimeRange><c:StartPeriod>2004</c:StartPeriod></c:TimeRange>";
        let text = CONSTRAINT.replace("<c:Value>2024</c:Value><c:Value>2023</c:Value>", range);
        let structure = read_constraint(text.as_bytes()).unwrap();
        assert!(!structure.periods_known);
        assert_eq!(structure.dimensions[2], ("time".to_owned(), Vec::new()));
        let text = CONSTRAINT.replace("TIME_PERIOD", "unit");
        let structure = read_constraint(text.as_bytes()).unwrap();
        assert!(!structure.periods_known && structure.dimensions[3].0 == "time");
    }

    #[test]
    fn what_is_no_constraint_is_refused() {
        let say = |text: &str| read_constraint(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            say("<html><body>Fel</body></html>"),
            "the body is not an SDMX content constraint: it begins with \"<html><body>Fel</body></html>\""
        );
        assert_eq!(say(""), "the body is not an SDMX content constraint: it begins with \"\"");
        assert!(
            say(&CONSTRAINT[..CONSTRAINT.len() - 40]).contains("cut off or broken"),
            "{}",
            say(&CONSTRAINT[..CONSTRAINT.len() - 40])
        );
        assert_eq!(
            say(&CONSTRAINT.replace("> SE11 <", ">SE<")),
            "dimension \"geo\" has the code \"SE\" twice, or an empty one"
        );
        assert_eq!(
            say(&CONSTRAINT.replace("id=\"geo\"", "id=\"freq\"")),
            "a dimension is called \"freq\", or comes twice"
        );
        assert_eq!(say(&CONSTRAINT.replace("<c:Value>A</c:Value>", "")), "dimension \"freq\" has no code");
    }
}
