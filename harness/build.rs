//! Puts into the binary what it carries: the probes' sources and the embedded allocators.

use std::env;
use std::path::PathBuf;

#[path = "build/embedded.rs"]
mod embedded;
#[path = "build/sources.rs"]
mod sources;

fn main() {
    let folder = |name| PathBuf::from(env::var_os(name).expect("cargo sets it for build scripts"));
    let out_dir = folder("OUT_DIR");
    println!("cargo:rustc-env=ALLOCHECK_TARGET={}", env::var("TARGET").expect("cargo sets it for build scripts"));
    sources::build(&folder("CARGO_MANIFEST_DIR"), &out_dir);
    embedded::build(&out_dir);
}
