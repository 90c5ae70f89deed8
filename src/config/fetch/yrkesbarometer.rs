//! `[fetch.NAME.yrkesbarometer]`.

#[derive(Clone, Debug)]
pub struct YrkesbarometerFetch {
    /// Below the source's base URL: the published file, or a copy of an earlier omgång.
    pub path: String,
}
