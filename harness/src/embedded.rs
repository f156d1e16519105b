//! stub
pub struct Library {
    pub name: &'static str,
    pub version: &'static str,
    pub bytes: &'static [u8],
}
pub fn libraries() -> &'static [Library] {
    &[]
}
