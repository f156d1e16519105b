/*---
title   = "calloc zeroes every byte of count x size, also when the product is no multiple of a word"
norm    = "must"
source  = ["C17 7.22.3.2p2", "POSIX.1-2024 calloc"]
fault   = "calloc-dirty-tail"
needs   = ["malloc", "calloc", "free"]
---*/
#include "probe.h"

PROBE {
    for (size_t count = 1; count <= 41; count++)
        for (size_t size = 1; size <= 41; size++) {
            size_t n = count * size;
            unsigned char *p = malloc(n);
            CHECK(p != NULL, "malloc(%zu) returned NULL", n);
            memset(p, 0xff, n);
            free(p);
            p = calloc(count, size);
            CHECK(p != NULL, "calloc(%zu, %zu) returned NULL", count, size);
            size_t at = first_nonzero(p, n);
            CHECK(at == n, "byte %zu of calloc(%zu, %zu), %zu bytes, is %u", at, count, size, n, p[at]);
            free(p);
        }
}
