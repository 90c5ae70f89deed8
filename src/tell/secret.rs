//! A channel's secrets: from the environment or the unit's credentials, never from a configuration file, and shown by
//! no text of this program.

use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use super::answer::Refusal;

#[derive(Clone)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What a secret is for.
#[derive(Clone, Copy, Debug)]
pub enum Use {
    Password,
    Signature,
    Address,
}

impl Use {
    const fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Signature => "secret",
            Self::Address => "url",
        }
    }

    pub fn variable(self, channel: &str) -> String {
        format!("UNDERLAG_NOTIFY_{}_{}", self.word().to_ascii_uppercase(), channel.to_ascii_uppercase())
    }

    pub fn credential(self, channel: &str) -> String {
        format!("notify-{}-{channel}", self.word())
    }
}

impl Secret {
    #[cfg(test)]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `UNDERLAG_NOTIFY_PASSWORD_NAME`, else the credential `notify-password-NAME`; none where neither is there.
    pub fn find(channel: &str, what: Use) -> Result<Option<Self>, Refusal> {
        if let Ok(text) = env::var(what.variable(channel)) {
            return Ok(Self::read(&text));
        }
        match env::var_os("CREDENTIALS_DIRECTORY") {
            Some(folder) => Self::in_folder(Path::new(&folder), channel, what),
            None => Ok(None),
        }
    }

    fn in_folder(folder: &Path, channel: &str, what: Use) -> Result<Option<Self>, Refusal> {
        let path = folder.join(what.credential(channel));
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::read(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Refusal::passing(format!("could not read the credential {}: {error}", path.display()))
                .hint("the user that runs underlag must be able to read it")),
        }
    }

    /// What is empty is not there; the end of the line is not part of it.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim_end_matches(['\r', '\n']);
        (!text.trim().is_empty()).then(|| Self(text.to_owned()))
    }

    /// What a server says, should it say the secret.
    pub fn masked(&self, text: &str) -> String {
        text.replace(&self.0, "***")
    }

    /// The same for a password, should the server repeat what it was sent: AUTH PLAIN's `\0user\0password` or AUTH
    /// LOGIN's password, in Base64.
    pub fn masked_as_sent(&self, user: &str, text: &str) -> String {
        let plain = base64(format!("\0{user}\0{}", self.0).as_bytes());
        let login = base64(self.0.as_bytes());
        self.masked(&text.replace(&plain, "***").replace(&login, "***"))
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let index = (bits >> (18 - 6 * digit)) & 63;
            text.push(if digit <= chunk.len() { char::from(DIGITS[index as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_file_of_the_unit_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let find = || Secret::in_folder(folder.path(), "drift", Use::Password);
        assert!(find().unwrap().is_none());
        let file = folder.path().join("notify-password-drift");
        fs::write(&file, " hemligt ord\n").unwrap();
        let secret = find().unwrap().unwrap();
        assert_eq!((secret.expose(), format!("{secret:?}").as_str()), (" hemligt ord", "Secret(..)"));
        assert_eq!(secret.masked("535 no hemligt ord here"), "535 no*** here");
        assert_eq!(base64(b"\0underlag\0hemligt-ord"), "AHVuZGVybGFnAGhlbWxpZ3Qtb3Jk");
        assert_eq!([base64(b"a"), base64(b"ab"), base64(b"")], ["YQ==", "YWI=", ""]);
        fs::write(&file, "\n").unwrap();
        assert!(find().unwrap().is_none());
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        let refusal = find().unwrap_err();
        assert!(refusal.text.starts_with("could not read the credential "), "{refusal:?}");
    }
}
