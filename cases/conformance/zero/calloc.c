/*---
title   = "calloc of no elements or of empty ones returns, and its result can be freed"
norm    = "must"
source  = ["C17 7.22.3p1", "C17 7.22.3.2p2"]
fault   = "calloc-zero-traps"
needs   = ["calloc", "free"]
---*/
#include "probe.h"

/* The product is zero, so nothing overflows, however large the other factor is. */
PROBE {
    static const struct {
        const char *word;
        size_t count, size;
    } requests[] = {
        {"none-of-none", 0, 0},
        {"none-of-one", 0, 1},
        {"one-of-none", 1, 0},
        {"none-of-max", 0, SIZE_MAX},
        {"max-of-none", SIZE_MAX, 0},
    };
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        STAGE(requests[i].word);
        free(calloc(requests[i].count, requests[i].size));
    }
}
