//! A dataset's columns: what the contract declares, what the query gives, and
//! what the program adds. Judged before anything runs, so that `check` can say it.

use arrow::datatypes::{DataType, Schema};

use crate::config::{Column, ColumnType, Dataset, Perturbation};

/// Columns that every regional dataset has and no contract needs to declare.
const GIVEN: [&str; 3] = ["niva", "kod", "period"];
const ADDED: [(&str, &str, DataType); 4] = [
    ("namn", "Namn", DataType::Utf8),
    ("lan", "Län", DataType::Utf8),
    ("period_start", "Periodens första dag", DataType::Date32),
    ("period_end", "Periodens sista dag", DataType::Date32),
];

/// The columns of a published dataset, in order.
#[derive(Clone, Debug)]
pub struct Shape {
    pub columns: Vec<ShapeColumn>,
}

#[derive(Clone, Debug)]
pub struct ShapeColumn {
    pub name: String,
    pub title: String,
    pub kind: DataType,
    /// The query gives it; otherwise the program does.
    pub given: bool,
    pub role: Role,
}

/// What a column is to the measure it belongs to.
#[derive(Clone, Debug)]
pub enum Role {
    /// Area, period, or a code or label of the dataset's own.
    Key,
    Measure(Column),
    Status(Column),
    Symbol,
    /// How many perturbed cells stand in the value.
    Perturbed(Column),
}

/// Why a query does not fit its contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeProblem {
    pub message: String,
    pub hint: String,
    pub spot: Spot,
}

/// Where an operator would look for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// The query as a whole.
    Query,
    /// A column that the query gives.
    Given(String),
    /// A column's table in the contract.
    Declared(String),
}

impl Shape {
    /// Lays the contract over what the query gives.
    pub fn of(dataset: &Dataset, query: &Schema) -> Result<Self, Vec<ShapeProblem>> {
        let mut judge = Judge { dataset, query, columns: Vec::new(), problems: Vec::new() };
        judge.geography();
        for column in &dataset.columns {
            if !is_standard(&column.name) {
                judge.contract(column);
            }
        }
        judge.strangers();
        judge.key();
        if judge.problems.is_empty() { Ok(Self { columns: judge.columns }) } else { Err(judge.problems) }
    }

    pub fn measures(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter_map(|column| match &column.role {
            Role::Measure(measure) => Some(measure),
            _ => None,
        })
    }
}

fn is_standard(name: &str) -> bool {
    GIVEN.contains(&name) || ADDED.iter().any(|(added, ..)| *added == name)
}

/// Whether values of this type may stand in a column of that.
fn fits(kind: &DataType, wanted: ColumnType) -> bool {
    match wanted {
        ColumnType::Text => match kind {
            DataType::Dictionary(_, value) => fits(value, wanted),
            _ => matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null),
        },
        ColumnType::Int64 => kind.is_integer() || kind.is_null(),
        ColumnType::Float64 => kind.is_integer() || kind.is_floating() || kind.is_null(),
    }
}

fn arrow_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Text => DataType::Utf8,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Float64 => DataType::Float64,
    }
}

struct Judge<'a> {
    dataset: &'a Dataset,
    query: &'a Schema,
    columns: Vec<ShapeColumn>,
    problems: Vec<ShapeProblem>,
}

impl Judge<'_> {
    fn problem(&mut self, spot: Spot, message: String, hint: impl Into<String>) {
        self.problems.push(ShapeProblem { message, hint: hint.into(), spot });
    }

    fn given(&self, name: &str) -> Option<&DataType> {
        self.query.field_with_name(name).ok().map(arrow::datatypes::Field::data_type)
    }

    fn push(&mut self, name: &str, title: &str, kind: DataType, given: bool, role: Role) {
        self.columns.push(ShapeColumn { name: name.to_owned(), title: title.to_owned(), kind, given, role });
    }

    fn text(&mut self, name: &str) {
        if let Some(kind) = self.given(name)
            && !fits(kind, ColumnType::Text)
        {
            let given = Spot::Given(name.to_owned());
            let message = format!("the query gives {name:?} as {kind}, but it is text");
            self.problem(
                given,
                message,
                "codes and labels are text, with their leading zeros; cast where they are made",
            );
        }
    }

    fn geography(&mut self) {
        for name in GIVEN {
            if self.given(name).is_none() {
                self.problem(
                    Spot::Query,
                    format!("the query does not give {name:?}"),
                    "a regional dataset gives niva (riket, lan, kommun), kod and period; the program adds namn, lan, period_start and period_end",
                );
            }
            self.text(name);
        }
        let [namn, lan, start, end] = ADDED;
        for (name, title) in [("niva", "Nivå"), ("kod", "Områdeskod")] {
            self.push(name, title, DataType::Utf8, true, Role::Key);
        }
        for (name, title, kind) in [namn, lan] {
            self.text(name);
            let given = self.given(name).is_some();
            self.push(name, title, kind, given, Role::Key);
        }
        self.push("period", "Period", DataType::Utf8, true, Role::Key);
        for (name, title, kind) in [start, end] {
            let given = self.given(name).is_some();
            self.push(name, title, kind, given, Role::Key);
        }
    }

    fn contract(&mut self, column: &Column) {
        let name = &column.name;
        match (self.given(name).cloned(), &column.ratio) {
            (Some(_), Some(_)) => self.problem(
                Spot::Given(name.clone()),
                format!("the query gives {name:?}, which the contract says is a ratio"),
                "the program computes ratios from their parts, for areas as well; leave it out of the query",
            ),
            (None, None) => {
                let near = self.query.fields().iter().map(|field| field.name().as_str());
                let hint = nearest(name, near).map_or_else(
                    || format!("select it, or take [dataset.{}.column.{name}] out of the contract", self.dataset.name),
                    |near| format!("the query gives {near:?}: is that the one?"),
                );
                let spot = Spot::Declared(name.clone());
                self.problem(spot, format!("the contract has column {name:?}, which the query does not give"), hint);
            }
            (Some(kind), None) if !fits(&kind, column.kind) => self.problem(
                Spot::Given(name.clone()),
                format!("the query gives {name:?} as {kind}, but the contract says {}", column.kind.as_str()),
                "cast it in the query, or change the contract",
            ),
            _ => {}
        }
        let measure = column.is_measure() && !self.dataset.key.contains(name);
        let given = column.ratio.is_none();
        let kind = arrow_type(column.kind);
        if !measure {
            self.push(name, &column.title, kind, given, Role::Key);
            return;
        }
        self.push(name, &column.title, kind, given, Role::Measure(column.clone()));
        let (status, symbol, perturbed) =
            (format!("{name}_status"), format!("{name}_symbol"), format!("{name}_storda"));
        if given && self.given(&status).is_none() {
            self.problem(
                Spot::Given(name.clone()),
                format!("the query drops the status of {name:?}"),
                format!("select {status} as well: a value without its status can't be trusted"),
            );
        }
        self.text(&status);
        self.push(&status, &format!("{}: status", column.title), DataType::Utf8, given, Role::Status(column.clone()));
        if self.given(&symbol).is_some() {
            self.text(&symbol);
            self.push(&symbol, &format!("{}: källans symbol", column.title), DataType::Utf8, true, Role::Symbol);
        }
        let counted = self.given(&perturbed).is_some();
        if column.perturbation == Perturbation::Ckm && given && (counted || !self.dataset.areas.is_empty()) {
            let title = format!("{}: antal störda celler i summan", column.title);
            self.push(&perturbed, &title, DataType::Int64, counted, Role::Perturbed(column.clone()));
        }
    }

    /// Columns of the query that nobody declared.
    fn strangers(&mut self) {
        for field in self.query.fields() {
            let name = field.name();
            let ratio = self.dataset.columns.iter().any(|column| column.ratio.is_some() && column.name == *name);
            if ratio || self.columns.iter().any(|column| column.given && column.name == *name) {
                continue;
            }
            let known = self.dataset.columns.iter().map(|column| column.name.as_str());
            let hint = nearest(name, known).map_or_else(
                || format!("declare it as [dataset.{}.column.{name}], or take it out of the query", self.dataset.name),
                |near| format!("the contract has {near:?}: is that the one?"),
            );
            let spot = Spot::Given(name.clone());
            self.problem(spot, format!("the query gives column {name:?}, which the contract lacks"), hint);
        }
    }

    fn key(&mut self) {
        for name in self.dataset.key.clone() {
            let known = self.columns.iter().any(|column| column.name == name && matches!(column.role, Role::Key));
            if !known {
                self.problem(
                    Spot::Declared(name.clone()),
                    format!("the key has {name:?}, which is no code column of the dataset"),
                    "a key is made of niva, kod, period and declared columns that are not measures",
                );
            }
        }
    }
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}
