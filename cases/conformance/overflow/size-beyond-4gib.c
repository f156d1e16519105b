/*---
title   = "sizes above 4 GiB are not cut to 32 bits by malloc or realloc"
norm    = "must"
source  = ["C17 7.22.3.4p2", "C17 7.22.3.5p2", "C17 7.22.3p1"]
fault   = "size-truncated"
needs   = ["malloc", "realloc", "free"]
limits  = { memory_mib = 16384 }
---*/
#include "probe.h"

enum { SMALL = 100, NEIGHBOURS = 64 };

/* Asks for blocks of the size that `n` has when cut: they may not lie where `p` claims to be. Touches both ends. */
static void check_extent(const char *name, unsigned char *p, size_t n) {
    for (size_t i = 0; i < NEIGHBOURS; i++) {
        void *neighbour = malloc(SMALL);
        CHECK(neighbour == NULL || !overlaps(p, n, neighbour, SMALL),
              "malloc(%d) returned a block inside the live one that %s made %zu bytes long", SMALL, name, n);
    }
    p[0] = p[n - 1] = 1;
}

PROBE {
    const size_t n = ((size_t)1 << 31 << 1) + SMALL; /* just SMALL where size_t has 32 bits */
    void *p = malloc(n);
    void *small = malloc(1), *q = realloc(small, n);
    if (n == SMALL || (p == NULL && q == NULL))
        probe_unobservable("there is no block above 4 GiB here");
    if (p != NULL)
        check_extent("malloc", p, n);
    if (q != NULL)
        check_extent("realloc", q, n);
    free(p);
    free(q != NULL ? q : small);
}
