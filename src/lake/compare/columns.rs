//! What the manifests say differs in the columns, and which columns rows are
//! known by and compared in.

use arrow::datatypes::DataType;
use serde::Serialize;

use crate::lake::manifest::{ColumnInfo, Manifest};

use super::Unlike;

/// Columns of one version only, and those that mean something else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ColumnChanges {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub redefined: Vec<Redefinition>,
    /// Columns with another title alone.
    pub retitled: Vec<String>,
}

/// A column that both versions have, but not with the same meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Redefinition {
    pub column: String,
    pub aspects: Vec<Aspect>,
}

/// `type`, `unit`, `decimals`, `measure`, `perturbation` or `ratio`, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Aspect {
    pub aspect: &'static str,
    pub old: Option<String>,
    pub new: Option<String>,
}

impl ColumnChanges {
    pub fn between(old: &Manifest, new: &Manifest) -> Self {
        let names = |manifest: &Manifest, other: &Manifest| {
            let only = manifest.columns.iter().filter(|column| find(other, &column.name).is_none());
            only.map(|column| column.name.clone()).collect()
        };
        let mut changes = Self { added: names(new, old), removed: names(old, new), ..Self::default() };
        for column in &new.columns {
            let Some(before) = find(old, &column.name) else { continue };
            let aspects = aspects(before, column);
            if !aspects.is_empty() {
                changes.redefined.push(Redefinition { column: column.name.clone(), aspects });
            } else if before.title != column.title {
                changes.retitled.push(column.name.clone());
            }
        }
        changes
    }

    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.redefined.is_empty() && self.retitled.is_empty()
    }
}

fn find<'a>(manifest: &'a Manifest, name: &str) -> Option<&'a ColumnInfo> {
    manifest.columns.iter().find(|column| column.name == name)
}

fn aspects(old: &ColumnInfo, new: &ColumnInfo) -> Vec<Aspect> {
    let all = |column: &ColumnInfo| {
        let ratio = column.ratio.as_ref().map(|(over, under, scale)| format!("{over} / {under} × {scale}"));
        [
            ("type", Some(column.kind.clone())),
            ("unit", column.unit.clone()),
            ("decimals", column.decimals.map(|decimals| decimals.to_string())),
            ("measure", Some(column.measure.to_string())),
            ("perturbation", column.perturbation.clone()),
            ("ratio", ratio),
        ]
    };
    let pairs = all(old).into_iter().zip(all(new));
    let differing = pairs.filter(|(old, new)| old.1 != new.1);
    differing.map(|((aspect, old), (_, new))| Aspect { aspect, old, new }).collect()
}

/// One column as it is read from both sides.
#[derive(Clone, Debug)]
pub struct Compared {
    pub name: String,
    pub kind: Kind,
    /// A measure's value or status, not a name or label beside it.
    pub figure: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Text,
    Int,
    /// With the power of ten of its decimals.
    Float(Option<f64>),
    Date,
}

impl Kind {
    pub const fn arrow(self) -> DataType {
        match self {
            // Views are read without copying, and most codes are compared as one number.
            Self::Text => DataType::Utf8View,
            Self::Int => DataType::Int64,
            Self::Float(_) => DataType::Float64,
            Self::Date => DataType::Date32,
        }
    }
}

/// Which columns are read, the key's first: the order in which both versions are sorted.
#[derive(Clone, Debug)]
pub struct Plan {
    pub columns: Vec<Compared>,
    /// How many of them are the key's.
    pub keys: usize,
    pub lan: usize,
    pub period: usize,
    pub start: usize,
    pub niva: Option<usize>,
}

impl Plan {
    pub fn of(old: &Manifest, new: &Manifest) -> Result<Self, Unlike> {
        if old.key != new.key {
            return Err(Unlike::Key { old: old.key.clone(), new: new.key.clone() });
        }
        let mut columns = Vec::new();
        for name in order(&new.key) {
            let kind = |manifest| find(manifest, name).map(|column| column.kind.clone());
            match (find(old, name), find(new, name)) {
                (Some(before), Some(now)) if before.kind == now.kind => {
                    columns.push(Compared { name: name.to_owned(), kind: kind_of(before, now)?, figure: false });
                }
                _ => return Err(Unlike::KeyColumn { column: name.to_owned(), old: kind(old), new: kind(new) }),
            }
        }
        let keys = columns.len();
        for now in &new.columns {
            if columns.iter().any(|column| column.name == now.name) {
                continue;
            }
            // Text against numbers is a redefinition of the column, told as such.
            let Some(kind) = find(old, &now.name).and_then(|before| kind_of(before, now).ok()) else { continue };
            let measure = now.name.strip_suffix("_status").and_then(|measure| find(new, measure));
            let figure = now.measure || measure.is_some_and(|column| column.measure);
            columns.push(Compared { name: now.name.clone(), kind, figure });
        }
        let at = |name: &str| columns.iter().position(|column| column.name == name);
        let (lan, period, start, niva) = (at("lan"), at("period"), at("period_start"), at("niva"));
        let absent = |name: &str| Unlike::KeyColumn { column: name.to_owned(), old: None, new: None };
        Ok(Self {
            lan: lan.ok_or_else(|| absent("lan"))?,
            period: period.ok_or_else(|| absent("period"))?,
            start: start.ok_or_else(|| absent("period_start"))?,
            niva,
            columns,
            keys,
        })
    }
}

/// County, area, time, then the rest of the key: as the projection sorts the rows.
fn order(key: &[String]) -> Vec<&str> {
    let mut names = vec!["lan", "kod", "period_start"];
    for name in key {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// The type in which both can be compared.
fn kind_of(old: &ColumnInfo, new: &ColumnInfo) -> Result<Kind, Unlike> {
    let unlike =
        || Unlike::KeyColumn { column: new.name.clone(), old: Some(old.kind.clone()), new: Some(new.kind.clone()) };
    match (old.kind.as_str(), new.kind.as_str()) {
        ("text", "text") => Ok(Kind::Text),
        ("int64", "int64") => Ok(Kind::Int),
        ("date", "date") => Ok(Kind::Date),
        ("int64" | "float64", "int64" | "float64") => {
            // A column that is published with fewer decimals is redefined; its rows are revised where that can be seen.
            let declared = |column: &ColumnInfo| column.decimals.filter(|_| column.kind == "float64");
            let decimals = [declared(old), declared(new)].into_iter().flatten().min();
            Ok(Kind::Float(decimals.map(|decimals| 10f64.powi(i32::from(decimals)))))
        }
        _ => Err(unlike()),
    }
}
