/*---
title   = "calloc aligns blocks no smaller than the strictest alignment for every type"
norm    = "must"
source  = ["C17 7.22.3p1", "C23 7.24.3p1"]
fault   = "calloc-misaligned"
needs   = ["calloc", "free"]
---*/
#include "probe.h"

enum { LIVE = 4 };

/* The size in one element, and in elements of one byte. */
PROBE {
    for (size_t n = MAX_ALIGN; n <= MIB(1); n = next_size(n)) {
        void *block[LIVE];
        for (size_t i = 0; i < LIVE; i++) {
            block[i] = i % 2 == 0 ? calloc(1, n) : calloc(n, 1);
            CHECK(is_aligned(block[i], MAX_ALIGN), "block %zu of calloc, of %zu, is at a multiple of %zu plus %zu",
                  i, n, MAX_ALIGN, (uintptr_t)block[i] % MAX_ALIGN);
        }
        for (size_t i = 0; i < LIVE; i++)
            free(block[i]);
    }
}
