/*---
title     = "malloc_zone_pressure_relief leaves live blocks between freed ones alone"
norm      = "must"
source    = ["C17 6.2.4p2", "C17 7.22.3p1", "<malloc/malloc.h>, malloc_zone_pressure_relief"]
fault     = "zone-relief-hits-live"
needs     = ["malloc", "free"]
platforms = ["macos"]
---*/
#include "zones.h"

/* Of every run of blocks that fills more than a page, one lives on. */
PROBE {
    NEED(malloc_zone_pressure_relief);
    static void *blocks[4000];
    static const size_t sizes[] = {100, 300, KIB(40)};
    const size_t run = 200;
    for (size_t kind = 0; kind < COUNT_OF(sizes); kind++) {
        size_t size = sizes[kind];
        for (size_t i = 0; i < COUNT_OF(blocks); i++) {
            blocks[i] = malloc(size);
            CHECK(blocks[i] != NULL, "malloc(%zu) returned NULL after %zu blocks", size, i);
            fill(blocks[i], size, (unsigned)i);
        }
        for (size_t i = 0; i < COUNT_OF(blocks); i++)
            if (i % run != 0)
                free(blocks[i]);
        malloc_zone_pressure_relief(NULL, 0);
        for (size_t i = 0; i < COUNT_OF(blocks); i += run) {
            size_t at = first_unlike_fill(blocks[i], size, (unsigned)i);
            CHECK(at == size, "after pressure relief, byte %zu of a live block of %zu bytes has changed", at, size);
            free(blocks[i]);
        }
    }
}
