//! A part of all events, small enough to be asked for in one page, or to be
//! cut: by place, direction, type of school, distance, pace, way of starting
//! and start.

use std::collections::BTreeMap;
use std::fmt;

use super::super::encode::encode_list;
use super::{PAGE, version};
use crate::fetch::Request;

/// What events can be told apart by, in the order that they are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dim {
    Area,
    Direction,
    Type,
    Distance,
    Pace,
    Condition,
    Start,
}

impl Dim {
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::Area => "geographicalAreaCode",
            Self::Direction => "directionIds",
            Self::Type => "typeOfSchool",
            Self::Distance => "distance",
            Self::Pace => "paceOfStudy",
            Self::Condition => "executionCondition",
            Self::Start => "semesterStartFrom",
        }
    }
}

/// Filters that all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slice(BTreeMap<Dim, Vec<String>>);

impl Slice {
    pub fn with(&self, dim: Dim, values: &[String]) -> Self {
        let mut filters = self.0.clone();
        filters.insert(dim, values.to_vec());
        Self(filters)
    }

    /// The only value of a filter.
    pub fn only(&self, dim: Dim) -> Option<&str> {
        match self.0.get(&dim).map(Vec::as_slice) {
            Some([value]) => Some(value),
            _ => None,
        }
    }

    pub fn has(&self, dim: Dim) -> bool {
        self.0.contains_key(&dim)
    }

    pub fn request(&self) -> Request {
        let mut path = format!("{}/adult-education-events?page=0&size={PAGE}", version::CURRENT.path);
        for (dim, values) in &self.0 {
            path.push('&');
            path.push_str(dim.parameter());
            path.push('=');
            path.push_str(&encode_list(values));
        }
        Request::get(path).accepting(version::CURRENT.accept)
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("all of Sweden");
        }
        for (place, (dim, values)) in self.0.iter().enumerate() {
            let between = if place == 0 { "" } else { " " };
            match values.as_slice() {
                [first, .., last] if values.len() > 8 => {
                    write!(f, "{between}{}={first}…{last} ({} values)", dim.parameter(), values.len())?;
                }
                _ => write!(f, "{between}{}={}", dim.parameter(), values.join(","))?,
            }
        }
        Ok(())
    }
}

/// One way to cut a slice.
#[derive(Clone, Debug)]
pub struct Cut {
    pub dim: Dim,
    pub values: Vec<String>,
    /// A call may name several values at once.
    pub lists: bool,
}

/// What slices can be cut by.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// Four digits each.
    pub municipalities: Vec<String>,
    pub directions: Vec<String>,
    pub types: Vec<String>,
}

impl Ways {
    /// The cuts that are left for a slice, in order.
    pub fn cuts(&self, slice: &Slice) -> Vec<Cut> {
        let mut cuts = Vec::new();
        let area = match slice.only(Dim::Area) {
            None => Some(counties(&self.municipalities)),
            Some(code) if code.len() == 2 => {
                Some(self.municipalities.iter().filter(|one| one.starts_with(code)).cloned().collect())
            }
            Some(_) => None,
        };
        if let Some(values) = area {
            cuts.push(Cut { dim: Dim::Area, values, lists: false });
        }
        let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        // Paces overlap where they meet, so that none falls between.
        for (dim, values, lists) in [
            (Dim::Direction, self.directions.clone(), true),
            (Dim::Type, self.types.clone(), false),
            (Dim::Distance, texts(&["true", "false"]), false),
            (Dim::Pace, texts(&["0-25", "25-50", "50-75", "75-100"]), false),
            (Dim::Condition, texts(&["0", "1", "2", "3"]), false),
            (Dim::Start, quarters(), true),
        ] {
            if !slice.has(dim) && !values.is_empty() {
                cuts.push(Cut { dim, values, lists });
            }
        }
        cuts
    }
}

pub fn counties(municipalities: &[String]) -> Vec<String> {
    let mut counties: Vec<String> = municipalities.iter().filter_map(|code| code.get(..2)).map(str::to_owned).collect();
    counties.sort_unstable();
    counties.dedup();
    counties
}

/// Windows of a start, whatever the day of the run: a version must be computable again years later.
fn quarters() -> Vec<String> {
    let window = |year: u16, (first, last): (&str, &str)| format!("{year}-{first}TO{year}-{last}");
    let quarters = [("01-01", "03-31"), ("04-01", "06-30"), ("07-01", "09-30"), ("10-01", "12-31")];
    (2020..=2035).flat_map(|year| quarters.map(|quarter| window(year, quarter))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn a_slice_is_a_path_and_a_sentence() {
        let slice = Slice::default().with(Dim::Direction, &texts(&["1", "4"])).with(Dim::Area, &texts(&["1480"]));
        assert_eq!(
            slice.request().path,
            "/v4/adult-education-events?page=0&size=100&geographicalAreaCode=1480&directionIds=1,4"
        );
        assert_eq!(slice.to_string(), "geographicalAreaCode=1480 directionIds=1,4");
        assert_eq!(Slice::default().to_string(), "all of Sweden");
        assert!(slice.request().accept.is_some_and(|accept| accept.contains(".v4.")));
    }

    #[test]
    fn a_country_is_cut_into_counties_and_those_into_municipalities() {
        let ways = Ways {
            municipalities: texts(&["0114", "0180", "1480"]),
            directions: texts(&["1", "2"]),
            types: texts(&["yh"]),
        };
        let cut = |slice: &Slice| ways.cuts(slice).first().map(|cut| (cut.dim, cut.values.clone()));
        assert_eq!(cut(&Slice::default()), Some((Dim::Area, texts(&["01", "14"]))));
        let county = Slice::default().with(Dim::Area, &texts(&["01"]));
        assert_eq!(cut(&county), Some((Dim::Area, texts(&["0114", "0180"]))));
        let municipality = Slice::default().with(Dim::Area, &texts(&["0180"]));
        assert_eq!(cut(&municipality), Some((Dim::Direction, texts(&["1", "2"]))));
        let direction = municipality.with(Dim::Direction, &texts(&["1"]));
        assert_eq!(cut(&direction), Some((Dim::Type, texts(&["yh"]))));
        assert_eq!(ways.cuts(&direction).len(), 5);
    }
}
