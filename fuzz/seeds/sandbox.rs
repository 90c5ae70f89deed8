//! The sandbox's answers, as they go over the wire.

use std::io;
use std::net::SocketAddr;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use underlag::sandbox::{Fault, FaultKind, Options, start};

use crate::Corpus;

const TABLES: &str = "/pxweb/api/v2/tables";

pub async fn write(corpus: &Corpus) -> io::Result<()> {
    let reference = underlag::embedded::reference().map_err(io::Error::other)?;
    let options = Options { calls: 0, ..Options::default() };
    let sandbox = start(SocketAddr::from(([127, 0, 0, 1], 0)), reference, options).await?;
    for path in [
        "/pxweb/api/v2/config".to_owned(),
        TABLES.to_owned(),
        format!("{TABLES}/TAB6471?lang=sv"),
        format!("{TABLES}/TAB9001/metadata?lang=sv"),
        format!("{TABLES}/TAB9002/metadata?lang=sv"),
        format!("{TABLES}/TAB9003/metadata?lang=sv"),
        format!("{TABLES}/TAB6471/metadata?lang=sv&codelist%5BRegion%5D=vs_CKM01Lan"),
        "/pxweb/api/v1/sv/ssd/AM/AM0210".to_owned(),
        "/pxweb/api/v1/sv/ssd/AM/AM0210/MatchUtbildning".to_owned(),
        "/pxweb/api/v1/sv/lopnummer/Arbetsmarknad/matchning_20261120_080000.px".to_owned(),
        "/kolada/v3/kpi/N01982,N18898".to_owned(),
        "/kolada/v3/municipality?region_type=L".to_owned(),
        "/kolada/v3/municipality_groups?per_page=3".to_owned(),
        "/kolada/v3/data/kpi/N18898,N18896/municipality/0180,0114,0000/year/2021,2022?per_page=5".to_owned(),
        "/kolada/v3/data/kpi/N01982/municipality/0001,0180/year/2023,2024".to_owned(),
        "/kolada/v3/kpi_groups".to_owned(),
        "/kolada/v3/ou?municipality=0180".to_owned(),
        "/kolada/v3/oudata/kpi/N15419/ou/V15E018000101,V15E018000201/year/2024".to_owned(),
        "/eurostat/api/dissemination/sdmx/2.1/contentconstraint/ESTAT/TRNG_LFSE_04".to_owned(),
        "/eurostat/api/dissemination/sdmx/2.1/data/trng_lfse_04/?format=SDMX-CSV&geo=SE11".to_owned(),
        "/eurostat/api/dissemination/statistics/1.0/data/trng_lfse_04?format=JSON&geo=SE11&lastTimePeriod=2".to_owned(),
        "/taxonomy/version/31/query/eu-regions/eu-regions.json".to_owned(),
        "/taxonomy/version/31/query/concept-types/concept-types.json".to_owned(),
        "/jobsearch/search?limit=0&stats=region&stats=occupation-field&stats.limit=30".to_owned(),
        "/jobsearch/search?limit=0&stats=occupation-group&stats.limit=30&region=9hXe_F4g_eTG".to_owned(),
        "/jobsearch/search?offset=2001".to_owned(),
        "/skolenhetsregistret/v2/school-units?municipality_code=0114".to_owned(),
        "/skolenhetsregistret/v2/school-units/10000000".to_owned(),
        "/skolenhetsregistret/v2/education-providers".to_owned(),
        "/skolenhetsregistret/v2/contracts".to_owned(),
        "/skolenhetsregistret/v2/contracts/0000000114/90000000".to_owned(),
        "/susa-navet/emil3/educationEvents?size=4&page=0".to_owned(),
        "/susa-navet/emil3/educationEvents?size=4&page=0&updatedSince=2026-11-01".to_owned(),
        "/susa-navet/emil3/educationInfos?size=4&page=0".to_owned(),
        "/susa-navet/emil3/educationProviders?size=4&page=0".to_owned(),
        "/siris/reports/export_api/lasar/?pExportID=42".to_owned(),
        "/nowhere".to_owned(),
    ] {
        corpus.answer(&call(sandbox.addr, "GET", &path, "").await?);
    }
    for fault in [None, Some(FaultKind::Html200), Some(FaultKind::ShortValue), Some(FaultKind::DuplicateKommun)] {
        sandbox.behave();
        fault.into_iter().for_each(|kind| sandbox.order(Fault::new("", kind)));
        for (region, age) in [("*", "20"), ("01*", "TOP(3)"), ("0180", "*")] {
            let selection = json!({ "selection": [
                { "variableCode": "Region", "valueCodes": [region] },
                { "variableCode": "Alder", "valueCodes": [age] },
                { "variableCode": "Kon", "valueCodes": ["*"] },
                { "variableCode": "Tid", "valueCodes": ["TOP(1)"] },
                { "variableCode": "ContentsCode", "valueCodes": ["*"] },
            ]});
            let path = format!("{TABLES}/TAB6471/data?lang=sv&outputFormat=json-stat2");
            corpus.answer(&call(sandbox.addr, "POST", &path, &selection.to_string()).await?);
        }
    }
    sandbox.behave();
    for format in ["px", "csv", "csv2", "csv3", "json", "json-stat", "json-stat2"] {
        let item =
            |code: &str, values: &[&str]| json!({ "code": code, "selection": { "filter": "item", "values": values } });
        let query = [
            item("Region", &["00", "01", "0114"]),
            item("Utbildning", &["00S", "53B"]),
            item("Tid", &["2023", "2024"]),
        ];
        let body = json!({ "query": query, "response": { "format": format } }).to_string();
        let answer = call(sandbox.addr, "POST", "/pxweb/api/v1/sv/ssd/AM/AM0210/MatchUtbildning", &body).await?;
        match format {
            "px" => corpus.add("px", &answer),
            "csv" | "csv2" | "csv3" => corpus.add("answers", &answer),
            _ => corpus.answer(&answer),
        }
    }
    for csv in [
        "\"region\",\"Antal 2023\",\"Antal 2024\",\"Andel, procent 2023\",\"Andel, procent 2024\"\r\n\"Riket\",1,2,3.5,..\r\n\"län\",1,2,3.5,-\r\n\"län\",1,2,3.5,4\r\n",
        "\"T\"\n\nRegion;ContentsCode;Tid;TAB1\n00;A;2023;1\n00;A;2024;2\n",
    ] {
        corpus.add("answers", csv);
    }
    for px in [
        "CHARSET=\"ANSI\";STUB=\"a\",\"b\";HEADING=\"t\";VALUES(\"a\")=\"x\",\"y\";VALUES(\"b\")=\"1\",\"2\";TIMEVAL(\"t\")=TLIST(A1,\"2023\"-\"2024\");KEYS(\"a\")=CODES;KEYS(\"b\")=VALUES;DATA=\"x\",\"1\",1 2\n\"y\",\"2\",3 \"..\";",
        "LANGUAGE=\"sv\";LANGUAGES=\"sv\",\"en\";STUB=\"a\";STUB[en]=\"A\";VALUES(\"a\")=\"x\"\n\"y\",\"z\";VALUES[en](\"A\")=\"X\",\"Z\";CONTVARIABLE=\"a\";PRECISION(\"a\",\"z\")=2;DATANOTECELL(\"*\")=\"b\";DATA=1.25 \"-\";",
    ] {
        corpus.add("px", px);
    }
    for year in [2012, 2024, 2026] {
        for place in ["pExportID=245&pLan=01", "pExportID=42&pKommun=0114"] {
            let path = format!("/siris/reports/export_api/runexport/?pFormat=csv&{place}&pAr={year}");
            corpus.add("siris", call(sandbox.addr, "GET", &path, "").await?);
        }
    }
    // A file of this kind is large, and its beginning is enough.
    let map = call(sandbox.addr, "GET", &format!("/filer/{}", underlag::sandbox::ADVERTISEMENTS), "").await?;
    let entry = map.iter().take(12_000).rposition(|byte| *byte == b',').unwrap_or(0);
    corpus.answer(&[&map[..entry], b"}}"].concat());
    // As are these; a row or a concept is cut out whole.
    let barometer = call(sandbox.addr, "GET", "/yrkesbarometer/yrkesbarometer.json", "").await?;
    let row = barometer.windows(2).take(12_000).rposition(|two| two == b"},").unwrap_or(0);
    corpus.answer(&[&barometer[..row], b"}]"].concat());
    let path = "/taxonomy/version/31/query/concepts-and-common-relations/concepts-and-common-relations.json";
    let concepts = call(sandbox.addr, "GET", path, "").await?;
    let concept = concepts.windows(15).take(12_000).rposition(|some| some == br#"},{"alternative"#).unwrap_or(0);
    corpus.answer(&[&concepts[..concept], b"}]}}"].concat());
    sandbox.stop().await;
    Ok(())
}

/// One exchange; the body of the answer.
async fn call(address: SocketAddr, method: &str, path: &str, body: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    Ok(answer.split_off(end))
}
