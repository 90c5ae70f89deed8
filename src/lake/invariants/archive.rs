//! The archive: what it holds is what was filed, and everything that a
//! published figure goes back to is there.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{Source, read_hashed};
use super::report::{Damage, Report, Wrong};
use super::version::leftover;
use crate::fetch::AnswerRecord;
use crate::lake::{Lake, LakeError, VersionId};
use crate::store::Storage;

/// More than any answer: keeps a damaged object from being unpacked for ever.
const MAX_OBJECT: u64 = 1 << 40;

const OBJECTS: &str = "archive/objects";
const INDEX: &str = "archive/index";

/// What goes back to an object.
#[derive(Clone, Debug, Default)]
pub struct Cited {
    /// Addresses as they may be shown, or `recipe`, `metadata`.
    pub as_what: BTreeSet<String>,
    pub by: BTreeSet<(String, VersionId)>,
}

/// How a look at an object went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    Sound,
    Missing,
    Damaged(String),
}

/// Where an object lies.
pub fn object_key(hash: &str) -> String {
    let (folder, name) = hash.split_at_checked(2).unwrap_or(("", hash));
    format!("{OBJECTS}/{folder}/{name}.zst")
}

pub fn archive(lake: &Lake, report: &mut Report) -> Result<(), LakeError> {
    let storage = lake.storage();
    let cited = cited(lake)?;
    let mut indexed: BTreeSet<String> = BTreeSet::new();
    for line in storage.lines(INDEX)? {
        // A line that is not whole is what a crash leaves; the answer is asked for again.
        if let Ok(record) = serde_json::from_str::<AnswerRecord>(&line) {
            indexed.insert(record.hash);
        }
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut objects = 0;
    for entry in storage.list(OBJECTS)? {
        let below = entry.key.strip_prefix(OBJECTS).unwrap_or(&entry.key).trim_start_matches('/');
        let hash = below.strip_suffix(".zst").map(|path| path.replace('/', ""));
        let Some(hash) = hash.filter(|hash| object_key(hash) == entry.key) else {
            if entry.key.rsplit('/').next().is_some_and(leftover) {
                report.notes.push(format!("{}: left by a write that was cut short", entry.key));
            } else {
                report.damage.push(Damage::new(Wrong::Stray, "it is no object of the archive").file(entry.key));
            }
            continue;
        };
        objects += 1;
        if let Looked::Damaged(reason) = look(storage, &hash)? {
            let what = format!("{reason}{}", concerned(cited.get(&hash)));
            report.damage.push(Damage::new(Wrong::Archive, what).file(entry.key));
        }
        seen.insert(hash);
    }
    for hash in indexed.iter().chain(cited.keys()).collect::<BTreeSet<_>>() {
        if !seen.contains(hash) {
            let what = format!("it is not there{}", concerned(cited.get(hash)));
            report.damage.push(Damage::new(Wrong::Archive, what).file(object_key(hash)));
        }
    }
    for (hash, cited) in &cited {
        let answer = cited.as_what.iter().any(|what| what.contains(':'));
        if answer && !indexed.contains(hash) {
            let what = format!("no line tells of the answer {hash}{}", concerned(Some(cited)));
            report.damage.push(Damage::new(Wrong::Archive, what).file(INDEX));
        }
    }
    report.objects = Some(objects);
    Ok(())
}

/// Unpacks an object and compares it with the hash that it is named by.
pub fn look(storage: &dyn Storage, hash: &str) -> Result<Looked, LakeError> {
    let Some(source) = Source::open(storage, &object_key(hash))? else { return Ok(Looked::Missing) };
    let unpacked = source.reader().and_then(|packed| {
        let unpacked = zstd::stream::read::Decoder::new(packed)?;
        read_hashed(std::io::Read::take(unpacked, MAX_OBJECT + 1))
    });
    Ok(match unpacked {
        Ok((_, found)) if found == hash => Looked::Sound,
        Ok(_) => Looked::Damaged("its content does not have the hash that it is named by".to_owned()),
        Err(error) => Looked::Damaged(format!("it can't be unpacked: {error}")),
    })
}

/// Every object that a manifest names, by its hash.
fn cited(lake: &Lake) -> Result<BTreeMap<String, Cited>, LakeError> {
    let mut cited: BTreeMap<String, Cited> = BTreeMap::new();
    for dataset in lake.datasets()? {
        for version in lake.versions(&dataset)? {
            // A manifest that can't be read is told of elsewhere.
            let Ok(manifest) = lake.manifest(&dataset, &version) else { continue };
            let mut cite = |hash: &str, what: &str| {
                let cited = cited.entry(hash.to_owned()).or_default();
                cited.as_what.insert(what.to_owned());
                cited.by.insert((dataset.clone(), version.clone()));
            };
            if let Some(hash) = &manifest.recipe {
                cite(hash, "recipe");
            }
            for source in manifest.sources.values() {
                for answer in &source.answers {
                    cite(&answer.hash, &format!("{} {}", answer.method, answer.url));
                }
                if let Some(hash) = &source.metadata {
                    cite(hash, "metadata");
                }
            }
        }
    }
    Ok(cited)
}

/// `; GET https://…, of tal 000001-…`.
fn concerned(cited: Option<&Cited>) -> String {
    let Some(Cited { as_what, by }) = cited else { return String::new() };
    let list = |words: Vec<String>| {
        let more = words.len().saturating_sub(5);
        let mut text = words.into_iter().take(5).collect::<Vec<_>>().join(", ");
        if more > 0 {
            text = format!("{text} and {more} more");
        }
        text
    };
    let versions = by.iter().map(|(dataset, version)| format!("{dataset} {version}")).collect();
    format!("; {}, of {}", list(as_what.iter().cloned().collect()), list(versions))
}
