//! A probe on Windows does its worst: what `hostile.rs` shows on POSIX, as far as it can happen here.
#![cfg(windows)]

mod tools;

use allocheck::model::Ending::{Exited, Flooded, Hung, Returned, Signalled};
use allocheck::model::{Ending, Limits, Observation, Rule};
use rstest::rstest;
use tools::{bench, native, observe, rule};
use windows_sys::Win32::Foundation::STILL_ACTIVE;
use windows_sys::Win32::System::Threading::{GetExitCodeProcess, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION};

fn seen(variant: &str, limits: Limits) -> Observation {
    observe(Rule { limits, ..rule("hostile/windows") }, native(), variant)
}

fn hang_after(seconds: u64) -> Limits {
    Limits { hang_s: seconds, ..Limits::default() }
}

#[rstest]
#[case("returned", Returned, None)]
#[case("violated", Returned, None)]
#[case("exit_0", Exited, Some("0 without a report"))]
#[case("exit_7", Exited, Some("7"))]
#[case("exit_minus_1", Exited, Some("-1"))]
#[case("segv", Signalled, Some("STATUS_ACCESS_VIOLATION"))]
#[case("heap_corruption", Signalled, Some("STATUS_HEAP_CORRUPTION"))]
#[case("of_no_name", Signalled, Some("STATUS_C0001234"))]
#[case("aborts", Signalled, Some("SIGABRT"))]
#[case("floods_report", Flooded, None)]
#[case("floods_error", Flooded, None)]
#[case("slow_but_ticking", Returned, None)]
#[case("hangs", Hung, None)]
#[case("spins", Hung, None)]
fn endings(#[case] variant: &str, #[case] ending: Ending, #[case] detail: Option<&str>) {
    let seen = seen(variant, hang_after(2));
    assert_eq!((seen.ending, seen.detail.as_deref()), (ending, detail), "{seen:?}");
}

#[test]
fn memory_ends_at_the_limit() {
    if bench().machine.platform.name.contains("-wine-") {
        return eprintln!("not shown here: Wine's jobs bound no memory");
    }
    let seen = seen("eats_memory", Limits { memory_mib: 64, ..Limits::default() });
    assert!((1..64).contains(&seen.measures["mib"]), "{seen:?}");
}

#[rstest]
#[case("leaves_child", Returned)]
#[case("hangs_with_child", Hung)]
fn nothing_outlives_a_cell(#[case] variant: &str, #[case] ending: Ending) {
    let seen = seen(variant, hang_after(2));
    assert_eq!(seen.ending, ending, "{seen:?}");
    assert!(runs(std::process::id()), "this one does");
    assert!(!runs(seen.measures["left"] as u32), "{seen:?}");
}

fn runs(number: u32) -> bool {
    let mut status = 0;
    // SAFETY: a handle that is ours, or none, of which nothing is told.
    unsafe {
        let process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, number);
        GetExitCodeProcess(process, &raw mut status) != 0 && status == STILL_ACTIVE as u32
    }
}
