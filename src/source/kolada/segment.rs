//! Groups indicators and units into the fewest calls.
//!
//! An indicator for municipalities has no values for regions, and the other
//! way round, so those pairs are not asked for. What remains can be covered by
//! calls in several ways; the one with the fewest calls is taken. No call asks
//! for more rows than fit a page: the pages of an answer are asked for one by
//! one, and a revision may come between them.

use std::collections::HashMap;

use super::super::SourceError;
use super::super::chunk::chunks;
use super::answer::Kpi;
use super::lookup::{Level, Unit};
use super::{PAGE, SEGMENT};

/// One data call: every combination of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub kpis: Vec<String>,
    pub units: Vec<String>,
    pub years: Vec<String>,
}

impl Segment {
    /// Values in the answer if every combination has one: three where the indicator is divided by sex.
    pub fn cells(&self, kpis: &HashMap<&str, &Kpi>) -> u64 {
        let divided = |id: &String| kpis.get(id.as_str()).is_some_and(|kpi| kpi.is_divided_by_gender);
        let per_combination: usize = self.kpis.iter().map(|id| if divided(id) { 3 } else { 1 }).sum();
        (per_combination * self.units.len() * self.years.len()) as u64
    }
}

/// Who an indicator is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Municipalities,
    Regions,
    Both,
}

/// Units that the same indicators have values for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// The nation and groups: any indicator.
    Common,
    Municipalities,
    Regions,
}

use Class::{Common, Municipalities as InMunicipalities, Regions as InRegions};
use For::{Both, Municipalities, Regions};

/// One block of a cover: these indicators for these units.
type Block = (&'static [For], &'static [Class]);

/// The ways to cover every meaningful pair exactly once.
const COVERS: &[&[Block]] = &[
    &[
        (&[Municipalities], &[Common, InMunicipalities]),
        (&[Regions], &[Common, InRegions]),
        (&[Both], &[Common, InMunicipalities, InRegions]),
    ],
    &[
        (&[Municipalities, Both], &[Common, InMunicipalities]),
        (&[Regions, Both], &[InRegions]),
        (&[Regions], &[Common]),
    ],
    &[
        (&[Municipalities, Both], &[InMunicipalities]),
        (&[Regions, Both], &[Common, InRegions]),
        (&[Municipalities], &[Common]),
    ],
    &[
        (&[Municipalities, Both], &[InMunicipalities]),
        (&[Regions, Both], &[InRegions]),
        (&[Municipalities, Regions, Both], &[Common]),
    ],
    &[
        (&[Municipalities], &[Common, InMunicipalities]),
        (&[Regions, Both], &[Common, InRegions]),
        (&[Both], &[InMunicipalities]),
    ],
];

/// All that is asked for.
#[derive(Debug)]
pub struct Segments {
    /// In a stable order.
    pub calls: Vec<Segment>,
    /// Calls that the lengths of lists and pages demand, however the calls are made.
    pub lower_bound: u64,
    /// Words for the operator about what is not asked for.
    pub notes: Vec<String>,
}

pub fn segments(kpis: &[Kpi], units: &[Unit], years: &[String]) -> Result<Segments, SourceError> {
    let mut notes = Vec::new();
    for kpi in kpis {
        let meant = meant_for(kpi);
        if !units.iter().any(|unit| fits(meant, class(unit))) {
            let whom = if meant == Regions { "regions" } else { "municipalities" };
            notes.push(format!("{} has values for {whom} only, and none is asked for", kpi.id));
        }
    }
    let best = COVERS.iter().map(|cover| calls(cover, kpis, units, years)).min_by_key(Vec::len).unwrap_or_default();
    if best.is_empty() {
        let why = match notes.first() {
            Some(note) => note.clone(),
            None => "no indicator or no unit is named".to_owned(),
        };
        return Err(SourceError::NothingToAsk { why });
    }
    let rows: usize = best.iter().map(|call| call.kpis.len() * call.units.len() * call.years.len()).sum();
    Ok(Segments { lower_bound: rows.div_ceil(PAGE) as u64, calls: best, notes })
}

/// Every combination of these lists, for units that any of the indicators may have values for; and the fewest calls
/// that could do it.
pub fn of_lists(kpis: &[String], units: &[String], years: &[String]) -> (Vec<Segment>, u64) {
    let [kpis_each, units_each, years_each] = lengths([kpis.len(), units.len(), years.len()]);
    let mut segments = Vec::new();
    for kpis in chunks(kpis, kpis_each) {
        for units in chunks(units, units_each) {
            segments.extend(chunks(years, years_each).map(|years| Segment {
                kpis: kpis.to_vec(),
                units: units.to_vec(),
                years: years.to_vec(),
            }));
        }
    }
    let rows = kpis.len() * units.len() * years.len();
    (segments, rows.div_ceil(PAGE) as u64)
}

fn calls(cover: &[Block], kpis: &[Kpi], units: &[Unit], years: &[String]) -> Vec<Segment> {
    let mut segments = Vec::new();
    for (whom, classes) in cover {
        let kpis: Vec<&Kpi> = kpis.iter().filter(|kpi| whom.contains(&meant_for(kpi))).collect();
        let units: Vec<&Unit> = units.iter().filter(|unit| classes.contains(&class(unit))).collect();
        let [kpis_each, units_each, years_each] = lengths([kpis.len(), units.len(), years.len()]);
        for kpis in chunks(&kpis, kpis_each) {
            for units in chunks(&units, units_each) {
                segments.extend(chunks(years, years_each).map(|years| Segment {
                    kpis: kpis.iter().map(|kpi| kpi.id.clone()).collect(),
                    units: units.iter().map(|unit| unit.id.clone()).collect(),
                    years: years.to_vec(),
                }));
            }
        }
    }
    segments
}

/// How long the lists of a call may be, so that its rows fit a page and the calls are the fewest. Where
/// several lengths make as few, indicators are kept together before units, and units before years.
fn lengths(sizes: [usize; 3]) -> [usize; 3] {
    let (mut best, mut fewest) = ([1; 3], usize::MAX);
    for kpis in (1..=SEGMENT).rev() {
        for units in (1..=SEGMENT.min(PAGE / kpis)).rev() {
            let lengths = [kpis, units, SEGMENT.min(PAGE / (kpis * units))];
            let calls = sizes.iter().zip(lengths).map(|(size, length)| size.div_ceil(length)).product();
            if calls < fewest {
                (best, fewest) = (lengths, calls);
            }
        }
    }
    best
}

/// A type that is not known may be for anyone: better an empty answer than values lost.
fn meant_for(kpi: &Kpi) -> For {
    match kpi.municipality_type.as_str() {
        "K" => Municipalities,
        "L" => Regions,
        _ => Both,
    }
}

fn class(unit: &Unit) -> Class {
    match unit.level {
        Level::Nation | Level::Group => Common,
        Level::Municipality => InMunicipalities,
        Level::Region => InRegions,
    }
}

fn fits(meant: For, class: Class) -> bool {
    !matches!((meant, class), (Municipalities, InRegions) | (Regions, InMunicipalities))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn kpis(counts: [usize; 3]) -> Vec<Kpi> {
        let of = |kind: &'static str, count: usize| {
            (0..count).map(move |number| {
                let text = format!(
                    r#"{{"id": "{kind}{number}", "title": "", "is_divided_by_gender": 0, "municipality_type": "{kind}"}}"#
                );
                serde_json::from_str(&text).unwrap()
            })
        };
        of("K", counts[0]).chain(of("L", counts[1])).chain(of("A", counts[2])).collect()
    }

    fn sweden() -> Vec<Unit> {
        let unit = |id: String, level| Unit { id, title: String::new(), level };
        std::iter::once(unit("0000".into(), Level::Nation))
            .chain((1..=21).map(|number| unit(format!("00{number:02}"), Level::Region)))
            .chain((1..=290).map(|number| unit(format!("{:04}", 100 + number), Level::Municipality)))
            .collect()
    }

    fn years(count: usize) -> Vec<String> {
        (0..count).map(|number| (2000 + number).to_string()).collect()
    }

    #[test]
    fn every_cover_asks_for_each_meaningful_pair_once() {
        let (kpis, units) = (kpis([3, 2, 4]), sweden());
        let meaningful =
            kpis.iter().flat_map(|kpi| units.iter().filter(|unit| fits(meant_for(kpi), class(unit)))).count();
        for cover in COVERS {
            let mut pairs = HashSet::new();
            for segment in calls(cover, &kpis, &units, &years(1)) {
                for kpi in &segment.kpis {
                    for unit in &segment.units {
                        assert!(pairs.insert((kpi.clone(), unit.clone())), "{kpi} {unit} twice");
                    }
                }
            }
            assert_eq!(pairs.len(), meaningful);
        }
    }

    #[test]
    fn calls_are_few_and_short() {
        for (counts, year_count, expected) in [
            // 291 units of the nation and municipalities: 12 lists of at most 25.
            ([10, 0, 0], 5, 12),
            // Regions cost one list more, whichever way the kinds are mixed.
            ([10, 0, 10], 5, 13),
            ([10, 3, 10], 5, 14),
            ([0, 3, 0], 26, 2),
            ([26, 0, 0], 5, 24),
            // As much as fits a page, and more.
            ([25, 0, 0], 8, 12),
            ([10, 0, 0], 20, 12),
            // Shorter lists of units cost less than years in two parts.
            ([11, 0, 0], 20, 14),
            ([25, 0, 0], 25, 37),
        ] {
            let segments = segments(&kpis(counts), &sweden(), &years(year_count)).unwrap();
            assert_eq!(segments.calls.len(), expected, "{counts:?}");
            assert!(segments.lower_bound <= expected as u64);
            assert!(segments.notes.is_empty());
            for Segment { kpis, units, years } in segments.calls {
                assert!([&kpis, &units, &years].iter().all(|list| list.len() <= SEGMENT));
                assert!(kpis.len() * units.len() * years.len() <= PAGE, "the answer would have pages");
            }
        }
    }

    #[test]
    fn an_indicator_without_units_is_told() {
        let units: Vec<Unit> = sweden().into_iter().filter(|unit| unit.level == Level::Region).collect();
        let Segments { notes, .. } = segments(&kpis([1, 1, 0]), &units, &years(1)).unwrap();
        assert_eq!(notes, ["K0 has values for municipalities only, and none is asked for"]);
        let error = segments(&kpis([1, 0, 0]), &units, &years(1)).unwrap_err();
        assert!(matches!(error, SourceError::NothingToAsk { .. }));
    }
}
