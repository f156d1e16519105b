/*---
title     = "malloc_zone_memalign and malloc_zone_valloc align as they are asked to"
norm      = "must"
source    = ["malloc_zone_malloc(3) of macOS", "<malloc/malloc.h>: an exact multiple of alignment"]
fault     = "zone-memalign-misaligned"
needs     = []
platforms = ["macos"]
---*/
#include "zones.h"

PROBE {
    malloc_zone_t *zone = created_zone();
    for (size_t alignment = sizeof(void *); alignment <= MIB(1); alignment *= 2)
        for (size_t n = 1; n <= KIB(64); n = 4 * n + 1) {
            void *p = malloc_zone_memalign(zone, alignment, n);
            CHECK(p != NULL, "malloc_zone_memalign(%zu, %zu) returned NULL", alignment, n);
            CHECK(is_aligned(p, alignment), "malloc_zone_memalign(%zu, %zu) returned %p", alignment, n, p);
            malloc_zone_free(zone, p);
        }
    for (size_t n = 1; n <= MIB(1); n = next_size(n)) {
        void *p = malloc_zone_valloc(zone, n);
        CHECK(p != NULL && is_aligned(p, page_size()), "malloc_zone_valloc(%zu) returned %p", n, p);
        malloc_zone_free(zone, p);
    }
    malloc_destroy_zone(zone);
}
