/*---
title     = "what malloc_zone_pressure_relief gives back of 20,000 freed blocks of 1000 bytes and one of 4 MiB"
norm      = "record"
source    = ["<malloc/malloc.h>: makes its best effort towards releasing, and returns the number of bytes released"]
fault     = "zone-relief-does-nothing"
needs     = ["malloc", "free"]
platforms = ["macos"]
---*/
#include "zones.h"

#include "release.h"

PROBE {
    NEED(malloc_zone_pressure_relief);
    static void *small[20000];
    witness_begin();
    warm_heap();
    void *large = malloc(MIB(4));
    CHECK(large != NULL, "malloc(%zu) returned NULL", MIB(4));
    write_pages(large, MIB(4));
    have_blocks(small, COUNT_OF(small), 1000);
    free(large);
    for (size_t i = COUNT_OF(small); i-- > 0;)
        free(small[i]);
    size_t before = process_holds().resident;
    FACT("small_before", share_resident(small, COUNT_OF(small), 1000));
    FACT("large_before", fate_word(believed(witness_pages(large, MIB(4)))));
    size_t told = malloc_zone_pressure_relief(NULL, 0), after = process_holds().resident;
    FACT("told", told > 0 ? "some" : "nothing");
    FACT("footprint", after + MIB(1) / page_size() <= before ? "falls" : "stays");
    FACT("small_after", share_resident(small, COUNT_OF(small), 1000));
    FACT("large_after", fate_word(believed(witness_pages(large, MIB(4)))));
}
