//! What a change of the configuration changes, in one line; and what it may not change while the program runs.

use std::collections::BTreeMap;
use std::path::Path;

use crate::codes;
use crate::config::Config;

/// Every pipeline's files as one hash each: whether it is the same pipeline as before.
pub fn fingerprints(config: &Config) -> BTreeMap<String, String> {
    config.pipelines.values().map(|pipeline| (pipeline.name.clone(), hash(config, &pipeline.dir))).collect()
}

fn hash(config: &Config, folder: &Path) -> String {
    let mut hasher = blake3::Hasher::new();
    for (path, text) in config.files.iter().filter(|(path, _)| path.starts_with(folder)) {
        for part in [path.to_string_lossy().as_bytes(), text.as_bytes()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// `added a, b; removed c; changed d, sources.toml`; nothing when nothing did.
pub fn difference(before: &Config, after: &Config) -> Option<String> {
    let (old, new) = (fingerprints(before), fingerprints(after));
    let added = new.keys().filter(|name| !old.contains_key(*name)).cloned().collect();
    let removed = old.keys().filter(|name| !new.contains_key(*name)).cloned().collect();
    let differs = |name: &&String| old.get(*name).is_some_and(|before| new.get(*name) != Some(before));
    let mut changed: Vec<String> = new.keys().filter(differs).cloned().collect();
    changed.extend(settings_changed(before, after));
    let said = |verb: &str, names: Vec<String>| (!names.is_empty()).then(|| format!("{verb} {}", names.join(", ")));
    let parts: Vec<String> =
        [said("added", added), said("removed", removed), said("changed", changed)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Files that belong to no pipeline, by their names.
fn settings_changed(before: &Config, after: &Config) -> Vec<String> {
    let own = |config: &Config| -> BTreeMap<String, String> {
        let of_pipeline = |path: &Path| config.pipelines.values().any(|pipeline| path.starts_with(&pipeline.dir));
        let files = config.files.iter().filter(|(path, _)| !of_pipeline(path));
        files
            .map(|(path, text)| {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                (name, text.to_owned())
            })
            .collect()
    };
    let (old, new) = (own(before), own(after));
    let mut names: Vec<String> = old.keys().chain(new.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names.retain(|name| old.get(name) != new.get(name));
    names
}

/// Keys that only a start takes up. A reload that changes one is refused: half of it would be in force.
pub fn needs_restart(before: &Config, after: &Config) -> Option<String> {
    let mut keys = Vec::new();
    if before.data_dir != after.data_dir {
        keys.push("data_dir");
    }
    let place = |config: &Config| config.bucket.as_ref().map(|bucket| bucket.address(""));
    if place(before) != place(after) {
        keys.push("data_url");
    }
    if before.server.listen != after.server.listen {
        keys.push("[server] listen");
    }
    let which = keys.join(", ");
    (!keys.is_empty()).then(|| {
        let code = codes::NEEDS_RESTART;
        format!(
            "error[{code}]: {which} can't change while the daemon runs\nhint: restart it: systemctl restart underlag"
        )
    })
}
