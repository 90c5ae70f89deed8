//! What must hold of any bytes from outside, for the targets in `fuzz/`: one
//! function per target, which panics when it does not hold. No part of the
//! program: built with the feature `fuzzing`, and in tests, where each target is
//! given the inputs that once broke something.

mod config;
mod text;

pub use crate::decode::ads::fuzzing::ads;
pub use crate::decode::file::fuzzing::package;
pub use crate::decode::fuzzing::{answers, file, json_stat, px};
pub use crate::fetch::fuzzing::{body, records};
pub use crate::source::eurostat::fuzzing::eurostat;
pub use crate::source::fuzzing::page;
pub use crate::source::jobsearch::fuzzing::jobsearch;
pub use crate::source::kolada::fuzzing::kolada;
pub use crate::source::planned_educations::fuzzing::planned;
pub use crate::source::pxweb::fuzzing::pxweb;
pub use crate::source::pxweb_v1::fuzzing::pxweb_v1;
pub use crate::source::school_units::fuzzing::school_units;
pub use crate::source::siris::fuzzing::siris;
pub use crate::source::susa_navet::fuzzing::susa_navet;
pub use crate::source::taxonomy::fuzzing::taxonomy;
pub use crate::source::yrkesbarometer::fuzzing::yrkesbarometer;
pub use config::config;
pub use text::text;

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by `records`: read and written again, it said 1 and was 2.
    #[test]
    fn a_manifest_of_the_first_format_can_be_read_written_and_read() {
        let manifest = br#"{"format":1,"dataset":"tal","title":"Tal","description":"","pipeline":"prov",
            "version":"000002-20261123T083000Z-1a2b3c4d","created_at":"2026-11-23T08:30:00Z","program":"underlag/0.1.0",
            "config_hash":"aa","content_hash":"1a2b3c4d","rows":0,"columns":[],"key":["kod"],"files":[],
            "checks":["minst 1 rad"],"sources":{},"inputs":{},"credit":"SCB","credits":[],"licences":[],
            "fetched_at":"2026-11-23T08:00:00Z","synthetic":false,"previous":"cc"}"#;
        assert!(crate::lake::Manifest::parse(manifest).is_ok());
        records(tempfile::tempdir().unwrap().path(), manifest);
    }

    /// Found by `records`: a line of a later program is refused, not skipped as torn.
    #[test]
    fn a_line_of_a_later_format_is_refused() {
        records(tempfile::tempdir().unwrap().path(), br#"{"format":4,"dataset":"tal"}"#);
    }

    /// Found by `school_units`: what is glued to it does not make it anything else.
    #[test]
    fn who_stands_behind_is_not_kept_whatever_it_is_glued_to() {
        school_units(
            b"{\"meta\":{\"extractDate\":\"2026-11-23T00:06:10.19+01:00\"},\"data\":{\"type\":\"schoolunit\",\"attributes\":\
              [{\"schoolUnitCode\":\"10000000\",\"name\":\"Enhet 066666c/o 6666\",\"status\":\"AKTIV\"}]}}",
        );
    }

    /// Found by `package`: what stands after `encoding=` need be no quote, nor a letter of one byte.
    #[test]
    fn an_encoding_that_is_not_quoted_is_no_encoding() {
        package(b"\x01\x11<?xml version='1.0' encoding=\xff\xff'latin1'?><a><b>2</b></a>");
    }

    /// Found by `ads`: the end of a zip's directory that says it is longer than anything.
    #[test]
    fn a_directory_that_is_longer_than_anything_is_cut_off() {
        ads(b"PK\x03\x04-\x00\x08\x08\x08\x00\x00\x00!\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\
            \xff\x07\x00\x14\x00a.jsonl\x01\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\
            \x00\x00\x00\x00\x00\xabV\xcaLQ\xb22\xac\xe5\x02\x00PK\x07\x08Tm\x9d\xd9\x0b\x00\x00\x00\
            \x00\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00PK\x01\x02-\x00-\x00\x08\x08\x08\x00\x00\
            \x00!\x00Tm\x9d\xd9\xff\xff\xff\xff\xff\xff\xff\xff\x07\x00\x14\x00\x00\x00\x00\x00\x00\
            \x00\x00\x00\x00\x00\x00\x00\x00\x00a.jsonl\x01\x00\x10\x00\x09\x00\x00\x00\x00\x00\x00\
            \x00\x0b\x00\x00\x00\x00\x00\x00\x00PK\x06\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\
            \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff,\x00\x00\x00\x00\x00\x00\x00-\x00\
            -\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\
            \x00\x00\x00I\x00\x00\x00\x00\x00\x00\x00\x5c\x00\x00\x00\x00\x00\x00\x00PK\x06\x07\x00\
            \x00\x00\x00\xa5\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00PK\x05\x06\x00\x00\x22\x22\x22\
            \x00\x00\x01\x00\x01\x00I\x00\x00\x00\x5c\x00\x00\x00\x00\x00");
    }

    /// Inputs of every kind: nothing, noise, and what each target reads when all is well.
    #[test]
    fn every_target_takes_what_is_ordinary_and_what_is_not() {
        let scratch = tempfile::tempdir().unwrap();
        let cube = br#"{"version":"2.0","class":"dataset","label":"T","id":["Region","ContentsCode","Tid"],
            "size":[2,1,2],"role":{"time":["Tid"],"metric":["ContentsCode"]},
            "dimension":{"Region":{"category":{"index":{"01":0,"03":1}}},
            "ContentsCode":{"category":{"index":["A"],"unit":{"A":{"base":"antal","decimals":0}}}},
            "Tid":{"category":{"index":["2023","2024"]}}},"value":[1,null,3,4],"status":{"1":".."}}"#;
        let asked = [b"*;TOP(1);01,03\n".as_slice(), cube].concat();
        let rows = br#"{"values":[{"kpi":"N1","municipality":"0180","period":2024,
            "values":[{"gender":"T","value":1.5,"status":""},{"gender":"K","value":null}]}]}"#;
        let settings = b"version = 1\n[publisher]\nname = \"P\"\ncontact = \"p@example.org\"\n\x00version = 1\n\x00version = 1\n\x00version = 1\ntitle = \"L\"\n\x00SELECT 1";
        let barometer = r#"[{"yb_yrke":"Kockar","yb_concept_id":"a","lan":"25","ssyk":"5120,3451","jobbmojligheter":"stora",
            "rekryteringssituation":null,"prognos":"öka","hogsta_bedomningsniva":"län","delvis_helt":null,"omgang":"2026-1"}]"#;
        let concepts = br#"{"data":{"concepts":[{"id":"a","type":"ssyk-level-4","ssyk_code_2012":"0110","narrower":
            [{"id":"b","deprecated":true,"replaced_by":[{"id":"c"},{"id":"d"}]}]}]}}"#;
        let counted = br#"{"total":{"value":9},"stats":[{"type":"occupation-group","values":[
            {"term":"Officerare","concept_id":"KiVA_anS_RJh","count":5},{"concept_id":"KiVA_anS_RJh","count":2}]},
            {"type":"region","values":[]}]}"#;
        let unit = r#"{"data":{"schoolUnitCode":"10000001","attributes":{"displayName":"Åsö","municipalityCode":"0114",
            "headMaster":"Fantasisson","schoolTypes":["VUX"],"addresses":[{"type":"BESOKSADRESS","postalCode":"123 45"}]}}}"#;
        let units = br#"{"data":{"attributes":[{"schoolUnitCode":"10000001","name":"A","status":"AKTIV"}]}}"#;
        let events = br#"{"educationEvents":[{"id":"e.1","status":"ACTIVE","content":{"paceOfStudy":{"percentage":50},
            "contacts":[{"name":"Fantasisson"}]}}],"page":{"totalElements":1,"totalPages":1}}"#;
        let export =
            "\u{feff}Titel\r\nKommun;Kommunkod;Elever;Totalt per elev;Andel\r\nSalem;0128;cirka 370;..;~100\r\n;\r\n";
        let inputs: [&[u8]; 17] = [
            unit.as_bytes(),
            units,
            events,
            export.as_bytes(),
            br#"[{"id":1,"workplace_address":{"municipality_code":"0180"},"occupation":[{"concept_id":"a_b"}]}]"#,
            b"",
            b"\x00\x00\x00kod;antal\n01;3\n",
            b"\x07\xff\x01[{\"kod\":\"01\",\"antal\":3}]",
            b"{}",
            b"\xef\xbb\xbf[]",
            cube,
            &asked,
            rows,
            settings,
            barometer.as_bytes(),
            concepts,
            counted,
        ];
        for input in inputs {
            json_stat(input);
            px(input);
            answers(input);
            pxweb_v1(input);
            pxweb(input);
            kolada(input);
            planned(input);
            school_units(input);
            susa_navet(input);
            siris(input);
            ads(input);
            eurostat(input);
            yrkesbarometer(input);
            taxonomy(input);
            jobsearch(input);
            file(input);
            page(input);
            for kind in 0..9 {
                package(&[&[kind, 0b1_0111], input].concat());
                package(&[&[kind, 0], input].concat());
            }
            body(input);
            text(input);
            records(scratch.path(), input);
            config(scratch.path(), input);
        }
    }
}
