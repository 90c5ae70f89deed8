//! What a report is rendered from: published versions, the publisher, and the areas that get a page.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::config::Publisher;
use crate::lake::Manifest;

/// One published version of a dataset, pinned: the pointer may move on meanwhile.
#[derive(Clone, Debug)]
pub struct Published {
    pub manifest: Manifest,
    /// The version's own files, never those below `current`; in the manifest's order.
    pub files: Vec<PathBuf>,
    /// When the sources were last asked, also when their answer was found unchanged.
    pub checked_at: Timestamp,
    /// What readers must know beside the figures: withdrawn versions, kept periods. Swedish.
    pub notices: Vec<String>,
}

/// The areas that get a page, in the order in which they are listed.
#[derive(Clone, Debug, Default)]
pub struct Geography {
    /// Code and name.
    pub lan: Vec<(String, String)>,
    /// Code, name and the code of the län.
    pub kommuner: Vec<(String, String, String)>,
}

impl Geography {
    /// The municipalities of a county, by name.
    pub fn kommuner_in(&self, lan: &str) -> Vec<(&str, &str)> {
        let of_lan = self.kommuner.iter().filter(|(_, _, of)| of == lan);
        let mut kommuner: Vec<(&str, &str)> = of_lan.map(|(kod, namn, _)| (kod.as_str(), namn.as_str())).collect();
        kommuner.sort_by_cached_key(|(kod, namn)| (alphabetical(namn), (*kod).to_owned()));
        kommuner
    }
}

/// A name's place in the Swedish alphabet, where å, ä and ö follow z in that order.
fn alphabetical(name: &str) -> Vec<u32> {
    let place = |letter: char| match letter {
        'å' => u32::from('z') + 1,
        'ä' | 'æ' => u32::from('z') + 2,
        'ö' | 'ø' => u32::from('z') + 3,
        'é' => u32::from('e'),
        letter => u32::from(letter),
    };
    name.chars().flat_map(char::to_lowercase).map(place).collect()
}

/// Everything that a site is made of.
#[derive(Clone, Debug)]
pub struct SiteInput {
    /// By dataset name. Datasets that no figure names are left alone.
    pub published: BTreeMap<String, Published>,
    pub publisher: Publisher,
    pub geography: Geography,
}

impl SiteInput {
    /// Whether any of these datasets, or what one of them was made from, is a stand-in's invention.
    pub(super) fn synthetic<'a>(&self, mut datasets: impl Iterator<Item = &'a str>) -> bool {
        datasets.any(|name| {
            self.published.get(name).is_some_and(|published| {
                published.manifest.synthetic || published.manifest.sources.values().any(|source| source.synthetic)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Geography;

    #[test]
    fn municipalities_stand_in_the_swedish_alphabets_order() {
        let names = ["Örebro", "Åre", "Älmhult", "Zinkgruvan", "Alingsås"];
        let kommuner = names.map(|namn| ("0000".to_owned(), namn.to_owned(), "01".to_owned())).into();
        let geography = Geography { lan: Vec::new(), kommuner };
        let sorted: Vec<&str> = geography.kommuner_in("01").into_iter().map(|(_, namn)| namn).collect();
        assert_eq!(sorted, ["Alingsås", "Zinkgruvan", "Åre", "Älmhult", "Örebro"]);
    }
}
