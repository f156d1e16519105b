/*---
title   = "free_sized and free_aligned_sized do nothing with a null pointer"
norm    = "must"
source  = ["C23 7.24.3.4p2 and 7.24.3.5p2"]
fault   = "free-null-traps"
needs   = ["malloc", "free", "free_sized", "free_aligned_sized"]
---*/
#include "probe.h"

PROBE {
    void *live = malloc(100);
    CHECK(live != NULL, "malloc(100) returned NULL");
    fill(live, 100, 1);
    static const size_t sizes[] = {0, 1, 100, MIB(1), SIZE_MAX};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        free_sized(opaque(NULL), sizes[i]);
        free_aligned_sized(opaque(NULL), 64, sizes[i]);
    }
    CHECK(first_unlike_fill(live, 100, 1) == 100, "a live block changed when a null pointer was freed");
    free(live);
}
