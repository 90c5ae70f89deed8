//! Short texts, the shipped files, our own records, and compressed bodies.

use std::fs;
use std::io;
use std::path::Path;

use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZstdEncoder};
use tokio::io::AsyncReadExt;

use crate::Corpus;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

const TEXTS: &[&str] = &[
    "0",
    "-0",
    "-12.5e-3",
    "9223372036854775808",
    "123456789012345.6",
    "1e309",
    "01",
    "1.",
    "2024",
    "2024M06",
    "2024K2",
    "2024Q4",
    "2024H1",
    "2024V30",
    "2026W01",
    "2024-06-30",
    "2007-2008",
    "2024/25",
    "1999/2000",
    "HT2024",
    "VT 25",
    "2025VT",
    "*",
    "01*",
    "*5",
    "?1?",
    "TOP(2)",
    "top(2,1)",
    "BOTTOM(3)",
    "RANGE(01,0115)",
    "FROM(03)",
    "TO(2024)",
    "A(1)",
    "01;TOP(1);20*",
    "totsa",
    "LAST(2)",
    "000001-20261123T083000Z-1a2b3c4d",
    "https://api.example.org/v2/kpi?page=2",
    "/v2/data?x=1",
    "//elsewhere.example/v2/",
    "../v1/x",
    "https://user:a-long-password@api.example.org/v2/?api_key=s3cret&x=1",
];

const RECORD: &str = r#"{"identity":"5c1e","source":"scb","method":"POST","url":"https://api.example.org/v2/tables/TAB1/data","request_body":"{\"selection\":[]}","fetched_at":"2026-11-23T08:00:00Z","status":200,"headers":{"content-type":"application/json","etag":"\"a\""},"hash":"af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262","size":15,"synthetic":true}"#;

const MANIFEST: &str = r#"{"format":FORMAT,"dataset":"tal","title":"Tal","description":"","pipeline":"prov","version":"000002-20261123T083000Z-1a2b3c4d","created_at":"2026-11-23T08:30:00Z","program":"underlag/0.1.0","config_hash":"aa","content_hash":"1a2b3c4d","rows":1,"columns":[{"name":"kod","kind":"text","title":"Kod"},{"name":"antal","kind":"int64","title":"Antal","unit":"antal","measure":true}],"key":["kod"],"files":[{"path":"lan-01/000002.parquet","rows":1,"size":9,"blake3":"bb"}],"checks":CHECKS,"sources":{"rader":{"source":"scb","credit":"SCB","licence":"CC0-1.0","synthetic":false,"stamp":"x","rows":1,"fetched_at":"2026-11-23T08:00:00Z","answers":[RECORD],"notes":["n"]}},"inputs":{},"credit":"SCB","credits":["SCB"],"fetched_at":"2026-11-23T08:00:00Z","licences":["CC0-1.0"],"synthetic":false,"previous":"cc"}"#;

pub fn write(corpus: &Corpus) -> io::Result<()> {
    for text in TEXTS {
        corpus.add("text", text);
    }
    for (format, checks) in [
        ("1", r#"["minst 1 rad"]"#),
        ("2", r#"[{"check":"min_rows","severity":"warn","held":false,"message":"0 rader","rows":[],"more":true}]"#),
    ] {
        let manifest = MANIFEST.replace("FORMAT", format).replace("CHECKS", checks).replace("RECORD", RECORD);
        corpus.add("records", manifest);
    }
    corpus.add("records", format!("{RECORD}\n{{\"identity\":\"ab\n{RECORD}\n"));
    tables(corpus);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(bodies(corpus))?;
    configurations(corpus)
}

fn tables(corpus: &Corpus) {
    let csv = "kod;antal;andel;övrigt\n0114;12;3,5;\"a;b\"\n0115;;-1,25;\n";
    corpus.file([0, 0b111, 0b101], csv.as_bytes());
    corpus.file([0, 0, 0b001], csv.as_bytes());
    corpus.file([0, 0b011, 0b01_0101], b"kod;antal\n\xc5l;12\n");
    corpus.file([0, 0b011, 0], b"kod,antal\r\n01,\"1\"\r\n\r\n02,..\r\n");
    corpus.file([1, 0b111, 0], br#"[{"kod":"01","antal":3,"andel":0.5},{"kod":"03","antal":null}]"#);
    corpus.file([1, 0b0010_0011, 0], br#"{"rader":[{"kod":"01","antal":"3"}],"mer":{}}"#);
    corpus.file([2, 0b111, 0], b"{\"kod\":\"01\",\"antal\":3}\n\n{\"kod\":\"03\",\"andel\":1e-3}\n");
    corpus.file([3, 0b0000_1010, 0], br#"{"0114":{"K":1,"M":null},"0115":{"K":2.0}}"#);
    for path in ["reference/lan.csv", "reference/kommuner.csv"] {
        let text = fs::read(Path::new(ROOT).join(path)).unwrap_or_default();
        corpus.file([0, 0, 0], &text[..text.len().min(2000)]);
    }
}

async fn bodies(corpus: &Corpus) -> io::Result<()> {
    let text = "{\"value\":[1,2,3,null,5]}".repeat(20);
    let mut packed = Vec::new();
    GzipEncoder::new(text.as_bytes()).read_to_end(&mut packed).await?;
    corpus.add("body", [b"\x00\x10", packed.as_slice()].concat());
    corpus.add("body", [b"\x04\xff", packed.as_slice(), packed.as_slice()].concat());
    let zeros = vec![0; 300_000];
    for (kind, content) in [(1, text.as_bytes()), (2, text.as_bytes()), (1, &zeros), (2, &zeros)] {
        let mut packed = Vec::new();
        match kind {
            1 => BrotliEncoder::new(content).read_to_end(&mut packed).await?,
            _ => ZstdEncoder::new(content).read_to_end(&mut packed).await?,
        };
        corpus.add("body", [&[kind, 63], packed.as_slice()].concat());
        // An object of the archive is compressed in the same way.
        corpus.add("records", packed);
    }
    corpus.add("body", [b"\x03\x05", text.as_bytes()].concat());
    Ok(())
}

/// Every shipped pipeline with the shipped settings.
fn configurations(corpus: &Corpus) -> io::Result<()> {
    let read = |path: &str| fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_default();
    let shared = ["config/underlag.toml", "config/sources.toml", "config/areas.toml"].map(read);
    for entry in fs::read_dir(Path::new(ROOT).join("pipelines"))? {
        let folder = entry?.path();
        let pipeline = fs::read_to_string(folder.join("pipeline.toml")).unwrap_or_default();
        corpus.add("config", [shared.join("\0").as_str(), &pipeline, "SELECT 1"].join("\0"));
        corpus.add("config", ["version = 1\n", "", "", &pipeline, "SELECT 1"].join("\0"));
    }
    corpus.add("config", shared.join("\0"));
    corpus.add("config", CONFIGURATION);
    Ok(())
}

const CONFIGURATION: &str = "version = 1\ndata_dir = \"../data\"\n[publisher]\nname = \"Prov\"\ncontact = \"p@example.org\"\n[run]\nmemory_limit = \"1GiB\"\nresume_within = \"6h\"\n\0version = 1\n[source.k.kolada]\nbase_url = \"https://api.example.org/v3\"\ncredit = \"K\"\nlicence = \"CC0-1.0\"\n[source.k.kolada.limits]\ncalls = 5\nwindow = \"10s\"\n\0version = 1\n[area.norr]\ntitle = \"Norr\"\nkommuner = [\"2580\"]\n\0version = 1\ntitle = \"Prov\"\n[schedule]\ncron = \"0 6 * * 1\"\n[fetch.n]\nsource = \"k\"\n[fetch.n.kolada]\nkpi = [\"N1\"]\nyears = \"latest(5)\"\n[dataset.tal]\ntitle = \"Tal\"\nsql = \"prov.sql\"\nkey = [\"kod\"]\n[dataset.tal.column.antal]\ntype = \"int64\"\ntitle = \"Antal\"\nunit = \"antal\"\n[dataset.tal.checks]\nmax_drop = \"20%\"\n\0SELECT kod, antal FROM n\n";
