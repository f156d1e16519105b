/* probe.h - the contract a rule is written against.
 *
 * A rule is one C file:   #include "probe.h"      PROBE { void *p = malloc(1); CHECK(p, "..."); free(p); }
 * and a program of its own:   cc -Ic-shims RULE.c c-shims/NAME.c... && LD_PRELOAD=./libmine.so ./a.out
 *
 * It prints what happened, one line each, and exits 0, or 1 when a CHECK failed:
 *   malloc PATH              the module that answers malloc
 *   witness NAME,NAME        the ways to ask for page fate that passed their control
 *   stage WORD               how far it came, for a probe that may die on the way
 *   fact NAME=WORD           measure NAME=NUMBER
 *   violated TEXT            the failed check, with its figures
 *   unobservable TEXT        the question cannot be asked on this machine
 *   lacking NAME TEXT        the allocator under test does not provide this function
 *   not-loaded TEXT          another module than the expected one answers malloc
 *   tick                     still alive
 *   died WORD                it is about to end by this (Windows, where an exit status may not tell)
 *   done                     the probe came to its end
 * Under the harness the lines go to the descriptor in ALLOCHECK_REPORT. Nothing here allocates or uses stdio.
 */
#ifndef ALLOCHECK_PROBE_H
#define ALLOCHECK_PROBE_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__cplusplus)
#define PROBE_NORETURN [[noreturn]]
#define PROBE_ALIGNOF alignof
extern "C" {
#else
#define PROBE_NORETURN _Noreturn
#define PROBE_ALIGNOF _Alignof
#endif

#if defined(__MINGW32__) && !defined(__clang__)
#define PROBE_PRINTF(text, first) __attribute__((format(gnu_printf, text, first)))
#elif defined(__GNUC__)
#define PROBE_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define PROBE_PRINTF(text, first)
#endif

#if defined(_WIN32)
/* Each C runtime of a process has an errno of its own: that of the family under test is meant. */
int *family_errno(void);
#undef errno
#define errno (*family_errno())
#endif

/* ---- The functions under test ------------------------------------------------------------------------------ */

/* Every function of the C family that a rule may call: F(result, name, parameters). */
#define FAMILY(F)                                                                                                     \
    F(void *, malloc, (size_t size))                                                                                  \
    F(void *, calloc, (size_t count, size_t size))                                                                    \
    F(void *, realloc, (void *p, size_t size))                                                                        \
    F(void, free, (void *p))                                                                                          \
    F(void *, aligned_alloc, (size_t alignment, size_t size))                                                         \
    F(int, posix_memalign, (void **p, size_t alignment, size_t size))                                                 \
    F(void *, memalign, (size_t alignment, size_t size))                                                              \
    F(void *, valloc, (size_t size))                                                                                  \
    F(void *, pvalloc, (size_t size))                                                                                 \
    F(void *, reallocarray, (void *p, size_t count, size_t size))                                                     \
    F(size_t, malloc_usable_size, (void *p))                                                                          \
    F(void, free_sized, (void *p, size_t size))                                                                       \
    F(void, free_aligned_sized, (void *p, size_t alignment, size_t size))                                             \
    F(int, malloc_trim, (size_t pad))

/* One family: functions whose pointers are interchangeable. The members are volatile so that a compiler can reason
 * neither about malloc nor about the pointers it returns. A function that the allocator does not provide is a stub
 * that reports `lacking` and ends the probe. */
#define FAMILY_MEMBER(result, name, parameters) result(*volatile name) parameters;
struct family {
    const char *module; /* path of the module that holds malloc */
    FAMILY(FAMILY_MEMBER)
};
#undef FAMILY_MEMBER

/* What a program's own calls bind to: the platform's allocator, or the preloaded one. */
extern struct family under_test;

/* dlopens the library at `path` (RTLD_NOW | RTLD_LOCAL) into `family`; the empty path is the platform's own C runtime.
 * Functions that resolve into another module than the library's own are lacking. Ends the probe (`not-loaded`) on
 * failure. */
void family_open(struct family *family, const char *path);

/* Another function of a family's own module: `strdup`. Ends the probe (`lacking`) if it has none of that name. */
void (*family_need(const struct family *family, const char *name))(void);

/* Whose a function of the process is: `own` if it is in the module that holds malloc, `runtime` if in the platform's C or
 * C++ runtime instead, `other`, or `absent` (NULL). */
const char *owner_word(const void *function);
/* Ends the probe (`lacking`) in a static program, which has no modules to look functions up in. POSIX only. */
void need_modules(void);

/* The plain names call `under_test`. With a family of your own: (from.malloc)(n), (to->free)(p) - the parentheses keep
 * the macros out. */
#define malloc(size) ((under_test.malloc)(size))
#define calloc(count, size) ((under_test.calloc)(count, size))
#define realloc(p, size) ((under_test.realloc)(p, size))
#define free(p) ((under_test.free)(p))
#define aligned_alloc(alignment, size) ((under_test.aligned_alloc)(alignment, size))
#define posix_memalign(p, alignment, size) ((under_test.posix_memalign)(p, alignment, size))
#define memalign(alignment, size) ((under_test.memalign)(alignment, size))
#define valloc(size) ((under_test.valloc)(size))
#define pvalloc(size) ((under_test.pvalloc)(size))
#define reallocarray(p, count, size) ((under_test.reallocarray)(p, count, size))
#define malloc_usable_size(p) ((under_test.malloc_usable_size)(p))
#define free_sized(p, size) ((under_test.free_sized)(p, size))
#define free_aligned_sized(p, alignment, size) ((under_test.free_aligned_sized)(p, alignment, size))
#define malloc_trim(pad) ((under_test.malloc_trim)(pad))

/* ---- The probe and its report ------------------------------------------------------------------------------ */

/* Defines the program: PROBE { body }. Returning from the body is `done`. */
#define PROBE                                                                                                         \
    static void probe_body(void);                                                                                     \
    int main(void) { return probe_main(probe_body); }                                                                 \
    static void probe_body(void)

int probe_main(void (*body)(void));
/* What comes before the body: who answers malloc, and whether it has what the rule needs. A probe that is not a C program
 * (python/probe.py) calls it itself. */
void probe_begin(void);

/* A promise. A false condition ends the probe: `violated` with the printf-like text (%s %c %d %u %x %zu %zx %p %%). */
#define CHECK(condition, ...) ((condition) ? (void)0 : probe_violated(__VA_ARGS__))
/* A closed word; NULL is left out. Names and words are lower case, no spaces. */
#define FACT(name, word) probe_fact(name, word)
/* A number, bytes where the name says nothing else. */
#define MEASURE(name, number) probe_measure(name, number)
/* How far the probe came, reported before a step that may kill it. */
#define STAGE(word) probe_stage(word)

PROBE_NORETURN void probe_violated(const char *format, ...) PROBE_PRINTF(1, 2);
PROBE_NORETURN void probe_unobservable(const char *format, ...) PROBE_PRINTF(1, 2);
PROBE_NORETURN void probe_lacking(const char *name, const char *why);
PROBE_NORETURN void probe_not_loaded(const char *format, ...) PROBE_PRINTF(1, 2);
void probe_fact(const char *name, const char *word);
void probe_measure(const char *name, size_t number);
void probe_stage(const char *word);

/* Says that the probe is alive, at most a few times a second: call it freely in long loops. */
void probe_tick(void);

/* The cell's variant, "" if it has none (environment: ALLOCHECK_VARIANT). */
const char *probe_variant(void);
/* The variant as a decimal number; `otherwise` if it is empty. */
size_t probe_variant_number(size_t otherwise);
/* An environment variable, "" if unset. */
const char *probe_setting(const char *name);

/* ---- Blocks ------------------------------------------------------------------------------------------------ */

#define KIB(n) ((size_t)(n) << 10)
#define MIB(n) ((size_t)(n) << 20)
/* More than any process can have: half of all addresses, or three quarters where they have 32 bits. */
#define IMPOSSIBLE (SIZE_MAX > UINT32_MAX ? SIZE_MAX / 2 : SIZE_MAX / 4 * 3)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Alignment of max_align_t (C17 7.19p2), which MSVC's C does not have. */
#define MAX_ALIGN ((size_t)PROBE_ALIGNOF(union probe_max_align))
union probe_max_align {
    long long integer;
    long double real;
    void *pointer;
    void (*function)(void);
};

/* The next of a sweep of sizes: every one up to 128, then each power of two, its quarter steps, and one below and above
 * each. Ticks. */
size_t next_size(size_t n);

/* Fills with bytes that depend on `seed` and the position; none is zero. */
void fill(void *p, size_t n, unsigned seed);
/* The position of the first byte that is not as filled; `n` if all are. */
size_t first_unlike_fill(const void *p, size_t n, unsigned seed);
/* The position of the first byte other than `byte`; `n` if there is none. */
size_t first_unlike_byte(const void *p, size_t n, unsigned char byte);
#define first_nonzero(p, n) first_unlike_byte(p, n, 0)

static inline bool is_aligned(const void *p, size_t alignment) { return ((uintptr_t)p & (alignment - 1)) == 0; }
/* Do [a, a+n) and [b, b+m) share a byte? */
static inline bool overlaps(const void *a, size_t n, const void *b, size_t m) {
    return (uintptr_t)a < (uintptr_t)b + m && (uintptr_t)b < (uintptr_t)a + n;
}
/* A value the compiler knows nothing about. */
void *opaque(void *p);
size_t opaque_size(size_t n);

/* The state every exact release figure is told for: 4 KiB of live 48-byte blocks, nothing freed before. */
void warm_heap(void);

/* ---- Page fate --------------------------------------------------------------------------------------------- */

/* The pages that hold at least one byte of a range, by fate. */
struct pages {
    size_t total;
    size_t unmapped;    /* no longer in the address space */
    size_t decommitted; /* mapped, not resident: the next touch reads zero */
    size_t lazy;        /* MADV_FREE and its kin: resident until memory is short */
    size_t resident;
    size_t unknown; /* no believed witness can tell */
};

size_t page_size(void);
/* Runs the controls and reports the witnesses that passed; ends the probe (`unobservable`) if not even mapped and
 * resident can be told. First line of a rule that asks for page fate. Does not allocate. */
void witness_begin(void);
/* Page fate of [p, p+n). Does not allocate. Ask in the process that wrote the pages, and once: asking reclaims what was
 * lazily freed. */
struct pages witness_pages(const void *p, size_t n);
/* Between writing and freeing: makes the system take note of the pages written so far, or freeing them lazily would pass
 * over those that another CPU has yet to count. */
void witness_settle(void);
/* True if the witnesses can tell a lazily freed page from a resident one. */
bool witness_sees_lazy(void);
/* One word: unmapped, decommitted, lazy, resident, unknown; `returned` if all went but not in one way, `partly` if some
 * stayed. */
const char *fate_word(struct pages pages);
/* Is any page of [p, p + n) unmapped? The cheap part of witness_pages. */
bool witness_unmapped(const void *p, size_t n);
/* unmapped + decommitted + lazy. */
static inline size_t pages_returned(struct pages pages) { return pages.unmapped + pages.decommitted + pages.lazy; }

/* What the system says the whole process holds, in pages: address space, and memory (on macOS phys_footprint, by which it
 * limits processes; on Windows the working set). Ends the probe (`unobservable`) if it does not say. Does not allocate. */
struct holds {
    size_t mapped, resident;
};
struct holds process_holds(void);

/* ---- The system -------------------------------------------------------------------------------------------- */

/* Zeroed memory from the system, shared with children of this process; never from an allocator. */
void *system_pages(size_t n);
/* Runs step(shared) in a copy of this process and waits. True if it came to its end; `shared` (from system_pages) brings
 * results back. A death is the caller's to judge. On Windows the copy is one that was started anew: it has of its parent
 * what `shared` holds, and no more. */
bool in_child(void (*step)(void *shared), void *shared);

/* Everything before it is done once, everything after it in a copy of this process for each variant: for rules with
 * process = "fork", whose cells are many and cheap. Run by hand, it does nothing. A rule for pairs calls it twice, before
 * and after it opens ALLOCHECK_TO: the copy for a partner then makes those for the variants. POSIX only.
 * The harness' side: `ready` on the report; each line on the descriptor in ALLOCHECK_SERVE is a setting, `NAME=VALUE`, for
 * a copy, answered by `started PID`, the copy's own lines, and `ended PID exit STATUS` or `ended PID signal NUMBER`, or
 * `ready` if it has come to the second call and answers from now on. An empty line ends the one that answers. */
void probe_fork_here(void);

struct thread {
    void (*body)(void *);
    void *argument;
    uintptr_t handle;
};
/* Starts a thread / waits for its end. The struct must outlive the thread. */
void thread_start(struct thread *thread, void (*body)(void *), void *argument);
void thread_join(struct thread *thread);
void sleep_ms(unsigned milliseconds);
/* So much time passes for every library of this process, and nobody waits for it where that can be: see clock.c. */
void clock_skip(unsigned milliseconds);

#if defined(__cplusplus)
}
#endif

#endif
