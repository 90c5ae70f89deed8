//! Leaves that only one kind of source has.

use super::leaf::{Fault, Leaf};

/// A group of indicators of Kolada (`G2KPI114518`).
pub(super) fn kpi_group(text: &str) -> Leaf<String> {
    let rest = text.strip_prefix('G').unwrap_or_default();
    if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        format!("{text:?} is not the id of a group of KPIs"),
        "G and what follows it, as Kolada's `/kpi_groups` lists them: \"G2KPI114518\"",
    ))
}

/// A unit below the municipalities, such as a school (`V15E018000101`), or a pattern of such ids (`V15E*`).
pub(super) fn ou(text: &str) -> Leaf<String> {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'*' | b'?');
    let stars = text.strip_prefix('*').unwrap_or(text);
    let stars = stars.strip_suffix('*').unwrap_or(stars);
    if !text.is_empty() && text.bytes().all(plain) && !stars.contains('*') {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        format!("{text:?} is neither the id of a unit nor a pattern of ids"),
        "such as \"V15E018000101\", \"V15E*\" for every compulsory school, or \"*\"",
    ))
}

/// A dataset of Eurostat (`trng_lfse_04`).
pub(super) fn eurostat_dataset(text: &str) -> Leaf<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$');
    if !text.is_empty() && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        format!("{text:?} is not the code of a dataset"),
        "the code as Eurostat's data browser shows it: \"trng_lfse_04\"",
    ))
}

/// A period of Eurostat: `2015`, `2015-S1`, `2015-Q2`, `2015-03`, `2015-W07`, `2015-03-01`.
pub(super) fn eurostat_period(text: &str) -> Leaf<String> {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'S' | b'Q' | b'M' | b'W');
    let year = text.get(..4).is_some_and(|year| year.bytes().all(|byte| byte.is_ascii_digit()));
    if year && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(format!("{text:?} is not a period"), "such as \"2015\", \"2015-Q2\" or \"2015-03\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_codes_are_told_from_other_texts() {
        assert!(kpi_group("G2KPI114518").is_ok() && kpi_group("G33612").is_ok());
        assert!(kpi_group("G").is_err() && kpi_group("N18898").is_err() && kpi_group("G/1").is_err());
        assert!(ou("V15E*").is_ok() && ou("*").is_ok() && ou("V15E144001301").is_ok());
        assert!(ou("").is_err() && ou("V*15*").is_err() && ou("v15").is_err());
        assert!(eurostat_dataset("trng_lfse_04").is_ok() && eurostat_dataset("a/b").is_err());
        assert!(eurostat_period("2015-Q2").is_ok() && eurostat_period("15").is_err());
    }
}
