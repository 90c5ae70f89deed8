//! `export`: a version as one file, in every format, as of a day, for an area.

use std::fs;

use serde_json::Value;

use crate::diff::revised;
use crate::local::{local, three};
use crate::world::World;

/// What an export to stdout says there; files have the same bytes.
fn csv(world: &World, arguments: &[&str]) -> String {
    let mut all = vec!["export", "tal", "--format", "csv", "-o", "-"];
    all.extend(arguments);
    world.ok(&all).stdout
}

#[test]
fn csv_is_for_machines_and_csv_sv_for_excel_in_swedish() {
    let world = local(&three());
    world.edit("pipelines/lokal/pipeline.toml", "type = \"int64\"\ntitle", "type = \"float64\"\ndecimals = 1\ntitle");
    world.edit(
        "pipelines/lokal/tal.sql",
        "    antal,",
        "    CASE WHEN kod = '0114' THEN -10.5 ELSE antal END AS antal,",
    );
    world.edit("pipelines/lokal/tal.sql", "    kod,", "    kod,\n    '=1+2;' || kod AS text,");
    world.edit(
        "pipelines/lokal/pipeline.toml",
        "[dataset.tal.column.antal]",
        "[dataset.tal.column.text]\ntype = \"text\"\ntitle = \"Text\"\n\n[dataset.tal.column.antal]",
    );
    world.ok(&["run", "lokal"]);
    let ran = world.ok(&["export", "tal", "-o", "ut.csv"]);
    assert_eq!(ran.stdout, "");
    let day =
        |text: &str| regex::Regex::new(r"hämtat \d{4}-\d\d-\d\d").unwrap().replace(text, "hämtat [day]").into_owned();
    insta::assert_snapshot!(day(&ran.stderr), @r#"
    tal [version]: 3 rows to ut.csv
    Beräknad av Region Prov med underlag från Region Prov, hämtat [day]
    "#);
    let text = fs::read_to_string(world.path("ut.csv")).unwrap();
    assert_eq!(csv(&world, &[]), text);
    insta::assert_snapshot!(text, @r#"
    niva,kod,namn,lan,period,period_start,period_end,text,antal,antal_status
    kommun,0114,Upplands Väsby,01,2024,2024-01-01,2024-12-31,'=1+2;0114,-10.5,observed
    kommun,0115,Vallentuna,01,2024,2024-01-01,2024-12-31,'=1+2;0115,20,observed
    kommun,0180,Stockholm,01,2024,2024-01-01,2024-12-31,'=1+2;0180,300,observed
    "#);
    world.ok(&["export", "tal", "--format", "csv-sv", "-o", "ut-sv.csv"]);
    let bytes = fs::read(world.path("ut-sv.csv")).unwrap();
    assert!(bytes.starts_with(b"\xef\xbb\xbfniva;"));
    insta::assert_snapshot!(std::str::from_utf8(&bytes[3..]).unwrap(), @r#"
    niva;kod;namn;lan;period;period_start;period_end;text;antal;antal_status
    kommun;0114;Upplands Väsby;01;2024;2024-01-01;2024-12-31;"'=1+2;0114";-10,5;observed
    kommun;0115;Vallentuna;01;2024;2024-01-01;2024-12-31;"'=1+2;0115";20;observed
    kommun;0180;Stockholm;01;2024;2024-01-01;2024-12-31;"'=1+2;0180";300;observed
    "#);
    let about = fs::read_to_string(world.path("ut.csv.om.txt")).unwrap();
    let about = regex::Regex::new(r"Publicerad: .*").unwrap().replace(&about, "Publicerad: [minute]").into_owned();
    insta::assert_snapshot!(day(&world.same(&about)), @r#"
    Titel: Tal per kommun
    Dataset: tal
    Version: [version]
    Publicerad: [minute]
    Rader: 3
    Beräknad av Region Prov med underlag från Region Prov, hämtat [day]
    Ett tomt värde är aldrig en nolla: kolumnen NAMN_status säger varför det saknas, eller hur säkert det är.

    Kolumner
    niva: Nivå
    kod: Områdeskod
    namn: Namn
    lan: Län
    period: Period
    period_start: Periodens första dag
    period_end: Periodens sista dag
    text: Text
    antal: Antal, antal, 1 decimaler
    antal_status: Antal: status
    "#);
}

#[test]
fn json_is_an_array_of_records_with_nulls() {
    let world = revised();
    let text = world.ok(&["export", "tal", "--format", "json", "-o", "-", "--area", "2580"]).stdout;
    let rows: Value = serde_json::from_str(&text).unwrap();
    insta::assert_snapshot!(serde_json::to_string(&rows).unwrap(), @r#"
    [{"niva":"kommun","kod":"2580","namn":"Luleå","lan":"25","period":"2024","period_start":"2024-01-01","period_end":"2024-12-31","antal":null,"antal_status":"suppressed"}]
    "#);
    let all: Value = serde_json::from_str(&world.ok(&["export", "tal", "--format", "json", "-o", "-"]).stdout).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 4);
}

#[test]
fn as_of_gives_what_was_current_then() {
    let world = revised();
    let versions = world.versions("tal");
    let first: Value =
        serde_json::from_str(&world.read(&format!("data/datasets/tal/versions/{}/manifest.json", versions[0])))
            .unwrap();
    let then = first["created_at"].as_str().unwrap();
    let old = csv(&world, &["--as-of", then]);
    assert!(old.contains(",10,observed") && old.contains(",7,observed"), "{old}");
    assert_eq!(csv(&world, &["--version", "1"]), old);
    assert_eq!(csv(&world, &["--version", &versions[0]]), old);
    let new = csv(&world, &[]);
    assert!(new.contains(",15,observed"), "{new}");
    assert_eq!(csv(&world, &["--as-of", "2999-12-31"]), new);
    // A rollback is part of what readers were given.
    world.ok(&["rollback", "tal", "--reason", "fel siffror"]);
    assert_eq!(csv(&world, &["--as-of", "2999-12-31"]), old);
    world.ok(&["withdraw", "tal", "2", "--reason", "fel siffror"]);
    let ran = world.ok(&["export", "tal", "--version", "2", "--format", "csv", "-o", "-"]);
    assert_eq!(ran.stdout, new);
    insta::assert_snapshot!(ran.stderr, @r#"
    warning: tal [version] is withdrawn: fel siffror
    tal [version]: 4 rows
    Källa: Region Prov
    "#);
}

#[test]
fn a_county_brings_its_municipalities_and_an_unknown_area_the_nearest() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    assert_eq!(csv(&world, &["--area", "0180"]).lines().count(), 2);
    assert_eq!(csv(&world, &["--area", "01"]).lines().count(), 4);
    let mut told = String::new();
    for arguments in [
        &["-o", "ut.csv", "--area", "0181"][..],
        &["-o", "ut.csv", "--area", "Stokholm"],
        &["-o", "ut.csv", "--area", "riket"],
        &["-o", "ut.csv", "--as-of", "2020-01-01"],
        &["-o", "ut.csv", "--version", "3"],
        &["-o", "ut.txt"],
        &["-o", "-", "--format", "xlsx"],
        &["-o", "finns/inte.csv"],
    ] {
        let mut all = vec!["export", "tal"];
        all.extend(arguments);
        let ran = world.run(&all);
        assert_eq!(ran.stdout, "");
        told += &format!("{} → {}\n{}", arguments.join(" "), ran.code, ran.stderr);
    }
    let told = regex::Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d\n").unwrap().replace_all(&told, "[minute]\n");
    insta::assert_snapshot!(told, @r#"
    -o ut.csv --area 0181 → 2
    error[U0902]: tal [version] has no area "0181"
    hint: did you mean 0180 Stockholm?
    -o ut.csv --area Stokholm → 2
    error[U0902]: tal [version] has no area "Stokholm"
    hint: did you mean 0180 Stockholm?
    -o ut.csv --area riket → 2
    error[U0902]: tal [version] has no area "riket"
    hint: it has 3 areas, such as 0114, 0115, 0180
    -o ut.csv --as-of 2020-01-01 → 2
    error[U0903]: tal was not published yet at 2020-01-01 23:59 (Swedish time)
    hint: its first version [version] is from [minute]
    -o ut.csv --version 3 → 2
    error[U0902]: tal has no version 3
    hint: there are [version]
    -o ut.txt → 2
    error[U0901]: what to write can't be told from "ut.txt"
    hint: say --format: parquet, csv, csv-sv, json, xlsx
    -o - --format xlsx → 2
    error[U0901]: xlsx is not written to stdout
    hint: name a file with -o, or ask for csv, csv-sv or json
    -o finns/inte.csv → 1
    error[U0603]: could not write finns/inte.csv: No such file or directory (os error 2)
    "#);
    assert!(!world.path("ut.csv").exists() && !world.path("ut.csv.om.txt").exists());
}

#[test]
fn parquet_and_xlsx_carry_what_they_are() {
    let world = revised();
    world.ok(&["export", "tal", "-o", "ut.parquet"]);
    world.ok(&["export", "tal", "-o", "ut.xlsx"]);
    let bytes = fs::read(world.path("ut.parquet")).unwrap();
    let reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
    let notes = reader.metadata().file_metadata().key_value_metadata().unwrap().clone();
    let note = |key: &str| notes.iter().find(|note| note.key == key).and_then(|note| note.value.clone()).unwrap();
    assert_eq!(note("version"), world.current("tal").unwrap());
    assert!(!note("credit").is_empty());
    assert_eq!(reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 4);
    let code = "import re, zipfile\n\
                book = zipfile.ZipFile('ut.xlsx')\n\
                for name in ('xl/workbook.xml', 'xl/worksheets/sheet1.xml'):\n\
                \x20   text = book.read(name).decode()\n\
                \x20   for part in re.findall(r'<sheet .*?/>|<pane.*?/>|<c r=\"(?:B|H|I)[12]\".*?</c>', text):\n\
                \x20       print(part)\n";
    match world.tool("python3").args(["-c", code]).output() {
        Ok(output) if output.status.success() => {
            insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap(), @r#"
    <sheet name="Data" sheetId="1" r:id="rId1"/>
    <sheet name="Om" sheetId="2" r:id="rId2"/>
    <pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>
    <c r="B1" s="1" t="inlineStr"><is><t>kod</t></is></c>
    <c r="H1" s="1" t="inlineStr"><is><t>antal</t></is></c>
    <c r="I1" s="1" t="inlineStr"><is><t>antal_status</t></is></c>
    <c r="B2" t="inlineStr"><is><t>0114</t></is></c>
    <c r="H2"><v>15</v></c>
    <c r="I2" t="inlineStr"><is><t>observed</t></is></c>
    "#);
        }
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => println!("skipped: there is no python3"),
    }
}

#[test]
fn rows_that_the_retention_removed_are_said_to_be_gone() {
    let world = revised();
    // The version before the current one always stays, to go back to.
    world.edit("pipelines/lokal/rader.json", "303", "304");
    world.ok(&["run", "lokal", "--force"]);
    let settings = world.read("config/underlag.toml");
    let lean = "[retention]\nkeep_newest = 1\nkeep_within = \"0s\"\nkeep_monthly = false\ngrace = \"0s\"\n";
    world.write("config/underlag.toml", &format!("{settings}{lean}"));
    world.ok(&["gc"]);
    let ran = world.run(&["export", "tal", "--version", "1", "-o", "ut.csv"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    insta::assert_snapshot!(ran.stderr, @r#"
    error[U0614]: the rows of tal [version] are gone: the retention removed them
    hint: its manifest stays; underlag replay tal [version] computes them again from the archive
    "#);
    assert_eq!(world.run(&["diff", "tal", "1", "3"]).stderr, ran.stderr);
    world.ok(&["diff", "tal"]);
}
