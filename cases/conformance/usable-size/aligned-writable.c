/*---
title   = "can every usable byte of an over-aligned block be written without harm to another?"
norm    = "record"
source  = ["malloc_usable_size(3) of Linux man-pages 6.03: without ill effects; of 6.18: not supported"]
fault   = "usable-size-aligned-long"
needs   = ["aligned_alloc", "free", "malloc_usable_size"]
---*/
#include "probe.h"

enum { BLOCKS = 4 };

PROBE {
    bool enough = true, kept = true;
    STAGE("writing");
    for (size_t alignment = 2 * MAX_ALIGN; alignment <= KIB(16); alignment *= 2)
        for (size_t n = alignment; n <= 4 * alignment; n += alignment) {
            unsigned char *block[BLOCKS];
            for (unsigned i = 0; i < BLOCKS; i++) {
                block[i] = aligned_alloc(alignment, n);
                CHECK(block[i] != NULL, "aligned_alloc(%zu, %zu) returned NULL", alignment, n);
                fill(block[i], n, i);
            }
            for (unsigned i = 0; i < BLOCKS; i++) {
                size_t usable = malloc_usable_size(block[i]);
                enough = enough && usable >= n;
                memset(block[i] + n, 0, usable > n ? usable - n : 0);
            }
            for (unsigned i = 0; i < BLOCKS; i++)
                kept = kept && first_unlike_fill(block[i], n, i) == n;
            for (unsigned i = 0; i < BLOCKS; i++)
                free(block[i]);
        }
    FACT("size", enough ? "enough" : "short");
    FACT("writing", kept ? "harmless" : "hurts-neighbour");
}
