//! Leaves of `[notify]`.

use lettre::Address;

use super::leaf::{Fault, Leaf, host};

/// A mail address without a name around it. ASCII alone: not every server takes more.
pub(super) fn mail_address(text: &str) -> Leaf<String> {
    let hint = "one address without a name: \"statistik@example.org\"";
    let plain = text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control() || byte == b' ');
    if plain && text.len() <= 254 && text.parse::<Address>().is_ok() {
        return Ok(text.to_owned());
    }
    Err(Fault::new(format!("{text:?} is not a mail address"), hint))
}

/// A host's name or address.
pub(super) fn mail_server(text: &str) -> Leaf<String> {
    match host(text) {
        Ok(name) if !name.starts_with("*.") => Ok(name.trim_start_matches('[').trim_end_matches(']').to_owned()),
        _ => Err(Fault::new(
            format!("{text:?} is not a mail server"),
            "a name without scheme or port: \"smtp.example.org\"; `port` is a key of its own",
        )),
    }
}

/// A name to sign in with: one line.
pub(super) fn mail_user(text: &str) -> Leaf<String> {
    if !text.is_empty() && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(format!("{text:?} is not a user's name"), "the name that the mail server knows; one line"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_servers_are_told_from_other_texts() {
        for good in ["a@example.org", "statistik+larm@region.example.org"] {
            assert!(mail_address(good).is_ok(), "{good}");
        }
        for bad in
            ["", "a", "a@", "A <a@example.org>", "a@example.org\r\nBcc: b@example.org", "å@example.org", "a b@c.d"]
        {
            assert!(mail_address(bad).is_err(), "{bad}");
        }
        assert_eq!(mail_server("SMTP.example.org").ok().as_deref(), Some("smtp.example.org"));
        assert_eq!(mail_server("[::1]").ok().as_deref(), Some("::1"));
        for bad in ["", "smtp://a", "a:25", "*.example.org", "a b"] {
            assert!(mail_server(bad).is_err(), "{bad}");
        }
    }
}
