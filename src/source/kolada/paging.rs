//! Walks the pages of an answer. The address of the next page comes from
//! outside, so it is followed only below the source's own address, never
//! twice, and not without end.

use std::collections::HashSet;

use serde::de::DeserializeOwned;

use super::super::SourceError;
use super::answer::page;
use crate::fetch::{Answer, Courier, Expect, Request, on_origin};

/// The most pages of one answer; 25 indicators, units and years make 4.
const MOST_PAGES: usize = 200;

pub struct Pages<'a> {
    courier: &'a Courier,
    next: Option<Request>,
    asked: HashSet<String>,
}

impl<'a> Pages<'a> {
    pub fn new(courier: &'a Courier, first: Request) -> Self {
        Self { courier, next: Some(first), asked: HashSet::new() }
    }

    /// The next page and its rows, not yet accepted; `None` after the last.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<(Answer, Vec<T>)>, SourceError> {
        let Some(request) = self.next.take() else { return Ok(None) };
        let answer = self.courier.ask(&request, Expect::Json).await?;
        self.asked.insert(request.path);
        let page = page::<T>(&answer)?;
        let link = page.next_url.filter(|link| !link.is_empty() && !page.values.is_empty());
        self.next = link.map(|link| self.follow(&answer, &link)).transpose()?;
        Ok(Some((answer, page.values)))
    }

    fn follow(&self, answer: &Answer, link: &str) -> Result<Request, SourceError> {
        let source = self.courier.source();
        let (name, url) = (source.name.clone(), answer.record.url.clone());
        let Some(path) = on_origin(&source.base_url, link) else {
            return Err(SourceError::OffOrigin { name, url, link: link.to_owned() });
        };
        if self.asked.contains(&path) {
            return Err(SourceError::Endless { name, url, why: format!("{path} was already read") });
        }
        if self.asked.len() >= MOST_PAGES {
            return Err(SourceError::Endless { name, url, why: format!("{MOST_PAGES} pages were read") });
        }
        Ok(Request::get(path))
    }
}
