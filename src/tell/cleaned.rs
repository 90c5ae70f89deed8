//! Texts from sources and servers, made fit for a mail or a chat, and compared by their kind.

const MAX_LINES: usize = 30;
const MAX_LINE: usize = 300;

/// Lines of text without control characters, and without those that change a text's direction or can't be seen;
/// of a bounded number and length.
pub fn text(text: &str) -> String {
    let mut lines: Vec<String> = text.trim().lines().take(MAX_LINES + 1).map(line).collect();
    if lines.len() > MAX_LINES {
        lines.truncate(MAX_LINES - 1);
        lines.push("…".to_owned());
    }
    lines.join("\n").trim_end().to_owned()
}

/// The first line that says something, for a heading.
pub fn headline(text: &str, max: usize) -> String {
    let first = text.lines().map(line).map(|line| line.trim().to_owned()).find(|line| !line.is_empty());
    cut(&first.unwrap_or_default(), max)
}

fn line(text: &str) -> String {
    // What a carriage return would hide or overwrite is shown after it.
    let shown = text.chars().map(|each| if each == '\t' || each == '\r' { ' ' } else { each });
    let shown: String = shown.filter(|each| !each.is_control() && !is_unseen(*each)).take(MAX_LINE + 1).collect();
    cut(shown.trim_end(), MAX_LINE)
}

fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some(_) => format!("{}…", text.chars().take(max.saturating_sub(1)).collect::<String>().trim_end()),
        None => text.to_owned(),
    }
}

/// Overrides and isolates of direction, joiners, separators of lines, marks of byte order, tags.
const fn is_unseen(each: char) -> bool {
    matches!(
        each,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// What a text is about, without what changes from day to day or from one pipeline to the next: numbers, times, quoted
/// values, addresses, which fetch it was, and the rows that a check shows below its sentence. Two texts of one kind are
/// the same news.
pub fn kind(text: &str) -> String {
    let text = match text.strip_prefix("fetch ").and_then(|rest| rest.split_once(": ")) {
        Some((_, rest)) => rest,
        None => text,
    };
    let mut kind = String::new();
    for line in text.lines().filter(|line| !line.starts_with("    ")) {
        let word = |word: &'_ str| if word.contains("://") { "URL".to_owned() } else { word.to_owned() };
        let line = line.split(' ').map(word).collect::<Vec<_>>().join(" ");
        let mut quoted = false;
        let mut number = false;
        for each in line.chars() {
            // Part of a number, a time, or what parts two of them.
            let within = matches!(each, '.' | ',' | ':' | '-' | '%' | ' ' | '\u{a0}' | 'T' | 'Z');
            match each {
                '"' => {
                    quoted = !quoted;
                    number = false;
                    kind.push(each);
                }
                _ if quoted => {}
                '0'..='9' if number => {}
                '0'..='9' => {
                    number = true;
                    kind.push('#');
                }
                _ if number && within => {}
                _ => {
                    number = false;
                    kind.push(each);
                }
            }
        }
        kind.push('\n');
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_a_reader_is_gone() {
        assert_eq!(text("a\u{1b}[31mb\u{0}c\r\nd\te\rf"), "a[31mbc\nd e f");
        assert_eq!(text("x\u{202e}gpj.exe\u{200b}\u{feff}"), "xgpj.exe");
        assert_eq!(text("Värmland, Örebro — 5 %"), "Värmland, Örebro — 5 %");
        let long = text(&"å".repeat(5_000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (300, true));
        assert_eq!(text(&"rad\n".repeat(500)).lines().count(), 30);
        assert_eq!(headline("\n\n  nothing published:\r\nmore", 12), "nothing pub…");
    }

    #[test]
    fn the_same_fault_on_another_day_is_of_one_kind() {
        let one = "nothing published: a check did not hold\n  folk: min_rows: 950 rows, at least 1,000\n    0180 2026";
        let other = "nothing published: a check did not hold\n  folk: min_rows: 7 rows, at least 1,000\n    1440 2025";
        assert_eq!(kind(one), kind(other));
        assert_ne!(kind(one), kind("nothing published: a check did not hold\n  folk: max_drop: 20 % of the rows"));
        assert_eq!(
            kind("no answer within 60 s at 2026-11-01T06:00:00Z"),
            kind("no answer within 5 s at 2026-11-02T07:11:59Z")
        );
        assert_eq!(kind("unknown code \"0181\" in kod"), kind("unknown code \"0999\" in kod"));
        assert_ne!(kind("404 Not Found"), kind("503 Service Unavailable"));
        assert_eq!(
            kind("fetch folk: scb: POST https://a.example/tables/TAB1/data failed 5 times; the last time: no answer"),
            kind("fetch e3: scb: POST https://a.example/tables/BE0101/data failed 3 times; the last time: no answer"),
        );
    }
}
