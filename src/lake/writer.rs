//! Who writes: where several machines may publish into one bucket, each tells
//! its own unfinished work from that of others by a name that it gave itself.

use std::fs;
use std::io;
use std::path::Path;

use crate::store::{StoreError, place_file, token};

const FILE: &str = "writer";

/// The name of the one who writes from this data folder, given at the first use.
pub(super) fn of(data_dir: &Path) -> Result<String, StoreError> {
    let path = data_dir.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) if is_name(text.trim()) => return Ok(text.trim().to_owned()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreError::new("read", &path, error)),
        _ => {}
    }
    let name = token();
    place_file(&path, format!("{name}\n").as_bytes())?;
    Ok(name)
}

fn is_name(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_data_folder_keeps_its_name_and_no_two_have_the_same() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let name = super::of(one.path()).unwrap();
        assert_eq!(super::of(one.path()).unwrap(), name);
        assert_ne!(super::of(other.path()).unwrap(), name);
        std::fs::write(one.path().join("writer"), "../x").unwrap();
        assert_ne!(super::of(one.path()).unwrap(), "../x");
    }
}
