/*---
title     = "with a knob of the allocator set: up to which size blocks come from the zone of the smallest"
norm      = "record"
source    = ["the manual that the knob's entry in cases/allocators names"]
fault     = "zone-of-none"
needs     = []
core      = false
platforms = ["macos"]
variants  = "knobs"
exact     = ["bytes"]
---*/
#include "zones.h"

PROBE {
    malloc_zone_t *smallest = zone_of_malloc(1);
    size_t n = 1;
    while (n < KIB(64) && zone_of_malloc(n + 1) == smallest)
        n++;
    FACT("zone", smallest == NULL ? "none" : n < KIB(64) ? "of-small-blocks" : "of-all-blocks");
    if (n < KIB(64))
        MEASURE("bytes", n);
}
