//! Misbehaviour on order, so that a test can see what the program does about it.
//!
//! A fault names the calls it hits and how often it strikes. Some faults replace
//! the answer, some cut its bytes, and some (the distortions) make the data wrong
//! while the answer stays well formed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Strikes calls whose path with its query contains this; empty strikes all.
    #[serde(default)]
    pub path_contains: String,
    /// How many matching calls pass unharmed first.
    #[serde(default)]
    pub after: u32,
    /// Of the matching calls, only every so many-th is struck: 20 strikes 5 %.
    #[serde(default)]
    pub every: Option<u32>,
    /// How many calls are struck; without it, all.
    #[serde(default)]
    pub times: Option<u32>,
    pub kind: FaultKind,
    /// `status`: what to answer (503 unless told).
    #[serde(default)]
    pub status: Option<u16>,
    /// `status`: the `Retry-After` header, as it is.
    #[serde(default)]
    pub retry_after: Option<String>,
    /// `bomb`: MiB that it unpacks to (1024 unless told).
    #[serde(default)]
    pub size_mib: Option<u32>,
    /// `delay`: how long the answer waits.
    #[serde(default)]
    pub delay_ms: Option<u64>,
    /// `lost_code`: which code disappears (unless told, the last of the first dimension with several).
    /// The drifts of codes: which one; those of contents: which content (unless told, the first); `changed_title`: which
    /// indicator.
    #[serde(default)]
    pub code: Option<String>,
    /// The drifts of dimensions and codes: which dimension (unless told, the first).
    #[serde(default)]
    pub dimension: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// An HTML page with status 200.
    Html200,
    /// Half the document, in an answer that is whole as HTTP.
    Truncate,
    /// Half the body, then the connection breaks: Content-Length promises the whole.
    Drop,
    /// The connection breaks before the body.
    Reset,
    /// A text in another encoding (Windows-1252) than the one it is sent as.
    Charset,
    /// A small gzip body that unpacks to a large one.
    Bomb,
    /// Another status: 429 or 503 with or without `retry_after`, any 5xx.
    Status,
    /// The answer waits.
    #[serde(alias = "slow", alias = "latency")]
    Delay,
    /// `PxWeb`'s refusal of a selection that is too large.
    TooManyCells,
    /// `PxWeb` knows no table: 404, and on `/data` 400 with a 404 inside.
    LostTable,
    /// The value array is one short.
    ShortValue,
    /// A code that was asked for is not in the answer, nor are its cells.
    LostCode,
    /// A kommun 9998 that no reference list knows, in metadata and data.
    UnknownKommun,
    /// The first row comes twice.
    DuplicateKommun,
    /// The source has revised: a later update stamp and other values here and there.
    Revise,
    /// The latest period is not out yet: in `PxWeb` it is not in the table, which was updated a day earlier.
    LateRelease,
    /// Lists that are paged come in another order with every call.
    ReorderedPages,
    /// A dimension has another id and label, `Omrade` (område), in metadata and data.
    RenamedDimension,
    /// A dimension has another label.
    RelabelledDimension,
    /// A code has another label; a unit of Kolada another title.
    RelabelledCode,
    /// A dimension has a code more, whose cells are those of its first code.
    NewCode,
    /// A code is gone, in metadata and data.
    RemovedCode,
    /// The table has a content more, `NYTT` (nytt innehåll).
    NewContent,
    /// A content is gone.
    RemovedContent,
    /// A content is in `tusental`.
    ChangedUnit,
    /// A content has a decimal more.
    ChangedDecimals,
    /// The table, or an indicator of Kolada, has another title.
    ChangedTitle,
    /// An indicator of Kolada has ended: `(-2024)` stands behind its title.
    EndedSeries,
    /// A group of Kolada (`code`) has lost its last member and has another.
    ChangedMembers,
    /// Eurostat finds the extraction too big.
    ExtractionTooBig,
    /// Eurostat wants to be asked later, under `status` (413 unless told).
    AsynchronousResponse,
    /// Eurostat answers with no value at all, or under `status` that there are no results.
    NoValues,
}

impl Fault {
    #[must_use]
    pub fn new(path_contains: &str, kind: FaultKind) -> Self {
        Self {
            path_contains: path_contains.to_owned(),
            after: 0,
            every: None,
            times: None,
            size_mib: None,
            kind,
            status: None,
            retry_after: None,
            delay_ms: None,
            code: None,
            dimension: None,
        }
    }
}

/// Something that the source says differently of its data.
#[derive(Clone, Debug)]
pub struct Drift {
    pub kind: FaultKind,
    pub dimension: Option<String>,
    pub code: Option<String>,
}

/// Which code is not in the answer.
#[derive(Clone, Debug)]
pub enum Lost {
    Named(String),
    /// The last that can be spared.
    Last,
}

/// What the handlers must get wrong in one answer.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fault of its own, and they combine freely")]
pub struct Distortion {
    pub too_many_cells: bool,
    pub lost_table: bool,
    pub short_value: bool,
    pub lost_code: Option<Lost>,
    pub unknown_kommun: bool,
    pub duplicate_kommun: bool,
    pub revise: bool,
    pub late: bool,
    /// By how much paged lists are turned.
    pub turned: Option<usize>,
    pub drift: Vec<Drift>,
    pub extraction_too_big: bool,
    pub asynchronous: Option<u16>,
    pub no_values: bool,
    pub no_results: Option<u16>,
}

/// All that strikes one call.
#[derive(Clone, Debug, Default)]
pub struct Strike {
    pub delay_ms: u64,
    pub html: bool,
    pub status: Option<(u16, Option<String>)>,
    pub truncate: bool,
    pub broken: bool,
    pub reset: bool,
    pub charset: bool,
    /// MiB.
    pub bomb: Option<u32>,
    pub distortion: Distortion,
}

/// A file of faults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    fault: Vec<Fault>,
}

impl Fault {
    /// A list in JSON, or `[[fault]]` in TOML: JSON begins with a bracket that no table in TOML has.
    ///
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn read_all(text: &str) -> Result<Vec<Self>, String> {
        let json = text.trim_start().strip_prefix('[').is_some_and(|rest| !rest.trim_start().starts_with('['));
        if json {
            return serde_json::from_str(text).map_err(|error| error.to_string());
        }
        toml::from_str::<Written>(text).map(|written| written.fault).map_err(|error| error.to_string())
    }
}

/// Each fault with how many calls have matched it.
#[derive(Default)]
pub struct Faults(Mutex<Vec<(Fault, u32)>>);

impl Faults {
    pub fn new(faults: Vec<Fault>) -> Self {
        Self(Mutex::new(faults.into_iter().map(|fault| (fault, 0)).collect()))
    }

    pub fn add(&self, fault: Fault) {
        self.list().push((fault, 0));
    }

    pub fn clear(&self) {
        self.list().clear();
    }

    /// Those that still have strikes left.
    pub fn all(&self) -> Vec<Fault> {
        self.list().iter().map(|(fault, _)| fault.clone()).collect()
    }

    /// What strikes this call; each fault that does is used once.
    pub fn strike(&self, path: &str) -> Strike {
        let mut strike = Strike::default();
        let mut list = self.list();
        for (fault, seen) in list.iter_mut().filter(|(fault, _)| path.contains(&fault.path_contains)) {
            if fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            *seen += 1;
            if fault.every.is_some_and(|every| !seen.is_multiple_of(every.max(1))) {
                continue;
            }
            if let Some(times) = &mut fault.times {
                if *times == 0 {
                    continue;
                }
                *times -= 1;
            }
            let distortion = &mut strike.distortion;
            match fault.kind {
                FaultKind::Html200 => strike.html = true,
                FaultKind::Truncate => strike.truncate = true,
                FaultKind::Drop => strike.broken = true,
                FaultKind::Reset => strike.reset = true,
                FaultKind::Charset => strike.charset = true,
                FaultKind::Bomb => strike.bomb = Some(fault.size_mib.unwrap_or(1024)),
                FaultKind::Status => strike.status = Some((fault.status.unwrap_or(503), fault.retry_after.clone())),
                FaultKind::Delay => strike.delay_ms += fault.delay_ms.unwrap_or(1000),
                FaultKind::TooManyCells => distortion.too_many_cells = true,
                FaultKind::LostTable => distortion.lost_table = true,
                FaultKind::ShortValue => distortion.short_value = true,
                FaultKind::LostCode => distortion.lost_code = Some(fault.code.clone().map_or(Lost::Last, Lost::Named)),
                FaultKind::UnknownKommun => distortion.unknown_kommun = true,
                FaultKind::DuplicateKommun => distortion.duplicate_kommun = true,
                FaultKind::Revise => distortion.revise = true,
                FaultKind::ExtractionTooBig => distortion.extraction_too_big = true,
                FaultKind::AsynchronousResponse => distortion.asynchronous = Some(fault.status.unwrap_or(413)),
                FaultKind::NoValues => {
                    distortion.no_values = true;
                    distortion.no_results = fault.status;
                }
                FaultKind::LateRelease => {
                    distortion.late = true;
                    distortion.drift.push(Drift { kind: fault.kind, dimension: None, code: None });
                }
                FaultKind::ReorderedPages => distortion.turned = Some(*seen as usize),
                kind => {
                    distortion.drift.push(Drift { kind, dimension: fault.dimension.clone(), code: fault.code.clone() });
                }
            }
        }
        list.retain(|(fault, _)| fault.times != Some(0));
        strike
    }

    fn list(&self) -> MutexGuard<'_, Vec<(Fault, u32)>> {
        // A panic while the list was held cannot leave it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_passes_strikes_and_ends() {
        let faults = Faults::default();
        faults.add(Fault { after: 1, times: Some(2), ..Fault::new("/data", FaultKind::Html200) });
        assert!(!faults.strike("/tables/X/metadata").html);
        let struck: Vec<bool> = (0..5).map(|_| faults.strike("/tables/X/data").html).collect();
        assert_eq!(struck, [false, true, true, false, false]);
        assert!(faults.all().is_empty());
    }

    #[test]
    fn a_share_of_the_calls_is_struck() {
        let faults = Faults::new(vec![Fault { every: Some(3), ..Fault::new("", FaultKind::Reset) }]);
        let struck: Vec<bool> = (0..7).map(|_| faults.strike("/x").reset).collect();
        assert_eq!(struck, [false, false, true, false, false, true, false]);
    }

    #[test]
    fn a_file_of_faults_is_toml_or_json() {
        let toml = "[[fault]]\npath_contains = \"/data\"\nkind = \"status\"\nstatus = 429\nretry_after = \"2\"\n\n\
                    [[fault]]\nkind = \"latency\"\ndelay_ms = 50\nevery = 4\n";
        let json = r#"[{"path_contains":"/data","kind":"status","status":429,"retry_after":"2"},
                       {"kind":"latency","delay_ms":50,"every":4}]"#;
        let told = |text: &str| format!("{:?}", Fault::read_all(text).unwrap());
        assert_eq!(told(toml), told(json));
        assert!(Fault::read_all("").unwrap().is_empty() && Fault::read_all("[]").unwrap().is_empty());
        let wrong = Fault::read_all("[[fault]]\nkind = \"stat\"\n").unwrap_err();
        assert!(wrong.contains("line 2") && wrong.contains("unknown variant `stat`"), "{wrong}");
    }

    #[test]
    fn an_order_is_read_strictly() {
        let fault: Fault = serde_json::from_str(r#"{"path_contains":"kpi","kind":"status","status":429}"#).unwrap();
        assert_eq!((fault.kind, fault.times), (FaultKind::Status, None));
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"status","tims":1}"#).is_err());
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"unheard_of"}"#).is_err());
    }
}
