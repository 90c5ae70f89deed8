//! The barometer as it was recorded, as the stand-in gives it, and as it should never be.

use serde_json::{Value, json};

use super::assumptions::ASSUMPTIONS;
use super::browse;
use crate::config::{FetchKind, SourceKind, YrkesbarometerFetch};
use crate::sandbox::{Fault, FaultKind, Options};
use crate::source::SourceError;
use crate::source::hostile::server;
use crate::source::testing::{Kept, Post, Replay, disagreements, sandbox};

fn fetch(path: &str) -> FetchKind {
    FetchKind::Yrkesbarometer(YrkesbarometerFetch { path: path.to_owned() })
}

fn published() -> FetchKind {
    fetch("yrkesbarometer.json")
}

fn row() -> Value {
    json!({
        "yrkesomrade": "Hälso- och sjukvård", "yb_yrke": "Undersköterskor", "yb_concept_id": "dscp_gNH_aTU",
        "lan": "09", "antal_ssyk": 2, "del_av_ssyk": 0, "ssyk": "5321, 0110", "ssyk_text": "a, b",
        "yb_beskrivning": null, "jobbmojligheter": "stora", "rekryteringssituation": "paradox",
        "paradox": ["deltidsarbete", "villkor"], "prognos": null, "text_jobbmojligheter": "a ",
        "text_rekryteringssituation": "b", "hogsta_bedomningsniva": "nuts1", "delvis_helt": "delvis",
        "omgang": "2025-2", "taxonomi_version": 27,
    })
}

async fn run(rows: Value) -> Result<(Vec<String>, Kept), SourceError> {
    let base = server(move |_, _| (200, rows.to_string())).await;
    let post = Post::to(&base, SourceKind::Yrkesbarometer);
    let (plan, _, kept) = post.run(published()).await?;
    assert_eq!(post.calls(), 1, "the plan's answer is the harvest's");
    Ok((plan.notes, kept))
}

async fn fault(change: impl Fn(&mut Value)) -> (String, SourceError) {
    let (mut first, second) = (row(), row());
    first["lan"] = json!("10");
    let mut rows = json!([first, second]);
    change(&mut rows);
    let error = run(rows).await.map(drop).unwrap_err();
    let text = error.to_string();
    let (front, text) = text.split_once("/yrkesbarometer.json: ").unwrap();
    assert!(front.starts_with("prov: GET http://127.0.0.1:"), "{front}");
    (text.to_owned(), error)
}

#[tokio::test]
async fn an_occupation_of_several_groups_has_a_row_for_each() {
    let (notes, kept) = run(json!([row()])).await.unwrap();
    assert_eq!(kept.rows().map(|row| row["ssyk"].clone()).collect::<Vec<_>>(), ["5321", "0110"]);
    let row = kept.row(&[("ssyk", "0110")]);
    for (column, value) in [
        ("niva", "lan"),
        ("kod", "09"),
        ("period", "2025H2"),
        ("omgang", "2025-2"),
        ("yb_id", "dscp_gNH_aTU"),
        ("antal_ssyk", "2"),
        ("jobbmojligheter", "stora"),
        ("jobbmojligheter_status", "observed"),
        ("rekryteringssituation", "paradox"),
        ("paradox", "deltidsarbete; villkor"),
        ("prognos", ""),
        ("prognos_status", "not_assessed"),
        ("prognos_symbol", ""),
        ("hogsta_bedomningsniva", "nuts1"),
        ("text", "a\nb"),
        ("taxonomi_version", "27"),
    ] {
        assert_eq!(row[column], value, "{column}");
    }
    assert_eq!(
        notes,
        [
            "omgång 2025-2: 1 occupations, 0 without any assessment in 1 rows: that is not balance",
            "occupations and SSYK groups are not one to one: 1 occupations stand for several groups, with a row for \
             each, and 0 groups have several occupations, so that a group can have several assessments",
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_row() {
    let (text, error) = fault(|rows| rows[1]["rekryteringssituation"] = json!("viss brist")).await;
    assert_eq!(
        text,
        "row 1: column \"rekryteringssituation\" is \"viss brist\", a word that no assessment has been known to use"
    );
    assert_eq!(
        error.hint().unwrap(),
        "look up what it means, and say so under [source.prov.yrkesbarometer.symbols], such as \"observed\" for a \
         word of its own or \"not_assessed\""
    );
    for (field, value, expected) in [
        (
            "delvis_helt",
            json!("nästan"),
            "row 1: column \"delvis_helt\" is \"nästan\", a word that no assessment has been known to use",
        ),
        ("lan", json!("1"), "row 1: column \"lan\" is \"1\", neither \"00\" nor the code of a län"),
        (
            "lan",
            json!("10"),
            "row 1: column \"yb_concept_id\" is \"dscp_gNH_aTU\", there already for the same area and omgång",
        ),
        ("ssyk", json!("5321,532"), "row 1: column \"ssyk\" is \"532\", not an SSYK code of four digits"),
        ("ssyk", json!(""), "row 1: column \"ssyk\" is \"\", not an SSYK code of four digits"),
        ("omgang", json!("2026-3"), "row 1: column \"omgang\" is \"2026-3\", not a year with -1 or -2"),
        ("omgang", json!("20266"), "row 1: column \"omgang\" is \"20266\", not a year with -1 or -2"),
    ] {
        assert_eq!(fault(|rows| rows[1][field] = value.clone()).await.0, expected);
    }
    let (text, _) = fault(|rows| rows[1]["lan"] = json!(9)).await;
    assert!(text.starts_with("row 1 ({") && text.contains("invalid type: integer `9`, expected a string"), "{text}");
    let (text, _) = fault(|rows| {
        for row in rows.as_array_mut().unwrap() {
            row.as_object_mut().unwrap().remove("prognos");
        }
    })
    .await;
    assert_eq!(text, "no record has \"prognos\"");
    assert_eq!(fault(|rows| *rows = json!([])).await.0, "the file holds no row");
    let (text, _) = fault(|rows| *rows = json!({"rows": []})).await;
    assert!(text.starts_with("invalid type: map, expected a sequence"), "{text}");
}

#[tokio::test]
async fn a_page_and_a_cut_file_are_no_barometer() {
    for (body, expected) in [
        ("<html>Underhåll</html>", "instead of JSON; it begins \"<html>Underhåll</html>\""),
        (
            "[{\"yb_yrke\": \"Koc",
            "/yrkesbarometer.json: the body is cut off or broken at byte 17: EOF while parsing a string at line 1 column 17",
        ),
    ] {
        let base = server(move |_, _| (200, body.to_owned())).await;
        let error = Post::to(&base, SourceKind::Yrkesbarometer).run(published()).await.map(drop).unwrap_err();
        assert!(error.to_string().ends_with(expected), "{error}");
    }
}

#[tokio::test]
async fn six_recorded_rows() {
    let Some(replay) = Replay::start(&[]) else { return };
    let post = Post::to(&format!("{}/filer/arbetsformedlingen", replay.url), SourceKind::Yrkesbarometer);
    let (plan, harvest, kept) = post.run(fetch("yrkesbarometer_2025-2_sample6.json")).await.unwrap();
    assert!(plan.stamp_proves && plan.stamp.unwrap().starts_with("omgang 2025-2 blake3 "));
    assert_eq!(harvest.rows, 6);
    let row = kept.row(&[("kod", "17")]);
    let said = ["ssyk", "jobbmojligheter", "rekryteringssituation", "paradox", "prognos", "hogsta_bedomningsniva"];
    assert_eq!(said.map(|column| row[column].as_str()), ["5323", "stora", "paradox", "deltidsarbete", "öka", "nuts1"]);
    let metadata = plan.metadata.unwrap();
    let label = metadata.dimensions[0].codes.iter().find(|(code, _)| code == "PDNm_NZ2_WRh").unwrap().1.clone();
    assert_eq!(label, "Administrativa assistenter (SSYK 4119)");
}

/// All 4,818 cells of omgång 2025-1, as a third party has kept them.
#[test]
fn the_recorded_words_are_the_known_ones() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/real/arbetsformedlingen/yrkesbarometer_2025_all_yrken_x_regions_compact.json"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no recorded answers at {path}");
        return;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    let [chances, _, outlook] = &super::words::ASSESSED;
    let (mut cells, mut occupations) = (0, 0);
    for areas in file.as_object().unwrap().values() {
        occupations += 1;
        for words in areas.as_object().unwrap().values() {
            let [one, other] = [0, 1].map(|at| words[at].as_str().unwrap());
            assert!(chances.words.contains(&one) && outlook.words.contains(&other), "{words}");
            cells += 1;
        }
    }
    assert_eq!((occupations, cells), (219, 3638));
}

#[tokio::test]
async fn the_stand_in_is_read_whole_and_a_new_round_has_another_stamp() {
    let sandbox = sandbox(Options { calls: 0, ..Options::default() }).await;
    let base = format!("http://{}/yrkesbarometer", sandbox.addr);
    let post = Post::to(&base, SourceKind::Yrkesbarometer);
    let (plan, harvest, kept) = post.run(published()).await.unwrap();
    assert_eq!((plan.cells, plan.calls), (4818, 1));
    assert!(harvest.rows > 4818 && plan.notes[1].starts_with("occupations and SSYK groups are not one to one"));
    let silent = kept.rows().filter(|row| row["rekryteringssituation_status"] == "not_assessed").count();
    assert!((1200..2800).contains(&silent), "{silent}");
    assert!(
        kept.rows()
            .all(|row| row["rekryteringssituation"].is_empty()
                == (row["rekryteringssituation_status"] == "not_assessed"))
    );
    assert_eq!(harvest.stamp, plan.stamp);
    assert!(post.years_later_gives(published(), &kept).await);

    sandbox.order(Fault::new("yrkesbarometer", FaultKind::Revise));
    let post = post.again();
    let (next, ..) = post.run(published()).await.unwrap();
    assert!(plan.stamp.unwrap().starts_with("omgang 2026-1 ") && next.stamp.unwrap().starts_with("omgang 2026-2 "));
    sandbox.behave();
    sandbox.order(Fault::new("yrkesbarometer", FaultKind::UnknownKommun));
    let error = post.again().run(published()).await.map(drop).unwrap_err();
    assert!(
        error.to_string().ends_with("row 1: column \"lan\" is \"99\", neither \"00\" nor the code of a län"),
        "{error}"
    );
}

#[tokio::test]
async fn assumptions_hold_of_the_stand_in_and_occupations_are_found() {
    let sandbox = sandbox(Options { calls: 0, ..Options::default() }).await;
    let base = format!("http://{}/yrkesbarometer", sandbox.addr);
    assert_eq!(disagreements(&base, ASSUMPTIONS, &[], "").await, Vec::<String>::new());
    let post = Post::to(&base, SourceKind::Yrkesbarometer);
    let found = browse::search(&post.courier, "officerare").await.unwrap();
    assert_eq!((found[0].id.as_str(), found[0].title.as_str()), ("Yb00_000_syn", "Officerare"));
    let all = browse::search(&post.courier, "").await.unwrap();
    assert_eq!((all.len(), all[0].id.as_str()), (220, "yrkesbarometer.json"));
    assert_eq!(browse::describe(&post.courier, "Yb00_000_syn").await.unwrap().periods, ["2026-1"]);
    let error = browse::describe(&post.courier, "Officerare").await.unwrap_err();
    assert_eq!(error.to_string(), "prov knows no occupation \"Officerare\"");
    assert_eq!(error.hint().unwrap(), "did you mean \"Yb00_000_syn\"?");
}
