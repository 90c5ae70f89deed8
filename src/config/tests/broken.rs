//! Projects with many mistakes each, in several files; every one of them is
//! shown at once, as pinned in `testdata/snapshots`.

use std::path::{Path, PathBuf};

use super::super::{Overrides, load};
use super::report;

fn project(name: &str) -> (PathBuf, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/testdata/broken").join(name);
    let loaded = load(&root.join("config/underlag.toml"), &Overrides::default());
    assert!(loaded.config.is_none(), "{name} must be refused");
    let mut text = report(&loaded, &root);
    // Below the working folder, paths are shown from there.
    text = text.replace(&format!("src/config/testdata/broken/{name}/"), "");
    (root, text)
}

macro_rules! broken {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            let (_, text) = project(stringify!($name));
            insta::with_settings!({ snapshot_path => "../testdata/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(stringify!($name), text);
            });
        })*
    };
}

broken!(daemon, fetches, datasets, together, syntax);
