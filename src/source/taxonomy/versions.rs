//! The list of the taxonomy's versions.

use serde::Deserialize;

use super::super::SourceError;
use super::super::answer::parse;
use crate::decode::DecodeError;
use crate::fetch::{Courier, Expect, Request};

/// Where a stand-in has the list: below its own address.
const BESIDE: &str = "/main/versions";

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Version {
    #[serde(rename = "taxonomy/version", alias = "version", alias = "id")]
    pub number: u32,
    #[serde(rename = "taxonomy/timestamp", alias = "timestamp", default)]
    pub at: Option<String>,
}

/// All versions, in the list's order.
pub async fn versions(courier: &Courier, url: &str) -> Result<Vec<Version>, SourceError> {
    let path = if courier.source().synthetic { BESIDE } else { url };
    let request = Request::get(path);
    let answer = courier.ask_for_edition(&request, Expect::Json).await?;
    let versions: Vec<Version> = parse(&answer)?;
    if versions.is_empty() {
        let fault = DecodeError::Shape("the list of versions is empty".to_owned());
        return Err(SourceError::decode(&answer, fault));
    }
    courier.accept(&answer)?;
    Ok(versions)
}

/// The highest number: the list need not be in order.
pub async fn latest(courier: &Courier, url: &str) -> Result<u32, SourceError> {
    let versions = versions(courier, url).await?;
    Ok(versions.iter().map(|version| version.number).max().unwrap_or_default())
}
