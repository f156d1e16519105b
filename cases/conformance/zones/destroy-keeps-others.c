/*---
title     = "malloc_destroy_zone leaves the blocks of other zones alone"
norm      = "must"
source    = ["malloc_zone_malloc(3) of macOS: all memory associated with objects in zone", "C17 6.2.4p2"]
fault     = "zone-destroy-hits-another"
needs     = ["malloc", "free"]
platforms = ["macos"]
---*/
#include "zones.h"

static void check(const char *whose, void *p, size_t n) {
    size_t at = first_unlike_fill(p, n, 1);
    CHECK(at == n, "when a zone was destroyed, byte %zu of a block of %zu of %s changed", at, n, whose);
}

PROBE {
    malloc_zone_t *other = created_zone();
    for (size_t n = 16; n <= MIB(8); n *= 2) {
        malloc_zone_t *zone = created_zone();
        void *doomed = malloc_zone_malloc(zone, n), *p = malloc_zone_malloc(other, n), *q = malloc(n);
        CHECK(doomed != NULL && p != NULL && q != NULL, "no zone has a block of %zu bytes", n);
        fill(doomed, n, 2);
        fill(p, n, 1);
        fill(q, n, 1);
        malloc_destroy_zone(zone);
        check("another zone", p, n);
        check("malloc", q, n);
        malloc_zone_free(other, p);
        free(q);
    }
    malloc_destroy_zone(other);
}
