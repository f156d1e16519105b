/*---
title   = "blocks of malloc(0) grow by realloc, each for itself, and are freed"
norm    = "must"
source  = ["C17 7.22.3p1", "C17 7.22.3.5p2"]
fault   = "malloc-zero-shared"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 64, SIZE = 100 };

PROBE {
    static void *block[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        block[i] = malloc(0);
    for (size_t i = 0; i < BLOCKS; i++) {
        block[i] = realloc(block[i], SIZE);
        CHECK(block[i] != NULL, "realloc of the result of malloc(0) to %d bytes returned NULL", SIZE);
        fill(block[i], SIZE, (unsigned)i);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        CHECK(first_unlike_fill(block[i], SIZE, (unsigned)i) == SIZE,
              "byte %zu of block %zu of %d, each grown from malloc(0) to %d bytes, was overwritten",
              first_unlike_fill(block[i], SIZE, (unsigned)i), i, BLOCKS, SIZE);
    for (size_t i = 0; i < BLOCKS; i++)
        free(block[i]);
    for (size_t i = 0; i < BLOCKS; i++)
        free(malloc(0));
}
