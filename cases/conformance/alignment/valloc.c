/*---
title   = "valloc returns multiples of the page size"
norm    = "must"
source  = ["Linux man-pages valloc(3)"]
fault   = "valloc-misaligned"
needs   = ["valloc", "free"]
---*/
#include "probe.h"

enum { LIVE = 4 };

PROBE {
    static const size_t sizes[] = {1, 100, 1000, 4096, 5000, 40000, MIB(1)};
    void *block[COUNT_OF(sizes) * LIVE];
    for (size_t i = 0; i < COUNT_OF(block); i++) {
        size_t n = sizes[i / LIVE];
        block[i] = valloc(n);
        CHECK(block[i] != NULL, "valloc(%zu) returned NULL", n);
        CHECK(is_aligned(block[i], page_size()), "valloc(%zu) returned a multiple of %zu plus %zu", n, page_size(),
              (uintptr_t)block[i] % page_size());
    }
    for (size_t i = 0; i < COUNT_OF(block); i++)
        free(block[i]);
}
