/*---
title   = "a block that realloc grows never reaches into its neighbours"
norm    = "must"
source  = ["C17 7.22.3p1", "POSIX.1-2024 realloc"]
fault   = "realloc-inplace-overlaps"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 32 };

static void check(void *block[], const size_t size[], unsigned grown) {
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (block[i] == NULL)
            continue;
        size_t at = first_unlike_fill(block[i], size[i], i);
        CHECK(at == size[i], "byte %zu of a live block of %zu bytes changed as another grew to %zu", at, size[i],
              size[grown]);
        if (i != grown)
            CHECK(!overlaps(block[i], size[i], block[grown], size[grown]),
                  "a block that grew to %zu bytes overlaps a live one of %zu", size[grown], size[i]);
    }
}

PROBE {
    for (size_t n = 8; n <= KIB(4); n += n / 2) {
        void *block[BLOCKS];
        size_t size[BLOCKS];
        for (unsigned i = 0; i < BLOCKS; i++) {
            block[i] = malloc(size[i] = n);
            CHECK(block[i] != NULL, "malloc(%zu) returned NULL", n);
            fill(block[i], n, i);
        }
        for (unsigned i = 3; i < BLOCKS; i += 4) { /* holes to grow into */
            free(block[i]);
            block[i] = NULL;
        }
        for (unsigned step = 0; step < BLOCKS; step++) {
            unsigned i = step * 5 % BLOCKS;
            if (block[i] == NULL)
                continue;
            block[i] = realloc(block[i], size[i] += n / 2 + step);
            CHECK(block[i] != NULL, "realloc to %zu bytes returned NULL", size[i]);
            fill(block[i], size[i], i);
            check(block, size, i);
        }
        for (unsigned i = 0; i < BLOCKS; i++)
            free(block[i]);
    }
}
