//! The KPIs, from the reference list of those the program uses.

use serde_json::{Value, json};

use crate::reference::Reference;
use crate::sandbox::lists::text;

#[derive(Clone, Debug)]
pub struct Kpi {
    pub id: String,
    pub title: String,
    /// antal, procent or kronor.
    pub unit: String,
    /// Komvux, Utbildningsnivå or Arbetsmarknad.
    pub subject: String,
    pub by_gender: bool,
    /// K: kommuner and riket; A: regions too.
    pub all_levels: bool,
    pub area: String,
    /// The year that is published next.
    pub next_period: String,
}

impl Kpi {
    pub fn json(&self) -> Value {
        json!({
            "id": self.id,
            "title": self.title,
            "description": format!("SYNTETISKA DATA. {}.", self.title),
            "is_divided_by_gender": self.by_gender,
            "municipality_type": if self.all_levels { "A" } else { "K" },
            "auspice": "X",
            "operating_area": self.area,
            "perspective": "Volymer",
            "prel_publication_date": null,
            "publication_date": null,
            "publ_period": self.next_period,
            "has_ou_data": false,
        })
    }

    /// The latest year with data: the one before the year that is published next.
    pub fn latest_year(&self) -> u16 {
        self.next_period.parse::<u16>().map_or(2025, |next| next.saturating_sub(1))
    }
}

pub fn kpis(reference: &Reference) -> Vec<Kpi> {
    let Some(table) = reference.tables.get("nyckeltal") else { return Vec::new() };
    let mut kpis: Vec<Kpi> = (0..table.num_rows())
        .map(|row| Kpi {
            id: text(table, "kpi", row),
            title: text(table, "titel", row),
            unit: text(table, "enhet", row),
            subject: text(table, "amnesomrade", row),
            by_gender: text(table, "konsuppdelat", row) == "ja",
            all_levels: text(table, "enhetstyp", row) == "A",
            area: text(table, "verksamhetsomrade", row),
            next_period: text(table, "nasta_period", row),
        })
        .collect();
    kpis.sort_by(|one, other| one.id.cmp(&other.id));
    kpis
}
