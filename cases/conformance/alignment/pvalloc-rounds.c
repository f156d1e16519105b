/*---
title   = "a block of pvalloc is usable up to the end of its last page"
norm    = "must"
source  = ["Linux man-pages pvalloc(3)"]
fault   = "pvalloc-not-rounded"
needs   = ["pvalloc", "malloc_usable_size", "free"]
---*/
#include "probe.h"

PROBE {
    size_t page = page_size();
    const size_t sizes[] = {1, 100, page - 1, page, page + 1, 3 * page + 5, 16 * page - 1, 64 * page + 1};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        size_t rounded = (sizes[i] + page - 1) / page * page;
        void *p = pvalloc(sizes[i]);
        CHECK(p != NULL, "pvalloc(%zu) returned NULL", sizes[i]);
        CHECK(malloc_usable_size(p) >= rounded, "pvalloc(%zu) returned a block of %zu usable bytes, not of %zu",
              sizes[i], malloc_usable_size(p), rounded);
        fill(p, rounded, 1);
        free(p);
    }
}
