//! Which characters a file's bytes are. `CHARSET` and `CODEPAGE` say it, and are
//! wrong at times: what reads as UTF-8 and is not plain ASCII is UTF-8, whatever
//! they say. Without either, the format's own rule holds: a DOS text, code page 850.

use std::borrow::Cow;

use encoding_rs::Encoding;

#[derive(Clone, Copy, Debug)]
pub(super) enum Charset {
    Web(&'static Encoding),
    Dos,
}

impl Charset {
    /// For a body with these two keywords; a code page that nobody knows is the error.
    pub(super) fn of(body: &[u8], charset: Option<&str>, codepage: Option<&str>) -> Result<Self, String> {
        if !body.is_ascii() && std::str::from_utf8(body).is_ok() {
            return Ok(Self::Web(encoding_rs::UTF_8));
        }
        let named = codepage.map(str::trim).filter(|name| !name.is_empty());
        let Some(name) = named else {
            let ansi = charset.is_some_and(|name| name.trim().eq_ignore_ascii_case("ansi"));
            return Ok(if ansi { Self::Web(encoding_rs::WINDOWS_1252) } else { Self::Dos });
        };
        let lower = name.to_ascii_lowercase();
        let digits = lower.trim_start_matches("cp").trim_start_matches("ibm").trim_matches(['-', '_', ' ']);
        if digits == "850" {
            return Ok(Self::Dos);
        }
        let label = match digits {
            "1250" | "1251" | "1252" | "1253" | "1254" | "1257" => format!("windows-{digits}"),
            // As .NET numbers them.
            "28591" => "iso-8859-1".to_owned(),
            "28605" => "iso-8859-15".to_owned(),
            "65001" => "utf-8".to_owned(),
            _ => lower,
        };
        // UTF-16 would have no ASCII keywords, so that none could have been read.
        let known = Encoding::for_label(label.as_bytes()).filter(|one| one.is_ascii_compatible());
        match known {
            // It was tried above: the bytes are none.
            Some(found) if found == encoding_rs::UTF_8 && !body.is_ascii() => Ok(Self::Web(encoding_rs::WINDOWS_1252)),
            Some(found) => Ok(Self::Web(found)),
            None => Err(format!("{name:?} is no code page that is known here")),
        }
    }

    pub(super) fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Web(encoding) => encoding.decode_without_bom_handling(bytes).0,
            Self::Dos => bytes.iter().map(|byte| dos(*byte)).collect::<String>().into(),
        }
    }
}

fn dos(byte: u8) -> char {
    match byte.checked_sub(0x80) {
        None => char::from(byte),
        Some(place) => UPPER.get(usize::from(place)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

/// The upper half of code page 850.
const UPPER: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', 'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û',
    'ù', 'ÿ', 'Ö', 'Ü', 'ø', '£', 'Ø', '×', 'ƒ', 'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '®', '¬', '½', '¼', '¡',
    '«', '»', '░', '▒', '▓', '│', '┤', 'Á', 'Â', 'À', '©', '╣', '║', '╗', '╝', '¢', '¥', '┐', '└', '┴', '┬', '├', '─',
    '┼', 'ã', 'Ã', '╚', '╔', '╩', '╦', '╠', '═', '╬', '¤', 'ð', 'Ð', 'Ê', 'Ë', 'È', 'ı', 'Í', 'Î', 'Ï', '┘', '┌', '█',
    '▄', '¦', 'Ì', '▀', 'Ó', 'ß', 'Ô', 'Ò', 'õ', 'Õ', 'µ', 'þ', 'Þ', 'Ú', 'Û', 'Ù', 'ý', 'Ý', '¯', '´', '\u{ad}', '±',
    '‗', '¾', '¶', '§', '÷', '¸', '°', '¨', '·', '¹', '³', '²', '■', '\u{a0}',
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], charset: Option<&str>, codepage: Option<&str>) -> String {
        Charset::of(bytes, charset, codepage).unwrap().decode(bytes).into_owned()
    }

    #[test]
    fn the_keywords_tell_unless_the_bytes_are_utf_8() {
        for (bytes, charset, codepage) in [
            (&b"\xe5\xe4\xf6"[..], Some("ANSI"), None),
            (b"\xe5\xe4\xf6", Some("ANSI"), Some("iso-8859-1")),
            (b"\xe5\xe4\xf6", Some("ANSI"), Some("ISO-8859-15")),
            (b"\xe5\xe4\xf6", None, Some("Windows-1252")),
            (b"\xe5\xe4\xf6", Some("ANSI"), Some("utf-8")),
            (b"\xe5\xe4\xf6", None, Some("28591")),
            (b"\x86\x84\x94", None, None),
            (b"\x86\x84\x94", Some("OEM"), None),
            (b"\x86\x84\x94", Some("ANSI"), Some("CP850")),
            ("åäö".as_bytes(), Some("ANSI"), Some("iso-8859-15")),
            ("åäö".as_bytes(), None, None),
        ] {
            assert_eq!(read(bytes, charset, codepage), "åäö", "{charset:?} {codepage:?}");
        }
        assert_eq!(read(b"\xa4", Some("ANSI"), Some("iso-8859-15")), "€");
        assert_eq!(read(b"\x80", Some("ANSI"), Some("iso-8859-1")), "€", "as every browser reads it");
        let error = Charset::of(b"\xe5", None, Some("utf-16le")).unwrap_err();
        assert_eq!(error, "\"utf-16le\" is no code page that is known here");
    }

    #[test]
    fn the_dos_page_is_whole() {
        let mut seen = std::collections::HashSet::new();
        assert!((0..=255).all(|byte| seen.insert(dos(byte))));
        assert_eq!((dos(0x8f), dos(0x99), dos(0xd5), dos(0xff)), ('Å', 'Ö', 'ı', '\u{a0}'));
    }
}
