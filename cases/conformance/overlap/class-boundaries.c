/*---
title   = "blocks of one size never overlap, whatever the size"
norm    = "must"
source  = ["C17 7.22.3p1", "POSIX.1-2024 malloc"]
fault   = "overlap-at-class-boundary"
needs   = ["malloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 4, EDGE = 16 };

static void check_size(size_t n) {
    unsigned char *block[BLOCKS];
    size_t edge = n < EDGE ? n : EDGE;
    for (unsigned i = 0; i < BLOCKS; i++) {
        block[i] = malloc(n);
        CHECK(block[i] != NULL, "malloc(%zu) returned NULL", n);
        for (unsigned j = 0; j < i; j++)
            CHECK(!overlaps(block[i], n, block[j], n), "live blocks %u and %u of malloc(%zu) overlap", j, i, n);
        /* Edges only: that is where one block, or the allocator's own record of it, meets the next. */
        fill(block[i], edge, i);
        fill(block[i] + n - edge, edge, i);
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        unsigned char *last = block[i] + n - edge;
        size_t at = first_unlike_fill(last, edge, i);
        CHECK(at == edge, "byte %zu of block %u of malloc(%zu) changed", n - edge + at, i, n);
        if (n < 2 * EDGE)
            continue;
        at = first_unlike_fill(block[i], edge, i);
        CHECK(at == edge, "byte %zu of block %u of malloc(%zu) changed", at, i, n);
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        free(block[i]);
}

PROBE {
    for (size_t n = 1; n <= KIB(16); n++)
        check_size(n);
    for (size_t n = KIB(16); n <= MIB(1); n = next_size(n))
        check_size(n);
}
