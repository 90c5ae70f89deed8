//! What reading files takes for granted of servers and offices, and knows from
//! others' notes: nothing here was seen of a live server.

use crate::source::assumption::{Ask, Assumption, Finding, Observed};

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "file.validators.told",
        says: "the server tells an entity tag or a date of change, by which an unchanged file is not fetched again",
        from: "RFC 9110; notes on data.arbetsformedlingen.se that mention Last-Modified",
        ask: Ask::Get("/{path}"),
        judge: |seen| {
            let told = ["etag", "last-modified"].iter().any(|name| seen.headers.contains_key(*name));
            of_success(seen, || Finding::of(told, || "neither ETag nor Last-Modified".to_owned()))
        },
    },
    Assumption {
        name: "file.page.plain-links",
        says: "a page that links to files has them as plain `href`s in its HTML, not made by a script",
        from: "notes on arbetsformedlingen.se's page of time series",
        ask: Ask::Get("/{page}"),
        judge: |seen| {
            of_success(seen, || {
                let text = String::from_utf8_lossy(&seen.body).to_ascii_lowercase();
                let files = [".xlsx", ".xlsb", ".xls", ".ods", ".csv", ".zip", ".px"];
                let linked = files
                    .iter()
                    .any(|ending| text.contains(&format!("{ending}\"")) || text.contains(&format!("{ending}'")));
                Finding::of(linked, || "no link that ends as a file of figures does".to_owned())
            })
        },
    },
    Assumption {
        name: "file.xlsb.pivot-records",
        says: "a pivot cache of XLSB holds its records as BrtPCRRecord (33) or, for values of other kinds than their \
               field's, BrtPCRRecordDt (34) and items, as LibreOffice reads them",
        from: "LibreOffice's import filter; [MS-XLSB] 2.4",
        ask: Ask::Nothing,
        judge: |_| Finding::NotSeen,
    },
];

/// An error page tells nothing of files.
fn of_success(seen: &Observed, judge: impl FnOnce() -> Finding) -> Finding {
    if (200..300).contains(&seen.status) { judge() } else { Finding::NotSeen }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn finding(name: &str, status: u16, headers: &[(&str, &str)], body: &'static str) -> Finding {
        let assumption = ASSUMPTIONS.iter().find(|one| one.name == name).unwrap();
        (assumption.judge)(&Observed {
            url: "https://office.example/".to_owned(),
            status,
            fetched_at: jiff::Timestamp::UNIX_EPOCH,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>(),
            body: bytes::Bytes::from_static(body.as_bytes()),
        })
    }

    #[test]
    fn each_is_judged_by_what_is_seen() {
        let validators = "file.validators.told";
        assert_eq!(finding(validators, 200, &[("etag", "\"1\"")], ""), Finding::Agrees);
        assert!(matches!(finding(validators, 200, &[], ""), Finding::Differs(_)));
        assert_eq!(finding(validators, 404, &[], ""), Finding::NotSeen);
        let page = "file.page.plain-links";
        assert_eq!(finding(page, 200, &[], "<a href='A-2026.XLSX'>"), Finding::Agrees);
        assert!(matches!(finding(page, 200, &[], "<div id=app></div>"), Finding::Differs(_)));
        assert_eq!(finding("file.xlsb.pivot-records", 200, &[], ""), Finding::NotSeen);
    }
}
