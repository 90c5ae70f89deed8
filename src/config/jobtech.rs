//! Leaf syntax of JobTech's names: concept ids, queries, occupation groups.

use super::leaf::{Fault, Leaf};

pub(super) fn latest(text: &str) -> Leaf<()> {
    if text == "latest" {
        return Ok(());
    }
    let hint = if text.parse::<u32>().is_ok() {
        format!("write it without quotes: {text}")
    } else {
        "31, or \"latest\"".to_owned()
    };
    Err(Fault::new(format!("{text:?} is no version"), hint))
}

/// It becomes a part of a path.
pub(super) fn slug(text: &str) -> Leaf<String> {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if text.split('-').all(word) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        format!("{text:?} is not the name of a query"),
        "lower-case words with hyphens between them: \"the-ssyk-hierarchy-with-occupations\"",
    ))
}

pub(super) fn place(text: &str) -> Leaf<String> {
    if matches!(text.len(), 2 | 4) && is_digits(text) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        format!("{text:?} is the code of no län or kommun"),
        "two digits for a län (\"25\"), four for a kommun (\"2584\")",
    ))
}

pub(super) fn group(text: &str) -> Leaf<String> {
    if (text.len() == 4 && is_digits(text)) || is_concept_id(text) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        format!("{text:?} is neither an SSYK code nor a concept id"),
        "four digits (\"5321\"), or the id of an occupation group or field (\"NYW6_mP6_vwf\")",
    ))
}

/// Such as `NYW6_mP6_vwf`.
fn is_concept_id(text: &str) -> bool {
    let lengths = text.split('_').map(str::len);
    lengths.eq([4, 3, 3]) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_strictly() {
        assert!(latest("latest").is_ok() && latest("Latest").is_err() && latest("31").is_err());
        assert!(slug("sun-field-hierarchy").is_ok());
        for wrong in ["", "a/b", "a--b", "../x", "Å", "a b"] {
            assert!(slug(wrong).is_err(), "{wrong:?}");
        }
        assert!(place("25").is_ok() && place("0180").is_ok());
        assert!(place("1").is_err() && place("018").is_err() && place("SE").is_err());
        assert!(group("0110").is_ok() && group("NYW6_mP6_vwf").is_ok());
        for wrong in ["110", "Undersköterska", "NYW6-mP6-vwf", "NYW6_mP6_vwf_"] {
            assert!(group(wrong).is_err(), "{wrong:?}");
        }
    }
}
