//! Kolada as an analyst looks through it: indicators, groups of indicators, and
//! groups of municipalities by title; and what one of them is.

use serde::de::DeserializeOwned;

use super::super::SourceError;
use super::super::browse::{Description, Entry, Proposal, ProposedColumn};
use super::super::encode::encode;
use super::answer::{Group, Kpi};
use super::churn::ended;
use super::lookup::{place, whole};
use super::{PAGE, describe as metadata_of};
use crate::fetch::Courier;

/// Indicators first, then groups of indicators, then groups of municipalities, each in the source's order.
pub async fn search(courier: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    let kpis = found::<Kpi>(courier, "kpi", text).await?;
    let mut entries: Vec<Entry> = kpis.iter().map(entry).collect();
    for (list, what) in [("kpi_groups", "indicators"), ("municipality_groups", "members")] {
        let groups = found::<Group>(courier, list, text).await?;
        entries.extend(groups.into_iter().map(|group| Entry {
            id: group.id,
            title: group.title.trim().to_owned(),
            updated: None,
            periods: None,
            note: Some(format!("group of {} {what}", group.members.len())),
        }));
    }
    Ok(entries)
}

async fn found<T: DeserializeOwned>(courier: &Courier, list: &str, text: &str) -> Result<Vec<T>, SourceError> {
    whole(courier, &format!("/{list}?title={}&per_page={PAGE}", encode(text))).await
}

fn entry(kpi: &Kpi) -> Entry {
    let ended = ended(&kpi.title).map(|year| format!("ended with {year}"));
    let area = kpi.operating_area.as_ref().map(|area| area.trim().to_owned());
    let schools = (kpi.has_ou_data == Some(true)).then(|| "for schools too".to_owned());
    let note: Vec<String> = ended.into_iter().chain(schools).chain(area).filter(|note| !note.is_empty()).collect();
    Entry {
        id: kpi.id.clone(),
        title: kpi.title.trim().to_owned(),
        updated: kpi.publication_date.clone(),
        periods: None,
        note: (!note.is_empty()).then(|| note.join("; ")),
    }
}

/// Of an indicator, or of a group by its id.
pub async fn describe(courier: &Courier, id: &str) -> Result<Description, SourceError> {
    if !id.starts_with('G') {
        let kpis: Vec<Kpi> = whole(courier, &format!("/kpi/{}", encode(id))).await?;
        if kpis.is_empty() {
            let (name, url) = place(courier, "kpi");
            let kpis = vec![super::super::error::Vanished { id: id.to_owned(), title: None, successors: Vec::new() }];
            return Err(SourceError::UnknownKpi { name, url, kpis, catalogue: Vec::new() });
        }
        return Ok(of_kpis(&kpis, format!("kpi = [{id:?}]")));
    }
    // Groups of indicators and of municipalities have ids of the same kind.
    let groups: Vec<Group> = whole(courier, &format!("/kpi_groups/{}", encode(id))).await?;
    if let Some(group) = groups.into_iter().find(|group| group.id == id) {
        let ids: Vec<String> = group.members.iter().map(|member| member.id.clone()).collect();
        let (kpis, _) = super::lookup::kpis(courier, &ids).await?;
        let mut description = of_kpis(&kpis, format!("kpi_group = [{id:?}]"));
        description.metadata.title = group.title.trim().to_owned();
        description.metadata.groups.push(metadata_of::group(&group, true));
        return Ok(description);
    }
    let groups: Vec<Group> = whole(courier, &format!("/municipality_groups/{}", encode(id))).await?;
    let Some(group) = groups.into_iter().find(|group| group.id == id) else {
        let (name, url) = place(courier, "municipality_groups");
        return Err(SourceError::UnknownUnit { name, url, what: "group", id: id.to_owned(), nearest: None });
    };
    let mut metadata = metadata_of::describe(&[], &[]);
    metadata.title = group.title.trim().to_owned();
    metadata.groups.push(metadata_of::group(&group, false));
    Ok(Description {
        metadata,
        updated: None,
        periods: Vec::new(),
        codelists: Vec::new(),
        eliminable: Vec::new(),
        notes: vec![format!("a group of {} members: name it under `municipality`", group.members.len())],
        // Which indicators are wanted of it, only a reader can say.
        proposal: None,
    })
}

fn of_kpis(kpis: &[Kpi], selection: String) -> Description {
    let mut metadata = metadata_of::describe(kpis, &[]);
    if let [kpi] = kpis {
        metadata.title = kpi.title.trim().to_owned();
    }
    let of = |kpi: &Kpi, text: &Option<String>| {
        text.as_ref().filter(|text| !text.trim().is_empty()).map(|text| format!("{}: {}", kpi.id, text.trim()))
    };
    let mut notes: Vec<String> = kpis.iter().filter_map(|kpi| of(kpi, &kpi.description)).collect();
    notes.extend(kpis.iter().filter_map(|kpi| {
        let year = ended(&kpi.title)?;
        Some(format!("{} has ended: its title says that {year} is its last year", kpi.id))
    }));
    let titles: Vec<String> = kpis.iter().map(|kpi| format!("{} = {:?}", kpi.id, kpi.title.trim())).collect();
    let fetch = format!(
        "{selection}\nmunicipality = \"*\"\nyears = \"latest(10)\"\n# Another title stops the run: Kolada redefines without notice.\ntitles = {{ {} }}\n",
        titles.join(", ")
    );
    let text = |name: &str, title: &str| ProposedColumn {
        name: name.to_owned(),
        kind: "text",
        title: title.to_owned(),
        unit: None,
        decimals: None,
    };
    let columns = vec![
        text("kpi", "Nyckeltal"),
        text("enhet", "Enhet i Kolada"),
        text("niva", "Nivå"),
        text("kod", "Kod"),
        text("period", "År"),
        text("kon", "Kön"),
        ProposedColumn {
            name: "varde".to_owned(),
            kind: "float64",
            title: "Värde".to_owned(),
            unit: None,
            decimals: None,
        },
    ];
    Description {
        metadata,
        updated: kpis.iter().filter_map(|kpi| kpi.publication_date.clone()).max(),
        periods: Vec::new(),
        codelists: Vec::new(),
        eliminable: Vec::new(),
        notes,
        proposal: Some(Proposal { fetch, columns, region: Some("kod".to_owned()), period: Some("period".to_owned()) }),
    }
}
