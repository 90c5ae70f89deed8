//! Which of a workbook's pivot caches is meant.

use quick_xml::events::BytesStart;

use super::super::package::Package;
use super::super::sheet::relations::{attribute, each_element, of, small};
use super::super::wild::Wild;
use crate::config::Choice;
use crate::decode::DecodeError;
use crate::decode::file::unpack::listed;
use crate::nearest::nearest;

pub(super) struct Cache {
    pub definition: String,
    pub records: String,
}

/// A cache and the names that it goes by.
struct Named {
    number: u32,
    part: String,
    names: Vec<String>,
}

pub(super) fn cache(package: &mut Package, choice: &Choice, binary: bool) -> Result<Cache, DecodeError> {
    let mut caches = definitions(package, binary);
    if caches.is_empty() {
        return Err(DecodeError::Shape("the workbook has no pivot cache".to_owned()));
    }
    for cache in &mut caches {
        let member = package.member(&cache.part)?;
        cache.names = if binary {
            super::binary::source_names(member, &cache.part)?
        } else {
            super::xml::fields(member, &cache.part)?.1
        };
    }
    name_by_tables(package, &mut caches, binary)?;
    let told = || -> Vec<String> {
        caches
            .iter()
            .map(|cache| match cache.names.as_slice() {
                [] => cache.number.to_string(),
                names => format!("{} ({})", cache.number, names.join(", ")),
            })
            .collect()
    };
    let told = told();
    let all: Vec<&str> = told.iter().map(String::as_str).collect();
    let chosen = match choice {
        Choice::Number(number) => caches.get(*number as usize - 1).ok_or_else(|| {
            DecodeError::Shape(format!("there is no pivot cache {number}; the workbook has {}", listed(&all)))
        })?,
        Choice::Pattern(text) => {
            let pattern = Wild::new(text);
            let fitting: Vec<&Named> =
                caches.iter().filter(|cache| cache.names.iter().any(|name| pattern.fits(name))).collect();
            match *fitting.as_slice() {
                [one] => one,
                [] => {
                    let near = nearest(text, caches.iter().flat_map(|cache| &cache.names).map(String::as_str));
                    let near = near.map(|near| format!("; the nearest is {near:?}")).unwrap_or_default();
                    return Err(DecodeError::Shape(format!(
                        "there is no pivot cache {text:?}{near}; the workbook has {}",
                        listed(&all)
                    )));
                }
                ref several => {
                    return Err(DecodeError::Shape(format!(
                        "{} pivot caches fit {text:?}: {}",
                        several.len(),
                        listed(&all)
                    )));
                }
            }
        }
    };
    let relations = of(package, &chosen.part)?;
    let records = relations.into_iter().find(|one| one.kind == "pivotCacheRecords").map(|one| one.target);
    match records.filter(|part| package.has(part)) {
        Some(records) => Ok(Cache { definition: chosen.part.clone(), records }),
        None => Err(DecodeError::Shape(format!(
            "pivot cache {} keeps no records: the workbook was saved without its source data",
            chosen.number
        ))),
    }
}

/// By the numbers in their names.
fn definitions(package: &Package, binary: bool) -> Vec<Named> {
    let ending = if binary { ".bin" } else { ".xml" };
    let number = |name: &str| -> Option<u32> {
        let rest = name.rsplit('/').next()?.strip_prefix("pivotCacheDefinition")?;
        let rest = rest.strip_suffix(ending)?;
        if rest.is_empty() { Some(0) } else { rest.parse().ok() }
    };
    let mut found: Vec<(u32, String)> = package
        .names()
        .iter()
        .filter(|name| name.starts_with("xl/pivotCache/"))
        .filter_map(|name| Some((number(name)?, name.clone())))
        .collect();
    found.sort();
    let named = |(at, (_, part)): (usize, (u32, String))| Named { number: at as u32 + 1, part, names: Vec::new() };
    found.into_iter().enumerate().map(named).collect()
}

/// A pivot table's name is one of its cache's too. In XLSB only what it was made from is known.
fn name_by_tables(package: &mut Package, caches: &mut [Named], binary: bool) -> Result<(), DecodeError> {
    if binary {
        return Ok(());
    }
    let tables: Vec<String> = package
        .names()
        .iter()
        .filter(|name| name.starts_with("xl/pivotTables/") && name.ends_with(".xml"))
        .cloned()
        .collect();
    for table in tables {
        let relations = of(package, &table)?;
        let Some(cache) = relations.iter().find(|one| one.kind == "pivotCacheDefinition") else { continue };
        let bytes = small(package, &table)?;
        let mut name = None;
        each_element(&bytes, &table, &mut |element: &BytesStart<'_>| {
            if element.local_name().as_ref() == b"pivotTableDefinition" {
                name = attribute(element, "name");
            }
        })?;
        if let (Some(name), Some(cache)) = (name, caches.iter_mut().find(|one| one.part == cache.target)) {
            if !cache.names.contains(&name) {
                cache.names.push(name);
            }
        }
    }
    Ok(())
}
