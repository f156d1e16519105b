/*---
title    = "malloc_trim leaves live blocks between freed ones alone"
norm     = "must"
source   = ["C17 6.2.4p2", "C17 7.22.3p1", "malloc_trim(3)"]
fault    = "purge-hits-neighbour"
needs    = ["malloc", "free", "malloc_trim"]
---*/
#include "probe.h"

/* Of every run of blocks that fills more than a page, one lives on. */
PROBE {
    static void *blocks[4000];
    const size_t size = 300, run = 50;
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        blocks[i] = malloc(size);
        CHECK(blocks[i] != NULL, "malloc(%zu) returned NULL after %zu blocks", size, i);
        fill(blocks[i], size, (unsigned)i);
    }
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        if (i % run != 0)
            free(blocks[i]);
    malloc_trim(0);
    for (size_t i = 0; i < COUNT_OF(blocks); i += run) {
        size_t at = first_unlike_fill(blocks[i], size, (unsigned)i);
        CHECK(at == size, "after malloc_trim(0), byte %zu of a live block of %zu bytes has changed", at, size);
    }
}
