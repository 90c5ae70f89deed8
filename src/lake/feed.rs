//! `changes.atom`: the same as `changes.json`, for those who subscribe. An
//! entry per version and per word of the operator, newest first.

use std::io::{self, Write};

use jiff::Timestamp;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::act::{Act, Deed};
use super::carried::listed;
use super::changes::{ChangedVersion, Changes};
use super::manifest::Kind;
use super::standing::sentence;

struct Entry {
    id: String,
    at: Timestamp,
    title: String,
    text: String,
    /// The kinds, or the act's.
    terms: Vec<&'static str>,
}

/// Whom a feed names as its author.
pub fn author_of(feed: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(feed).ok()?;
    let (name, _) = text.split_once("<name>")?.1.split_once("</name>")?;
    quick_xml::escape::unescape(name).ok().map(std::borrow::Cow::into_owned)
}

pub fn feed(changes: &Changes, acts: &[Act], author: &str) -> io::Result<Vec<u8>> {
    let mut entries: Vec<Entry> = changes.versions.iter().map(|version| of_version(changes, version)).collect();
    entries.extend(acts.iter().filter_map(|act| of_act(changes, act)));
    // Stable: what is of the same time stays in the order of the record.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    let updated = entries.first().map_or(Timestamp::UNIX_EPOCH, |entry| entry.at);
    let first = changes.versions.last().map(|version| version.manifest.as_str()).unwrap_or_default();

    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    let attributes = [("xmlns", "http://www.w3.org/2005/Atom"), ("xml:lang", "sv")];
    writer.create_element("feed").with_attributes(attributes).write_inner_content(|writer| {
        leaf(writer, "id", &urn(&["feed", &changes.dataset, first]))?;
        leaf(writer, "title", &format!("{}: ändringar", changes.title))?;
        leaf(writer, "updated", &updated.to_string())?;
        writer.create_element("author").write_inner_content(|writer| leaf(writer, "name", author))?;
        writer.create_element("generator").write_text_content(BytesText::new("underlag"))?;
        link(writer, "self", "application/atom+xml", "changes.atom")?;
        link(writer, "alternate", "application/json", "changes.json")?;
        for entry in &entries {
            writer.create_element("entry").write_inner_content(|writer| {
                leaf(writer, "id", &entry.id)?;
                leaf(writer, "title", &entry.title)?;
                leaf(writer, "updated", &entry.at.to_string())?;
                for term in &entry.terms {
                    writer.create_element("category").with_attribute(("term", *term)).write_empty()?;
                }
                let content = writer.create_element("content").with_attribute(("type", "text"));
                content.write_text_content(BytesText::new(&legal(&entry.text)))?;
                Ok(())
            })?;
        }
        Ok(())
    })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn leaf<W: Write>(writer: &mut Writer<W>, name: &str, text: &str) -> io::Result<()> {
    writer.create_element(name).write_text_content(BytesText::new(&legal(text)))?;
    Ok(())
}

fn link<W: Write>(writer: &mut Writer<W>, rel: &str, kind: &str, href: &str) -> io::Result<()> {
    writer.create_element("link").with_attributes([("rel", rel), ("type", kind), ("href", href)]).write_empty()?;
    Ok(())
}

/// Without the control characters that XML can't hold, not even escaped.
fn legal(text: &str) -> String {
    let is_legal = |letter: &char| match letter {
        '\t' | '\n' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        letter => !letter.is_control(),
    };
    text.chars().filter(is_legal).collect()
}

/// A UUID of what it stands for: the same whenever the feed is written again.
fn urn(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes()).update(b"\0");
    }
    let hex = hasher.finalize().to_hex();
    // Version 8 (made by a rule of one's own), variant 1.
    format!("urn:uuid:{}-{}-8{}-a{}-{}", &hex[..8], &hex[8..12], &hex[12..15], &hex[15..18], &hex[18..30])
}

const fn term(kind: Kind) -> &'static str {
    match kind {
        Kind::Major => "major",
        Kind::Minor => "minor",
        Kind::Removal => "removal",
        Kind::Revision => "revision",
        Kind::Append => "append",
    }
}

const fn in_swedish(kind: Kind) -> &'static str {
    match kind {
        Kind::Major => "ändrad uppbyggnad",
        Kind::Minor => "tillägg eller ändrad beskrivning",
        Kind::Removal => "borttagna rader",
        Kind::Revision => "reviderade värden",
        Kind::Append => "nya perioder",
    }
}

fn of_version(changes: &Changes, version: &ChangedVersion) -> Entry {
    let what = match version.kinds.as_slice() {
        [] if version.version.sequence() == 1 => "första versionen".to_owned(),
        [] => "ny version".to_owned(),
        kinds => listed(&kinds.iter().map(|kind| in_swedish(*kind)).collect::<Vec<_>>()),
    };
    let rows = if version.rows == 1 { "rad" } else { "rader" };
    let mut lines = vec![format!("Version {} med {} {rows}.", version.version, version.rows)];
    if let Some(change) = &version.change {
        lines.push(format!(
            "Tillkomna rader: {}. Borttagna: {}. Reviderade: {}.",
            change.added, change.removed, change.revised
        ));
        let told = |words: &str, periods: &[String]| {
            let periods: Vec<&str> = periods.iter().map(String::as_str).collect();
            (!periods.is_empty()).then(|| format!("{words}: {}.", listed(&periods)))
        };
        lines.extend(told("Nya perioder", &change.periods_added));
        lines.extend(told("Perioder som har utgått", &change.periods_gone));
    }
    lines.extend(version.carried.first().map(|_| {
        let periods: Vec<&str> = version.carried.iter().map(|carried| &*carried.period).collect();
        format!("Finns inte längre hos källan, men är kvar här: {}.", listed(&periods))
    }));
    lines.extend(version.accepted.iter().map(|accepted| {
        format!(
            "Publicerad efter granskning. {} Skäl: {}",
            sentence(&accepted.what.join("; ")),
            sentence(&accepted.reason)
        )
    }));
    lines.extend(version.warned.iter().map(|warning| format!("Varning: {}", sentence(warning))));
    Entry {
        id: urn(&["version", &changes.dataset, &version.manifest]),
        at: version.time,
        title: format!("{}, version {}: {what}", changes.title, version.version.sequence()),
        text: lines.join("\n"),
        terms: version.kinds.iter().map(|kind| term(*kind)).collect(),
    }
}

/// What the retention removes is housekeeping: it is told in `changes.json` alone.
fn of_act(changes: &Changes, act: &Act) -> Option<Entry> {
    let (title, text) = match &act.deed {
        Deed::Rollback { from, to, reason } => (
            format!("{}: version {} gäller igen", changes.title, to.sequence()),
            format!("Version {from} drogs tillbaka, och version {to} gäller i stället. Skäl: {}", sentence(reason)),
        ),
        Deed::Withdraw { version, reason } => (
            format!("{}: version {} är återkallad", changes.title, version.sequence()),
            format!("Version {version} är återkallad och bör inte användas. Skäl: {}", sentence(reason)),
        ),
        Deed::Prune { .. } => return None,
    };
    Some(Entry {
        id: urn(&["act", &changes.dataset, &act.hash]),
        at: act.at,
        title,
        text,
        terms: vec![act.deed.kind()],
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;
    use crate::lake::tests::published;

    #[test]
    fn the_feed_is_well_formed_and_every_entry_has_an_id_of_its_own() {
        let (_dir, lake) = published(&[1, 2, 3]);
        let first = lake.versions("prov").unwrap()[0].clone();
        let reason = "a < b\u{1}\u{ffff} & ]]> \"å\"".to_owned();
        lake.record_act("prov", Deed::Withdraw { version: first, reason }, Timestamp::now()).unwrap();
        let changes = lake.changes("prov").unwrap().unwrap();
        let bytes = feed(&changes, &lake.acts("prov").unwrap(), "Å & Ö").unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(!text.contains(['\u{1}', '\u{ffff}']), "{text}");
        let mut reader = Reader::from_reader(bytes.as_slice());
        let (mut names, mut buffer) = (Vec::new(), Vec::new());
        loop {
            match reader.read_event_into(&mut buffer).unwrap() {
                Event::Start(element) => names.push(String::from_utf8(element.name().as_ref().to_vec()).unwrap()),
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(names.iter().filter(|name| *name == "entry").count(), 4);
        let ids: BTreeSet<&str> = text.split("<id>").skip(1).filter_map(|rest| rest.split("</id>").next()).collect();
        assert_eq!(ids.len(), 5, "the feed's and the entries': {ids:?}");
        assert_eq!(
            feed(&changes, &lake.acts("prov").unwrap(), "Å & Ö").unwrap(),
            bytes,
            "the same whenever it is made"
        );
    }
}
