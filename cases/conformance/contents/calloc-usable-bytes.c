/*---
title   = "are the bytes that calloc gave beyond the request zero?"
norm    = "record"
source  = ["C17 7.22.3.2p2 says nothing of them", "bionic malloc_test.cpp asks for it"]
fault   = "usable-size-short"
needs   = ["malloc", "calloc", "free", "malloc_usable_size"]
---*/
#include "probe.h"

PROBE {
    bool any = false, zero = true;
    for (size_t n = 1; n <= KIB(16); n = next_size(n)) {
        void *p = malloc(n);
        CHECK(p != NULL, "malloc(%zu) returned NULL", n);
        memset(p, 0xff, malloc_usable_size(p));
        free(p);
        unsigned char *q = calloc(1, n);
        CHECK(q != NULL, "calloc(1, %zu) returned NULL", n);
        size_t usable = malloc_usable_size(q);
        any = any || usable > n;
        zero = zero && first_nonzero(q, usable) == usable;
        free(q);
    }
    FACT("excess", !any ? "none" : zero ? "zero" : "not-zero");
}
