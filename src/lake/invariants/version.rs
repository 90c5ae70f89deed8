//! One version. What is cheap to see of it (`outline`) is asked before its
//! pointer moves; `version` reads every row as well.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::content::{Read, content};
use super::report::{Damage, Wrong};
use crate::lake::package::datapackage;
use crate::lake::prepare::Prepared;
use crate::lake::{LakeError, Manifest};
use crate::store::{LocalFolder, Storage};

/// A version that is ready in the stage folder: everything but its rows, which were judged when they were written.
pub fn prepared(version: &Prepared) -> Result<(), LakeError> {
    let Prepared { manifest, folder } = version;
    let unsound = |what: String| LakeError::Unsound {
        dataset: manifest.dataset.clone(),
        version: manifest.version.clone(),
        what,
    };
    let storage = LocalFolder::new(folder);
    let written = storage.read("manifest.json")?.ok_or_else(|| unsound("manifest.json: it is not there".to_owned()))?;
    match Manifest::parse(&written) {
        Ok(written) if written == *manifest => {}
        Ok(_) => return Err(unsound("manifest.json: it is not as it was written".to_owned())),
        Err(reason) => return Err(unsound(format!("manifest.json: {reason}"))),
    }
    match outline(&storage, "", manifest)?.into_iter().next() {
        Some(damage) => Err(unsound(damage.to_string())),
        None => Ok(()),
    }
}

/// Whether the manifest agrees with itself, and the folder holds exactly its files, each of its size, and the
/// descriptor that it gives. `key` is the version's folder.
pub fn outline(storage: &dyn Storage, key: &str, manifest: &Manifest) -> Result<Vec<Damage>, LakeError> {
    let mut found = alone(manifest);
    let below = if key.is_empty() { String::new() } else { format!("{key}/") };
    let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
    for entry in storage.list(key)? {
        let path = entry.key.strip_prefix(&below).unwrap_or(&entry.key).to_owned();
        sizes.insert(path, entry.size);
    }
    for file in &manifest.files {
        let path = format!("data/{}", file.path);
        match sizes.get(&path) {
            None => found.push(Damage::new(Wrong::Data, "it is not there").file(path)),
            Some(size) if *size != file.size => {
                let what = format!("{size} bytes, the manifest says {}", file.size);
                found.push(Damage::new(Wrong::Data, what).file(path));
            }
            Some(_) => {}
        }
    }
    found.extend(strays(&sizes, manifest));
    found.extend(descriptor(storage, &below, manifest)?);
    Ok(found)
}

/// A published version, its rows too; of one whose data were removed, what must still be there.
pub fn version(
    storage: &dyn Storage,
    key: &str,
    manifest: &Manifest,
    pruned: bool,
) -> Result<(Read, Vec<Damage>), LakeError> {
    if pruned {
        return Ok((Read::default(), alone(manifest)));
    }
    let mut found = outline(storage, key, manifest)?;
    // What the reading of the rows tells better.
    found.retain(|damage| damage.wrong != Wrong::Data || damage.file.is_none());
    let read = content(storage, key, manifest, &mut found)?;
    Ok((read, found))
}

/// What the manifest says without a look at anything else.
fn alone(manifest: &Manifest) -> Vec<Damage> {
    let mut found = Vec::new();
    let mut wrong = |what: String| found.push(Damage::new(Wrong::Manifest, what).file("manifest.json"));
    if !manifest.content_hash.starts_with(manifest.version.hash8()) {
        wrong(format!("the content hash {} is not the version's", manifest.content_hash));
    }
    let rows: u64 = manifest.files.iter().map(|file| file.rows).sum();
    if rows != manifest.rows {
        wrong(format!("it says {} rows, its files have {rows}", manifest.rows));
    }
    let paths: BTreeSet<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    if paths.len() != manifest.files.len() {
        wrong("it names a file twice".to_owned());
    }
    let name = format!("/{}.parquet", manifest.version);
    for file in &manifest.files {
        let steps = file.path.split('/');
        if !file.path.ends_with(&name) || steps.clone().any(|step| matches!(step, "" | "." | "..")) {
            wrong(format!("it names the file {:?}, which is none of this version", file.path));
        }
    }
    for column in &manifest.key {
        if !manifest.columns.iter().any(|known| known.name == *column) {
            wrong(format!("its key column {column:?} is no column"));
        }
    }
    found
}

fn strays(sizes: &BTreeMap<String, u64>, manifest: &Manifest) -> Vec<Damage> {
    let known: BTreeSet<String> = manifest.files.iter().map(|file| format!("data/{}", file.path)).collect();
    let stray =
        |path: &&String| !matches!(path.as_str(), "manifest.json" | "datapackage.json") && !known.contains(*path);
    let strays = sizes.keys().filter(stray);
    strays.map(|path| Damage::new(Wrong::Stray, "it is not in the manifest").file(path)).collect()
}

fn descriptor(storage: &dyn Storage, below: &str, manifest: &Manifest) -> Result<Option<Damage>, LakeError> {
    let wrong = |what: &str| Some(Damage::new(Wrong::Descriptor, what).file("datapackage.json"));
    let Some(bytes) = storage.read(&format!("{below}datapackage.json"))? else { return Ok(wrong("it is not there")) };
    Ok(match serde_json::from_slice::<Value>(&bytes) {
        Ok(written) if written == datapackage(manifest) => None,
        Ok(_) => wrong("it is not what the manifest gives"),
        Err(_) => wrong("it is no JSON"),
    })
}

/// What a crash leaves of a file that was about to be replaced, or of a pointer that was about to move.
pub fn leftover(name: &str) -> bool {
    let cut_short = |name: &str| {
        let serial = name.strip_suffix(".tmp").and_then(|rest| rest.rsplit_once('.')).map(|(_, serial)| serial);
        serial.is_some_and(|serial| {
            !serial.is_empty() && serial.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        })
    };
    name == "current.next" || cut_short(name)
}
