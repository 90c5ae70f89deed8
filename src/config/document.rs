//! Every key of every configuration file as a document, from the same key
//! tables that the files are checked by and the JSON Schemas are made of.

use std::fmt::Write as _;

use super::keys::{FILES, Key, Kind, REPORT, Shape};

const HEAD: &str = "<!-- Written by `underlag schema --write docs/schema --keys docs/configuration.md`. -->
# Every configuration key

Five kinds of file, all TOML: `underlag.toml`, beside it `sources.toml` and `areas.toml`, a `pipeline.toml` in each folder of
`pipelines_dir`, and a `report.toml` in each folder of `reports_dir`. `underlag check` holds them against what stands here, and shows every mistake with its place. A key that is not
known is a mistake. All but the last are there as JSON Schema too, for editors: [schema/](schema/).

`NAME` in a heading is a name of your own: a to z, digits and `_`, beginning with a letter. A *duration* is a whole number and a
unit, one of ms, s, m, h, d: `\"30s\"`. A *size* the same with B, KiB, MiB, GiB, kB, MB, GB: `\"256MiB\"`. In the column *default*, **required**
is a key that must be there, and – one that has no effect when it is left out.
";

/// What is said of each file, and an example that `check` accepts.
const ABOUT: [(&str, &str, &str); 5] = [
    (
        "underlag",
        "`/etc/underlag/underlag.toml`, or `--config`, or `UNDERLAG_CONFIG`.",
        include_str!("examples/underlag.toml"),
    ),
    (
        "sources",
        "Beside `underlag.toml`. What each kind of source gives: [sources.md](sources.md).",
        include_str!("examples/sources.toml"),
    ),
    ("areas", "Beside `underlag.toml`; may be left out.", include_str!("examples/areas.toml")),
    (
        "pipeline",
        "`pipelines_dir/NAME/pipeline.toml`, with its SQL files beside it. How one is written: [first-pipeline.md](first-pipeline.md); when it runs: \
         [schedules.md](schedules.md), [releases.md](releases.md).",
        include_str!("examples/pipeline.toml"),
    ),
    ("report", "`reports_dir/NAME/report.toml`.", include_str!("examples/report.toml")),
];

/// One table of keys, with the places that it may stand in.
struct Section {
    shape: &'static Shape,
    places: Vec<String>,
}

fn files() -> impl Iterator<Item = (&'static str, &'static Shape)> {
    FILES.into_iter().chain([("report", &REPORT)])
}

/// The tables of report.toml by their place, each with its keys.
#[cfg(all(test, feature = "engine"))]
pub(crate) fn report_keys() -> Vec<(String, Vec<&'static str>)> {
    let mut sections = Vec::new();
    gather(&REPORT, "", &mut sections);
    let keys = |section: &Section| section.shape.keys.iter().map(|key| key.name).collect();
    sections.iter().map(|section| (section.places[0].clone(), keys(section))).collect()
}

/// The example of report.toml.
#[cfg(all(test, feature = "engine"))]
pub(crate) const REPORT_EXAMPLE: &str = include_str!("examples/report.toml");

/// docs/configuration.md.
pub fn document() -> String {
    let mut text = HEAD.to_owned();
    for (name, shape) in files() {
        let (_, about, example) = ABOUT.iter().find(|(file, ..)| *file == name).unwrap_or(&ABOUT[0]);
        let _ = write!(text, "\n## {name}.toml\n\n{} {about}\n\n```toml\n{example}```\n\n", shape.about);
        let mut sections = Vec::new();
        gather(shape, "", &mut sections);
        for section in &sections {
            write_section(&mut text, section);
        }
    }
    text
}

/// Tables in the order of their keys; one that may stand in several places comes once.
fn gather(shape: &'static Shape, place: &str, sections: &mut Vec<Section>) {
    if let Some(known) = sections.iter_mut().find(|section| std::ptr::eq(section.shape, shape)) {
        known.places.push(place.to_owned());
        return;
    }
    sections.push(Section { shape, places: vec![place.to_owned()] });
    for key in shape.keys {
        let place = if place.is_empty() { key.name.to_owned() } else { format!("{place}.{}", key.name) };
        below(&key.kind, &place, sections);
    }
}

fn below(kind: &'static Kind, place: &str, sections: &mut Vec<Section>) {
    match kind {
        Kind::Table(shape) => gather(shape, place, sections),
        Kind::Tables { shape, .. } => gather(shape, &format!("{place}.NAME"), sections),
        Kind::List { item, .. } => below(item, place, sections),
        Kind::Either(one, other) => {
            below(one, place, sections);
            below(other, place, sections);
        }
        _ => {}
    }
}

fn write_section(text: &mut String, section: &Section) {
    let shape = section.shape;
    if let Some((first, others)) = section.places.split_first().filter(|(first, _)| !first.is_empty()) {
        let _ = write!(text, "### `[{first}]`\n\n{}\n\n", shape.about);
        if !others.is_empty() {
            let others: Vec<String> = others.iter().map(|place| format!("`[{place}]`")).collect();
            let _ = write!(text, "The same keys stand in {}.\n\n", others.join(", "));
        }
    }
    if shape.one_of {
        text.push_str("Exactly one of these.\n\n");
    }
    text.push_str("| key | type | default | |\n|---|---|---|---|\n");
    for key in shape.keys {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            key.name,
            cell(&kind(&key.kind)),
            default(key, shape),
            cell(key.about)
        );
    }
    text.push('\n');
}

fn default(key: &Key, shape: &Shape) -> String {
    match key.default {
        _ if key.required => "**required**".to_owned(),
        Some(default) if matches!(key.kind, Kind::Text(_) | Kind::OneOf(_) | Kind::Either(..)) => {
            format!("`\"{default}\"`")
        }
        Some(default) => format!("`{default}`"),
        None if shape.one_of => String::new(),
        None => "–".to_owned(),
    }
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Text(rule) => rule.what.to_owned(),
        Kind::OneOf(allowed) => allowed.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", "),
        Kind::Integer { min, max } if min == max => format!("{min}"),
        Kind::Integer { min, max: i64::MAX } => format!("a whole number, at least {min}"),
        Kind::Integer { min, max } => format!("a whole number, {min} to {max}"),
        Kind::Number => "a number above 0".to_owned(),
        Kind::AnyNumber => "a number".to_owned(),
        Kind::Boolean => "`true` or `false`".to_owned(),
        Kind::List { item: Kind::Table(_), .. } => "a list of tables".to_owned(),
        Kind::List { item, may_be_empty } => {
            let empty = if *may_be_empty { "" } else { ", not empty" };
            format!("a list{empty}, each {}", self::kind(item))
        }
        Kind::Either(one, other) => format!("{}; or {}", self::kind(one), self::kind(other)),
        Kind::Map { key, value } => format!("a table: {} = {}", key.what, self::kind(value)),
        Kind::Table(_) => "a table".to_owned(),
        Kind::Tables { .. } => "tables, each by its `NAME`".to_owned(),
    }
}

/// A bar would end the cell, and `<` begin a tag.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::{Diagnostic, Overrides, load};
    use super::*;

    #[test]
    fn the_document_in_docs_is_that_of_the_key_tables() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
        let there = fs::read_to_string(file).unwrap_or_default();
        assert!(
            there == document(),
            "docs/configuration.md is stale: underlag schema --write docs/schema --keys docs/configuration.md"
        );
    }

    #[test]
    fn every_key_is_in_it_once_for_each_table() {
        let text = document();
        for (name, shape) in files() {
            let mut sections = Vec::new();
            gather(shape, "", &mut sections);
            for section in &sections {
                for place in section.places.iter().filter(|place| !place.is_empty()) {
                    assert!(text.contains(&format!("`[{place}]`")), "{name}: {place}");
                }
                for key in section.shape.keys {
                    assert!(text.contains(&format!("| `{}` | ", key.name)), "{name}: {}", key.name);
                }
            }
            assert!(sections.iter().all(|section| !section.shape.keys.is_empty()));
        }
        assert!(text.contains("### `[dataset.NAME.check.equals.NAME]`"));
    }

    #[test]
    fn its_examples_are_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::create_dir_all(place("config")).unwrap();
        fs::create_dir_all(place("pipelines/befolkning")).unwrap();
        // Reports have a reader of their own.
        for (name, _, example) in ABOUT.into_iter().filter(|(name, ..)| *name != "report") {
            let file = match name {
                "pipeline" => place("pipelines/befolkning/pipeline.toml"),
                name => place(&format!("config/{name}.toml")),
            };
            fs::write(file, example).unwrap();
        }
        fs::write(place("pipelines/befolkning/befolkning.sql"), "SELECT * FROM folk").unwrap();
        let loaded = load(&place("config/underlag.toml"), &Overrides::default());
        let found: Vec<&Diagnostic> = loaded.diagnostics.iter().collect();
        assert!(found.is_empty() && loaded.config.is_some(), "{found:#?}");
    }
}
