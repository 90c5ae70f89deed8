//! Refusals, worded and numbered as the real server's are, oddities included.

use serde_json::json;

use crate::sandbox::http::Reply;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Variable,
    Codelist,
    Value,
    MissingSelection,
    IllegalSelection,
    Expression,
    Placement,
    TooManyCells,
    OutputFormat,
    Language,
    NoQuery,
    Table,
    /// The same under `/data`, where the status is 400 and only the body says 404.
    TableOfData,
    Page,
    /// The server falls over: status 500 and no body.
    Crash,
}

impl Refusal {
    const fn title(self) -> &'static str {
        match self {
            Self::Variable => "Non-existent variable",
            Self::Codelist => "Non-existent codelist",
            Self::Value => "Non-existent value",
            // The misspellings are the server's own.
            Self::MissingSelection => "Missing selection for mandantory variable",
            Self::IllegalSelection => "Illegal selection for mandantory variable",
            Self::Expression => "Illegal selection expression",
            Self::Placement => "Illegal placment",
            Self::TooManyCells => "Too many cells selected",
            Self::OutputFormat => "Unsupported output format",
            Self::Language => "Unsupported language",
            Self::NoQuery => "No query specified",
            Self::Table | Self::TableOfData => "Non-existent table",
            Self::Page => "Non-existent page",
            Self::Crash => "",
        }
    }

    pub fn reply(self) -> Reply {
        let (status, inside) = match self {
            Self::Crash => return Reply::new(500, "text/plain", Vec::new()),
            Self::Table | Self::Page => (404, 404),
            Self::TableOfData => (400, 404),
            _ => (400, 400),
        };
        let document = json!({ "type": "Parameter error", "title": self.title(), "status": inside });
        Reply::new(status, "application/problem+json; charset=utf-8", document.to_string())
    }
}
