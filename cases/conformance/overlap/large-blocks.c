/*---
title   = "large live blocks never overlap"
norm    = "must"
source  = ["C17 7.22.3p1", "POSIX.1-2024 malloc"]
fault   = "overlap-large"
needs   = ["malloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 8 };

static void mark(unsigned char *p, size_t n, unsigned seed) {
    fill(p, 64, seed);
    fill(p + n - 64, 64, seed);
}

PROBE {
    for (size_t base = KIB(64); base <= MIB(8); base *= 2)
        for (size_t n = base - 1; n <= base + 1; n++) {
            unsigned char *block[BLOCKS];
            for (unsigned i = 0; i < BLOCKS; i++) {
                block[i] = malloc(n);
                CHECK(block[i] != NULL, "malloc(%zu) returned NULL", n);
                for (unsigned j = 0; j < i; j++)
                    CHECK(!overlaps(block[i], n, block[j], n), "live blocks %u and %u of malloc(%zu) overlap", j, i, n);
                mark(block[i], n, i);
            }
            for (unsigned i = 0; i < BLOCKS; i++) {
                CHECK(first_unlike_fill(block[i], 64, i) == 64 && first_unlike_fill(block[i] + n - 64, 64, i) == 64,
                      "the first or last 64 bytes of block %u of malloc(%zu) changed", i, n);
                free(block[i]);
            }
            probe_tick();
        }
}
