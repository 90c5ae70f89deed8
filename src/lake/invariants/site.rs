//! The site's pointer leads to a whole site.

use super::report::{Damage, Report, Wrong};
use crate::lake::{Lake, LakeError};

pub fn site(lake: &Lake, report: &mut Report) -> Result<(), LakeError> {
    let mut damaged = |what: String| report.damage.push(Damage::new(Wrong::Site, what).file("site/current"));
    match lake.named_version("site/current", "") {
        Ok(Some(version)) => {
            if lake.storage().read(&format!("site/versions/{version}/index.html"))?.is_none() {
                damaged(format!("the pointer names {version}, which has no index.html"));
            }
        }
        // A first site that was not finished: nobody has seen it.
        Ok(None) => {}
        Err(error @ (LakeError::Pointer { .. } | LakeError::Store(_))) => damaged(error.to_string()),
        Err(error) => return Err(error),
    }
    Ok(())
}
