//! What can be counted: occupation groups, by name, field or SSYK code, each
//! with how many advertisements are open now.

use super::super::SourceError;
use super::super::browse::{Description, Entry, Proposal, ProposedColumn, quoted};
use super::call::{By, Call, Where};
use super::count::{Outcome, count};
use super::known::{Group, known};
use super::{Work, describe};
use crate::fetch::Courier;

/// No call: the groups are the project's own list.
pub async fn search(_courier: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    let wanted = text.trim().to_lowercase();
    let said = |group: &Group| format!("{} {} {}", group.ssyk, group.label, group.field).to_lowercase();
    let entry = |group: &Group| Entry {
        id: group.ssyk.clone(),
        title: group.label.clone(),
        updated: None,
        periods: None,
        note: Some(format!("{}; {}", group.field, group.id)),
    };
    Ok(known()?.groups.iter().filter(|group| said(group).contains(&wanted)).map(entry).collect())
}

/// A group, by its SSYK code or its id: the nation's count tells that the source knows it.
pub async fn describe(courier: &Courier, id: &str) -> Result<Description, SourceError> {
    let known = known()?;
    let Some(group) = known.groups.iter().find(|group| group.ssyk == id || group.id == id) else {
        return Err(SourceError::UnknownEntry {
            name: courier.source().name.clone(),
            what: "occupation group",
            id: id.to_owned(),
            nearest: known.nearest_group(id),
        });
    };
    let places = known.places.iter().filter(|place| place.niva == "lan").cloned().collect();
    let call = Call { place: Where::Nation, by: By::Groups(vec![0]) };
    let work =
        Work { groups: vec![group.clone()], places, calls: vec![call.clone()], every_group: false, every_lan: true };
    let total = match count(courier, &work, &call).await? {
        Outcome::Counted(answer, counted) => {
            courier.accept(&answer)?;
            counted.total
        }
        Outcome::Cut(..) => 0,
    };
    Ok(Description {
        metadata: describe::describe(&work.groups, &work.places),
        updated: None,
        periods: Vec::new(),
        codelists: Vec::new(),
        eliminable: Vec::new(),
        notes: vec![format!("{total} advertisements are open in Sweden now")],
        proposal: Some(Proposal {
            fetch: format!("level = \"lan\"\ngroups = [{}]", quoted(&group.ssyk)),
            columns: vec![
                ProposedColumn {
                    name: "niva".to_owned(),
                    kind: "text",
                    title: "Nivå".to_owned(),
                    unit: None,
                    decimals: None,
                },
                ProposedColumn {
                    name: "ssyk".to_owned(),
                    kind: "text",
                    title: "Yrkesgrupp, SSYK 2012".to_owned(),
                    unit: None,
                    decimals: None,
                },
                ProposedColumn {
                    name: "antal".to_owned(),
                    kind: "int64",
                    title: "Öppna annonser".to_owned(),
                    unit: Some("antal".to_owned()),
                    decimals: Some(0),
                },
            ],
            region: Some("kod".to_owned()),
            period: Some("period".to_owned()),
        }),
    })
}
