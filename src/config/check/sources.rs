//! `sources.toml`: the public sources.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Spanned;

use crate::config::node::Node;
use crate::config::{Action, Installation, Limits, Response, Source, SourceKind, leaf};
use crate::contract::Status;

use super::Problems;

/// The sources, and what is known about those that are faulty.
#[derive(Default)]
pub(in crate::config) struct Sources {
    pub sources: BTreeMap<String, Source>,
    /// Every name in the file, with the kinds it is declared with.
    pub declared: BTreeMap<String, Vec<SourceKind>>,
    /// Whether the file could be read to its end: else a missing name proves nothing.
    pub complete: bool,
}

pub(in crate::config) fn sources(root: &Node<'_>, complete: bool, problems: &mut Problems<'_>) -> Sources {
    let mut all = Sources { complete, ..Sources::default() };
    for (name, kinds) in root.nodes("source") {
        let name = (*name.get_ref()).to_owned();
        for &kind in SourceKind::ALL {
            if let Some(node) = kinds.node(kind.as_str()) {
                all.declared.entry(name.clone()).or_default().push(kind);
                if let Some(source) = source(&name, kind, &node, problems) {
                    all.sources.insert(name.clone(), source);
                }
            }
        }
        all.declared.entry(name).or_default();
    }
    all
}

fn source(name: &str, kind: SourceKind, node: &Node<'_>, problems: &mut Problems<'_>) -> Option<Source> {
    let mut symbols = default_symbols(kind);
    for (symbol, status) in node.pairs("symbols") {
        symbols.insert((*symbol.get_ref()).to_owned(), status.get_ref().parse::<Status>().ok()?);
    }
    let written = node.node("limits");
    let limits = written.as_ref().map(|limits| Limits {
        calls: limits.whole("calls").unwrap_or(0),
        window: Duration::from_secs(limits.whole("window_secs").unwrap_or(1)),
        cells: limits.whole("cells").unwrap_or(0),
    });
    if let Some(limits) = written.as_ref().filter(|limits| limits.has("calls") && !limits.has("window_secs")) {
        let hint = "`window_secs = 10`: the window's length, in seconds";
        problems.hinted(limits.key_span("calls"), "these limits have `calls` and no `window_secs`", hint);
    }
    problems.address(node.text("base_url"), Some(name));
    let mut responses = responses(kind, node, problems);
    responses.extend(default_responses(kind));
    Some(Source {
        name: name.to_owned(),
        kind,
        base_url: node.leaf("base_url", leaf::base_url)?,
        credit: node.string("credit")?,
        licence: node.string("licence")?,
        // Of a source that only says how many at a time, nothing is known that could limit its calls.
        limits: match limits {
            Some(limits) => Some(limits).filter(|limits| limits.calls > 0 || limits.cells > 0),
            None => default_limits(kind),
        },
        parallel: written.and_then(|limits| limits.whole("parallel")).unwrap_or(1),
        fresh_for: node.leaf("fresh_for", leaf::duration).unwrap_or_default(),
        symbols,
        responses,
        installation: installation(kind, node),
        synthetic: false,
    })
}

/// Where the API announces none and the file says nothing.
const fn default_limits(kind: SourceKind) -> Option<Limits> {
    match kind {
        // What its provider asks of clients.
        SourceKind::JobStream => Some(Limits { calls: 1, window: Duration::from_mins(1), cells: 0 }),
        _ => None,
    }
}

fn installation(kind: SourceKind, node: &Node<'_>) -> Installation {
    let owned = |text: Spanned<&str>| text.into_inner().to_owned();
    match kind {
        SourceKind::Pxweb => Installation {
            formats: node.strings("formats"),
            longest_get: node.whole("longest_get").unwrap_or(0),
            ..Installation::default()
        },
        SourceKind::PxwebV1 => Installation {
            formats: node.strings("formats"),
            code_in_label: node.strings("code_in_label"),
            totals: node.pairs("totals").into_iter().map(|(key, value)| (owned(key), owned(value))).collect(),
            ..Installation::default()
        },
        _ => Installation::default(),
    }
}

/// What the file says that answers mean.
fn responses(kind: SourceKind, node: &Node<'_>, problems: &mut Problems<'_>) -> Vec<Response> {
    let response = |one: Node<'_>| {
        let (status, contains) = (one.whole("status"), one.string("contains"));
        if !one.has("status") && !one.has("contains") {
            let hint = "add `status`, `contains` or both";
            problems.hinted(one.span.clone(), "this response fits every answer", hint);
        }
        if let Some(action) = one.text("action").filter(|action| *action.get_ref() == "split" && !splits(kind)) {
            let message = format!(
                "`split` means nothing for a {} source: its calls are not cut into smaller ones",
                kind.as_str()
            );
            problems.hinted(action.span(), message, "`stop` makes the answer an error, `retry` asks again");
        }
        let action = match one.string("action")?.as_str() {
            "retry" => Action::Retry,
            "split" => Action::Split,
            "stop" => Action::Stop,
            "empty" => Action::Empty,
            _ => return None,
        };
        Some(Response { status, contains, action })
    };
    node.list("responses").into_iter().filter_map(response).collect()
}

/// Whether a call that is refused as too large is made again in parts.
const fn splits(kind: SourceKind) -> bool {
    matches!(kind, SourceKind::Pxweb | SourceKind::PxwebV1 | SourceKind::Eurostat)
}

/// What a kind's symbols mean where `symbols` says nothing else. PxWeb writes dots and
/// dashes in place of a value; what each stands for differs between agencies.
fn default_symbols(kind: SourceKind) -> BTreeMap<String, Status> {
    let table: &[(&str, Status)] = match kind {
        SourceKind::Pxweb | SourceKind::PxwebV1 => &[
            (".", Status::NotApplicable),
            ("..", Status::Missing),
            ("...", Status::Missing),
            ("....", Status::Missing),
            (".....", Status::Missing),
            ("......", Status::Missing),
            ("-", Status::Missing),
            (":", Status::Suppressed),
        ],
        // Eurostat's flags (code list OBS_FLAG); several stand together, such as `bp`. No status says that a value is
        // an estimate or a forecast: both are less sure than an observation.
        SourceKind::Eurostat => &[
            (":", Status::Missing),
            ("b", Status::Observed),
            ("c", Status::Suppressed),
            ("d", Status::Observed),
            ("e", Status::Unreliable),
            ("f", Status::Unreliable),
            ("i", Status::Unreliable),
            ("m", Status::Missing),
            ("n", Status::Observed),
            ("p", Status::Preliminary),
            ("r", Status::Observed),
            ("s", Status::Unreliable),
            ("u", Status::Unreliable),
            ("z", Status::NotApplicable),
        ],
        // No assessment is no balance: the source leaves the field null and says so in its text.
        SourceKind::Yrkesbarometer => &[("", Status::NotAssessed)],
        // Marks before a number and in its place, and the API's names for them (`valueType`).
        SourceKind::PlannedEducations => &[
            ("", Status::Missing),
            (".", Status::Missing),
            ("..", Status::Suppressed),
            ("*", Status::NotApplicable),
            ("~", Status::Unreliable),
            ("cirka", Status::Unreliable),
            ("null", Status::Missing),
            ("EXISTS", Status::Observed),
            ("MISSING", Status::Missing),
            ("OMITTED_DUE_TO_BASED_ON_FEW_PUPILS", Status::Suppressed),
            ("ROUNDED_OFF_DUE_TO_FEW_PUPILS_NOT_ELIGIBLE", Status::Unreliable),
            ("TEACHERS_EXCLUDED_DUE_TO_NO_REQUIRED_LEGITIMATION", Status::NotApplicable),
        ],
        SourceKind::Siris => &[
            ("", Status::Missing),
            (".", Status::Missing),
            ("..", Status::Suppressed),
            ("*", Status::NotApplicable),
            ("~", Status::Unreliable),
            ("cirka", Status::Unreliable),
        ],
        _ => &[("", Status::Missing)],
    };
    table.iter().map(|(symbol, status)| ((*symbol).to_owned(), *status)).collect()
}

/// What a kind's answers mean where `responses` says nothing else.
pub(crate) fn default_responses(kind: SourceKind) -> Vec<Response> {
    let table: &[(Option<u16>, Option<&str>, Action)] = match kind {
        // 400 in the server's code, 403 in its specification.
        SourceKind::Pxweb => {
            &[(Some(400), Some("too many cells"), Action::Split), (Some(403), Some("too many cells"), Action::Split)]
        }
        // 413 is said both of what is too large and of what only takes its time; the body tells which. An
        // asynchronous answer may come under 200 too.
        SourceKind::Eurostat => &[
            (None, Some("ASYNCHRONOUS_RESPONSE"), Action::Retry),
            (Some(413), Some("EXTRACTION_TOO_BIG"), Action::Split),
            (Some(413), None, Action::Split),
            (Some(400), Some("No results found"), Action::Empty),
            (Some(404), Some("No results found"), Action::Empty),
        ],
        SourceKind::PxwebV1 => &[(Some(403), Some("too many"), Action::Split)],
        _ => &[],
    };
    let response = |(status, contains, action): &(Option<u16>, Option<&str>, Action)| Response {
        status: *status,
        contains: contains.map(str::to_owned),
        action: *action,
    };
    table.iter().map(response).collect()
}

impl Sources {
    /// Complains when `written` is no source of a kind that the fetch can read.
    pub fn expect(&self, written: &Spanned<&str>, wanted: &[SourceKind], problems: &mut Problems<'_>) {
        let name = *written.get_ref();
        match self.declared.get(name) {
            None if self.complete => {
                let hint =
                    crate::config::names::choice(name, "known sources", self.declared.keys().map(String::as_str));
                problems.unknown(written.span(), format!("unknown source `{name}`"), hint);
            }
            // Its own file already says that it has no known kind.
            Some(kinds) if !kinds.is_empty() && !kinds.iter().any(|kind| wanted.contains(kind)) => {
                let fitting: Vec<String> = self
                    .declared
                    .iter()
                    .filter(|(_, kinds)| kinds.iter().any(|kind| wanted.contains(kind)))
                    .map(|(name, _)| format!("`{name}`"))
                    .collect();
                let wanted = wanted.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" or ");
                let hint = match fitting.as_slice() {
                    [] => format!("sources.toml has no {wanted} source"),
                    names => format!("{wanted} sources: {}", names.join(", ")),
                };
                let found = kinds[0].as_str();
                let message = format!("source `{name}` is of kind {found}, and this fetch is of kind {wanted}");
                problems.hinted(written.span(), message, hint);
            }
            _ => {}
        }
    }
}
