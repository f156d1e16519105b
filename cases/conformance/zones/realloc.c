/*---
title     = "malloc_zone_realloc keeps the contents, growing and shrinking"
norm      = "must"
source    = ["malloc_zone_malloc(3) of macOS: the same task on zone", "C17 7.22.3.5p2"]
fault     = "zone-realloc-loses"
needs     = []
platforms = ["macos"]
---*/
#include "zones.h"

static void *resized(malloc_zone_t *zone, void *p, size_t from, size_t to) {
    p = malloc_zone_realloc(zone, p, to);
    CHECK(p != NULL, "malloc_zone_realloc from %zu to %zu bytes returned NULL", from, to);
    size_t kept = from < to ? from : to, at = first_unlike_fill(p, kept, 1);
    CHECK(at == kept, "byte %zu was lost from %zu to %zu bytes", at, from, to);
    fill(p, to, 1);
    return p;
}

PROBE {
    malloc_zone_t *zone = created_zone();
    for (size_t n = 1; n <= MIB(1); n = next_size(n)) {
        void *p = resized(zone, NULL, 0, n);
        p = resized(zone, p, n, 3 * n);
        malloc_zone_free(zone, resized(zone, p, 3 * n, n));
    }
    malloc_destroy_zone(zone);
}
