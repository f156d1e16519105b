/*---
title   = "realloc aligns what it returns for every type: new, grown, shrunk, in place or moved"
norm    = "must"
source  = ["C17 7.22.3p1", "C23 7.24.3p1"]
fault   = "realloc-misaligned"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

static void check(const void *p, size_t from, size_t to) {
    CHECK(is_aligned(p, MAX_ALIGN), "realloc of a block of %zu to %zu returned a multiple of %zu plus %zu", from, to,
          MAX_ALIGN, (uintptr_t)p % MAX_ALIGN);
}

/* Two blocks take turns, so that neither can always grow into what lies behind it. */
PROBE {
    void *p = NULL, *q = NULL;
    size_t from = 0;
    for (size_t to = MAX_ALIGN; to <= MIB(4); from = to, to = next_size(to)) {
        check(p = realloc(p, to), from, to);
        check(q = realloc(q, to), from, to);
    }
    for (size_t to = from / 2; to >= MAX_ALIGN; from = to, to = to * 3 / 4) {
        check(p = realloc(p, to), from, to);
        check(q = realloc(q, to + 1), from, to + 1);
    }
    free(p);
    free(q);
    for (size_t n = 1; n < MAX_ALIGN; n++) {
        p = malloc(n);
        check(q = realloc(p, 2 * MAX_ALIGN), n, 2 * MAX_ALIGN);
        free(q);
    }
}
