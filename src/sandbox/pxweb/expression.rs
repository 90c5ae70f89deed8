//! One selection expression: a code, a pattern with `*` or `?`, or `TOP`, `BOTTOM`,
//! `RANGE`, `FROM`, `TO`. Codes and keywords count in any case.

use super::problem::Refusal;
use super::table::Group;

/// Marks in `chosen` the groups that the expression means.
pub fn choose(text: &str, groups: &[Group], time: bool, chosen: &mut [bool]) -> Result<(), Refusal> {
    if let Some(at) = find(groups, text) {
        chosen[at] = true;
        return Ok(());
    }
    let Some((name, inner)) = call(text) else {
        return if text.contains(['*', '?']) { matching(text, groups, chosen) } else { Err(Refusal::Value) };
    };
    let last = groups.len();
    let picked = match name.to_ascii_uppercase().as_str() {
        top @ ("TOP" | "BOTTOM") => {
            let (count, offset) = counts(inner).ok_or(Refusal::Expression)?;
            // TOP is the front of the list, but for time the latest: its end.
            let front = (top == "TOP") != time;
            if front {
                let from = offset.min(last);
                from..from.saturating_add(count).min(last)
            } else {
                let to = last.saturating_sub(offset);
                to.saturating_sub(count)..to
            }
        }
        "RANGE" => {
            let (from, to) = inner.split_once(',').ok_or(Refusal::Expression)?;
            let from = find(groups, from.trim()).ok_or(Refusal::Value)?;
            let to = find(groups, to.trim()).ok_or(Refusal::Value)?;
            from.min(to)..from.max(to) + 1
        }
        "FROM" => find(groups, inner.trim()).ok_or(Refusal::Value)?..last,
        "TO" => 0..find(groups, inner.trim()).ok_or(Refusal::Value)? + 1,
        _ => return Err(Refusal::Value),
    };
    chosen[picked].fill(true);
    Ok(())
}

fn find(groups: &[Group], code: &str) -> Option<usize> {
    groups
        .iter()
        .position(|group| group.code == code)
        .or_else(|| groups.iter().position(|group| group.code.to_lowercase() == code.to_lowercase()))
}

/// `NAME(inner)`.
fn call(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('(')?;
    Some((name, rest.strip_suffix(')')?))
}

/// `n` or `n,offset`: digits only, no blanks, `n` from 1.
fn counts(inner: &str) -> Option<(usize, usize)> {
    let number = |text: &str| {
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
    };
    let (count, offset) = match inner.split_once(',') {
        Some((count, offset)) => (number(count)?, number(offset)?),
        None => (number(inner)?, 0),
    };
    (!inner.starts_with('0')).then_some((count, offset))
}

/// At most two stars, only at the ends; a question mark is any one character.
fn matching(text: &str, groups: &[Group], chosen: &mut [bool]) -> Result<(), Refusal> {
    let (open_start, rest) = text.strip_prefix('*').map_or((false, text), |rest| (true, rest));
    let (open_end, core) = rest.strip_suffix('*').map_or((false, rest), |core| (true, core));
    if core.contains('*') {
        return Err(Refusal::Expression);
    }
    let core: Vec<char> = core.to_lowercase().chars().collect();
    let fits = |window: &[char]| core.iter().zip(window).all(|(want, have)| *want == '?' || want == have);
    for (group, chosen) in groups.iter().zip(chosen) {
        let letters: Vec<char> = group.code.to_lowercase().chars().collect();
        let Some(slack) = letters.len().checked_sub(core.len()) else { continue };
        let hit = match (open_start, open_end) {
            (false, false) => slack == 0 && fits(&letters),
            (false, true) => fits(&letters),
            (true, false) => fits(&letters[slack..]),
            (true, true) => (0..=slack).any(|from| fits(&letters[from..])),
        };
        *chosen |= hit;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(codes: &[&str]) -> Vec<Group> {
        let group =
            |(at, code): (usize, &&str)| Group { code: (*code).to_owned(), label: String::new(), members: vec![at] };
        codes.iter().enumerate().map(group).collect()
    }

    fn ask(text: &str, codes: &[&str], time: bool) -> Result<String, Refusal> {
        let mut chosen = vec![false; codes.len()];
        choose(text, &groups(codes), time, &mut chosen)?;
        let picked: Vec<&str> = codes.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(code, _)| *code).collect();
        Ok(picked.join(" "))
    }

    #[test]
    fn every_expression_means_what_the_server_means() {
        let codes = ["00", "01", "0114", "0115", "TotSA", "100+"];
        for (text, expected) in [
            ("0114", "0114"),
            ("totsa", "TotSA"),
            ("*", "00 01 0114 0115 TotSA 100+"),
            ("01*", "01 0114 0115"),
            ("*4", "0114"),
            ("*1*", "01 0114 0115 100+"),
            ("??", "00 01"),
            ("011?", "0114 0115"),
            ("TOP(2)", "00 01"),
            ("top(2,1)", "01 0114"),
            ("TOP(9,9)", ""),
            ("BOTTOM(1)", "100+"),
            ("range(0115,01)", "01 0114 0115"),
            ("FROM(TotSA)", "TotSA 100+"),
            ("to(01)", "00 01"),
        ] {
            assert_eq!(ask(text, &codes, false).as_deref(), Ok(expected), "{text}");
        }
        for text in ["TOP(0)", "TOP(10, 20)", "TOP(x)", "*1*1*", "a*b"] {
            assert_eq!(ask(text, &codes, false), Err(Refusal::Expression), "{text}");
        }
        for text in ["9998", "RANGE(00,9998)", "FROM(x)", "NEXT(1)"] {
            assert_eq!(ask(text, &codes, false), Err(Refusal::Value), "{text}");
        }
    }

    #[test]
    fn the_top_of_time_is_its_latest() {
        let years = ["2022", "2023", "2024", "2025"];
        assert_eq!(ask("TOP(2)", &years, true).as_deref(), Ok("2024 2025"));
        assert_eq!(ask("TOP(1,1)", &years, true).as_deref(), Ok("2024"));
        assert_eq!(ask("BOTTOM(1)", &years, true).as_deref(), Ok("2022"));
    }
}
