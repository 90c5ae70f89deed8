//! Which cells are asked for: the codes of each dimension, cut into pieces that
//! are answered at once, and the addresses that ask for them.

use std::ops::Range;

use super::super::SourceError;
use super::super::encode::encode;
use super::super::nearest_code::nearest_code;
use super::super::selection::CodeList;
use super::structure::{Structure, TIME};
use super::{column, measure};
use crate::config::{EurostatFetch, EurostatFormat, EurostatTime};

/// A longer address is not sent: proxies and servers cut or refuse it.
const LONGEST: usize = 3000;

/// Periods that are reckoned with where the dataset does not list them.
const PERIODS: u64 = 40;

#[derive(Clone, Debug)]
pub struct Dimension {
    pub id: String,
    /// Those asked for, in the dataset's order; none of a time dimension whose periods are not listed.
    pub codes: Vec<String>,
    /// Every code of the dataset.
    pub all: bool,
    /// Every region of the level that is asked for.
    whole_level: bool,
    pub time: bool,
}

#[derive(Clone, Debug)]
pub struct Query {
    pub dimensions: Vec<Dimension>,
    time: EurostatTime,
    periods_known: bool,
}

/// A part of the cells: a run of codes of each dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece(Vec<Range<usize>>);

impl Piece {
    pub fn cells(&self, query: &Query) -> u64 {
        let size = |(range, dimension): (&Range<usize>, &Dimension)| {
            if dimension.time && !query.periods_known && dimension.codes.is_empty() {
                match &query.time {
                    EurostatTime::Latest(count) => u64::from(*count),
                    _ => PERIODS,
                }
            } else {
                range.len() as u64
            }
        };
        self.0.iter().zip(&query.dimensions).map(size).fold(1, u64::saturating_mul)
    }
}

impl Query {
    pub fn new(fetch: &EurostatFetch, structure: &Structure) -> Result<Self, SourceError> {
        let known: Vec<String> = structure.dimensions.iter().map(|(id, _)| id.clone()).collect();
        for id in fetch.select.keys().chain(fetch.rename.keys()) {
            if !known.contains(id) {
                let pairs: Vec<(String, String)> = known.iter().map(|id| (id.clone(), String::new())).collect();
                return Err(SourceError::UnknownDimension {
                    table: fetch.dataset.clone(),
                    dimension: id.clone(),
                    nearest: nearest_code(id, &pairs),
                    known,
                });
            }
        }
        let dimensions = structure
            .dimensions
            .iter()
            .map(|(id, codes)| match id.as_str() {
                TIME => periods(fetch, codes, structure.periods_known),
                _ => dimension(fetch, id, codes),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut columns: Vec<(String, String)> =
            dimensions.iter().map(|dimension| (column(fetch, &dimension.id), dimension.id.clone())).collect();
        columns.push((measure(fetch).column, "the value".to_owned()));
        for (at, (column, second)) in columns.iter().enumerate() {
            if let Some((_, first)) = columns[..at].iter().find(|(other, _)| other == column) {
                return Err(SourceError::SameColumn {
                    column: column.clone(),
                    first: first.clone(),
                    second: second.clone(),
                });
            }
        }
        Ok(Self { dimensions, time: fetch.time.clone(), periods_known: structure.periods_known })
    }

    /// All that is asked for, as one piece.
    pub fn whole(&self) -> Piece {
        Piece(self.dimensions.iter().map(|dimension| 0..dimension.codes.len()).collect())
    }

    /// The fewest pieces of even size along one dimension after the other that hold no more than `limit` cells each
    /// and can be asked for by an address of the allowed length.
    pub fn parts(&self, limit: u64) -> Vec<Piece> {
        let mut left = vec![self.whole()];
        let mut parts = Vec::new();
        while let Some(piece) = left.pop() {
            let cells = piece.cells(self);
            let cut = if cells > limit { self.cut(&piece, cells, limit) } else { self.shorten(&piece) };
            match cut {
                // The first part is taken from the end of the list, and so comes first.
                Some(pieces) => left.extend(pieces.into_iter().rev()),
                None => parts.push(piece),
            }
        }
        parts
    }

    /// A piece cut along the dimension that makes the fewest parts of it.
    fn cut(&self, piece: &Piece, cells: u64, limit: u64) -> Option<Vec<Piece>> {
        let ways = piece.0.iter().enumerate().filter(|(_, range)| range.len() > 1).map(|(at, range)| {
            let each = cells / range.len() as u64;
            let longest = usize::try_from(limit / each.max(1)).unwrap_or(usize::MAX).clamp(1, range.len());
            let parts = range.len().div_ceil(longest);
            // Where one dimension is not enough, the longest is cut first.
            (each > limit, if each > limit { usize::MAX - range.len() } else { parts }, at, parts.max(2))
        });
        let (_, _, at, parts) = ways.min()?;
        Some(self.runs(piece, at, parts))
    }

    fn runs(&self, piece: &Piece, at: usize, parts: usize) -> Vec<Piece> {
        let range = &piece.0[at];
        let run = |nth: usize| {
            let run = super::super::chunk::nth_run(range.len() as u64, parts as u64, nth as u64);
            let mut ranges = piece.0.clone();
            ranges[at] = range.start + run.start..range.start + run.end;
            Piece(ranges)
        };
        (0..parts).map(run).collect()
    }

    /// Two halves along the dimension with the longest list in the address, where that is too long.
    fn shorten(&self, piece: &Piece) -> Option<Vec<Piece>> {
        let lengths: Vec<usize> = (0..self.dimensions.len()).map(|at| self.terms(at, piece).len()).collect();
        if lengths.iter().sum::<usize>() <= LONGEST {
            return None;
        }
        let (_, at) = lengths.iter().zip(0..).filter(|(_, at)| piece.0[*at].len() > 1).max()?;
        Some(self.runs(piece, at, 2))
    }

    /// Two halves along the longest dimension; none of a single cell.
    pub fn halves(&self, piece: &Piece) -> Option<(Piece, Piece)> {
        let (_, at) =
            piece.0.iter().zip(0..).map(|(range, at)| (range.len(), at)).filter(|(size, _)| *size > 1).max()?;
        let mut halves = self.runs(piece, at, 2).into_iter();
        halves.next().zip(halves.next())
    }

    /// The address of a piece as JSON-stat.
    pub fn path(&self, fetch: &EurostatFetch, piece: &Piece) -> String {
        let mut path = format!("/statistics/1.0/data/{}?format=JSON&lang=EN", encode(&fetch.dataset));
        for at in 0..self.dimensions.len() {
            path.push_str(&self.terms(at, piece));
        }
        path
    }

    /// What the address says of a dimension; nothing where all of it is meant.
    fn terms(&self, at: usize, piece: &Piece) -> String {
        let (dimension, range) = (&self.dimensions[at], &piece.0[at]);
        let whole = range.len() == dimension.codes.len();
        if dimension.time && whole {
            match &self.time {
                EurostatTime::Latest(count) => return format!("&lastTimePeriod={count}"),
                EurostatTime::Span { since, until } => {
                    let term = |name: &str, period: &Option<String>| {
                        period.as_ref().map(|period| format!("&{name}={}", encode(period))).unwrap_or_default()
                    };
                    return term("sinceTimePeriod", since) + &term("untilTimePeriod", until);
                }
                EurostatTime::Selected => {}
            }
        }
        if whole && dimension.all {
            return String::new();
        }
        if whole
            && dimension.whole_level
            && let Some(level) = self.level(dimension)
        {
            return format!("&geoLevel={level}");
        }
        dimension.codes[range.clone()]
            .iter()
            .map(|code| format!("&{}={}", encode(&dimension.id), encode(code)))
            .collect()
    }

    fn level(&self, dimension: &Dimension) -> Option<&'static str> {
        use crate::config::GeoLevel;
        let levels = [GeoLevel::Country, GeoLevel::Nuts1, GeoLevel::Nuts2, GeoLevel::Nuts3];
        let of = |level: &GeoLevel| dimension.codes.first().is_some_and(|code| level.holds(code));
        levels.into_iter().find(of).map(GeoLevel::as_str)
    }

    /// The codes of a piece on one dimension.
    pub fn codes(&self, at: usize, piece: &Piece) -> &[String] {
        &self.dimensions[at].codes[piece.0[at].clone()]
    }

    /// Whether a period is asked for.
    pub fn wants_period(&self, at: usize, piece: &Piece, period: &str) -> bool {
        let codes = self.codes(at, piece);
        if !codes.is_empty() {
            return codes.iter().any(|code| code == period);
        }
        within(&self.time, period)
    }

    /// Names what is asked for.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for dimension in &self.dimensions {
            for text in std::iter::once(&dimension.id).chain(&dimension.codes) {
                hasher.update(text.as_bytes()).update(&[0]);
            }
            hasher.update(&[1]);
        }
        hasher.update(format!("{:?}", self.time).as_bytes());
        hasher.finalize().to_hex()[..16].to_owned()
    }
}

/// The address of the whole dataset.
pub fn bulk_path(dataset: &str) -> String {
    format!("/sdmx/2.1/data/{}/?format=SDMX-CSV&compressed=true", encode(dataset))
}

/// Whether a period lies in a span; `2015` as the last means all of that year.
fn within(time: &EurostatTime, period: &str) -> bool {
    let EurostatTime::Span { since, until } = time else { return true };
    let before_end = |until: &String| period.get(..until.len()).unwrap_or(period) <= until.as_str();
    since.as_ref().is_none_or(|since| period >= since.as_str()) && until.as_ref().is_none_or(before_end)
}

fn dimension(fetch: &EurostatFetch, id: &str, codes: &[String]) -> Result<Dimension, SourceError> {
    let every = vec!["*".to_owned()];
    let level = fetch.geo_level.filter(|_| id == "geo");
    let expressions = match fetch.select.get(id) {
        Some(expressions) => expressions,
        None if id == "freq" || level.is_some() => &every,
        None => return Err(SourceError::NotEliminable { dimension: id.to_owned() }),
    };
    let pairs: Vec<(String, String)> = codes.iter().map(|code| (code.clone(), String::new())).collect();
    let chosen = CodeList { dimension: id, codes: &pairs, is_time: false }.resolve(expressions)?;
    let mut chosen: Vec<String> = chosen.into_iter().map(|at| codes[at].clone()).collect();
    let mut whole_level = false;
    if let Some(level) = level {
        chosen.retain(|code| level.holds(code));
        whole_level = chosen.len() == codes.iter().filter(|code| level.holds(code)).count();
        if chosen.is_empty() {
            let expression = format!("{} of level {}", expressions.join(", "), level.as_str());
            return Err(SourceError::EmptySelection { dimension: id.to_owned(), expression });
        }
    }
    Ok(Dimension { id: id.to_owned(), all: chosen.len() == codes.len(), codes: chosen, whole_level, time: false })
}

fn periods(fetch: &EurostatFetch, codes: &[String], known: bool) -> Result<Dimension, SourceError> {
    let of =
        |codes: Vec<String>, all: bool| Dimension { id: TIME.to_owned(), codes, all, whole_level: false, time: true };
    let expressions = fetch.select.get(TIME);
    let plain = |list: &Vec<String>| list.iter().all(|one| !super::super::selection::is_expression(one));
    let unknown = |expression: &str| SourceError::Expression {
        dimension: TIME.to_owned(),
        expression: expression.to_owned(),
        why: "the dataset does not list its periods: name them, or use `since`, `until` or `latest`",
    };
    match (&fetch.time, expressions) {
        (EurostatTime::Latest(_), _) if !known && fetch.format == EurostatFormat::SdmxCsv => Err(unknown("latest")),
        (EurostatTime::Selected, Some(list)) if !known => match list.as_slice() {
            [star] if star == "*" => Ok(of(Vec::new(), true)),
            _ if plain(list) => Ok(of(list.clone(), false)),
            _ => Err(unknown(&list.join(", "))),
        },
        _ if !known => Ok(of(Vec::new(), true)),
        (EurostatTime::Selected, None) => Ok(of(codes.to_vec(), true)),
        (EurostatTime::Selected, Some(list)) => {
            let pairs: Vec<(String, String)> = codes.iter().map(|code| (code.clone(), String::new())).collect();
            let chosen = CodeList { dimension: TIME, codes: &pairs, is_time: true }.resolve(list)?;
            let chosen: Vec<String> = chosen.into_iter().map(|at| codes[at].clone()).collect();
            Ok(of(chosen.clone(), chosen.len() == codes.len()))
        }
        (EurostatTime::Latest(count), _) => {
            let first = codes.len().saturating_sub(usize::from(*count));
            Ok(of(codes[first..].to_vec(), first == 0))
        }
        (span @ EurostatTime::Span { since, until }, _) => {
            let chosen: Vec<String> = codes.iter().filter(|code| within(span, code)).cloned().collect();
            if chosen.is_empty() {
                let text = |period: &Option<String>| period.clone().unwrap_or_default();
                let expression = format!("{}..{}", text(since), text(until));
                return Err(SourceError::EmptySelection { dimension: TIME.to_owned(), expression });
            }
            let all = chosen.len() == codes.len();
            Ok(of(chosen, all))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::GeoLevel;

    fn structure() -> Structure {
        let list = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<String>>();
        let years: Vec<String> = (2000..2024).map(|year| year.to_string()).collect();
        Structure {
            dimensions: vec![
                ("freq".into(), list(&["A"])),
                ("sex".into(), list(&["T", "M", "F"])),
                ("geo".into(), list(&["EU27_2020", "SE", "SE1", "SE11", "SE12", "SE110", "SE121", "DE"])),
                (TIME.into(), years),
            ],
            periods_known: true,
        }
    }

    fn fetch(select: &[(&str, &[&str])]) -> EurostatFetch {
        let list = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
        EurostatFetch {
            dataset: "prov_01".into(),
            select: select.iter().map(|(id, codes)| ((*id).to_owned(), list(codes))).collect(),
            geo_level: None,
            time: EurostatTime::Selected,
            rename: BTreeMap::new(),
            value: "varde".into(),
            format: EurostatFormat::Json,
        }
    }

    fn path(fetch: &EurostatFetch) -> String {
        let query = Query::new(fetch, &structure()).unwrap();
        query.path(fetch, &query.whole()).replace("/statistics/1.0/data/prov_01?format=JSON&lang=EN", "")
    }

    #[test]
    fn an_address_says_only_what_is_left_out() {
        let base = fetch(&[("sex", &["*"]), ("geo", &["SE*"])]);
        assert_eq!(path(&base), "&geo=SE&geo=SE1&geo=SE11&geo=SE12&geo=SE110&geo=SE121");
        assert_eq!(path(&fetch(&[("sex", &["T"]), ("geo", &["*"])])), "&sex=T");
        let level = EurostatFetch { geo_level: Some(GeoLevel::Nuts2), ..fetch(&[("sex", &["*"])]) };
        assert_eq!(path(&level), "&geoLevel=nuts2");
        let level = EurostatFetch { select: base.select.clone(), geo_level: Some(GeoLevel::Country), ..level };
        assert_eq!(path(&level), "&geo=SE", "DE is of the level too, but not meant");
        let time = |time| EurostatFetch { time, ..fetch(&[("sex", &["*"]), ("geo", &["*"])]) };
        assert_eq!(path(&time(EurostatTime::Latest(3))), "&lastTimePeriod=3");
        let span = EurostatTime::Span { since: Some("2015".into()), until: Some("2017".into()) };
        assert_eq!(path(&time(span)), "&sinceTimePeriod=2015&untilTimePeriod=2017");
        let listed = fetch(&[("sex", &["*"]), ("geo", &["*"]), ("time", &["TOP(2)"])]);
        assert_eq!(path(&listed), "&time=2022&time=2023");
    }

    #[test]
    fn what_the_dataset_does_not_have_is_named() {
        let say = |fetch: &EurostatFetch| {
            let error = Query::new(fetch, &structure()).unwrap_err();
            (error.to_string(), error.hint().unwrap_or_default())
        };
        let (error, hint) = say(&fetch(&[("sex", &["*"])]));
        assert_eq!(error, "dimension \"geo\" is not selected, and the table cannot do without it");
        assert_eq!(hint, "add it to `select`, such as geo = \"*\"");
        let (error, hint) = say(&fetch(&[("sex", &["TOT"]), ("geo", &["*"])]));
        assert_eq!(error, "dimension \"sex\" has no code \"TOT\"");
        assert!(!hint.is_empty());
        let (error, hint) = say(&fetch(&[("sexx", &["*"]), ("geo", &["*"])]));
        assert_eq!(
            (error.as_str(), hint.as_str()),
            ("table prov_01 has no dimension \"sexx\"", "did you mean \"sex\"?")
        );
        let base = fetch(&[("sex", &["*"]), ("geo", &["EU*"])]);
        let (error, _) = say(&EurostatFetch { geo_level: Some(GeoLevel::Nuts3), ..base });
        assert_eq!(error, "dimension \"geo\": \"EU* of level nuts3\" selects no code");
        let renamed = BTreeMap::from([("geo".to_owned(), "sex".to_owned())]);
        let (error, _) = say(&EurostatFetch { rename: renamed, ..fetch(&[("sex", &["*"]), ("geo", &["*"])]) });
        assert_eq!(error, "sex and geo would both become column \"sex\"");
    }

    #[test]
    fn pieces_cover_every_cell_once_within_the_limit() {
        let fetch = fetch(&[("sex", &["*"]), ("geo", &["*"])]);
        let query = Query::new(&fetch, &structure()).unwrap();
        let whole = query.whole();
        assert_eq!(whole.cells(&query), 3 * 8 * 24);
        for (limit, most) in [(1000, 1), (576, 1), (300, 2), (100, 8), (24, 24), (7, 96), (1, 576)] {
            let parts = query.parts(limit);
            assert!(parts.len() <= most, "{limit}: {}", parts.len());
            assert!(parts.iter().all(|part| part.cells(&query) <= limit));
            assert_eq!(parts.iter().map(|part| part.cells(&query)).sum::<u64>(), 576);
            let distinct: std::collections::BTreeSet<String> =
                parts.iter().map(|part| query.path(&fetch, part)).collect();
            assert_eq!(distinct.len(), parts.len());
        }
        let (one, other) = query.halves(&whole).unwrap();
        assert_eq!(one.cells(&query) + other.cells(&query), 576);
        assert!(query.halves(&query.parts(1)[0]).is_none());
    }

    #[test]
    fn a_long_list_of_codes_is_asked_for_in_addresses_of_a_sound_length() {
        let mut structure = structure();
        structure.dimensions[2].1 = (0..2000).map(|number| format!("SE{number:05}")).collect();
        let fetch = fetch(&[("sex", &["*"]), ("geo", &["SE0*"]), ("time", &["2020"])]);
        let mut short = structure.clone();
        short.dimensions[2].1.push("DE".into());
        let query = Query::new(&fetch, &short).unwrap();
        let parts = query.parts(500_000);
        assert!(parts.len() > 1 && parts.iter().all(|part| query.path(&fetch, part).len() < LONGEST + 100));
        assert_eq!(parts.iter().map(|part| part.cells(&query)).sum::<u64>(), 6000);
    }

    #[test]
    fn periods_that_are_not_listed_are_told_by_the_answers() {
        let mut structure = structure();
        structure.dimensions[3].1.clear();
        structure.periods_known = false;
        let base = fetch(&[("sex", &["*"]), ("geo", &["*"])]);
        let span = EurostatTime::Span { since: Some("2015".into()), until: Some("2016".into()) };
        let query = Query::new(&EurostatFetch { time: span, ..base.clone() }, &structure).unwrap();
        let piece = query.whole();
        assert!(query.wants_period(3, &piece, "2016-12") && query.wants_period(3, &piece, "2015"));
        assert!(!query.wants_period(3, &piece, "2017") && !query.wants_period(3, &piece, "2014-12"));
        assert_eq!(query.whole().cells(&query), 3 * 8 * 40);
        let latest = EurostatFetch { time: EurostatTime::Latest(2), format: EurostatFormat::SdmxCsv, ..base };
        assert!(Query::new(&latest, &structure).is_err());
    }
}
