//! Where a table may have gone: agencies move tables between folders and give them
//! a letter more when a series breaks (`RegionInd19E3N1` became `RegionInd19E3N2`).
//! It looks among the neighbours, then one folder up, and never far.

use super::listing::{self, Node};
use super::split;
use crate::fetch::Courier;

/// Folders that are looked through, beyond the table's own.
const FOLDERS: usize = 12;

/// How alike two names must be; 1 is the same.
const ALIKE: f64 = 0.8;

const NAMED: usize = 3;

/// The likeliest, each with its path and title. Whatever goes wrong here, the fault at hand is the better one.
pub async fn find(courier: &Courier, table: &str, nodes: Option<&[Node]>) -> Vec<String> {
    let (mut folder, name) = split(table);
    let mut found: Vec<(f64, String)> = Vec::new();
    let mut collect = |folder: &str, nodes: &[Node]| {
        for node in nodes.iter().filter(|node| node.is_table()) {
            let score = alike(name, &node.id);
            if score >= ALIKE {
                let slash = if folder.is_empty() { "" } else { "/" };
                found.push((score, format!("{folder}{slash}{} ({})", node.id, node.text.trim())));
            }
        }
    };
    collect(folder, nodes.unwrap_or_default());
    let mut asked = 0;
    // Up to the first folder that still exists, and into those beside the lost one.
    while !folder.is_empty() && asked < FOLDERS {
        let lost = split(folder).1;
        folder = if folder.contains('/') { split(folder).0 } else { "" };
        asked += 1;
        let Ok(Some(nodes)) = listing::list(courier, folder).await else { continue };
        collect(folder, &nodes);
        let mut beside: Vec<&Node> = nodes.iter().filter(|node| node.is_folder()).collect();
        beside.sort_by(|one, two| alike(lost, &two.id).total_cmp(&alike(lost, &one.id)));
        for node in beside {
            if asked >= FOLDERS {
                break;
            }
            let slash = if folder.is_empty() { "" } else { "/" };
            let path = format!("{folder}{slash}{}", node.id);
            if path == split(table).0 {
                continue;
            }
            asked += 1;
            if let Ok(Some(inside)) = listing::list(courier, &path).await {
                collect(&path, &inside);
            }
        }
        break;
    }
    found.sort_by(|(one, _), (two, _)| two.total_cmp(one));
    found.dedup_by(|one, two| one.1 == two.1);
    found.into_iter().map(|(_, text)| text).take(NAMED).collect()
}

/// Whatever the case; numbers at the end count less than the stem before them.
fn alike(one: &str, two: &str) -> f64 {
    let (one, two) = (one.to_lowercase(), two.to_lowercase());
    let (one, two) = (one.trim_end_matches(".px"), two.trim_end_matches(".px"));
    // The id as it was, in another folder, or with an addition to it.
    if one == two {
        return 1.0;
    }
    if one.len() >= 5 && (one.contains(two) || two.contains(one)) && two.len() >= 5 {
        return 0.95;
    }
    strsim::jaro_winkler(one, two)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_successors_are_alike_and_neighbours_are_not() {
        for (old, new) in [
            ("RegionInd19E3N1", "RegionInd19E3N2"),
            ("BefolkManad", "BefolkManadCKM"),
            ("konkurser_manad_lan.px", "11_konkurser_manad_lan_20250212_140613.px"),
            ("UtbSUNBefDesoRegso", "UtbSUNBefDesoRegsoN"),
        ] {
            assert!(alike(old, new) >= ALIKE, "{old} {new}: {}", alike(old, new));
        }
        for (old, other) in [("RegionInd19E3N1", "KV15RekTid07"), ("BefolkManad", "ArbStatusM"), ("A", "B")] {
            assert!(alike(old, other) < ALIKE, "{old} {other}: {}", alike(old, other));
        }
    }
}
