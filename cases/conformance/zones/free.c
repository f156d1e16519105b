/*---
title     = "malloc_zone_free makes the block's memory available again"
norm      = "must"
source    = ["malloc_zone_malloc(3) of macOS: the same task on zone", "C17 7.22.3.3p2"]
fault     = "zone-free-leaks"
needs     = []
platforms = ["macos"]
---*/
#include "zones.h"

PROBE {
    /* 512 MiB of each size, one block at a time. */
    static const size_t sizes[] = {1000, KIB(40), MIB(1)};
    malloc_zone_t *zone = created_zone();
    size_t before = process_holds().resident;
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (size_t total = 0; total < MIB(512); total += sizes[i]) {
            void *p = malloc_zone_malloc(zone, sizes[i]);
            CHECK(p != NULL, "malloc_zone_malloc(%zu) returned NULL after %zu MiB of such blocks were freed", sizes[i],
                  total / MIB(1));
            fill(p, 64, 1);
            malloc_zone_free(zone, p);
            probe_tick();
        }
    size_t after = process_holds().resident, most = MIB(64) / page_size();
    CHECK(after < before + most, "the process grew by %zu pages, and no block lives", after - before);
    malloc_destroy_zone(zone);
}
