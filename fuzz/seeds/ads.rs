//! Advertisements of the stand-in: lines, an array, a zip, and removals.

use underlag::sandbox::ads::{Writer, Year, Zipping};

use crate::Corpus;

pub fn write(corpus: &Corpus) {
    let reference =
        underlag::reference::Reference::load(std::path::Path::new("../reference")).expect("reference tables");
    let writer = Writer::new(&reference, 1);
    let year = Year { writer: &writer, seed: 1, year: 2020, ads: 2 };
    let mut lines = Vec::new();
    year.write(&mut lines).expect("memory");
    corpus.add("ads", &lines);
    corpus.add("ads", [b"[".as_slice(), lines.split(|byte| *byte == b'\n').next().unwrap_or_default(), b"]"].concat());
    corpus.add("ads", year.zip(Vec::new(), 6).expect("memory"));
    let mut zip = Zipping::new(Vec::new(), "a.jsonl", 9).expect("memory");
    std::io::Write::write_all(&mut zip, b"{\"id\":1}\n").expect("memory");
    corpus.add("ads", zip.finish().expect("memory"));
    corpus.add(
        "ads",
        br#"[{"id":"24233930","removed":true,"removed_date":"2020-09-22T14:57:55","occupation":"Y3QA_5pk_uXd"}]"#,
    );
}
