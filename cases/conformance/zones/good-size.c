/*---
title     = "malloc_good_size rounds up to what a block has without padding"
norm      = "must"
source    = ["malloc_size(3) of macOS: malloc_good_size rounds size up to a value that can be allocated without padding"]
fault     = "good-size-padded"
needs     = ["malloc", "free"]
platforms = ["macos"]
---*/
#include "zones.h"

PROBE {
    NEED(malloc_good_size);
    NEED(malloc_size);
    for (size_t n = 1; n <= MIB(8); n = next_size(n)) {
        size_t good = malloc_good_size(n);
        CHECK(good >= n, "malloc_good_size(%zu) is %zu", n, good);
        void *p = malloc(good);
        CHECK(p != NULL, "malloc(%zu) returned NULL", good);
        size_t size = malloc_size(p);
        CHECK(size == good, "malloc_good_size(%zu) is %zu, and such a block has a malloc_size of %zu", n, good, size);
        free(p);
    }
}
