//! What an analyst finds by clicking around an installation: by its search where it
//! has one, else by looking through its folders; and the fetch of one table.

use serde::Deserialize;
use serde_json::Value;

use super::super::SourceError;
use super::super::answer::parse;
use super::super::browse::{Description, Entry};
use super::super::encode::encode;
use super::super::pxweb::browse::of_cube;
use super::super::pxweb::query::Query;
use super::listing::{self, Node};
use super::plan::{self, Found};
use crate::config::PxwebFetch;
use crate::decode::json_stat::CubeDimension;
use crate::fetch::{Courier, Expect, FetchError, Request};

/// Folders that are looked through where the installation can't search.
const FOLDERS: usize = 60;

const MOST: usize = 100;

/// A hit of the installation's own search.
#[derive(Deserialize)]
struct Hit {
    id: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    title: String,
    published: Option<String>,
}

/// Tables whose title or path has every word. A path such as `BE/BE0101` lists that folder.
pub async fn search(courier: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    let text = text.trim();
    if !text.contains(' ')
        && !text.is_empty()
        && let Some(nodes) = listing::list(courier, text).await?
    {
        return Ok(nodes
            .iter()
            .filter(|node| node.is_table() || node.is_folder())
            .map(|node| entry(text, node))
            .collect());
    }
    if !text.is_empty()
        && let Some(found) = own_search(courier, text).await?
    {
        return Ok(found);
    }
    walk(courier, &text.to_lowercase()).await
}

/// Nothing where the search is switched off.
async fn own_search(courier: &Courier, text: &str) -> Result<Option<Vec<Entry>>, SourceError> {
    let request = Request::get(format!("/?query={}&filter=title", encode(text)));
    let answer = match courier.ask(&request, Expect::Json).await {
        Ok(answer) => answer,
        Err(FetchError::Refused { .. } | FetchError::NotJson { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // Some answer with the root's folders instead.
    let Ok(hits) = serde_json::from_slice::<Vec<Hit>>(answer.content()) else {
        let _: Value = parse(&answer)?;
        return Ok(None);
    };
    courier.accept(&answer)?;
    if hits.iter().all(|hit| hit.path.is_empty()) {
        return Ok(None);
    }
    let entry = |hit: Hit| Entry {
        id: format!("{}/{}", hit.path.trim_matches('/'), hit.id).trim_start_matches('/').to_owned(),
        title: hit.title.trim().to_owned(),
        updated: hit.published,
        periods: None,
        note: None,
    };
    Ok(Some(hits.into_iter().map(entry).collect()))
}

/// Folder by folder from the top, the promising first, as far as a minute of calls reaches.
async fn walk(courier: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let promising = |node: &Node, path: &str| {
        let hay = format!("{path} {}", node.text).to_lowercase();
        words.iter().any(|word| hay.contains(word))
    };
    let (mut first, mut later) = (vec![String::new()], std::collections::VecDeque::new());
    let mut found = Vec::new();
    let mut asked = 0;
    while let Some(folder) = first.pop().or_else(|| later.pop_front()) {
        if asked >= FOLDERS || found.len() >= MOST {
            let note = format!("only {asked} folders were looked through: search for a folder's path to look in it");
            found.push(Entry { id: "…".to_owned(), title: note, updated: None, periods: None, note: None });
            break;
        }
        asked += 1;
        let Some(nodes) = listing::list(courier, &folder).await? else { continue };
        for node in nodes {
            let entry = entry(&folder, &node);
            if node.is_folder() {
                if promising(&node, &entry.id) && !words.is_empty() {
                    first.push(entry.id);
                } else {
                    later.push_back(entry.id);
                }
            } else if node.is_table() {
                let hay = format!("{} {}", entry.id, entry.title).to_lowercase();
                if words.iter().all(|word| hay.contains(word)) {
                    found.push(entry);
                }
            }
        }
    }
    Ok(found)
}

fn entry(folder: &str, node: &Node) -> Entry {
    let folder = folder.trim_matches('/');
    let slash = if folder.is_empty() { "" } else { "/" };
    Entry {
        id: format!("{folder}{slash}{}", node.id),
        // Labels are written with double blanks, and end with the periods.
        title: node.text.split_whitespace().collect::<Vec<_>>().join(" "),
        updated: node.updated.clone(),
        periods: None,
        note: node.is_folder().then(|| "folder".to_owned()),
    }
}

pub async fn describe(courier: &Courier, id: &str) -> Result<Description, SourceError> {
    let mut fetch = PxwebFetch { table: id.to_owned(), ..PxwebFetch::default() };
    let found = plan::find(courier, &fetch).await?;
    courier.accept(&found.answer)?;
    // Everything that may not be left out is selected, so that a cell of each content can be asked for.
    let kept = |one: &&CubeDimension| !one.elimination && Some(&one.id) != found.meta.metric.as_ref();
    fetch.select =
        found.meta.dimensions.iter().filter(kept).map(|one| (one.id.clone(), vec!["*".to_owned()])).collect();
    fetch.table.clone_from(&found.fetch.table);
    let Found { meta, dialect, node, .. } = found;
    let query = Query::new(&fetch, &meta)?;
    let format = plan::format(courier);
    let sample = plan::sample(courier, &fetch, &query, &dialect, format, 0, plan::Dated::InFolder).await?;
    let told = sample.map(|sample| sample.meta).unwrap_or_default();
    let bare = PxwebFetch { select: std::collections::BTreeMap::new(), ..fetch.clone() };
    let meta = plan::completed(meta, &told, &bare, &dialect);
    let notes = told.notes.iter().chain(&told.optional_notes).cloned().collect();
    let updated = node.and_then(|node| node.updated).or_else(|| told.updated.clone());
    Ok(Description { updated, notes, ..of_cube(&fetch.table, &fetch, &meta) })
}
