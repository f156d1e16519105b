//! What several tests need: a bench to run cells on, and the catalogue.

use std::path::Path;
use std::sync::LazyLock;

use allocheck::catalog::{self, Catalog};
use allocheck::session::Bench;
use allocheck::workshop::Workshop;

pub static CATALOG: LazyLock<Catalog> = LazyLock::new(|| catalog::embedded().expect("the catalogue is right"));

/// One bench for all tests of a program: its probes are built once.
pub static BENCH: LazyLock<Bench> =
    LazyLock::new(|| Bench::new(workshop(), None, false).expect("there is a C compiler"));

pub fn workshop() -> Workshop {
    Workshop::open(Path::new(env!("CARGO_BIN_EXE_allocheck"))).expect("folders can be written")
}
