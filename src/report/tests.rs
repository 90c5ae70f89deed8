//! The whole way from Parquet to pages, on few areas with known traps.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::fixture::{ANNONSER, BEFOLKNING, Line, NYCKELTAL, input, publish, reports_dir};
use super::{Geography, Report, ReportError, SiteInput, load_reports, render};

mod demo;

fn geography() -> Geography {
    let lan = [("01", "Stockholms län"), ("09", "Gotlands län")];
    let kommuner =
        [("0180", "Stockholm", "01"), ("0114", "<script>alert(1)</script>", "01"), ("0980", "Gotland", "09")];
    Geography {
        lan: lan.map(|(kod, namn)| (kod.to_owned(), namn.to_owned())).into(),
        kommuner: kommuner.map(|(kod, namn, lan)| (kod.to_owned(), namn.to_owned(), lan.to_owned())).into(),
    }
}

fn areas() -> [(&'static str, &'static str, &'static str); 6] {
    [
        ("riket", "00", "00"),
        ("lan", "01", "01"),
        ("kommun", "0180", "01"),
        ("kommun", "0114", "01"),
        ("lan", "09", "09"),
        ("kommun", "0980", "09"),
    ]
}

fn line(area: (&'static str, &str, &str), period: (&str, i32), codes: &[&str], value: Option<f64>) -> Line {
    Line {
        niva: area.0,
        kod: area.1.to_owned(),
        namn: area.1.to_owned(),
        lan: area.2.to_owned(),
        period: period.0.to_owned(),
        start: period.1,
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        value,
        status: if value.is_some() { "observed" } else { "missing" },
    }
}

fn befolkning() -> Vec<Line> {
    let mut lines = Vec::new();
    for area in areas() {
        for (month, period) in [("2025M11", 20_393), ("2025M12", 20_423), ("2026M01", 20_454)].into_iter().enumerate() {
            let size = 984_000.0 + f64::from(u32::try_from(month).unwrap()) * 748.0;
            for kon in ["TotSa", "1"] {
                lines.push(line(area, period, &["TotSA", "totalt", kon, "x"], Some(size)));
                lines.push(line(area, period, &["0-9", "0-9 år", kon, "x"], Some(1234.0)));
            }
        }
        // Not a level that has pages.
        lines.push(line(("samverkan", "norra", "00"), ("2026M02", 20_485), &["TotSA", "t", "TotSa", "x"], Some(5.0)));
    }
    lines
}

fn nyckeltal() -> Vec<Line> {
    let mut lines = Vec::new();
    for area in areas() {
        for (year, start) in [("2022", 18_993), ("2023", 19_358), ("2024", 19_723)] {
            let value = match (area.1, year) {
                // Suppressed in the latest year, which others have.
                ("0980", "2024") => None,
                _ => Some(41.25),
            };
            let mut row = line(area, (year, start), &["N01982", "Eftergymnasial", "T"], value);
            if value.is_none() {
                row.status = "suppressed";
            }
            lines.push(row);
            // A municipal indicator: none for the counties.
            if area.0 != "lan" {
                lines.push(line(area, (year, start), &["N18500", "Slutfört", "T"], Some(-0.5)));
            }
        }
        // Nobody has a value for the year to come.
        lines.push(line(area, ("2025", 20_088), &["N01982", "Eftergymnasial", "T"], None));
    }
    lines
}

fn annonser() -> Vec<Line> {
    let mut lines = Vec::new();
    for area in areas() {
        for group in 0..14 {
            let code = format!("{:04}", 110 + group);
            let name = match group {
                0 => "=cmd()".to_owned(),
                1 => "<script>alert(2)</script> & Co".to_owned(),
                _ => format!("Yrkesgrupp {group}"),
            };
            let count = if group >= 8 { 7.0 } else { 100.0 - f64::from(group) };
            lines.push(line(area, ("2024", 19_723), &[&code, &name, "Område"], Some(count)));
        }
    }
    lines
}

fn site(root: &Path, synthetic: bool) -> SiteInput {
    let published = vec![
        publish(root, &BEFOLKNING, synthetic, &befolkning()),
        publish(root, &NYCKELTAL, false, &nyckeltal()),
        publish(root, &ANNONSER, false, &annonser()),
    ];
    input(published, geography())
}

fn overview() -> Report {
    load_reports(&reports_dir()).unwrap().into_iter().find(|report| report.name == "oversikt").unwrap()
}

/// Every file below a folder, by its path.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, at: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

fn text<'a>(files: &'a BTreeMap<String, Vec<u8>>, path: &str) -> &'a str {
    std::str::from_utf8(files.get(path).unwrap_or_else(|| panic!("no {path}: {:?}", files.keys()))).unwrap()
}

/// Tags nest and close, ids are unique, in-page links lead somewhere, headings skip no level, tables have heads.
fn well_formed(path: &str, html: &str) {
    const VOID: [&str; 4] = ["meta", "link", "br", "hr"];
    assert!(html.starts_with("<!doctype html>\n<html lang=\"sv\">"), "{path}");
    let mut open: Vec<&str> = Vec::new();
    let (mut ids, mut targets, mut level) = (Vec::new(), Vec::new(), 0);
    for part in html["<!doctype html>".len()..].split('<').skip(1) {
        let end = part.find('>').unwrap_or_else(|| panic!("{path}: an open tag: {part}"));
        let tag = &part[..end];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{path}: </{name}>");
            continue;
        }
        let name = tag.split([' ', '/', '\n']).next().unwrap();
        assert!(!matches!(name, "script" | "iframe" | "style"), "{path}: <{name}>");
        assert!(!tag.contains(" style=") && !tag.contains(" onclick"), "{path}: {tag}");
        if let Some(id) = tag.split(" id=\"").nth(1) {
            ids.push(id.split('"').next().unwrap());
        }
        for attribute in [" href=\"#", " aria-labelledby=\""] {
            if let Some(rest) = tag.split(attribute).nth(1) {
                targets.extend(rest.split('"').next().unwrap().split(' '));
            }
        }
        if name == "th" {
            assert!(tag.contains(" scope="), "{path}: {tag}");
        }
        if let Some(found) = name.strip_prefix('h').and_then(|digit| digit.parse::<u8>().ok()) {
            assert!(found <= level + 1, "{path}: h{found} after h{level}");
            assert!(found > 1 || level == 0, "{path}: two h1");
            level = found;
        }
        if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{path}: left open: {open:?}");
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "{path}: an id is used twice");
    for target in targets {
        assert!(ids.binary_search(&target).is_ok(), "{path}: no #{target}");
    }
    assert_eq!(html.matches("<table").count(), html.matches("<caption>").count(), "{path}");
    for outside in ["src=\"http", "url(http", "@import"] {
        assert!(!html.contains(outside), "{path}: {outside}");
    }
}

#[test]
fn every_area_gets_a_sound_page_with_its_figures_credits_and_versions() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("ut");
    let done = render(&overview(), &site(dir.path(), false), &out).unwrap();
    let files = tree(&out);
    assert_eq!((done.pages, done.files), (1 + 2 + 3, files.len()));
    assert_eq!(done.bytes, files.values().map(|bytes| bytes.len() as u64).sum::<u64>());
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        let html = std::str::from_utf8(bytes).unwrap();
        well_formed(path, html);
        assert!(!html.contains("SYNTETISKA"), "{path}");
        assert!(html.contains("Källa: SCB") && html.contains("Källa: Kolada"), "{path}");
        assert!(html.contains("000003-20261121T051000Z-1a2b3c4d"), "{path}");
        assert!(html.contains("hämtat <time datetime=\"2026-11-20\">") && html.contains("nov 2025–jan 2026"), "{path}");
    }
    let stockholm = text(&files, "kommun/0180/index.html");
    assert!(stockholm.contains("985\u{a0}496"), "the latest month");
    assert!(stockholm.contains("41,2") && stockholm.contains("\u{2212}0,5"));
    assert!(stockholm.contains("Beräknad av Region Exempel med underlag från Arbetsförmedlingen, hämtat 2026-11-20"));
    assert!(stockholm.matches("<svg class=\"chart line\"").count() >= 2);
    assert!(stockholm.matches("<svg class=\"chart bar\"").count() == 2);
    assert!(stockholm.contains("valda i kodordning"), "the tenth shares its value with others");
    assert!(stockholm.contains("Yrkesgrupp 9") && !stockholm.contains("Yrkesgrupp 10"));
    let start = text(&files, "index.html");
    assert!(start.contains("lan/09/index.html") && start.contains("kommun/0114/index.html"));
}

#[test]
fn links_lead_to_the_files_beside_the_page_and_to_the_pinned_version() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("site/current");
    render(&overview(), &site(dir.path(), false), &out).unwrap();
    for (path, bytes) in tree(&out).iter().filter(|(path, _)| path.ends_with(".html")) {
        let html = std::str::from_utf8(bytes).unwrap().replace("&#x2f;", "/");
        let folder = Path::new(path).parent().unwrap();
        let mut links = 0;
        for href in html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            if href.starts_with("mailto:") || href.starts_with('#') {
                continue;
            }
            let href = href.split('#').next().unwrap();
            let mut steps: Vec<&str> = folder.iter().map(|step| step.to_str().unwrap()).collect();
            for step in href.split('/') {
                if step == ".." { assert!(steps.pop().is_some(), "{path}: {href}") } else { steps.push(step) }
            }
            // The site's root has the datasets beside it.
            let base = if steps[0] == "datasets" { dir.path().to_owned() } else { out.clone() };
            assert!(base.join(steps.join("/")).is_file(), "{path}: {href}");
            links += 1;
        }
        assert!(links > 10, "{path}");
    }
}

#[test]
fn a_missing_value_is_a_dash_with_its_reason_and_never_a_zero() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("ut");
    render(&overview(), &site(dir.path(), false), &out).unwrap();
    let files = tree(&out);
    let gotland = text(&files, "kommun/0980/index.html");
    assert!(gotland.contains("<td class=\"num none\">– <span class=\"why\">sekretess</span></td>"));
    assert!(gotland.contains("Sekretess: uppgiften visas inte"));
    let lan = text(&files, "lan/09/index.html");
    assert!(lan.contains("Uppgiften redovisas inte för länet."), "a municipal indicator on a county's page");
    assert!(lan.contains("<span class=\"why\">redovisas inte</span>"));
    assert!(lan.contains("Redovisas inte: uppgiften ingår inte i datamängden för länet ("), "{lan}");
    let csv = text(&files, "kommun/0980/eftergymnasial_ar.csv");
    assert!(csv.contains("kommun,0980,Gotland,2024,,suppressed\n"), "{csv}");
    assert!(csv.contains("riket,00,Riket,2024,41.25,observed\n"), "the file is not rounded: {csv}");
    let excel = text(&files, "kommun/0980/eftergymnasial_ar-excel.csv");
    assert!(
        excel.contains("0980 Gotland;2024;;procent av invånarna;sekretess\n")
            && excel.contains(";41,25;procent av invånarna;\n"),
        "{excel}"
    );
}

#[test]
fn hostile_text_stays_text() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("ut");
    render(&overview(), &site(dir.path(), false), &out).unwrap();
    for (path, bytes) in tree(&out) {
        let text = std::str::from_utf8(&bytes).unwrap();
        if path.ends_with(".html") {
            assert!(!text.contains("<script"), "{path}");
        } else if path.ends_with("annonser_yrkesgrupp.csv") {
            assert!(text.contains(",0110,'=cmd(),100,observed"), "{path}: {text}");
        }
    }
}

#[test]
fn synthetic_data_are_called_so_on_every_page_and_in_its_title() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("ut");
    render(&overview(), &site(dir.path(), true), &out).unwrap();
    for (path, bytes) in tree(&out).iter().filter(|(path, _)| path.ends_with(".html")) {
        let html = std::str::from_utf8(bytes).unwrap();
        assert!(html.contains("<title>SYNTETISKA DATA – "), "{path}");
        assert!(html.contains("role=\"note\"><strong>SYNTETISKA DATA."), "{path}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let input = site(dir.path(), true);
    let first = render(&overview(), &input, &dir.path().join("a")).unwrap();
    let second = render(&overview(), &input, &dir.path().join("b")).unwrap();
    assert_eq!(first, second);
    assert_eq!(tree(&dir.path().join("a")), tree(&dir.path().join("b")));
    let mut moved = input;
    moved.publisher.name = "Region Annan".to_owned();
    assert_ne!(render(&overview(), &moved, &dir.path().join("c")).unwrap().content_hash, first.content_hash);
}

#[test]
fn what_is_not_published_yet_is_left_out_with_words() {
    let dir = tempfile::tempdir().unwrap();
    let mut input = site(dir.path(), false);
    input.published.remove("annonser");
    let out = dir.path().join("ut");
    let done = render(&overview(), &input, &out).unwrap();
    assert_eq!(done.skipped.len(), 1);
    assert!(done.skipped[0].starts_with("Datamängden annonser är inte publicerad ännu."), "{:?}", done.skipped);
    let files = tree(&out);
    assert!(text(&files, "kommun/0180/index.html").contains("Datamängden annonser är inte publicerad ännu."));
    assert!(!files.contains_key("kommun/0180/annonser_yrkesgrupp.csv"));

    input.published.clear();
    let none = render(&overview(), &input, &dir.path().join("inget"));
    assert!(matches!(none, Err(ReportError::NotPublished { .. })), "{none:?}");
    assert!(!dir.path().join("inget").exists());
}

#[test]
fn a_figure_that_would_need_a_sum_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut report = overview();
    report.keys[0].series.filters.retain(|filter| filter.column != "kon");
    let error = render(&report, &site(dir.path(), false), &dir.path().join("ut")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "report oversikt: `folkmangd` finds 2 rows for area 00 in 2025M11, where one is shown"
    );
    assert!(error.hint().is_some());
}

#[test]
fn a_column_that_the_dataset_lacks_is_named_with_its_neighbour() {
    let dir = tempfile::tempdir().unwrap();
    let mut report = overview();
    report.figures[0].series.value = "folkmangt".to_owned();
    let error = render(&report, &site(dir.path(), false), &dir.path().join("ut")).unwrap_err();
    let text = "report oversikt: `folkmangd_manad` names column \"folkmangt\", which dataset befolkning does not have";
    assert_eq!(error.to_string(), text);
    assert_eq!(error.hint().as_deref(), Some("did you mean `folkmangd`?"));
}

#[test]
fn every_fault_of_a_report_is_shown_at_once_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("fel");
    fs::create_dir_all(&folder).unwrap();
    let toml = "version = 1\ntitel = \"T\"\ndescription = \"D\"\n\n[key.a]\ntitle = \"A\"\ndataset = \"b\"\nvalue = \"v\"\n\
                where = { kod = 12 }\ncards = true\n\n[figure.X.pie]\n\n[figure.y.line]\ntitle = \"Y\"\ndataset = \"b\"\n\
                value = \"v\"\ncompare = [\"land\"]\n";
    fs::write(folder.join("report.toml"), toml).unwrap();
    fs::write(folder.join("start.html"), "{% if %}").unwrap();
    let problems = load_reports(dir.path()).unwrap_err();
    let texts: Vec<String> =
        problems.iter().map(|problem| format!("{}:{} {}", problem.line, problem.column, problem.message)).collect();
    for expected in [
        "1:1 `title` is missing in report.toml",
        "2:1 unknown key `titel` in report.toml",
        "9:17 `kod` must be a text, not a whole number",
        "10:1 unknown key `cards` in [key.a]",
        "12:9 `X` cannot be a name here",
        "12:11 `pie` is no kind of figure",
        "18:12 `land` is no level to compare with",
    ] {
        assert!(texts.iter().any(|text| text == expected), "{expected}: {texts:#?}");
    }
    assert!(problems.iter().any(|problem| problem.hint.as_deref() == Some("did you mean `title`?")));
    assert!(problems.iter().any(|problem| problem.file.ends_with("start.html") && problem.line == 1));
    assert!(problems.iter().any(|problem| problem.file.ends_with("area.html")), "{texts:#?}");
    assert!(problems.iter().any(|problem| problem.file.ends_with("style.css")));
}

#[test]
fn a_folder_that_does_not_exist_holds_no_report() {
    assert!(load_reports(Path::new("/nonexistent/reports")).unwrap().is_empty());
}

/// The problems' messages and hints of a report.toml, with the templates that every report must have.
fn problems_of(text: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("prov");
    fs::create_dir(&folder).unwrap();
    for (name, text) in [("report.toml", text), ("start.html", ""), ("area.html", ""), ("style.css", "")] {
        fs::write(folder.join(name), text).unwrap();
    }
    let found = load_reports(dir.path()).err().unwrap_or_default();
    found.into_iter().map(|problem| format!("{}: {}", problem.message, problem.hint.unwrap_or_default())).collect()
}

#[test]
fn the_documented_keys_are_those_that_are_read() {
    assert_eq!(problems_of(crate::config::REPORT_EXAMPLE), [""; 0]);
    for (place, keys) in crate::config::report_keys() {
        let header = match place.as_str() {
            "" => String::new(),
            // Kinds of a figure are no keys.
            "figure.NAME" => continue,
            place => format!("[{}]\n", place.replace("NAME", "x")),
        };
        let said = problems_of(&format!("{header}qqqqqqqq = 1\n"));
        let known =
            said.iter().find_map(|problem| problem.split_once("known keys: ")).unwrap_or_else(|| panic!("{said:?}"));
        let mut known: Vec<&str> = known.1.split(", ").collect();
        let mut documented = keys;
        known.sort_unstable();
        documented.sort_unstable();
        assert_eq!(known, documented, "[{place}]");
    }
}
