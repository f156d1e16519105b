/*---
title    = "a block from memalign is given to realloc"
norm     = "record"
source   = ["memalign(3)", "realloc(3)"]
fault    = "realloc-aligned-loses"
needs    = ["memalign", "realloc", "free"]
variants = ["24", "4096", "1048576"]
---*/
#include "probe.h"

PROBE {
    size_t n = probe_variant_number(24);
    const char *contents = "kept";
    for (size_t aligned = 64; aligned <= MIB(1); aligned *= 4) {
        void *p = memalign(aligned, n);
        CHECK(p != NULL, "memalign(%zu, %zu) returned NULL", aligned, n);
        fill(p, n, 1);
        void *q = realloc(p, 2 * n + 1);
        CHECK(q != NULL, "realloc of %zu to %zu bytes returned NULL", n, 2 * n + 1);
        if (first_unlike_fill(q, n, 1) != n)
            contents = "lost";
        free(q);
    }
    FACT("contents", contents);
}
