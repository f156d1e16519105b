/*---
title   = "can every usable byte of a large block be written?"
norm    = "record"
source  = ["malloc_usable_size(3) of Linux man-pages 6.03: without ill effects; of 6.18: not supported"]
fault   = "usable-size-large-long"
needs   = ["malloc", "free", "malloc_usable_size"]
---*/
#include "probe.h"

enum { BLOCKS = 4 };

PROBE {
    bool kept = true;
    for (size_t base = KIB(128); base <= MIB(8); base *= 2)
        for (size_t n = base - 1; n <= base + 1; n++) {
            unsigned char *block[BLOCKS];
            for (unsigned i = 0; i < BLOCKS; i++) {
                block[i] = malloc(n);
                CHECK(block[i] != NULL, "malloc(%zu) returned NULL", n);
                fill(block[i], 64, i);
            }
            STAGE("writing");
            for (unsigned i = 0; i < BLOCKS; i++) {
                size_t usable = malloc_usable_size(block[i]);
                memset(block[i] + n, 0, usable > n ? usable - n : 0);
            }
            STAGE("written");
            for (unsigned i = 0; i < BLOCKS; i++) {
                kept = kept && first_unlike_fill(block[i], 64, i) == 64;
                free(block[i]);
            }
        }
    FACT("writing", kept ? "harmless" : "hurts-neighbour");
}
