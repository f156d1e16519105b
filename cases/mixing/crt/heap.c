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

/* What a runtime says of its heap, and what HeapValidate says of its block. */
PROBE {
    void *block = malloc(24);
    CHECK(block != NULL, "malloc(24) returned NULL");
    FACT("block_in", HeapValidate(GetProcessHeap(), 0, block) ? "process-heap" : "other-heap");
    intptr_t (*handle)(void) = (intptr_t(*)(void))family_need(&under_test, "_get_heap_handle");
    FACT("heap", (HANDLE)handle() == GetProcessHeap() ? "process-heap" : "own");
}
