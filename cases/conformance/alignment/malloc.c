/*---
title   = "malloc aligns blocks no smaller than the strictest alignment for every type"
norm    = "must"
source  = ["C17 7.22.3p1", "C23 7.24.3p1"]
fault   = "malloc-misaligned"
needs   = ["malloc", "free"]
---*/
#include "probe.h"

enum { LIVE = 8 };

/* Several live ones of each size: the first of a page is aligned by itself. */
PROBE {
    for (size_t n = MAX_ALIGN; n <= KIB(64); n = next_size(n)) {
        void *block[LIVE];
        for (size_t i = 0; i < LIVE; i++) {
            block[i] = malloc(n);
            CHECK(is_aligned(block[i], MAX_ALIGN), "block %zu of malloc(%zu) is at a multiple of %zu plus %zu", i, n,
                  MAX_ALIGN, (uintptr_t)block[i] % MAX_ALIGN);
        }
        for (size_t i = 0; i < LIVE; i++)
            free(block[i]);
    }
}
