//! Files from the sandbox in every format, by address and by a link that moves,
//! and servers that give something else.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use crate::config::{
    Choice, FetchKind, FileFetch, FileFormat, FileLocation, Link, Provenance, SheetLayout, SourceKind, ValueType,
};
use crate::contract::Status;
use crate::reference::Reference;
use crate::sandbox::{self, Fault, Options, PAGE, Sandbox};
use crate::source::SourceError;
use crate::source::testing::{Kept, Post};

async fn stage() -> (Sandbox, Post) {
    let reference = Reference::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")).unwrap();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let sandbox = sandbox::start(listen, reference, Options::default()).await.unwrap();
    let url = sandbox.endpoints().into_iter().find(|(name, _)| *name == "filer").unwrap().1;
    let post = Post::to(&url, SourceKind::File);
    (sandbox, post)
}

fn at(path: &str, format: FileFormat) -> FileFetch {
    FileFetch {
        symbols: [("<#", Status::Suppressed), ("..", Status::Missing)]
            .map(|(symbol, status)| (symbol.to_owned(), status))
            .into(),
        ..FileFetch::new(FileLocation::OnSource(path.to_owned()), format)
    }
}

fn typed(fetch: FileFetch, columns: &[(&str, ValueType)]) -> FileFetch {
    FileFetch { columns: columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(), ..fetch }
}

/// The office's workbook, as an operator would describe it.
fn workbook(path: &str, format: FileFormat) -> FileFetch {
    let columns =
        [("lan", ValueType::Text), ("kod", ValueType::Text), ("kvinnor", ValueType::Int64), ("man", ValueType::Int64)];
    let mut fetch = typed(at(path, format), &columns);
    fetch.rename = [("Kommun", "kod"), ("Inskrivna kvinnor", "kvinnor"), ("Inskrivna män", "man")]
        .map(|(header, column)| (header.to_owned(), column.to_owned()))
        .into();
    fetch.sheet = SheetLayout {
        sheet: Some(Choice::Pattern("Tabell*".to_owned())),
        header_rows: vec![3, 4],
        units_row: Some(5),
        until_blank: true,
        fill_down: vec!["lan".to_owned()],
        ..SheetLayout::default()
    };
    fetch
}

fn moving() -> FileFetch {
    FileFetch {
        link: Some(Link {
            pattern: "*/web-sokande-{year}-{month}.xlsx".to_owned(),
            hosts: Vec::new(),
            period_column: Some("period".to_owned()),
        }),
        provenance: Some(Provenance { person: "Anna Prov".into(), date: jiff::civil::date(2026, 11, 1) }),
        ..workbook(PAGE, FileFormat::Xlsx)
    }
}

/// The only municipality of Gotland, as a table has it.
fn gotland(kept: &Kept) -> (String, String) {
    let row = kept.row(&[("kod", "0980")]);
    (row["kvinnor"].clone(), row["kvinnor_symbol"].clone())
}

#[tokio::test]
async fn every_format_gives_the_same_figures() {
    let (_sandbox, post) = stage().await;
    let code = [("kod", ValueType::Text), ("kvinnor", ValueType::Int64)];
    let csv = |path: &str| typed(at(path, FileFormat::Csv), &code);
    let (_, _, plain) = post.run(FetchKind::File(csv("exempel/arbetslosa.csv"))).await.unwrap();
    let expected = gotland(&plain);
    assert_eq!(plain.rows().count(), 290);
    assert!(plain.rows().any(|row| row["kvinnor_symbol"] == "<5" && row["kvinnor_status"] == "suppressed"));
    let zip = FileFetch { inside: Some("*.csv".to_owned()), ..csv("exempel/arbetslosa.zip") };
    let xml = FileFetch {
        record: "arbetslosa/kommun".to_owned(),
        fields: [("kod", "@kod"), ("kvinnor", "antal/kvinnor")]
            .map(|(column, path)| (column.to_owned(), path.to_owned()))
            .into(),
        ..typed(at("exempel/arbetslosa.xml", FileFormat::Xml), &code)
    };
    for fetch in [
        csv("exempel/arbetslosa.csv.gz"),
        csv("exempel/arbetslosa.csv.zst"),
        zip,
        xml,
        workbook("exempel/arbetslosa.xlsb", FileFormat::Xlsb),
        workbook("exempel/arbetslosa.ods", FileFormat::Ods),
    ] {
        let name = format!("{:?}", fetch.location);
        let (_, harvest, kept) =
            post.run(FetchKind::File(fetch)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((harvest.rows, gotland(&kept)), (290, expected.clone()), "{name}");
    }
    let parquet = at("exempel/arbetslosa.parquet", FileFormat::Parquet);
    assert_eq!(post.run(FetchKind::File(parquet)).await.unwrap().1.rows, 290);
    for (path, format) in [("exempel/pivot.xlsx", FileFormat::Xlsx), ("exempel/pivot.xlsb", FileFormat::Xlsb)] {
        let mut fetch = typed(
            at(path, format),
            &[("lan", ValueType::Text), ("koen", ValueType::Text), ("totak", ValueType::Int64)],
        );
        fetch.sheet.pivot_cache = Some(Choice::Pattern("Pivottabell1".to_owned()));
        let (_, harvest, kept) = post.run(FetchKind::File(fetch)).await.unwrap();
        assert_eq!(harvest.rows, 580);
        let row = kept.row(&[("lan", "0980 Gotland"), ("koen", "Kvinnor")]);
        assert_eq!((row["totak"].clone(), row["totak_symbol"].clone()), expected, "{path}");
    }
}

#[tokio::test]
async fn the_newest_link_is_followed_and_the_next_when_it_comes() {
    let (sandbox, post) = stage().await;
    let (plan, harvest, kept) = post.run(FetchKind::File(moving())).await.unwrap();
    assert_eq!(harvest.rows, 290);
    assert_eq!(kept.rows().next().unwrap()["period"], "2026M10");
    assert!(plan.notes[0].starts_with("the newest file is of 2026M10: http://127.0.0.1:"), "{:?}", plan.notes);
    assert_eq!(plan.publish_notes, ["Uppgifterna är lämnade av Anna Prov den 2026-11-01."]);
    let stamp = plan.stamp.unwrap();
    assert!(stamp.starts_with("2026M10 http://") && stamp.contains("web-sokande-2026-10.xlsx etag "), "{stamp}");
    assert!(plan.stamp_proves && harvest.stamp == Some(stamp.clone()));
    let metadata = harvest.metadata.unwrap();
    assert_eq!(metadata.contents[0].unit.as_deref(), Some("antal"));

    // Years later, from the archive alone, though the source has moved.
    let courier = post.years_later();
    let (fetch, _) = post.plan(FetchKind::File(moving())).await.unwrap();
    let plan = crate::source::plan(&courier, &fetch, crate::source::testing::TODAY).await.unwrap();
    let mut again = Kept::default();
    crate::source::harvest(&courier, &fetch, &plan, &mut again, &mut |_| ()).await.unwrap();
    assert!(again.0 == kept.0);

    sandbox.order(serde_json::from_str::<Fault>(r#"{"kind":"revise","path_contains":"/filer"}"#).unwrap());
    let post = post.again();
    let (plan, _, kept) = post.run(FetchKind::File(moving())).await.unwrap();
    assert!(plan.stamp.unwrap().starts_with("2026M11 "));
    assert_eq!(kept.rows().next().unwrap()["period"], "2026M11");
}

#[tokio::test]
async fn what_is_not_the_file_names_source_address_and_place() {
    let (sandbox, post) = stage().await;
    let base = post.courier.source().base_url.to_string();
    let told = |error: SourceError| error.to_string().replace(&base, "BASE");
    let lost = typed(
        workbook("exempel/arbetslosa.ods", FileFormat::Ods),
        &[("lan", ValueType::Text), ("antall", ValueType::Int64)],
    );
    let error = post.run(FetchKind::File(lost)).await.map(drop).unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("the source may have renamed it: see `columns` of the fetch"));
    assert_eq!(
        told(error),
        "prov: GET BASE/exempel/arbetslosa.ods: there is no column \"antall\"; the header has Län, Kommun, Kommunnamn, \
         Inskrivna kvinnor, Inskrivna män, Andel totalt"
    );
    let mut gone = workbook("exempel/arbetslosa.xlsb", FileFormat::Xlsb);
    gone.sheet.sheet = Some(Choice::Pattern("Tabell 9".to_owned()));
    let error = post.run(FetchKind::File(gone)).await.map(drop).unwrap_err();
    assert_eq!(
        told(error),
        "prov: GET BASE/exempel/arbetslosa.xlsb: there is no sheet \"Tabell 9\"; the nearest is \"Tabell 10\"; the \
         workbook has Tabell 10, Om"
    );
    assert!(post.courier.accepted().is_empty(), "nothing is accepted that was not decoded to its end");
    let mut other = moving();
    other.link.as_mut().unwrap().pattern = "*/web-arbetslosa-{year}-{month}.xlsx".to_owned();
    let error = told(post.plan(FetchKind::File(other)).await.map(drop).unwrap_err());
    assert!(
        error.starts_with(
            "prov: BASE/statistik.html has no link that fits \"*/web-arbetslosa-{year}-{month}.xlsx\"; of its 5 links: "
        ),
        "{error}"
    );
    sandbox.order(serde_json::from_str::<Fault>(r#"{"kind":"html200","path_contains":"/filer/exempel"}"#).unwrap());
    let post = post.again();
    let error =
        post.run(FetchKind::File(workbook("exempel/arbetslosa.xlsb", FileFormat::Xlsb))).await.map(drop).unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("a proxy or maintenance page may be answering in the file's place"));
    assert!(
        told(error).starts_with(
            "prov: GET BASE/exempel/arbetslosa.xlsb: the body is not XLSB: it begins with \"<!DOCTYPE html>"
        )
    );
}

mod cubes {
    use super::*;

    const PX: &str = "CHARSET=\"ANSI\";\nAXIS-VERSION=\"2013\";\nCODEPAGE=\"utf-8\";\nLANGUAGE=\"sv\";\nMATRIX=\"T1\";\n\
        SUBJECT-CODE=\"AM\";\nSUBJECT-AREA=\"Arbete\";\nUNITS=\"antal\";\nDECIMALS=0;\nTITLE=\"Tal\";\nCONTENTS=\"Tal\";\n\
        STUB=\"region\";\nHEADING=\"år\";\nVALUES(\"region\")=\"Stockholms län\",\"Uppsala län\";\n\
        CODES(\"region\")=\"01\",\"03\";\nVALUES(\"år\")=\"2023\",\"2024\";\nTIMEVAL(\"år\")=TLIST(A1),\"2023\",\"2024\";\n\
        DATA=\n1 \"..\" 3 4;\n";

    const BUNDLE: &str = r#"{"ett":{"label":"Ett","value":[1,2],"dimension":{"id":["r"],"size":[2],
        "r":{"category":{"index":{"01":0,"03":1}}}}},"tva":{"label":"Två","value":[3],"dimension":{"id":["r"],"size":[1],
        "r":{"category":{"index":{"01":0}}}}}}"#;

    fn local(name: &str, text: &str, fetch: FileFetch) -> (tempfile::TempDir, FetchKind) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        (folder, FetchKind::File(FileFetch { location: FileLocation::Local(path), ..fetch }))
    }

    #[tokio::test]
    async fn a_px_file_is_selected_from_like_a_table() {
        let post = Post::to("http://127.0.0.1:1", SourceKind::File);
        let mut fetch = at("", FileFormat::Px);
        fetch.cube.select = [("år".to_owned(), vec!["TOP(1)".to_owned()])].into();
        fetch.rename = [("region".to_owned(), "kod".to_owned()), ("år".to_owned(), "period".to_owned())].into();
        let (_folder, kind) = local("a.px", PX, fetch.clone());
        let (_, harvest, kept) = post.run(kind).await.unwrap();
        assert_eq!(harvest.rows, 2);
        let row = kept.row(&[("kod", "03")]);
        assert_eq!((row["period"].as_str(), row["antal"].as_str()), ("2024", "4.0"));
        assert_eq!(kept.row(&[("kod", "01")])["antal_symbol"], "..");
        assert_eq!(harvest.metadata.unwrap().dimensions.len(), 2);

        fetch.cube.select = [("regoin".to_owned(), vec!["*".to_owned()])].into();
        let (_folder, kind) = local("a.px", PX, fetch);
        let error = post.run(kind).await.map(drop).unwrap_err();
        assert!(error.to_string().contains("has no dimension \"regoin\""), "{error}");
        assert_eq!(error.hint().as_deref(), Some("did you mean \"region\"?"));
    }

    #[tokio::test]
    async fn a_member_of_a_bundle_by_name_or_number() {
        let post = Post::to("http://127.0.0.1:1", SourceKind::File);
        for (member, rows) in [("ett", 2), ("2", 1), ("tva", 1)] {
            let mut fetch = at("", FileFormat::JsonStat);
            fetch.cube.member = Some(member.to_owned());
            let (_folder, kind) = local("a.json", BUNDLE, fetch);
            assert_eq!(post.run(kind).await.unwrap().1.rows, rows, "{member}");
        }
        let (_folder, kind) = local("a.json", BUNDLE, at("", FileFormat::JsonStat));
        let error = post.run(kind).await.map(drop).unwrap_err();
        assert!(error.to_string().ends_with("holds 2 datasets, and none is chosen: \"ett\", \"tva\""), "{error}");
    }
}
