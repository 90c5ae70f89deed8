//! The file server's examples: unemployed by municipality and month, as an
//! office would put them on its page, in every format that files are read in;
//! and the page itself, whose links move with every month.
//!
//! Small counts are `<5`, some are `..`; numbers are text with Swedish signs.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the figures are invented, far below the limits, and rounding is what is meant"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Cursor, Write as _};

use super::noise::{mix, part, unit};
use super::office::{Cell, Field, Held, Sheet, ods, pivot_xlsb, pivot_xlsx, xlsb, xlsx, zipped};
use super::population::{AGES, Population};
use super::region::{Level, Region};

/// Where the page lies.
pub const PAGE: &str = "statistik.html";

/// Months whose workbooks the page links to, the newest last; a revised page has one more.
const MONTHS: [(u16, u8); 4] = [(2025, 12), (2026, 8), (2026, 9), (2026, 10)];
const NEXT: (u16, u8) = (2026, 11);

/// One municipality's figures of a month.
struct Row {
    code: String,
    name: String,
    lan: String,
    women: u64,
    men: u64,
    share: f64,
}

/// Every file by its path below the file server.
pub fn all(regions: &[Region], people: &Population, seed: u64, revised: bool) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    // Writing into memory does not fail; what did would be missing, and asked for in vain.
    let _ = write_all(&mut files, regions, people, seed, revised);
    files
}

fn write_all(
    files: &mut BTreeMap<String, Vec<u8>>,
    regions: &[Region],
    people: &Population,
    seed: u64,
    revised: bool,
) -> io::Result<()> {
    let mut months = MONTHS.to_vec();
    if revised {
        months.push(NEXT);
    }
    let mut links = String::new();
    for (year, month) in &months {
        let rows = rows(regions, people, seed, *year, *month);
        // A folder that nobody could guess, as content systems make them.
        let folder = mix(seed, &[u64::from(*year), u64::from(*month)]);
        let path = format!("download/18.{folder:x}/web-sokande-{year}-{month}.xlsx");
        let _ = write!(links, "<li><a href=\"{path}\">Inskrivna arbetslösa {year}-{month:02} (xlsx)</a></li>\n");
        files.insert(path, xlsx(&[sheet(&rows, *year, *month), about()]).map_err(io::Error::other)?);
    }
    links.push_str("<li><a href='/filer/download/19.aa/metod.pdf'>Om statistiken</a></li>\n");
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"sv\"><head><title>SYNTETISKA DATA: statistik</title></head><body>\n\
         <h1>Tidigare statistik</h1>\n<ul>\n{links}</ul></body></html>\n"
    );
    files.insert(PAGE.to_owned(), page.into_bytes());

    let (year, month) = MONTHS[3];
    let rows = rows(regions, people, seed, year, month);
    let sheets = [sheet(&rows, year, month), about()];
    files.insert("exempel/arbetslosa.xlsb".to_owned(), xlsb(&sheets)?);
    files.insert("exempel/arbetslosa.ods".to_owned(), ods(&sheets)?);
    let (fields, records) = pivot(&rows, year, month);
    let name = "Pivottabell1";
    let book = pivot_xlsx(Cursor::new(Vec::new()), name, &fields, records.clone().into_iter())?;
    files.insert("exempel/pivot.xlsx".to_owned(), book.into_inner());
    let book = pivot_xlsb(Cursor::new(Vec::new()), name, &fields, records.into_iter())?;
    files.insert("exempel/pivot.xlsb".to_owned(), book.into_inner());

    let csv = csv(&rows);
    files.insert("exempel/arbetslosa.csv.zst".to_owned(), zstd::bulk::compress(csv.as_bytes(), 3)?);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(csv.as_bytes())?;
    files.insert("exempel/arbetslosa.csv.gz".to_owned(), gzip.finish()?);
    let members = [("lasmig.txt", "SYNTETISKA DATA\n".as_bytes()), ("data/arbetslosa.csv", csv.as_bytes())];
    files.insert("exempel/arbetslosa.zip".to_owned(), zipped(&members)?);
    files.insert("exempel/arbetslosa.csv".to_owned(), csv.into_bytes());

    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a:arbetslosa xmlns:a=\"urn:exempel\">\n");
    for row in &rows {
        let _ = write!(
            xml,
            "<a:kommun kod=\"{}\"><a:namn>{}</a:namn><a:antal><a:kvinnor>{}</a:kvinnor></a:antal></a:kommun>\n",
            row.code,
            row.name,
            shown(row.women)
        );
    }
    xml.push_str("</a:arbetslosa>\n");
    files.insert("exempel/arbetslosa.xml".to_owned(), xml.into_bytes());
    files.insert("exempel/arbetslosa.parquet".to_owned(), parquet(&rows).map_err(io::Error::other)?);
    Ok(())
}

fn rows(regions: &[Region], people: &Population, seed: u64, year: u16, month: u8) -> Vec<Row> {
    let kommuner = regions.iter().enumerate().filter(|(_, region)| region.level == Level::Kommun);
    kommuner
        .map(|(at, region)| {
            let key = mix(seed, &[part(&region.code), u64::from(year), u64::from(month), 9]);
            let whole = people.exact(at, 0, 0, AGES, 0).max(0) as f64;
            let share = 0.002 + 0.04 * unit(key);
            let each = |sex: u64| (whole * share / 2.0 * (0.9 + 0.2 * unit(mix(key, &[sex])))) as u64;
            let lan = regions.iter().find(|one| one.level == Level::Lan && one.code == region.lan);
            Row {
                code: region.code.clone(),
                name: region.name.clone(),
                lan: lan.map_or_else(String::new, |lan| lan.name.clone()),
                // The smallest places are masked.
                women: if at.is_multiple_of(37) { at as u64 % 5 } else { each(1) },
                men: each(2),
                share: (share * 1000.0).round() / 10.0,
            }
        })
        .collect()
}

/// As the office writes it: masked below 5.
fn shown(count: u64) -> String {
    if (1..5).contains(&count) { "<5".to_owned() } else { count.to_string() }
}

fn sheet(rows: &[Row], year: u16, month: u8) -> Sheet {
    let text = |text: &str| Cell::from(text);
    let mut all = vec![
        vec![Cell::Text(format!("SYNTETISKA DATA: inskrivna arbetslösa, {year}-{month:02}"))],
        vec![],
        vec![text("Län"), text("Kommun"), text("Kommunnamn"), text("Inskrivna"), Cell::Empty, text("Andel")],
        vec![Cell::Empty, Cell::Empty, Cell::Empty, text("kvinnor"), text("män"), text("totalt")],
        vec![Cell::Empty, Cell::Empty, Cell::Empty, text("antal"), text("antal"), text("procent")],
    ];
    let mut lan = "";
    for row in rows {
        // Merged over the county's rows.
        let first = if row.lan == lan { Cell::Empty } else { text(&row.lan) };
        lan = &row.lan;
        let men = if row.men > 9999 { Cell::Text(grouped(row.men)) } else { Cell::Number(row.men as f64) };
        let women = if (1..5).contains(&row.women) { text("<5") } else { Cell::Number(row.women as f64) };
        let share = if row.women == 0 { text("..") } else { Cell::Number(row.share) };
        all.push(vec![first, text(&row.code), text(&row.name), women, men, share]);
    }
    all.push(vec![]);
    all.push(vec![text("Källa: sandlådan")]);
    Sheet { name: format!("Tabell {month}"), rows: all }
}

/// `12 345`, with plain spaces, as people write.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

fn about() -> Sheet {
    Sheet {
        name: "Om".to_owned(),
        rows: vec![vec![Cell::from("SYNTETISKA DATA")], vec![Cell::from("Hämtad"), Cell::Date(46_327.0)]],
    }
}

fn pivot(rows: &[Row], year: u16, month: u8) -> (Vec<Field>, Vec<Vec<Held>>) {
    let fields = vec![
        Field::coded("PERIOD", [format!("{year}{month:02}")]),
        Field::coded("LAN", rows.iter().map(|row| format!("{} {}", row.code, row.name))),
        Field::coded("KOEN", ["Kvinnor", "Män"]),
        Field::numbers("TOTAK"),
        Field::texts("ANM"),
    ];
    let mut records = Vec::new();
    for (place, row) in (0..).zip(rows) {
        for (sex, count) in [(0, row.women), (1, row.men)] {
            let held = match count {
                0 => Held::Missing,
                1..5 => Held::Text("<5".to_owned()),
                count => Held::Number(count as f64),
            };
            let remark = Held::Text(if count > 9999 { "stor & viktig" } else { "" }.to_owned());
            records.push(vec![Held::Index(0), Held::Index(place), Held::Index(sex), held, remark]);
        }
    }
    (fields, records)
}

fn csv(rows: &[Row]) -> String {
    let mut text = String::from("kod,namn,kvinnor\n");
    for row in rows {
        let _ = writeln!(text, "{},{},{}", row.code, row.name, shown(row.women));
    }
    text
}

fn parquet(rows: &[Row]) -> Result<Vec<u8>, parquet::errors::ParquetError> {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array};

    let batch = RecordBatch::try_from_iter([
        ("kod", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.code))) as ArrayRef),
        ("kvinnor", Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.women as u32)))),
        ("andel", Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.share)))),
    ])?;
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None)?;
    writer.write(&batch)?;
    writer.into_inner()
}
