/* Page fate on Linux. Who is asked: mincore(2) which pages are mapped and which are resident; /proc/self/pagemap
 * whether an absent page was swapped out; and for pages that are resident but may be lazily freed,
 * madvise(MADV_PAGEOUT), or where that is missing /proc/self/smaps. Each must pass its control before it is believed:
 * under gVisor mincore calls every mapped page resident, under qemu-user pagemap and smaps speak of the emulator, with
 * swap MADV_PAGEOUT takes any page. */
#if defined(__linux__)
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "runtime.h" /* last: musl's <sched.h> declares calloc and free */

#if !defined(MADV_PAGEOUT)
#define MADV_PAGEOUT 21
#endif
#if !defined(MAP_FIXED_NOREPLACE)
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* proc_pid_pagemap(5) */
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_SWAPPED (UINT64_C(1) << 62)

enum seen { SEEN_UNMAPPED, SEEN_ABSENT, SEEN_RESIDENT, SEEN_NOTHING };

/* Pages are looked at so many at a time. */
enum { BATCH = 512 };

static struct {
    bool pagemap, pageout, smaps, swap;
} witness;

/* ---- Mapped and resident: mincore -------------------------------------------------------------------------------- */

/* The kernel grants a mapping here exactly if nothing is mapped in the range (since 4.17; before, the address is a
 * hint). One page at a time mincore would tell the same, at a system call for each. */
static bool wholly_unmapped(uintptr_t first, size_t count) {
    size_t n = count * page_size();
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    void *p = mmap((void *)first, n, PROT_NONE, flags, -1, 0);
    if (p == MAP_FAILED)
        return false;
    munmap(p, n);
    return p == (void *)first;
}

static void mincore_sees(uintptr_t first, size_t count, unsigned char *seen) {
    if (mincore((void *)first, count * page_size(), seen) == 0) {
        for (size_t i = 0; i < count; i++)
            seen[i] = seen[i] & 1 ? SEEN_RESIDENT : SEEN_ABSENT;
    } else if (errno != ENOMEM) {
        memset(seen, SEEN_NOTHING, count);
    } else if (count == 1 || wholly_unmapped(first, count)) {
        memset(seen, SEEN_UNMAPPED, count);
    } else { /* a hole somewhere */
        mincore_sees(first, count / 2, seen);
        mincore_sees(first + count / 2 * page_size(), count - count / 2, seen + count / 2);
    }
}

/* ---- Swapped out: pagemap ---------------------------------------------------------------------------------------- */

static void pagemap_sees(uintptr_t first, size_t count, unsigned char *seen) {
    static uint64_t entries[BATCH];
    size_t wanted = count * sizeof entries[0];
    int descriptor = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC); /* each time: a child's is another one */
    bool got = descriptor >= 0 && pread(descriptor, entries, wanted,
                                        (off_t)(first / page_size() * sizeof entries[0])) == (ssize_t)wanted;
    for (size_t i = 0; i < count; i++)
        seen[i] = !got || entries[i] & PAGEMAP_SWAPPED ? SEEN_NOTHING
                  : entries[i] & PAGEMAP_PRESENT       ? SEEN_RESIDENT
                                                       : SEEN_ABSENT;
    if (descriptor >= 0)
        close(descriptor);
}

/* What mincore calls absent may be in swap; where nobody can tell, nothing is claimed. */
static void look(uintptr_t first, size_t count, unsigned char *seen) {
    static unsigned char second[BATCH];
    mincore_sees(first, count, seen);
    if (memchr(seen, SEEN_ABSENT, count) == NULL || (!witness.pagemap && !witness.swap))
        return;
    memset(second, SEEN_NOTHING, count);
    if (witness.pagemap)
        pagemap_sees(first, count, second);
    for (size_t i = 0; i < count; i++)
        if (seen[i] == SEEN_ABSENT)
            seen[i] = second[i] == SEEN_ABSENT ? SEEN_ABSENT : SEEN_NOTHING;
}

/* ---- Lazily freed: MADV_PAGEOUT, smaps --------------------------------------------------------------------------- */

/* Drains this CPU's batch. */
static void settle_here(void) {
    static char scratch[1];
    if (mlock(scratch, 1) == 0)
        munlock(scratch, 1);
}

static void settle_everywhere(void) {
    static cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed))
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        if (sched_setaffinity(0, sizeof one, &one) == 0)
            settle_here();
    }
    sched_setaffinity(0, sizeof allowed, &allowed);
}

/* Pages just written, and pages just lazily freed, wait in a batch of the CPU that did it before the kernel counts them
 * as such. A thread that was never switched out since it last settled has them all on one CPU. */
void witness_settle(void) {
    static pid_t process;
    static long settled;
    struct rusage usage;
    if (process != getpid()) { /* a child begins with no switch */
        process = getpid();
        settled = 0;
    }
    if (getrusage(RUSAGE_THREAD, &usage) == 0 && usage.ru_nvcsw + usage.ru_nivcsw == settled) {
        settle_here();
        return;
    }
    settle_everywhere();
    if (getrusage(RUSAGE_THREAD, &usage) == 0)
        settled = usage.ru_nvcsw + usage.ru_nivcsw;
}

/* Asks the kernel to reclaim the range. Without swap it can take only what was lazily freed: what is now absent was
 * lazy. The one witness that works without /proc and page by page; a second look at lazy pages finds them absent. */
static void pageout_sees(uintptr_t first, size_t count, unsigned char *seen) {
    madvise((void *)first, count * page_size(), MADV_PAGEOUT);
    mincore_sees(first, count, seen);
}

struct smaps {
    uintptr_t first, end;
    bool inside;
    size_t lazy;
};

static uintptr_t parse_hex(const char **at) {
    uintptr_t value = 0;
    for (;; (*at)++) {
        char c = **at;
        if (c >= '0' && c <= '9')
            value = value * 16 + (uintptr_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value * 16 + (uintptr_t)(c - 'a' + 10);
        else
            return value;
    }
}

static void smaps_line(struct smaps *smaps, const char *line) {
    static const char lazy_free[] = "LazyFree:";
    const char *at = line;
    uintptr_t start = parse_hex(&at);
    if (at > line && *at == '-') {
        at++;
        uintptr_t end = parse_hex(&at);
        smaps->inside = start < smaps->end && end > smaps->first;
    } else if (smaps->inside && strncmp(line, lazy_free, sizeof lazy_free - 1) == 0) {
        size_t kib = 0;
        for (at = line + sizeof lazy_free - 1; *at != '\0'; at++)
            if (*at >= '0' && *at <= '9')
                kib = kib * 10 + (size_t)(*at - '0');
        smaps->lazy += kib << 10;
    }
}

/* Lazily freed pages in the mappings that [first, end) touches; false if smaps cannot be read. */
static bool smaps_lazy(uintptr_t first, uintptr_t end, size_t *lazy) {
    static char buffer[KIB(16)];
    struct smaps smaps = {.first = first, .end = end};
    char line[256];
    size_t length = 0;
    int descriptor = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    for (ssize_t got; (got = read(descriptor, buffer, sizeof buffer)) > 0;) {
        for (ssize_t i = 0; i < got; i++) {
            if (buffer[i] == '\n') {
                line[length] = '\0';
                smaps_line(&smaps, line);
                length = 0;
            } else if (length < sizeof line - 1) {
                line[length++] = buffer[i];
            }
        }
    }
    close(descriptor);
    *lazy = smaps.lazy / page_size();
    return true;
}

/* ---- Controls ---------------------------------------------------------------------------------------------------- */

enum { CONTROL_PAGES = 16 };

static size_t control_size(void) { return CONTROL_PAGES * page_size(); }

static uintptr_t control_block(void) {
    void *p = mmap(NULL, control_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        probe_unobservable("mmap of %zu bytes for the witnesses' control failed", control_size());
    fill(p, control_size(), 1);
    return (uintptr_t)p;
}

typedef void witness_look(uintptr_t first, size_t count, unsigned char *seen);

static bool all_seen(witness_look *sees, uintptr_t block, enum seen expected) {
    unsigned char seen[CONTROL_PAGES];
    sees(block, CONTROL_PAGES, seen);
    return first_unlike_byte(seen, CONTROL_PAGES, (unsigned char)expected) == CONTROL_PAGES;
}

/* Written, then dropped, then unmapped: does the witness follow? */
static bool follows(witness_look *sees, enum seen after_unmap) {
    uintptr_t block = control_block();
    bool right = all_seen(sees, block, SEEN_RESIDENT);
    madvise((void *)block, control_size(), MADV_DONTNEED);
    right = right && all_seen(sees, block, SEEN_ABSENT);
    munmap((void *)block, control_size());
    return right && all_seen(sees, block, after_unmap);
}

/* Does it take the pages that were lazily freed, and no others? */
static bool pageout_follows(void) {
    uintptr_t kept = control_block(), freed = control_block();
    witness_settle();
    bool right = madvise((void *)freed, control_size(), MADV_FREE) == 0;
    witness_settle();
    right = right && all_seen(mincore_sees, freed, SEEN_RESIDENT) && all_seen(pageout_sees, freed, SEEN_ABSENT) &&
            all_seen(pageout_sees, kept, SEEN_RESIDENT);
    munmap((void *)kept, control_size());
    munmap((void *)freed, control_size());
    return right;
}

static bool smaps_follows(void) {
    uintptr_t block = control_block(), end = block + control_size();
    size_t before = 0, after = 0;
    witness_settle();
    bool right = smaps_lazy(block, end, &before) && madvise((void *)block, control_size(), MADV_FREE) == 0;
    witness_settle();
    right = right && smaps_lazy(block, end, &after) && after >= before + CONTROL_PAGES;
    munmap((void *)block, control_size());
    return right;
}

void witness_begin(void) {
    static const char *const names[] = {
        "mincore",       "mincore,pagemap",       "mincore,pageout",       "mincore,pagemap,pageout",
        "mincore,smaps", "mincore,pagemap,smaps", "mincore,pageout,smaps", "mincore,pagemap,pageout,smaps",
    };
    struct sysinfo system;
    if (!follows(mincore_sees, SEEN_UNMAPPED))
        probe_unobservable("mincore does not tell a resident page from a dropped or unmapped one here");
    witness.swap = sysinfo(&system) != 0 || system.totalswap > 0;
    witness.pagemap = follows(pagemap_sees, SEEN_ABSENT);
    witness.pageout = pageout_follows();
    witness.smaps = smaps_follows();
    probe_report("witness", names[witness.pagemap + 2 * witness.pageout + 4 * witness.smaps]);
}

bool witness_sees_lazy(void) { return witness.pageout || witness.smaps; }

/* ---- The answer -------------------------------------------------------------------------------------------------- */

static struct pages count_pages(uintptr_t first, uintptr_t end) {
    static unsigned char seen[BATCH];
    struct pages pages = {0};
    while (first < end) {
        size_t count = (end - first) / page_size() < BATCH ? (end - first) / page_size() : BATCH;
        look(first, count, seen);
        for (size_t i = 0; i < count; i++) {
            pages.unmapped += seen[i] == SEEN_UNMAPPED;
            pages.decommitted += seen[i] == SEEN_ABSENT;
            pages.resident += seen[i] == SEEN_RESIDENT;
            pages.unknown += seen[i] == SEEN_NOTHING;
        }
        pages.total += count;
        first += count * page_size();
    }
    return pages;
}

/* How many of the resident pages of [first, end) are lazily freed; false if nobody can tell. smaps counts by mapping,
 * not by page: what is lazy in these mappings is taken to be this range's. */
static bool count_lazy(uintptr_t first, uintptr_t end, size_t resident, size_t *lazy) {
    witness_settle();
    if (witness.pageout) {
        madvise((void *)first, end - first, MADV_PAGEOUT);
        *lazy = resident - count_pages(first, end).resident;
        return true;
    }
    return witness.smaps && smaps_lazy(first, end, lazy);
}

static uintptr_t first_page(const void *p) { return (uintptr_t)p / page_size() * page_size(); }

static uintptr_t end_of_pages(const void *p, size_t n) { return first_page((const char *)p + n + page_size() - 1); }

bool witness_unmapped(const void *p, size_t n) { return count_pages(first_page(p), end_of_pages(p, n)).unmapped > 0; }

struct pages witness_pages(const void *p, size_t n) {
    size_t lazy = 0;
    uintptr_t first = first_page(p), end = end_of_pages(p, n);
    struct pages pages = count_pages(first, end);
    if (pages.resident == 0)
        return pages;
    if (count_lazy(first, end, pages.resident, &lazy)) {
        pages.lazy = lazy < pages.resident ? lazy : pages.resident;
        pages.resident -= pages.lazy;
    } else {
        pages.unknown += pages.resident;
        pages.resident = 0;
    }
    return pages;
}

/* ---- The process ------------------------------------------------------------------------------------------------- */

struct holds process_holds(void) {
    if (*probe_setting("ALLOCHECK_EMULATED") != '\0')
        probe_unobservable("what the whole process holds is the emulator's too");
    char text[128], *end;
    int descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t length = descriptor < 0 ? -1 : read(descriptor, text, sizeof text - 1);
    if (length <= 0)
        probe_unobservable("/proc/self/statm cannot be read");
    close(descriptor);
    text[length] = '\0';
    struct holds holds = {.mapped = strtoul(text, &end, 10)};
    holds.resident = strtoul(end, NULL, 10);
    return holds;
}
#endif
