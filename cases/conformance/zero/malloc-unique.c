/*---
title   = "two live blocks of malloc(0) are two addresses"
norm    = "must"
source  = ["C17 7.22.3p1"]
fault   = "malloc-zero-shared"
needs   = ["malloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 512 };

/* "As if the size were some nonzero value": so disjoint from every other object, of no bytes or of one. */
PROBE {
    static void *block[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        block[i] = malloc(i % 2);
        for (size_t j = 0; j < i; j++)
            CHECK(block[i] == NULL || block[i] != block[j],
                  "block %zu, of malloc(%zu), has the address of block %zu, of malloc(%zu), which is live", i, i % 2, j,
                  j % 2);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        free(block[i]);
}
