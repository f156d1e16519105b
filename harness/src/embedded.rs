//! Allocators that were built from source together with the harness, so that a bare machine has
//! something to test. They are data here: shared libraries to be written out and preloaded, never
//! code of the harness's own. `harness/build/embedded.rs` builds them.

/// An allocator as a shared library that replaces malloc and what belongs to it.
#[derive(Clone, Copy)]
pub struct Library {
    /// The allocator's name in reports, such as `mimalloc2`.
    pub name: &'static str,
    /// The allocator's own version, such as `2.3.2`.
    pub version: &'static str,
    /// The file, without debug information: a `.so`, on macOS a `.dylib`.
    pub bytes: &'static [u8],
}

static LIBRARIES: &[Library] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// All embedded libraries, sorted by name. None where a feature is off, the platform is neither
/// Linux with glibc nor macOS, or the build has warned that it left one out.
pub fn libraries() -> &'static [Library] {
    LIBRARIES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(libraries().is_sorted_by(|one, next| one.name < next.name));
    }

    #[test]
    fn versions_begin_with_a_number() {
        for library in libraries() {
            assert!(library.version.starts_with(|first: char| first.is_ascii_digit()), "{}", library.version);
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn libraries_are_shared_objects() {
        for library in libraries() {
            assert!(library.bytes.starts_with(b"\x7fELF"), "{}", library.name);
        }
    }
}
