//! Who answered: nothing counts until it is shown that the allocator under test served the call. Everything
//! here is preloaded, which Windows does not do.
#![cfg(unix)]

mod tools;

use std::path::{Path, PathBuf};

use allocheck::judge::judge;
use allocheck::look;
use allocheck::model::{Ending, Finding, Verdict};
use rstest::rstest;
use tools::{User, bench, build_library, cell, named, rule};

const RULE: &str = "conformance/alignment/malloc";

// ---- A preload that does not take ----------------------------------------------------------------------------------------

/// Turns a 64-bit library's header into a 32-bit one's and the other way round: the class is the fifth byte.
fn of_another_class(library: &Path) {
    let mut bytes = std::fs::read(library).expect("it was built");
    bytes[4] ^= 3;
    std::fs::write(library, bytes).expect("it is ours");
}

/// Runs a probe under it that would be fine under any allocator.
fn preloaded(library: &Path) -> Finding {
    let bench = bench();
    let cell = cell(rule("hostile/endings"), named(library), "returned");
    let seen = bench.observe(&cell).expect("the harness works");
    judge(&cell, &[seen], String::new())
}

fn without_malloc(library: &Path) {
    build_library(library, &["nothing"], &[]);
}

#[rstest]
#[case::of_another_class(of_another_class, "malloc comes from ")]
#[case::deleted(|library: &Path| std::fs::remove_file(library).expect("it is ours"), "malloc comes from ")]
#[case::without_malloc(without_malloc, "malloc comes from ")]
#[case::not_a_library(|library: &Path| std::fs::write(library, "text").expect("it is ours"), "malloc comes from ")]
#[case::depends_on_nothing_there(depends_on_nothing_there, "libpages.so")]
fn no_verdict_about_another_allocator(#[case] spoil: impl Fn(&Path), #[case] why: &str) {
    let user = User::new();
    let library = user.library("a folder/libmine.so", &["bump"], &[]);
    assert_eq!(preloaded(&library).verdict, Verdict::Upholds, "it is fine until it is spoilt");
    spoil(&library);
    let finding = preloaded(&library);
    assert_eq!((finding.ending, finding.verdict), (Ending::NotLoaded, Verdict::Inapplicable), "{finding:?}");
    assert!(finding.complaint, "the user named it: {finding:?}");
    let reason = finding.reason.expect("it says why");
    assert!(reason.contains(why) && !reason.contains("link-"), "{reason}");
}

fn depends_on_nothing_there(library: &Path) {
    depending(library);
    std::fs::remove_file(library.with_file_name("libpages.so")).expect("it is ours");
}

/// The allocator with its memory in another library beside it, which its RUNPATH names.
fn depending(library: &Path) {
    let beside = library.with_file_name("libpages.so");
    build_library(&beside, &["pages"], &["-Wl,-soname,libpages.so"]);
    let beside = beside.to_str().expect("the path is UTF-8");
    build_library(library, &["bump"], &["-DDEPENDS", beside, "-Wl,-rpath,$ORIGIN"]);
}

// ---- A preload that takes ------------------------------------------------------------------------------------------------

#[rstest]
#[case::plain("libmine.so")]
#[case::folder("a folder: mine/libmine.so")]
#[case::file("lib mine:1.so")]
#[case::both("a folder: mine/lib mine:1.so")]
#[case::variable("$LIB/lib$PLATFORM.so")]
fn any_path_will_do(#[case] name: &str, #[values(false, true)] depends: bool) {
    let user = User::new();
    let library = user.library(name, &["bump"], &[]);
    if depends {
        depending(&library);
    }
    for (rule, verdict) in [(RULE, Verdict::Upholds), ("conformance/load/dlopen", Verdict::Recorded)] {
        let report =
            user.run(["run".as_ref(), library.as_os_str(), "--rule".as_ref(), rule.as_ref(), "--format=json".as_ref()]);
        let report = report.report(0);
        let [finding] = &report.findings[..] else { panic!("{report:?}") };
        assert_eq!(finding.verdict, verdict, "{finding:?}");
        assert_eq!(report.allocators[0].path.as_deref().map(Path::new), library.canonicalize().ok().as_deref());
    }
}

/// As the dynamic linker would split a path of the scratch folder too.
#[test]
fn any_temporary_folder_will_do() {
    let user = User::new();
    let library = user.library("a folder/libmine.so", &["bump"], &[]);
    for folder in ["a temporary: folder", "."] {
        std::fs::create_dir_all(user.path(folder)).expect("it is ours");
        let arguments = ["run", library.to_str().expect("UTF-8"), "--rule", RULE, "--format=json"];
        let report = user.finish(user.command(arguments).env("TMPDIR", folder)).report(0);
        assert_eq!(report.findings[0].verdict, Verdict::Upholds, "{report:?}");
    }
    let left: Vec<PathBuf> = user.home.path().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!left.iter().any(|path| path.to_string_lossy().contains("allocheck-")), "{left:?}");
}

/// glibc has a pvalloc; asking it for that of another allocator would be a verdict about glibc.
#[rstest]
#[case("conformance/alignment/pvalloc", "pvalloc")]
#[case("conformance/alignment/valloc", "valloc")]
#[case("conformance/overflow/reallocarray", "reallocarray")]
fn what_a_library_lacks_is_not_asked(#[case] rule: &str, #[case] function: &str) {
    let user = User::new();
    user.library("libmine.so", &["bump"], &[]);
    let report = user.run(["run", "./libmine.so", "--rule", rule, "--format=json"]).report(0);
    let [finding] = &report.findings[..] else { panic!("{report:?}") };
    assert_eq!((finding.verdict, finding.complaint), (Verdict::Inapplicable, false), "{finding:?}");
    assert!(finding.reason.as_ref().is_some_and(|reason| reason.starts_with(function)), "{finding:?}");
}

/// What it says while it loads is not its version, and what it leaves does not keep us.
#[rstest]
#[case("TALK")]
#[case("LEAVE_CHILD")]
fn constructors_may_be_odd(#[case] body: &str) {
    let user = User::new();
    user.library("libmine.so", &["bump", "constructor"], &[&format!("-DBODY={body}")]);
    let report = user.run(["run", "./libmine.so", "--rule", RULE, "--format=json"]).report(0);
    assert_eq!((&*report.allocators[0].version, report.findings[0].verdict), ("unknown", Verdict::Upholds));
    assert_eq!(tools::processes_with(user.home.path().to_str().expect("UTF-8")), Vec::<u32>::new());
}

#[test]
fn a_constructor_that_hangs_is_told() {
    let user = User::new();
    let library = user.library("libmine.so", &["bump", "constructor"], &["-DBODY=HANG"]);
    let error = look::version(&bench().workshop, &library, None, 1).expect_err("it hangs").to_string();
    assert!(error.contains("loading it hangs") && error.contains("constructors"), "{error}");
}
