//! What a reader must know of exported figures: which they are, whom they go
//! back to, and whether they are invented.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::lake::{ColumnInfo, Manifest};

/// The words that must stand with invented figures.
pub const SYNTHETIC: &str = "SYNTETISKA DATA: alla värden är påhittade.";

/// Told in Swedish, beside the figures or in a sheet of their own.
#[derive(Clone, Debug)]
pub struct About {
    /// Name and text; a sentence of its own has no name.
    pub facts: Vec<(&'static str, String)>,
    pub columns: Vec<ColumnInfo>,
}

impl About {
    /// `withdrawn` is why the version should not be used; `as_of` the time that was asked for.
    pub fn new(
        manifest: &Manifest,
        area: Option<&str>,
        rows: u64,
        as_of: Option<Timestamp>,
        withdrawn: Option<&str>,
        zone: &TimeZone,
    ) -> Self {
        let time = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        let mut facts = Vec::new();
        if manifest.synthetic {
            facts.push(("", SYNTHETIC.to_owned()));
        }
        if let Some(reason) = withdrawn {
            facts.push(("", format!("Versionen är återkallad och ska inte användas: {reason}")));
        }
        facts.push(("Titel", manifest.title.clone()));
        if !manifest.description.is_empty() {
            facts.push(("Beskrivning", manifest.description.clone()));
        }
        facts.push(("Dataset", manifest.dataset.clone()));
        facts.push(("Version", manifest.version.to_string()));
        facts.push(("Publicerad", time(manifest.created_at)));
        facts.extend(as_of.map(|at| ("Gällde", time(at))));
        facts.extend(area.map(|area| ("Område", area.to_owned())));
        facts.push(("Rader", rows.to_string()));
        facts.push(("", manifest.credit.clone()));
        if !manifest.licences.is_empty() {
            facts.push(("Licens", manifest.licences.join("; ")));
        }
        facts.extend(manifest.carried_in_words().into_iter().map(|sentence| ("", sentence)));
        facts.push((
            "",
            "Ett tomt värde är aldrig en nolla: kolumnen NAMN_status säger varför det saknas, eller hur säkert det är."
                .to_owned(),
        ));
        Self { facts, columns: manifest.columns.clone() }
    }

    /// As a text of its own, beside a file that has no place for it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, fact) in &self.facts {
            text += &if name.is_empty() { format!("{fact}\n") } else { format!("{name}: {fact}\n") };
        }
        text += "\nKolumner\n";
        for column in &self.columns {
            let unit = column.unit.as_ref().map(|unit| format!(", {unit}")).unwrap_or_default();
            let decimals = column.decimals.map(|count| format!(", {count} decimaler")).unwrap_or_default();
            text += &format!("{}: {}{unit}{decimals}\n", column.name, column.title);
        }
        text
    }
}
