/*---
title    = "what aligned operator new makes of a size that overflows when it is rounded up to the alignment"
norm     = "record"
source   = ["C++17 [new.delete.single]p3: to return storage of that size, or to throw"]
fault    = { none = "the C++ runtime rounds the size up before the allocator sees it" }
needs    = []
variants = ["aligned new", "aligned array new", "nothrow aligned new"]
---*/
#include <new>

#include "probe.h"

static void *block_of(size_t n, std::align_val_t alignment) {
    const char *form = probe_variant();
    if (strcmp(form, "aligned array new") == 0)
        return ::operator new[](n, alignment);
    if (strcmp(form, "nothrow aligned new") == 0)
        return ::operator new(n, alignment, std::nothrow);
    return ::operator new(n, alignment);
}

/* Recorded, because an allocator without operators of its own answers through the C++ runtime's, which may be wrong by
 * themselves. */
PROBE {
    try {
        FACT("end", opaque(block_of(opaque_size(SIZE_MAX), std::align_val_t{64})) == nullptr ? "null" : "block");
    } catch (const std::bad_alloc &) {
        FACT("end", "bad-alloc");
    }
}
