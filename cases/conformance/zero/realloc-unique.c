/*---
title   = "blocks that realloc(p, 0) returns are new addresses, and can be freed"
norm    = "must"
source  = ["C17 7.22.3p1"]
fault   = "malloc-zero-shared"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 512 };

PROBE {
    static void *block[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        block[i] = malloc(100);
        if (i % 2 == 0)
            block[i] = realloc(block[i], 0);
        for (size_t j = 0; j < i; j++)
            CHECK(block[i] == NULL || block[i] != block[j],
                  "block %zu has the address of block %zu, which is live: even ones are of realloc(p, 0), odd ones of "
                  "malloc(100)", i, j);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        free(block[i]);
}
