//! The stand-in's figures: an extraction as JSON-stat, or a dataset as SDMX-CSV.

use std::fmt::Write as _;

use async_compression::tokio::write::GzipEncoder;
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt;

use super::model::Cell;
use super::{Described, Eurostat, error, soap};
use crate::sandbox::http::{Ask, Reply};

/// What stands in an address beside the dimensions.
const OPTIONS: [&str; 10] = [
    "format",
    "lang",
    "geoLevel",
    "sinceTimePeriod",
    "untilTimePeriod",
    "lastTimePeriod",
    "compressed",
    "startPeriod",
    "endPeriod",
    "lastNObservations",
];

const FLAGS: [(&str, &str); 9] = [
    (":", "not available"),
    ("b", "break in time series"),
    ("bu", "break in time series, low reliability"),
    ("c", "confidential"),
    ("d", "definition differs (see metadata)"),
    ("ep", "estimated, provisional"),
    ("p", "provisional"),
    ("u", "low reliability"),
    ("z", "not applicable"),
];

/// Places in the dataset by dimension; the words of a refusal where the address makes no sense.
fn select(dataset: &Described<'_>, ask: &Ask<'_>) -> Result<Vec<Vec<usize>>, Reply> {
    let ids: Vec<&str> = dataset.dataset.dimensions.iter().map(|(id, _)| *id).collect();
    for (key, _) in ask.query {
        if !OPTIONS.contains(&key.as_str()) && !ids.contains(&key.to_lowercase().as_str()) {
            return Err(error(400, 150, &format!("INVALID_QUERY_DIMENSION: {key}")));
        }
    }
    let has = |id: &str| ask.query.iter().any(|(key, _)| key.eq_ignore_ascii_case(id));
    if has("geo") && has("geoLevel") || has("lastTimePeriod") && (has("sinceTimePeriod") || has("untilTimePeriod")) {
        return Err(error(400, 140, "INVALID_QUERY_PARAMETERS: they exclude each other"));
    }
    let mut chosen = Vec::new();
    for (id, codes) in ids.iter().zip(&dataset.codes) {
        let wanted: Vec<&str> =
            ask.query.iter().filter(|(key, _)| key.eq_ignore_ascii_case(id)).map(|(_, code)| code.as_str()).collect();
        let mut list: Vec<usize> =
            (0..codes.len()).filter(|at| wanted.is_empty() || wanted.contains(&codes[*at].1.as_str())).collect();
        if *id == "geo"
            && let Some(level) = ask.parameter("geoLevel")
        {
            let length = match level {
                "country" => 2,
                "nuts1" => 3,
                "nuts2" => 4,
                "nuts3" => 5,
                _ => return Err(error(400, 150, &format!("INVALID_GEO_LEVEL: {level}"))),
            };
            list.retain(|at| codes[*at].1.len() == length && !codes[*at].1.starts_with("EU"));
        }
        if *id == "time" {
            let since = ask.parameter("sinceTimePeriod").or(ask.parameter("startPeriod"));
            let until = ask.parameter("untilTimePeriod").or(ask.parameter("endPeriod"));
            list.retain(|at| since.is_none_or(|since| codes[*at].1.as_str() >= since));
            list.retain(|at| until.is_none_or(|until| codes[*at].1.as_str() <= until));
            if let Some(count) = ask.parameter("lastTimePeriod").and_then(|count| count.parse::<usize>().ok()) {
                let gone = list.len().saturating_sub(count);
                list.drain(..gone);
            }
        }
        chosen.push(list);
    }
    Ok(chosen)
}

/// Every cell that exists, with its place on each list of `chosen`.
fn cells(dataset: &Described<'_>, chosen: &[Vec<usize>], revised: bool, mut tell: impl FnMut(&[usize], Cell)) {
    let sizes: Vec<usize> = chosen.iter().map(Vec::len).collect();
    let total: usize = sizes.iter().product();
    let mut step = vec![0; sizes.len()];
    for flat in 0..total {
        let mut rest = flat;
        for (at, size) in sizes.iter().enumerate().rev() {
            step[at] = rest % size;
            rest /= size;
        }
        let places: Vec<usize> =
            step.iter().enumerate().map(|(at, step)| dataset.codes[at][chosen[at][*step]].0).collect();
        if let Some(cell) = dataset.dataset.cell(&places, revised) {
            tell(&step, cell);
        }
    }
}

fn refused(world: &Eurostat, ask: &Ask<'_>, total: u64) -> Option<Reply> {
    let too_big = ask.distortion.extraction_too_big || total > world.cells.saturating_mul(10);
    if too_big {
        let label = format!(
            "EXTRACTION_TOO_BIG: The requested extraction is too big, estimated {total} rows, max authorised is {}, please \
             change your filters to reduce the extraction size",
            world.cells.saturating_mul(10)
        );
        return Some(error(413, 413, &label));
    }
    let status = ask.distortion.asynchronous.or((total >= world.cells).then_some(413))?;
    Some(Reply::json(
        status,
        &json!({ "warning": { "status": 413, "label": "ASYNCHRONOUS_RESPONSE. Your request will be treated asynchronously. Please try again later." } }),
    ))
}

pub fn json_stat(world: &Eurostat, dataset: &Described<'_>, ask: &Ask<'_>) -> Reply {
    let chosen = match select(dataset, ask) {
        Ok(chosen) => chosen,
        Err(refusal) => return refusal,
    };
    let total = chosen.iter().map(|list| list.len() as u64).product();
    if let Some(refusal) = refused(world, ask, total) {
        return refusal;
    }
    if let Some(status) = ask.distortion.no_results {
        return error(status, 100, "No results found");
    }
    let revised = ask.distortion.revise;
    // Only codes that have data are in the answer.
    let mut used: Vec<Vec<bool>> = chosen.iter().map(|list| vec![false; list.len()]).collect();
    if !ask.distortion.no_values {
        cells(dataset, &chosen, revised, |step, _| step.iter().zip(&mut used).for_each(|(at, used)| used[*at] = true));
    }
    let chosen: Vec<Vec<usize>> = chosen
        .iter()
        .zip(&used)
        .map(|(list, used)| list.iter().zip(used).filter(|(_, used)| **used).map(|(at, _)| *at).collect())
        .collect();
    let sizes: Vec<usize> = chosen.iter().map(Vec::len).collect();
    let (mut value, mut status) = (Map::new(), Map::new());
    cells(dataset, &chosen, revised, |step, cell| {
        let flat = step.iter().zip(&sizes).fold(0, |flat, (at, size)| flat * size + at).to_string();
        if let Some(number) = cell.value {
            value.insert(flat.clone(), json!(number));
        }
        if !cell.flag.is_empty() {
            status.insert(flat, json!(cell.flag));
        }
    });
    if ask.distortion.short_value {
        value.insert("999999999".to_owned(), json!(1));
    }
    let count = value.len() as u64;
    let mut dimension = Map::new();
    for ((id, _), (codes, list)) in dataset.dataset.dimensions.iter().zip(dataset.codes.iter().zip(&chosen)) {
        let (mut index, mut label) = (Map::new(), Map::new());
        for (place, at) in list.iter().enumerate() {
            index.insert(codes[*at].1.clone(), json!(place));
            label.insert(codes[*at].1.clone(), json!(codes[*at].2));
        }
        dimension.insert((*id).to_owned(), json!({ "label": id, "category": { "index": index, "label": label } }));
    }
    let labels: Map<String, Value> = FLAGS.iter().map(|(flag, label)| ((*flag).to_owned(), json!(label))).collect();
    let mut reply = Reply::json(
        200,
        &json!({
            "version": "2.0",
            "class": "dataset",
            "label": dataset.title,
            "source": "ESTAT",
            "updated": world.updated(ask),
            "value": value,
            "status": status,
            "id": dataset.dataset.dimensions.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
            "size": sizes,
            "dimension": dimension,
            "extension": {
                "lang": "EN",
                "id": dataset.dataset.code.to_uppercase(),
                "agencyId": "ESTAT",
                "status": { "label": labels },
            },
        }),
    );
    reply.cells = Some(count);
    reply
}

pub fn csv(world: &Eurostat, dataset: &Described<'_>, ask: &Ask<'_>) -> Reply {
    let Ok(chosen) = select(dataset, ask) else { return soap(400) };
    let mut body = String::from("DATAFLOW,LAST UPDATE");
    for (id, _) in &dataset.dataset.dimensions {
        let _ = write!(body, ",{}", if *id == "time" { "TIME_PERIOD" } else { id });
    }
    body.push_str(",OBS_VALUE,OBS_FLAG,CONF_STATUS\r\n");
    let flow = format!("ESTAT:{}(1.0)", dataset.dataset.code.to_uppercase());
    let updated = world.updated(ask);
    let mut count = 0;
    cells(dataset, &chosen, ask.distortion.revise, |step, cell| {
        let _ = write!(body, "{flow},{updated}");
        for (at, step) in step.iter().enumerate() {
            let _ = write!(body, ",{}", dataset.codes[at][chosen[at][*step]].1);
        }
        let number = cell.value.map(|value| value.to_string()).unwrap_or_default();
        // What is confidential is told in a column of its own.
        let (flag, confidential) = if cell.flag == "c" { ("", "C") } else { (cell.flag, "") };
        let _ = write!(body, ",{number},{flag},{confidential}\r\n");
        count += 1;
    });
    if ask.distortion.short_value {
        let _ = write!(body, "{flow},{updated},A\r\n");
    }
    let mut reply = if ask.parameter("compressed") == Some("true") {
        let mut packed = GzipEncoder::new(Vec::new());
        let written = futures::executor::block_on(async {
            packed.write_all(body.as_bytes()).await?;
            packed.shutdown().await
        });
        if written.is_err() {
            return soap(500);
        }
        Reply::new(200, "application/gzip", packed.into_inner())
    } else {
        Reply::new(200, "application/vnd.sdmx.data+csv;version=1.0.0", body)
    };
    reply.cells = Some(count);
    reply
}
