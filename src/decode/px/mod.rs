//! PX files, the format of PC-Axis and of every PxWeb: keywords that describe a
//! table, and its cells, straight into Arrow by the same layout as JSON-stat.
//!
//! Known from the format's description (axis version 2013) and from real files of
//! eight agencies. A symbol of the cells (`..`, `-`) is kept as it stands; what the
//! file would show for it is told by the metadata. It follows no links and keeps
//! no keyword that it does not know; numbers are not rounded to what the file shows.

mod charset;
mod data;
mod file;
mod meta;
mod scan;
#[cfg(test)]
mod tests;
mod timeval;

use std::collections::{BTreeMap, HashSet};

use arrow::record_batch::RecordBatch;

use super::json_stat::CubeMeta;
use super::{DecodeError, Layout};
use file::File;

/// What the file says of its table, in the file's own language or in the one that is named.
///
/// # Errors
/// When the body is no PX file, or is one that is broken: with keyword and byte.
pub fn metadata(body: &[u8], language: Option<&str>) -> Result<CubeMeta, DecodeError> {
    let file = File::read(body, language)?;
    let data = data::read(body, &file, meta::metric(&file)?)?;
    meta::metadata(&file, &data)
}

/// The cells, as a batch of `layout.schema()`: a row per combination of the dimensions other than
/// the metric one, in the file's order, the last dimension moving fastest.
///
/// # Errors
/// As `metadata`, and when the file's variables or codes are others than the layout's or a value can't be what its
/// measure says.
pub fn decode(body: &[u8], layout: &Layout) -> Result<RecordBatch, DecodeError> {
    decode_as(body, layout, &Names::default())
}

/// What the variables and values of a file are called by those who asked for it: PxWeb numbers the values of a
/// variable that has no codes, and its files name variables where its queries have codes.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Name or code in the file → id.
    pub ids: BTreeMap<String, String>,
    /// Id → text of a value → its code.
    pub codes: BTreeMap<String, BTreeMap<String, String>>,
}

/// As `decode`, of a file whose variables and values are known by other names.
pub fn decode_as(body: &[u8], layout: &Layout, names: &Names) -> Result<RecordBatch, DecodeError> {
    let file = File::read(body, None)?;
    let data = data::read(body, &file, None)?;
    let asked = |id: &str| {
        let dimension = layout.dimensions.iter().find(|dimension| dimension.id == id);
        let metric = layout.metric.as_deref() == Some(id);
        dimension
            .map(|dimension| dimension.codes.clone())
            .or_else(|| metric.then(|| layout.measures.iter().map(|measure| measure.code.clone()).collect()))
    };
    let axes = file
        .variables
        .into_iter()
        .map(|variable| {
            let known = [&variable.id, &variable.name].into_iter().find(|id| asked(id).is_some());
            let id = known.or_else(|| names.ids.get(&variable.id)).or_else(|| names.ids.get(&variable.name));
            let id = id.unwrap_or(&variable.id).clone();
            let wanted: HashSet<String> = asked(&id).unwrap_or_default().into_iter().collect();
            let texts = names.codes.get(&id);
            let codes = variable
                .codes
                .into_iter()
                .zip(&variable.values)
                .map(|(code, value)| {
                    if wanted.contains(&code) {
                        return code;
                    }
                    texts.and_then(|texts| texts.get(value.trim())).cloned().unwrap_or(code)
                })
                .collect();
            (id, codes)
        })
        .collect();
    data.filling.batch(axes, layout)
}
