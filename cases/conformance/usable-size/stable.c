/*---
title   = "does malloc_usable_size stay the same while the block lives?"
norm    = "record"
source  = ["Linux man-pages 6.18 malloc_usable_size(3), CAVEATS: only valid at the time of the call"]
fault   = "usable-size-unstable"
needs   = ["malloc", "free", "malloc_usable_size"]
---*/
#include "probe.h"

enum { BLOCKS = 400 };

PROBE {
    static void *block[BLOCKS];
    static size_t usable[BLOCKS];
    size_t count = 0;
    for (size_t n = 1; n <= KIB(256); n = next_size(n)) {
        void *p = block[count] = malloc(n), *other = malloc(n);
        CHECK(p != NULL && other != NULL, "malloc(%zu) returned NULL", n);
        usable[count++] = malloc_usable_size(p);
        fill(p, n < 64 ? n : 64, 1);
        free(other);
    }
    bool stable = true;
    for (int look = 0; look < 3; look++)
        for (size_t i = 0; i < count; i++)
            stable = stable && malloc_usable_size(block[i]) == usable[i];
    FACT("usable-size", stable ? "stable" : "changes");
}
