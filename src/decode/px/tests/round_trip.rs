//! A random table written as a PX file, in any dress that the format allows, and
//! read back.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Cell {
    Whole(i64),
    Decimals(i32),
    Symbol(&'static str),
}

#[derive(Clone, Debug)]
struct Table {
    /// Values per variable, and how many of the variables are in the stub.
    sizes: Vec<usize>,
    stub: usize,
    cells: Vec<Cell>,
    metric: bool,
    keys: bool,
    /// Where long strings are cut, and which separators are used.
    dress: u64,
    charset: usize,
}

fn tables() -> impl Strategy<Value = Table> {
    let cell = prop_oneof![
        5 => (-1_000_000_i64..1_000_000_000).prop_map(Cell::Whole),
        2 => any::<i32>().prop_map(Cell::Decimals),
        2 => prop::sample::select(vec![".", "..", "...", "-", ":"]).prop_map(Cell::Symbol),
        1 => Just(Cell::Whole(0)),
    ];
    (prop::collection::vec(1_usize..5, 1..5), any::<bool>(), any::<bool>(), any::<u64>(), 0_usize..5)
        .prop_flat_map(move |(sizes, metric, keys, dress, charset)| {
            let total = sizes.iter().product::<usize>();
            let stub = 0..=sizes.len();
            (Just(sizes), stub, prop::collection::vec(cell.clone(), total), Just((metric, keys, dress, charset)))
        })
        .prop_map(|(sizes, stub, cells, (metric, keys, dress, charset))| Table {
            keys: keys && stub > 0,
            sizes,
            stub,
            cells,
            metric,
            dress,
            charset,
        })
}

impl Table {
    fn text(cell: &Cell) -> String {
        match cell {
            Cell::Whole(number) => number.to_string(),
            Cell::Decimals(number) => format!("{}", f64::from(*number) / 8.0),
            Cell::Symbol(symbol) => format!("\"{symbol}\""),
        }
    }

    /// A text in quotes, cut somewhere in some files.
    fn quoted(&self, text: &str) -> String {
        let cut = text.char_indices().nth((self.dress >> 8) as usize % 7).map(|(place, _)| place);
        match cut.filter(|place| *place > 0 && self.dress & 1 == 1) {
            Some(place) => format!("\"{}\"\r\n\"{}\"", &text[..place], &text[place..]),
            None => format!("\"{text}\""),
        }
    }

    fn write(&self) -> Vec<u8> {
        let name = |at: usize| format!("våriabel {at}");
        let list =
            |range: std::ops::Range<usize>| range.map(|at| format!("\"{}\"", name(at))).collect::<Vec<_>>().join(",");
        let charset = [
            "CHARSET=\"ANSI\";CODEPAGE=\"iso-8859-1\";",
            "CHARSET=\"ANSI\";",
            "",
            "CODEPAGE=\"utf-8\";",
            "CHARSET=\"ANSI\";CODEPAGE=\"Windows-1252\";",
        ][self.charset];
        let mut file = format!("{charset}TITLE={};SOURCE=\"S\";", self.quoted("Påhittad tabell, för prov"));
        if self.stub > 0 {
            file += &format!("STUB={};", list(0..self.stub));
        }
        if self.stub < self.sizes.len() {
            file += &format!("HEADING={};\r\n", list(self.stub..self.sizes.len()));
        }
        for (at, size) in self.sizes.iter().enumerate() {
            let values: Vec<String> = (0..*size).map(|value| self.quoted(&format!("värde {value}"))).collect();
            let codes: Vec<String> = (0..*size).map(|value| format!("\"{at}{value:02}\"")).collect();
            file += &format!("VALUES(\"{}\")={};\r\n", name(at), values.join(",\r\n"));
            file += &format!("CODES(\"{}\")={};", name(at), codes.join(","));
            if self.keys && at < self.stub {
                file +=
                    &format!("KEYS(\"{}\")={};", name(at), if self.dress >> 4 & 1 == 1 { "CODES" } else { "VALUES" });
            }
        }
        if self.metric {
            file += &format!("CONTVARIABLE=\"{}\";", name(self.sizes.len() - 1));
        }
        file += "DATA=\r\n";
        let row: usize = self.sizes[self.stub..].iter().product();
        for (at, cells) in self.cells.chunks(row).enumerate() {
            if self.keys {
                let zeros = cells.iter().all(|cell| matches!(cell, Cell::Whole(0)));
                if zeros && self.dress >> 5 & 1 == 1 {
                    continue;
                }
                let mut rest = at;
                let mut keys = Vec::new();
                for (variable, size) in self.sizes[..self.stub].iter().enumerate().rev() {
                    let value = rest % size;
                    keys.push(if self.dress >> 4 & 1 == 1 {
                        format!("\"{variable}{value:02}\"")
                    } else {
                        format!("\"värde {value}\"")
                    });
                    rest /= size;
                }
                keys.reverse();
                file += &format!("{},", keys.join(","));
            }
            let separator = [" ", ",", "\t", " \r\n"][(self.dress >> 2) as usize % 4];
            file += &cells.iter().map(|cell| Self::text(cell)).collect::<Vec<_>>().join(separator);
            file += " \r\n";
        }
        file += ";";
        match self.charset {
            0 | 1 | 4 => encoding_rs::WINDOWS_1252.encode(&file).0.into_owned(),
            // A DOS text.
            2 => file
                .chars()
                .map(|letter| match letter {
                    'å' => 0x86,
                    'ä' => 0x84,
                    'ö' => 0x94,
                    letter => letter as u8,
                })
                .collect(),
            _ => file.into_bytes(),
        }
    }

    /// As the decoder is to give it.
    fn expected(&self) -> Vec<String> {
        let last = *self.sizes.last().unwrap();
        let width = if self.metric { last } else { 1 };
        let dimensions = if self.metric { self.sizes.len() - 1 } else { self.sizes.len() };
        self.cells
            .chunks(width)
            .enumerate()
            .map(|(row, cells)| {
                let mut rest = row;
                let mut codes: Vec<String> = (0..dimensions)
                    .rev()
                    .map(|at| {
                        let value = rest % self.sizes[at];
                        rest /= self.sizes[at];
                        format!("{at}{value:02}")
                    })
                    .collect();
                codes.reverse();
                let cells = cells.iter().map(|cell| match cell {
                    Cell::Whole(number) => format!("{}|observed|", *number as f64),
                    Cell::Decimals(number) => format!("{}|observed|", f64::from(*number) / 8.0),
                    Cell::Symbol(symbol) => {
                        format!("|{}|{symbol}", if *symbol == "." { "not_applicable" } else { "missing" })
                    }
                });
                codes.into_iter().chain(cells).collect::<Vec<_>>().join("|")
            })
            .collect()
    }
}

proptest! {
    #[test]
    fn a_table_comes_back_as_it_was_written(table in tables()) {
        let body = table.write();
        let meta = metadata(&body, None).unwrap();
        prop_assert_eq!(&meta.label, "Påhittad tabell, för prov");
        prop_assert_eq!(&meta.dimensions[0].label, "våriabel 0");
        prop_assert_eq!(&meta.dimensions[0].codes[0].1, "värde 0");
        // Arrow writes a whole float with its point; numbers are compared as numbers.
        let read: Vec<String> = decoded(&body)
            .iter()
            .map(|row| row.split('|').map(|part| part.strip_suffix(".0").unwrap_or(part)).collect::<Vec<_>>().join("|"))
            .collect();
        prop_assert_eq!(read, table.expected());
    }

    #[test]
    fn no_cut_of_a_file_is_taken_for_a_whole_one(table in tables(), part in 0_usize..1000) {
        let body = table.write();
        let cut = body.len() * part / 1000;
        // Only blanks and the last semicolon may be missing.
        if let Ok(meta) = metadata(&body[..cut], None) {
            prop_assert!(body[cut..].iter().all(|byte| b" \r\n;".contains(byte)) && !table.keys, "{:?}", meta);
        }
    }
}
