//! A table of the stand-in: its dimensions, code lists and the rule that gives each cell.

use std::sync::Arc;

use jiff::Timestamp;

#[derive(Clone)]
pub struct Table {
    pub id: &'static str,
    /// "Folkmängden per månad": what the table is about, without its dimensions.
    pub about: &'static str,
    pub dimensions: Vec<Dimension>,
    pub notes: Vec<&'static str>,
    pub updated: Timestamp,
    pub discontinued: bool,
    /// When it is expected to be updated next, where it says so.
    pub next_update: Option<Timestamp>,
    /// Annual, Quarterly or Monthly.
    pub time_unit: &'static str,
    pub subject: Subject,
    /// May cells be summed? No, where they are perturbed.
    pub aggregable: bool,
    /// The cell at a category of each dimension.
    pub cell: Rule,
}

pub type Rule = Arc<dyn Fn(&[usize]) -> Cell + Send + Sync>;

#[derive(Clone)]
pub struct Subject {
    pub code: &'static str,
    pub area: &'static str,
    pub folder: &'static str,
}

#[derive(Clone)]
pub struct Dimension {
    pub id: &'static str,
    pub label: &'static str,
    pub role: Role,
    pub categories: Vec<Category>,
    /// The code that stands for the whole where the dimension is left out; none: it cannot be.
    pub elimination: Option<&'static str>,
    pub show: &'static str,
    pub codelists: Vec<Codelist>,
    /// One for each category of a metric dimension.
    pub contents: Vec<Content>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Class,
    Metric,
    Time,
}

#[derive(Clone, Debug)]
pub struct Category {
    pub code: String,
    pub label: String,
}

#[derive(Clone)]
pub struct Content {
    pub unit: &'static str,
    pub decimals: u8,
    pub reference_period: &'static str,
    /// Stock, Flow, Average or Other.
    pub measuring: &'static str,
}

#[derive(Clone)]
pub struct Codelist {
    pub id: &'static str,
    pub label: &'static str,
    pub kind: CodelistKind,
    pub groups: Vec<Group>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodelistKind {
    /// A part of the dimension's own codes.
    Valueset,
    /// Codes of its own, each the sum of several.
    Aggregation,
}

/// A code that can be asked for, and the dimension's categories it stands for.
#[derive(Clone, Debug)]
pub struct Group {
    pub code: String,
    pub label: String,
    pub members: Vec<usize>,
}

/// A value in units of the content's last decimal, or the symbol of its absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    pub value: Option<i64>,
    pub symbol: Option<&'static str>,
}

impl Cell {
    pub const fn value(value: i64) -> Self {
        Self { value: Some(value), symbol: None }
    }

    pub const fn absent(symbol: &'static str) -> Self {
        Self { value: None, symbol: Some(symbol) }
    }
}

impl Category {
    pub fn new(code: &str, label: &str) -> Self {
        Self { code: code.to_owned(), label: label.to_owned() }
    }
}

impl Dimension {
    pub fn new(id: &'static str, label: &'static str, categories: Vec<Category>) -> Self {
        Self {
            id,
            label,
            role: Role::Class,
            categories,
            elimination: None,
            show: "value",
            codelists: Vec::new(),
            contents: Vec::new(),
        }
    }

    pub fn time(label: &'static str, periods: impl IntoIterator<Item = String>) -> Self {
        let categories = periods.into_iter().map(|period| Category::new(&period, &period)).collect();
        Self { role: Role::Time, show: "code", ..Self::new("Tid", label, categories) }
    }

    pub fn contents(contents: Vec<(&str, &str, Content)>) -> Self {
        let categories = contents.iter().map(|(code, label, _)| Category::new(code, label)).collect();
        let contents = contents.into_iter().map(|(_, _, content)| content).collect();
        Self { role: Role::Metric, contents, ..Self::new("ContentsCode", "tabellinnehåll", categories) }
    }

    /// The dimension's own codes, each standing for itself.
    pub fn groups(&self) -> Vec<Group> {
        let own = |(at, category): (usize, &Category)| Group {
            code: category.code.clone(),
            label: category.label.clone(),
            members: vec![at],
        };
        self.categories.iter().enumerate().map(own).collect()
    }

    /// A value set of the categories that pass.
    pub fn valueset(&self, id: &'static str, label: &'static str, keep: impl Fn(&str) -> bool) -> Codelist {
        let groups = self.groups().into_iter().filter(|group| keep(&group.code)).collect();
        Codelist { id, label, kind: CodelistKind::Valueset, groups }
    }

    pub fn codelist(&self, id: &str) -> Option<&Codelist> {
        self.codelists.iter().find(|list| list.id == id)
    }

    pub fn position(&self, code: &str) -> Option<usize> {
        self.categories.iter().position(|category| category.code == code)
    }
}

impl Table {
    pub fn time(&self) -> Option<&Dimension> {
        self.dimensions.iter().find(|dimension| dimension.role == Role::Time)
    }

    /// First and last period.
    pub fn span(&self) -> (&str, &str) {
        let periods = self.time().map_or(&[][..], |time| &time.categories);
        (periods.first().map_or("", |first| &first.code), periods.last().map_or("", |last| &last.code))
    }

    /// "… efter region, ålder och kön", with or without the time's own name.
    pub fn label(&self, with_time: bool) -> String {
        let names: Vec<&str> = self
            .dimensions
            .iter()
            .filter(|dimension| dimension.role == Role::Class || with_time && dimension.role == Role::Time)
            .map(|dimension| dimension.label)
            .collect();
        let listed = match names.as_slice() {
            [] => String::new(),
            [one] => format!(" efter {one}"),
            [front @ .., last] => format!(" efter {} och {last}", front.join(", ")),
        };
        format!("{}{listed}", self.about)
    }
}
