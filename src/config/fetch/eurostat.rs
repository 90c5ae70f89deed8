//! `[fetch.NAME.eurostat]`.

use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct EurostatFetch {
    /// The dataset's code.
    pub dataset: String,
    /// Dimension → codes or expressions; every dimension but `freq`, `geo` and `time` has to be named.
    pub select: BTreeMap<String, Vec<String>>,
    pub geo_level: Option<GeoLevel>,
    pub time: EurostatTime,
    /// Dimension → column.
    pub rename: BTreeMap<String, String>,
    /// The column of values.
    pub value: String,
    pub format: EurostatFormat,
}

/// Regions of one level of the NUTS, told by the length of their codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeoLevel {
    Country,
    Nuts1,
    Nuts2,
    Nuts3,
}

impl GeoLevel {
    /// As Eurostat's `geoLevel` names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Nuts1 => "nuts1",
            Self::Nuts2 => "nuts2",
            Self::Nuts3 => "nuts3",
        }
    }

    /// Whether a code is of this level. Aggregates such as `EU27_2020` are of none.
    pub fn holds(self, code: &str) -> bool {
        let length = match self {
            Self::Country => 2,
            Self::Nuts1 => 3,
            Self::Nuts2 => 4,
            Self::Nuts3 => 5,
        };
        let country = code.get(..2).is_some_and(|country| country.bytes().all(|byte| byte.is_ascii_uppercase()));
        let rest = code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        // Neither the union, the euro area nor the economic area is a country, though their codes begin like one.
        let aggregate = ["EU", "EA", "EEA"].iter().any(|start| code.starts_with(start));
        country && rest && code.len() == length && !aggregate
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EurostatTime {
    /// Whatever `select` says of `time`, else every period.
    Selected,
    Span {
        since: Option<String>,
        until: Option<String>,
    },
    /// That many periods, the latest.
    Latest(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EurostatFormat {
    /// JSON-stat, with labels.
    Json,
    /// SDMX-CSV, without labels, for large extractions.
    SdmxCsv,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_told_by_the_length_of_codes() {
        assert!(GeoLevel::Country.holds("SE") && GeoLevel::Nuts3.holds("SE110") && GeoLevel::Nuts2.holds("DE1A"));
        for aggregate in ["EU27_2020", "EA20", "EU28", "EEA30"] {
            assert!(
                ![GeoLevel::Country, GeoLevel::Nuts1, GeoLevel::Nuts2, GeoLevel::Nuts3]
                    .iter()
                    .any(|level| level.holds(aggregate)),
                "{aggregate}"
            );
        }
        assert!(!GeoLevel::Nuts2.holds("SE1"));
    }
}
