//! The KPIs, from the reference list of those the program uses.

use serde_json::{Value, json};

use crate::reference::Reference;
use crate::sandbox::fault::FaultKind;
use crate::sandbox::http::Ask;
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
    /// Has figures for schools too.
    pub of_schools: bool,
    /// The year that is published next.
    pub next_period: String,
    /// The day on which that is published, where it is told.
    pub publication: Option<String>,
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
            "publication_date": self.publication,
            "publ_period": self.next_period,
            "has_ou_data": self.of_schools,
        })
    }

    /// The latest year with data: the one before the year that is published next.
    pub fn latest_year(&self) -> u16 {
        self.next_period.parse::<u16>().map_or(2025, |next| next.saturating_sub(1))
    }
}

/// Indicators of one subject.
#[derive(Clone, Debug)]
pub struct KpiGroup {
    pub id: &'static str,
    pub title: &'static str,
    members: Vec<String>,
}

impl KpiGroup {
    pub fn json(&self, ask: &Ask<'_>, kpis: &[Kpi]) -> Value {
        let mut members = self.members.clone();
        if super::is_ordered(ask, FaultKind::ChangedMembers, self.id) {
            members.pop();
            members.extend(kpis.iter().map(|kpi| kpi.id.clone()).find(|id| !self.members.contains(id)));
        }
        let title = |id: &String| kpis.iter().find(|kpi| kpi.id == *id).map_or("", |kpi| kpi.title.as_str());
        let members: Vec<Value> =
            members.iter().map(|id| json!({ "member_id": id, "member_title": title(id) })).collect();
        json!({ "id": self.id, "title": self.title, "members": members })
    }
}

pub fn groups(kpis: &[Kpi]) -> Vec<KpiGroup> {
    let of = |id, title, subject: &str| KpiGroup {
        id,
        title,
        members: kpis.iter().filter(|kpi| kpi.subject == subject).map(|kpi| kpi.id.clone()).collect(),
    };
    vec![
        of("G2KPI100001", "Komvux (SYNTETISK GRUPP)", "Komvux"),
        of("G2KPI100002", "Utbildningsnivå (SYNTETISK GRUPP)", "Utbildningsnivå"),
    ]
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
            of_schools: false,
            next_period: text(table, "nasta_period", row),
            publication: None,
        })
        .collect();
    kpis.push(Kpi {
        id: "N15419".to_owned(),
        title: "Elever i åk 9 som uppnått betygskriterierna i alla ämnen, kommunala skolor,  andel (%)".to_owned(),
        unit: "procent".to_owned(),
        subject: "Grundskola".to_owned(),
        by_gender: true,
        all_levels: false,
        area: "Grundskola åk 0-9 inkl förskoleklass".to_owned(),
        of_schools: true,
        next_period: "2026".to_owned(),
        publication: None,
    });
    kpis.sort_by(|one, other| one.id.cmp(&other.id));
    kpis
}
