//! What an accepted project turns into.

use std::path::PathBuf;
use std::time::Duration;

use super::super::{Choice, ColumnType, FileFormat, FileLocation, Level, Missed, Overrides, Years, load};
use super::super::{FetchKind, FileFetch, KoladaFetch};
use super::{PIPELINE, Project, SOURCES};
use crate::contract::Status;

#[test]
fn only_the_version_is_needed() {
    let project = Project::new();
    std::fs::remove_file(project.0.path().join("config/sources.toml")).unwrap();
    std::fs::remove_dir_all(project.0.path().join("pipelines")).unwrap();
    let config = project.config();
    assert!(config.pipelines.is_empty() && config.sources.is_empty() && config.area_sets.is_empty());
    assert_eq!(config.data_dir, PathBuf::from("/var/lib/underlag"));
    assert!(config.pipelines_dir.ends_with("pipelines") && config.pipelines_dir.is_absolute());
    assert_eq!(config.server.listen.port(), 8080);
}

#[test]
fn paths_count_from_their_file_and_a_flag_beats_them() {
    let project = Project::new();
    project.write("config/underlag.toml", "version = 1\ndata_dir = \"../data\"\n");
    let root = project.0.path().canonicalize().unwrap();
    assert_eq!(project.config().data_dir, root.join("data"));
    let overrides = Overrides { data_dir: Some(PathBuf::from("/srv/underlag")), ..Overrides::default() };
    let loaded = load(&root.join("config/underlag.toml"), &overrides);
    assert_eq!(loaded.config.unwrap().data_dir, PathBuf::from("/srv/underlag"));
}

#[test]
fn a_dataset_keeps_the_order_of_its_columns() {
    let more = "[dataset.befolkning.column.a_andel]\ntype = \"float64\"\ntitle = \"Andel\"\ndecimals = 1\n\
                ratio = { numerator = \"folkmangd\", denominator = \"folkmangd\", scale = 100 }\n";
    let project = Project::new();
    project.write("pipelines/befolkning/pipeline.toml", &format!("{PIPELINE}{more}"));
    let config = project.config();
    let dataset = &config.pipelines["befolkning"].datasets["befolkning"];
    let columns: Vec<_> = dataset.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
    assert_eq!(columns, [("folkmangd", ColumnType::Int64), ("a_andel", ColumnType::Float64)]);
    assert_eq!(dataset.columns[1].ratio.as_ref().unwrap().scale, 100.0);
    assert_eq!((dataset.checks.min_rows, dataset.checks.unique, dataset.checks.max_drop), (1, true, None));
    assert_eq!(dataset.partition_by, ["lan"]);
    assert_eq!(dataset.sql, "SELECT * FROM folk\n");
}

#[test]
fn symbols_are_laid_over_the_kinds_own() {
    let project = Project::new();
    project.write(
        "config/sources.toml",
        &format!("{SOURCES}symbols = {{ \"..\" = \"suppressed\", \"*\" = \"unreliable\" }}\n"),
    );
    let scb = &project.config().sources["scb"];
    assert_eq!(scb.symbols[".."], Status::Suppressed);
    assert_eq!(scb.symbols["*"], Status::Unreliable);
    assert_eq!(scb.symbols["."], Status::NotApplicable);
    assert!(!scb.synthetic);
}

#[test]
fn a_schedule_has_defaults() {
    let project = Project::new().with("[fetch.folk.pxweb]", "[schedule]\ncron = \"5 8 * * *\"\n[fetch.folk.pxweb]");
    let config = project.config();
    let schedule = config.pipelines["befolkning"].schedule.as_ref().unwrap();
    assert_eq!((schedule.timezone.as_str(), schedule.missed), ("Europe/Stockholm", Missed::Latest));
    assert_eq!((schedule.jitter, schedule.late_after), (Duration::ZERO, None));
    assert_eq!((schedule.cron.as_deref(), schedule.enabled, schedule.after.len()), (Some("5 8 * * *"), true, 0));
}

#[test]
fn a_pipeline_may_follow_others_without_a_time_of_its_own() {
    let project = Project::new();
    let second = super::PIPELINE.replace("[dataset.befolkning", "[dataset.andra").replacen(
        "[fetch.folk.pxweb]",
        "[schedule]\nafter = [\"befolkning\"]\nenabled = false\n[fetch.folk.pxweb]",
        1,
    );
    project
        .write("pipelines/andra/pipeline.toml", &second)
        .write("pipelines/andra/befolkning.sql", "SELECT * FROM folk\n");
    let config = project.config();
    let schedule = config.pipelines["andra"].schedule.as_ref().unwrap();
    assert_eq!((schedule.cron.as_deref(), schedule.enabled), (None, false));
    assert_eq!(schedule.after, ["befolkning"]);
    let job = |jobs: Vec<crate::schedule::Job>| jobs.into_iter().find(|job| job.pipeline == "andra").unwrap();
    let before = job(crate::schedule::jobs(&config)).fingerprint;
    // Another pipeline's files are none of its own; its SQL is.
    project.write("pipelines/befolkning/befolkning.sql", "SELECT kod, period, folkmangd FROM folk\n");
    assert_eq!(job(crate::schedule::jobs(&project.config())).fingerprint, before);
    project.write("pipelines/andra/befolkning.sql", "SELECT kod, period, folkmangd FROM folk\n");
    assert_ne!(job(crate::schedule::jobs(&project.config())).fingerprint, before);
}

fn fetch(text: &str) -> FetchKind {
    let sources = "[source.kol.kolada]\nbase_url = \"https://k.example.org\"\ncredit = \"K\"\nlicence = \"fri\"\n\
                   [source.af.file]\nbase_url = \"https://f.example.org\"\ncredit = \"F\"\nlicence = \"fri\"\n";
    let project = Project::new().with("[dataset.befolkning]", &format!("{text}\n[dataset.befolkning]"));
    project.write("config/sources.toml", &format!("{SOURCES}{sources}"));
    let config = project.config();
    config.pipelines["befolkning"].fetches["x"].kind.clone()
}

#[test]
fn kolada_years_come_in_three_forms() {
    for (written, years) in [
        ("[2022, 2023]", Years::List(vec![2022, 2023])),
        ("\"2015..\"", Years::From(2015)),
        ("\"latest(5)\"", Years::Latest(5)),
    ] {
        let text = format!("[fetch.x.kolada]\nsource = \"kol\"\nkpi = [\"N18898\"]\nyears = {written}");
        let FetchKind::Kolada(KoladaFetch { years: read, municipality, .. }) = fetch(&text) else { panic!("{text}") };
        assert_eq!((read, municipality), (years, None));
    }
    let text = "[fetch.x.kolada]\nsource = \"kol\"\nkpi = [\"N18898\"]\nmunicipality = [\"0180\"]\nyears = \"2015..\"";
    let FetchKind::Kolada(kolada) = fetch(text) else { panic!("{text}") };
    assert_eq!(kolada.municipality, Some(vec!["0180".to_owned()]));
}

#[test]
fn a_file_lies_on_a_source_at_an_address_or_here() {
    let file = |text: &str| -> FileFetch {
        match fetch(&format!("[fetch.x.file]\n{text}")) {
            FetchKind::File(file) => file,
            other => panic!("{other:?}"),
        }
    };
    let on_source = file("source = \"af\"\npath = \"a/b.json\"\nformat = \"json-records\"\npointer = \"/data\"");
    assert!(matches!(&on_source.location, FileLocation::OnSource(path) if path == "a/b.json"));
    assert_eq!((on_source.format, on_source.pointer.as_str()), (FileFormat::JsonRecords, "/data"));
    let at_url = file("url = \"https://x.example.org/a.jsonl\"\nformat = \"jsonl\"");
    assert!(matches!(at_url.location, FileLocation::Url(_)));
    let local = file("path = \"a.csv\"\nformat = \"csv\"\ndelimiter = \";\"\ndecimal = \",\"\nencoding = \"latin1\"");
    assert!(
        matches!(&local.location, FileLocation::Local(path) if path.ends_with("befolkning/a.csv") && path.is_absolute())
    );
    assert_eq!((local.delimiter, local.decimal, local.encoding), (b';', ',', "windows-1252"));
}

#[test]
fn a_workbook_says_where_its_table_lies() {
    let text = r#"[fetch.x.file]
source = "af"
path = "sida.html"
link_pattern = "*/a-{year}-{month}*.xlsx"
link_hosts = ["filer.example.org"]
period_column = "period"
format = "xlsx"
sheet = 2
header_row = [3, 4]
units_row = 5
range = "B3:H300"
until_blank = true
fill_down = ["lan"]
columns = { lan = "text", antal = "int64" }
rename = { "Antal (st)" = "antal" }
symbols = { "<#" = "suppressed" }
provenance = { person = "Anna", date = "2026-11-01" }
"#;
    let FetchKind::File(file) = fetch(text) else { panic!("{text}") };
    assert_eq!((file.format, file.decimal), (FileFormat::Xlsx, ','));
    let link = file.link.unwrap();
    assert_eq!((link.hosts.len(), link.period_column.as_deref()), (1, Some("period")));
    assert_eq!(
        (file.sheet.sheet, file.sheet.header_rows, file.sheet.units_row),
        (Some(Choice::Number(2)), vec![3, 4], Some(5))
    );
    assert_eq!(file.sheet.range.unwrap().last_row, Some(299));
    assert_eq!(file.provenance.unwrap().date.to_string(), "2026-11-01");
    let text = "[fetch.x.file]\npath = \"a.px\"\nformat = \"px\"\nselect = { Tid = \"TOP(3)\" }\nrename = { Tid = \"period\" }";
    let FetchKind::File(file) = fetch(text) else { panic!("{text}") };
    assert_eq!(file.cube.select["Tid"], ["TOP(3)"]);
}

#[test]
fn a_folder_without_a_pipeline_is_a_warning_and_no_error() {
    let project = Project::new();
    project.write("pipelines/skiss/x.sql", "SELECT 1").write("pipelines/.git/x", "");
    let loaded = project.load();
    assert!(loaded.config.is_some());
    assert_eq!(loaded.diagnostics.iter().map(|each| each.level).collect::<Vec<_>>(), [Level::Warning]);
}

#[test]
fn the_hash_follows_what_decides_the_rows_and_not_the_address() {
    let project = Project::new();
    let hash = || project.config().pipelines["befolkning"].config_hash.clone();
    let first = hash();
    assert_eq!(first, hash());
    project.write("config/sources.toml", &SOURCES.replace("statistik.example.org", "spegel.example.org"));
    project.write("config/underlag.toml", "version = 1\n[server]\nlisten = \"127.0.0.1:9000\"\n");
    assert_eq!(first, hash(), "a mirror is the same source");
    project.write("config/sources.toml", &SOURCES.replace("CC0-1.0", "CC-BY-4.0"));
    let licensed = hash();
    assert_ne!(first, licensed, "the licence is published");
    project.write("pipelines/befolkning/befolkning.sql", "SELECT kod FROM folk\n");
    assert_ne!(licensed, hash(), "the query decides the rows");
}

#[test]
fn object_storage_is_a_bucket_and_how_to_reach_it() {
    let project = Project::new();
    assert!(project.config().bucket.is_none());
    project.write(
        "config/underlag.toml",
        "version = 1\ndata_url = \"s3://lager/underlag/prod/\"\n[storage]\nendpoint = \"https://s3.example.org\"\n",
    );
    let bucket = project.config().bucket.unwrap();
    assert_eq!(bucket.address("datasets"), "s3://lager/underlag/prod/datasets");
    assert_eq!((bucket.region.as_str(), bucket.allow_http), ("us-east-1", false));
    assert_eq!(bucket.endpoint.unwrap().as_str(), "https://s3.example.org/");
}
