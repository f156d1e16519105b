/*---
title    = "what becomes of a block's old pages when realloc makes 64 MiB of 16"
norm     = "record"
source   = ["C17 7.22.3.5p2", "realloc(3)"]
fault    = "free-keeps-large"
needs    = ["malloc", "realloc", "free"]
platforms = ["linux", "macos", "windows"]
---*/
#include "release.h"

PROBE {
    size_t n = MIB(16);
    witness_begin();
    warm_heap();
    unsigned char *p = malloc(n), *old = opaque(p);
    CHECK(p != NULL, "malloc(%zu) returned NULL", n);
    write_pages(p, n);
    witness_settle();
    p = realloc(p, 4 * n);
    CHECK(p != NULL, "realloc from %zu to %zu bytes returned NULL", n, 4 * n);
    bool moved = !overlaps(p, 4 * n, old, n);
    FACT("block", p == old ? "in-place" : moved ? "moved" : "overlaps");
    if (moved)
        FACT("fate", fate_word(believed(witness_pages(old, n))));
    free(p);
}
