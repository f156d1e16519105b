//! `explain release`: the way from `del x` to the kernel, with this machine's figures.

use std::path::Path;

use anyhow::Result;

use super::manual;
use crate::catalog;
use crate::compile::TARGET;
use crate::discover::{self, Wanted};
use crate::model::{Finding, Knob, Origin, Report};
use crate::plan::Selection;
use crate::report::Style;
use crate::report::areas::{interpreter, title, title_on};
use crate::report::layout::{BOLD, Cell, DIM, PLAIN, count, thousands};
use crate::session::Bench;
use crate::workshop::Workshop;

/// The knob of glibc that ends all movement, at its default value: what was measured with it is told apart.
const PIN: &str = "mmap_threshold=131072";

const THRESHOLD: &str = "release/threshold";
const DYNAMIC: &str = "release/dynamic-threshold";
const MANY_SMALL: &str = "release/many-small";
const KNOBS: &str = "release/knobs";
const SHARES: &str = "*release/share-by-size";
const BYTES: &str = "python/release/bytes-threshold";
const ARRAY: &str = "python/release/array-threshold";
const UNIFORM: &str = "python/release/uniform";
const MOVES: &str = "python/release/import-moves";
const PINNED: &str = "python/release/pinned-threshold";
const LIMIT: &str = "python/release/pymalloc-limit";
const ARENA: &str = "python/release/arena";
const CACHE: &str = "python/release/small-cache";

/// What was measured for the text.
pub struct Measured {
    pub report: Report,
    /// The knobs of the allocators in the report, by the allocator's name.
    pub knobs: Vec<(String, Vec<Knob>)>,
}

/// Runs what the text needs, and with `plot` what the picture needs.
pub fn measure(program: &Path, wanted: &[Wanted], plot: bool) -> Result<Measured> {
    let catalog = catalog::embedded()?;
    let workshop = Workshop::open(program)?;
    let bench = Bench::new(workshop, None, true)?;
    let mut wanted = wanted.to_vec();
    let native = Wanted::Name(bench.machine.runtime.clone());
    if !wanted.is_empty() && !wanted.contains(&native) {
        wanted.insert(0, native);
    }
    let allocators = discover::allocators(&catalog, &bench.machine, &bench.workshop, &wanted, true)?;
    let knobs = catalog.allocators.iter().map(|file| (file.name.clone(), file.knobs.clone())).collect();
    let mut asked =
        vec![THRESHOLD, DYNAMIC, MANY_SMALL, KNOBS, BYTES, ARRAY, MOVES, UNIFORM, PINNED, LIMIT, ARENA, CACHE];
    asked.extend(plot.then_some(SHARES));
    let report = bench.report(&catalog, allocators, &rules(&asked))?;
    Ok(Measured { report, knobs })
}

fn rules(ids: &[&str]) -> Selection {
    Selection { rules: ids.iter().map(|id| id.to_string()).collect(), ..Selection::default() }
}

/// The text.
pub fn text(measured: &Measured, style: &Style) -> String {
    let page = Page { measured, report: &measured.report, style };
    let parts = [page.head(), page.answers(), page.chain(), page.boundary(), page.moves(), page.pins(), page.others()];
    let mut text = parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("\n");
    text += &format!("\n{}", page.sources());
    text
}

struct Page<'a> {
    measured: &'a Measured,
    report: &'a Report,
    style: &'a Style,
}

/// `131,049 B unmapped`, or why there is no such size.
fn boundary(finding: Option<&Finding>) -> Option<String> {
    let finding = finding?;
    let fate = finding.facts.get("fate").map_or("", String::as_str);
    match (finding.measures.get("bytes"), finding.facts.get("threshold").map(String::as_str)) {
        (Some(bytes), _) => Some(format!("{} B {fate}", thousands(*bytes))),
        (None, Some("none")) => Some("no size".into()),
        (None, Some("all-but-tail")) => Some("no size: the tail stays".into()),
        (None, Some(_)) => Some("no one size".into()),
        (None, None) => None,
    }
}

fn bytes(finding: Option<&Finding>) -> Option<u64> {
    finding?.measures.get("bytes").copied()
}

impl Page<'_> {
    fn find(&self, rule: &str, allocator: &str, variant: Option<&str>) -> Option<&Finding> {
        let is = |finding: &&Finding| {
            finding.rule == rule && finding.allocator == allocator && finding.variant.as_deref() == variant
        };
        self.report.findings.iter().find(is)
    }

    fn section(&self, head: &str) -> String {
        format!("{}\n", self.style.paint(BOLD, head))
    }

    fn paragraph(&self, text: &str) -> String {
        self.style.wrap("  ", text)
    }

    fn table(&self, head: &[&str], rows: Vec<Vec<String>>) -> String {
        let head = head.iter().map(|word| Cell::new(format!("  {word}"), DIM)).collect();
        let cells = |row: Vec<String>| row.into_iter().map(|word| Cell::new(format!("  {word}"), PLAIN)).collect();
        let rows: Vec<Vec<Cell>> = [head].into_iter().chain(rows.into_iter().map(cells)).collect();
        self.style.table(&rows)
    }

    /// The platform's own allocator.
    fn native(&self) -> Option<&str> {
        let entry = self.report.allocators.iter().find(|entry| entry.origin == Origin::System);
        entry.map(|entry| entry.name.as_str())
    }

    fn manual(&self) -> &'static manual::Manual {
        if self.is_glibc() {
            &manual::GLIBC
        } else if self.report.platform.is_windows() {
            &manual::WINDOWS
        } else {
            &manual::OTHER
        }
    }

    /// In C, in a heap that is warm.
    fn native_bytes(&self) -> Option<u64> {
        bytes(self.find(THRESHOLD, self.native()?, None))
    }

    /// Each NumPy and the interpreter that it is of.
    fn numpys(&self) -> Vec<(&str, Option<&str>)> {
        let asked = self.report.findings.iter().filter(|finding| finding.rule == ARRAY);
        asked.map(|finding| (finding.allocator.as_str(), interpreter(self.report, &finding.allocator))).collect()
    }

    fn title(&self, key: &str) -> String {
        title(self.report, key)
    }

    fn is_glibc(&self) -> bool {
        self.native() == Some("glibc")
    }

    // ---- The sections ----------------------------------------------------------------------------------------------

    fn head(&self) -> String {
        let platform = &self.report.platform;
        let place = format!(
            "{}, {}, kernel {}, pages of {} B, witnesses {}",
            if platform.name.is_empty() { TARGET } else { &platform.name },
            platform.libc,
            platform.kernel,
            thousands(platform.page_size),
            platform.witnesses.join(", "),
        );
        self.section("Where freed memory goes on this machine") + &self.paragraph(&place)
    }

    /// The question that everybody asks, in four answers.
    fn answers(&self) -> String {
        let numpy =
            self.numpys().into_iter().find_map(|(numpy, _)| Some((numpy, bytes(self.find(ARRAY, numpy, None))?)));
        let libc = &self.report.platform.libc;
        let mut text = self.section("In short");
        let mut answer =
            |question: &str, answer: String| text += &self.style.wrap(&format!("  {question:<12}"), &answer);
        if let Some((numpy, bytes)) = numpy {
            answer("what", self.founding_question(numpy));
            let moved = self.find(MOVES, numpy, None).and_then(|finding| finding.facts.get("moved_by_import"));
            let moved = match moved.map(String::as_str) {
                Some("yes") => "; importing NumPy moved it there",
                _ => "",
            };
            answer(
                "where",
                format!(
                    "at {} B of data, {} doubles, in {}{moved}. The table below has the other interpreters; the \
                     exact figure is one of this machine and these versions.",
                    thousands(bytes),
                    thousands(bytes.div_ceil(8)),
                    title_on(self.report, numpy),
                ),
            );
            let proof = match (self::bytes(self.find(PINNED, numpy, Some("array"))), self.native_bytes()) {
                (Some(pinned), Some(native)) if pinned == native => format!(
                    " Proof: with the C runtime's knob {} set, and nothing changed in Python, the boundary is at {} B, \
                     that of a C program.",
                    self.pin(),
                    thousands(pinned)
                ),
                _ => String::new(),
            };
            let whose = match self.report.platform.is_windows() {
                true => "the heap's from which CPython's C runtime has all its blocks, the process heap".to_owned(),
                false => format!("the C runtime's, {libc}"),
            };
            answer(
                "whose doing",
                format!(
                    "{whose}. NumPy hands data above its own small cache, and CPython what is above 512 B, to malloc \
                     and free, and it is free that keeps a block or unmaps it.{proof}"
                ),
            );
        } else {
            let bytes = self.native_bytes().map_or("no size".into(), |bytes| format!("{} B", thousands(bytes)));
            answer("where", format!("malloc of {libc}: all pages of a block go back inside free from {bytes} on."));
        }
        answer("documented", format!("in parts. {} {}", self.manual().boundary, manual::INTERPRETERS));
        text
    }

    fn founding_question(&self, numpy: &str) -> String {
        let back = |count: u64| {
            let finding = self.find(UNIFORM, numpy, Some(&count.to_string()))?;
            Some((finding.measures.get("kib").copied()?, finding.facts.get("back")?.as_str()))
        };
        let say = |count: u64| match back(count) {
            Some((0, _)) => format!("gives none of its {} B back", thousands(count * 8)),
            Some((kib, "all")) => format!("gives all of its {} B back ({} KiB)", thousands(count * 8), thousands(kib)),
            Some((kib, _)) => format!("gives {} KiB of its {} B back", thousands(kib), thousands(count * 8)),
            None => "was not measured".into(),
        };
        format!(
            "`x = numpy.random.uniform(size=10**4); del x` {}, `size=10**5` {} ({}).",
            say(10_000),
            say(100_000),
            self.title(numpy)
        )
    }

    fn pin(&self) -> String {
        let knobs = self.native().map_or(&[][..], |native| self.knobs_of(native));
        knobs.iter().find(|knob| knob.name == PIN).map(setting).unwrap_or_default()
    }

    fn chain(&self) -> String {
        let libc = &self.report.platform.libc;
        let native = self.native_bytes();
        let mut text = self.section("From `del x` to the kernel: who serves which size");
        let mut step = |who: &str, what: &str| text += &self.style.wrap(&format!("  {who:<13} "), what);
        if !self.numpys().is_empty() {
            step(
                "NumPy",
                &format!(
                    "small data is kept in NumPy's own cache and goes nowhere: {}. Larger data: free (up to 2.4), \
                     PyMem_RawFree, which is free (since 2.5). The array object itself, some hundred bytes, is \
                     pymalloc's.",
                    self.in_every(CACHE, "below 1,024 B, up to 7 blocks for each size", |finding| {
                        let blocks = finding.measures.get("arrays")?;
                        let below = thousands(bytes(Some(finding))?);
                        Some(format!("below {below} B, up to {blocks} blocks for each size"))
                    })
                ),
            );
        }
        step(
            "CPython",
            &format!(
                "small objects and tables: pymalloc, {}, in pools of arenas, {}. An arena is unmapped when the last \
                 object in it dies; one survivor keeps it. Larger: free.",
                self.in_every(LIMIT, "up to 512 B", |finding| {
                    Some(format!("up to {} B", thousands(bytes(Some(finding))?)))
                }),
                self.in_every(ARENA, "256 KiB each up to 3.9, 1 MiB since 3.10", |finding| {
                    Some(format!("{} KiB each", thousands(bytes(Some(finding))? >> 10)))
                })
            ),
        );
        let boundary = native.map_or(String::new(), |bytes| {
            format!(
                " Up to {} B (measured, in a C program) a block is cut from the heap and free keeps it for reuse; from \
                 {} B on it is a mapping of its own.",
                thousands(bytes - 1),
                thousands(bytes)
            )
        });
        let top = if self.is_glibc() {
            " The heap shrinks from its top only: when 128 KiB (M_TRIM_THRESHOLD) are free there, all but top_pad goes \
             back; one live block at the top holds everything below it."
        } else {
            ""
        };
        step(libc, &format!("malloc and free, for all the rest.{boundary}{top}{}", self.small()));
        let (call, figure) =
            if self.report.platform.is_windows() { ("VirtualFree", "The working set") } else { ("munmap", "RSS") };
        step(
            "the kernel",
            &format!("{call}: the mapping is gone, and with it its pages, at once. {figure} falls by just that."),
        );
        text
    }

    /// What each interpreter or NumPy says of itself, those that say the same together; what is documented, where none was
    /// asked.
    fn in_every(&self, rule: &str, documented: &str, say: impl Fn(&Finding) -> Option<String>) -> String {
        let mut said: Vec<(String, Vec<String>)> = Vec::new();
        for finding in self.report.findings.iter().filter(|finding| finding.rule == rule) {
            let (Some(words), who) = (say(finding), self.title(&finding.allocator)) else { continue };
            match said.iter_mut().find(|(other, _)| *other == words) {
                Some((_, of)) => of.push(who),
                None => said.push((words, vec![who])),
            }
        }
        match &said[..] {
            [] => format!("{documented} (documented)"),
            [(words, _)] => format!("{words} (measured)"),
            _ => {
                let each = said.iter().map(|(words, of)| format!("{words} ({})", of.join(", ")));
                format!("{}; measured", each.collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn small(&self) -> String {
        let Some(native) = self.native() else { return String::new() };
        let stays = |variant: &str| {
            let finding = self.find(MANY_SMALL, native, Some(variant))?;
            finding.facts.get("resident").map(String::as_str)
        };
        match (stays("1000-forward"), stays("1000-all-but-last")) {
            (Some(all), Some(pinned)) => format!(
                " Measured with 20,000 blocks of 1000 B: freed in order, {all} of it stays; with the last one alive, \
                 {pinned}."
            ),
            _ => String::new(),
        }
    }

    /// The figure for each who hands memory to the C runtime, as it is and pinned.
    fn boundary(&self) -> String {
        let mut rows = Vec::new();
        if let Some(native) = self.native() {
            let own = boundary(self.find(THRESHOLD, native, None)).unwrap_or_default();
            let pinned = boundary(self.find(KNOBS, native, Some(PIN))).unwrap_or_default();
            rows.push(vec![format!("malloc in C, {}", self.report.platform.libc), own, pinned]);
        }
        let mut row = |what: &str, rule: &str, key: &str, pinned: Option<&Finding>| {
            if let Some(own) = boundary(self.find(rule, key, None)) {
                rows.push(vec![format!("{what}, {}", self.title(key)), own, boundary(pinned).unwrap_or_default()]);
            }
        };
        let names = self.report.allocators.iter().map(|entry| entry.name.as_str());
        let interpreters = names.filter(|name| name.starts_with("cpython"));
        for python in interpreters.map(Some).chain([None]) {
            let numpy = self.numpys().into_iter().find(|(_, of)| *of == python).map(|(numpy, _)| numpy);
            let pinned = |what: &str| self.find(PINNED, numpy?, Some(what));
            if let Some(python) = python {
                row("bytes", BYTES, python, pinned("bytes"));
            }
            for (numpy, _) in self.numpys().into_iter().filter(|(_, of)| *of == python) {
                let what = if python.is_some() { "  array data" } else { "array data" };
                row(what, ARRAY, numpy, self.find(PINNED, numpy, Some("array")));
            }
        }
        self.section("The boundary: the smallest block all of whose pages go back, to the byte")
            + &self.table(&["", "as it is", "pinned"], rows)
            + &self.paragraph(
                "malloc(n), len(b) and a.nbytes; a heap in use and nothing freed before. A bytes object has a head of \
                 33 B, so its line is that much lower.",
            )
    }

    fn moves(&self) -> String {
        let Some(native) = self.native().filter(|_| self.is_glibc()) else { return String::new() };
        let warm = self.native_bytes();
        let mut rows =
            vec![vec!["nothing".to_owned(), boundary(self.find(THRESHOLD, native, None)).unwrap_or_default()]];
        let relation = |variant: &str| {
            let finding = self.find(THRESHOLD, native, Some(variant))?;
            finding.facts.get("relation").cloned()
        };
        let dynamic = self.report.findings.iter().filter(|one| one.rule == DYNAMIC && one.allocator == native);
        for finding in dynamic {
            let size = finding.variant.as_deref().and_then(|size| size.parse().ok()).map_or(String::new(), thousands);
            rows.push(vec![format!("one block of {size} B was freed"), boundary(Some(finding)).unwrap_or_default()]);
        }
        for (variant, what) in
            [("untouched", "nothing was allocated yet"), ("after-churn", "1 MB of small blocks was freed")]
        {
            rows.extend(relation(variant).map(|relation| vec![what.to_owned(), relation]));
        }
        for (numpy, python) in self.numpys() {
            let moved = bytes(self.find(ARRAY, numpy, None)).filter(|bytes| warm.is_some_and(|warm| *bytes != warm));
            rows.extend(moved.map(|bytes| {
                vec![
                    format!("import numpy ({})", self.title(python.unwrap_or(numpy))),
                    format!("{} B", thousands(bytes)),
                ]
            }));
        }
        self.section("Why it moves")
            + &self.paragraph(
                "Freeing an mmapped block of up to 32 MiB raises the threshold to its size, for the program is taken to \
                 want more of them (mallopt(3), dynamic mmap threshold). And a request that fits into the free space at \
                 the heap's top is cut from there, whatever the threshold: so what the program had and freed before \
                 counts, such as all that importing a module reads and drops.",
            )
            + &self.table(&["what came before", "from"], rows)
    }

    fn pins(&self) -> String {
        let Some(native) = self.native() else { return String::new() };
        let knobs = self.knobs_of(native);
        if knobs.is_empty() {
            return String::new();
        }
        let row = |knob: &Knob| {
            let finding = self.find(KNOBS, native, Some(&knob.name))?;
            let small = finding.facts.get("many_small").cloned().unwrap_or_default();
            Some(vec![setting(knob), boundary(Some(finding))?, small])
        };
        let rows = knobs.iter().filter_map(row).collect();
        self.section("Which knob pins it")
            + &self.how_well_it_pins().map_or(String::new(), |says| self.paragraph(&says))
            + &self.table(&["set in the environment", "all pages back from", "of small blocks stays"], rows)
    }

    fn how_well_it_pins(&self) -> Option<String> {
        let is_array = |finding: &&Finding| finding.rule == PINNED && finding.variant.as_deref() == Some("array");
        let pinned: Vec<u64> =
            self.report.findings.iter().filter(is_array).filter_map(|one| bytes(Some(one))).collect();
        let native = self.native_bytes().filter(|_| !pinned.is_empty())?;
        let equal = pinned.iter().filter(|bytes| **bytes == native).count();
        Some(format!(
            "{}: with it set, the arrays of {equal} of {} have the boundary of a C program (the column `pinned` above), \
             but that a heap that has just grown still serves a few KiB more from its top. In a program of one's own, \
             mallopt(M_MMAP_THRESHOLD, ...) does the same. Either ends the dynamic adjustment, even at the default value.",
            self.pin(),
            count(pinned.len(), "interpreter"),
        ))
    }

    fn knobs_of(&self, key: &str) -> &[Knob] {
        let name = key.split('@').next().unwrap_or(key);
        self.measured.knobs.iter().find(|(of, _)| of == name).map_or(&[], |(_, knobs)| knobs)
    }

    /// The allocators that are not the platform's own, and the knob that brings each boundary down the most.
    fn others(&self) -> String {
        let keys = self.report.allocators.iter().filter(|entry| entry.origin != Origin::System);
        let rows: Vec<Vec<String>> = keys.filter_map(|entry| self.other(&entry.name)).collect();
        if rows.is_empty() {
            return String::new();
        }
        self.section("With another allocator in its place")
            + &self.table(&["", "all pages back from", "lowest with", ""], rows)
            + &self.paragraph(
                "Every knob: allocheck run --rule release/knobs --verbose; what they are: allocheck explain ALLOCATOR",
            )
    }

    fn other(&self, key: &str) -> Option<Vec<String>> {
        let own = self.find(THRESHOLD, key, None)?;
        let mut lowest: Option<(&Knob, u64)> = None;
        for knob in self.knobs_of(key) {
            let low = lowest.map_or(bytes(Some(own)).unwrap_or(u64::MAX), |(_, low)| low);
            if let Some(bytes) = bytes(self.find(KNOBS, key, Some(&knob.name))).filter(|bytes| *bytes < low) {
                lowest = Some((knob, bytes));
            }
        }
        let mut row = vec![self.title(key), boundary(Some(own))?];
        if let Some((knob, _)) = lowest {
            row.extend([boundary(self.find(KNOBS, key, Some(&knob.name)))?, setting(knob)]);
        }
        Some(row)
    }

    fn sources(&self) -> String {
        let sources = self.manual().sources.iter().chain(&manual::SOURCES);
        let lines: String =
            sources.map(|(what, link)| format!("  {what}\n    {}\n", self.style.paint(DIM, link))).collect();
        self.section("Sources") + &lines
    }
}

/// As it is written before a command.
fn setting(knob: &Knob) -> String {
    let set: Vec<String> = knob.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    set.join(" ")
}
