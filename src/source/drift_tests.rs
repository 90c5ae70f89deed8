use super::*;
use crate::config::{FileLocation, History, KoladaFetch, ValueType, Years};
use crate::source::testing::pxweb;

fn fetch(kind: FetchKind) -> Fetch {
    Fetch { name: "f".into(), source: None, kind, history: History::Keep, drift: DriftPolicy::default() }
}

/// `Region = "*"`, `Kon = "1"`, time, and the content A.
fn table_fetch() -> Fetch {
    let select = [("Region", "*"), ("Kon", "1"), ("Tid", "TOP(2)")];
    fetch(FetchKind::Pxweb(pxweb("T1", &select, &[("A", "antal")])))
}

fn dimension(id: &str, label: &str, codes: &[(&str, &str)]) -> Dimension {
    let codes = codes.iter().map(|(code, label)| ((*code).to_owned(), (*label).to_owned())).collect();
    Dimension { id: id.into(), label: label.into(), codes, ..Dimension::default() }
}

fn content(code: &str, label: &str, unit: &str, decimals: u8) -> Content {
    let unit = Some(unit.to_owned());
    Content { code: code.into(), label: label.into(), unit, decimals: Some(decimals), definition: Vec::new() }
}

fn table() -> Metadata {
    Metadata {
        table: "T1".into(),
        title: "Folk".into(),
        dimensions: vec![
            dimension("Region", "region", &[("01", "Stockholms län"), ("0180", "Stockholm"), ("0114", "Väsby")]),
            dimension("Kon", "kön", &[("1", "män"), ("2", "kvinnor")]),
            dimension("Alder", "ålder", &[("0", "0 år")]),
            Dimension { time: true, ..dimension("Tid", "år", &[]) },
        ],
        metric: Some("ContentsCode".into()),
        contents: vec![content("A", "Antal", "antal", 0), content("B", "Andel", "procent", 1)],
        ..Metadata::new(Kind::Pxweb)
    }
}

/// What is told when the table changes like this.
fn told(change: impl Fn(&mut Metadata)) -> Vec<(ChangeKind, String)> {
    let mut now = table();
    change(&mut now);
    compare(&table_fetch(), &table(), &now).into_iter().map(|change| (change.kind, change.what)).collect()
}

fn one(kind: ChangeKind, what: &str) -> Vec<(ChangeKind, String)> {
    vec![(kind, what.to_owned())]
}

#[test]
fn the_same_is_no_drift() {
    assert_eq!(told(|_| ()), []);
    assert_eq!(told(|now| now.dimensions.swap(0, 1)), [], "an order means nothing");
}

#[test]
fn codes_come_go_and_change_their_names() {
    let region =
        |change: fn(&mut Vec<(String, String)>)| move |now: &mut Metadata| change(&mut now.dimensions[0].codes);
    assert_eq!(
        told(region(|codes| codes.push(("9998".into(), "Okänd".into())))),
        one(ChangeKind::NewCode, r#"dimension "Region" has a new code: "9998" (Okänd)"#)
    );
    assert_eq!(
        told(region(|codes| drop(codes.remove(1)))),
        one(ChangeKind::LostCode, r#"dimension "Region" has lost the code "0180" (Stockholm)"#)
    );
    assert_eq!(
        told(region(|codes| codes.truncate(1))),
        one(ChangeKind::LostCode, r#"dimension "Region" has lost 2 codes: "0180" (Stockholm), "0114" (Väsby)"#)
    );
    assert_eq!(
        told(region(|codes| codes[1].1 = "Sthlm".into())),
        one(
            ChangeKind::Renamed,
            r#"dimension "Region" has a code with another name: "0180" was "Stockholm" and is "Sthlm""#
        )
    );
    // Only what is selected: the other sex, and a dimension that is left out.
    assert_eq!(told(|now| drop(now.dimensions[1].codes.pop())), []);
    assert_eq!(told(|now| now.dimensions[2].codes.push(("1".into(), "1 år".into()))), []);
}

#[test]
fn a_long_list_is_cut_in_the_sentence_and_whole_in_what_is_let_through() {
    let mut now = table();
    now.dimensions[0].codes.extend((1000..1012).map(|code| (code.to_string(), format!("ort {code}"))));
    let changes = compare(&table_fetch(), &table(), &now);
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert!(change.what.starts_with(r#"dimension "Region" has 12 new codes: "1000" (ort 1000), "#), "{}", change.what);
    assert!(change.what.ends_with(r#""1009" (ort 1009) and 2 more"#), "{}", change.what);
    assert!(change.whole.ends_with(r#""1011" (ort 1011)"#), "{}", change.whole);
}

#[test]
fn dimensions_come_go_and_change_their_names() {
    let of = |text: &str| one(ChangeKind::Renamed, text);
    assert_eq!(
        told(|now| (now.dimensions[0].id, now.dimensions[0].label) = ("Omrade".into(), "område".into())),
        of(r#"dimension "Region" (region) is now called "Omrade" (område)"#)
    );
    assert_eq!(
        told(|now| now.dimensions[0].label = "område".into()),
        of(r#"dimension "Region" has another name: it was "region", it is "område""#)
    );
    assert_eq!(
        told(|now| now.dimensions.push(dimension("Inkomst", "inkomst", &[("A", "hög")]))),
        of(r#"dimension "Inkomst" (inkomst) is new"#)
    );
    assert_eq!(told(|now| drop(now.dimensions.remove(1))), one(ChangeKind::Gone, r#"dimension "Kon" (kön) is gone"#));
    assert_eq!(
        told(|now| drop(now.dimensions.remove(2))),
        one(ChangeKind::Aside, r#"dimension "Alder" (ålder), which is not selected, is gone"#)
    );
    // Under a new id with other codes it is another dimension.
    let kinds: Vec<ChangeKind> = told(|now| now.dimensions[1] = dimension("Sektor", "sektor", &[("A", "privat")]))
        .into_iter()
        .map(|one| one.0)
        .collect();
    assert_eq!(kinds, [ChangeKind::Gone, ChangeKind::Renamed]);
}

#[test]
fn contents_and_titles() {
    assert_eq!(
        told(|now| now.contents[0].unit = Some("tusental".into())),
        one(ChangeKind::Renamed, r#"content "A" (Antal) has another unit: it was "antal", it is "tusental""#)
    );
    assert_eq!(
        told(|now| now.contents[0].decimals = Some(2)),
        one(ChangeKind::Renamed, r#"content "A" (Antal) has another number of decimals: it was 0, it is 2"#)
    );
    assert_eq!(
        told(|now| now.contents[0].label = "Folk".into()),
        one(ChangeKind::Renamed, r#"content "A" has another name: it was "Antal", it is "Folk""#)
    );
    assert_eq!(told(|now| drop(now.contents.remove(0))), one(ChangeKind::Gone, r#"content "A" (Antal) is gone"#));
    assert_eq!(
        told(|now| drop(now.contents.remove(1))),
        one(ChangeKind::Aside, r#"content "B" (Andel), which is not selected, is gone"#)
    );
    assert_eq!(
        told(|now| now.contents.push(content("C", "Nytt", "antal", 0))),
        one(ChangeKind::Aside, r#"content "C" (Nytt) is new and not selected"#)
    );
    assert_eq!(told(|now| now.contents[1].unit = None), [], "what is not selected may change");
    assert_eq!(
        told(|now| now.title = "Hus".into()),
        one(ChangeKind::Renamed, r#"the table has another title: it was "Folk", it is "Hus""#)
    );
}

#[test]
fn a_new_content_that_is_selected_is_a_new_code() {
    let mut fetch = table_fetch();
    let FetchKind::Pxweb(pxweb) = &mut fetch.kind else { panic!() };
    pxweb.select.insert("ContentsCode".into(), vec!["*".into()]);
    let mut now = table();
    now.contents.push(content("C", "Nytt", "antal", 0));
    assert_eq!(compare(&fetch, &table(), &now)[0].kind, ChangeKind::NewCode);
}

#[test]
fn what_the_operator_changes_is_no_drift() {
    // Another selection: the source says the same.
    let mut fetch = table_fetch();
    let FetchKind::Pxweb(pxweb) = &mut fetch.kind else { panic!() };
    pxweb.select.insert("Region".into(), vec!["01".into()]);
    pxweb.select.insert("Alder".into(), vec!["*".into()]);
    pxweb.measures.insert("B".into(), "andel".into());
    assert_eq!(compare(&fetch, &table(), &table()), []);
    // A code that is spelled out is known to whoever wrote it.
    pxweb_of(&mut fetch).select.insert("Kon".into(), vec!["1".into(), "3".into()]);
    let mut now = table();
    now.dimensions[1].codes.push(("3".into(), "uppgift saknas".into()));
    assert_eq!(compare(&fetch, &table(), &now), []);
    // Another table, another code list.
    now.table = "T2".into();
    assert_eq!(compare(&fetch, &table(), &now), []);
    let mut listed = table();
    listed.dimensions[0] = Dimension { codelist: Some("vs_X".into()), ..dimension("Region", "region", &[("X", "x")]) };
    assert_eq!(compare(&table_fetch(), &table(), &listed), []);
}

fn pxweb_of(fetch: &mut Fetch) -> &mut PxwebFetch {
    let FetchKind::Pxweb(pxweb) = &mut fetch.kind else { panic!() };
    pxweb
}

#[test]
fn a_selection_by_place_loses_what_moves_out_of_it() {
    let mut fetch = table_fetch();
    pxweb_of(&mut fetch).select.insert("Region".into(), vec!["TOP(1)".into()]);
    let mut now = table();
    now.dimensions[0].codes.insert(0, ("00".into(), "Riket".into()));
    let what: Vec<String> = compare(&fetch, &table(), &now).into_iter().map(|change| change.what).collect();
    assert_eq!(
        what,
        [
            r#"dimension "Region" has a new code: "00" (Riket)"#,
            r#"dimension "Region" has lost the code "01" (Stockholms län)"#
        ]
    );
}

#[test]
fn policies_decide_and_what_rows_stand_on_always_stops() {
    let policy = DriftPolicy {
        new_code: Reaction::Stop,
        lost_code: Reaction::Warn,
        renamed: Reaction::Accept,
        ..DriftPolicy::default()
    };
    let of = |kind| Change::new(kind, "").reaction(&policy);
    assert_eq!(of(ChangeKind::NewCode), Reaction::Stop);
    assert_eq!(of(ChangeKind::LostCode), Reaction::Warn);
    assert_eq!(of(ChangeKind::Renamed), Reaction::Accept);
    assert_eq!(of(ChangeKind::Gone), Reaction::Stop);
    assert_eq!(of(ChangeKind::Aside), Reaction::Accept);
}

#[test]
fn indicators_are_redefined_and_units_come_and_go() {
    let fetch = |municipality: Option<&[&str]>| {
        let municipality = municipality.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect());
        fetch(FetchKind::Kolada(KoladaFetch { municipality, ..KoladaFetch::of(vec!["N1".into()], Years::Latest(1)) }))
    };
    let metadata = |title: &str, about: &str, units: &[(&str, &str)]| Metadata {
        dimensions: vec![dimension("enhet", "enhet", units)],
        contents: vec![Content {
            code: "N1".into(),
            label: title.into(),
            definition: vec![("description".into(), about.into())],
            ..Content::default()
        }],
        ..Metadata::new(Kind::Kolada)
    };
    let told = |fetch: &Fetch, old: &Metadata, new: &Metadata| -> Vec<String> {
        compare(fetch, old, new).into_iter().map(|change| change.what).collect()
    };
    let before = metadata("Komvux, andel", "Elever 20–64 år.", &[("0180", "Stockholm"), ("0114", "Väsby")]);
    let after = metadata("Komvux, antal", "Elever 20–65 år.", &[("0180", "Stockholm")]);
    assert_eq!(
        told(&fetch(None), &before, &after),
        [
            r#"dimension "enhet" has lost the code "0114" (Väsby)"#,
            r#"indicator "N1" is redefined, by its title: it was "Komvux, andel", it is "Komvux, antal""#,
            r#"indicator "N1" is redefined, by its description: it was "Elever 20–64 år.", it is "Elever 20–65 år.""#,
        ]
    );
    let rest =
        |fetch: &Fetch| told(fetch, &before, &metadata("Komvux, andel", "Elever 20–64 år.", &[("0180", "Sthlm")]));
    assert_eq!(
        rest(&fetch(Some(&["0180"]))),
        [r#"dimension "enhet" has a code with another name: "0180" was "Stockholm" and is "Sthlm""#]
    );
    // A group that is named one day and not the next is the operator's doing.
    let grouped =
        metadata("Komvux, andel", "Elever 20–64 år.", &[("0180", "Stockholm"), ("0114", "Väsby"), ("G1", "g")]);
    assert_eq!(told(&fetch(None), &grouped, &before), Vec::<String>::new());
}

#[test]
fn long_definitions_are_shown_where_they_differ() {
    let same = "x".repeat(200);
    let change = renamed("y", &format!("{same} 64 år"), &format!("{same} 65 år"));
    assert_eq!(change.what, format!("y: it was \"…{0} 64 år\", it is \"…{0} 65 år\"", "x".repeat(18)));
}

#[test]
fn columns_of_files() {
    let file = |columns: &[&str]| FileFetch {
        columns: columns.iter().map(|name| ((*name).to_owned(), ValueType::Text)).collect(),
        ..FileFetch::new(FileLocation::Local("x.csv".into()), FileFormat::Csv)
    };
    let metadata = |names: &str| Metadata {
        columns: names.split(' ').map(|name| Column { name: name.into(), kind: "text".into() }).collect(),
        ..Metadata::new(Kind::File)
    };
    let told = |columns: &[&str], old: &str, new: &str| -> Vec<(ChangeKind, String)> {
        let changes = compare(&fetch(FetchKind::File(file(columns))), &metadata(old), &metadata(new));
        changes.into_iter().map(|change| (change.kind, change.what)).collect()
    };
    assert_eq!(told(&[], "a b", "b a"), []);
    assert_eq!(told(&[], "a b", "a b c"), one(ChangeKind::NewCode, r#"column "c" is new"#));
    assert_eq!(told(&[], "a b", "a"), one(ChangeKind::Gone, r#"column "b" is gone"#));
    assert_eq!(told(&[], "a b", "a c"), one(ChangeKind::Renamed, r#"column "b" is now called "c""#));
    assert_eq!(told(&["a"], "a b", "a b c"), one(ChangeKind::Aside, r#"column "c" is new and not taken"#));
    assert_eq!(told(&["a"], "a b", "a"), one(ChangeKind::Aside, r#"column "b", which is not taken, is gone"#));
    // A column that is declared now was asked for by the operator.
    assert_eq!(told(&["a", "c"], "a b", "a b c"), []);
}
