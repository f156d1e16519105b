/*---
title   = "can every usable byte be written without harm to another block?"
norm    = "record"
source  = ["malloc_usable_size(3) of Linux man-pages 6.03: without ill effects; of 6.18: not supported"]
fault   = "usable-size-long"
needs   = ["malloc", "realloc", "free", "malloc_usable_size"]
---*/
#include "probe.h"

enum { BLOCKS = 4 };

static size_t excess(void *p, size_t n) {
    size_t usable = malloc_usable_size(p);
    return usable > n ? usable - n : 0;
}

static bool harmless(size_t n) {
    void *block[BLOCKS];
    for (unsigned i = 0; i < BLOCKS; i++) {
        block[i] = malloc(n);
        CHECK(block[i] != NULL, "malloc(%zu) returned NULL", n);
        fill(block[i], n, i);
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        memset((char *)block[i] + n, 0, excess(block[i], n));
    bool kept = true;
    for (unsigned i = 0; i < BLOCKS; i++)
        kept = kept && first_unlike_fill(block[i], n, i) == n;
    for (unsigned i = 0; i < BLOCKS; i++)
        free(i % 2 ? block[i] : realloc(block[i], n + 1)); /* an allocator with a damaged record stumbles here */
    return kept;
}

PROBE {
    bool kept = true;
    STAGE("writing");
    for (size_t n = 0; n <= KIB(32); n = next_size(n))
        kept = harmless(n) && kept;
    FACT("writing", kept ? "harmless" : "hurts-neighbour");
}
