//! Kolada removes, renames, ends and redefines indicators without notice:
//! what of that can be told by ids and titles. It chooses nothing: a successor is
//! named to a reader, who has to compare what the two mean.

use super::super::error::{Renamed, Vanished};
use super::answer::Kpi;

/// As many successors as a message names.
const NAMED: usize = 3;

/// Titles less alike than this are of different things.
const ALIKE: f64 = 0.75;

/// Before the title of a new definition, which gets an id of its own.
const REDEFINED: &str = "ny definition";

/// The last year of a series that has ended, which Kolada writes behind its title: `… antal (-2024)`.
pub fn ended(title: &str) -> Option<&str> {
    let (_, suffix) = title.trim().strip_suffix(')')?.rsplit_once('(')?;
    let year = suffix.trim().strip_prefix(['-', '–'])?.trim();
    (year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit())).then_some(year)
}

/// The title without the years behind it and the words before it that say when and how it is defined.
pub fn plain(title: &str) -> &str {
    let mut text = title.trim();
    while let Some((front, suffix)) = text.strip_suffix(')').and_then(|text| text.rsplit_once('(')) {
        let years = suffix.trim().chars().all(|letter| letter.is_ascii_digit() || "-–, ".contains(letter));
        if !years || !suffix.contains(['-', '–']) {
            break;
        }
        text = front.trim_end();
    }
    let redefined = text.get(..REDEFINED.len()).is_some_and(|start| start.eq_ignore_ascii_case(REDEFINED));
    if redefined { text[REDEFINED.len()..].trim_start_matches([' ', '-', '–', ':']) } else { text }
}

/// A catalogue's entries, each with the words of its title.
type Titles<'a> = [(Vec<String>, &'a (String, String))];

/// The indicators of the catalogue whose titles are most like this one, the likeliest first.
fn successors(title: &str, catalogue: &Titles<'_>) -> Vec<(String, String)> {
    let wanted = words(title);
    let mut found: Vec<(f64, &(String, String))> = catalogue
        .iter()
        .map(|(words, entry)| (likeness(&wanted, words), *entry))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    // One that goes on before one that has ended, and then by id, so that a message is always the same.
    found.sort_by(|(one, this), (other, that)| {
        let ended = |entry: &(String, String)| ended(&entry.1).is_some();
        other.total_cmp(one).then_with(|| ended(this).cmp(&ended(that))).then_with(|| this.0.cmp(&that.0))
    });
    found.into_iter().take(NAMED).map(|(_, entry)| entry.clone()).collect()
}

/// In lower case, without signs; order is kept.
fn words(title: &str) -> Vec<String> {
    let text = plain(title).to_lowercase();
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '%');
    // Kolada has written per cent in all three ways.
    let same = |word: &str| if word == "%" || word == "procent" { "andel" } else { word }.to_owned();
    let mut words: Vec<String> = words.filter(|word| !word.is_empty()).map(same).collect();
    words.dedup();
    words
}

/// From 0 to 1: how many words the two share, beside how alike they are letter by letter.
fn likeness(one: &[String], other: &[String]) -> f64 {
    let all = (one.len() + other.len()) as f64;
    // Letters can't make up for as few words.
    let enough = |shared: usize| 2.0 * shared as f64 / all >= 2.0 * ALIKE - 1.0;
    if one.is_empty() || other.is_empty() || !enough(one.len().min(other.len())) {
        return 0.0;
    }
    let shared = one.iter().filter(|word| other.contains(word)).count();
    if !enough(shared) {
        return 0.0;
    }
    let of_words = 2.0 * shared as f64 / all;
    let of_letters = strsim::sorensen_dice(&one.join(" "), &other.join(" "));
    f64::midpoint(of_words, of_letters)
}

/// Names the successors of each that was known by a title.
pub fn vanished(
    ids: &[String],
    title: impl Fn(&str) -> Option<String>,
    catalogue: &[(String, String)],
) -> Vec<Vanished> {
    let titles: Vec<(Vec<String>, &(String, String))> =
        catalogue.iter().map(|entry| (words(&entry.1), entry)).collect();
    ids.iter()
        .map(|id| {
            let title = title(id);
            let successors = title.as_deref().map(|title| successors(title, &titles)).unwrap_or_default();
            Vanished { id: id.clone(), title, successors }
        })
        .collect()
}

/// The indicators whose titles are not those that were chosen; white space does not count.
pub fn retitled<'a>(kpis: &[Kpi], chosen: impl Fn(&str) -> Option<&'a String>) -> Vec<Renamed> {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let changed = kpis.iter().filter_map(|kpi| {
        let title = chosen(&kpi.id)?;
        (plain(title) != plain(&kpi.title)).then(|| Renamed {
            id: kpi.id.clone(),
            chosen: title.trim().to_owned(),
            now: kpi.title.trim().to_owned(),
        })
    });
    changed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_behind_a_title_tell_that_its_series_has_ended() {
        assert_eq!(ended("Elever i komvux som läser yrkespaket, antal (-2023)"), Some("2023"));
        assert_eq!(ended("Arbetslöshet 16-24 år, andel (%) av bef. (-2024) "), Some("2024"));
        assert_eq!(ended("Införandebidrag, kr/inv (2005-)"), None);
        assert_eq!(ended("Utbildningsnivå, andel (%)"), None);
        assert_eq!(plain("Införandebidrag, kr/inv (2005-)"), "Införandebidrag, kr/inv");
        assert_eq!(plain("Ny definition - Personer som arbetar, andel (%) (-2022)"), "Personer som arbetar, andel (%)");
        assert_eq!(plain("(-2022)"), "");
    }

    fn catalogue() -> Vec<(String, String)> {
        [
            ("N18958", "Ny definition - Personer som arbetar året efter avslutad utbildning i komvux, gymnasial nivå, andel (%)"),
            ("N18954", "Personer som studerar året efter avslutad utbildning i komvux, gymnasial nivå, andel (%)"),
            ("N18984", "Personer som arbetar året efter avslutad utbildning i komvux, andel (%) (-2022)"),
            ("N00003", "Personalkostnader, kr/inv"),
        ]
        .map(|(id, title)| (id.to_owned(), title.to_owned()))
        .into()
    }

    fn likely(title: &str) -> Vec<(String, String)> {
        let mut found = vanished(&["N1".to_owned()], |_| Some(title.to_owned()), &catalogue());
        found.remove(0).successors
    }

    #[test]
    fn a_successor_is_found_by_its_title_and_nothing_is_found_for_nothing() {
        let title = "Personer som arbetar året efter avslutad utbildning i komvux, gymnasial nivå, andel (%)";
        let found = likely(title);
        assert_eq!(found[0].0, "N18958", "{found:?}");
        assert!(found.iter().all(|(id, _)| id != "N00003"));
        assert!(likely("Skatteunderlag").is_empty());
        assert!(likely("(-2022)").is_empty());
    }
}
