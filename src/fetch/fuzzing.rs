//! Bodies as they come over the wire, and files of our own as a crash or a stray hand may leave them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use jiff::Timestamp;

use super::archive::Archive;
use super::body::{Caps, read};
use super::error::FetchError;
use super::journal::Journal;
use super::request::AnswerRecord;
use crate::lake::Manifest;
use crate::store::LocalFolder;

/// The first byte says how the body is compressed, the second how long the chunks are that it comes in.
pub fn body(data: &[u8]) {
    const CAPS: Caps = Caps { wire: 1 << 16, unpacked: 1 << 18 };
    let Some((&[kind, chunk], wire)) = data.split_first_chunk::<2>() else { return };
    let encoding = ["gzip", "br", "zstd", "", "X-GZIP ", "lzma"][usize::from(kind % 6)];
    let chunks: Vec<_> = wire.chunks(usize::from(chunk) + 1).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime of one thread");
    if let Ok(body) = runtime.block_on(read(stream::iter(chunks), encoding, CAPS, |_| ())) {
        assert!(wire.len() as u64 <= CAPS.wire && body.len() as u64 <= CAPS.unpacked, "past a cap");
        if encoding.is_empty() {
            assert_eq!(body, wire, "changed on the way");
        }
    }
}

/// The same bytes as the archive's index, a journal, an archived object and a manifest.
pub fn records(scratch: &Path, data: &[u8]) {
    let written = |path: &str| {
        let path = scratch.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("the scratch folder can be written");
        }
        fs::write(&path, data).expect("the scratch folder can be written");
    };
    let hash = "00".repeat(32);
    written("archive/index/2026-11.jsonl");
    written(&Archive::place(&hash));
    written("stage/prov/journal.jsonl");
    let archive = Archive::open(Arc::new(LocalFolder::new(scratch)));
    let mut records: Vec<AnswerRecord> = Vec::new();
    for line in archive.records().expect("the index can be opened") {
        match line {
            Ok(record) => records.push(record),
            // A later program's line is refused; a torn one is skipped.
            Err(fault) => assert!(matches!(fault, FetchError::Newer { .. }), "{fault}"),
        }
    }
    for record in &records {
        let line = serde_json::to_string(record).expect("a record can be written");
        assert!(!line.contains('\n'), "a record takes one line");
        assert_eq!(serde_json::from_str::<AnswerRecord>(&line).ok().as_ref(), Some(record), "{line}");
    }
    assert!(archive.read(&hash).is_err(), "nothing that we can make has this hash");
    let journal = Journal::open(&scratch.join("stage/prov"), Duration::from_hours(24), Timestamp::UNIX_EPOCH);
    let journal = journal.expect("a torn journal is read as far as it is whole");
    let last: BTreeMap<_, _> = records.iter().map(|record| (&record.identity, record)).collect();
    for (identity, _) in last {
        let _ = journal.get(identity);
    }
    if let Ok(manifest) = Manifest::parse(data) {
        let written = serde_json::to_vec(&manifest).expect("a manifest can be written");
        let again = Manifest::parse(&written).expect("what we write we can read");
        assert_eq!(serde_json::to_vec(&again).expect("a manifest can be written"), written);
        let _ = manifest.describes_the_same(&again);
    }
}
