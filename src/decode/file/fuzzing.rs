//! Files in packages under any bytes. The fuzzer would need long to write a zip
//! whose checksum is right, so it writes the parts, and the zip is made of them.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Input, Reading, read};
use crate::config::{Choice, FileFetch, FileFormat, FileLocation, ValueType};
use crate::contract::Status;
use crate::sandbox::office::zipped;

/// Between the two parts of an input.
const FENCE: &[u8] = b"----";

/// The first byte says what kind of file it is, the second what is declared of it; then its parts.
pub fn package(data: &[u8]) {
    let Some((&[kind, declared], body)) = data.split_first_chunk::<2>() else { return };
    // The first occurrence of the fence is between two parts.
    let cut = body.windows(FENCE.len()).position(|bytes| bytes == FENCE);
    let (first, second) = cut.map_or((body, &[][..]), |at| (&body[..at], &body[at + FENCE.len()..]));
    let kind = kind % 9;
    let (format, body) = match kind {
        // As it is: a zip, gzip or zstd of the fuzzer's own making.
        0 => (FileFormat::Csv, body.to_vec()),
        1 => (FileFormat::Xml, body.to_vec()),
        2 => (FileFormat::Parquet, body.to_vec()),
        3 => (FileFormat::Xlsx, made(&cache("xml", first, second))),
        4 => (FileFormat::Xlsb, made(&cache("bin", first, second))),
        5 => (FileFormat::Ods, made(&[("content.xml", body)])),
        6 => (FileFormat::Xlsb, made(&binary_sheet(first, second))),
        7 => (FileFormat::Csv, made(&[("a.csv", body)])),
        _ => (FileFormat::Xlsx, body.to_vec()),
    };
    let columns: BTreeMap<String, ValueType> =
        [("a", ValueType::Text), ("b", ValueType::Int64), ("c", ValueType::Float64)]
            .into_iter()
            .enumerate()
            .filter(|(place, _)| declared >> place & 1 == 1)
            .map(|(_, (name, kind))| (name.to_owned(), kind))
            .collect();
    let mut spec = FileFetch {
        columns,
        inside: (kind == 7 || declared & 8 != 0 && !format.is_sheet()).then(|| "*".to_owned()),
        record: "r/e".to_owned(),
        fields: [("a", "@a"), ("b", "b"), ("c", "b/c")].map(|(name, path)| (name.to_owned(), path.to_owned())).into(),
        symbols: [("<#", Status::Suppressed), ("~#", Status::Unreliable), ("-", Status::Missing)]
            .map(|(symbol, status)| (symbol.to_owned(), status))
            .into(),
        ..FileFetch::new(FileLocation::OnSource("fil".to_owned()), format)
    };
    if kind == 3 || kind == 4 {
        spec.sheet.pivot_cache = Some(Choice::Number(1));
    } else if declared & 16 != 0 {
        spec.sheet.sheet = Some(Choice::Number(1));
        spec.sheet.header_rows = vec![1, 2];
        spec.sheet.until_blank = declared & 32 != 0;
    }
    let reading = Reading::new(&spec, &BTreeMap::new());
    let mut schema = None;
    let mut rows = 0;
    let told = read(Input::Memory(Bytes::from(body)), &reading, &mut |batch| {
        rows += batch.num_rows();
        let first = schema.get_or_insert_with(|| batch.schema());
        assert_eq!(*first, batch.schema(), "batches of one file are alike");
        Ok(())
    });
    assert!(told.is_err() || schema.is_some(), "a file that is read gives a batch");
}

fn made(parts: &[(&str, impl AsRef<[u8]>)]) -> Vec<u8> {
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, bytes)| (*name, bytes.as_ref())).collect();
    zipped(&parts).unwrap_or_default()
}

const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

fn cache<'a>(ending: &str, definition: &[u8], records: &[u8]) -> Vec<(&'a str, Vec<u8>)> {
    let relation = format!(
        "<Relationships><Relationship Id=\"a\" Type=\"{RELATIONS}/pivotCacheRecords\" Target=\"r.{ending}\"/></Relationships>"
    );
    let (name, relations, part) = if ending == "xml" {
        (
            "xl/pivotCache/pivotCacheDefinition1.xml",
            "xl/pivotCache/_rels/pivotCacheDefinition1.xml.rels",
            "xl/pivotCache/r.xml",
        )
    } else {
        (
            "xl/pivotCache/pivotCacheDefinition1.bin",
            "xl/pivotCache/_rels/pivotCacheDefinition1.bin.rels",
            "xl/pivotCache/r.bin",
        )
    };
    vec![(name, definition.to_vec()), (relations, relation.into_bytes()), (part, records.to_vec())]
}

fn binary_sheet<'a>(sheet: &[u8], texts: &[u8]) -> Vec<(&'a str, Vec<u8>)> {
    let relation = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{RELATIONS}/{kind}\" Target=\"{target}\"/>")
    };
    let relations = format!(
        "<Relationships>{}{}</Relationships>",
        relation("rId1", "worksheet", "s.bin"),
        relation("t", "sharedStrings", "t.bin")
    );
    let mut book = vec![0x9c, 0x01, 28, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0];
    book.extend("rId1".bytes().flat_map(|letter| [letter, 0]));
    book.extend([2, 0, 0, 0, b'B', 0, b'1', 0]);
    book[2] = (book.len() - 3) as u8;
    vec![
        ("xl/workbook.bin", book),
        ("xl/_rels/workbook.bin.rels", relations.into_bytes()),
        ("xl/s.bin", sheet.to_vec()),
        ("xl/t.bin", texts.to_vec()),
    ]
}
