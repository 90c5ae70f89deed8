//! Holds a spanned TOML tree against the key tables and reports everything
//! that differs. What passes here has the right keys, types and leaf syntax;
//! what the values mean together is for `check/`.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Diagnostic;
use super::keys::{Kind, Rule, Shape};
use super::names::choice;
use crate::codes::{self, Code};
use crate::nearest::nearest;

/// Checks one file. `partial`: syntax errors have already been reported, so that
/// what seems to be missing may only be unreadable.
pub(super) fn walk(file: &Path, shape: &Shape, root: &DeTable<'_>, partial: bool) -> Vec<Diagnostic> {
    let mut walker = Walker { file, partial, found: Vec::new() };
    walker.table(shape, root, None, "");
    walker.found
}

struct Walker<'a> {
    file: &'a Path,
    partial: bool,
    found: Vec<Diagnostic>,
}

impl Walker<'_> {
    fn report(&mut self, code: Code, span: Option<Range<usize>>, message: String, hint: Option<String>) {
        let plain = Diagnostic::error(code, self.file, message);
        self.found.push(Diagnostic { span, hint, ..plain });
    }

    fn table(&mut self, shape: &Shape, table: &DeTable<'_>, span: Option<Range<usize>>, path: &str) {
        for (key, value) in table {
            let name: &str = key.get_ref();
            match shape.keys.iter().find(|known| known.name == name) {
                Some(known) => self.value(&known.kind, value, &join(path, name), key.span()),
                None => self.unknown(shape, name, key.span(), path),
            }
        }
        if self.partial {
            return;
        }
        // What was mistyped is not missing as well.
        let known = || shape.keys.iter().map(|key| key.name);
        let unknown = table.keys().map(|key| key.get_ref().as_ref()).filter(|name| known().all(|key| key != *name));
        let meant: Vec<&str> = unknown.filter_map(|name| nearest(name, known())).collect();
        let absent = |name| !table.contains_key(name) && !meant.contains(&name);
        for key in shape.keys.iter().filter(|key| key.required && absent(key.name)) {
            let message = match path {
                "" => format!("the key `{}` is missing", key.name),
                path => format!("[{path}] lacks the key `{}`", key.name),
            };
            let example = example(&key.kind).map(|value| format!(" = {value}")).unwrap_or_default();
            let hint = format!("`{}{example}`: {}", key.name, key.about);
            self.report(codes::MISSING_KEY, span.clone(), message, Some(hint));
        }
        if shape.one_of {
            self.one_of(shape, table, span, path);
        }
    }

    fn unknown(&mut self, shape: &Shape, name: &str, span: Range<usize>, path: &str) {
        let known = shape.keys.iter().map(|key| key.name);
        let place = if path.is_empty() { String::new() } else { format!(" in [{path}]") };
        let hint = choice(name, "known keys", known);
        self.report(codes::UNKNOWN_KEY, Some(span), format!("unknown key `{name}`{place}"), Some(hint));
    }

    fn one_of(&mut self, shape: &Shape, table: &DeTable<'_>, span: Option<Range<usize>>, path: &str) {
        let names: Vec<&str> = shape.keys.iter().map(|key| key.name).collect();
        let mut present: Vec<_> =
            table.keys().filter(|key| names.contains(&key.get_ref().as_ref())).map(Spanned::span).collect();
        present.sort_by_key(|span| span.start);
        let kinds: Vec<String> = names.iter().map(|name| format!("[{path}.{name}]")).collect();
        // An unknown kind has been reported as an unknown key.
        if table.is_empty() {
            let hint = format!("one of {}", kinds.join(", "));
            self.report(codes::MISSING_KEY, span, format!("[{path}] has no kind"), Some(hint));
        } else if let Some(second) = present.get(1) {
            let hint = format!("keep one of {}", kinds.join(", "));
            self.report(codes::UNFIT, Some(second.clone()), format!("[{path}] has two kinds"), Some(hint));
        }
    }

    fn value(&mut self, kind: &Kind, value: &Spanned<DeValue<'_>>, path: &str, key: Range<usize>) {
        let span = value.span();
        match (kind, value.get_ref()) {
            (Kind::Text(rule), DeValue::String(text)) => self.text(rule, text, span),
            (Kind::OneOf(allowed), DeValue::String(text)) => self.one_of_values(allowed, text, path, span),
            (Kind::Integer { min, max }, DeValue::Integer(number)) => {
                let parsed = i64::from_str_radix(number.as_str(), number.radix());
                if !parsed.is_ok_and(|number| (*min..=*max).contains(&number)) {
                    let (message, hint) = if min == max {
                        (format!("`{path}` is {number}, and this program reads {min} only"), None)
                    } else if *max == i64::MAX {
                        (format!("`{path}` is {number}"), Some(format!("a whole number, at least {min}")))
                    } else {
                        (format!("`{path}` is {number}"), Some(format!("a whole number from {min} to {max}")))
                    };
                    self.report(codes::BAD_VALUE, Some(span), message, hint);
                }
            }
            (Kind::Number, DeValue::Integer(_) | DeValue::Float(_)) => {
                if number(value.get_ref()).is_none() {
                    self.report(codes::BAD_VALUE, Some(span), format!("`{path}` must be a number above 0"), None);
                }
            }
            (Kind::AnyNumber, DeValue::Integer(_) | DeValue::Float(_)) => {
                if any_number(value.get_ref()).is_none() {
                    self.report(codes::BAD_VALUE, Some(span), format!("`{path}` must be a finite number"), None);
                }
            }
            (Kind::Boolean, DeValue::Boolean(_)) => {}
            (Kind::List { item, may_be_empty }, DeValue::Array(items)) => {
                if items.is_empty() && !may_be_empty {
                    self.report(codes::BAD_VALUE, Some(key), format!("`{path}` is an empty list"), None);
                }
                for each in items {
                    self.value(item, each, path, each.span());
                }
                self.twice(items, path);
            }
            (Kind::Either(_, list @ Kind::List { .. }), DeValue::Array(_)) => self.value(list, value, path, key),
            (Kind::Either(_, map @ Kind::Map { .. }), DeValue::Table(_)) => self.value(map, value, path, key),
            (
                Kind::Either(number @ Kind::Integer { .. }, _) | Kind::Either(_, number @ Kind::Integer { .. }),
                DeValue::Integer(_),
            ) => {
                self.value(number, value, path, key);
            }
            (Kind::Either(single, _), DeValue::String(_)) => self.value(single, value, path, key),
            (Kind::Map { key: rule, value: kind }, DeValue::Table(table)) => {
                for (key, value) in table {
                    self.text(rule, key.get_ref(), key.span());
                    self.value(kind, value, &join(path, key.get_ref()), key.span());
                }
            }
            (Kind::Table(shape), DeValue::Table(table)) => self.table(shape, table, Some(heading(value, &key)), path),
            (Kind::Tables { key: rule, shape }, DeValue::Table(tables)) => {
                for (key, value) in tables {
                    self.text(rule, key.get_ref(), key.span());
                    let path = join(path, key.get_ref());
                    match value.get_ref() {
                        DeValue::Table(table) => self.table(shape, table, Some(heading(value, &key.span())), &path),
                        other => self.wrong_type(&Kind::Table(shape), other, &path, value.span()),
                    }
                }
            }
            (kind, other) => self.wrong_type(kind, other, path, span),
        }
    }

    fn text(&mut self, rule: &Rule, text: &str, span: Range<usize>) {
        if let Err(fault) = (rule.check)(text) {
            self.report(codes::BAD_VALUE, Some(span), fault.message, fault.hint);
        }
    }

    fn one_of_values(&mut self, allowed: &[&str], text: &str, path: &str, span: Range<usize>) {
        if allowed.contains(&text) {
            return;
        }
        let mut hint = format!("allowed: {}", quoted(allowed));
        if let Some(near) = nearest(text, allowed.iter().copied()) {
            hint = format!("did you mean \"{near}\"? {hint}");
        }
        self.report(codes::BAD_VALUE, Some(span), format!("`{path}` can't be {text:?}"), Some(hint));
    }

    fn twice(&mut self, items: &[Spanned<DeValue<'_>>], path: &str) {
        let plain = |value: &DeValue<'_>| match value {
            DeValue::String(text) => Some(format!("{text:?}")),
            DeValue::Integer(number) => Some(number.to_string()),
            _ => None,
        };
        for (index, item) in items.iter().enumerate() {
            let Some(text) = plain(item.get_ref()) else { continue };
            if items[..index].iter().any(|other| plain(other.get_ref()).as_ref() == Some(&text)) {
                self.report(codes::BAD_VALUE, Some(item.span()), format!("`{path}` lists {text} twice"), None);
            }
        }
    }

    fn wrong_type(&mut self, kind: &Kind, found: &DeValue<'_>, path: &str, span: Range<usize>) {
        let hint = match (kind, found) {
            (Kind::Text(rule) | Kind::Either(Kind::Text(rule), _), DeValue::Integer(_) | DeValue::Float(_)) => {
                let text = match found {
                    DeValue::Float(number) => number.as_str().to_owned(),
                    DeValue::Integer(number) => number.to_string(),
                    _ => String::new(),
                };
                match (rule.check)(&text) {
                    Ok(()) => Some(format!("write it in quotes: \"{text}\"")),
                    Err(fault) => fault.hint,
                }
            }
            (Kind::OneOf(allowed), _) => Some(format!("allowed: {}", quoted(allowed))),
            (Kind::Integer { .. } | Kind::Number | Kind::AnyNumber, DeValue::String(text))
                if text.parse::<f64>().is_ok() =>
            {
                Some(format!("write it without quotes: {text}"))
            }
            (Kind::Boolean, DeValue::String(text)) if matches!(text.as_ref(), "true" | "false") => {
                Some(format!("write it without quotes: {text}"))
            }
            (Kind::List { .. }, DeValue::String(text)) => Some(format!("write [{text:?}]")),
            _ => None,
        };
        let message = format!("`{path}` must be {}, not {}", wanted(kind), named(found));
        self.report(codes::WRONG_TYPE, Some(span), message, hint);
    }
}

fn quoted(values: &[&str]) -> String {
    values.iter().map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join(", ")
}

/// Where a table is pointed at: its header or key, not its whole body.
fn heading(value: &Spanned<DeValue<'_>>, key: &Range<usize>) -> Range<usize> {
    let span = value.span();
    if span.is_empty() { key.clone() } else { span }
}

fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|each| each.is_ascii_alphanumeric() || matches!(each, '_' | '-'));
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// A finite number above zero.
pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
    any_number(value).filter(|number| *number > 0.0)
}

/// A finite number.
pub(super) fn any_number(value: &DeValue<'_>) -> Option<f64> {
    let number = match value {
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok()?.to_string(),
        DeValue::Float(number) => number.as_str().to_owned(),
        _ => return None,
    };
    number.parse().ok().filter(|number: &f64| number.is_finite())
}

fn wanted(kind: &Kind) -> String {
    match kind {
        Kind::Text(rule) if rule.what == "a text" => "a text".to_owned(),
        Kind::Text(rule) => format!("a text: {}", rule.what),
        Kind::OneOf(_) => "a text".to_owned(),
        Kind::Integer { .. } => "a whole number".to_owned(),
        Kind::Number | Kind::AnyNumber => "a number".to_owned(),
        Kind::Boolean => "true or false".to_owned(),
        Kind::List { item, .. } => match item {
            Kind::Integer { .. } => "a list of whole numbers".to_owned(),
            Kind::Table(_) => "a list of tables".to_owned(),
            _ => "a list of texts".to_owned(),
        },
        Kind::Either(single, list) => format!("{} or {}", wanted(single), wanted(list)),
        Kind::Map { .. } | Kind::Table(_) | Kind::Tables { .. } => "a table".to_owned(),
    }
}

fn named(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn example(kind: &Kind) -> Option<String> {
    match kind {
        Kind::Text(_) => Some("\"…\"".to_owned()),
        Kind::OneOf(allowed) => allowed.first().map(|value| format!("\"{value}\"")),
        Kind::Integer { min, .. } => Some(min.to_string()),
        Kind::Boolean => Some("true".to_owned()),
        Kind::List { .. } => Some("[…]".to_owned()),
        _ => None,
    }
}
