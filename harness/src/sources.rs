//! The probes' sources, carried inside the binary so that an installed one works from any folder.

include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// Every file under `cases/` and `c-shims/` that a probe is made of: path from the project's root, and text.
pub fn files() -> &'static [(&'static str, &'static str)] {
    FILES
}

/// The files directly in `folder`, such as `c-shims` or `c-shims/reference`.
pub fn in_folder(folder: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let folder = folder.to_owned();
    files().iter().copied().filter(move |(path, _)| path.rsplit_once('/').is_some_and(|(parent, _)| parent == folder))
}
