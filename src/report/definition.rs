//! A report as its folder declares it: which published series it shows, and how.

use std::collections::BTreeSet;

/// `reports/NAME`, checked.
#[derive(Clone, Debug)]
pub struct Report {
    pub name: String,
    pub title: String,
    pub description: String,
    /// In the file's order.
    pub keys: Vec<KeyFigure>,
    /// In the file's order.
    pub figures: Vec<Figure>,
    /// Name and text of every template, by name.
    pub(super) templates: Vec<(String, String)>,
    /// `style.css`.
    pub(super) style: String,
}

/// A published measure, narrowed to one value per area and period (and category).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    pub dataset: String,
    /// The measure's column; `<value>_status` stands beside it.
    pub value: String,
    /// All must hold.
    pub filters: Vec<Filter>,
    /// Replaces the unit and the decimals of the dataset's contract: one column may hold many indicators.
    pub unit: Option<String>,
    pub decimals: Option<u8>,
}

/// A column and the codes that are let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub column: String,
    pub codes: Vec<String>,
}

/// One row of the table of key figures.
#[derive(Clone, Debug)]
pub struct KeyFigure {
    pub name: String,
    pub title: String,
    pub series: Series,
    /// Also shown large, at the top of the page.
    pub card: bool,
    /// Also a column where areas are listed side by side.
    pub listed: bool,
    pub note: Option<String>,
}

/// A chart with its table, or a table alone.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Names the CSV files and the place on the page.
    pub name: String,
    pub title: String,
    pub text: Option<String>,
    pub series: Series,
    pub shape: Shape,
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Over all periods; one line for the page's area and one per level to compare with.
    Line { compare: Vec<Level> },
    /// The latest period, one bar per category; the `top` largest, or all in code order.
    Bar { category: String, label: Option<String>, top: Option<usize> },
    /// Each category's latest period, one row per category.
    Table { category: String, label: Option<String>, compare: Vec<Level> },
}

impl Shape {
    pub(super) fn category(&self) -> Option<(&str, Option<&str>)> {
        match self {
            Self::Line { .. } => None,
            Self::Bar { category, label, .. } | Self::Table { category, label, .. } => {
                Some((category, label.as_deref()))
            }
        }
    }
}

/// The levels that have pages or are compared with; others in a dataset are left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Kommun,
    Lan,
    Riket,
}

impl Level {
    pub const ALL: [Self; 3] = [Self::Kommun, Self::Lan, Self::Riket];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kommun => "kommun",
            Self::Lan => "lan",
            Self::Riket => "riket",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

impl Report {
    /// Every dataset that the report names, once each.
    pub fn datasets(&self) -> BTreeSet<&str> {
        let keys = self.keys.iter().map(|key| &key.series);
        let figures = self.figures.iter().map(|figure| &figure.series);
        keys.chain(figures).map(|series| series.dataset.as_str()).collect()
    }
}
