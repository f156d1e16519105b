/*---
title     = "whose heap a C runtime allocates from: the process heap, or one of its own"
norm      = "record"
source    = ["Microsoft C runtime documentation, _get_heap_handle", "Windows API, GetProcessHeap"]
fault     = { none = "the reference allocator is no C runtime of Windows" }
needs     = ["malloc"]
platforms = ["windows"]
---*/
#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#endif

#include "probe.h"

/* Walked, for HeapValidate may end a process that shows it a block of another heap. */
static bool is_in(HANDLE heap, const void *block) {
    PROCESS_HEAP_ENTRY entry = {.lpData = NULL};
    bool found = false;
    CHECK(HeapLock(heap), "HeapLock failed");
    while (!found && HeapWalk(heap, &entry))
        found = !(entry.wFlags & PROCESS_HEAP_REGION) && overlaps(entry.lpData, entry.cbData, block, 1);
    HeapUnlock(heap);
    return found;
}

PROBE {
    void *block = malloc(24);
    CHECK(block != NULL, "malloc(24) returned NULL");
    FACT("block_in", is_in(GetProcessHeap(), block) ? "process-heap" : "other-heap");
    intptr_t (*handle)(void) = (intptr_t(*)(void))family_need(&under_test, "_get_heap_handle");
    FACT("heap", (HANDLE)handle() == GetProcessHeap() ? "process-heap" : "own");
}
