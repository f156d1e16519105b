/*---
title     = "which zone the blocks of malloc are in: the default one, and the same for all sizes?"
norm      = "record"
source    = ["malloc_zone_malloc(3) of macOS: the default system malloc zone, used by malloc(3), and free(3)"]
fault     = "zone-of-none"
needs     = []
platforms = ["macos"]
---*/
#include "zones.h"

static const char *word(const malloc_zone_t *zone) {
    return zone == NULL ? "none" : zone == malloc_default_zone() ? "default" : "other";
}

PROBE {
    malloc_zone_t *small = zone_of_malloc(24), *large = zone_of_malloc(MIB(4));
    FACT("small", word(small));
    FACT("large", word(large));
    FACT("one_for_all", small == large ? "yes" : "no");
}
