/*---
title     = "where the memory of a zone goes when it is destroyed with 20,000 blocks of 1000 bytes and one of 4 MiB"
norm      = "record"
source    = ["malloc_zone_malloc(3) of macOS: deallocates all memory associated with objects in zone"]
fault     = "zone-destroy-leaks"
needs     = []
platforms = ["macos"]
---*/
#include "zones.h"

#include "release.h"

PROBE {
    static void *small[20000];
    witness_begin();
    malloc_zone_t *zone = created_zone();
    size_t before = process_holds().resident;
    for (size_t i = 0; i < COUNT_OF(small); i++) {
        small[i] = malloc_zone_malloc(zone, 1000);
        CHECK(small[i] != NULL, "malloc_zone_malloc(1000) returned NULL after %zu blocks", i);
        write_pages(small[i], 1000);
    }
    void *large = malloc_zone_malloc(zone, MIB(4));
    CHECK(large != NULL, "malloc_zone_malloc(%zu) returned NULL", MIB(4));
    write_pages(large, MIB(4));
    witness_settle();
    size_t held = process_holds().resident - before;
    malloc_destroy_zone(zone);
    size_t after = process_holds().resident, kept = after > before ? after - before : 0;
    FACT("small", share_resident(small, COUNT_OF(small), 1000));
    FACT("large", fate_word(believed(witness_pages(large, MIB(4)))));
    FACT("footprint", kept <= held / 8 ? "falls" : kept <= held / 8 * 7 ? "falls-partly" : "stays");
}
