//! What became of an attempt to deliver.

use crate::codes::{self, Code};

/// A message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What the server said.
    pub text: String,
    /// Receivers that it would not take now, and may later.
    pub left: Vec<String>,
    /// Receivers that it will never take, each with why.
    pub refused: Vec<String>,
}

/// A message that was not taken. Its texts never hold a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub text: String,
    pub hint: Option<String>,
    /// It will never be: there is no use in trying again.
    pub lasting: bool,
}

impl Refusal {
    pub const fn code(&self) -> Code {
        if self.lasting { codes::MESSAGE_REFUSED } else { codes::NOT_DELIVERED }
    }

    pub fn passing(text: impl Into<String>) -> Self {
        Self { text: text.into(), hint: None, lasting: false }
    }

    pub fn lasting(text: impl Into<String>) -> Self {
        Self { text: text.into(), hint: None, lasting: true }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
