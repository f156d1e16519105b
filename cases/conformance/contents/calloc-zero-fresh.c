/*---
title   = "calloc returns zeroed memory"
norm    = "must"
source  = ["C17 7.22.3.2p2", "POSIX.1-2024 calloc"]
fault   = "calloc-dirty"
needs   = ["calloc"]
---*/
#include "probe.h"

PROBE {
    for (size_t n = 1; n <= KIB(256); n = next_size(n)) {
        unsigned char *p = calloc(1, n); /* never freed: every block is a new one */
        CHECK(p != NULL, "calloc(1, %zu) returned NULL", n);
        size_t at = first_nonzero(p, n);
        CHECK(at == n, "byte %zu of calloc(1, %zu) is %u, not zero", at, n, p[at]);
    }
}
