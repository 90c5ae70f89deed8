//! Writes the corpus that the targets begin with, `corpus/TARGET/`, from what the
//! project itself makes: the sandbox's answers, its shipped files, cubes of every
//! form; and recorded answers, from a folder that is named.
//!
//!     seeds CORPUS [RECORDED]

mod ads;
mod cubes;
mod packages;
mod sandbox;
mod words;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

// The coverage that every crate of this build counts is kept by the fuzzer's library.
use libfuzzer_sys as _;

/// A longer input is worth less than the many short ones that could be tried meanwhile.
const LONGEST: usize = 16 << 10;

/// Where inputs are put, one file each, named by their content.
pub struct Corpus {
    root: PathBuf,
}

impl Corpus {
    pub fn add(&self, target: &str, input: impl AsRef<[u8]>) {
        let input = input.as_ref();
        if input.len() > LONGEST {
            return;
        }
        let folder = self.root.join(target);
        let mut name = std::hash::DefaultHasher::new();
        std::hash::Hasher::write(&mut name, input);
        let path = folder.join(format!("seed-{:016x}", std::hash::Hasher::finish(&name)));
        fs::create_dir_all(&folder).and_then(|()| fs::write(path, input)).expect("the corpus can be written");
    }

    /// An answer that may be of any API, for every target that reads answers.
    pub fn answer(&self, body: &[u8]) {
        for target in [
            "json_stat",
            "answers",
            "kolada",
            "planned",
            "school_units",
            "susa_navet",
            "siris",
            "yrkesbarometer",
            "taxonomy",
            "jobsearch",
            "eurostat",
            "records",
        ] {
            self.add(target, body);
        }
        for line in ["*\n", ";TOP(1);\n", "*;*;*;*;*\n"] {
            self.add("pxweb", [line.as_bytes(), body].concat());
            self.add("pxweb_v1", [line.as_bytes(), body].concat());
        }
        for declared in [[1, 0, 0], [1, 0b0010_0000, 0], [2, 0b111, 0], [3, 0b0000_1010, 0]] {
            self.file(declared, body);
        }
    }

    pub fn file(&self, declared: [u8; 3], body: &[u8]) {
        self.add("file", [&declared, body].concat());
    }
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let corpus = Corpus { root: arguments.next().unwrap_or_else(|| PathBuf::from("corpus")) };
    cubes::write(&corpus);
    packages::write(&corpus);
    ads::write(&corpus);
    words::write(&corpus)?;
    tokio::runtime::Runtime::new()?.block_on(sandbox::write(&corpus))?;
    if let Some(recorded) = arguments.next() {
        below(&recorded, &corpus)?;
    }
    Ok(())
}

fn below(folder: &Path, corpus: &Corpus) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            below(&path, corpus)?;
            continue;
        }
        let body = fs::read(&path)?;
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => corpus.answer(&body),
            Some("px") => corpus.add("px", &body),
            Some("csv") => {
                let head: Vec<u8> = body.split_inclusive(|byte| *byte == b'\n').take(20).flatten().copied().collect();
                corpus.add("siris", &head);
                for reading in [0b0000, 0b0001, 0b1001] {
                    corpus.file([0, 0, reading], &head);
                }
            }
            _ => {}
        }
    }
    Ok(())
}
