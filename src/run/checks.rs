//! Checks that need a query over the computed rows: holes, totals against their
//! parts, and the operator's own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, SchemaRef};
use arrow::record_batch::RecordBatch;
use futures::StreamExt as _;

use crate::config::{Complete, Dataset, Equals};
use crate::contract::{
    Contract, Finding, Offences, Offender, Rule, Said, holes, nothing_to_add, offender, totals, unequal, unwanted,
};
use crate::lake::Manifest;
use crate::transform::{Engine, EngineError, quoted, sql_type};

use super::Problem;
use super::compute::FilesOf;

/// Every finding of the checks that are queries, in the contract's order. `rows` are the computed files.
pub async fn judge(
    engine: &Engine,
    dataset: &Dataset,
    contract: &Contract,
    rows: &[PathBuf],
    schema: &SchemaRef,
    files: FilesOf<'_>,
    published: Option<&Manifest>,
) -> Result<Vec<Finding>, Problem> {
    let asks = |rule: &Rule| matches!(rule, Rule::Complete(_) | Rule::Equals(_) | Rule::Custom { .. });
    let mut findings = Vec::new();
    if !contract.checks.iter().any(|check| asks(&check.rule)) {
        return Ok(findings);
    }
    engine.register_parquet("ny", rows).await?;
    if !dataset.checks.custom.is_empty() {
        register_published(engine, schema, files, published).await?;
    }
    let mut custom = dataset.checks.custom.iter();
    for check in &contract.checks {
        let found = match &check.rule {
            Rule::Complete(complete) => Some(complete_rows(engine, complete).await?),
            Rule::Equals(equals) => Some(equal_sums(engine, contract, equals).await?),
            Rule::Custom { file, .. } => match custom.next() {
                Some((path, sql)) => {
                    let fault = |error| Problem::Engine { dataset: dataset.name.clone(), file: path.clone(), error };
                    let offences = query(engine, sql).await.map_err(fault)?;
                    let said = unwanted(offences.count, file, sql);
                    Some((offences, said))
                }
                None => None,
            },
            _ => None,
        };
        let name = check.rule.name();
        findings.extend(found.and_then(|(offences, said)| offences.finding(&name, check.severity, said)));
    }
    Ok(findings)
}

/// The published version as `publicerad`, in the new contract's columns.
async fn register_published(
    engine: &Engine,
    schema: &SchemaRef,
    files: FilesOf<'_>,
    published: Option<&Manifest>,
) -> Result<(), Problem> {
    let Some(manifest) = published else {
        return Ok(engine.declare("publicerad", Arc::clone(schema))?);
    };
    engine.register_parquet("_publicerad", &files(manifest)?).await?;
    // The contract may have grown since: what was not published then is null.
    let columns: Vec<String> = schema.fields().iter().map(|field| published_column(field, manifest)).collect();
    let rows =
        engine.plan(&format!("SELECT {} FROM _publicerad", columns.join(", "))).await.map_err(EngineError::Sql)?;
    Ok(engine.register_query("publicerad", &rows)?)
}

/// A column of the new contract, as the published version has it.
fn published_column(field: &Field, manifest: &Manifest) -> String {
    let name = quoted(field.name());
    let given = manifest.columns.iter().any(|column| column.name == *field.name());
    format!("CAST({} AS {}) AS {name}", if given { &name } else { "NULL" }, sql_type(field.data_type()))
}

/// Every row that a query gives is an offence.
async fn query(engine: &Engine, sql: &str) -> Result<Offences, EngineError> {
    let mut offences = Offences::default();
    let mut stream = engine.stream(sql).await?;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let schema = batch.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        for row in 0..batch.num_rows() {
            offences.add(|| offender(&batch, row, &names));
        }
    }
    Ok(offences)
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn names(columns: &[String]) -> String {
    columns.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// `"kon" IN ('M', 'K')` for each column, all of them together.
fn among(columns: &BTreeMap<String, Vec<String>>) -> String {
    let one = |(name, values): (&String, &Vec<String>)| {
        let values: Vec<String> = values.iter().map(|value| text(value)).collect();
        format!("{} IN ({})", quoted(name), values.join(", "))
    };
    columns.iter().map(one).collect::<Vec<_>>().join(" AND ")
}

/// Counts the combinations that are missing: in sorted order each has a rank, and a hole is a rank that is
/// passed over. Only the values that occur are held in memory, never the rows.
async fn complete_rows(engine: &Engine, complete: &Complete) -> Result<(Offences, Said), EngineError> {
    let Complete { over, per, except } = complete;
    let all: Vec<String> = per.iter().chain(over).cloned().collect();
    let mut conditions: Vec<String> = all.iter().map(|name| format!("{} IS NOT NULL", quoted(name))).collect();
    for (name, values) in except {
        let column = BTreeMap::from([(name.clone(), values.clone())]);
        conditions.push(format!("({} IS NULL OR NOT ({}))", quoted(name), among(&column)));
    }
    let conditions = conditions.join(" AND ");
    // Group → the sorted values of each column that occur in it.
    let mut groups: BTreeMap<Vec<String>, Vec<Vec<String>>> = BTreeMap::new();
    for (place, column) in over.iter().enumerate() {
        let columns: Vec<String> = per.iter().chain([column]).cloned().collect();
        let columns = names(&columns);
        let sql = format!("SELECT DISTINCT {columns} FROM ny WHERE {conditions} ORDER BY {columns}");
        let mut stream = engine.stream(&sql).await?;
        while let Some(batch) = stream.next().await {
            let columns = texts(&batch?)?;
            let rows = columns.first().map_or(0, Array::len);
            for row in 0..rows {
                let mut cells: Vec<String> = columns.iter().map(|column| column.value(row).to_owned()).collect();
                let value = cells.pop().unwrap_or_default();
                groups.entry(cells).or_insert_with(|| vec![Vec::new(); over.len()])[place].push(value);
            }
        }
    }
    let columns = names(&all);
    let mut stream = engine.stream(&format!("SELECT {columns} FROM ny WHERE {conditions} ORDER BY {columns}")).await?;
    let mut seen =
        Seen { all: &all, per: per.len(), groups: &groups, at: None, next: 0, offences: Offences::default() };
    while let Some(batch) = stream.next().await {
        let columns = texts(&batch?)?;
        for row in 0..columns.first().map_or(0, Array::len) {
            let cells: Vec<&str> = columns.iter().map(|column| column.value(row)).collect();
            seen.row(&cells);
        }
    }
    seen.end();
    let offences = seen.offences;
    let said = holes(offences.count, over);
    Ok((offences, said))
}

fn texts(batch: &RecordBatch) -> Result<Vec<StringArray>, EngineError> {
    let text = |column: &ArrayRef| cast(column, &DataType::Utf8).map(|column| column.as_string::<i32>().clone());
    let columns = batch.columns().iter().map(text).collect::<Result<_, _>>();
    columns.map_err(|error| EngineError::Run(error.to_string()))
}

/// Rows in sorted order, held against all combinations.
struct Seen<'a> {
    all: &'a [String],
    per: usize,
    groups: &'a BTreeMap<Vec<String>, Vec<Vec<String>>>,
    at: Option<(Vec<String>, &'a [Vec<String>])>,
    /// The rank that comes next in this group, if there is no hole.
    next: u64,
    offences: Offences,
}

impl Seen<'_> {
    fn row(&mut self, cells: &[&str]) {
        let (group, values) = cells.split_at(self.per);
        if self.at.as_ref().is_none_or(|(at, _)| at.iter().map(String::as_str).ne(group.iter().copied())) {
            self.end();
            let group: Vec<String> = group.iter().map(|cell| (*cell).to_owned()).collect();
            self.at = self.groups.get(&group).map(|lists| (group, lists.as_slice()));
            self.next = 0;
        }
        let Some((_, lists)) = &self.at else { return };
        let mut rank = 0;
        for (list, value) in lists.iter().zip(values) {
            let place = list.binary_search_by(|known| known.as_str().cmp(value)).unwrap_or_default();
            rank = rank * list.len() as u64 + place as u64;
        }
        self.pass(rank);
        self.next = self.next.max(rank + 1);
    }

    /// Every rank below this one that has not been seen is a hole.
    fn pass(&mut self, rank: u64) {
        let Some((group, lists)) = &self.at else { return };
        if rank <= self.next {
            return;
        }
        for hole in self.next..rank {
            if self.offences.more {
                self.offences.count += rank - hole;
                break;
            }
            self.offences.add(|| combination(self.all, group, lists, hole));
        }
    }

    fn end(&mut self) {
        if let Some((_, lists)) = &self.at {
            let all = lists.iter().map(|list| list.len() as u64).product();
            self.pass(all);
        }
    }
}

/// The combination with this rank.
fn combination(all: &[String], group: &[String], lists: &[Vec<String>], mut rank: u64) -> Offender {
    let mut values: Vec<String> = Vec::new();
    for list in lists.iter().rev() {
        let size = list.len().max(1) as u64;
        let place = usize::try_from(rank % size).unwrap_or_default();
        values.push(list.get(place).cloned().unwrap_or_default());
        rank /= size;
    }
    let cells = group.iter().cloned().chain(values.into_iter().rev()).map(Some);
    Offender { cells: all.iter().cloned().zip(cells).collect(), answers: Vec::new() }
}

/// Totals against the sums of their parts. Where a part or the total is empty or missing nothing is compared:
/// it is not zero.
async fn equal_sums(engine: &Engine, contract: &Contract, equals: &Equals) -> Result<(Offences, Said), EngineError> {
    let total: BTreeMap<String, Vec<String>> =
        equals.total.iter().map(|(name, value)| (name.clone(), vec![value.clone()])).collect();
    let (is_total, is_part) = (among(&total), among(&equals.parts));
    let which_parts = equals.parts.iter().map(|(name, values)| format!("{name} = {}", values.join(", ")));
    for (what, which, condition) in
        [("total", totals(equals), &is_total), ("part", which_parts.collect::<Vec<_>>().join("; "), &is_part)]
    {
        let found = engine.collect(&format!("SELECT 1 FROM ny WHERE {condition} LIMIT 1")).await?;
        if found.iter().all(|batch| batch.num_rows() == 0) {
            let offences = Offences { count: 1, ..Offences::default() };
            return Ok((offences, nothing_to_add(what, &which)));
        }
    }
    let column = quoted(&equals.column);
    let group = together(contract, equals);
    let own = names(&group);
    let (own, comma) = (own.as_str(), if group.is_empty() { "" } else { ", " });
    let whole: Vec<String> =
        equals.total.iter().map(|(name, value)| format!("{} AS {}", text(value), quoted(name))).collect();
    let whole = whole.join(", ");
    let (grouped, ordered) = match group.as_slice() {
        [] => (String::new(), String::new()),
        _ => (format!("GROUP BY {own}"), format!("ORDER BY {own}")),
    };
    let tolerance = equals.tolerance;
    let sql = format!(
        "SELECT {own}{comma}{whole}, t AS {column}, s AS delar FROM (\n\
         SELECT {own}{comma}max(CASE WHEN {is_total} THEN {column} END) AS t, \
         sum(CASE WHEN {is_part} THEN {column} END) AS s, \
         count(CASE WHEN {is_part} AND {column} IS NULL THEN 1 END) AS tomma\n\
         FROM ny WHERE ({is_total}) OR ({is_part}) {grouped}\n\
         ) q WHERE tomma = 0 AND t IS NOT NULL AND s IS NOT NULL \
         AND abs(CAST(t AS DOUBLE) - CAST(s AS DOUBLE)) > {tolerance:?} + 1e-9 * greatest(1.0, abs(CAST(s AS DOUBLE))) {ordered}"
    );
    let offences = query(engine, &sql).await?;
    let said = unequal(offences.count, &equals.column, &totals(equals));
    Ok((offences, said))
}

/// The columns in which a total and its parts agree.
fn together(contract: &Contract, equals: &Equals) -> Vec<String> {
    let named = |name: &str| equals.total.contains_key(name);
    let areas = named("niva") || named("lan");
    let mut group: Vec<String> =
        contract.key.iter().filter(|name| !(named(name) || areas && *name == "kod")).cloned().collect();
    let has = |group: &[String], name: &str| group.iter().any(|each| each == name);
    if areas {
        // A county's municipalities lie in it; what lies in the nation has other counties than its own.
        let nation = equals.total.get("niva").is_some_and(|niva| niva == "riket");
        group.retain(|name| name != "lan");
        if !nation && !named("lan") {
            group.push("lan".to_owned());
        }
    } else if has(&group, "kod") && !has(&group, "niva") {
        group.insert(0, "niva".to_owned());
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn engine(rows: &str) -> Engine {
        let engine = Engine::new(64 << 20, &std::env::temp_dir()).unwrap();
        let rows = engine.plan(&format!("SELECT * FROM (VALUES {rows}) AS v (niva, kod, period, kon, antal)")).await;
        engine.register_query("ny", &rows.unwrap_or_else(|fault| panic!("{fault:?}"))).unwrap();
        engine
    }

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    async fn missing(rows: &str, over: &[&str], per: &[&str], except: &[(&str, &str)]) -> (u64, Vec<String>) {
        let except = except.iter().map(|(name, value)| ((*name).to_owned(), texts(&[value])));
        let complete = Complete { over: texts(over), per: texts(per), except: except.collect() };
        let (offences, _) = complete_rows(&engine(rows).await, &complete).await.unwrap();
        (offences.count, offences.rows.iter().map(ToString::to_string).collect())
    }

    #[tokio::test]
    async fn holes_are_counted_wherever_they_are() {
        let whole =
            "('k', 'a', '1', 'M', 1), ('k', 'a', '2', 'M', 1), ('k', 'b', '1', 'M', 1), ('k', 'b', '2', 'M', 1)";
        assert_eq!(missing(whole, &["kod", "period"], &["niva"], &[]).await, (0, vec![]));
        let rows = "('k', 'a', '2', 'M', 1), ('k', 'b', '1', 'K', 1), ('k', 'b', '1', 'M', 1), ('l', 'c', '3', 'M', 1)";
        let (count, found) = missing(rows, &["kod", "period"], &["niva"], &[]).await;
        assert_eq!((count, found), (2, texts(&["niva=k, kod=a, period=1", "niva=k, kod=b, period=2"])));
        let (count, _) = missing(rows, &["kod", "period"], &[], &[]).await;
        assert_eq!(count, 3 * 3 - 3, "no level of its own");
        let (count, found) = missing(rows, &["kod", "period", "kon"], &["niva"], &[("kod", "a")]).await;
        assert_eq!((count, found), (0, vec![]));
        let (count, found) = missing(rows, &["period"], &["niva", "kod"], &[]).await;
        assert_eq!((count, found), (0, vec![]), "each area has the periods that it has");
        assert_eq!(missing("('k', 'a', CAST(NULL AS VARCHAR), 'M', 1)", &["kod", "period"], &[], &[]).await.0, 0);
    }

    #[tokio::test]
    async fn many_holes_are_counted_beyond_those_shown() {
        let rows: Vec<String> = (0..30).map(|n| format!("('k', '{n:02}', '{n:02}', 'M', 1)")).collect();
        let (count, found) = missing(&rows.join(", "), &["kod", "period"], &["niva"], &[]).await;
        assert_eq!((count, found.len()), (30 * 29, 20));
        assert_eq!((found[0].as_str(), found[19].as_str()), ("niva=k, kod=00, period=01", "niva=k, kod=00, period=20"));
    }

    #[tokio::test]
    async fn an_odd_name_or_value_is_no_sql() {
        let rows = "('k', 'a''b', '1', 'M', 1)";
        assert_eq!(missing(rows, &["kod"], &[], &[("period", "1' OR '1'='1")]).await, (0, vec![]));
    }
}
