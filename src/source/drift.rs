//! What a source says of its data now, against what was last accepted: every
//! difference that the fetch rests on, in words. What the operator changed,
//! another selection or table, is no drift and is not told.

use std::collections::{BTreeMap, BTreeSet};

use super::kolada::{ended, plain};
use super::metadata::{Column, Content, Dimension, Group, Kind, Metadata};
use super::selection::{CodeList, is_expression};
use crate::config::{DriftPolicy, EurostatFetch, Fetch, FetchKind, FileFetch, FileFormat, PxwebFetch, Reaction};

/// Codes that a sentence names; the rest are counted.
const NAMED: usize = 10;

/// Characters of a long text that a sentence shows.
const SHOWN: usize = 80;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: ChangeKind,
    /// A sentence.
    pub what: String,
    /// The same with nothing left out, which tells two differences apart.
    pub whole: String,
}

/// What a policy is declared for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A code, a selected content or a column that was not there.
    NewCode,
    LostCode,
    /// Another name, unit, number of decimals, definition or title, or a dimension more.
    Renamed,
    /// A dimension, content or column: what rows stand on is gone.
    Gone,
    /// Beside what is selected; worth a note.
    Aside,
}

impl Change {
    fn new(kind: ChangeKind, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { kind, whole: what.clone(), what }
    }

    /// A sentence that ends with a list.
    fn listed(kind: ChangeKind, start: &str, items: &[String]) -> Self {
        let whole = format!("{start}{}", items.join(", "));
        let what = match items.get(..NAMED) {
            Some(named) if items.len() > NAMED => {
                format!("{start}{} and {} more", named.join(", "), items.len() - NAMED)
            }
            _ => whole.clone(),
        };
        Self { kind, what, whole }
    }

    pub fn reaction(&self, policy: &DriftPolicy) -> Reaction {
        match self.kind {
            ChangeKind::NewCode => policy.new_code,
            ChangeKind::LostCode => policy.lost_code,
            ChangeKind::Renamed => policy.renamed,
            ChangeKind::Gone => Reaction::Stop,
            ChangeKind::Aside => Reaction::Accept,
        }
    }
}

/// Everything that is different and matters to this fetch, dimensions first.
pub fn compare(fetch: &Fetch, accepted: &Metadata, now: &Metadata) -> Vec<Change> {
    if accepted.of != now.of || accepted.table != now.table {
        return Vec::new();
    }
    let mut changes = Vec::new();
    if accepted.title != now.title {
        changes.push(renamed("the table has another title", &accepted.title, &now.title));
    }
    let selection = Selection { fetch: &fetch.kind };
    // Municipalities or schools: that is the operator's choice.
    if now.of == Kind::Kolada
        && accepted.dimensions.first().map(|one| &one.id) != now.dimensions.first().map(|one| &one.id)
    {
        contents(&selection, accepted, now, &mut changes);
        return changes;
    }
    dimensions(&selection, accepted, now, &mut changes);
    contents(&selection, accepted, now, &mut changes);
    groups(&accepted.groups, &now.groups, &mut changes);
    if let FetchKind::File(file) = &fetch.kind {
        columns(file, &accepted.columns, &now.columns, &mut changes);
    }
    changes
}

fn renamed(what: &str, old: &str, new: &str) -> Change {
    let (shown_old, shown_new) = (excerpt(old, new), excerpt(new, old));
    Change {
        kind: ChangeKind::Renamed,
        what: format!("{what}: it was {shown_old:?}, it is {shown_new:?}"),
        whole: format!("{what}: it was {old:?}, it is {new:?}"),
    }
}

/// A long text from a little before the place where it differs from another.
fn excerpt(text: &str, other: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let same = text.chars().zip(other.chars()).take_while(|(one, two)| one == two).count();
    let start = same.saturating_sub(SHOWN / 4);
    let mut shown: String = text.chars().skip(start).take(SHOWN).collect();
    if start > 0 {
        shown.insert(0, '…');
    }
    if text.chars().count() > start + SHOWN {
        shown.push('…');
    }
    shown
}

/// What the configuration of today selects, of any document.
struct Selection<'a> {
    fetch: &'a FetchKind,
}

impl Selection<'_> {
    /// The expressions for a dimension by either of its ids; none where it is left out.
    fn expressions(&self, ids: [&str; 2]) -> Option<Vec<String>> {
        match self.fetch {
            FetchKind::Pxweb(PxwebFetch { select, .. }) => ids.iter().find_map(|id| select.get(*id)).cloned(),
            FetchKind::Kolada(kolada) if !kolada.ou.is_empty() => Some(kolada.ou.clone()),
            FetchKind::Kolada(kolada) => Some(kolada.municipality.clone().unwrap_or_else(|| vec!["*".to_owned()])),
            FetchKind::Eurostat(EurostatFetch { select, .. }) => {
                Some(ids.iter().find_map(|id| select.get(*id)).cloned().unwrap_or_else(|| vec!["*".to_owned()]))
            }
            // A fetch rests on what it names; that there is more or less besides is worth a note.
            FetchKind::PlannedEducations(planned) => {
                let named = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
                match ids[1] {
                    "inriktning_id" => named(&planned.directions),
                    "skolform_kod" => named(&planned.types),
                    "kommun_kod" => named(&planned.areas),
                    _ => None,
                }
            }
            FetchKind::File(file) if file.format.is_cube() => {
                let select = &file.cube.select;
                Some(ids.iter().find_map(|id| select.get(*id)).cloned().unwrap_or_else(|| vec!["*".to_owned()]))
            }
            FetchKind::File(_) | FetchKind::SchoolUnits(_) | FetchKind::SusaNavet(_) | FetchKind::Siris(_) => None,
        }
    }

    fn contents(&self, metadata: &Metadata) -> Vec<String> {
        match self.fetch {
            FetchKind::Pxweb(PxwebFetch { select, measures, .. }) => {
                let metric = metadata.metric.as_ref().and_then(|metric| select.get(metric));
                metric.into_iter().flatten().chain(measures.keys()).cloned().collect()
            }
            FetchKind::Kolada(kolada) => {
                let groups = metadata.groups.iter().filter(|group| group.of_contents);
                let members = groups.flat_map(|group| &group.members).map(|(code, _)| code.clone());
                kolada.kpi.iter().cloned().chain(members).collect()
            }
            // Units that the file tells of its columns.
            FetchKind::File(_) => metadata.contents.iter().map(|content| content.code.clone()).collect(),
            FetchKind::Eurostat(_)
            | FetchKind::PlannedEducations(_)
            | FetchKind::SchoolUnits(_)
            | FetchKind::SusaNavet(_)
            | FetchKind::Siris(_) => Vec::new(),
        }
    }

    /// Whether a code of this dimension can be meant at all.
    fn may_be_meant(&self, dimension: &str, code: &str) -> bool {
        match self.fetch {
            FetchKind::Eurostat(EurostatFetch { geo_level: Some(level), .. }) if dimension == "geo" => {
                level.holds(code)
            }
            _ => true,
        }
    }

    /// The codes that expressions choose from a list; what an expression can't find there, it does not choose.
    fn chosen<'c>(&self, expressions: &[String], codes: &'c [(String, String)]) -> BTreeSet<&'c str> {
        let list = CodeList { dimension: "", codes, is_time: false };
        let found = expressions.iter().filter_map(|one| list.resolve(std::slice::from_ref(one)).ok()).flatten();
        let found = found.map(|at| codes[at].0.as_str());
        // Kolada's groups are no units of their own: `*` does not mean them.
        let groups = matches!(self.fetch, FetchKind::Kolada(_));
        found.filter(|code| !groups || !code.starts_with('G') || is_named(expressions, code)).collect()
    }
}

/// Who names a code knows of it.
fn is_named(expressions: &[String], code: &str) -> bool {
    expressions.iter().any(|one| !is_expression(one) && one.to_lowercase() == code.to_lowercase())
}

fn dimensions(selection: &Selection<'_>, accepted: &Metadata, now: &Metadata, changes: &mut Vec<Change>) {
    let known = |id: &str, list: &[Dimension]| list.iter().any(|one| one.id == id);
    let mut news: Vec<&Dimension> = now.dimensions.iter().filter(|one| !known(&one.id, &accepted.dimensions)).collect();
    for old in &accepted.dimensions {
        let pair = now.dimensions.iter().find(|new| new.id == old.id).or_else(|| {
            let at = news.iter().position(|new| is_same(old, new))?;
            Some(news.remove(at))
        });
        let expressions = selection.expressions([pair.map_or("", |new| &new.id), &old.id]);
        match (pair, expressions) {
            (Some(new), Some(expressions)) => {
                names(old, new, changes);
                codes(selection, &expressions, old, new, changes);
            }
            (Some(_), None) => {}
            (None, Some(_)) => {
                changes.push(Change::new(ChangeKind::Gone, format!("dimension {:?} ({}) is gone", old.id, old.label)));
            }
            (None, None) => {
                let what = format!("dimension {:?} ({}), which is not selected, is gone", old.id, old.label);
                changes.push(Change::new(ChangeKind::Aside, what));
            }
        }
    }
    for new in news {
        let what = format!("dimension {:?} ({}) is new", new.id, new.label);
        changes.push(Change::new(ChangeKind::Renamed, what));
    }
}

/// Whether a dimension goes on under another id: it is the time, or has mostly the same codes.
fn is_same(old: &Dimension, new: &Dimension) -> bool {
    if old.time || new.time {
        return old.time && new.time;
    }
    let codes: BTreeSet<&str> = old.codes.iter().map(|(code, _)| code.as_str()).collect();
    let shared = new.codes.iter().filter(|(code, _)| codes.contains(code.as_str())).count();
    shared > 0 && 2 * shared >= old.codes.len().min(new.codes.len())
}

fn names(old: &Dimension, new: &Dimension, changes: &mut Vec<Change>) {
    if old.id != new.id {
        let what = format!("dimension {:?} ({}) is now called {:?} ({})", old.id, old.label, new.id, new.label);
        changes.push(Change::new(ChangeKind::Renamed, what));
    } else if old.label != new.label {
        changes.push(renamed(&format!("dimension {:?} has another name", old.id), &old.label, &new.label));
    }
}

fn codes(
    selection: &Selection<'_>,
    expressions: &[String],
    old: &Dimension,
    new: &Dimension,
    changes: &mut Vec<Change>,
) {
    // Periods come and go, and codes of another list are the operator's choice.
    if old.time || new.time || old.codelist != new.codelist {
        return;
    }
    let chosen = |list: &'_ Dimension| -> BTreeSet<String> {
        let codes = selection.chosen(expressions, &list.codes).into_iter();
        codes.filter(|code| selection.may_be_meant(&list.id, code)).map(str::to_owned).collect()
    };
    let (before, after) = (chosen(old), chosen(new));
    let labels: BTreeMap<&str, &str> = pairs(&old.codes);
    let told = |list: &Dimension, chosen: &dyn Fn(&str) -> bool| -> Vec<String> {
        let codes = list.codes.iter().filter(|(code, _)| chosen(code));
        codes.map(|(code, label)| with_label(code, label)).collect()
    };
    let id = &new.id;
    let news = told(new, &|code| after.contains(code) && !before.contains(code) && !is_named(expressions, code));
    match news.len() {
        0 => {}
        1 => changes.push(Change::listed(ChangeKind::NewCode, &format!("dimension {id:?} has a new code: "), &news)),
        count => {
            let start = format!("dimension {id:?} has {count} new codes: ");
            changes.push(Change::listed(ChangeKind::NewCode, &start, &news));
        }
    }
    let lost = told(old, &|code| before.contains(code) && !after.contains(code));
    match lost.len() {
        0 => {}
        1 => changes.push(Change::listed(ChangeKind::LostCode, &format!("dimension {id:?} has lost the code "), &lost)),
        count => {
            let start = format!("dimension {id:?} has lost {count} codes: ");
            changes.push(Change::listed(ChangeKind::LostCode, &start, &lost));
        }
    }
    let kept = new.codes.iter().filter(|(code, _)| before.contains(code.as_str()) && after.contains(code.as_str()));
    let others: Vec<String> = kept
        .filter_map(|(code, label)| {
            // A source that does not always say what its codes are called says nothing new when it does not.
            let was = labels.get(code.as_str()).filter(|was| *was != label && !was.is_empty() && !label.is_empty())?;
            Some(format!("{code:?} was {was:?} and is {label:?}"))
        })
        .collect();
    match others.len() {
        0 => {}
        1 => {
            let start = format!("dimension {id:?} has a code with another name: ");
            changes.push(Change::listed(ChangeKind::Renamed, &start, &others));
        }
        count => {
            let start = format!("dimension {id:?} has {count} codes with other names: ");
            changes.push(Change::listed(ChangeKind::Renamed, &start, &others));
        }
    }
}

fn with_label(code: &str, label: &str) -> String {
    if label.is_empty() { format!("{code:?}") } else { format!("{code:?} ({label})") }
}

/// A group stands for its members, so that with other members its figures mean something else. Of indicators, each
/// member is one that is fetched.
fn groups(accepted: &[Group], now: &[Group], changes: &mut Vec<Change>) {
    for new in now {
        let Some(old) = accepted.iter().find(|old| old.id == new.id && old.of_contents == new.of_contents) else {
            continue;
        };
        let noun = if new.of_contents { "group of indicators" } else { "group" };
        let name = format!("{noun} {:?} ({})", new.id, new.label);
        // The titles of groups of units are told with the other units.
        if new.of_contents && old.label != new.label {
            changes.push(renamed(&format!("{noun} {:?} has another title", new.id), &old.label, &new.label));
        }
        let lacking = |of: &[(String, String)], there: &[(String, String)]| -> Vec<String> {
            let missing = of.iter().filter(|(code, _)| there.iter().all(|(other, _)| other != code));
            missing.map(|(code, label)| with_label(code, label)).collect()
        };
        let (gone, come) = (lacking(&old.members, &new.members), lacking(&new.members, &old.members));
        if new.of_contents {
            if !gone.is_empty() {
                changes.push(Change::listed(ChangeKind::LostCode, &format!("{name} has lost "), &gone));
            }
            if !come.is_empty() {
                changes.push(Change::listed(ChangeKind::NewCode, &format!("{name} has a new member: "), &come));
            }
        } else if !gone.is_empty() || !come.is_empty() {
            let said = [("gone: ", &gone), ("new: ", &come)].into_iter().filter(|(_, list)| !list.is_empty());
            let parts: Vec<Change> = said.map(|(word, list)| Change::listed(ChangeKind::Renamed, word, list)).collect();
            let join = |text: fn(&Change) -> &String| {
                parts.iter().map(|part| text(part).as_str()).collect::<Vec<_>>().join("; ")
            };
            let start = format!("{name} has other members than before, so that its figures are of others: ");
            changes.push(Change {
                kind: ChangeKind::Renamed,
                what: format!("{start}{}", join(|part| &part.what)),
                whole: format!("{start}{}", join(|part| &part.whole)),
            });
        }
    }
}

fn pairs(codes: &[(String, String)]) -> BTreeMap<&str, &str> {
    codes.iter().map(|(code, label)| (code.as_str(), label.as_str())).collect()
}

fn contents(selection: &Selection<'_>, accepted: &Metadata, now: &Metadata, changes: &mut Vec<Change>) {
    let list = |metadata: &Metadata| -> Vec<(String, String)> {
        metadata.contents.iter().map(|content| (content.code.clone(), content.label.clone())).collect()
    };
    let (old_list, new_list) = (list(accepted), list(now));
    let expressions = selection.contents(now);
    // What a group of indicators meant then, its members of then say.
    let expressions_then = if now.of == Kind::Kolada { selection.contents(accepted) } else { expressions.clone() };
    let only = |metadata: &Metadata| metadata.metric.is_none() && metadata.of == Kind::Pxweb;
    let (before, after) = (selection.chosen(&expressions_then, &old_list), selection.chosen(&expressions, &new_list));
    let noun = if now.of == Kind::Kolada { "indicator" } else { "content" };
    for old in &accepted.contents {
        let name = format!("{noun} {:?} ({})", old.code, old.label);
        let selected = before.contains(old.code.as_str()) || only(accepted);
        match now.contents.iter().find(|new| new.code == old.code) {
            Some(new) if selected => content(noun, old, new, changes),
            Some(_) => {}
            // An indicator that is no longer asked for is not in the document.
            None if now.of == Kind::Kolada => {}
            None if selected => changes.push(Change::new(ChangeKind::Gone, format!("{name} is gone"))),
            None => changes.push(Change::new(ChangeKind::Aside, format!("{name}, which is not selected, is gone"))),
        }
    }
    let is_new = |new: &&Content| accepted.contents.iter().all(|old| old.code != new.code);
    for new in now.contents.iter().filter(is_new).filter(|new| !is_named(&expressions, &new.code)) {
        let name = format!("{noun} {:?} ({})", new.code, new.label);
        if after.contains(new.code.as_str()) {
            changes.push(Change::new(ChangeKind::NewCode, format!("{name} is new")));
        } else {
            changes.push(Change::new(ChangeKind::Aside, format!("{name} is new and not selected")));
        }
    }
}

fn content(noun: &str, old: &Content, new: &Content, changes: &mut Vec<Change>) {
    let name = format!("{noun} {:?}", old.code);
    if old.label != new.label
        && noun == "indicator"
        && plain(&old.label) == plain(&new.label)
        && let Some(year) = ended(&new.label)
        && ended(&old.label).is_none()
    {
        let what = format!("{name} ({}) has ended: its title now says that {year} is its last year", old.label);
        changes.push(Change::new(ChangeKind::Renamed, what));
    } else if old.label != new.label {
        let what = if noun == "indicator" { "is redefined, by its title" } else { "has another name" };
        changes.push(renamed(&format!("{name} {what}"), &old.label, &new.label));
    }
    if old.unit != new.unit {
        let unit = |content: &Content| content.unit.clone().unwrap_or_default();
        changes.push(renamed(&format!("{name} ({}) has another unit", new.label), &unit(old), &unit(new)));
    }
    if old.decimals != new.decimals {
        let number = |content: &Content| content.decimals.map_or_else(|| "not told".to_owned(), |one| one.to_string());
        let what = format!(
            "{name} ({}) has another number of decimals: it was {}, it is {}",
            new.label,
            number(old),
            number(new)
        );
        changes.push(Change::new(ChangeKind::Renamed, what));
    }
    let definition = pairs(&new.definition);
    for (field, was) in &old.definition {
        let is = definition.get(field.as_str()).copied().unwrap_or_default();
        if was != is {
            changes.push(renamed(&format!("{name} is redefined, by its {field}"), was, is));
        }
    }
}

fn columns(file: &FileFetch, old: &[Column], new: &[Column], changes: &mut Vec<Change>) {
    // Declared columns of JSON are not the file's own word, and one that is missing is refused with the data.
    if !file.columns.is_empty() && !file.format.has_header() || file.format == FileFormat::JsonMap {
        return;
    }
    let has = |list: &[Column], name: &str| list.iter().any(|column| column.name == name);
    let taken = |name: &str| file.columns.is_empty() || file.columns.contains_key(name);
    for (place, column) in old.iter().enumerate().filter(|(_, column)| !has(new, &column.name)) {
        let name = &column.name;
        let instead = new.get(place).filter(|other| old.len() == new.len() && !has(old, &other.name));
        changes.push(match instead {
            Some(other) if taken(name) => {
                Change::new(ChangeKind::Renamed, format!("column {name:?} is now called {:?}", other.name))
            }
            _ if taken(name) => Change::new(ChangeKind::Gone, format!("column {name:?} is gone")),
            _ => Change::new(ChangeKind::Aside, format!("column {name:?}, which is not taken, is gone")),
        });
    }
    for (place, column) in new.iter().enumerate().filter(|(_, column)| !has(old, &column.name)) {
        let name = &column.name;
        let instead = old.get(place).is_some_and(|other| old.len() == new.len() && !has(new, &other.name));
        if file.columns.contains_key(name) || instead && taken(&old[place].name) {
            continue;
        }
        changes.push(if taken(name) {
            Change::new(ChangeKind::NewCode, format!("column {name:?} is new"))
        } else {
            Change::new(ChangeKind::Aside, format!("column {name:?} is new and not taken"))
        });
    }
}

#[cfg(test)]
#[path = "drift_tests.rs"]
mod tests;
