//! The links of a page, for the file whose address moves: which of them fit, and
//! which is the newest. Nothing else of a page is understood, and nothing run.

use url::Url;

use super::period::{Dated, Pattern};
use crate::config::Link;
use crate::source::SourceError;

/// Links that an error shows.
const SHOWN: usize = 10;
/// More than any page of a public office has.
const LINKS: usize = 20_000;

/// A link that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    pub url: Url,
    pub period: String,
}

/// The newest link of a page at this address.
pub(super) fn newest(name: &str, page: &Url, body: &[u8], link: &Link) -> Result<Chosen, SourceError> {
    let pattern = Pattern::new(&link.pattern);
    let all = links(page, &String::from_utf8_lossy(body));
    let mut fitting: Vec<(Dated, &Url)> =
        all.iter().filter_map(|url| Some((pattern.period(&shown(url))?, url))).collect();
    fitting.sort_by(|(one, _), (other, _)| other.start.cmp(&one.start));
    let candidates = |urls: &mut dyn Iterator<Item = String>| urls.take(SHOWN).collect::<Vec<_>>();
    let Some((newest, url)) = fitting.first() else {
        let ending = |text: &str| text.rsplit_once('.').map(|(_, ending)| ending.to_owned());
        let wanted = ending(&link.pattern);
        // Those of the same kind are likelier to be what was meant.
        let mut rest: Vec<&Url> = all.iter().collect();
        rest.sort_by_key(|url| ending(&shown(url)) != wanted);
        return Err(SourceError::NoLink {
            name: name.to_owned(),
            url: page.to_string(),
            pattern: link.pattern.clone(),
            count: all.len(),
            links: candidates(&mut rest.into_iter().map(shown)),
        });
    };
    let alike: Vec<&Url> =
        fitting.iter().filter(|(dated, _)| dated.start == newest.start).map(|(_, url)| *url).collect();
    if alike.len() > 1 {
        return Err(SourceError::TwoNewest {
            name: name.to_owned(),
            url: page.to_string(),
            pattern: link.pattern.clone(),
            period: newest.text.clone(),
            links: candidates(&mut alike.into_iter().map(shown)),
        });
    }
    let host = host(url);
    if url.origin() != page.origin() && !link.hosts.iter().any(|allowed| is_host(allowed, &host)) {
        return Err(SourceError::LinkElsewhere {
            name: name.to_owned(),
            url: page.to_string(),
            link: shown(url),
            host,
        });
    }
    Ok(Chosen { url: (*url).clone(), period: newest.text.clone() })
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// A name, or `*.` and the domain that it is below.
fn is_host(allowed: &str, host: &str) -> bool {
    match allowed.strip_prefix("*.") {
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
        None => allowed == host,
    }
}

/// An address as people write it, which patterns are held against.
fn shown(url: &Url) -> String {
    let text = url.as_str();
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let byte = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match byte.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|byte| *first == b'%' && *byte >= b' ') {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Every address that the page's `href`s lead to over HTTP, each once, in order.
pub(super) fn links(page: &Url, html: &str) -> Vec<Url> {
    let mut base = page.clone();
    let mut found: Vec<Url> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let name: String =
            rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let Some((attributes, after)) = tag(rest) else { break };
        rest = after;
        let Some(href) = attributes.into_iter().find(|(name, _)| name == "href").map(|(_, value)| value) else {
            continue;
        };
        match name.as_str() {
            "base" => base = base.join(href.trim()).unwrap_or(base),
            "a" | "area" => {
                let Ok(mut url) = base.join(href.trim()) else { continue };
                url.set_fragment(None);
                let plain =
                    matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
                if plain && found.len() < LINKS && seen.insert(url.clone()) {
                    found.push(url);
                }
            }
            _ => {}
        }
    }
    found
}

/// The attributes of the tag that begins here, and what comes after it; none where it does not end.
fn tag(text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut attributes = Vec::new();
    let mut rest = text.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '/');
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return Some((attributes, after));
        }
        let end = rest.find(|letter: char| letter.is_whitespace() || matches!(letter, '=' | '>'))?;
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let Some(value) = rest.strip_prefix('=') else {
            // What is neither a name nor a sign between names would stand still.
            if end == 0 && name.is_empty() {
                rest = rest.get(rest.chars().next()?.len_utf8()..)?;
            }
            continue;
        };
        let value = value.trim_start();
        let (value, after) = match value.chars().next()? {
            quote @ ('"' | '\'') => value[1..].split_once(quote)?,
            _ => {
                let end = value.find(|letter: char| letter.is_whitespace() || letter == '>')?;
                value.split_at(end)
            }
        };
        attributes.push((name, decoded(value)));
        rest = after;
    }
}

/// The references that addresses have in HTML.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let letter = after.split_once(';').filter(|(name, _)| name.len() <= 8).and_then(|(name, tail)| {
            let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
            let letter = match name {
                "amp" => Some('&'),
                "quot" => Some('"'),
                "apos" => Some('\''),
                "lt" => Some('<'),
                "gt" => Some('>'),
                "aring" => Some('å'),
                "auml" => Some('ä'),
                "ouml" => Some('ö'),
                name => match name.strip_prefix('#') {
                    Some(hex) if hex.starts_with(['x', 'X']) => number(&hex[1..], 16),
                    Some(digits) => number(digits, 10),
                    None => None,
                },
            };
            Some((letter?, tail))
        });
        match letter {
            Some((letter, tail)) => {
                out.push(letter);
                rest = tail;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// A page of any bytes: what is found on it leads nowhere but over HTTP, and what is chosen fits.
#[cfg(any(test, feature = "fuzzing"))]
pub(in crate::source) fn fuzz(page: &[u8]) {
    let Ok(at) = Url::parse("https://office.example/statistik/") else { return };
    for url in links(&at, &String::from_utf8_lossy(page)) {
        assert!(matches!(url.scheme(), "http" | "https") && url.fragment().is_none(), "{url}");
    }
    let link = Link { pattern: "*{year}*{month}*".to_owned(), hosts: Vec::new(), period_column: None };
    if let Ok(chosen) = newest("af", &at, page, &link) {
        assert!(chosen.url.origin() == at.origin() && crate::contract::Period::parse(&chosen.period).is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Url {
        Url::parse("https://office.example/statistik/sida?x=1").unwrap()
    }

    fn chosen(html: &str, pattern: &str) -> Result<(String, String), String> {
        let link = Link { pattern: pattern.to_owned(), hosts: vec!["filer.example".to_owned()], period_column: None };
        newest("af", &page(), html.as_bytes(), &link)
            .map(|chosen| (chosen.url.to_string(), chosen.period))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn links_as_pages_write_them() {
        let html = r##"<!doctype html><head><base href="/ny/"></head><!-- <a href="gammal.csv"> -->
            <A class=x HREF='a.csv'>a</A><a data-x href=b.csv?y=1&amp;z=2>b</a><a href="//filer.example/c%20d.csv#sida">
            <a href="a.csv"></a><a href="mailto:x@example.org"><a href="ftp://x/y"><area href="/e&#229;.csv"/>
            <a href="https://u:p@office.example/f">x</a> 1 < 2 <a href="unfinished"##;
        let found: Vec<String> = links(&page(), html).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "https://office.example/ny/a.csv",
                "https://office.example/ny/b.csv?y=1&z=2",
                "https://filer.example/c%20d.csv",
                "https://office.example/e%C3%A5.csv",
            ]
        );
    }

    #[test]
    fn the_newest_is_the_latest_and_not_the_last_in_the_alphabet() {
        let html = r#"<a href="/d/9f/web-sokande-2026-9.xlsx">x</a> <a href="/d/aa/web-sokande-2026-10.xlsx">y</a>
            <a href="/d/zz/web-sokande-2025-12.xlsx">z</a>"#;
        assert_eq!(
            chosen(html, "*/web-sokande-{year}-{month}.xlsx"),
            Ok(("https://office.example/d/aa/web-sokande-2026-10.xlsx".into(), "2026M10".into()))
        );
        let html = r#"<a href="a-april-2026.xlsx">x</a><a href="//filer.example/a-maj-2026.xlsx">x</a>"#;
        assert_eq!(chosen(html, "*/a-{month}-{year}.xlsx").unwrap().1, "2026M05");
    }

    #[test]
    fn what_can_not_be_chosen_is_shown() {
        let html = r#"<a href="a-2026.pdf">x</a><a href="b-2026.xlsx">x</a>"#;
        assert_eq!(
            chosen(html, "*/a-{year}.xlsx").unwrap_err(),
            "af: https://office.example/statistik/sida?x=1 has no link that fits \"*/a-{year}.xlsx\"; of its 2 links: \
             https://office.example/statistik/b-2026.xlsx, https://office.example/statistik/a-2026.pdf"
        );
        let html = r#"<a href="x/a-2026.xlsx">x</a><a href="y/a-2026.xlsx">x</a><a href="y/a-2025.xlsx">x</a>"#;
        assert_eq!(
            chosen(html, "*/a-{year}.xlsx").unwrap_err(),
            "af: https://office.example/statistik/sida?x=1 has several links for 2026 that fit \"*/a-{year}.xlsx\": \
             https://office.example/statistik/x/a-2026.xlsx, https://office.example/statistik/y/a-2026.xlsx"
        );
        let html = r#"<a href="https://annan.example/a-2027.xlsx">x</a><a href="a-2026.xlsx">x</a>"#;
        assert_eq!(
            chosen(html, "*/a-{year}.xlsx").unwrap_err(),
            "af: the newest link of https://office.example/statistik/sida?x=1 leads to another host: \
             https://annan.example/a-2027.xlsx"
        );
        assert!(chosen("", "*{year}").unwrap_err().ends_with("it has no links"));
    }
}
