/*---
title   = "does realloc to the usable size leave the block where it is?"
norm    = "record"
source  = ["C17 7.22.3.5p4: the new object may have the same address"]
fault   = "usable-size-long"
needs   = ["malloc", "realloc", "free", "malloc_usable_size"]
---*/
#include "probe.h"

PROBE {
    size_t asked = 0, stayed = 0;
    for (size_t n = 1; n <= KIB(64); n = next_size(n)) {
        void *p = malloc(n), *neighbour = malloc(n);
        CHECK(p != NULL && neighbour != NULL, "malloc(%zu) returned NULL", n);
        uintptr_t before = (uintptr_t)p;
        void *q = realloc(p, malloc_usable_size(p));
        CHECK(q != NULL, "realloc to the usable size of malloc(%zu) returned NULL", n);
        asked++;
        stayed += (uintptr_t)q == before;
        free(neighbour);
        free(q);
    }
    FACT("block", stayed == asked ? "stays" : stayed == 0 ? "moves" : "sometimes-moves");
}
