/*---
title     = "a block of a created zone, resized by realloc: whose is it then?"
norm      = "record"
source    = ["malloc(3) of macOS: free frees allocations of malloc and its kin", "malloc_zone_malloc(3) of macOS"]
fault     = "zone-realloc-to-default"
needs     = ["realloc"]
platforms = ["macos"]
variants  = ["24", "4096", "1048576"]
---*/
#include "zones.h"

PROBE {
    size_t n = probe_variant_number(24);
    malloc_zone_t *zone = created_zone();
    void *block = malloc_zone_malloc(zone, n);
    CHECK(block != NULL, "malloc_zone_malloc(%zu) returned NULL", n);
    fill(block, n, 1);
    STAGE("resizing");
    block = realloc(block, 4 * n);
    STAGE("later");
    CHECK(block != NULL, "realloc to %zu bytes returned NULL", 4 * n);
    FACT("contents", first_unlike_fill(block, n, 1) == n ? "kept" : "lost");
    FACT("zone", malloc_zone_from_ptr(block) == zone ? "same" : "another");
}
