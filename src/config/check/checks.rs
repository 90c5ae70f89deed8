//! `[dataset.X.check]`: what must hold of the rows, and whether the columns that are named can tell.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::config::names::{ADDED_COLUMNS, GIVEN_COLUMNS, choice};
use crate::config::node::Node;
use crate::config::{Checks, Column, Complete, Equals, Perturbation, leaf};

use super::Problems;
use super::sql_file::SqlFiles;

pub(super) fn checks(
    dataset: &Node<'_>,
    columns: &[Column],
    sql_files: &mut SqlFiles<'_>,
    problems: &mut Problems<'_>,
) -> Checks {
    let Some(node) = dataset.node("check") else { return Checks::default() };
    let about = About { key: dataset.strings("key"), columns };
    let custom = node.texts("custom");
    let equals = node.nodes("equals");
    let mut equals: Vec<Equals> =
        equals.iter().map(|(name, node)| about.equals(name.get_ref(), node, problems)).collect();
    equals.sort_by(|one, other| one.name.cmp(&other.name));
    let checks = Checks {
        min_rows: node.whole("min_rows").unwrap_or(1),
        max_drop: node.leaf("max_drop", leaf::percent),
        max_null: about.max_null(&node, problems),
        unique: node.boolean("unique").unwrap_or(true),
        freshness: node.leaf("freshness", leaf::days),
        complete: node.node("complete").map(|node| about.complete(&node, problems)),
        equals,
        custom: custom.iter().filter_map(|file| sql_files.read(file, problems)).collect(),
        warn: node.strings("warn"),
    };
    about.warnings(&node, &checks, problems);
    checks
}

/// The dataset that the checks are of.
struct About<'a> {
    key: Vec<String>,
    columns: &'a [Column],
}

impl<'a> About<'a> {
    fn measures(&self) -> impl Iterator<Item = &'a Column> + Clone {
        self.columns.iter().filter(|column| column.is_measure())
    }

    fn measure(&self, written: &Spanned<&str>, problems: &mut Problems<'_>) -> Option<&'a Column> {
        let name = *written.get_ref();
        let found = self.measures().find(|column| column.name == name);
        if found.is_none() {
            let hint = choice(name, "number columns", self.measures().map(|column| column.name.as_str()));
            problems.unknown(written.span(), format!("`{name}` is no number column of this dataset"), hint);
        }
        found
    }

    fn max_null(&self, node: &Node<'_>, problems: &mut Problems<'_>) -> BTreeMap<String, f64> {
        if let Some(all) = node.leaf("max_null", leaf::percent) {
            return self.measures().map(|column| (column.name.clone(), all)).collect();
        }
        let mut limits = BTreeMap::new();
        for (column, limit) in node.pairs("max_null") {
            if let (Some(column), Ok(limit)) = (self.measure(&column, problems), leaf::percent(limit.get_ref())) {
                limits.insert(column.name.clone(), limit);
            }
        }
        limits
    }

    /// Columns by which rows are told apart.
    fn codes(&self, written: &[Spanned<&str>], problems: &mut Problems<'_>) {
        for part in written {
            let name = *part.get_ref();
            let own = self.columns.iter().filter(|column| !column.is_measure()).map(|column| column.name.as_str());
            let known = own.chain(GIVEN_COLUMNS).chain(ADDED_COLUMNS);
            if leaf::name(name).is_ok() && !known.clone().any(|known| known == name) {
                let hint = choice(name, "code columns", known);
                problems.unknown(part.span(), format!("`{name}` is no code column of this dataset"), hint);
            }
        }
    }

    fn complete(&self, node: &Node<'_>, problems: &mut Problems<'_>) -> Complete {
        self.codes(&node.texts("over"), problems);
        self.codes(&node.texts("per"), problems);
        let over = node.strings("over");
        for part in node.texts("per") {
            if over.iter().any(|name| name == part.get_ref()) {
                let message = format!("`{}` is in `over` and in `per`", part.get_ref());
                problems.error(part.span(), message);
            }
        }
        let except = node.lists("except");
        self.codes(&except.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), problems);
        let mut per = node.strings("per");
        let named = |name: &str| over.iter().chain(&per).any(|each| each == name);
        if named("kod") && !named("niva") {
            per.insert(0, "niva".to_owned());
        }
        Complete { over, per, except: except.into_iter().map(listed).collect() }
    }

    fn equals(&self, name: &str, node: &Node<'_>, problems: &mut Problems<'_>) -> Equals {
        if let Some(written) = node.text("column")
            && let Some(column) = self.measure(&written, problems)
        {
            let fault = if column.perturbation != Perturbation::None {
                Some((
                    "is perturbed by its source",
                    "every value, totals too, has been shifted on its own: parts do not add up to totals and must not be made to",
                ))
            } else if column.ratio.is_some() {
                Some(("is a ratio", "ratios are never summed; check the columns that it is made of"))
            } else if !column.additive {
                Some(("is not additive", "only numbers that may be summed have totals: `additive = true`"))
            } else {
                None
            };
            if let Some((what, hint)) = fault {
                let message = format!("`equals` can't hold: `{}` {what}", column.name);
                problems.hinted(written.span(), message, hint);
            }
        }
        let (total, parts) = (node.pairs("total"), node.lists("parts"));
        let names = total.iter().map(|(name, _)| name).chain(parts.iter().map(|(name, _)| name));
        for part in names {
            let name = *part.get_ref();
            let known = self.key.iter().map(String::as_str).chain(["niva", "lan"]);
            if !known.clone().any(|known| known == name) {
                let hint = choice(name, "columns of the key", known);
                problems.unknown(part.span(), format!("`{name}` is not in the key"), hint);
            }
        }
        let has = |names: &[&str], name: &str| names.contains(&name);
        let of_total: Vec<&str> = total.iter().map(|(name, _)| *name.get_ref()).collect();
        let of_parts: Vec<&str> = parts.iter().map(|(name, _)| *name.get_ref()).collect();
        let hint = "both are told by the same columns: total = { kon = \"T\" }, parts = { kon = [\"M\", \"K\"] }";
        for (key, names, others) in [("total", &of_total, &of_parts), ("parts", &of_parts, &of_total)] {
            if node.has(key) && names.is_empty() {
                problems.hinted(node.key_span(key), format!("`{key}` names no column"), hint);
            }
            for name in names.iter().filter(|name| !others.is_empty() && !has(others, name)) {
                problems.hinted(node.key_span(key), format!("only `{key}` names `{name}`"), hint);
            }
        }
        for (column, values) in &parts {
            let whole = total.iter().find(|(name, _)| name.get_ref() == column.get_ref()).map(|(_, value)| value);
            if let Some(value) = whole
                && parts.len() == 1
                && let Some(same) = values.iter().find(|part| part.get_ref() == value.get_ref())
            {
                problems.error(same.span(), format!("{:?} is the total and a part of it", same.get_ref()));
            }
        }
        let tolerance = node.any_number("tolerance").unwrap_or(0.0);
        if tolerance < 0.0 {
            problems.error(node.key_span("tolerance"), format!("`tolerance` is {tolerance}, below 0"));
        }
        let single = |(name, value): (Spanned<&str>, Spanned<&str>)| {
            (name.into_inner().to_owned(), value.into_inner().to_owned())
        };
        Equals {
            name: name.to_owned(),
            column: node.string("column").unwrap_or_default(),
            total: total.into_iter().map(single).collect(),
            parts: parts.into_iter().map(listed).collect(),
            tolerance,
        }
    }

    /// What is made a warning must be a check that is made.
    fn warnings(&self, node: &Node<'_>, checks: &Checks, problems: &mut Problems<'_>) {
        let mut known = vec!["min_rows".to_owned()];
        let mut add = |check: &str, parts: &mut dyn Iterator<Item = &str>| {
            let names: Vec<String> = parts.map(|part| format!("{check}.{part}")).collect();
            if !names.is_empty() {
                known.push(check.to_owned());
                known.extend(names);
            }
        };
        add("max_null", &mut checks.max_null.keys().map(String::as_str));
        add("equals", &mut checks.equals.iter().map(|equals| equals.name.as_str()));
        let named = |holds: fn(&Column) -> bool| {
            self.columns.iter().filter(move |column| holds(column)).map(|column| column.name.as_str())
        };
        let required = named(|column| !column.nullable);
        let given = |name: &&str| {
            self.key.iter().any(|key| key == name) || GIVEN_COLUMNS.contains(name) || ADDED_COLUMNS.contains(name)
        };
        add("nullable", &mut required.filter(|name| !given(name)));
        add("values", &mut named(|column| !column.values.is_empty() || column.codes.is_some()));
        add("range", &mut named(|column| column.range.is_some()));
        add("statuses", &mut named(|column| !column.statuses.is_empty()));
        for (there, name) in [
            (checks.unique, "unique"),
            (checks.max_drop.is_some(), "max_drop"),
            (checks.freshness.is_some(), "freshness"),
            (checks.complete.is_some(), "complete"),
        ] {
            if there {
                known.push(name.to_owned());
            }
        }
        known.extend(
            checks.custom.iter().filter_map(|(file, _)| Some(file.file_name()?.to_string_lossy().into_owned())),
        );
        for written in node.texts("warn") {
            let name = *written.get_ref();
            let always = ["columns", "area", "lan", "period", "key", "status", "value", "decimals"].contains(&name);
            if always {
                let message = format!("`{name}` can't be a warning");
                problems.hinted(written.span(), message, "what breaks it could not be read rightly by anyone");
            } else if !known.iter().any(|known| known == name) {
                let hint = choice(name, "checks", known.iter().map(String::as_str));
                problems.unknown(written.span(), format!("this dataset has no check `{name}`"), hint);
            }
        }
    }
}

fn listed((name, values): (Spanned<&str>, Vec<Spanned<&str>>)) -> (String, Vec<String>) {
    (name.into_inner().to_owned(), values.into_iter().map(|value| value.into_inner().to_owned()).collect())
}
