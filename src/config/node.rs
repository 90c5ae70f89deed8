//! Reading a checked table: the value where it is well-formed, nothing where
//! the walk has already complained. Asking for an undeclared key is a bug.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{Kind, Shape};
use super::leaf::Leaf;
use super::walk::{any_number, number};

/// A table and the keys that it may hold.
#[derive(Clone)]
pub(super) struct Node<'a> {
    shape: &'static Shape,
    table: &'a DeTable<'a>,
    /// The header or key that the table stands under; none for the root.
    pub span: Option<Range<usize>>,
}

impl<'a> Node<'a> {
    pub fn root(shape: &'static Shape, table: &'a DeTable<'a>) -> Self {
        Self { shape, table, span: None }
    }

    fn kind(&self, key: &str) -> Option<&'static Kind> {
        let kind = self.shape.keys.iter().find(|known| known.name == key).map(|known| &known.kind);
        debug_assert!(kind.is_some(), "the key {key:?} is read but not declared");
        kind
    }

    fn get(&self, key: &str) -> Option<(&'static Kind, &'a Spanned<DeValue<'a>>)> {
        Some((self.kind(key)?, self.table.get(key)?))
    }

    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The same of a key that not every table of this sort has.
    pub fn has_if_known(&self, key: &str) -> bool {
        self.shape.keys.iter().any(|known| known.name == key) && self.has(key)
    }

    /// Where a key stands.
    pub fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.table.get_key_value(key).map(|(key, _)| key.span())
    }

    pub fn text(&self, key: &str) -> Option<Spanned<&'a str>> {
        let (_, value) = self.get(key)?;
        Some(Spanned::new(value.span(), value.get_ref().as_str()?))
    }

    pub fn string(&self, key: &str) -> Option<String> {
        self.text(key).map(|text| (*text.get_ref()).to_owned())
    }

    /// The same of a key that not every table of this sort has.
    pub fn string_if_known(&self, key: &str) -> Option<String> {
        self.shape.keys.iter().any(|known| known.name == key).then(|| self.string(key))?
    }

    /// A text through its parser.
    pub fn leaf<T>(&self, key: &str, parse: fn(&str) -> Leaf<T>) -> Option<T> {
        parse(self.text(key)?.get_ref()).ok()
    }

    pub fn integer(&self, key: &str) -> Option<i64> {
        let (_, value) = self.get(key)?;
        integer(value.get_ref())
    }

    /// An integer as the type it is kept in.
    pub fn whole<T: TryFrom<i64>>(&self, key: &str) -> Option<T> {
        self.integer(key).and_then(|number| T::try_from(number).ok())
    }

    pub fn number(&self, key: &str) -> Option<f64> {
        let (_, value) = self.get(key)?;
        number(value.get_ref())
    }

    pub fn any_number(&self, key: &str) -> Option<f64> {
        let (_, value) = self.get(key)?;
        any_number(value.get_ref())
    }

    pub fn boolean(&self, key: &str) -> Option<bool> {
        let (_, value) = self.get(key)?;
        value.get_ref().as_bool()
    }

    /// The texts of a list, or a single text as a list of one.
    pub fn texts(&self, key: &str) -> Vec<Spanned<&'a str>> {
        self.get(key).map(|(_, value)| texts(value)).unwrap_or_default()
    }

    pub fn strings(&self, key: &str) -> Vec<String> {
        self.texts(key).into_iter().map(|text| text.into_inner().to_owned()).collect()
    }

    /// The whole numbers of a list; none where the value is no list.
    pub fn integers(&self, key: &str) -> Option<Vec<i64>> {
        let (_, value) = self.get(key)?;
        let items = value.get_ref().as_array()?;
        Some(items.iter().filter_map(|item| integer(item.get_ref())).collect())
    }

    /// Free keys with their values, in the file's order.
    pub fn entries(&self, key: &str) -> Vec<(Spanned<&'a str>, &'a Spanned<DeValue<'a>>)> {
        let Some((_, value)) = self.get(key) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else { return Vec::new() };
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, value)| {
                let name: &'a str = key.get_ref();
                (Spanned::new(key.span(), name), value)
            })
            .collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
    }

    /// Free keys with single texts, in the file's order.
    pub fn pairs(&self, key: &str) -> Vec<(Spanned<&'a str>, Spanned<&'a str>)> {
        let text = |value: &'a Spanned<DeValue<'a>>| Some(Spanned::new(value.span(), value.get_ref().as_str()?));
        self.entries(key).into_iter().filter_map(|(key, value)| Some((key, text(value)?))).collect()
    }

    /// Free keys with lists of texts, or single ones, in the file's order.
    pub fn lists(&self, key: &str) -> Vec<(Spanned<&'a str>, Vec<Spanned<&'a str>>)> {
        self.entries(key).into_iter().map(|(key, value)| (key, texts(value))).collect()
    }

    pub fn node(&self, key: &str) -> Option<Self> {
        let (kind, value) = self.get(key)?;
        let Kind::Table(shape) = kind else { return None };
        let table = value.get_ref().as_table()?;
        Some(Self { shape, table, span: self.key_span(key) })
    }

    /// `[[key]]`, or the tables of a list, in the file's order.
    pub fn list(&self, key: &str) -> Vec<Self> {
        let Some((Kind::List { item: Kind::Table(shape), .. }, value)) = self.get(key) else { return Vec::new() };
        let items = value.get_ref().as_array().into_iter().flat_map(|items| items.iter());
        let node = |item: &'a Spanned<DeValue<'a>>| {
            let span = Some(item.span()).filter(|span| !span.is_empty()).or_else(|| self.key_span(key));
            Some(Self { shape, table: item.get_ref().as_table()?, span })
        };
        items.filter_map(node).collect()
    }

    /// `[key.NAME]`, in the file's order.
    pub fn nodes(&self, key: &str) -> Vec<(Spanned<&'a str>, Self)> {
        let Some(Kind::Tables { shape, .. }) = self.kind(key) else { return Vec::new() };
        let node = |name: &Spanned<&'a str>, value: &'a Spanned<DeValue<'a>>| {
            let table = value.get_ref().as_table()?;
            Some(Self { shape, table, span: Some(name.span()) })
        };
        self.entries(key).into_iter().filter_map(|(name, value)| Some((name.clone(), node(&name, value)?))).collect()
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

pub(super) fn texts<'a>(value: &'a Spanned<DeValue<'a>>) -> Vec<Spanned<&'a str>> {
    match value.get_ref() {
        DeValue::String(text) => vec![Spanned::new(value.span(), text.as_ref())],
        DeValue::Array(items) => {
            items.iter().filter_map(|item| Some(Spanned::new(item.span(), item.get_ref().as_str()?))).collect()
        }
        _ => Vec::new(),
    }
}
