//! Asking politely and keeping every answer. Nothing here interprets a number.

mod request;

pub use request::{Answer, AnswerRecord, Identity, Method, Request};
