//! `[fetch.NAME.file]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;
use url::Url;

use crate::config::ValueType;
use crate::contract::Status;

#[derive(Clone, Debug)]
pub struct FileFetch {
    /// Where the file lies; with `link`, where the page lies that links to it.
    pub location: FileLocation,
    pub link: Option<Link>,
    pub format: FileFormat,
    /// Within a zip: the member, by name or pattern.
    pub inside: Option<String>,
    /// json-map: names for the nested keys, outermost first.
    pub keys: Vec<String>,
    /// json-map: the column of the leaf.
    pub value: Option<String>,
    /// Column → type: every column that is taken.
    /// Left empty: all columns, as text.
    pub columns: BTreeMap<String, ValueType>,
    /// What the file calls a column → the column. Cubes: dimension → column.
    pub rename: BTreeMap<String, String>,
    /// Over what the source says of its symbols.
    pub symbols: BTreeMap<String, Status>,
    /// json-records: where the array lies, as an RFC 6901 pointer; empty for the root.
    pub pointer: String,
    pub delimiter: u8,
    pub decimal: char,
    /// An encoding_rs label, `utf-8` unless told.
    pub encoding: &'static str,
    pub sheet: SheetLayout,
    /// xml: the path of the elements that are rows, from the root.
    pub record: String,
    /// xml: column → path within the record; an attribute begins with `@`.
    pub fields: BTreeMap<String, String>,
    pub cube: CubeSelection,
    pub provenance: Option<Provenance>,
}

impl FileFetch {
    /// A file that says no more of itself than where it lies and how it is written.
    pub fn new(location: FileLocation, format: FileFormat) -> Self {
        Self {
            location,
            link: None,
            format,
            inside: None,
            keys: Vec::new(),
            value: None,
            columns: BTreeMap::new(),
            rename: BTreeMap::new(),
            symbols: BTreeMap::new(),
            pointer: String::new(),
            delimiter: b',',
            decimal: format.usual_decimal(),
            encoding: "utf-8",
            sheet: SheetLayout::default(),
            record: String::new(),
            fields: BTreeMap::new(),
            cube: CubeSelection::default(),
            provenance: None,
        }
    }
}

#[derive(Clone, Debug)]
pub enum FileLocation {
    /// Below the source's base URL.
    OnSource(String),
    Url(Url),
    /// Absolute.
    Local(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    Csv,
    JsonLines,
    JsonRecords,
    JsonMap,
    JsonStat,
    Px,
    Xlsx,
    Xlsb,
    Ods,
    Xml,
    Parquet,
}

impl FileFormat {
    pub const ALL: &[Self] = &[
        Self::Csv,
        Self::JsonLines,
        Self::JsonRecords,
        Self::JsonMap,
        Self::JsonStat,
        Self::Px,
        Self::Xlsx,
        Self::Xlsb,
        Self::Ods,
        Self::Xml,
        Self::Parquet,
    ];

    /// As `format` writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::JsonRecords => "json-records",
            Self::JsonMap => "json-map",
            Self::JsonStat => "json-stat",
            Self::Px => "px",
            Self::Xlsx => "xlsx",
            Self::Xlsb => "xlsb",
            Self::Ods => "ods",
            Self::Xml => "xml",
            Self::Parquet => "parquet",
        }
    }

    pub const fn is_sheet(self) -> bool {
        matches!(self, Self::Xlsx | Self::Xlsb | Self::Ods)
    }

    /// Tables of coded dimensions, which say of themselves what they hold.
    pub const fn is_cube(self) -> bool {
        matches!(self, Self::JsonStat | Self::Px)
    }

    /// The file itself names its columns, declared or not.
    pub const fn has_header(self) -> bool {
        self.is_sheet() || matches!(self, Self::Csv | Self::Parquet)
    }

    /// Numbers that a spreadsheet holds as text are written as its readers write them.
    pub const fn usual_decimal(self) -> char {
        if self.is_sheet() { ',' } else { '.' }
    }
}

/// Where in a workbook the table lies. Rows are numbered as the spreadsheet shows them.
#[derive(Clone, Debug, Default)]
pub struct SheetLayout {
    /// Left out: the only one.
    pub sheet: Option<Choice>,
    /// A pivot table's own copy of its data, in place of a sheet.
    pub pivot_cache: Option<Choice>,
    /// Left out: the first row of the range, or after the skipped ones.
    pub header_rows: Vec<u32>,
    pub units_row: Option<u32>,
    pub skip_rows: u32,
    pub range: Option<CellRange>,
    /// The table ends before the first empty row.
    pub until_blank: bool,
    /// Columns whose empty cells stand for what is above them.
    pub fill_down: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// From 1.
    Number(u32),
    /// `*` stands for any text, `?` for one character.
    Pattern(String),
}

/// A rectangle of cells, counted from 0, both ends within; without a last row it goes on to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellRange {
    pub first_row: u32,
    pub first_column: u32,
    pub last_row: Option<u32>,
    pub last_column: u32,
}

/// What is taken of a cube, in the notation of PxWeb; what is left out is taken whole.
#[derive(Clone, Debug, Default)]
pub struct CubeSelection {
    /// Of a bundle or collection: the dataset, by its key, label or number.
    pub member: Option<String>,
    pub select: BTreeMap<String, Vec<String>>,
    pub measures: BTreeMap<String, String>,
}

/// A link that moves: the page at the location has it, and the newest is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// With `*` and named parts such as `{year}` and `{month}`.
    pub pattern: String,
    /// Hosts beside the page's own that a link may lead to.
    pub hosts: Vec<String>,
    /// The column that says the period of the link.
    pub period_column: Option<String>,
}

/// Who made an operator's own file, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    pub person: String,
    pub date: Date,
}
