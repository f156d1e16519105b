/* Page fate on Windows. VirtualQuery tells which pages are free, reserved or committed, QueryWorkingSetEx which of the
 * committed ones are resident. Both must pass their control before they are believed. What was given up by
 * DiscardVirtualMemory or MEM_RESET stays committed until memory is short: nobody sees it here. */
#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#define PSAPI_VERSION 2
#include <windows.h>

#include <psapi.h>

#include "runtime.h" /* last: its macros would change what the system's headers declare */

enum { CONTROL_PAGES = 16, BATCH = 512 };

static bool working_set_believed;

/* ---- Asking -------------------------------------------------------------------------------------------------------- */

/* How many of the committed pages of [first, end) are not in the working set; 0 if nobody can tell. */
static size_t absent(uintptr_t first, uintptr_t end) {
    static PSAPI_WORKING_SET_EX_INFORMATION pages[BATCH];
    size_t count = 0;
    while (working_set_believed && first < end) {
        size_t n = (end - first) / page_size() < BATCH ? (end - first) / page_size() : BATCH;
        for (size_t i = 0; i < n; i++)
            pages[i].VirtualAddress = (void *)(first + i * page_size());
        if (!QueryWorkingSetEx(GetCurrentProcess(), pages, (DWORD)(n * sizeof pages[0])))
            return 0;
        for (size_t i = 0; i < n; i++)
            count += !pages[i].VirtualAttributes.Valid;
        first += n * page_size();
    }
    return count;
}

struct pages witness_pages(const void *p, size_t n) {
    size_t page = page_size();
    uintptr_t first = (uintptr_t)p / page * page, end = ((uintptr_t)p + n + page - 1) / page * page;
    struct pages pages = {.total = (end - first) / page};
    while (first < end) {
        MEMORY_BASIC_INFORMATION region;
        if (VirtualQuery((void *)first, &region, sizeof region) == 0) {
            pages.unknown += (end - first) / page;
            return pages;
        }
        uintptr_t stop = (uintptr_t)region.BaseAddress + region.RegionSize;
        stop = stop < end ? stop : end;
        size_t count = (stop - first) / page;
        if (region.State == MEM_FREE) {
            pages.unmapped += count;
        } else if (region.State == MEM_RESERVE) {
            pages.decommitted += count;
        } else {
            size_t gone = absent(first, stop);
            pages.decommitted += gone;
            pages.resident += count - gone;
        }
        first = stop;
    }
    return pages;
}

/* ---- Controls ------------------------------------------------------------------------------------------------------ */

static char *control_block(void) {
    char *block = VirtualAlloc(NULL, CONTROL_PAGES * page_size(), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (block == NULL)
        probe_unobservable("VirtualAlloc for the witnesses' control failed with %u", (unsigned)GetLastError());
    return block;
}

static bool all(struct pages pages, size_t some) { return pages.total == CONTROL_PAGES && some == CONTROL_PAGES; }

/* Written, then decommitted, then released. */
static bool query_follows(void) {
    size_t n = CONTROL_PAGES * page_size();
    char *block = control_block();
    fill(block, n, 1);
    struct pages pages = witness_pages(block, n);
    bool right = all(pages, pages.resident);
    VirtualFree(block, n, MEM_DECOMMIT);
    pages = witness_pages(block, n);
    right = right && all(pages, pages.decommitted);
    VirtualFree(block, 0, MEM_RELEASE);
    pages = witness_pages(block, n);
    return right && all(pages, pages.unmapped);
}

/* Committed and not yet written, then written. */
static bool working_set_follows(void) {
    size_t n = CONTROL_PAGES * page_size();
    char *block = control_block();
    working_set_believed = true;
    bool right = absent((uintptr_t)block, (uintptr_t)block + n) == CONTROL_PAGES;
    fill(block, n, 1);
    right = right && absent((uintptr_t)block, (uintptr_t)block + n) == 0;
    VirtualFree(block, 0, MEM_RELEASE);
    return right;
}

void witness_begin(void) {
    working_set_believed = false;
    if (!query_follows())
        probe_unobservable("VirtualQuery does not tell a committed page from a reserved or free one here");
    working_set_believed = working_set_follows();
    probe_report("witness", working_set_believed ? "VirtualQuery,QueryWorkingSetEx" : "VirtualQuery");
}

bool witness_unmapped(const void *p, size_t n) { return witness_pages(p, n).unmapped > 0; }

void witness_settle(void) {}

bool witness_sees_lazy(void) { return false; }

struct holds process_holds(void) {
    PROCESS_MEMORY_COUNTERS memory;
    MEMORY_BASIC_INFORMATION region;
    struct holds holds = {0, 0};
    if (!GetProcessMemoryInfo(GetCurrentProcess(), &memory, sizeof memory))
        probe_unobservable("GetProcessMemoryInfo does not tell what this process holds");
    for (char *at = NULL; VirtualQuery(at, &region, sizeof region) != 0; at = (char *)region.BaseAddress + region.RegionSize)
        if (region.State != MEM_FREE)
            holds.mapped += region.RegionSize / page_size();
    holds.resident = memory.WorkingSetSize / page_size();
    return holds;
}
#endif
