//! Advertisements in every form that is known, and in forms that are none.

use std::collections::BTreeMap;
use std::io::{self, Read, Write as _};
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::decode::scrub::{Keep, Part};
use crate::reference::Reference;
use crate::sandbox::ads::{INVENTED, Writer, Year, Zipping};

const CAP: u64 = 1 << 30;

/// Bytes that come a few at a time.
struct Slowly<'a>(&'a [u8], usize);

impl Read for Slowly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.0.len()).min(self.1);
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

fn into(out: &mut Vec<u8>) -> impl FnMut(&[u8]) -> Result<(), AdsError> {
    |lines| {
        out.extend_from_slice(lines);
        Ok(())
    }
}

fn scrubbed(bytes: &[u8]) -> Result<String, String> {
    let mut out = Vec::new();
    scrub(&mut Slowly(bytes, 70_001), CAP, &mut into(&mut out)).map_err(|error| match error {
        AdsError::Cut(why) => format!("cut: {why}"),
        error => error.to_string(),
    })?;
    Ok(String::from_utf8(out).unwrap())
}

fn writer() -> Writer {
    Writer::new(&Reference::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")).unwrap(), 1)
}

fn year(ads: u64, year: i16) -> Vec<u8> {
    let mut lines = Vec::new();
    Year { writer: &writer(), seed: 1, year, ads }.write(&mut lines).unwrap();
    lines
}

fn zipped(ads: u64) -> Vec<u8> {
    Year { writer: &writer(), seed: 1, year: 2020, ads }.zip(Vec::new(), 1).unwrap()
}

fn counts(text: &str) -> Counts {
    let mut counter = Counter::new(20);
    read_ads(text.as_bytes(), |ad| counter.add(ad)).unwrap();
    counter.done()
}

fn rows(text: &str) -> Vec<Tallied> {
    counts(text).rows().collect()
}

/// The same by another way: the whole document into memory, field by field.
fn kept(value: &Value, list: &[Keep]) -> Value {
    let part = |value: &Value, part: Part| match (part, value) {
        (Part::Of(list) | Part::OfOr(list, _), Value::Object(_)) => Some(kept(value, list)),
        (Part::Of(list) | Part::OfOr(list, _), Value::Array(items)) => {
            Some(items.iter().filter(|item| item.is_object()).map(|item| kept(item, list)).collect())
        }
        (_, Value::String(_) | Value::Number(_) | Value::Bool(_)) => Some(value.clone()),
        _ => None,
    };
    let fields = value.as_object().unwrap().iter().filter_map(|(name, value)| {
        let keep = list.iter().find(|keep| keep.name == name)?;
        Some((name.clone(), part(value, keep.part)?))
    });
    Value::Object(fields.collect())
}

#[test]
fn what_is_kept_is_the_list_and_nothing_of_anyone() {
    let lines = year(300, 2020);
    let text = String::from_utf8(lines.clone()).unwrap();
    for word in INVENTED {
        assert!(text.lines().all(|line| line.contains(word)), "{word} is in every advertisement");
    }
    let out = scrubbed(&lines).unwrap();
    assert_eq!(scrubbed(&zipped(300)).unwrap(), out, "zipped or not");
    let array = format!("[{}]", text.trim_end().replace('\n', ",\n"));
    assert_eq!(scrubbed(array.as_bytes()).unwrap(), out, "lines or an array");
    for (line, whole) in out.lines().zip(text.lines()) {
        let (line, whole): (Value, Value) = (serde_json::from_str(line).unwrap(), serde_json::from_str(whole).unwrap());
        assert_eq!(line, kept(&whole, KEPT));
    }
    assert_eq!(out.lines().count(), 300);
    for word in INVENTED {
        assert!(!out.contains(word), "{word}");
    }
    assert_eq!(scrubbed(out.as_bytes()).unwrap(), out, "a second time nothing is left to drop");
    let mean = text.len() / 300;
    assert!((4_000..6_000).contains(&mean), "{mean} bytes an advertisement");
}

#[test]
fn a_text_in_a_codes_place_is_dropped() {
    let line = r#"{"id":"Påhitta Fantasisson","publication_date":"2020-01-02T03:04:05","original_id":"a@b.example",
        "occupation":["Ring 070-17406 05"],"workplace_address":{"municipality_code":"0180","region_code":"hos Hulda"},"number_of_vacancies":3}"#;
    let mut out = Vec::new();
    let told = scrub(&mut line.as_bytes(), CAP, &mut into(&mut out)).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "{\"publication_date\":\"2020-01-02T03:04:05\",\"occupation\":[],\"workplace_address\":{\"municipality_code\":\"0180\"},\
         \"number_of_vacancies\":3}\n"
    );
    assert_eq!(told, Scrubbed { ads: 1, refused: 4 });
}

#[test]
fn a_telephone_number_in_a_codes_place_is_dropped() {
    let numbers = ["0701740605", "+46701740605", "08-46500400", "198001011234", "fanta@pahittat.example"];
    for number in numbers {
        let line = format!(
            "{{\"id\":\"{number}\",\"publication_date\":\"{number}\",\"timestamp\":\"{number}\",\"number_of_vacancies\":\"{number}\",\
             \"occupation\":\"{number}\",\"occupation_group\":[{{\"concept_id\":\"{number}\",\"legacy_ams_taxonomy_id\":\"{number}\"}}],\
             \"workplace_address\":{{\"municipality_code\":\"{number}\",\"region_code\":\"{number}\",\"country_code\":\"{number}\"}},\
             \"removed_date\":\"{number}\",\"region\":\"{number}\"}}"
        );
        let mut out = Vec::new();
        let told = scrub(&mut line.as_bytes(), CAP, &mut |lines| {
            out.extend_from_slice(lines);
            Ok(())
        })
        .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "{\"occupation_group\":[{}],\"workplace_address\":{}}\n");
        assert_eq!(told.refused, 12, "{number}");
    }
}

#[test]
fn counts_are_those_of_the_documents() {
    let lines = String::from_utf8(year(2_000, 2020)).unwrap();
    // By another way: the last of each id, by its time.
    let mut last: BTreeMap<String, Value> = BTreeMap::new();
    for line in lines.lines() {
        let ad: Value = serde_json::from_str(line).unwrap();
        let time = |ad: &Value| ad["timestamp"].as_i64().unwrap();
        let slot = last.entry(ad["id"].as_str().unwrap().to_owned()).or_insert_with(|| ad.clone());
        if time(&ad) >= time(slot) {
            *slot = ad;
        }
    }
    assert!(last.len() < 2_000, "some come twice");
    let mut counts: BTreeMap<Vec<Option<String>>, (u32, u64, u64)> = BTreeMap::new();
    for ad in last.values() {
        let group = ad["occupation_group"].get(0).unwrap_or(&ad["occupation_group"]);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let place = &ad["workplace_address"];
        let month = ad["publication_date"].as_str().unwrap();
        let key = vec![
            text(&group["legacy_ams_taxonomy_id"]),
            text(&place["municipality_code"]),
            text(&place["region_code"]),
            text(&place["country_code"]),
            Some(format!("{}M{}", &month[..4], &month[5..7])),
        ];
        let count = counts.entry(key).or_default();
        count.0 += 1;
        if let Some(vacancies) = ad["number_of_vacancies"].as_u64() {
            count.1 += vacancies;
            count.2 += vacancies.min(20);
        }
    }
    let found = rows(&scrubbed(lines.as_bytes()).unwrap());
    assert_eq!(found, rows(&lines), "scrubbed or not");
    let expected: Vec<_> = counts.into_iter().collect();
    let found: Vec<_> = found
        .into_iter()
        .map(|row| (vec![row.ssyk, row.kommun, row.lan, row.land, row.month], (row.ads, row.vacancies, row.capped)))
        .collect();
    assert_eq!(found, expected);
    assert!(expected.iter().any(|(key, _)| key[0].is_none()) && expected.iter().any(|(key, _)| key[1].is_none()));
}

#[test]
fn before_2014_groups_are_of_another_classification() {
    let line = |id: u32, date: &str| format!("{{\"id\":{id},\"publication_date\":\"{date}\"}}\n");
    let text = [line(1, "2014-03-31T23:59:59"), line(2, "2014-04-01"), line(3, "2014-06-01"), line(4, "")].concat();
    let found = rows(&text);
    let variants: Vec<_> = found.iter().map(|row| (row.month.as_deref(), row.variant, row.ads, row.told)).collect();
    assert_eq!(
        variants,
        [
            (None, "oviss", 1, 0),
            (Some("2014M03"), "ssyk96", 1, 0),
            (Some("2014M04"), "oviss", 1, 0),
            (Some("2014M06"), "af400", 1, 0)
        ]
    );
    // Nobody tells how many: null, and never none.
    let batch = batches("2014", &counts(&text)).next().unwrap().unwrap();
    assert_eq!(batch.schema(), schema());
    let column = |name: &str| batch.column_by_name(name).unwrap();
    assert_eq!(
        (column("platser").null_count(), column("annonser").null_count(), column("manad").null_count()),
        (4, 0, 1)
    );
}

#[test]
fn half_of_it_is_no_answer() {
    let lines = year(20, 2020);
    let whole = zipped(20);
    // Wherever a zip is cut, it is seen.
    for length in (4..whole.len() - 1).step_by(601).chain(whole.len() - 200..whole.len()) {
        let error = scrubbed(&whole[..length]).unwrap_err();
        assert!(error.starts_with("cut: "), "{length} of {}: {error}", whole.len());
    }
    let line = lines.iter().position(|byte| *byte == b'\n').unwrap();
    assert_eq!(scrubbed(&lines[..line - 9]).unwrap_err(), "cut: it is cut off within advertisement 1");
    let array = [b"[", &lines[..line]].concat();
    assert_eq!(scrubbed(&array).unwrap_err(), "cut: the array is not closed: it is cut off after advertisement 1");
    assert_eq!(scrubbed(&[&array, b",".as_slice()].concat()).unwrap_err(), scrubbed(&array).unwrap_err());
    assert_eq!(scrubbed(&[&array, b"]\n".as_slice()].concat()).unwrap().lines().count(), 1);
    assert_eq!(scrubbed(b"").unwrap(), "");
    assert_eq!(scrubbed(b"[]").unwrap(), "");
}

#[test]
fn damage_is_told_without_a_word_of_anyone() {
    let member = |content: &[u8], name: &str| {
        let mut zip = Zipping::new(Vec::new(), name, 6).unwrap();
        zip.write_all(content).unwrap();
        zip.finish().unwrap()
    };
    let ad = br#"{"id":"1","headline":"Fantasisson"}"#;
    let mut damaged = member(ad, "2020.jsonl");
    let place = damaged.windows(4).position(|window| window == b"PK\x07\x08").unwrap();
    damaged[place + 4] ^= 1;
    let mut twice = member(ad, "2020.jsonl");
    let end = twice.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    twice.splice(end..end, member(ad, "2021.jsonl"));
    let deep = format!("{{\"id\":1,\"x\":{}", "[".repeat(100));
    for (bytes, expected) in [
        (damaged, "the zip file is damaged: checksum or lengths are not those of its content"),
        (twice, "the zip file holds more than one file"),
        (member(b"Fantasisson;1", "a.csv"), "it is no JSON"),
        (b"Rar!\x1a\x07\x00".to_vec(), "it is a RAR archive, and a zip is read"),
        (b"<!DOCTYPE html><title>x".to_vec(), "it is no JSON, it begins \"<!DOCTYPE html><title>x\""),
        (b"{\"id\":1} x".to_vec(), "what follows advertisement 1 is none"),
        (b"{\"name\":\"Fantasisson\"}".to_vec(), "advertisement 1: it has neither id nor publication_date"),
        (b"{\"id\":1,\"headline\":\"Fanta\nsisson\"}".to_vec(), "advertisement 1: a line ends within a text"),
        (b"{\"id\":1,\"x\":{\"y\":[1}}}".to_vec(), "advertisement 1: its brackets do not match"),
        (b"{\"id\":1,\"x\":Fantasisson}".to_vec(), "advertisement 1: a value is none of JSON's"),
        (deep.into_bytes(), "advertisement 1: its brackets go too deep"),
        (b"[{\"id\":1} {\"id\":2}]".to_vec(), "what follows advertisement 1 is none"),
        (
            b"{\"ANNONS_ID\":7,\"YRKE_ID\":5321}".to_vec(),
            "advertisement 1: it has the columns that the files of 2006 to 2016 had at first (ANTAL_AKT_PLATSER, KOMMUN_KOD \
             …), whose meaning is not known well enough to count by",
        ),
    ] {
        assert_eq!(scrubbed(&bytes).unwrap_err(), expected);
    }
    let mut out = Vec::new();
    let error = scrub(&mut zipped(20).as_slice(), 50_000, &mut into(&mut out)).unwrap_err();
    assert_eq!(error.to_string(), "it unpacks to more than the 50000 bytes that max_stream_decompressed allows");
}

/// Zips of Python's and of others, where those are at hand.
#[test]
fn zips_of_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let lines = year(50, 2020);
    std::fs::write(folder.path().join("2020.jsonl"), &lines).unwrap();
    let script = "import zipfile, sys, io\n\
        class Pipe(io.RawIOBase):\n    def __init__(s, f): s.f = f\n    def writable(s): return True\n    def write(s, b): return s.f.write(b)\n\
        d = open('2020.jsonl', 'rb').read()\n\
        zipfile.ZipFile('a.zip', 'w', zipfile.ZIP_DEFLATED).writestr('2020.jsonl', d)\n\
        zipfile.ZipFile('b.zip', 'w', zipfile.ZIP_STORED).writestr('2020.jsonl', d)\n\
        z = zipfile.ZipFile(Pipe(open('c.zip', 'wb')), 'w', zipfile.ZIP_DEFLATED)\n\
        z.writestr('map/', b'')\nz.writestr('map/2020.jsonl', d)\nz.close()\n\
        z = zipfile.ZipFile(Pipe(open('d.zip', 'wb')), 'w', zipfile.ZIP_DEFLATED)\n\
        m = z.open('2020.jsonl', 'w', force_zip64=True)\nm.write(d)\nm.close()\nz.close()\n";
    let made = std::process::Command::new("python3").args(["-c", script]).current_dir(folder.path()).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: no python3");
        return;
    }
    let expected = scrubbed(&lines).unwrap();
    for name in ["a", "b", "c", "d"] {
        let zip = std::fs::read(folder.path().join(format!("{name}.zip"))).unwrap();
        assert!(scrubbed(&zip).unwrap() == expected, "{name}");
    }
}

#[test]
fn recorded_advertisements_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/real/arbetsformedlingen/ad_after_conversion_stripped.json");
    let Ok(body) = std::fs::read(&path) else {
        println!("skipped: no recorded advertisement at {}", path.display());
        return;
    };
    let mut found = Vec::new();
    read_ads(body.as_slice(), |ad| {
        found.push((ad.ssyk.map(str::to_owned), ad.kommun.map(str::to_owned), ad.month(), ad.vacancies));
    })
    .unwrap();
    println!("{found:?}");
    assert_eq!(found, [(Some("4323".to_owned()), Some("2584".to_owned()), Some(2018 * 12 + 9), Some(1))]);
}
