/*---
title     = "malloc_zone_from_ptr knows the zone of every block of malloc, calloc and realloc"
norm      = "must"
source    = ["malloc_zone_malloc(3) of macOS: the malloc zone which contains ptr"]
fault     = "zone-of-none"
needs     = ["malloc", "calloc", "realloc", "free"]
platforms = ["macos"]
---*/
#include "zones.h"

static void check(const char *function, const void *p, size_t n) {
    CHECK(p != NULL, "%s of %zu bytes returned NULL", function, n);
    CHECK(malloc_zone_from_ptr(p) != NULL, "a block of %zu bytes from %s is in no zone", n, function);
}

PROBE {
    NEED(malloc_zone_from_ptr);
    for (size_t n = 1; n <= MIB(1); n = next_size(n)) {
        void *p = malloc(n), *q = calloc(1, n);
        check("malloc", p, n);
        check("calloc", q, n);
        p = realloc(p, 2 * n);
        check("realloc", p, 2 * n);
        free(p);
        free(q);
    }
}
