//! Builds the allocators of the feature `embedded`, each as a shared library that replaces malloc
//! under its plain name, and writes the table that `harness/src/embedded.rs` includes.
//!
//! The sources are those inside the crates, as their authors published them. What is compiled is
//! upstream's own override layer with upstream's own settings, optimised whatever the profile.
//! Nothing of it is linked into the harness, which would otherwise run on one of the allocators it
//! tests: the crates are dependencies that nobody may `use`.
//!
//! `cargo metadata` says where a crate is. What the crates build themselves is not used.
//!
//! An allocator that cannot be built is left out of the table, with a warning that says why. A
//! crate whose own build script fails cannot be caught here; leave out its feature.

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

type Result<T> = std::result::Result<T, String>;

/// An allocator that can be embedded.
struct Recipe {
    name: &'static str,
    feature: &'static str,
    systems: &'static [&'static str],
    /// The crate that holds the sources.
    source: &'static str,
    plan: fn(&Target, &Crate) -> Result<Plan>,
}

const RECIPES: &[Recipe] = &[
    Recipe {
        name: "jemalloc",
        feature: "CARGO_FEATURE_EMBEDDED_JEMALLOC",
        systems: &["linux", "macos"],
        source: "tikv-jemalloc-sys",
        plan: jemalloc,
    },
    Recipe {
        name: "mimalloc2",
        feature: "CARGO_FEATURE_EMBEDDED_MIMALLOC",
        systems: &["linux", "macos"],
        source: "libmimalloc-sys",
        plan: |target, source| mimalloc(target, source, "v2"),
    },
    Recipe {
        name: "mimalloc3",
        feature: "CARGO_FEATURE_EMBEDDED_MIMALLOC",
        systems: &["linux", "macos"],
        source: "libmimalloc-sys",
        plan: |target, source| mimalloc(target, source, "v3"),
    },
    Recipe {
        name: "rpmalloc",
        feature: "CARGO_FEATURE_EMBEDDED_RPMALLOC",
        systems: &["linux", "macos"],
        source: "rpmalloc-sys",
        plan: rpmalloc,
    },
    Recipe {
        name: "scudo",
        feature: "CARGO_FEATURE_EMBEDDED_SCUDO",
        systems: &["linux"],
        source: "scudo-sys",
        plan: scudo,
    },
    Recipe {
        name: "snmalloc",
        feature: "CARGO_FEATURE_EMBEDDED_SNMALLOC",
        systems: &["linux", "macos"],
        source: "snmalloc-sys",
        plan: snmalloc,
    },
];

/// How one library is made: by one call of the compiler.
struct Plan {
    /// The allocator's own version.
    version: String,
    language: Language,
    sources: Vec<PathBuf>,
    flags: Vec<String>,
    libraries: &'static [&'static str],
}

#[derive(PartialEq)]
enum Language {
    C,
    Cxx,
}

/// What the libraries are built for, and from.
struct Target {
    macos: bool,
    x86_64: bool,
    out_dir: PathBuf,
}

/// A crate as cargo unpacked it.
struct Crate {
    version: String,
    /// What follows the version's plus.
    build: String,
    dir: PathBuf,
}

/// Builds what the features ask for and the target allows, and writes `embedded.rs` and the
/// libraries it includes into `out_dir`.
pub fn build(out_dir: &Path) {
    println!("cargo::rerun-if-changed=Cargo.toml"); // the versions of the crates

    let system = variable("CARGO_CFG_TARGET_OS");
    // As in Cargo.toml: with musl, programs are mostly static, and nothing can be preloaded.
    let supported = system == "macos" || variable("CARGO_CFG_TARGET_ENV") == "gnu";
    let recipes: Vec<&Recipe> = RECIPES
        .iter()
        .filter(|recipe| env::var_os(recipe.feature).is_some())
        .filter(|recipe| supported && recipe.systems.contains(&system.as_str()))
        .collect();

    let mut rows = String::new();
    if !recipes.is_empty() {
        let target = Target {
            macos: system == "macos",
            x86_64: variable("CARGO_CFG_TARGET_ARCH") == "x86_64",
            out_dir: out_dir.to_owned(),
        };
        let crates = crates(&recipes, out_dir);
        let results: Vec<Result<String>> = thread::scope(|scope| {
            let threads: Vec<_> = recipes.iter().map(|recipe| scope.spawn(|| row(recipe, &target, &crates))).collect();
            threads.into_iter().map(|thread| thread.join().expect("recipes do not panic")).collect()
        });
        for (recipe, result) in recipes.iter().zip(results) {
            match result {
                Ok(row) => rows += &row,
                Err(why) => println!("cargo::warning=embedding no {}: {why}", recipe.name),
            }
        }
    }
    fs::write(out_dir.join("embedded.rs"), format!("&[\n{rows}]\n")).expect("write embedded.rs");
}

/// Builds one library and returns its row of the table.
fn row(recipe: &Recipe, target: &Target, crates: &Result<HashMap<String, Crate>>) -> Result<String> {
    let source = crates.as_ref().map_err(Clone::clone)?.get(recipe.source);
    let source = source.ok_or_else(|| format!("cargo metadata does not name {}", recipe.source))?;
    let plan = (recipe.plan)(target, source)?;
    let file = target.out_dir.join(recipe.name).with_extension(if target.macos { "dylib" } else { "so" });
    link(&plan, target, &file)?;
    let (name, version) = (recipe.name, plan.version);
    Ok(format!("    Library {{ name: {name:?}, version: {version:?}, bytes: include_bytes!({file:?}) }},\n"))
}

fn link(plan: &Plan, target: &Target, file: &Path) -> Result<()> {
    let compiler = cc::Build::new()
        .cpp(plan.language == Language::Cxx)
        .opt_level(3)
        .debug(false)
        .pic(true)
        .warnings(false)
        .extra_warnings(false)
        .try_get_compiler()
        .map_err(|error| error.to_string())?;

    let mut command = compiler.to_command();
    command.arg("-w").args(&plan.flags).arg("-o").arg(file).args(&plan.sources);
    if target.macos {
        command.args(["-dynamiclib", "-Wl,-S"]);
    } else {
        command.args(["-shared", "-Wl,--strip-debug", "-Wl,-z,defs", "-Wl,--as-needed"]);
        command.args(plan.libraries);
    }

    // The build script has other work, which makes it run again: compile only what has changed.
    let stamp = file.with_extension("stamp");
    // Sources need no look: they lie under their crate's version.
    let inputs = format!("{command:?}");
    if !file.exists() || fs::read_to_string(&stamp).ok().as_ref() != Some(&inputs) {
        run(&mut command)?;
        fs::write(&stamp, inputs).map_err(|error| format!("{}: {error}", stamp.display()))?;
    }
    Ok(())
}

/// What upstream's Makefile puts into its shared library. Its names need no private namespace, which is for linking it
/// statically and would cost a second compilation; `--disable-initial-exec-tls` so that dlopen takes it, too.
fn jemalloc(target: &Target, source: &Crate) -> Result<Plan> {
    let dir = target.out_dir.join("jemalloc");
    configure_jemalloc(source, &dir)?;
    let sources = files_of(&dir.join("src"), "c")?;
    Ok(Plan {
        // "5.3.1-0-g81034ce…": the release, commits since then, the commit.
        version: source.build.split('-').next().unwrap_or_default().to_owned(),
        language: Language::C,
        sources: sources.into_iter().filter(|file| target.macos || !file.ends_with("zone.c")).collect(),
        flags: vec![
            "-std=gnu11".to_owned(),
            "-fvisibility=hidden".to_owned(),
            "-D_GNU_SOURCE".to_owned(),
            "-D_REENTRANT".to_owned(),
            "-DJEMALLOC_NO_PRIVATE_NAMESPACE".to_owned(),
            format!("-I{}", dir.join("include").display()),
        ],
        libraries: &["-pthread", "-ldl", "-lm"],
    })
}

/// Upstream's configure in a copy of the sources, once.
fn configure_jemalloc(source: &Crate, dir: &Path) -> Result<()> {
    if dir.join("config.status").exists() {
        return Ok(());
    }
    let complaint = |error| format!("{}: {error}", dir.display());
    copy_folder(&source.dir.join("jemalloc"), dir).map_err(complaint)?;
    fs::copy(source.dir.join("configure/configure"), dir.join("configure")).map_err(complaint)?;
    let compiler = cc::Build::new().pic(true).debug(false).try_get_compiler().map_err(|error| error.to_string())?;
    let mut configure = Command::new("sh");
    configure.arg("configure").arg(format!("--with-version={}", source.build));
    configure.args(["--disable-cxx", "--disable-doc", "--disable-static", "--disable-initial-exec-tls"]);
    let (host, target) = (gnu_triple(&variable("HOST")), gnu_triple(&variable("TARGET")));
    configure.arg(format!("--build={host}")).arg(format!("--host={target}"));
    if target.starts_with("x86_64") {
        // Otherwise what this machine's processor has, 48 or 57: another radix tree, and other outcomes.
        configure.arg("--with-lg-vaddr=48");
    }
    configure.current_dir(dir).env("CC", compiler.path()).env("CFLAGS", compiler.cflags_env());
    run(&mut configure).map(drop)
}

/// GNU's name of a target.
fn gnu_triple(target: &str) -> String {
    target.replace("riscv64gc", "riscv64")
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let from = entry?.path();
        let to = to.join(from.file_name().expect("an entry has a name"));
        if from.is_dir() { copy_folder(&from, &to)? } else { fs::copy(&from, &to).map(drop)? }
    }
    Ok(())
}

/// The folder's files with this extension, sorted.
fn files_of(dir: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    Ok(files)
}

/// One crate holds the sources of two generations. Settings of upstream's CMakeLists.txt for the
/// shared library of a release build.
fn mimalloc(target: &Target, source: &Crate, generation: &str) -> Result<Plan> {
    let dir = source.dir.join("c_src/mimalloc").join(generation);
    let mut flags = strings(&[
        "-std=gnu11",
        "-fvisibility=hidden",
        "-ftls-model=initial-exec",
        "-fno-builtin-malloc",
        "-DNDEBUG",
        "-DMI_BUILD_RELEASE",
        "-DMI_CMAKE_BUILD_TYPE=release",
        "-DMI_MALLOC_OVERRIDE",
        "-DMI_SHARED_LIB",
        "-DMI_SHARED_LIB_EXPORT",
    ]);
    if target.macos {
        flags.extend(strings(&["-DMI_OSX_INTERPOSE=1", "-DMI_OSX_ZONE=1"]));
    }
    flags.push(format!("-I{}", dir.join("include").display()));

    // 20302 is 2.3.2.
    let number = define(&dir.join("include/mimalloc.h"), "MI_MALLOC_VERSION")?;
    let number: u32 = number.parse().map_err(|_| format!("MI_MALLOC_VERSION is {number}"))?;
    Ok(Plan {
        version: format!("{}.{}.{}", number / 10000, number / 100 % 100, number % 100),
        language: Language::C,
        sources: vec![dir.join("src/static.c")],
        flags,
        libraries: &["-pthread", "-lrt"],
    })
}

/// The `rpmallocwrap` of upstream's configure.py: malloc.c, which rpmalloc.c includes, overrides
/// malloc and the C++ operators and prepares each thread. Left out is -ffast-math, which would
/// change the arithmetic of the program that loads the library.
fn rpmalloc(_: &Target, source: &Crate) -> Result<Plan> {
    let dir = source.dir.join("rpmalloc");
    let changelog = read(&dir.join("CHANGELOG"))?;
    Ok(Plan {
        version: changelog.lines().next().unwrap_or_default().trim().to_owned(),
        language: Language::C,
        sources: vec![dir.join("rpmalloc/rpmalloc.c")],
        flags: strings(&["-std=c11", "-funroll-loops", "-D_GNU_SOURCE=1", "-DENABLE_PRELOAD=1", "-DENABLE_OVERRIDE=1"]),
        libraries: &["-pthread", "-ldl"],
    })
}

/// LLVM's standalone scudo with its own wrappers for C and C++, which the crate carries and does
/// not build. Thread-locals are not initial-exec as in LLVM's runtime, for there are 11 KB of them,
/// which dlopen would refuse. The sources name no version, so it has the crate's.
fn scudo(_: &Target, source: &Crate) -> Result<Plan> {
    let dir = source.dir.join("scudo-standalone");
    let mut sources = files_of(&dir, "cpp")?;
    sources.retain(|file| !file.ends_with("wrappers_c_bionic.cpp"));
    Ok(Plan {
        version: source.version.clone(),
        language: Language::Cxx,
        sources,
        flags: vec![
            "-std=c++14".to_owned(),
            "-fvisibility=hidden".to_owned(),
            "-fno-exceptions".to_owned(),
            "-fno-rtti".to_owned(),
            format!("-I{}", dir.display()),
            format!("-I{}", dir.join("include").display()),
        ],
        libraries: &["-pthread"],
    })
}

/// The `snmallocshim` of upstream's CMakeLists.txt, but with the C++ library as a shared one: a
/// program has one new-handler then, not two. Also with reallocarray, which upstream can leave out
/// for the sake of systems that declare it otherwise.
fn snmalloc(target: &Target, snmalloc: &Crate) -> Result<Plan> {
    let source = snmalloc.dir.join("upstream/src");
    let mut flags = strings(&[
        "-std=c++20",
        "-fvisibility=hidden",
        "-ftls-model=initial-exec",
        "-fomit-frame-pointer",
        "-fno-rtti",
        "-DNDEBUG",
        "-DSNMALLOC_CHECK_LOADS=false",
        "-DSNMALLOC_PAGEID=false",
        "-DSNMALLOC_PLATFORM_HAS_GETENTROPY",
        "-DSNMALLOC_PTHREAD_ATFORK_WORKS",
        "-DSNMALLOC_USE_WAIT_ON_ADDRESS=1",
        "-DSNMALLOC_EXPORT=__attribute__((visibility(\"default\")))",
    ]);
    flags.extend(strings(if target.macos {
        &["-DSNMALLOC_USE_CXX11_DESTRUCTORS", "-DMALLOC_USABLE_SIZE_QUALIFIER=const"]
    } else {
        &["-DSNMALLOC_USE_CXX11_THREAD_ATEXIT_DIRECT", "-DSNMALLOC_HAS_LINUX_FUTEX_H", "-DSNMALLOC_HAS_LINUX_RANDOM_H"]
    }));
    if target.x86_64 {
        flags.push("-mcx16".to_owned());
    }
    flags.push(format!("-I{}", source.display()));
    flags.extend(strings(&["-include", "snmalloc/override/malloc.cc"]));
    Ok(Plan {
        // The crate is published from snmalloc's own repository, under its version.
        version: snmalloc.version.clone(),
        language: Language::Cxx,
        // Both files in one go: most of the time goes into what they include.
        sources: vec![source.join("snmalloc/override/new.cc")],
        flags,
        // For comparing and exchanging two words, which x86-64 does in one instruction.
        libraries: if target.x86_64 { &["-pthread"] } else { &["-pthread", "-latomic"] },
    })
}

/// Asks cargo where these dependencies are.
///
/// The package's own manifest cannot be asked for everything: `cargo metadata` wants every dependency
/// on disk, which `cargo install` has no reason to fetch. So it only tells the versions, and a
/// manifest with just these crates gives the places.
fn crates(recipes: &[&Recipe], out_dir: &Path) -> Result<HashMap<String, Crate>> {
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let package = metadata(&manifest, &["--no-deps"])?;
    let mut text = String::from("workspace = {}\npackage.name = \"sources\"\nlib.path = \"lib.rs\"\n");
    for dependency in package["packages"][0]["dependencies"].as_array().into_iter().flatten() {
        let (name, version) = (&dependency["name"], &dependency["req"]);
        if recipes.iter().any(|recipe| name == recipe.source) {
            text += &format!("dependencies.{name} = {{ version = {version}, default-features = false }}\n");
        }
    }
    let dir = out_dir.join("sources");
    let manifest = dir.join("Cargo.toml");
    fs::create_dir_all(&dir)
        .and_then(|()| fs::write(dir.join("lib.rs"), ""))
        .and_then(|()| fs::write(&manifest, text))
        .map_err(|error| format!("{}: {error}", dir.display()))?;

    let sources = metadata(&manifest, &["--filter-platform", &variable("TARGET")])?;
    let packages = sources["packages"].as_array().into_iter().flatten();
    Ok(packages
        .filter_map(|package| {
            let name = package["name"].as_str()?.to_owned();
            let version = package["version"].as_str()?;
            let (version, build) = version.split_once('+').unwrap_or((version, ""));
            let dir = Path::new(package["manifest_path"].as_str()?).parent()?.to_owned();
            Some((name, Crate { version: version.to_owned(), build: build.to_owned(), dir }))
        })
        .collect())
}

fn metadata(manifest: &Path, arguments: &[&str]) -> Result<serde_json::Value> {
    let mut cargo = Command::new(variable("CARGO"));
    cargo.args(["metadata", "--offline", "--format-version=1", "--manifest-path"]).arg(manifest);
    let json = run(cargo.args(arguments))?;
    serde_json::from_slice(&json).map_err(|error| format!("cargo metadata: {error}"))
}

/// Runs a command to its end and returns its output.
fn run(command: &mut Command) -> Result<Vec<u8>> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    // A warning of cargo's is one line: the first that says error is the one that explains.
    let stderr = String::from_utf8_lossy(&output.stderr);
    let line = stderr.lines().find(|line| line.contains("error")).or(stderr.lines().next());
    Err(format!("{program} failed ({}): {}", output.status, line.unwrap_or_default()))
}

/// The value of a `#define`.
fn define(header: &Path, name: &str) -> Result<String> {
    read(header)?
        .lines()
        .find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("#define") && words.next() == Some(name)).then(|| words.next())?
        })
        .map(str::to_owned)
        .ok_or_else(|| format!("{} does not define {name}", header.display()))
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// A variable that cargo sets for every build script.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|&flag| flag.to_owned()).collect()
}
