/*---
title     = "a block of one C runtime's _aligned_malloc, released by another one's _aligned_free, or by free"
norm      = "record"
source    = ["Microsoft C++ documentation: Potential errors passing CRT objects across DLL boundaries"]
fault     = { none = "the reference allocator is no C runtime of Windows" }
needs     = []
load      = "dlopen"
platforms = ["windows"]
variants  = ["_aligned_free", "free"]
---*/
#include "probe.h"

PROBE {
    struct family from, to;
    family_open(&from, probe_setting("ALLOCHECK_FROM"));
    family_open(&to, probe_setting("ALLOCHECK_TO"));
    void *(*allocate)(size_t, size_t) = (void *(*)(size_t, size_t))family_need(&from, "_aligned_malloc");
    void (*release)(void *) = (void (*)(void *))family_need(&to, probe_variant());
    void *block = allocate(1000, 256);
    CHECK(block != NULL && is_aligned(block, 256), "_aligned_malloc(1000, 256) returned %p", block);
    fill(block, 1000, 1);
    STAGE("freeing");
    release(block);
    STAGE("later");
    /* A block that its owner has back is handed out again sooner or later. */
    bool handed_out = false;
    for (size_t i = 0; i < 1000; i++)
        handed_out |= overlaps(allocate(1000, 256), 1000, block, 1000);
    FACT("outcome", handed_out ? "silent" : "leaked");
}
