//! JobSearch's counts: open advertisements by occupation group and kommun, with
//! the filters, limits and error bodies of the real one. What it does not know
//! is no error but nothing. A statistic has 5 values unless told otherwise; a
//! concept without an old id is in no value, and some concepts have two.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the figures are invented, far below the limits, and rounding is what is meant"
)]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::http::{Ask, Reply};
use super::super::noise::{mix, part, unit};
use super::{Group, Lists, Place};

/// About as many as are open at a time.
const OPEN: f64 = 41_600.0;
const STATISTICS: [&str; 6] =
    ["occupation-name", "occupation-group", "occupation-field", "country", "municipality", "region"];
/// As the limits are written in the real one's documents.
const NUMBERS: [(&str, u64, u64); 3] = [("offset", 0, 2000), ("limit", 10, 100), ("stats.limit", 5, 30)];

pub struct Jobsearch {
    /// By group, then by kommun; then those without a place, and those abroad.
    open: Vec<Vec<u32>>,
}

impl Jobsearch {
    pub fn new(lists: &Lists) -> Self {
        let weight = |group: &Group| {
            let weight = unit(mix(lists.seed, &[part(&group.ssyk), 11]));
            0.01 + weight * weight * weight
        };
        let weights: Vec<f64> = lists.groups.iter().map(weight).collect();
        let whole: f64 = weights.iter().sum();
        let open = lists.groups.iter().zip(&weights).map(|(group, weight)| {
            let expected = OPEN * weight / whole;
            let count = |mean: f64, key: u64| {
                let chance = unit(mix(key, &[12]));
                mean as u32 + u32::from(mean - mean.floor() > chance)
            };
            let key = |what: &str| mix(lists.seed, &[part(&group.ssyk), part(what)]);
            let kommuner = lists.kommuner.iter().map(|place| {
                let key = key(&place.code);
                count(expected * place.share * (0.4 + 1.2 * unit(key)), key)
            });
            kommuner
                .chain([count(expected * 0.02, key("utan ort")), count(expected * 0.01, key("utomlands"))])
                .collect()
        });
        Self { open: open.collect() }
    }

    pub fn answer(&self, lists: &Lists, ask: &Ask<'_>) -> Reply {
        if ask.segments != ["search"] {
            return Reply::json(404, &json!({ "message": "The requested URL was not found on the server." }));
        }
        let mut numbers = [0; 3];
        for (number, (name, default, most)) in numbers.iter_mut().zip(NUMBERS) {
            *number = match ask.parameter(name) {
                None => default,
                Some(text) => match text.parse::<u64>() {
                    Ok(given) if given <= most => given,
                    _ => {
                        return invalid(
                            name,
                            &format!("Invalid argument: {text}. argument must be within the range 0 - {most}"),
                        );
                    }
                },
            };
        }
        let [offset, limit, most] = numbers;
        let wanted: Vec<&str> = values(ask, "stats").collect();
        if let Some(other) = wanted.iter().find(|name| !STATISTICS.contains(name)) {
            return invalid("stats", &format!("The value '{other}' is not a valid choice for 'stats'."));
        }
        let filter = Filter::of(lists, ask);
        let cells: Vec<(usize, usize, u32)> = filter.cells(self);
        let total: u64 = cells.iter().map(|(.., count)| u64::from(*count)).sum();
        let statistics: Vec<Value> =
            wanted.iter().map(|kind| json!({ "type": kind, "values": statistic(lists, kind, &cells, most) })).collect();
        let shown = limit.min(total.saturating_sub(offset));
        let hit = |number: u64| json!({ "id": (offset + number).to_string(), "headline": "SYNTETISK ANNONS" });
        let mut document = json!({
            "total": { "value": total },
            "positions": if limit == 0 { 0 } else { total * 17 / 10 },
            "query_time_in_millis": 1,
            "result_time_in_millis": 1,
            "freetext_concepts": {},
            "hits": (0..shown).map(hit).collect::<Vec<_>>(),
        });
        if !statistics.is_empty() {
            document["stats"] = json!(statistics);
        }
        let mut reply = Reply::json(200, &document);
        reply.cells = Some(cells.len() as u64);
        reply
    }
}

fn invalid(name: &str, why: &str) -> Reply {
    Reply::json(400, &json!({ "errors": { name: why }, "message": "Input payload validation failed" }))
}

fn values<'a>(ask: &'a Ask<'_>, name: &'a str) -> impl Iterator<Item = &'a str> {
    ask.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// What is asked for. Filters of one kind are united; places of every kind are one filter.
struct Filter {
    groups: Vec<usize>,
    /// Kommuner by position; one more is no place, two more abroad.
    places: Vec<usize>,
}

impl Filter {
    fn of(lists: &Lists, ask: &Ask<'_>) -> Self {
        let (named, negated): (Vec<&str>, Vec<&str>) =
            values(ask, "occupation-group").partition(|value| !value.starts_with('-'));
        let is = |group: &Group, value: &str| group.id == value || group.ssyk == value;
        let fields: Vec<&str> = values(ask, "occupation-field").collect();
        let groups = lists.groups.iter().enumerate().filter(|(_, group)| {
            (named.is_empty() && fields.is_empty()
                || named.iter().any(|value| is(group, value))
                || fields.contains(&group.field_id.as_str()))
                && !negated.iter().any(|value| is(group, &value[1..]))
        });
        let (unplaced, abroad) = (lists.kommuner.len(), lists.kommuner.len() + 1);
        let given: Vec<(&str, &str)> = ["municipality", "region", "country"]
            .into_iter()
            .flat_map(|kind| values(ask, kind).map(move |value| (kind, value)))
            .collect();
        let region = |place: &Place| lists.lan.iter().find(|lan| lan.code == place.code[..2]);
        let fits = |at: usize, (kind, value): (&str, &str)| match (kind, lists.kommuner.get(at)) {
            ("country", _) => at != abroad && (value == lists.nation || value == "199"),
            ("municipality", Some(place)) => place.id == value || place.code == value,
            ("region", Some(place)) => region(place).is_some_and(|lan| lan.id == value || lan.code == value),
            _ => false,
        };
        let only = |name: &str| ask.parameter(name) == Some("true");
        let places = (0..=abroad).filter(|at| {
            (given.is_empty() || given.iter().any(|place| fits(*at, *place)))
                && (!only("unspecified-sweden-workplace") || *at == unplaced)
                && (!only("abroad") || *at == abroad)
        });
        Self { groups: groups.map(|(at, _)| at).collect(), places: places.collect() }
    }

    fn cells(&self, open: &Jobsearch) -> Vec<(usize, usize, u32)> {
        let cell = |group: usize, place: usize| (group, place, open.open[group][place]);
        let all = self.groups.iter().flat_map(|group| self.places.iter().map(move |place| cell(*group, *place)));
        all.filter(|(.., count)| *count > 0).collect()
    }
}

/// The most frequent values of a statistic; each is an old id, which some concepts lack and some have two of.
fn statistic(lists: &Lists, kind: &str, cells: &[(usize, usize, u32)], most: u64) -> Vec<Value> {
    let mut counts: BTreeMap<String, (String, String, u64)> = BTreeMap::new();
    let mut add = |code: &str, id: &str, term: &str, count: u64| {
        if count > 0 {
            counts.entry(code.to_owned()).or_insert_with(|| (id.to_owned(), term.to_owned(), 0)).2 += count;
        }
    };
    for (group, place, count) in cells {
        let (own, count) = (&lists.groups[*group], u64::from(*count));
        let kommun = lists.kommuner.get(*place);
        match kind {
            // No old id: left out.
            "occupation-group" if group % 97 == 13 => {}
            "occupation-group" if group % 50 == 8 => {
                add(&own.ssyk, &own.id, &own.label, count - count / 3);
                add(&format!("{}x", own.ssyk), &own.id, &own.label, count / 3);
            }
            "occupation-group" => add(&own.ssyk, &own.id, &own.label, count),
            "occupation-field" => add(&own.field_id, &own.field_id, &own.field, count),
            "municipality" => {
                if let Some(kommun) = kommun {
                    add(&kommun.code, &kommun.id, &kommun.name, count);
                }
            }
            "region" => {
                let code = kommun.and_then(|kommun| kommun.code.get(..2)).unwrap_or_default();
                if let Some(lan) = lists.lan.iter().find(|lan| lan.code == code) {
                    add(&lan.code, &lan.id, &lan.name, count);
                }
            }
            "country" if *place <= lists.kommuner.len() => add("199", &lists.nation, "Sverige", count),
            _ => {}
        }
    }
    let mut values: Vec<(String, (String, String, u64))> = counts.into_iter().collect();
    values.sort_by(|(code, (.., count)), (other, (.., more))| more.cmp(count).then_with(|| code.cmp(other)));
    let value = |(code, (id, term, count)): (String, (String, String, u64))| json!({ "term": term, "concept_id": id, "code": code, "count": count });
    values.into_iter().take(usize::try_from(most).unwrap_or(usize::MAX)).map(value).collect()
}
