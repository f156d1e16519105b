/*---
title   = "pvalloc returns multiples of the page size"
norm    = "must"
source  = ["Linux man-pages pvalloc(3)"]
fault   = "pvalloc-misaligned"
needs   = ["pvalloc", "free"]
---*/
#include "probe.h"

enum { LIVE = 4 };

PROBE {
    static const size_t sizes[] = {1, 100, 1000, 4096, 5000, 40000, MIB(1)};
    void *block[COUNT_OF(sizes) * LIVE];
    for (size_t i = 0; i < COUNT_OF(block); i++) {
        size_t n = sizes[i / LIVE];
        block[i] = pvalloc(n);
        CHECK(block[i] != NULL, "pvalloc(%zu) returned NULL", n);
        CHECK(is_aligned(block[i], page_size()), "pvalloc(%zu) returned a multiple of %zu plus %zu", n, page_size(),
              (uintptr_t)block[i] % page_size());
    }
    for (size_t i = 0; i < COUNT_OF(block); i++)
        free(block[i]);
}
