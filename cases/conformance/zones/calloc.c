/*---
title     = "malloc_zone_calloc zeroes memory that its zone has handed out before"
norm      = "must"
source    = ["malloc_zone_malloc(3) of macOS: the same task on zone", "C17 7.22.3.2p2"]
fault     = "zone-calloc-dirty"
needs     = []
platforms = ["macos"]
---*/
#include "zones.h"

PROBE {
    malloc_zone_t *zone = created_zone();
    for (size_t n = 1; n <= MIB(1); n = next_size(n)) {
        void *p = malloc_zone_malloc(zone, n);
        CHECK(p != NULL, "malloc_zone_malloc of %zu bytes returned NULL", n);
        fill(p, n, 1);
        malloc_zone_free(zone, p);
        p = malloc_zone_calloc(zone, n, 1);
        CHECK(p != NULL, "malloc_zone_calloc of %zu bytes returned NULL", n);
        size_t at = first_nonzero(p, n);
        CHECK(at == n, "byte %zu of %zu from malloc_zone_calloc is not zero", at, n);
        fill(p, n, 2);
        malloc_zone_free(zone, p);
    }
    CHECK(malloc_zone_calloc(zone, opaque_size(SIZE_MAX / 2), 4) == NULL, "malloc_zone_calloc(%zu, 4) returned a block",
          SIZE_MAX / 2);
    malloc_destroy_zone(zone);
}
